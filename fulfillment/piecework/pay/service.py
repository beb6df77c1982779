"""Pay runs: opened, looked at, closed by the owner once; payments and what comes back; reversal by new lines."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.piecework.minimum import service as minimum
from fulfillment.piecework.minimum.queries import all_facts
from fulfillment.piecework.pay import queries, rules
from fulfillment.piecework.pay.models import Payout, PayRun, PayRunEntry, PayRunPerson
from fulfillment.piecework.pay.rules import PersonPay
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused


def open_run(session: Session, *, first_day: date, last_day: date, now: datetime, by: Actor) -> PayRun:
    """Begin to look at what would be paid; nothing is taken yet.

    Raises:
        Refused: another run is open.
    """
    run = PayRun(first_day=first_day, last_day=last_day, state=rules.OPEN, opened_by_id=by.person_id, opened_at=now)
    try:
        with session.begin_nested():
            session.add(run)
            session.flush()
    except IntegrityError as error:
        if "uq_pay_runs_open" not in str(error.orig):
            raise
        raise Refused(
            "已经有一次发薪在核对，请先完成它。", "A pay run is open already; finish that one first.", code="run_open"
        ) from None
    _record(session, run, "opened", now=now, by=by)
    return run


def propose(session: Session, run_id: int, *, now: datetime, by: Actor) -> PayRun:
    """The lead has looked at everybody and hands the run to the owner."""
    run = _lock(session, run_id)
    _require(run, rules.OPEN)
    if run.proposed_at is None:
        run.proposed_by_id, run.proposed_at = by.person_id, now
        session.flush()
        _record(session, run, "proposed", now=now, by=by)
    return run


def drop(session: Session, run_id: int, *, now: datetime, by: Actor) -> None:
    """Look no further: an open run has taken nothing, so nothing is lost."""
    run = _lock(session, run_id)
    _require(run, rules.OPEN)
    _record(session, run, "dropped", now=now, by=by)
    session.delete(run)
    session.flush()


def close(
    session: Session, run_id: int, *, seen_fen: int, seen_people: int, zone: ZoneInfo, now: datetime, by: Actor
) -> PayRun:
    """Take every line up to the last day, once, with what the law adds; ``seen_*`` is what stood on the screen.

    Raises:
        Refused: it was closed meanwhile, or the figures are no longer those that were looked at.
    """
    run = _lock(session, run_id)
    _require(run, rules.OPEN)
    people = queries.review(session, run, now=now, zone=zone)
    paid = [person for person in people if person.is_paid]
    total_fen = sum(person.total_fen for person in paid)
    if (total_fen, len(paid)) != (seen_fen, seen_people):
        raise Refused(
            "您看的时候又有新的记录，数字变了。请再看一遍。",
            "The figures have changed since you looked. Please look again.",
            code="figures_changed",
        )
    if not paid:
        raise Refused("没有要发的。", "There is nothing to pay.", code="nothing_to_pay")
    session.add_all(
        PayRunPerson(run_id=run.id, person_id=person.person_id, amount_fen=person.total_fen, method=person.method)
        for person in paid
    )
    session.flush()
    for person in people:
        added = _add_by_law(session, person, zone=zone, now=now, by=by)
        if person.is_paid:
            _take(session, run, person, [*person.entry_ids, *added])
    run.state, run.closed_by_id, run.closed_at, run.total_fen = rules.CLOSED, by.person_id, now, total_fen
    session.flush()
    _record(session, run, "closed", now=now, by=by)
    return run


def _add_by_law(session: Session, person: PersonPay, *, zone: ZoneInfo, now: datetime, by: Actor) -> list[int]:
    """Owe what the law adds, also to who gets nothing this time: a later run does not test these periods again."""
    return [
        entry.id
        for found in person.additions
        for entry in minimum.add(session, person.person_id, found, zone=zone, now=now, by=by)
    ]


def _take(session: Session, run: PayRun, person: PersonPay, ids: Sequence[int]) -> None:
    before = _times_given_back(session, ids)
    amounts = queries.amounts_of(session, ids)
    session.execute(
        insert(PayRunEntry),
        [
            {
                "run_id": run.id,
                "entry_id": entry_id,
                "person_id": person.person_id,
                "amount_fen": amounts[entry_id],
                "round": before.get(entry_id, 0) + 1,
                "kind": "taken",
            }
            for entry_id in ids
        ],
    )


def _times_given_back(session: Session, entry_ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(PayRunEntry.entry_id, func.count())
        .where(PayRunEntry.entry_id.in_(entry_ids), PayRunEntry.kind == "given_back")
        .group_by(PayRunEntry.entry_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def reverse(session: Session, run_id: int, *, reason: str, now: datetime, by: Actor) -> PayRun:
    """The run was wrong: each of its lines is given back by a line of its own, and the next run takes them.

    Raises:
        Refused: money of it is still out.
    """
    run = _lock(session, run_id)
    if run.state == rules.REVERSED:
        return run
    _require(run, rules.CLOSED)
    if any(person.paid_fen for person in queries.people_of(session, run.id)):
        raise Refused(
            "已经有人拿到钱了。请先把发出去的钱登记为“退回”，再撤销。",
            "Somebody has had money of this run. Note it as come back first.",
            code="money_is_out",
        )
    taken = session.scalars(
        select(PayRunEntry).where(PayRunEntry.run_id == run.id, PayRunEntry.kind == "taken").order_by(PayRunEntry.id)
    )
    session.add_all(
        PayRunEntry(
            run_id=run.id,
            entry_id=line.entry_id,
            person_id=line.person_id,
            amount_fen=line.amount_fen,
            round=line.round,
            kind="given_back",
            gives_back_id=line.id,
        )
        for line in taken.all()
    )
    run.state, run.reversed_by_id, run.reversed_at, run.reverse_reason = rules.REVERSED, by.person_id, now, reason
    session.flush()
    _record(session, run, "reversed", now=now, by=by)
    return run


def pay_out(
    session: Session, run_id: int, person_id: int, *, fen: int, method: str, note: str, now: datetime, by: Actor
) -> Payout:
    """Money was handed out, whole or in part.

    Raises:
        NotFound: the person is not in the run. Refused: it is more than is left.
    """
    run = _lock(session, run_id)
    _require(run, rules.CLOSED)
    found = queries.people_of(session, run_id, person_id)
    if not found:
        raise NotFound("这次发薪里没有这个人。", "That person is not in this pay run.")
    if fen > found[0].left_fen:
        raise Refused("比还没发的多，请看清楚再填。", "That is more than is left to pay.", code="more_than_owed")
    payout = Payout(
        run_id=run_id, person_id=person_id, kind=rules.PAID, method=method, fen=fen, note=note, at=now, by=by.name
    )
    return _write(session, payout, by)


def pay_all_left(session: Session, run_id: int, method: str, *, now: datetime, by: Actor) -> int:
    """The bank's transfer has gone out, or the cash list is signed: everybody who is paid this way has had all.

    Without an account number there was no transfer: that person's money is still to be paid. Returns how many have
    had theirs.
    """
    run = _lock(session, run_id)
    _require(run, rules.CLOSED)
    due = [each for each in queries.people_of(session, run_id) if each.method == method and each.left_fen > 0]
    if method == rules.BANK:
        facts = all_facts(session)
        due = [each for each in due if each.person_id in facts and facts[each.person_id].account_number]
    for each in due:
        payout = Payout(
            run_id=run_id,
            person_id=each.person_id,
            kind=rules.PAID,
            method=method,
            fen=each.left_fen,
            at=now,
            by=by.name,
        )
        _write(session, payout, by)
    return len(due)


def came_back(session: Session, payout_id: int, *, note: str, now: datetime, by: Actor) -> Payout:
    """The bank sent a payment back, or it was noted by mistake: a line of its own. A second time changes nothing."""
    paid = session.get(Payout, payout_id)
    if paid is None or paid.kind != rules.PAID:
        raise NotFound("没有这笔付款。", "There is no such payment.")
    _lock(session, paid.run_id)
    known = session.scalar(select(Payout).where(Payout.reverses_id == payout_id))
    if known is not None:
        return known
    payout = Payout(
        run_id=paid.run_id,
        person_id=paid.person_id,
        kind=rules.CAME_BACK,
        method=paid.method,
        fen=paid.fen,
        reverses_id=paid.id,
        note=note,
        at=now,
        by=by.name,
    )
    return _write(session, payout, by)


def _write(session: Session, payout: Payout, by: Actor) -> Payout:
    session.add(payout)
    session.flush()
    facts = {"person": payout.person_id, "fen": payout.fen, "method": payout.method}
    action, subject = f"payout.{payout.kind}", f"pay_run:{payout.run_id}"
    record_change(session, actor=by, action=action, subject=subject, at=payout.at, after=facts)
    return payout


def _lock(session: Session, run_id: int) -> PayRun:
    run = lock_row(session, PayRun, run_id)
    if run is None:
        raise NotFound("没有这次发薪。", "There is no such pay run.")
    return run


def _require(run: PayRun, state: str) -> None:
    if run.state != state:
        raise Refused(
            "这次发薪刚才已经变了，请看现在的样子。",
            "This pay run has changed meanwhile; look at it as it is now.",
            code="wrong_state",
        )


def _record(session: Session, run: PayRun, what: str, *, now: datetime, by: Actor) -> None:
    facts = {
        "first_day": run.first_day.isoformat(),
        "last_day": run.last_day.isoformat(),
        "total_fen": run.total_fen,
        "reason": run.reverse_reason,
    }
    after = {name: fact for name, fact in facts.items() if fact not in (None, "")}
    record_change(session, actor=by, action=f"pay_run.{what}", subject=f"pay_run:{run.id}", at=now, after=after)
