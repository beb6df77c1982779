"""The second person: approving or refusing a weigh-in that waits, and taking one's own back."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from fulfillment.purchasing import rules as price_rules
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.asking import rules
from fulfillment.purchasing.asking.models import WeighInRequest
from fulfillment.purchasing.asking.service import Answer, Writer, answer_of, facts_of
from fulfillment.purchasing.growers.contract_service import allow_more
from fulfillment.purchasing.rules import Slip
from fulfillment.purchasing.service import WeighIn
from fulfillment.purchasing.weighing.rules import Bag
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused


class DecidedAlready(Refused):
    """Somebody decided about the request before."""

    code = "decided_already"

    def __init__(self, request: WeighInRequest) -> None:
        super().__init__(
            f"{request.decided_by} 已经决定过了，请看结果。",
            f"{request.decided_by} has decided about it already. Look at the result.",
        )


class FigureChanged(Refused):
    """The amount on the screen is not the amount that would be written."""

    code = "figure_changed"

    def __init__(self) -> None:
        super().__init__(
            "金额和刚才看到的不一样，请再看一遍再确认。",
            "The amount differs from what was on the screen. Look again, then confirm.",
        )


def price_now(session: Session, request: WeighInRequest, today: date) -> Slip:
    """What would be paid if the request were approved now: the price then valid, or the newest that may be let count.

    Raises:
        Refused: there is no price at all yet.
    """
    facts, over = facts_of(request), over_now(request)
    return purchasing.work_out(session, facts, today, within_days=_within(request), extra_g=over).slip


def over_now(request: WeighInRequest) -> int:
    """How much more than the contract still takes a request brings, in grams; approving it lets that in."""
    return price_rules.over_g(purchasing.season_of(request.contract), facts_of(request).net_g)


def _within(request: WeighInRequest) -> int | None:
    return rules.OLDEST_QUOTE_DAYS if rules.NO_QUOTE in request.reasons else None


def seen_mark(slip: Slip) -> str:
    """What the screen showed: the amount and the quote that led to it."""
    return f"{slip.price.pay_fen}.{slip.quote.id}"


def approve(
    session: Session, request_id: int, *, words: str, seen: str, today: date, now: datetime, by: Actor, write: Writer
) -> Answer:
    """Write the delivery of a request, at the price that is valid now; pressed twice, it is written once.

    ``seen`` is the :func:`seen_mark` of the price that the approver looked at. The delivery keeps who weighed it.

    Raises:
        DecidedAlready: another person was quicker. FigureChanged: another price counts meanwhile. Refused: it is
        one's own, the contract takes no more, or there is no price at all.
    """
    request = lock_request(session, request_id)
    if request.state == rules.APPROVED and request.decided_by_id == by.person_id:
        return answer_of(request)
    _check_second_person(request, by)
    facts, asker = facts_of(request), Actor(request.asked_by_id, request.asked_by)
    purchasing.lock_contract(session, facts.contract_id)
    _make_room(session, request, facts, words, now, asker=asker, by=by)
    bags = [Bag(*bag) for bag in request.bags]
    delivery = write(
        session, facts, key=request.key, today=today, now=now, by=asker, bags=bags, within_days=_within(request)
    )
    if seen_mark(purchasing.slip_of(delivery)) != seen:
        raise FigureChanged
    _decide(session, request, rules.APPROVED, words, now=now, by=by, delivery_id=delivery.id)
    return answer_of(request)


def _make_room(
    session: Session, request: WeighInRequest, facts: WeighIn, words: str, now: datetime, *, asker: Actor, by: Actor
) -> None:
    """Let the contract take what is too much, which is what the approver agrees to."""
    over = over_now(request)
    if over:
        reason = words or f"weigh-in request {request.id}"
        allow_more(session, facts.contract_id, over, reason=reason, asked_by=asker, agreed_by=by, now=now)


def refuse(session: Session, request_id: int, *, words: str, now: datetime, by: Actor) -> Answer:
    """Turn a request down with a reason: nothing is owed, nothing enters stock, what was typed stays to be read.

    Raises:
        DecidedAlready: another person was quicker. Refused: it is one's own.
    """
    request = lock_request(session, request_id)
    if request.state == rules.REFUSED and request.decided_by_id == by.person_id:
        return answer_of(request)
    _check_second_person(request, by)
    _decide(session, request, rules.REFUSED, words, now=now, by=by)
    return answer_of(request)


def take_back(session: Session, request_id: int, *, now: datetime, by: Actor) -> Answer:
    """Whoever asked takes it back, to type it anew.

    Raises:
        DecidedAlready: somebody has decided. Refused: somebody else asked.
    """
    request = lock_request(session, request_id)
    if request.asked_by_id != by.person_id:
        raise Refused("只有提交的人能撤回。", "Only who asked can take it back.", code="not_yours")
    if request.state == rules.TAKEN_BACK:
        return answer_of(request)
    if request.state != rules.WAITING:
        raise DecidedAlready(request)
    _decide(session, request, rules.TAKEN_BACK, "", now=now, by=by)
    return answer_of(request)


def lock_request(session: Session, request_id: int) -> WeighInRequest:
    """The request, held until this decision is made, so that a second one waits and then sees it."""
    request = lock_row(session, WeighInRequest, request_id)
    if request is None:
        raise NotFound("没有这个申请。", "There is no such request.")
    return request


def _check_second_person(request: WeighInRequest, by: Actor) -> None:
    if request.state != rules.WAITING:
        raise DecidedAlready(request)
    if by.person_id is None or by.person_id == request.asked_by_id:
        raise Refused("要另一个人来决定。", "Another person has to decide.", code="second_person")


def _decide(
    session: Session,
    request: WeighInRequest,
    state: str,
    words: str,
    *,
    now: datetime,
    by: Actor,
    delivery_id: int | None = None,
) -> None:
    request.state, request.words, request.delivery_id = state, words, delivery_id
    request.decided_by_id, request.decided_by, request.decided_at = by.person_id, by.name, now
    session.flush()
    subject = f"weigh_in_request:{request.id}"
    record_change(session, actor=by, action=f"weigh_in.{state}", subject=subject, at=now, after={"words": words})
