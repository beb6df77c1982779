"""Periods, groups that tell nobody apart, files and their merging."""

from datetime import date
from json import dumps, loads

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.prosperity.rules import (
    FundFigures,
    GrowerFigures,
    PeopleFigures,
    Period,
    Prosperity,
    merged,
    read_file,
)
from fulfillment.crew.households.rules import FEW, FEWEST, KINDS, UNSAID, Group, kept_private
from kernel.errors import Invalid


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_whole(raw: str, first: date, last: date) -> None:
    period = Period.read(raw)
    assert period is not None
    assert (period.first, period.last, period.name) == (first, last, raw)


@pytest.mark.parametrize(
    "raw", ["", "2026-13", "2026-00", "26", "2026-1", "1999", "2026-11-01", "２０２６", "2026\n", "-1"]
)
def test_what_is_no_period(raw: str) -> None:
    assert Period.read(raw) is None


GROUPS = st.lists(
    st.builds(Group, st.sampled_from([*KINDS, UNSAID]), st.integers(1, 9), st.integers(0, 900_000)),
    unique_by=lambda group: group.kind,
    max_size=5,
)


@given(GROUPS)
def test_nobody_is_told_apart_and_nobody_is_lost(groups: list[Group]) -> None:
    shown = kept_private(groups)
    assert sum(group.people for group in shown) == sum(group.people for group in groups)
    assert sum(group.earned_fen for group in shown) == sum(group.earned_fen for group in groups)
    if len(shown) > 1:
        assert all(group.people >= FEWEST for group in shown)
    kept = {group.kind: group for group in shown}
    assert all(kept[kind] in groups for kind in kept if kind in KINDS)


def test_large_groups_stay_and_small_ones_go_together() -> None:
    groups = [Group("elderly", 5, 500), Group("disabled", 2, 70), Group("low_income", 1, 30), Group(UNSAID, 4, 10)]
    assert kept_private(groups) == (Group("elderly", 5, 500), Group(FEW, 3, 100), Group(UNSAID, 4, 10))
    assert kept_private(groups[:2]) == (Group(UNSAID, 7, 570),), (
        "two alone would be read from the whole less the others"
    )
    assert kept_private([]) == ()


COUNT = st.integers(0, 10**9)


@st.composite
def reports(draw: st.DrawFn, name: str = "庆元工坊") -> Prosperity:
    groups = kept_private(draw(GROUPS))
    deliveries, due = draw(COUNT), draw(COUNT)
    people = PeopleFigures(
        *(sum(group.people for group in groups), sum(group.earned_fen for group in groups)),
        *draw(st.tuples(COUNT, COUNT, COUNT, COUNT)),
        groups,
    )
    growers = GrowerFigures(
        *(draw(COUNT), deliveries, draw(COUNT), draw(COUNT), draw(COUNT)),
        *(min(deliveries, draw(COUNT)), due, min(due, draw(COUNT)), draw(st.integers(-(10**9), 10**9))),
    )
    period = Period.read("2026-11")
    assert period is not None
    return Prosperity((name,), period, people, growers, FundFigures(draw(COUNT), draw(COUNT)))


@given(reports())
def test_a_file_is_read_as_it_was_written(report: Prosperity) -> None:
    assert read_file("a.json", loads(dumps(report.as_file()))) == report


@given(reports("一"), reports("二"), reports("三"))
def test_merging_adds_up_in_any_order(one: Prosperity, two: Prosperity, three: Prosperity) -> None:
    parts = [("1", one), ("2", two), ("3", three)]
    whole = merged(parts)
    step = merged([("12", merged(parts[:2])), parts[2]])
    assert (whole.people, whole.growers, whole.fund) == (step.people, step.growers, step.fund)
    back = merged(parts[::-1])
    assert (whole.people, whole.growers, whole.fund) == (back.people, back.growers, back.fund)
    assert whole.people.earned_fen == one.people.earned_fen + two.people.earned_fen + three.people.earned_fen
    assert whole.workshops == ("一", "二", "三")
    assert read_file("county.json", loads(dumps(whole.as_file()))) == whole


def a_file(**changes: object) -> dict[str, object]:
    period = Period.read("2026-11")
    assert period is not None
    groups = (Group("elderly", 3, 900), Group(UNSAID, 3, 100))
    report = Prosperity(
        ("庆元工坊",),
        period,
        PeopleFigures(6, 1_000, 9, 2, 400, 7_200, groups),
        GrowerFigures(2, 3, 100_000, 1_120_000, 1_000_000, 3, 2, 1, 900_000),
        FundFigures(50, 20),
    )
    return {**loads(dumps(report.as_file())), **changes}


def changed(part: str, **values: object) -> dict[str, object]:
    file = a_file()
    return {**file, part: {**file[part], **values}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], "format"),
        (a_file(format="other"), "format"),
        (a_file(version=2), "version"),
        (a_file(period="2026-13"), "period"),
        (a_file(period=2026), "period"),
        (a_file(workshops=[]), "workshops"),
        (a_file(workshops="庆元工坊"), "workshops"),
        (a_file(workshops=["a\nb"]), "workshops"),
        (a_file(people=None), "people"),
        (changed("people", pieces=1.5), "people.pieces"),
        (changed("people", pieces=True), "people.pieces"),
        (changed("people", pieces=-1), "people.pieces"),
        (changed("people", people=7), "people.groups"),
        (changed("people", earned_fen=1), "people.groups"),
        (changed("people", groups=[{"kind": "cat", "people": 1, "earned_fen": 1}]), "people.groups"),
        (changed("growers", net_g="12"), "growers.net_g"),
        (changed("growers", kept=4), "growers"),
        (changed("growers", market_fen=10**16), "growers.market_fen"),
        (changed("fund", spent_fen=None), "fund.spent_fen"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_and_field(raw: object, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_file("三坊.json", raw)
    assert list(refused.value.fields) == [field]
    assert "三坊.json" in refused.value.text.zh


def test_another_period_and_the_same_workshop_twice_are_refused() -> None:
    one, other = read_file("1", a_file()), read_file("2", a_file(period="2026-10", workshops=["别坊"]))
    with pytest.raises(Invalid, match="2026-10"):
        merged([("1", one), ("2", other)])
    with pytest.raises(Invalid, match="is in 1 already"):
        merged([("1", one), ("2", one)])


def test_rates_are_worked_out_from_the_sums() -> None:
    report = read_file("1", a_file())
    assert report.people.hourly_fen == 200
    assert (report.growers.premium_fen, report.growers.premium_bps) == (120_000, 1_200)
    empty = GrowerFigures(0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert empty.premium_bps is None
    assert PeopleFigures(0, 0, 0, 0, 0, 0).hourly_fen is None
