"""Runs: drafted, looked at and changed, closed once by a second person, or dropped."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.runs import queries, rules
from fulfillment.purchasing.runs.models import SettlementRunFarmer, SettlementRunPayable
from fulfillment.purchasing.runs.queries import Reviewed
from fulfillment.purchasing.settlements import result_service
from fulfillment.purchasing.settlements import rules as paying
from fulfillment.purchasing.settlements import service as settlements
from fulfillment.purchasing.settlements.models import SettlementRun
from fulfillment.purchasing.settlements.result_service import HandOut
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import Invalid, NotFound, Refused
from kernel.money import yuan
from kernel.text import Text


@dataclass(frozen=True)
class Choice:
    """Whom a run pays, and what is due by which day.

    ``set_off_bps``: so much of each payment is proposed to be kept for open debts; 0 proposes nothing.
    """

    due_by: date
    farmer_ids: Collection[int]
    set_off_bps: int = 0


def make_draft(session: Session, choice: Choice, *, cap_bps: int, key: str, now: datetime, by: Actor) -> SettlementRun:
    """Choose due payables of many farmers at once; no money moves, and nothing is settled yet. Same key: same draft.

    Raises:
        Refused: nothing is due, or another draft has one of the lines.
    """
    known = session.scalar(select(SettlementRun).where(SettlementRun.idempotency_key == key))
    if known is not None:
        return known
    due = [each for each in queries.due(session, choice.due_by) if each.farmer.id in choice.farmer_ids]
    if not due:
        raise Refused("请选要付的农户。", "Choose whom to pay.", code="nothing_to_pay")
    run = SettlementRun(
        idempotency_key=key, state=rules.DRAFT, set_off_cap_bps=cap_bps, made_by_id=by.person_id, made_at=now
    )
    try:
        with session.begin_nested():
            session.add(run)
            session.flush()
            for each in due:
                debts = [paying.OpenEntry(debt.entry.id, debt.left_fen) for debt in each.debts]
                kept = paying.most_set_off(each.gross_fen, debts, min(choice.set_off_bps, cap_bps))
                session.add(SettlementRunFarmer(run_id=run.id, farmer_id=each.farmer.id, set_off_fen=kept))
            session.flush()
            session.add_all(
                SettlementRunPayable(run_id=run.id, farmer_id=each.farmer.id, payable_id=payable.id)
                for each in due
                for payable in each.payables
            )
            session.flush()
    except IntegrityError as error:
        known = session.scalar(select(SettlementRun).where(SettlementRun.idempotency_key == key))
        if known is not None:
            return known
        if "pk_settlement_run_payables" not in str(error.orig):
            raise
        raise Refused(
            "其中有一笔刚才进了另一份草稿，请重新选。",
            "One of these went into another draft just now; choose again.",
            code="in_another_run",
        ) from None
    _record(session, run, "drafted", now=now, by=by)
    return run


def set_off(session: Session, run_id: int, farmer_id: int, fen: int, *, now: datetime, by: Actor) -> None:
    """Keep this much of one farmer's payment for advances and agreed deductions.

    Raises:
        Invalid: more than is open or than the cap allows.
    """
    run, found = _one_of(session, run_id, farmer_id)
    if fen > found.most_fen:
        most = Text(f"最多抵扣 ¥{yuan(found.most_fen)}。", f"At most ¥{yuan(found.most_fen)} may be set off.")
        raise Invalid(most.zh, most.en, fields={"set_off": most})
    session.get_one(SettlementRunFarmer, (run.id, farmer_id)).set_off_fen = fen
    session.flush()
    after = {"farmer": farmer_id, "set_off_fen": fen}
    record_change(
        session, actor=by, action="settlement_run.set_off", subject=f"settlement_run:{run.id}", at=now, after=after
    )


def leave_out(session: Session, run_id: int, payable_id: int) -> None:
    """One line is not paid with this draft; it stays owed."""
    run = _draft(session, run_id)
    session.execute(
        delete(SettlementRunPayable).where(
            SettlementRunPayable.run_id == run.id, SettlementRunPayable.payable_id == payable_id
        )
    )


def leave_farmer_out(session: Session, run_id: int, farmer_id: int) -> None:
    """A farmer is not paid with this draft; everything stays owed."""
    run = _draft(session, run_id)
    session.execute(
        delete(SettlementRunFarmer).where(
            SettlementRunFarmer.run_id == run.id, SettlementRunFarmer.farmer_id == farmer_id
        )
    )


def drop(session: Session, run_id: int, *, now: datetime, by: Actor) -> None:
    """Do not pay now: a draft has taken nothing, so nothing is lost. Pressed twice, it is dropped once."""
    known = lock_row(session, SettlementRun, run_id)
    if known is not None and known.state == rules.DROPPED:
        return
    run = _draft(session, run_id)
    session.execute(delete(SettlementRunFarmer).where(SettlementRunFarmer.run_id == run.id))
    run.state = rules.DROPPED
    session.flush()
    _record(session, run, "dropped", now=now, by=by)


def close(
    session: Session, run_id: int, *, seen_fen: int, seen_farmers: int, now: datetime, by: Actor
) -> SettlementRun:
    """Settle everybody in the draft, each payable once; ``seen_*`` is what stood on the screen.

    Pressed twice by one person it is closed once.

    Raises:
        Refused: the one who drafted it closes it, the figures have changed, or a line is paid or below its promise.
    """
    known = lock_row(session, SettlementRun, run_id)
    if (
        known is not None
        and known.state == rules.CLOSED
        and (known.closed_by_id, known.total_fen) == (by.person_id, seen_fen)
    ):
        return known
    run = _draft(session, run_id)
    if by.person_id is None or by.person_id == run.made_by_id:
        raise Refused(
            "做草稿的人不能自己定，请另一位来核对。",
            "Whoever made the draft cannot close it; a second person looks and closes.",
            code="same_person",
        )
    paid = [each for each in queries.review(session, run) if each.is_paid]
    total_fen = sum(each.plan.total_fen for each in paid)
    if (total_fen, len(paid)) != (seen_fen, seen_farmers):
        raise Refused(
            "您看的时候数字变了，请再看一遍。",
            "The figures have changed since you looked. Please look again.",
            code="figures_changed",
        )
    if not paid:
        raise Refused("没有要付的。", "There is nothing to pay.", code="nothing_to_pay")
    for each in paid:
        _settle(session, run, each, now=now, by=by)
    run.state, run.closed_by_id, run.closed_at, run.total_fen = rules.CLOSED, by.person_id, now, total_fen
    session.flush()
    _record(session, run, "closed", now=now, by=by)
    return run


def hand_out_all(session: Session, run_id: int, how: HandOut, *, now: datetime, by: Actor) -> int:
    """The bank has made the transfers, or the cash list is signed: everybody paid this way has the money.

    Who was not in the bank's file is left as it is. Returns how many have had theirs.
    """
    run = lock_row(session, SettlementRun, run_id)
    if run is None or run.state != rules.CLOSED:
        raise NotFound("没有这次结算。", "There is no such settlement run.")
    open_ones = [each for each in queries.outcomes(session, run) if each.result == paying.TO_PAY]
    by_bank = how.method == paying.BANK
    chosen = [each for each in open_ones if each.may_go_by_bank == by_bank and each.settlement.method == how.method]
    for each in chosen:
        result_service.hand_out(session, each.settlement.id, how, now=now, by=by)
    return len(chosen)


def _settle(session: Session, run: SettlementRun, each: Reviewed, *, now: datetime, by: Actor) -> None:
    writing = settlements.Writing(
        key=f"run:{run.id}:{each.farmer.id}",
        farmer_id=each.farmer.id,
        payables=each.payables,
        plan=each.plan,
        method=each.method,
        cap_bps=run.set_off_cap_bps,
        run_id=run.id,
    )
    settlement = settlements.write(session, writing, now=now, by=by)
    if not settlement.total_fen:
        # All of it is set off: there is nothing to hand out.
        result_service.hand_out(session, settlement.id, HandOut(settlement.method), now=now, by=by)


def _draft(session: Session, run_id: int) -> SettlementRun:
    """The draft, locked: two who change or close it come one after the other."""
    run = lock_row(session, SettlementRun, run_id)
    if run is None:
        raise NotFound("没有这次结算。", "There is no such settlement run.")
    if run.state != rules.DRAFT:
        raise Refused(
            "这次结算刚才已经变了，请看现在的样子。",
            "This run has changed meanwhile; look at it as it is now.",
            code="wrong_state",
        )
    return run


def _one_of(session: Session, run_id: int, farmer_id: int) -> tuple[SettlementRun, Reviewed]:
    run = _draft(session, run_id)
    found = next((each for each in queries.review(session, run) if each.farmer.id == farmer_id), None)
    if found is None:
        raise NotFound("草稿里没有这位农户。", "That farmer is not in this draft.")
    return run, found


def _record(session: Session, run: SettlementRun, what: str, *, now: datetime, by: Actor) -> None:
    after = {} if run.total_fen is None else {"total_fen": run.total_fen}
    subject = f"settlement_run:{run.id}"
    record_change(session, actor=by, action=f"settlement_run.{what}", subject=subject, at=now, after=after)
