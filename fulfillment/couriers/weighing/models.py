"""The table of boxes on the scale."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Grams, UtcTime, append_only


class ParcelWeighing(Base):
    """One reading of the scale against what the box should weigh; ``reason`` says why a wrong one may leave all the same."""

    __tablename__ = "parcel_weighings"
    __table_args__ = (
        CheckConstraint("weight_g > 0 AND expected_g > 0 AND tolerance_g >= 0", name="makes_sense"),
        CheckConstraint(
            "verdict = CASE WHEN weight_g < expected_g - tolerance_g THEN 'light' "
            "WHEN weight_g > expected_g + tolerance_g THEN 'heavy' ELSE 'right' END",
            name="verdict_follows",
        ),
        Index("ix_parcel_weighings_parcel", "parcel_id", "id"),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    weight_g: Mapped[Grams]
    expected_g: Mapped[Grams]
    tolerance_g: Mapped[Grams]
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("parcel_weighings")
