"""Past sales: a file with good and bad rows, the same file twice, several at one instant, and what the forecast makes of them."""

import re
from datetime import date, timedelta
from io import BytesIO
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from fulfillment.purchasing.planning import past, reading
from fulfillment.purchasing.planning.models import PastSale
from fulfillment.purchasing.planning.past_file import COLUMNS, MOST_ROWS, product_names, read_past_file
from fulfillment.purchasing.planning.rules import monday
from kernel.db import Database
from kernel.sheets import FileUnreadable
from shop.catalog.models import Product
from tests.planning.test_plan import ZONE, sell
from tests.purchasing.world import TODAY, WEIGHER, make_goods
from tests.weigh.conftest import Desk, desk_of
from tests.world import NOW

NAMES = {"huagu": 7, "花菇": 7, "木耳": 8}
HEAD = ",".join(COLUMNS) + "\n"


def read(text: str):
    return read_past_file((HEAD + text).encode(), NAMES, TODAY)


def test_rows_of_a_day_are_added_and_a_way_may_be_left_out():
    found = read("2025-01-03,花菇,直播,12.5\n2025-01-03,HUAGU,,0.5\n2025/1/4,木耳,平台,3\n")
    assert found.grams == {(7, date(2025, 1, 3), "stream"): 13_000, (8, date(2025, 1, 4), "channel"): 3_000}
    assert found.refused == []


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (f"{TODAY},花菇,直播,1", "日期"),
        ("3025-01-01,花菇,直播,1", "日期"),
        ("上周,花菇,直播,1", "日期"),
        ("2025-01-03,花,直播,1", "商品"),
        ("2025-01-03,,直播,1", "商品"),
        ("2025-01-03,花菇,电话,1", "方式"),
        ("2025-01-03,花菇,直播,0", "公斤"),
        ("2025-01-03,花菇,直播,-1", "公斤"),
        ("2025-01-03,花菇,直播,1.2345", "公斤"),
        ("2025-01-03,花菇,直播,=1+1", "公斤"),
        ("2025-01-03,花菇", "公斤"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_stay(line, column):
    found = read(f"2025-01-02,花菇,直播,1\n{line}\n2025-01-04,花菇,直播,1\n")
    assert [(row.row, row.column) for row in found.refused] == [(3, column)]
    assert (found.read, len(found.grams)) == (3, 2)


@pytest.mark.parametrize("raw", [b"", b"a,b\n1,2\n", HEAD.encode() + b"2025-01-01,x,,1\n" * (MOST_ROWS + 1)])
def test_a_file_that_is_none_is_refused_whole(raw):
    with pytest.raises(FileUnreadable):
        read_past_file(raw, NAMES, TODAY)


def test_a_word_that_two_products_share_names_none():
    assert product_names([(1, "a", "香菇", "Shiitake"), (2, "b", "香菇", "Fresh")]) == {
        "a": 1,
        "b": 2,
        "shiitake": 1,
        "fresh": 2,
    }


lines = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from(["直播", "平台", ""]), st.integers(1, 9_999)), max_size=30
)


@given(lines, st.randoms())
def test_the_order_of_rows_is_of_no_matter_and_nothing_is_lost(rows, chance):
    def told(some):
        text = "".join(f"{date(2025, 1, 1) + timedelta(days=d)},花菇,{way},{g / 1000}\n" for d, way, g in some)
        return read(text).grams

    mixed = list(rows)
    chance.shuffle(mixed)
    assert told(rows) == told(mixed)
    assert sum(told(rows).values()) == sum(grams for *_, grams in rows)


def test_the_same_file_twice_changes_nothing_and_a_corrected_one_replaces(session):
    _, raw = make_goods(session)
    number = raw.product_id
    week = monday(TODAY) - timedelta(weeks=9)
    first = {(number, week, "stream"): 1_000, (number, week, "channel"): 500}
    took = [
        past.take_past_sales(session, some, now=NOW, by=WEIGHER)
        for some in (first, first, {(number, week, "stream"): 2_000}, {})
    ]
    assert [(each.new, each.changed, each.same) for each in took] == [(2, 0, 0), (0, 0, 2), (0, 1, 0), (0, 0, 0)]
    (kept,) = past.kept(session)
    assert (kept.grams, kept.first, kept.last, kept.days) == (2_500, week, week, 1)
    assert past.forget(session, past.find_product(session, number), now=NOW, by=WEIGHER) == 1
    assert past.kept(session) == []


def test_the_forecast_reads_them_until_the_day_of_the_first_order_here(session):
    bag, _ = make_goods(session)
    sell(session, bag, 2, 4)
    wednesday = monday(TODAY) - timedelta(weeks=2) + timedelta(days=2)
    days = {wednesday - timedelta(weeks=1): 7_000, wednesday - timedelta(days=1): 300, wednesday: 90_000, TODAY: 1}
    past.take_past_sales(session, {(bag.product_id, day, "stream"): g for day, g in days.items()}, now=NOW, by=WEIGHER)
    sold = reading.sold_by_week(session, TODAY, ZONE)[bag.product_id]
    assert sold.first == monday(TODAY) - timedelta(weeks=3)
    assert sold.grams == [7_000, 300 + 1_000, 0]
    assert sold.ways == {"stream": [7_000, 300, 0], "shop": [0, 1_000, 0]}


def test_two_files_at_one_instant_leave_one_weight_a_day(database: Database):
    with database.transaction() as session:
        number = make_goods(session)[1].product_id
    days = [TODAY - timedelta(days=back) for back in range(1, 200)]
    start, wrong = Barrier(4), []

    def send(grams: int) -> None:
        start.wait()
        try:
            with database.transaction() as session:
                past.take_past_sales(session, {(number, day, "stream"): grams for day in days}, now=NOW, by=WEIGHER)
        except Exception as error:  # noqa: BLE001 - told below
            wrong.append(error)

    threads = [Thread(target=send, args=(1_000 + place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(PastSale)) == len(days)
        # Whole files: nobody's days are mixed with another's.
        assert session.scalar(select(func.count(PastSale.grams.distinct()))) == 1


def test_the_database_keeps_nothing_sold_out(session):
    number = session.scalar(insert(Product).values(**_product()).returning(Product.id))
    with pytest.raises(IntegrityError, match="something_sold"), session.begin_nested():
        session.execute(insert(PastSale).values(product_id=number, day=TODAY, way="stream", grams=0, at=NOW, by="x"))


def _product() -> dict[str, object]:
    words = ("title_zh", "title_en", "story_zh", "story_en", "grade_zh", "photo", "storage_zh", "storage_en", "origin")
    return dict.fromkeys(words, "x") | {"slug": "x", "form": "dry", "shelf_life_days": 9, "returnable": False}


@pytest.fixture
def owner(app, database) -> Desk:
    return desk_of(app, database, "owner", "陈老板")


def test_on_the_page_a_file_is_sent_looked_at_saved_and_taken_away(owner, database):
    with database.transaction() as session:
        bag, _ = make_goods(session)
        title, number = session.get_one(Product, bag.product_id).title_zh, bag.product_id
    assert "还没有以前的销量" in owner.look("/console/planning/past").text
    assert title in owner.browser.get("/console/planning/past/template.csv").text
    page = owner.send("/console/planning/past", 422)
    assert "请选一个文件" in page.text
    text = HEAD + f"2025-01-03,{title},直播,12.5\n2025-01-04,{title},哪里,1\n"
    page = owner.browser.post("/console/planning/past", data={"file": (BytesIO(text.encode()), "a.csv")})
    assert "新的 1 天" in page.text
    assert "只能是 直播、商城、平台" in page.text
    saved = owner.browser.get("/console/planning/past/past-sales.csv").data
    assert saved.decode("utf-8-sig").splitlines()[1:] == [f"2025-01-03,{title},直播,12.500"]
    again = owner.browser.post("/console/planning/past", data={"file": (BytesIO(saved), "b.csv")})
    assert "没变 1 天" in again.text
    key = re.search(r'name="form_key" value="([^"]+)"', again.text)[1]
    for _ in range(2):
        owner.send(f"/console/planning/past/{number}/forget", form_key=key)
    assert "还没有以前的销量" in owner.look("/console/planning/past").text
    owner.send("/console/planning/past/999/forget", 404)
