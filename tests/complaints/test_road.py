"""From a photo of a broken bag to the money that goes back: the buyer's page, the console's answer, two hands at once."""

from io import BytesIO
from threading import Barrier

import pytest
import requests
from PIL import Image
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import workflows
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Problem
from kernel.notices.models import Notice
from kernel.people.rules import OWNER
from shop.complaints import service
from shop.complaints.models import Complaint
from shop.orders.models import Order
from shop.payments.models import Refund
from tests.packing.races import all_at_once
from tests.payments.town import Town
from tests.storefront.pages import fields_of
from tests.weigh.conftest import desk_of

GPS = 0x8825


def photo(size: tuple[int, int] = (640, 480)) -> bytes:
    """A picture that knows where it was taken."""
    into, exif = BytesIO(), Image.Exif()
    exif[GPS] = {1: "N", 2: (27.0, 37.0, 0.0)}
    exif[0x010F] = "a maker"
    Image.new("RGB", size, "brown").save(into, "JPEG", exif=exif)
    return into.getvalue()


def complain(
    town: Town,
    number: str,
    *photos: bytes,
    kind: str = "damaged",
    words: str = "袋子破了，𠮷",
    key: str = "a-complaint-key",
) -> requests.Response:
    files = [("photos", (f"{place}.jpg", each, "image/jpeg")) for place, each in enumerate(photos)]
    return town.web.post(
        f"{town.shop_url}/orders/{number}/complain",
        data={"kind": kind, "words": words, "key": key},
        files=files or [("photos", ("", b"", "application/octet-stream"))],
        timeout=30,
    )


def counted(database: Database, table: type[object]) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_broken_bag_is_shown_looked_at_and_paid_back(town: Town, arrived: str) -> None:
    assert "收到时坏了" in town.page(arrived)
    for _ in range(2):
        assert complain(town, arrived, photo(), photo()).status_code == 200
    assert counted(town.database, Complaint) == 1
    page = town.page(arrived)
    assert "袋子破了，𠮷" in page
    assert "等答复" in page
    seen = town.web.get(f"{town.shop_url}/orders/{arrived}/complaints/1/photos/2", timeout=30)
    with Image.open(BytesIO(seen.content)) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (640, 480), {})
    owner = desk_of(town.app, town.database, OWNER, "吴晓岚", town.now())
    assert "/console/complaints/1" in owner.look("/console").text
    assert arrived in owner.look("/console/complaints").text
    place = "/console/complaints/1"
    form = fields_of(owner.look(place))
    too_much = owner.send(f"{place}/grant", 409, form_key=form["form_key"], refund_amount="85.61", grant_answer="抱歉")
    assert fields_of(too_much)["refund_amount"] == "85.61"
    key = fields_of(owner.look(place))["form_key"]
    for _ in range(2):
        owner.send(f"{place}/grant", form_key=key, refund_amount="20", grant_answer="抱歉，退一袋一半")
    (refund,) = town.refunds(arrived)
    assert refund.amount_fen == 2_000
    town.work()
    town.deliver()
    page = town.page(arrived)
    assert "退 ¥20.00" in page
    assert "抱歉，退一袋一半" in page
    with town.database.transaction() as session:
        (notice,) = session.scalars(select(Notice).where(Notice.subject == "complaint:1"))
        assert "退回 20.00 元" in notice.body
        assert "key=" not in notice.body


def test_what_is_refused_says_why_and_another_may_follow(town: Town, arrived: str) -> None:
    complain(town, arrived, kind="return", words="想退")
    again = complain(town, arrived, kind="return", words="真的想退", key="another-key-2")
    assert again.status_code == 409
    assert "真的想退" in again.text
    owner = desk_of(town.app, town.database, OWNER, "吴晓岚", town.now())
    key = fields_of(owner.look("/console/complaints/1"))["form_key"]
    assert "refuse_answer" in owner.send("/console/complaints/1/refuse", 422, form_key=key, refuse_answer="").text
    owner.send("/console/complaints/1/refuse", form_key=key, refuse_answer="已经拆封")
    assert "已经拆封" in town.page(arrived)
    assert complain(town, arrived, kind="return", words="没有拆", key="another-key-3").status_code == 200
    with town.database.transaction() as session:
        last = session.scalars(select(func.max(Complaint.id))).one()
    taken_back = f"{town.shop_url}/orders/{arrived}/complaints/{last}/withdraw"
    for _ in range(2):
        town.web.post(taken_back, timeout=30).raise_for_status()
    assert "您撤回了" in town.page(arrived)
    owner.send(f"/console/complaints/{last}/refuse", 409, form_key=f"{key}2", refuse_answer="晚了")


@pytest.mark.parametrize(
    ("photos", "words", "status", "said"),
    [
        ([], "坏了", 422, "请拍一张照片"),
        ([photo((20, 20))] * 5, "坏了", 422, "最多 4 张"),
        ([b"<svg onload=alert(1)>"], "坏了", 422, "这个文件打不开"),
        ([b"x" * 5_500_000], "坏了", 422, "最多 5 MB"),
        ([photo()], "", 422, "error-words"),
        ([photo()], "坏" * 5_000, 422, "error-words"),
        ([b"x" * 40_000_000], "坏了", 413, ""),
    ],
)
def test_bad_input_is_told_kindly_and_nothing_is_written(
    town: Town, arrived: str, photos: list[bytes], words: str, status: int, said: str
) -> None:
    answer = complain(town, arrived, *photos, words=words)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text[:300]
    assert counted(town.database, Complaint) == 0


def test_after_its_time_and_for_strangers_there_is_nothing(town: Town, arrived: str) -> None:
    complain(town, arrived, photo())
    stranger = requests.Session()
    for path in ("complain", "complaints/1/photos/1"):
        assert stranger.get(f"{town.shop_url}/orders/{arrived}/{path}", timeout=30).status_code == 404
    assert stranger.post(f"{town.shop_url}/orders/{arrived}/complaints/1/withdraw", timeout=30).status_code == 404
    for odd in ("complaints/2/photos/1", "complaints/1/photos/9", f"complaints/{2**70}/photos/1"):
        assert town.web.get(f"{town.shop_url}/orders/{arrived}/{odd}", timeout=30).status_code == 404
    town.web.post(f"{town.shop_url}/orders/{arrived}/complaints/1/withdraw", timeout=30)
    town.pass_time(hours=25)
    late = complain(town, arrived, photo(), key="too-late-a-key")
    assert late.status_code == 409
    assert "签收超过 24 小时" in late.text


# ---- two people answer at one instant ----


def answer_twice(town: Town, number: str) -> list[str]:
    """Two people send 20 yuan back at one instant; what each of them heard, in order of the words."""
    complain(town, number, photo())

    def grant(session: Session) -> str:
        try:
            with session.begin_nested():
                workflows.grant_complaint(session, 1, 2_000, "抱歉", now=town.now(), by=SYSTEM)
        except Problem as problem:
            return problem.code
        except DBAPIError as error:
            return "refused by the database" if "is decided once" in str(error.orig) else str(error.orig)
        return "granted"

    return sorted(all_at_once(town.database, grant, grant))


def read_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock away: both read an open complaint before either answers it."""
    both = Barrier(2)

    def look(session: Session, complaint_id: int) -> Complaint:
        found = session.get_one(Complaint, complaint_id)
        both.wait(20)
        return found

    monkeypatch.setattr(service, "lock_complaint", look)


def test_two_answers_at_one_instant_send_the_money_once(town: Town, arrived: str) -> None:
    assert answer_twice(town, arrived) == ["decided_already", "granted"]
    assert counted(town.database, Refund) == 1


def test_without_the_lock_the_database_alone_lets_nobody_decide_twice(
    town: Town, arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_without_waiting(monkeypatch)
    assert answer_twice(town, arrived) == ["granted", "refused by the database"]
    assert counted(town.database, Refund) == 1


def test_without_the_lock_and_the_trigger_the_money_goes_back_twice(
    town: Town, arrived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_without_waiting(monkeypatch)
    with town.database.transaction() as session:
        session.execute(text("DROP TRIGGER complaints_decided_once ON complaints"))
    assert answer_twice(town, arrived) == ["granted", "granted"]
    assert counted(town.database, Refund) == 2


def test_no_more_goes_back_than_was_paid(town: Town, arrived: str) -> None:
    complain(town, arrived, photo())
    with town.database.transaction() as session, pytest.raises(Problem), session.begin_nested():
        workflows.grant_complaint(session, 1, 8_561, "", now=town.now(), by=SYSTEM)
    with town.database.transaction() as session:
        assert session.get_one(Complaint, 1).state == "open"
        assert session.scalars(select(Order.refunded_fen)).one() == 0
