"""Settlement runs: many farmers at once, looked at and closed by a second person, every fen accounted for."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.care.farmer_invariants import FARMER_MONEY
from app.care.invariants import check_within
from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.models import FarmerEntry, FarmerPayFacts
from fulfillment.purchasing.accounts.service import Entry, add_entry, undo_entry
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.runs import queries, rules, service
from fulfillment.purchasing.runs.service import Choice
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements import result_service as results
from fulfillment.purchasing.settlements.models import Settlement, SettlementPart, SettlementRun
from fulfillment.purchasing.settlements.result_service import HandOut
from fulfillment.purchasing.settlements.service import Payment, settle
from kernel.audit import SYSTEM, Actor
from kernel.errors import Invalid, Refused
from kernel.people import service as people
from kernel.people.rules import LEAD, OWNER
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.world import NOW

FAR = TODAY + timedelta(days=30)
CAP = 3_000
LOAD_FEN = 10_000 * 8_960 // 1_000


def staff(session: Session) -> tuple[Actor, Actor]:
    """Who drafts and who closes."""
    made = [
        people.add_person(session, name=name, shown_name=name, roles=[role], now=NOW, by=SYSTEM)
        for name, role in (("组长", LEAD), ("老板", OWNER))
    ]
    return Actor(made[0].id, "组长"), Actor(made[1].id, "老板")


def grower(session: Session, name: str, *loads_g: int) -> Contract:
    contract = make_contract(session, make_farmer(session, name))
    make_quote(session, contract)
    for load in loads_g or (10_000,):
        weigh_in(session, weighed(contract, gross_g=load + 1_200))
    return contract


def advance(session: Session, farmer_id: int, fen: int, key: str = "advance-1") -> FarmerEntry:
    entry = Entry(farmer_id, accounts.ADVANCE, fen, TODAY, what=accounts.SPAWN, paper_ref="收条 12")
    return add_entry(session, entry, key=key, now=NOW, by=WEIGHER)


def draft(session: Session, by: Actor, *farmer_ids: int, key: str = "draft-1", set_off_bps: int = 0) -> SettlementRun:
    choice = Choice(FAR, farmer_ids, set_off_bps)
    return service.make_draft(session, choice, cap_bps=CAP, key=key, now=NOW, by=by)


def close(session: Session, run: SettlementRun, by: Actor) -> SettlementRun:
    seen = [each for each in queries.review(session, run) if each.is_paid]
    fen = sum(each.plan.total_fen for each in seen)
    return service.close(session, run.id, seen_fen=fen, seen_farmers=len(seen), now=NOW, by=by)


def sound(session: Session) -> None:
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert check_within(session, FARMER_MONEY).violations == []


def test_a_run_pays_many_farmers_once_and_sets_off_an_advance_in_part(session: Session) -> None:
    lead, owner = staff(session)
    first, second = grower(session, "吴长根", 10_000, 20_000), grower(session, "叶水生")
    debt = advance(session, first.farmer_id, 500_000)
    run = draft(session, lead, first.farmer_id, second.farmer_id, set_off_bps=CAP)
    assert draft(session, lead, first.farmer_id, second.farmer_id).id == run.id, "pressed twice it is one draft"
    assert queries.due(session, FAR) == []
    kept = 3 * LOAD_FEN * CAP // 10_000
    close(session, run, owner)
    assert run.total_fen == 4 * LOAD_FEN - kept
    (left,) = settlements.open_entries(session)
    assert (left.entry.id, left.left_fen) == (debt.id, kept - 500_000), "the rest is carried over"
    assert settlements.open_payables(session) == []
    assert [each.result for each in queries.outcomes(session, run)] == ["to_pay", "to_pay"]
    assert service.hand_out_all(session, run.id, HandOut("cash"), now=NOW, by=owner) == 2
    assert service.hand_out_all(session, run.id, HandOut("cash"), now=NOW, by=owner) == 0
    sound(session)


def test_who_drafts_does_not_close_and_the_database_says_so_too(session: Session) -> None:
    lead, owner = staff(session)
    run = draft(session, lead, grower(session, "吴长根").farmer_id)
    with pytest.raises(Refused) as refused:
        close(session, run, lead)
    assert refused.value.code == "same_person"
    closed = {"state": "closed", "closed_at": NOW, "total_fen": 1}
    for wrong in ({"closed_by_id": lead.person_id}, {"closed_by_id": lead.person_id, "made_by_id": owner.person_id}):
        with pytest.raises(IntegrityError, match=r"closed_by_another|does not change"), session.begin_nested():
            session.execute(update(SettlementRun).where(SettlementRun.id == run.id).values(closed | wrong))


def test_a_closed_run_never_changes_and_pays_nobody_more(session: Session) -> None:
    lead, owner = staff(session)
    run = draft(session, lead, grower(session, "吴长根").farmer_id)
    close(session, run, owner)
    again = service.close(session, run.id, seen_fen=LOAD_FEN, seen_farmers=1, now=NOW, by=owner)
    assert again is run, "pressed twice it is closed once"
    for seen_fen, by in ((LOAD_FEN, lead), (LOAD_FEN + 1, owner)):
        with pytest.raises(Refused) as refused:
            service.close(session, run.id, seen_fen=seen_fen, seen_farmers=1, now=NOW, by=by)
        assert refused.value.code == "wrong_state"
    assert len(session.scalars(select(Settlement)).all()) == 1
    with pytest.raises(IntegrityError, match="does not change"), session.begin_nested():
        session.execute(update(SettlementRun).values(state="draft", closed_by_id=None, closed_at=None, total_fen=None))


def test_figures_that_changed_are_looked_at_again(session: Session) -> None:
    lead, owner = staff(session)
    contract = grower(session, "吴长根", 10_000, 20_000)
    run = draft(session, lead, contract.farmer_id)
    seen = queries.review(session, run)[0].plan.total_fen
    one = settlements.open_payables(session)[0]
    settle(session, Payment(contract.farmer_id, frozenset({one.id}), "cash"), key="counter-1", now=NOW, by=WEIGHER)
    (now,) = queries.review(session, run)
    assert rules.GONE in now.marks
    with pytest.raises(Refused) as refused:
        service.close(session, run.id, seen_fen=seen, seen_farmers=1, now=NOW, by=owner)
    assert refused.value.code == "figures_changed"
    close(session, run, owner)
    assert run.total_fen == 2 * LOAD_FEN
    sound(session)


def test_lines_farmers_and_set_offs_of_a_draft_can_be_changed_and_the_draft_dropped(session: Session) -> None:
    lead, _ = staff(session)
    first, second = grower(session, "吴长根", 10_000, 20_000), grower(session, "叶水生")
    advance(session, first.farmer_id, 50_000)
    run = draft(session, lead, first.farmer_id, second.farmer_id)
    service.leave_farmer_out(session, run.id, second.farmer_id)
    payable = settlements.open_payables(session, first.farmer_id)[0]
    service.leave_out(session, run.id, payable.id)
    service.set_off(session, run.id, first.farmer_id, 1_000, now=NOW, by=lead)
    (left,) = queries.review(session, run)
    assert (left.plan.gross_fen, left.plan.total_fen) == (2 * LOAD_FEN, 2 * LOAD_FEN - 1_000)
    with pytest.raises(Invalid):
        service.set_off(session, run.id, first.farmer_id, left.most_fen + 1, now=NOW, by=lead)
    assert {each.farmer.id for each in queries.due(session, FAR)} == {first.farmer_id, second.farmer_id}
    for _ in range(2):
        service.drop(session, run.id, now=NOW, by=lead)
    assert sum(len(each.payables) for each in queries.due(session, FAR)) == 3
    sound(session)


def test_a_line_under_question_waits_and_is_marked_when_it_is_already_chosen(session: Session) -> None:
    lead, _ = staff(session)
    contract = grower(session, "吴长根", 10_000, 20_000)
    payable = settlements.open_payables(session)[0]
    run = draft(session, lead, contract.farmer_id)
    question = results.ask_about(session, payable.id, reason="毛重对不上", now=NOW, by=WEIGHER)
    assert results.ask_about(session, payable.id, reason="毛重对不上", now=NOW, by=WEIGHER) is question
    with pytest.raises(Refused):
        results.ask_about(session, payable.id, reason="再问", now=NOW, by=WEIGHER)
    assert rules.QUESTIONED in queries.review(session, run)[0].marks
    service.drop(session, run.id, now=NOW, by=lead)
    (found,) = queries.due(session, FAR)
    assert (len(found.payables), found.questioned) == (1, 1)
    results.answer(session, question.id, words="重新称过，对的", now=NOW, by=WEIGHER)
    assert len(queries.due(session, FAR)[0].payables) == 2


def test_money_that_came_back_is_owed_again_by_a_line_of_its_own(session: Session) -> None:
    lead, owner = staff(session)
    contract = grower(session, "吴长根")
    run = draft(session, lead, contract.farmer_id)
    close(session, run, owner)
    (outcome,) = queries.outcomes(session, run)
    results.hand_out(session, outcome.settlement.id, HandOut("bank", "流水 1"), now=NOW, by=owner)
    for _ in range(2):
        results.take_money_back(session, outcome.settlement.id, reason="账号错", now=NOW, by=owner)
    (left,) = settlements.open_entries(session)
    assert (left.entry.kind, left.left_fen) == ("came_back", LOAD_FEN)
    assert [each.result for each in queries.outcomes(session, run)] == ["came_back"]
    again = draft(session, lead, contract.farmer_id, key="draft-2")
    close(session, again, owner)
    assert again.total_fen == LOAD_FEN
    sound(session)


def test_what_was_reversed_is_not_handed_out(session: Session) -> None:
    lead, owner = staff(session)
    run = draft(session, lead, grower(session, "吴长根").farmer_id)
    close(session, run, owner)
    settlement = queries.outcomes(session, run)[0].settlement
    results.take_money_back(session, settlement.id, reason="算错", now=NOW, by=owner)
    with pytest.raises(Refused) as refused:
        results.hand_out(session, settlement.id, HandOut("cash"), now=NOW, by=owner)
    assert refused.value.code == "returned_already"
    assert queries.outcomes(session, run)[0].result == "reversed"
    sound(session)


def test_an_account_that_changed_after_closing_stays_out_of_the_banks_file(session: Session) -> None:
    lead, owner = staff(session)
    contract = grower(session, "吴长根")
    facts = FarmerPayFacts(
        farmer_id=contract.farmer_id,
        method="bank",
        account_holder="吴长根",
        account_number="6228480000000000001",
        account_changed_at=NOW - timedelta(days=1),
        changed_at=NOW,
        changed_by="x",
    )
    session.add(facts)
    session.flush()
    run = draft(session, lead, contract.farmer_id)
    close(session, run, owner)
    assert queries.outcomes(session, run)[0].may_go_by_bank
    facts.account_changed_at = NOW + timedelta(minutes=1)
    session.flush()
    assert not queries.outcomes(session, run)[0].may_go_by_bank
    assert service.hand_out_all(session, run.id, HandOut("bank"), now=NOW, by=owner) == 0


def test_the_database_keeps_no_more_than_an_entry_has_or_the_cap_allows(session: Session) -> None:
    contract = grower(session, "吴长根")
    debt = advance(session, contract.farmer_id, 10_000)
    payable = settlements.open_payables(session)[0]
    payment = Payment(contract.farmer_id, frozenset({payable.id}), "cash", set_off_fen=4_000, cap_bps=CAP)
    settlement = settle(session, payment, key="counter-1", now=NOW, by=WEIGHER)
    assert settlement.total_fen == LOAD_FEN - 4_000
    part = {"settlement_id": settlement.id, "entry_id": debt.id, "farmer_id": contract.farmer_id}
    with pytest.raises(IntegrityError, match=r"pk_settlement_parts|entry_is_used"), session.begin_nested():
        session.execute(insert(SettlementPart).values(part | {"amount_fen": -1}))
    more = advance(session, contract.farmer_id, 90_000, "advance-2")
    with pytest.raises(IntegrityError, match="does not add up"), session.begin_nested():
        _keep_by_hand(session, part | {"entry_id": more.id, "amount_fen": -80_000})
    with pytest.raises(Refused) as refused:
        undo_entry(session, debt.id, reason="写错", now=NOW, by=WEIGHER)
    assert refused.value.code == "entry_used"
    undo_entry(session, more.id, reason="写错", now=NOW, by=WEIGHER)
    assert [each.left_fen for each in settlements.open_entries(session)] == [-6_000]
    with pytest.raises(IntegrityError, match="was undone"), session.begin_nested():
        session.execute(insert(SettlementPart).values(part | {"entry_id": more.id, "amount_fen": -1}))
    sound(session)


def _keep_by_hand(session: Session, part: dict[str, int]) -> None:
    session.execute(insert(SettlementPart).values(part))
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
