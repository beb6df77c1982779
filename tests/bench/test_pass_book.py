"""The pass book: newest first, page by page, sums of today and of the month."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.bench.conftest import Tablet
from tests.packing.world import make_pile
from tests.world import NOW


def pack(tablet: Tablet, count: int) -> None:
    """Pack this many parcels, one a minute."""
    with tablet.database.transaction() as session:
        make_pile(session, count, due_at=tablet.now + timedelta(hours=30))
    for _ in range(count):
        task = (tablet.in_hand() or tablet.get_work())[0]
        tablet.wait(minutes=1)
        assert tablet.press(f"/bench/tasks/{task.id}/done").status_code == 303


def parcels_on(text: str) -> list[str]:
    """The numbers on a page, in its order."""
    return re.findall(r'<span class="soft">(\w+)</span><strong>\d{4}</strong>', text)


def link(text: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', text)
    return found[1] if found else None


def times_on(text: str) -> list[str]:
    return re.findall(r'<time datetime="([^"]+)"', text)


def test_an_empty_book_says_what_it_is_for(tablet: Tablet) -> None:
    assert "包好一件，这里就记一笔" in tablet.look("/bench/passbook").text


def test_lines_come_newest_first_and_leaf_through_without_gap_or_repeat(tablet: Tablet) -> None:
    pack(tablet, 45)
    page, pages = "/bench/passbook", []
    while page:
        text = tablet.look(page).text
        pages.append(times_on(text))
        page, last = link(text, "next"), page
    assert [len(lines) for lines in pages] == [20, 20, 5]
    every = [line for lines in pages for line in lines]
    assert every == sorted(set(every), reverse=True)
    back = link(tablet.look(last).text, "prev")
    assert back is not None
    text = tablet.look(back).text
    assert times_on(text) == pages[1]
    first = link(text, "prev")
    assert first is not None
    assert times_on(tablet.look(first).text) == pages[0]
    assert link(tablet.look(first).text, "prev") is None


def test_an_undo_is_a_line_of_its_own_and_the_sums_follow(tablet: Tablet) -> None:
    pack(tablet, 3)
    with tablet.database.transaction() as session:
        make_pile(session, 1)
    task = tablet.get_work()[0]
    tablet.press(f"/bench/tasks/{task.id}/done")
    tablet.press(f"/bench/tasks/{task.id}/undo")
    text = tablet.look("/bench/passbook").text
    assert text.count("+¥0.80") == 4
    assert text.count("−¥0.80") == 1
    assert "今天 3 件，2 元 4 角。这个月 3 件，2 元 4 角。" in text


def test_a_new_day_and_a_new_month_begin_at_the_workshops_midnight(tablet: Tablet) -> None:
    tablet.wait(seconds=(datetime(2026, 11, 30, 14, 0, tzinfo=UTC) - NOW).total_seconds())
    tablet.sign_in()
    pack(tablet, 2)
    assert "今天 2 件，1 元 6 角。这个月 2 件" in tablet.look("/bench/passbook").text
    tablet.wait(hours=2)  # past midnight in Shanghai: 1 December
    tablet.sign_in()
    assert "今天 0 件，0 元。这个月 0 件" in tablet.look("/bench/passbook").text
    assert len(times_on(tablet.look("/bench/passbook").text)) == 2


def test_a_book_holds_only_ones_own_lines(tablet: Tablet, other: Tablet) -> None:
    pack(tablet, 2)
    assert times_on(other.look("/bench/passbook").text) == []


@pytest.mark.parametrize(
    "query", ["before=x", "before=-1", "after=９", f"before={2**63}", "after=0", "before=1&after=1"]
)
def test_a_broken_page_number_shows_a_page(tablet: Tablet, query: str) -> None:
    pack(tablet, 1)
    assert tablet.look(f"/bench/passbook?{query}").status_code == 200
