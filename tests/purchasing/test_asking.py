"""Deciding about a weigh-in: what is out of bounds waits with everything typed, and another person decides once."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.purchasing import queries as purchasing_queries
from fulfillment.purchasing.asking import deciding_service as deciding
from fulfillment.purchasing.asking import queries, rules
from fulfillment.purchasing.asking.models import TurnedAway, WeighInRequest
from fulfillment.purchasing.asking.service import Answer, HandedIn, Visit, turn_away
from fulfillment.purchasing.growers.models import Contract, ContractExtra
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.service import KeyReused, WeighIn
from fulfillment.purchasing.weighing import queries as weighing
from fulfillment.purchasing.weighing.rules import Bag
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.errors import Invalid, Problem, Refused
from kernel.people import service as people
from kernel.people.rules import OWNER, WEIGHER
from tests.purchasing.world import TODAY, grams_on_hand, make_contract, make_quote, weigh_in, weighed
from tests.world import NOW

KEY = "slip-that-asks"


def person(session: Session, name: str, role: str = OWNER) -> Actor:
    found = people.add_person(session, name=name, shown_name=name, roles=[role], now=NOW, by=SYSTEM)
    return Actor(found.id, name)


@pytest.fixture
def weigher(session: Session) -> Actor:
    return person(session, "老胡", WEIGHER)


@pytest.fixture
def owner(session: Session) -> Actor:
    return person(session, "吴晓岚")


@pytest.fixture
def contract(session: Session) -> Contract:
    """100 kg and 10 % more; above that two people may agree. No price yet."""
    return make_contract(session, over_rule="same_terms")


def hand_in(session: Session, facts: WeighIn, by: Actor, key: str = KEY, **more: object) -> Answer:
    handed = HandedIn(facts, **more)  # type: ignore[arg-type]
    return workflows.hand_in(session, handed, key=key, today=TODAY, now=NOW, by=by)


def approve(session: Session, request_id: int | None, by: Actor, seen: str | None = None) -> Answer:
    request = session.get_one(WeighInRequest, request_id)
    mark = seen or deciding.seen_mark(deciding.price_now(session, request, TODAY))
    return workflows.approve_weigh_in(session, request.id, words="可以", seen=mark, today=TODAY, now=NOW, by=by)


def counted(session: Session, table: type[object]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_what_is_within_bounds_is_written_at_once(session: Session, contract: Contract, weigher: Actor) -> None:
    quote = make_quote(session, contract)
    bags = [Bag(23_700, 600), Bag(20_000, 600)]
    answer = hand_in(session, weighed(contract), weigher, bags=bags)
    assert (answer.state, answer.reasons) == (rules.WRITTEN, ())
    assert answer.delivery_id is not None
    assert weighing.bags_of(session, answer.delivery_id) == bags
    assert [each.id for each in purchasing_queries.quotes_looked_at(session, answer.delivery_id)] == [quote.id]
    assert hand_in(session, weighed(contract), weigher, bags=bags) == answer
    with pytest.raises(KeyReused):
        hand_in(session, weighed(contract, note="另一张"), weigher)


def test_the_quotes_of_a_median_are_kept_with_the_delivery(session: Session) -> None:
    contract = make_contract(session, median_days=3)
    made = [
        make_quote(session, contract, fen, day=TODAY - timedelta(days=ago))
        for ago, fen in enumerate((7_000, 9_000, 8_000))
    ]
    delivery = weigh_in(session, weighed(contract))
    looked_at = purchasing_queries.quotes_looked_at(session, delivery.id)
    assert [quote.id for quote in looked_at] == [quote.id for quote in made]
    assert delivery.quote_id == made[2].id


def test_without_a_price_everything_typed_waits_for_another_person(
    session: Session, contract: Contract, weigher: Actor, owner: Actor
) -> None:
    facts = weighed(contract, note="雨天", moisture_bps=1_500, refused_g=500, refused_reason="mould")
    answer = hand_in(session, facts, weigher, bags=[Bag(43_700, 1_200)])
    assert (answer.state, answer.reasons) == (rules.WAITING, (rules.NO_QUOTE,))
    assert hand_in(session, facts, weigher) == answer
    with pytest.raises(KeyReused):
        hand_in(session, weighed(contract), weigher)
    assert queries.count_waiting(session) == 1
    assert (counted(session, Delivery), grams_on_hand_or_none(session, contract)) == (0, 0)
    make_quote(session, contract, 8_000)
    written = approve(session, answer.request_id, owner)
    delivery = session.get_one(Delivery, written.delivery_id)
    assert (written.state, delivery.net_g, delivery.refused_g, delivery.note) == (rules.WRITTEN, 42_000, 500, "雨天")
    assert (delivery.quote_day, delivery.by, grams_on_hand(session, contract.variant_id)) == (TODAY, "老胡", 42_000)
    assert queries.count_waiting(session) == 0
    assert hand_in(session, facts, weigher) == written


def grams_on_hand_or_none(session: Session, contract: Contract) -> int:
    return (
        session.scalar(text("SELECT sum(on_hand) FROM stock_levels WHERE variant_id = :v"), {"v": contract.variant_id})
        or 0
    )


def test_an_old_price_counts_once_another_person_let_it(
    session: Session, contract: Contract, weigher: Actor, owner: Actor
) -> None:
    make_quote(session, contract, 8_000, day=TODAY - timedelta(days=9))
    answer = hand_in(session, weighed(contract), weigher)
    assert answer.reasons == (rules.NO_QUOTE,)
    delivery = session.get_one(Delivery, approve(session, answer.request_id, owner).delivery_id)
    assert (delivery.quote_day, delivery.pay_fen) == (TODAY - timedelta(days=9), 380_800)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_the_database_refuses_an_old_price_that_nobody_let_count(session: Session, contract: Contract) -> None:
    make_quote(session, contract, 8_000, day=TODAY - timedelta(days=9))
    workflows.weigh_in(
        session, weighed(contract), key=KEY, today=TODAY, now=NOW, by=SYSTEM, within_days=rules.OLDEST_QUOTE_DAYS
    )
    with pytest.raises(DBAPIError, match="older than its contract allows"):
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_more_than_the_contract_takes_is_let_in_by_two_people(
    session: Session, contract: Contract, weigher: Actor, owner: Actor
) -> None:
    make_quote(session, contract)
    answer = hand_in(session, weighed(contract, gross_g=121_200), weigher)
    assert answer.reasons == (rules.OVER,)
    approve(session, answer.request_id, owner)
    extra = session.scalars(select(ContractExtra)).one()
    assert (extra.grams, extra.asked_by_id, extra.agreed_by_id) == (10_000, weigher.person_id, owner.person_id)
    assert contract.delivered_g == 120_000


def test_a_contract_that_takes_no_more_is_not_asked_about(session: Session, weigher: Actor) -> None:
    contract = make_contract(session)
    make_quote(session, contract)
    with pytest.raises(Invalid) as refused:
        hand_in(session, weighed(contract, gross_g=121_200), weigher)
    assert list(refused.value.fields) == ["gross"]


def test_a_missing_certificate_says_who_took_it_and_why(session: Session, contract: Contract, weigher: Actor) -> None:
    make_quote(session, contract)
    bare = weighed(contract, has_certificate=False)
    with pytest.raises(Invalid) as refused:
        hand_in(session, bare, weigher)
    assert list(refused.value.fields) == ["certificate_reason"]
    with_reason = weighed(contract, has_certificate=False, certificate_reason="下次补")
    answer = hand_in(session, with_reason, weigher)
    delivery = session.get_one(Delivery, answer.delivery_id)
    assert (delivery.certificate_reason, delivery.by) == ("下次补", "老胡")
    asked = hand_in(session, with_reason, weigher, "slip-asked-about", certificate_is_asked=True, is_sure=True)
    assert (asked.state, asked.reasons) == (rules.WAITING, (rules.CERTIFICATE,))


def test_nobody_decides_about_their_own(session: Session, contract: Contract, weigher: Actor, owner: Actor) -> None:
    make_quote(session, contract, day=TODAY - timedelta(days=9))
    answer = hand_in(session, weighed(contract), weigher)
    assert answer.request_id is not None
    for decide in (
        lambda: approve(session, answer.request_id, weigher),
        lambda: deciding.refuse(session, answer.request_id or 0, words="不行", now=NOW, by=weigher),
    ):
        with pytest.raises(Refused) as refused:
            decide()
        assert refused.value.code == "second_person"
    with pytest.raises(DBAPIError, match="decided_by_another"), session.begin_nested():
        session.execute(
            text(
                "UPDATE weigh_in_requests SET state = 'refused', decided_by_id = asked_by_id, decided_by = 'x', "
                "decided_at = now(), words = 'x'"
            )
        )
    with pytest.raises(Refused) as refused:
        deciding.take_back(session, answer.request_id, now=NOW, by=owner)
    assert refused.value.code == "not_yours"


def test_refused_and_taken_back_owe_nothing_and_stay_to_be_read(
    session: Session, contract: Contract, weigher: Actor, owner: Actor
) -> None:
    first, second = (hand_in(session, weighed(contract), weigher, f"slip-number-{n}") for n in (1, 2))
    refused = deciding.refuse(session, first.request_id or 0, words="等行情", now=NOW, by=owner)
    back = deciding.take_back(session, second.request_id or 0, now=NOW, by=weigher)
    assert (refused.state, back.state, counted(session, Delivery)) == (rules.REFUSED, rules.REFUSED, 0)
    assert hand_in(session, weighed(contract), weigher, "slip-number-1") == refused
    assert [request.words for request in queries.decided_requests(session)] == ["", "等行情"]
    make_quote(session, contract)
    with pytest.raises(deciding.DecidedAlready):
        approve(session, first.request_id, owner)


@pytest.mark.parametrize(
    "change",
    ["gross_g = 1", "note = 'x'", "asked_by_id = asked_by_id + 1", "reasons = '[\"over\"]'", "key = 'x'"],
)
def test_what_was_typed_never_changes(session: Session, contract: Contract, weigher: Actor, change: str) -> None:
    hand_in(session, weighed(contract), weigher)
    with pytest.raises(DBAPIError, match="stays as it is"):
        session.execute(text(f"UPDATE weigh_in_requests SET {change}"))


def test_another_price_than_the_one_seen_writes_nothing(
    session: Session, contract: Contract, weigher: Actor, owner: Actor
) -> None:
    answer = hand_in(session, weighed(contract), weigher)
    make_quote(session, contract, 8_000)
    with pytest.raises(deciding.FigureChanged), session.begin_nested():
        approve(session, answer.request_id, owner, seen="380800.0")
    assert counted(session, Delivery) == 0


def test_part_of_it_goes_home_and_never_becomes_stock(session: Session, contract: Contract, weigher: Actor) -> None:
    make_quote(session, contract)
    answer = hand_in(session, weighed(contract, refused_g=2_500, refused_reason="insects"), weigher)
    delivery = session.get_one(Delivery, answer.delivery_id)
    assert (delivery.net_g, delivery.lot.received_g, grams_on_hand(session, contract.variant_id)) == (40_000,) * 3
    assert (delivery.pay_fen, contract.delivered_g) == (358_400, 40_000)
    for change, field in (
        ({"refused_g": 42_500, "refused_reason": "mould"}, "refused"),
        ({"refused_g": 100}, "refused_reason"),
    ):
        with pytest.raises(Invalid) as refused:
            hand_in(session, weighed(contract, **change), weigher, "another-slip")
        assert list(refused.value.fields) == [field]


def test_a_visit_that_is_turned_away_owes_nothing(session: Session, contract: Contract, weigher: Actor) -> None:
    visit = Visit(contract.id, TODAY, 43_700, 1_200, 2_400, "moist", "晒一天再来")

    def turn(visit: Visit) -> Answer:
        return turn_away(session, visit, key=KEY, today=TODAY, now=NOW, by=weigher)

    answer = turn(visit)
    assert (answer.state, turn(visit)) == (rules.REFUSED, answer)
    assert (counted(session, Delivery), counted(session, TurnedAway), contract.delivered_g) == (0, 1, 0)
    assert [row.cause for row in queries.turned_away(session, farmer_id=contract.farmer_id)] == ["moist"]
    with pytest.raises(KeyReused):
        turn(Visit(contract.id, TODAY, 43_700, 1_200, 2_400, "mould", ""))
    make_quote(session, contract)
    with pytest.raises(KeyReused):
        hand_in(session, weighed(contract), weigher)
    with pytest.raises(Invalid) as refused:
        turn_away(
            session,
            Visit(contract.id, TODAY + timedelta(days=1), 1_000, 1_000, None, "moist", ""),
            key="tomorrow",
            today=TODAY,
            now=NOW,
            by=weigher,
        )
    assert set(refused.value.fields) == {"tare", "day"}


def test_catties_typed_as_kilograms_are_asked_about_once(session: Session, weigher: Actor) -> None:
    contract = make_contract(session, agreed_g=1_000_000)
    make_quote(session, contract)
    for extra in (0, 100, 200):
        weigh_in(session, weighed(contract, gross_g=43_700 + extra))
    with pytest.raises(Invalid) as odd:
        hand_in(session, weighed(contract, gross_g=86_500), weigher)
    assert (odd.value.code, odd.value.extra) == ("unusual", {"usual_g": 42_600})
    assert hand_in(session, weighed(contract, gross_g=86_500), weigher, is_sure=True).state == rules.WRITTEN


def test_the_same_figures_under_another_key_are_asked_about_once(
    session: Session, contract: Contract, weigher: Actor
) -> None:
    make_quote(session, contract)
    hand_in(session, weighed(contract), weigher, "first-slip")
    with pytest.raises(Invalid) as twice:
        hand_in(session, weighed(contract), weigher, "second-slip")
    assert twice.value.code == "written_twice"
    assert hand_in(session, weighed(contract), weigher, "second-slip", is_sure=True).state == rules.WRITTEN


def test_goods_that_are_too_moist_do_not_wait_for_anybody(session: Session, contract: Contract, weigher: Actor) -> None:
    with pytest.raises(Refused) as refused:
        hand_in(session, weighed(contract, moisture_bps=1_801), weigher)
    assert refused.value.code == "too_moist"


@given(st.booleans(), st.integers(0, 10**7), st.booleans(), st.integers(0, 10_000))
def test_whatever_is_out_of_bounds_is_asked_about(has_quote: bool, over_g: int, missing: bool, premium: int) -> None:
    reasons = rules.reasons_to_ask(rules.Bounds(has_quote, over_g, missing, premium))
    assert (not reasons) == (has_quote and not over_g and not missing and 1_000 <= premium <= 1_500)
    assert set(reasons) <= set(rules.ASKING)


@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=15))
def test_what_is_usual_is_never_odd_but_its_double_always_is(earlier: list[int]) -> None:
    usual = rules.usual_g(earlier)
    assert usual is not None
    assert not rules.is_unusual(usual, usual)
    assert rules.is_unusual(2 * usual, usual)
    assert rules.usual_g(earlier[:2]) is None


def waiting_request(database: Database) -> tuple[int, list[Actor], str]:
    """A request and two people who may decide about it, and the price that both see."""
    with database.transaction() as session:
        contract = make_contract(session)
        make_quote(session, contract, day=TODAY - timedelta(days=9))
        answer = hand_in(session, weighed(contract), person(session, "老胡", WEIGHER))
        request = session.get_one(WeighInRequest, answer.request_id)
        seen = deciding.seen_mark(deciding.price_now(session, request, TODAY))
        return request.id, [person(session, "吴晓岚"), person(session, "叶大姐")], seen


def at_once(database: Database, deeds: list[Callable[[Session], object]]) -> list[str]:
    start, said = Barrier(len(deeds)), []

    def run(deed: Callable[[Session], object]) -> None:
        start.wait(10)
        try:
            with database.transaction() as session:
                deed(session)
            said.append("decided")
        except Problem as problem:
            said.append(problem.code)
        except DBAPIError:
            said.append("refused by the database")

    threads = [Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return sorted(said)


def both_approve(request_id: int, deciders: list[Actor], seen: str) -> list[Callable[[Session], object]]:
    return [
        lambda session, by=by: workflows.approve_weigh_in(  # type: ignore[misc]
            session, request_id, words="可以", seen=seen, today=TODAY, now=NOW, by=by
        )
        for by in deciders
    ]


def test_two_who_approve_at_once_write_it_once(database: Database) -> None:
    request_id, deciders, seen = waiting_request(database)
    assert at_once(database, both_approve(request_id, deciders, seen)) == ["decided", "decided_already"]
    with database.transaction() as session:
        assert counted(session, Delivery) == 1
        assert session.get_one(WeighInRequest, request_id).decided_by in {"吴晓岚", "叶大姐"}


def let_both_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out and let both read the request before either decides."""
    looked = Barrier(2)

    def look(session: Session, request_id: int) -> WeighInRequest:
        request = session.get_one(WeighInRequest, request_id)
        looked.wait(10)
        return request

    monkeypatch.setattr(deciding, "lock_request", look)


def test_without_the_lock_the_database_still_keeps_one_decision(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id, deciders, seen = waiting_request(database)
    let_both_look(monkeypatch)
    assert at_once(database, both_approve(request_id, deciders, seen)) == ["decided", "refused by the database"]


def test_without_lock_and_trigger_both_believe_that_they_decided(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id, deciders, seen = waiting_request(database)
    with database.transaction() as session:
        session.execute(text("DROP TRIGGER weigh_in_requests_stay ON weigh_in_requests"))
    let_both_look(monkeypatch)
    assert at_once(database, both_approve(request_id, deciders, seen)) == ["decided", "decided"]
