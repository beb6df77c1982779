"""The pages over time: asked for once, made by the worker, read from one row; buyers, their agreement, messages to them."""

import re
from datetime import timedelta
from html import unescape
from threading import Thread
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import event, func, select, text

from app.console.insights.regions import COLUMNS, ROWS, short_name, tiles
from app.insights import service
from app.insights.models import Insights
from kernel.clock import utc_now
from kernel.db import Database
from kernel.notices.models import Notice
from kernel.outbox import Job
from shop.buyers.models import BuyerSum, NewsConsent
from shop.orders.views import order_key
from shop.storefront import own_data
from shop.vouchers.rules import AMOUNT
from shop.vouchers.service import VoucherTerms, make_voucher
from tests.console.conftest import Desk
from tests.console_streams.conftest import desk, evening, offer_of
from tests.packing.races import told_at_once, wait_until_blocked, without
from tests.streams.evening import XIANG, Evening

__all__ = ["desk", "evening"]
ZONE = ZoneInfo("Asia/Shanghai")
PAGE = "/console/insights"


def made(database: Database) -> None:
    with database.transaction() as session:
        number = service.ask(session, utc_now())
    service.make(database, number, ZONE, utc_now())


def test_an_empty_workshop_says_so_and_counts_when_asked(desk: Desk) -> None:
    assert "还没有数过" in desk.look(f"{PAGE}?lang=zh")
    for name in ("cohorts", "nonsense"):
        assert desk.browser.get(f"{PAGE}/{name}.csv").status_code == 404
    typed = desk.typed(PAGE, f"{PAGE}/renew")
    desk.send(f"{PAGE}/renew", typed)
    desk.send(f"{PAGE}/renew", typed)
    desk.send(f"{PAGE}/renew", {**typed, "form_key": "another-key-000001"})
    assert "正在数" in desk.look(f"{PAGE}?lang=zh")
    with desk.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Insights)) == 1
        assert session.scalar(select(func.count()).select_from(Job).where(Job.kind == service.JOB)) == 1
        number = session.scalars(select(Insights.id)).one()
    for _ in range(2):
        service.make(desk.database, number, ZONE, utc_now())
    page = desk.look(f"{PAGE}?lang=zh")
    assert "复购率" in page
    assert "正在数" not in page


def test_many_ask_at_once_and_one_count_is_made(database: Database) -> None:
    now = utc_now()
    assert told_at_once(database, *[lambda session: service.ask(session, now)] * 3) == ["written"] * 3
    with database.transaction() as session:
        number = session.scalars(select(Insights.id)).one()
    service.make(database, number, ZONE, now)
    service.make_nightly(database, ZONE, now)
    service.make_nightly(database, ZONE, now + timedelta(days=41))
    with database.transaction() as session:
        assert [each.key.split(":")[0] for each in session.scalars(select(Insights).order_by(Insights.id))] == ["night"]


def a_voucher(database: Database) -> int:
    with database.transaction() as session:
        terms = VoucherTerms(
            code="HUILAI5",
            kind=AMOUNT,
            off_fen=500,
            off_bps=0,
            most_off_fen=None,
            from_fen=0,
            starts_at=utc_now() - timedelta(days=30),
            ends_at=utc_now() + timedelta(days=30),
            most_uses=None,
            per_buyer=1,
        )
        return make_voucher(session, terms, now=utc_now(), by=XIANG).id


def agree(browser: FlaskClient, number: str, wanted: str = "1") -> int:
    with browser.application.app_context():
        key = order_key(number)
    browser.get(f"/orders/{number}?key={key}")
    return browser.post(f"/orders/{number}/news", data={"wanted": wanted}).status_code


def test_only_who_agreed_is_written_to_and_a_voucher_comes_once(desk: Desk, evening: Evening) -> None:
    offer = offer_of(desk, evening)
    yes, no = (desk.place(offer, 1, phone=number) for number in ("13800008001", "13800008002"))
    for number in (yes, no):
        desk.pay(number)
    made(desk.database)
    segment = f"{PAGE}/buyers?segment=new"
    page = desk.look(f"{segment}&lang=zh")
    assert page.count("138******0") == 4, "each number masked, in its cell and its link's name"
    assert "13800008001" not in page
    for order in ("recent", "often", "cats"):
        assert desk.look(f"{segment}&order={order}").count("138******") == 4
    assert desk.look(f"{segment}&q=13800008001&lang=zh").count("138******") == 2
    assert "没有这个号码" in desk.look(f"{segment}&q=9999&lang=zh")
    assert "请写手机号的后四位" in desk.look(f"{segment}&q=张&lang=zh")
    assert desk.look(f"{PAGE}/buyers.csv?segment=new&order=recent&q=8002").count("138******") == 1
    voucher = a_voucher(desk.database)
    typed = {"voucher": str(voucher), "words": "新菇上架啦 𠮷", "form_key": "first-key-0000001"}
    nobody = desk.browser.post(f"{PAGE}/buyers/message?segment=new", data=typed)
    assert nobody.status_code == 422
    assert "新菇上架啦 𠮷" in nobody.get_data(as_text=True)
    phone = desk.app.test_client()
    assert agree(phone, yes) == 303
    assert agree(phone, yes) == 303
    for key in ("second-key-000001", "second-key-000001", "third-key-0000001"):
        desk.send(f"{PAGE}/buyers/message?segment=new", {**typed, "form_key": key})
    with desk.database.transaction() as session:
        notices = list(session.scalars(select(Notice).where(Notice.key.startswith("news:"))))
        assert [notice.recipient for notice in notices] == ["13800008001"]
        assert "HUILAI5" in notices[0].body
        assert "不想再收" in notices[0].body
        assert "13800008001" not in notices[0].key
    assert desk.browser.post(f"{PAGE}/buyers/message?segment=cats", data=typed).status_code == 404
    wrong = {**typed, "voucher": "999999", "form_key": "fourth-key-000001"}
    assert desk.browser.post(f"{PAGE}/buyers/message?segment=new", data=wrong).status_code == 422
    assert agree(phone, yes, "0") == 303
    with desk.database.transaction() as session:
        assert session.scalar(select(NewsConsent.phone)) is None


def test_whoever_has_no_key_agrees_to_nothing(desk: Desk, evening: Evening) -> None:
    number = desk.place(offer_of(desk, evening), 1)
    desk.pay(number)
    assert desk.app.test_client().post(f"/orders/{number}/news", data={"wanted": "1"}).status_code == 404
    with desk.database.transaction() as session:
        assert session.scalar(select(NewsConsent.phone)) is None


def test_what_is_known_of_a_buyer_is_copied_and_forgotten(desk: Desk, evening: Evening) -> None:
    number = desk.place(offer_of(desk, evening), 1, phone="13800008003")
    desk.pay(number)
    assert agree(desk.app.test_client(), number) == 303
    made(desk.database)
    with desk.database.transaction() as session:
        assert own_data.copy_of(session, [number])["news"][0]["phone"] == "13800008003"
        session.execute(text("UPDATE orders SET state = 'delivered'"))
        own_data.forget(session, [number], now=utc_now(), by=XIANG)
    with desk.database.transaction() as session:
        assert session.scalar(select(NewsConsent.phone)) is None
        assert session.scalar(select(BuyerSum.phone)) is None


def forget_while_counting(desk: Desk, number: str, *, waits: bool) -> bool:
    """Somebody is forgotten just before the sums are written; whether the shop still knows the number afterwards."""
    with desk.database.transaction() as session:
        session.execute(text("UPDATE orders SET state = 'delivered'"))
        count = service.ask(session, utc_now())
    forgetting: list[Thread] = []

    def forget() -> None:
        with desk.database.transaction() as session:
            own_data.forget(session, [number], now=utc_now(), by=XIANG)

    def begin(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.lstrip().startswith("INSERT INTO buyer_sums") and not forgetting:
            forgetting.append(Thread(target=forget))
            forgetting[0].start()
            if waits:
                wait_until_blocked(desk.database)
            else:
                forgetting[0].join(30)

    event.listen(desk.database.engine, "before_cursor_execute", begin)
    try:
        service.make(desk.database, count, ZONE, utc_now())
    finally:
        event.remove(desk.database.engine, "before_cursor_execute", begin)
    forgetting[0].join(30)
    with desk.database.transaction() as session:
        return session.scalar(select(BuyerSum.phone)) is not None


def test_whoever_is_forgotten_while_all_are_counted_stays_forgotten(desk: Desk, evening: Evening) -> None:
    number = desk.place(offer_of(desk, evening), 1, phone="13800008003")
    desk.pay(number)
    assert not forget_while_counting(desk, number, waits=True)


def test_without_the_lock_the_count_would_know_who_was_forgotten(desk: Desk, evening: Evening) -> None:
    number = desk.place(offer_of(desk, evening), 1, phone="13800008003")
    desk.pay(number)
    with without(desk.database, r"LOCK TABLE buyer_sums.*"):
        assert forget_while_counting(desk, number, waits=False)


def test_every_table_is_a_file_and_pages_turn(desk: Desk, evening: Evening) -> None:
    desk.pay(desk.place(offer_of(desk, evening), 2, phone="13800008004"))
    made(desk.database)
    with desk.database.transaction() as session:
        many = "INSERT INTO buyer_sums SELECT '139' || lpad(n::text, 8, '0'), current_date, current_date, 1, 1, n, 'new' FROM generate_series(1, 120) n"
        session.execute(text(many))
    for name in ("segments", "cohorts", "together", "regions", "weeks", "turns"):
        answer = desk.browser.get(f"{PAGE}/{name}.csv?lang=en")
        assert answer.status_code == 200
        assert len(answer.get_data(as_text=True).splitlines()) >= (1 if name == "together" else 2), name
    rows = desk.browser.get(f"{PAGE}/buyers.csv?segment=new").get_data(as_text=True).splitlines()
    assert len(rows) == 122
    assert not any(re.search(r"139\d{8}", row) for row in rows)
    first, second = (desk.look(f"{PAGE}/buyers?segment=new&page={number}&lang=zh") for number in (1, 2))
    assert "后一页" in first
    assert "前一页" in second
    for odd in ("0", "-1", "x", "99999999", ""):
        assert desk.browser.get(f"{PAGE}/buyers?segment=new&page={odd}").status_code == 200


def test_each_province_has_a_tile_of_its_own() -> None:
    regions = [
        {"province": "浙江省", "orders": 50, "kept_fen": 5},
        {"province": "广西壮族自治区", "orders": 1, "kept_fen": 1},
        {"province": "内蒙古自治区", "orders": 11, "kept_fen": 1},
        {"province": "某国", "orders": 3, "kept_fen": 1},
    ]
    found = tiles(regions)
    places = [(tile.column, tile.row) for tile in found]
    assert len(found) == len(set(places)) == 34
    assert all(0 <= column < COLUMNS and 0 <= row < ROWS for column, row in places)
    assert {tile.name: tile.shade for tile in found if tile.shade} == {"浙江": 5, "广西": 1, "内蒙古": 2}
    assert short_name("某国") == "某国"
    assert {tile.shade for tile in tiles([])} == {0}


# ---- every figure leads to its orders ----

SUMS = re.compile(r"一共 ([\d,]+) 单 ¥([\d,.]+)；付了的 ([\d,]+) 单 ¥([\d,.]+)，退了 ¥([\d,.]+)，净 ¥(-?[\d,.]+)。")


def sums_behind(desk: Desk, link: str) -> list[str]:
    """What the orders behind a figure add up to: orders, money, paid, its money, back, net."""
    found = SUMS.search(desk.look(f"{unescape(link)}&lang=zh"))
    assert found, link
    return list(found.groups())


def some_weeks(desk: Desk, evening: Evening) -> None:
    """Orders of several weeks and provinces, by few buyers; some given back in part, one wholly."""
    numbers = [
        desk.paid(offer_of(desk, evening), 1 + place % 3, phone=f"1380000{place % 4:04d}", province=where)
        for place, where in enumerate(["浙江省", "上海市", "浙江省", "西藏自治区"] * 3)
    ]
    with desk.database.transaction() as session:
        for place, number in enumerate(numbers):
            order = desk.order(session, number)
            order.paid_at = order.created_at = desk.now - timedelta(days=6 * place, hours=place)
            if place % 4 == 1:
                order.refunded_fen = 100 * place
        order.state, order.refunded_fen = "refunded", order.total_fen
    service.make_nightly(desk.database, ZONE, desk.now)


def test_weeks_provinces_and_the_day_lead_to_orders_that_add_up_to_them(desk: Desk, evening: Evening) -> None:
    some_weeks(desk, evening)
    page = desk.look(f"{PAGE}?lang=zh")
    weeks = re.findall(
        r'<tr data-week="[^"]+" data-paid="(\d+)" data-refunded="(\d+)"><th[^>]*><a[^>]*href="([^"]+)">[^<]*</a></th><td class="is-number">(\d+)<',
        page,
    )
    assert len(weeks) > 5
    for paid_fen, refunded_fen, link, orders in weeks:
        _, _, paid, money, back, _ = sums_behind(desk, link)
        assert (paid, money, back) == (orders, f"{int(paid_fen) / 100:,.2f}", f"{int(refunded_fen) / 100:,.2f}")
    regions = re.findall(
        r'href="([^"]*province=[^"]+)">[^<]+</a></th><td class="is-number">\d+</td><td class="is-number">¥([\d,.]+)<',
        page,
    )
    assert len(regions) == 3
    for link, net in regions:
        assert sums_behind(desk, link)[5] == net
    home = desk.look("/console?lang=zh")
    for word, place in (("今天下单", 0), ("今天付款", 2)):
        shown = re.search(rf'{word}</span>.*?href="([^"]+)">(\d+) 单', home, re.DOTALL)
        assert shown
        assert sums_behind(desk, shown[1])[place] == shown[2]


def test_a_cohort_leads_to_its_buyers_and_a_turn_to_its_ledger(desk: Desk, evening: Evening) -> None:
    some_weeks(desk, evening)
    page = desk.look(f"{PAGE}?lang=zh")
    cohorts = re.findall(r'href="([^"]*segment=20\d\d-\d\d)">[^<]+</a></th><td class="is-number">(\d+)</td>', page)
    assert cohorts
    for link, buyers in cohorts:
        shown = desk.look(f"{unescape(link)}&lang=zh")
        assert shown.count('<tr><th scope="row" class="number">') == int(buyers)
        assert "请他们回来" not in shown, "news go to segments"
        assert len(desk.look(unescape(link).replace("buyers?", "buyers.csv?")).splitlines()) == int(buyers) + 1
    assert re.search(r'href="/console/stock/\d+">', page)
    for odd in ("2026-13", "1999-01", "2026-1", "２０２６-01", "2026-01-01"):
        assert desk.browser.get(f"{PAGE}/buyers?segment={odd}").status_code == 404
    assert desk.browser.post(f"{PAGE}/buyers/message?segment=2026-11", data={"words": "x"}).status_code == 404


def test_a_streams_provinces_lead_to_orders_that_add_up_to_them(desk: Desk, evening: Evening) -> None:
    for place, where in enumerate(["浙江省", "上海市", "浙江省"]):
        desk.paid(offer_of(desk, evening), 1 + place, province=where)
    page = desk.look(f"/console/streams/{evening.stream_id}/report?lang=zh")
    rows = re.findall(
        r'href="([^"]*province=[^"]+)">.*?<td class="is-number">(\d+)</td><td class="is-number">¥([\d,.]+)<', page
    )
    assert len(rows) == 2
    for link, orders, net in rows:
        found = sums_behind(desk, link)
        assert (found[2], found[5]) == (orders, net)
