"""Tables of sample checks and their photos."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from fulfillment.packing.models import Parcel
from fulfillment.packing.samples.rules import STATES
from kernel.db import Base, BigId, UtcTime
from kernel.people.models import Person
from kernel.photos import LARGEST_PHOTO_BYTES, LARGEST_SIDE_PX

_JUDGED = "right_goods IS NOT NULL AND right_count IS NOT NULL AND label_good IS NOT NULL AND closed_well IS NOT NULL"


class SampleCheck(Base):
    """One packed box that was chosen to be looked at. It never changes pay.

    ``chosen_how`` is ``fair`` (by the program: fewest checks in that hour and of that person first) or ``lead``.
    """

    __tablename__ = "sample_checks"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="known_state"),
        CheckConstraint("chosen_how IN ('fair', 'lead')", name="chosen_in_a_known_way"),
        CheckConstraint(
            f"state NOT IN ('ok', 'mend') OR ({_JUDGED} AND checked_at IS NOT NULL AND checked_by IS NOT NULL)",
            name="checked_has_answers",
        ),
        CheckConstraint(
            "state NOT IN ('ok', 'mend') OR (state = 'ok') = (right_goods AND right_count AND label_good AND closed_well)",
            name="ok_when_all_is_right",
        ),
        Index("ix_sample_checks_due", "id", postgresql_where=text("state = 'due'")),
        Index("ix_sample_checks_packer_chosen", "packer_id", "chosen_at"),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"), unique=True)
    packer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    packed_at: Mapped[UtcTime]
    chosen_at: Mapped[UtcTime]
    chosen_how: Mapped[str]
    state: Mapped[str]
    right_goods: Mapped[bool | None]
    right_count: Mapped[bool | None]
    label_good: Mapped[bool | None]
    closed_well: Mapped[bool | None]
    kind_word: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[str | None]

    parcel: Mapped[Parcel] = relationship(lazy="joined", innerjoin=True)
    packer: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    photo: Mapped["SamplePhoto | None"] = relationship(back_populates="check")


class SamplePhoto(Base):
    """What the box looked like: a picture that we drew anew, without anything the camera wrote into it."""

    __tablename__ = "sample_photos"
    __table_args__ = (
        CheckConstraint(f"octet_length(jpeg) BETWEEN 1 AND {LARGEST_PHOTO_BYTES}", name="size_bounded"),
        CheckConstraint(
            f"width BETWEEN 1 AND {LARGEST_SIDE_PX} AND height BETWEEN 1 AND {LARGEST_SIDE_PX}", name="pixels_bounded"
        ),
    )

    check_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sample_checks.id"), primary_key=True)
    jpeg: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    width: Mapped[int]
    height: Mapped[int]
    at: Mapped[UtcTime] = mapped_column(index=True)

    check: Mapped[SampleCheck] = relationship(back_populates="photo")
