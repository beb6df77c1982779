"""Quotes in the book: read twice they add nothing, odd ones wait, names are matched exactly or not at all."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.quotes import queries, rules, service
from fulfillment.purchasing.quotes.models import MarketQuote, QuoteName
from fulfillment.purchasing.quotes.rules import Kind, Prices, QuoteRow, is_jump, quote_row
from fulfillment.purchasing.quotes.service import QuoteImport, TypedPrice, type_quote
from kernel.errors import Invalid, NotFound, Refused
from tests.purchasing.world import MARKET, TODAY, WEIGHER, make_contract, make_quote, weigh_in, weighed
from tests.world import NOW

HOUGU = Kind("hougu", "dry", "厚菇一级")
MELON = "玉菇"


def row(
    day: date = TODAY, yuan: str = "92", *, name: str = "香菇", unit: str = "元/公斤", spread: str = "4", key: str = ""
) -> QuoteRow:
    mid = Decimal(yuan)
    prices = Prices(mid - Decimal(spread), mid, mid + Decimal(spread))
    return quote_row(
        source_key=key or f"{name}|{unit}|{day}",
        market=MARKET,
        name=name,
        form="dry",
        grade="一级",
        day=day,
        prices=prices,
        unit=unit,
    )


def name_it(session: Session, name: str = "香菇", kind: Kind | None = HOUGU) -> int:
    return service.name_quotes(
        session, source="manual", name=name, form="dry", grade="一级", kind=kind, now=NOW, by=WEIGHER
    )


def add(session: Session, *rows: QuoteRow, source: str = "manual") -> QuoteImport:
    return service.add_quotes(session, source, rows, now=NOW, by=WEIGHER)


def stored(session: Session) -> list[tuple[str, str, int]]:
    """State, why and price of every row, as they were written."""
    session.expire_all()
    return [
        (each.state, each.why, each.fen_per_kg)
        for each in session.scalars(select(MarketQuote).order_by(MarketQuote.id))
    ]


def test_a_known_name_with_a_usual_price_is_accepted(session: Session) -> None:
    name_it(session)
    assert add(session, row()) == QuoteImport(created=1)
    assert stored(session) == [("accepted", "", 9_200)]
    assert queries.price_of_day(session, MARKET, HOUGU, TODAY) is not None


def test_the_same_rows_again_change_nothing(session: Session) -> None:
    name_it(session)
    rows = [row(TODAY - timedelta(days=back)) for back in range(5)]
    assert add(session, *rows).created == 5
    before = stored(session)
    assert add(session, *rows) == QuoteImport(unchanged=5)
    assert stored(session) == before


def test_a_corrected_price_replaces_the_earlier_one_and_may_be_corrected_back(session: Session) -> None:
    name_it(session)
    add(session, row())
    assert add(session, row(yuan="93")) == QuoteImport(updated=1)
    assert stored(session) == [("replaced", "", 9_200), ("accepted", "", 9_300)]
    assert add(session, row()) == QuoteImport(updated=1)
    assert [state for state, *_ in stored(session)] == ["replaced", "replaced", "accepted"]


def test_a_used_quote_is_replaced_never_edited(session: Session) -> None:
    contract = make_contract(session)
    quote = make_quote(session, contract)
    delivery = weigh_in(session, weighed(contract))
    make_quote(session, contract, 9_000)
    session.expire_all()
    assert (quote.state, quote.fen_per_kg, delivery.quote_id) == ("replaced", 8_000, quote.id)
    with pytest.raises(IntegrityError, match="fk_deliveries_quote"), session.begin_nested():
        session.execute(update(MarketQuote).where(MarketQuote.id == quote.id).values(low_fen=7_000, fen_per_kg=7_000))


def test_a_day_has_one_accepted_price_of_a_kind_at_a_market(session: Session) -> None:
    name_it(session)
    assert add(session, row(), row(yuan="95", key="香菇|元/公斤|又一行")).flagged == 1
    assert stored(session) == [("accepted", "", 9_200), ("held", "day_has_price", 9_500)]


def test_a_file_does_not_take_the_place_of_a_typed_price(session: Session) -> None:
    name_it(session)
    type_quote(session, TypedPrice(MARKET, HOUGU, TODAY, 9_000), is_sure=False, now=NOW, by=WEIGHER)
    assert add(session, row()).flagged == 1
    held = queries.odd(session)[0]
    assert held.price_of_day is not None
    assert (held.quote.why, held.price_of_day.fen_per_kg) == ("day_has_price", 9_000)
    service.accept_quote(session, held.quote.id, now=NOW, by=WEIGHER)
    assert stored(session) == [("replaced", "", 9_000), ("accepted", "day_has_price", 9_200)]


def three_weeks(session: Session) -> None:
    name_it(session)
    add(session, *(row(TODAY - timedelta(days=back)) for back in range(1, 22)))


@pytest.mark.parametrize("yuan", ["460", "18.4", "230.01", "36.79"])
def test_a_sudden_jump_waits_for_a_person(session: Session, yuan: str) -> None:
    three_weeks(session)
    assert add(session, row(yuan=yuan)).flagged == 1
    (odd,) = queries.odd(session)
    assert (odd.quote.why, odd.usual_fen, odd.price_of_day) == ("jump", 9_200, None)
    assert queries.price_of_day(session, MARKET, HOUGU, TODAY) is None


@pytest.mark.parametrize("yuan", ["230", "36.8", "120"])
def test_a_hard_day_is_no_jump(session: Session, yuan: str) -> None:
    three_weeks(session)
    assert add(session, row(yuan=yuan)) == QuoteImport(created=1)


def test_a_jump_inside_one_file_is_found_and_does_not_spoil_the_days_after_it(session: Session) -> None:
    name_it(session)
    days = [row(TODAY - timedelta(days=back), "460" if back == 3 else "92") for back in range(8)]
    assert add(session, *reversed(days)) == QuoteImport(created=8, flagged=1)


def test_a_person_accepts_or_refuses_once(session: Session) -> None:
    three_weeks(session)
    add(session, row(yuan="460"), row(TODAY - timedelta(days=30), "460"))
    add(session, row(TODAY + timedelta(days=1), "460"))
    first, second = (odd.quote.id for odd in queries.odd(session))
    assert service.accept_quote(session, first, now=NOW, by=WEIGHER).state == "accepted"
    assert service.refuse_quote(session, first, now=NOW, by=WEIGHER).state == "accepted"
    assert service.refuse_quote(session, second, now=NOW, by=WEIGHER).state == "refused"
    assert service.accept_quote(session, second, now=NOW, by=WEIGHER).state == "refused"
    with pytest.raises(NotFound):
        service.accept_quote(session, 10**9, now=NOW, by=WEIGHER)


def test_a_low_above_its_high_waits_for_a_person(session: Session) -> None:
    name_it(session)
    assert add(session, row(spread="-4")).flagged == 1
    assert stored(session) == [("held", "low_above_high", 9_200)]


def test_what_is_not_sold_by_weight_is_kept_and_never_used(session: Session) -> None:
    name_it(session)
    assert add(session, row(unit="元/箱")).not_comparable == 1
    assert stored(session) == [("refused", "not_comparable", 9_200)]


@pytest.mark.parametrize("name", [MELON, "木耳菜", "香菇菜", "鲜香菇", " 香菇", "香 菇", "香菇(小)"])
def test_a_look_alike_is_never_taken_for_ours(session: Session, name: str) -> None:
    name_it(session)
    name_it(session, "木耳", Kind("muer", "dry", "一级"))
    name_it(session, "菇")
    assert add(session, row(name=name)).waiting == 1
    assert [(state, why) for state, why, _ in stored(session)] == [("held", "unknown_name")]


def test_the_same_name_in_another_form_or_grade_is_another_thing(session: Session) -> None:
    name_it(session)
    assert add(session, replace(row(), form="fresh"), replace(row(), grade="二级", source_key="b")).waiting == 2


def test_explaining_a_name_settles_all_its_rows(session: Session) -> None:
    add(session, *(row(TODAY - timedelta(days=back), "460" if back == 0 else "92") for back in range(6)))
    (unknown,) = queries.unknown_names(session)
    assert (unknown.name, unknown.rows, unknown.odd_rows, unknown.newest_day, unknown.fen_per_kg) == (
        "香菇",
        6,
        1,
        TODAY,
        46_000,
    )
    assert queries.waiting(session) == queries.Waiting(odd=0, names=1)
    assert name_it(session) == 6
    assert sorted(state for state, *_ in stored(session)) == ["accepted"] * 5 + ["held"]
    assert queries.waiting(session) == queries.Waiting(odd=1, names=0)
    assert queries.odd(session)[0].usual_fen == 9_200


def test_a_name_that_is_not_ours_is_not_asked_about_again(session: Session) -> None:
    add(session, row(name=MELON), row(name=MELON, spread="-4", key="upside down"))
    assert name_it(session, MELON, None) == 2
    assert add(session, row(TODAY - timedelta(days=1), name=MELON)).not_comparable == 1
    assert {(state, why) for state, why, _ in stored(session)} == {("refused", "not_ours")}
    assert queries.unknown_names(session) == []


def test_a_quote_of_an_unknown_name_cannot_be_accepted(session: Session) -> None:
    add(session, row(name=MELON))
    quote = session.scalars(select(MarketQuote)).one()
    with pytest.raises(Refused) as refused:
        service.accept_quote(session, quote.id, now=NOW, by=WEIGHER)
    assert refused.value.code == "unknown_name"
    with pytest.raises(IntegrityError, match="accepted_is_comparable"), session.begin_nested():
        session.execute(update(MarketQuote).values(state="accepted"))


def test_a_name_is_whole_or_nothing(session: Session) -> None:
    half = {"source": "manual", "name": "香菇", "source_form": "", "source_grade": "", "product": "hougu"}
    with pytest.raises(IntegrityError, match="whole_or_none"), session.begin_nested():
        session.execute(insert(QuoteName).values(half))


def test_a_typed_price_far_from_the_usual_needs_a_second_look(session: Session) -> None:
    three_weeks(session)
    slip = TypedPrice(MARKET, HOUGU, TODAY, 92_000)
    with pytest.raises(Invalid) as refused:
        type_quote(session, slip, is_sure=False, now=NOW, by=WEIGHER)
    assert (refused.value.code, list(refused.value.fields)) == ("jump", ["price"])
    assert type_quote(session, slip, is_sure=True, now=NOW, by=WEIGHER).fen_per_kg == 92_000


def test_the_same_typed_price_twice_is_one_row(session: Session) -> None:
    typed = TypedPrice(MARKET, HOUGU, TODAY, 9_000)
    first = type_quote(session, typed, is_sure=False, now=NOW, by=WEIGHER)
    assert type_quote(session, typed, is_sure=False, now=NOW, by=WEIGHER).id == first.id
    type_quote(session, replace(typed, fen_per_kg=9_100), is_sure=False, now=NOW, by=WEIGHER)
    assert stored(session) == [("replaced", "", 9_000), ("accepted", "", 9_100)]


def test_with_fewer_than_three_prices_nothing_is_a_jump() -> None:
    assert not is_jump(10_000, [100, 100])
    assert is_jump(10_000, [100, 100, 100])


@given(st.lists(st.integers(1, 100_000), min_size=3, max_size=21), st.integers(1, 1_000_000), st.randoms())
def test_the_order_of_prices_does_not_matter_to_a_jump(recent: list[int], price: int, random: object) -> None:
    shuffled = list(recent)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert is_jump(price, recent) == is_jump(price, shuffled)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["92", "93", "460"])), max_size=20), st.randoms())
def test_the_order_of_lines_in_a_file_does_not_matter(lines: list[tuple[int, str]], random: object) -> None:
    """Judged without a database: the book takes rows in the order of their days, however the file has them."""
    rows = {back: row(TODAY - timedelta(days=back), yuan) for back, yuan in lines}

    def verdicts(in_file: list[QuoteRow]) -> dict[str, rules.Verdict]:
        book = rules.Book("manual", {("香菇", "dry", "一级"): HOUGU}, {}, {}, {})
        in_order = sorted(in_file, key=lambda each: (each.day, each.source_key))
        return {each.source_key: book.take(each)[0] for each in in_order}

    shuffled = list(rows.values())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdicts(list(rows.values())) == verdicts(shuffled)


@pytest.mark.parametrize(
    ("unit", "fen"), [("元/公斤", 1_000), ("元/kg", 1_000), ("元 / KG", 1_000), ("元/斤", 2_000), ("元／500克", 2_000)]
)
def test_prices_are_brought_to_fen_a_kilogram(unit: str, fen: int) -> None:
    assert row(yuan="10", unit=unit).fen_per_kg == fen
