"""Writing what the scale saw: bags, photos, pictures of grades."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Grade
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.weighing.models import DeliveryBag, GradePicture, WeighInPhoto
from fulfillment.purchasing.weighing.rules import MOST_PHOTOS, Bag, sum_of
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.photos import Photo
from kernel.text import Text


def write_bags(session: Session, delivery: Delivery, bags: Sequence[Bag]) -> None:
    """Write the bags of a delivery that was just written; the database refuses bags that weigh something else together."""
    total = sum_of(bags)
    if (total.gross_g, total.tare_g) != (delivery.gross_g, delivery.tare_g):
        raise ValueError("the bags must weigh together what the delivery says")
    session.add_all(
        DeliveryBag(delivery_id=delivery.id, place=place, gross_g=bag.gross_g, tare_g=bag.tare_g)
        for place, bag in enumerate(bags, 1)
    )
    session.flush()


def keep_photo(
    session: Session, *, key: str, kind: str, photo: Photo, now: datetime, by: Actor, place: int | None = None
) -> int:
    """Keep a photo of the weigh-in with this key; ``place`` makes a repeat the same photo. Returns its place.

    Raises:
        Invalid: there are as many as a weigh-in may have.
    """
    most = MOST_PHOTOS[kind]
    if place is None:
        taken = select(func.max(WeighInPhoto.place)).where(WeighInPhoto.key == key, WeighInPhoto.kind == kind)
        place = int(session.scalar(taken) or 0) + 1
    if not 1 <= place <= most:
        words = Text(f"最多 {most} 张照片，够用了。", f"{most} photos at most; that is enough.")
        raise Invalid(words.zh, words.en, fields={kind: words})
    row = {"key": key, "kind": kind, "place": place, "at": now, "by": by.name}
    row |= {"jpeg": photo.jpeg, "width": photo.width, "height": photo.height}
    session.execute(insert(WeighInPhoto).values(row).on_conflict_do_nothing())
    return place


def drop_photo(session: Session, *, key: str, photo_id: int) -> None:
    """Take a photo away that was a mistake; one of a delivery that is written stays."""
    if session.scalar(select(Delivery.id).where(Delivery.idempotency_key == key)) is not None:
        raise Refused("已经记下了，照片留着。", "It is written; the photo stays.", code="photo_stays")
    session.execute(delete(WeighInPhoto).where(WeighInPhoto.id == photo_id, WeighInPhoto.key == key))


def set_grade_picture(session: Session, grade_id: int, photo: Photo, *, now: datetime, by: Actor) -> None:
    """Show the owner's photo for a grade from now on."""
    if session.get(Grade, grade_id) is None:
        raise NotFound("没有这个等级。", "There is no such grade.")
    facts = {"jpeg": photo.jpeg, "width": photo.width, "height": photo.height, "at": now, "by": by.name}
    written = insert(GradePicture).values(grade_id=grade_id, **facts)
    session.execute(written.on_conflict_do_update(index_elements=["grade_id"], set_=facts))
    record_change(session, actor=by, action="grade.picture_set", subject=f"grade:{grade_id}", at=now)


def drop_grade_picture(session: Session, grade_id: int, *, now: datetime, by: Actor) -> None:
    """Show the drawn picture again."""
    session.execute(delete(GradePicture).where(GradePicture.grade_id == grade_id))
    record_change(session, actor=by, action="grade.picture_dropped", subject=f"grade:{grade_id}", at=now)
