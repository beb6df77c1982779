"""Reading what waits for a second person, what was decided, and which visits were turned away."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.asking.models import TurnedAway, WeighInRequest
from fulfillment.purchasing.asking.rules import WAITING
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from kernel.people.models import Person, PersonRole
from kernel.people.rules import LEAD, OWNER

_HISTORY = 15


def waiting_requests(session: Session, most: int = 100) -> Sequence[WeighInRequest]:
    """What waits for a second person, the longest first."""
    wanted = select(WeighInRequest).where(WeighInRequest.state == WAITING).order_by(WeighInRequest.id)
    return session.scalars(wanted.limit(most)).all()


def count_waiting(session: Session) -> int:
    """How many weigh-ins wait for a second person."""
    wanted = select(func.count()).select_from(WeighInRequest).where(WeighInRequest.state == WAITING)
    return int(session.scalar(wanted) or 0)


def may_anybody_else_decide(session: Session, request: WeighInRequest) -> bool:
    """Whether there is an owner or a lead besides whoever weighed: without one a request waits in vain."""
    roles = select(PersonRole.role).where(PersonRole.person_id == Person.id, PersonRole.role.in_((OWNER, LEAD)))
    others = select(Person.id).where(Person.active, Person.id != request.asked_by_id, roles.exists())
    return session.scalar(select(others.exists())) is True


def decided_requests(session: Session, most: int = 20) -> Sequence[WeighInRequest]:
    """What was decided last, newest first."""
    wanted = select(WeighInRequest).where(WeighInRequest.state != WAITING)
    return session.scalars(
        wanted.order_by(WeighInRequest.decided_at.desc(), WeighInRequest.id.desc()).limit(most)
    ).all()


def request_by_key(session: Session, key: str) -> WeighInRequest | None:
    """The request that a form's key has left already."""
    return session.scalar(select(WeighInRequest).where(WeighInRequest.key == key))


def request_of(session: Session, delivery_id: int) -> WeighInRequest | None:
    """The request that led to a delivery, if a second person decided about it."""
    return session.scalar(select(WeighInRequest).where(WeighInRequest.delivery_id == delivery_id))


def turned_away_by_key(session: Session, key: str) -> TurnedAway | None:
    """The visit that a form's key has turned away already."""
    return session.scalar(select(TurnedAway).where(TurnedAway.key == key))


def turned_away(session: Session, *, farmer_id: int | None = None, most: int = 20) -> Sequence[TurnedAway]:
    """Visits from which nothing was taken, newest first."""
    wanted = select(TurnedAway).order_by(TurnedAway.id.desc()).limit(most)
    if farmer_id is not None:
        wanted = wanted.where(TurnedAway.contract.has(Contract.farmer_id == farmer_id))
    return session.scalars(wanted).all()


def earlier_weights_g(session: Session, contract_id: int, before: date) -> list[int]:
    """What a contract's farmer brought of its product the last times, net grams with what was refused."""
    contract = session.get_one(Contract, contract_id)
    wanted = (
        select(Delivery.net_g + Delivery.refused_g)
        .join(Delivery.contract)
        .where(
            Delivery.farmer_id == contract.farmer_id,
            Contract.product == contract.product,
            Contract.form == contract.form,
            Delivery.day <= before,
            ~Delivery.taken_back.has(),
        )
    )
    return [int(net_g) for net_g in session.scalars(wanted.order_by(Delivery.id.desc()).limit(_HISTORY))]


def same_figures(session: Session, *, contract_id: int, day: date, gross_g: int, tare_g: int) -> Delivery | None:
    """A delivery of that day with the same weights, which may be the same slip written twice."""
    wanted = select(Delivery).where(
        Delivery.contract_id == contract_id,
        Delivery.day == day,
        Delivery.gross_g == gross_g,
        Delivery.tare_g == tare_g,
        ~Delivery.taken_back.has(),
    )
    return session.scalars(wanted.order_by(Delivery.id.desc()).limit(1)).first()
