"""The pages of imports: a look first, one import however often it is tapped, reasons where they are needed."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.console import imports_views
from app.jobs import HANDLERS
from kernel.audit import Actor, AuditEntry
from kernel.db import Database
from kernel.outbox import Job
from kernel.people.rules import LEAD, OWNER, PACKER, STREAMER, WEIGHER
from shop.channels.models import ChannelOrder, FileImport
from shop.channels.readers import PLATFORMS
from shop.channels.uploads import FORGET_JOB, IMPORT_JOB
from tests.channels.conftest import SAMPLES, Workshop, as_csv, douyin_order, expected, sample
from tests.channels.test_importing import hand_over
from tests.console.conftest import Desk, sit_down
from tests.storefront.pages import fields_of

NUMBER = "6920000000000000013"
HOME = "/console/imports"


@pytest.fixture
def desk(app: Flask, database: Database, workshop: Workshop) -> Desk:
    """The lead's desk in a workshop that sells what the samples order."""
    assert workshop.variants
    return sit_down(app, database, LEAD)


def give(
    desk: Desk, platform: str, raw: bytes | None = None, second: bytes | None = None, status: int = 303
) -> TestResponse:
    """Choose a platform and a file, the sample if none is given, and ask for a look."""
    if raw is None:
        raw, second = sample(platform)
    data: dict[str, object] = {"platform": platform, "file": (io.BytesIO(raw), f"fakepath/{platform}.csv")}
    if second is not None:
        data["detail"] = (io.BytesIO(second), "detail.csv")
    answer = desk.browser.post(HOME, data=data, content_type="multipart/form-data")
    assert answer.status_code == status, answer.text[:3000]
    return answer


def imported(desk: Desk, platform: str, raw: bytes | None = None) -> str:
    """Give a file and confirm it; the address of its page."""
    page = give(desk, platform, raw).location
    desk.send(f"{page}/confirm", {})
    return page


@pytest.mark.parametrize("platform", SAMPLES)
def test_a_file_is_looked_at_first_and_imported_when_it_is_confirmed(
    desk: Desk, workshop: Workshop, platform: str
) -> None:
    page = give(desk, platform).location
    look = desk.look(page)
    assert "还没有写入" in look
    assert workshop.count(ChannelOrder) == 0
    desk.send(f"{page}/confirm", {})
    done = desk.look(page)
    assert "导入好了" in done
    assert all(order["order_id"] in done for order in expected(platform))
    assert workshop.count(ChannelOrder) == len(expected(platform))
    assert f'href="{page}"' in desk.look(HOME)
    caution = PLATFORMS[platform].caution
    assert (caution is not None and caution.zh in done) == (platform == "taobao")


def test_confirming_twice_imports_once(desk: Desk, workshop: Workshop) -> None:
    page = imported(desk, "douyin")
    desk.send(f"{page}/confirm", {})
    assert len(workshop.tasks()) == 7
    assert len(desk.audit("orders.imported")) == 1


def test_a_file_that_was_left_is_gone_and_cannot_be_imported(desk: Desk, workshop: Workshop) -> None:
    page = give(desk, "douyin").location
    desk.send(f"{page}/leave", {})
    desk.look(page, status=404)
    desk.send(f"{page}/confirm", {}, status=404)
    assert workshop.count(ChannelOrder) == 0
    assert bytes_kept(desk) == []


def bytes_kept(desk: Desk) -> list[int]:
    """The imports whose bytes are still there."""
    with desk.database.transaction() as session:
        return list(session.scalars(select(FileImport.id).where(FileImport.content.is_not(None))))


def test_the_bytes_go_with_the_import_or_after_an_hour(desk: Desk, app: Flask) -> None:
    imported(desk, "douyin")
    assert bytes_kept(desk) == []
    page = give(desk, "pdd").location
    assert len(bytes_kept(desk)) == 1
    with desk.database.transaction() as session:
        jobs = session.scalars(select(Job).where(Job.kind == FORGET_JOB)).all()
        assert all(job.run_at == desk.now + timedelta(hours=1) for job in jobs)
    for job in jobs:
        HANDLERS[FORGET_JOB](desk.database, app.extensions["till"], job.payload, desk.now)
    assert bytes_kept(desk) == []
    desk.look(page, status=404)


def test_a_large_file_goes_to_the_worker(
    desk: Desk, workshop: Workshop, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports_views, "AT_ONCE", 5)
    page = imported(desk, "douyin")
    desk.send(f"{page}/confirm", {})
    assert "正在导入" in desk.look(page)
    assert workshop.count(ChannelOrder) == 0
    with desk.database.transaction() as session:
        (job,) = session.scalars(select(Job).where(Job.kind == IMPORT_JOB)).all()
    for _ in range(2):
        HANDLERS[IMPORT_JOB](desk.database, app.extensions["till"], job.payload, desk.now)
    assert "导入好了" in desk.look(page)
    assert len(workshop.tasks()) == 7
    assert bytes_kept(desk) == []


@pytest.mark.parametrize(
    ("platform", "raw", "words"),
    [
        ("douyin", b"", "文件是空的"),
        ("douyin", b"\x89PNG\r\n", "这是图片"),
        ("douyin", sample("kuaishou")[0], "这是快手的订单，您选的是抖音"),
        ("taobao", sample("taobao")[0], "还要宝贝明细"),
        ("amazon", sample("douyin")[0], "请选一项"),
    ],
)
def test_a_wrong_file_says_so_at_its_field_and_keeps_the_choice(
    desk: Desk, workshop: Workshop, platform: str, raw: bytes, words: str
) -> None:
    page = give(desk, platform, raw, status=422).text
    assert words in page
    assert 'aria-invalid="true"' in page or platform == "amazon"
    if platform != "amazon":
        assert f'value="{platform}" checked' in page
    assert workshop.count(FileImport) == 0


def test_a_form_without_a_file_asks_for_one(desk: Desk) -> None:
    answer = desk.browser.post(HOME, data={"platform": "douyin"})
    assert answer.status_code == 422
    assert "请选一个文件" in answer.text


def test_a_body_that_is_too_large_is_refused_kindly(desk: Desk) -> None:
    answer = desk.browser.post(HOME, data=b"x" * 7_000_000, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


def test_refused_rows_and_unknown_columns_are_shown(desk: Desk) -> None:
    raw = as_csv([douyin_order(新列="1"), douyin_order(主订单编号="6.92E+18", 新列="<b>1")])
    page = desk.look(give(desk, "douyin", raw).location)
    assert "6.92E+18" in page
    assert "「主订单编号」列" in page
    assert "新列" in page


def test_waiting_orders_are_listed_with_their_reason_and_tried_again(desk: Desk, workshop: Workshop) -> None:
    workshop.set_free("QY-HG-250", 0)
    imported(desk, "douyin", as_csv([douyin_order()]))
    home = desk.look(HOME)
    assert NUMBER in home
    assert "库存不够：QY-HG-250 0/1" in home
    workshop.set_free("QY-HG-250", 5)
    desk.send(f"{HOME}/try-again", {})
    assert "1 单去打包了，还有 0 单在等" in desk.look(HOME)
    assert workshop.tasks() == [NUMBER]


def test_lists_and_pages_show_no_buyer_in_full(desk: Desk) -> None:
    workshop_page = imported(desk, "tiktok")
    page = imported(desk, "douyin")
    with desk.database.transaction() as session:
        session.execute(
            update(ChannelOrder).where(ChannelOrder.channel_number == NUMBER).values(notice="address_changed")
        )
        id_ = session.scalars(select(ChannelOrder.id).where(ChannelOrder.channel_number == NUMBER)).one()
    order = desk.look(f"{HOME}/orders/{id_}")
    assert "荆长路8号示例花园3幢" in order
    for text in (desk.look(HOME), desk.look(page), desk.look(workshop_page), order):
        assert "欧阳思源" not in text
        assert "17700008320" not in text
        assert "2单元501室" not in text


def typed_on(desk: Desk, page: str, **changes: str) -> dict[str, str]:
    """What the form of a page would send, with these changed."""
    answer = desk.browser.get(page)
    assert answer.status_code == 200
    return {**fields_of(answer), **changes}


def waiting(desk: Desk) -> int:
    """The id of the only order that waits."""
    with desk.database.transaction() as session:
        return session.scalars(select(ChannelOrder.id).where(ChannelOrder.standing == "waiting")).one()


def test_a_masked_receiver_can_be_typed_and_the_order_goes(desk: Desk, workshop: Workshop) -> None:
    imported(desk, "douyin", as_csv([douyin_order(收件人="欧***", 详细地址="******")]))
    page = f"{HOME}/orders/{waiting(desk)}"
    typed = typed_on(desk, page, name="欧阳思源", phone="18400000013-7576", province="浙江省", detail="示例路8号")
    bad = desk.send(f"{page}/receiver", typed | {"phone": "12"}, status=422)
    assert "欧阳思源" in bad.text
    assert workshop.tasks() == []
    desk.send(f"{page}/receiver", typed)
    desk.send(f"{page}/receiver", typed)
    assert workshop.tasks() == [NUMBER]
    assert (workshop.ours(NUMBER)[0].phone, workshop.ours(NUMBER)[0].phone_ext) == ("18400000013", "7576")
    assert len(desk.audit("channel_order.address_given")) == 1
    assert "欧阳" not in str([vars(entry) for entry in desk.audit("channel_order.address_given")])


def test_a_buyer_abroad_has_a_country_instead_of_a_province(desk: Desk, workshop: Workshop) -> None:
    imported(desk, "tiktok")
    id_ = workshop.order("576461234567890000", "tiktok").id
    page = f"{HOME}/orders/{id_}"
    typed = typed_on(desk, page, name="Tan", phone="+60123456789", province="MY Selangor", detail="No. 1")
    desk.send(f"{page}/receiver", typed)
    assert workshop.tasks("tiktok") == ["576461234567890000"]


def test_a_person_says_that_it_is_packed_all_the_same_once(desk: Desk, workshop: Workshop) -> None:
    imported(desk, "douyin", as_csv([douyin_order(售后状态="退款成功")]))
    page = f"{HOME}/orders/{waiting(desk)}"
    typed = typed_on(desk, page)
    desk.send(f"{page}/approve", typed)
    desk.send(f"{page}/approve", typed)
    assert workshop.tasks() == [NUMBER]
    assert [entry.actor for entry in desk.audit("channel_order.approved")] == [desk.person.name]
    desk.send(f"{page}/approve", typed_on(desk, page) | {"form_key": "another-key-0123456789"}, status=409)


def test_a_refund_after_the_parcel_left_is_shown_until_a_person_has_dealt_with_it(
    desk: Desk, workshop: Workshop
) -> None:
    imported(desk, "douyin", as_csv([douyin_order()]))
    hand_over(workshop, NUMBER, "78000000000201")
    imported(desk, "douyin", as_csv([douyin_order(售后状态="待商家处理")]))
    assert "包裹已经交给快递" in desk.look(HOME)
    page = f"{HOME}/orders/{workshop.order(NUMBER).id}"
    desk.send(f"{page}/seen", {})
    desk.send(f"{page}/seen", {})
    assert "包裹已经交给快递" not in desk.look(HOME)
    assert len(desk.audit("channel_order.notice_seen")) == 1


def routes(app: Flask) -> list[tuple[str, str]]:
    """Every route of imports as (method, address of something that is not there)."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("imports."):
            address = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, 999_999))
            found += [(method, address) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    assert len(found) == 10
    return found


@pytest.mark.parametrize("role", [PACKER, WEIGHER])
def test_those_who_pack_and_weigh_are_kept_out(app: Flask, database: Database, role: str) -> None:
    other = sit_down(app, database, role)
    for method, address in routes(app):
        assert other.browser.open(address, method=method).status_code == 403, address


@pytest.mark.parametrize("role", [LEAD, OWNER, STREAMER])
def test_lead_owner_and_streamer_open_them_and_what_is_not_there_is_not_found(
    app: Flask, database: Database, role: str
) -> None:
    person = sit_down(app, database, role)
    for method, address in routes(app):
        status = person.browser.open(address, method=method).status_code
        if "999999" in address:
            assert status == 404, (method, address)
        else:
            assert status in (200, 303, 422), (method, address)


def test_nobody_gets_in_without_signing_in(app: Flask) -> None:
    browser = app.test_client()
    for method, address in routes(app):
        assert browser.open(address, method=method).status_code == (302 if method == "GET" else 401), address


@pytest.mark.parametrize("number", [2**62, 2**63, 10**400])
def test_a_number_beyond_all_bounds_is_not_found(desk: Desk, number: int) -> None:
    for path in (f"{HOME}/{number}", f"{HOME}/orders/{number}"):
        assert desk.browser.get(path).status_code == 404
    for path in (f"{HOME}/{number}/confirm", f"{HOME}/{number}/leave", f"{HOME}/orders/{number}/seen"):
        assert desk.browser.post(path).status_code == 404
    for path in (f"{HOME}/orders/{number}/receiver", f"{HOME}/orders/{number}/approve"):
        assert desk.browser.post(path, data={"form_key": "a" * 20}).status_code == 404


def test_a_lead_who_runs_no_streams_is_not_sent_to_pages_of_others(desk: Desk, app: Flask, database: Database) -> None:
    assert "/console/streams" not in desk.look(HOME)
    assert "/console/streams" in sit_down(app, database, OWNER).look(HOME)


def test_who_imported_what_is_kept(desk: Desk) -> None:
    imported(desk, "douyin")
    (entry,) = desk.audit("orders.imported")
    assert isinstance(entry, AuditEntry)
    assert Actor(entry.person_id, entry.actor) == desk.person
    assert entry.after == {"read": 14, "created": 14, "updated": 0, "unchanged": 0, "waiting": 0}
    with desk.database.transaction() as session:
        kept = session.scalars(select(FileImport)).one()
    assert (kept.file_name, len(kept.sha256), kept.state) == ("douyin.csv", 64, "done")
