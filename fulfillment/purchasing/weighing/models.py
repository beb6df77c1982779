"""Tables of the scale: the bags of a delivery, its photos, and the pictures of the grades."""

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint, event
from sqlalchemy.orm import Mapped, deferred, mapped_column

import fulfillment.purchasing.models  # noqa: F401 - bags refer to deliveries
from fulfillment.purchasing.weighing.rules import MOST_BAGS, MOST_PHOTOS
from kernel.db import Base, BigId, Grams, UtcTime, append_only
from kernel.photos import LARGEST_PHOTO_BYTES, LARGEST_SIDE_PX

_SIZE = f"octet_length(jpeg) BETWEEN 1 AND {LARGEST_PHOTO_BYTES}"
_PIXELS = f"width BETWEEN 1 AND {LARGEST_SIDE_PX} AND height BETWEEN 1 AND {LARGEST_SIDE_PX}"


class DeliveryBag(Base):
    """One bag of a delivery: append-only. The bags of a delivery weigh together what the delivery says.

    A delivery from before bags were written, or that a release without them writes, has none.
    """

    __tablename__ = "delivery_bags"
    __table_args__ = (
        CheckConstraint("gross_g > tare_g AND tare_g >= 0", name="tare_below_gross"),
        CheckConstraint(f"place BETWEEN 1 AND {MOST_BAGS}", name="bags_bounded"),
    )

    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("deliveries.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gross_g: Mapped[Grams]
    tare_g: Mapped[Grams]


append_only("delivery_bags")

# Asked when the transaction ends, once all bags are there. The delivery is locked first, so that two transactions that
# add bags to it wait for each other and the second one sees what the first has written.
BAGS_FUNCTION_SQL = """
CREATE FUNCTION refuse_bags_that_do_not_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM deliveries WHERE id = NEW.delivery_id FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM deliveries d WHERE d.id = NEW.delivery_id AND (d.gross_g, d.tare_g) =
      (SELECT sum(b.gross_g), sum(b.tare_g) FROM delivery_bags b WHERE b.delivery_id = NEW.delivery_id)
  ) THEN
    RAISE EXCEPTION 'the bags of delivery % do not add up to it', NEW.delivery_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_bags_add_up';
  END IF;
  RETURN NULL;
END $$
"""
BAGS_TRIGGER_SQL = (
    "CREATE CONSTRAINT TRIGGER delivery_bags_add_up AFTER INSERT ON delivery_bags DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION refuse_bags_that_do_not_add_up()"
)
for _statement in (BAGS_FUNCTION_SQL, BAGS_TRIGGER_SQL):
    event.listen(Base.metadata.tables["delivery_bags"], "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


class WeighInPhoto(Base):
    """A photo taken at the scale, drawn anew without what the camera wrote into it.

    It belongs to the key of the weigh-in, because it may arrive before the weigh-in is written, or waits with it for a
    second person.
    """

    __tablename__ = "weigh_in_photos"
    __table_args__ = (
        UniqueConstraint("key", "kind", "place"),
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in MOST_PHOTOS)})", name="known_kind"),
        CheckConstraint(f"place BETWEEN 1 AND {max(MOST_PHOTOS.values())}", name="photos_bounded"),
        CheckConstraint(_SIZE, name="size_bounded"),
        CheckConstraint(_PIXELS, name="pixels_bounded"),
    )

    id: Mapped[BigId]
    key: Mapped[str]
    kind: Mapped[str]
    place: Mapped[int]
    jpeg: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    width: Mapped[int]
    height: Mapped[int]
    at: Mapped[UtcTime] = mapped_column(index=True)
    by: Mapped[str]


class GradePicture(Base):
    """The owner's photo of what a grade looks like, in the place of the drawn picture."""

    __tablename__ = "grade_pictures"
    __table_args__ = (CheckConstraint(_SIZE, name="size_bounded"), CheckConstraint(_PIXELS, name="pixels_bounded"))

    grade_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("grades.id"), primary_key=True, autoincrement=False)
    jpeg: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    width: Mapped[int]
    height: Mapped[int]
    at: Mapped[UtcTime]
    by: Mapped[str]
