"""Writing what the scale said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.couriers.terms import SendingTerms
from fulfillment.couriers.weighing.models import ParcelWeighing
from fulfillment.couriers.weighing.queries import weighings_of
from fulfillment.couriers.weighing.rules import RIGHT, Piece, tolerance_g, verdict, what_may_be_wrong
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import OPEN, PACKED
from kernel.audit import Actor, record_change
from kernel.errors import Refused
from kernel.text import Text
from shop.catalog.models import Variant

# A scale presses Enter by itself, and the page sends its reading again with the number of the label.
_SAME_READING = timedelta(minutes=10)


@dataclass(frozen=True)
class Weighed:
    """What came of putting a box on the scale; ``words`` say what may be wrong."""

    weighing: ParcelWeighing
    words: Text

    @property
    def may_leave(self) -> bool:
        """Whether it weighs what it should, or somebody said why it may leave all the same."""
        return self.weighing.verdict == RIGHT or bool(self.weighing.reason)


def weigh_box(
    session: Session,
    box: Sequence[Parcel],
    weight_g: int,
    *,
    reason: str = "",
    terms: SendingTerms,
    now: datetime,
    by: Actor,
) -> Weighed:
    """Write a reading for a box, which begins with the parcel that leads it; each reading is a line of its own, once.

    ``reason`` is why it may leave although the weight is wrong.

    Raises:
        Refused: the box has left, or will not.
    """
    if box[0].state not in (OPEN, PACKED):
        raise Refused("这一箱已经不在这里了。", "This box is no longer here.", code="wrong_state")
    expected = sum(parcel.weight_g for parcel in box) + terms.box_tare_g
    tolerance = tolerance_g(expected, terms)
    how = verdict(weight_g, expected, tolerance)
    words = what_may_be_wrong(weight_g, expected, tolerance, _pieces(session, box))
    reading = {"weight_g": weight_g, "expected_g": expected, "reason": "" if how == RIGHT else reason}
    last = next(iter(weighings_of(session, box[0].id)), None)
    if last and now - last.at <= _SAME_READING and all(getattr(last, name) == it for name, it in reading.items()):
        return Weighed(last, words)
    weighing = ParcelWeighing(parcel_id=box[0].id, tolerance_g=tolerance, verdict=how, at=now, by=by.name, **reading)
    session.add(weighing)
    session.flush()
    if how != RIGHT:
        record_change(
            session,
            actor=by,
            action="parcel.weight_accepted" if weighing.reason else "parcel.weight_stopped",
            subject=f"parcel:{box[0].number}",
            at=now,
            after={"weight_g": weight_g, "expected_g": expected, "reason": weighing.reason},
        )
    return Weighed(weighing, words)


def _pieces(session: Session, box: Sequence[Parcel]) -> list[Piece]:
    lines = [line for parcel in box for line in parcel.lines]
    kinds = session.execute(
        select(Variant.id, Variant.gross_g).where(Variant.id.in_([line.variant_id for line in lines]))
    )
    weights = {row.id: row.gross_g for row in kinds}
    return [Piece(f"{line.title} {line.spec}", line.quantity, weights[line.variant_id]) for line in lines]
