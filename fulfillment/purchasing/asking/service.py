"""The one entry for a weigh-in, and the second person who decides about one that is out of bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.service import WeighIn
from fulfillment.purchasing.weighing.rules import Bag
from kernel.audit import Actor


@dataclass(frozen=True)
class HandedIn:
    """A weigh-in as it was typed: its facts, and the bags that add up to its gross and tare (none: one lump).

    ``is_sure``: the person was asked about an unusual weight, or about the same figures written before, and said yes.
    """

    facts: WeighIn
    bags: Sequence[Bag] = ()
    is_sure: bool = False


@dataclass(frozen=True)
class Answer:
    """What became of a weigh-in.

    ``state`` is ``written`` (with the delivery), ``waiting`` (with the request, and the reasons that a second person
    has to look at) or ``refused`` (a request that was refused, or a visit that was turned away).
    """

    state: str
    delivery_id: int | None = None
    request_id: int | None = None
    turned_away_id: int | None = None
    reasons: tuple[str, ...] = ()


class Writer(Protocol):
    """Writes a delivery with its lot, payable and stock: the roof's own flow, handed in."""

    def __call__(
        self,
        session: Session,
        facts: WeighIn,
        *,
        key: str,
        today: date,
        now: datetime,
        by: Actor,
        within_days: int | None = None,
    ) -> Delivery:
        """Return the delivery; the same key again returns the same one."""


def hand_in(
    session: Session, handed: HandedIn, *, key: str, today: date, now: datetime, by: Actor, write: Writer
) -> Answer:
    """Write a weigh-in, or keep it for a second person; the same key again gives the same answer.

    Call it through the roof, ``flows().hand_in(session, handed, key=, today=, now=, by=)``, which hands in ``write``.

    Raises:
        KeyReused: the key came before with other figures. Invalid: a field cannot be right, or is to be confirmed
        (code ``unusual``: send it again with ``is_sure``). Refused: the goods are too moist, or the contract has ended.
    """
    raise NotImplementedError
