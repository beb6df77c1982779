"""The table of parcels that are held back, and what keeps them from leaving."""

from datetime import datetime

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, event, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, UtcTime


class ParcelHold(Base):
    """A parcel that must not leave because of a lot in it; freed by a person with a reason. Neither is ever deleted."""

    __tablename__ = "parcel_holds"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint(
            "(freed_at IS NULL) = (freed_reason = '') AND (freed_at IS NULL) = (freed_by = '')",
            name="freed_with_reason",
        ),
        Index("uq_parcel_holds_open", "parcel_id", "lot_id", unique=True, postgresql_where=text("freed_at IS NULL")),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    reason: Mapped[str]
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"))
    at: Mapped[UtcTime]
    by: Mapped[str]
    freed_at: Mapped[datetime | None]
    freed_by: Mapped[str] = mapped_column(default="")
    freed_reason: Mapped[str] = mapped_column(default="")


# The courier takes nothing that is held, and nothing with bags of a lot that is blocked, whichever page or program hands
# it over: a lot may be blocked after its bags were packed, and before anybody held the parcel.
_STAY_SQL = """
CREATE OR REPLACE FUNCTION keep_held_parcels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM parcel_holds WHERE parcel_id = NEW.id AND freed_at IS NULL)
    OR EXISTS (SELECT FROM parcel_bags b JOIN bag_stocks s ON s.bagging_id = b.bagging_id
               WHERE b.parcel_id = NEW.id AND s.blocked) THEN
    RAISE EXCEPTION 'parcel % is held back', NEW.number USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""
_STAY_TRIGGER_SQL = (
    "CREATE TRIGGER parcels_held_stay BEFORE UPDATE OF state ON parcels FOR EACH ROW "
    "WHEN (NEW.state = 'handed_over' AND OLD.state <> 'handed_over') EXECUTE FUNCTION keep_held_parcels()"
)
STATEMENTS = (_STAY_SQL, _STAY_TRIGGER_SQL)
for _statement in STATEMENTS:
    event.listen(ParcelHold.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
