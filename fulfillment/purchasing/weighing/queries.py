"""Reading the scale: who delivers most, the bags and photos of a weigh-in, pictures of grades."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Grade
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.weighing.models import DeliveryBag, GradePicture, WeighInPhoto
from fulfillment.purchasing.weighing.rules import Bag

_OFTEN = timedelta(days=60)


def how_often(session: Session, today: date) -> dict[int, int]:
    """How many times each farmer delivered in the last 60 days, by the farmer's id."""
    rows = session.execute(
        select(Delivery.farmer_id, func.count())
        .where(Delivery.day > today - _OFTEN, ~Delivery.taken_back.has())
        .group_by(Delivery.farmer_id)
    )
    return {int(farmer_id): int(count) for farmer_id, count in rows}


def bags_of(session: Session, delivery_id: int) -> list[Bag]:
    """The bags of a delivery in the order in which they were weighed; none for one from before bags were written."""
    rows = session.scalars(
        select(DeliveryBag).where(DeliveryBag.delivery_id == delivery_id).order_by(DeliveryBag.place)
    )
    return [Bag(row.gross_g, row.tare_g) for row in rows]


def photos_of(session: Session, key: str) -> Sequence[WeighInPhoto]:
    """The photos of a weigh-in by its key: goods before certificate, in the order in which they were taken."""
    wanted = select(WeighInPhoto).where(WeighInPhoto.key == key)
    return session.scalars(wanted.order_by(WeighInPhoto.kind.desc(), WeighInPhoto.place)).all()


def grades_with_pictures(session: Session) -> dict[tuple[str, str, str], int]:
    """The grades that have the owner's photo, as product, form and name, with the id."""
    rows = session.execute(
        select(Grade.product, Grade.form, Grade.name, Grade.id).join(GradePicture, GradePicture.grade_id == Grade.id)
    )
    return {(product, form, name): int(grade_id) for product, form, name, grade_id in rows}
