"""Tables of deciding: weigh-ins that wait for a second person, and visits that were turned away."""

from datetime import date, datetime
from typing import Annotated

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fulfillment.purchasing.asking.rules import CAUSES
from fulfillment.purchasing.asking.triggers import TRIGGERS_SQL
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from kernel.db import Base, BigId, Grams, UtcTime, append_only

_CAUSES = ", ".join(repr(cause) for cause in CAUSES)


class WeighInRequest(Base):
    """A weigh-in that is out of bounds, with everything that was typed; its photos have the same key.

    ``reasons`` are words of ``rules.ASKING``; ``bags`` gross and tare of each in grams. What was typed never changes,
    and it is decided once: approved or refused by another person, or taken back by whoever asked.
    """

    __tablename__ = "weigh_in_requests"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'refused', 'taken_back')", name="known_state"),
        CheckConstraint(
            "CASE WHEN state = 'waiting' THEN num_nonnulls(decided_by_id, decided_by, decided_at, words) = 0 "
            "ELSE num_nulls(decided_by_id, decided_by, decided_at, words) = 0 END",
            name="decided_by_somebody",
        ),
        # Two pairs of eyes; only taking back is one's own.
        CheckConstraint(
            "state IN ('waiting', 'taken_back') OR decided_by_id <> asked_by_id", name="decided_by_another"
        ),
        CheckConstraint("state <> 'taken_back' OR decided_by_id = asked_by_id", name="taken_back_by_who_asked"),
        CheckConstraint("state <> 'refused' OR words <> ''", name="refused_says_why"),
        CheckConstraint("(state = 'approved') = (delivery_id IS NOT NULL)", name="approved_is_written"),
        CheckConstraint("jsonb_array_length(reasons) > 0", name="asks_for_a_reason"),
        CheckConstraint("gross_g - tare_g - refused_g > 0 AND tare_g >= 0 AND refused_g >= 0", name="net_positive"),
        Index("ix_weigh_in_requests_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    contract_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contracts.id"), index=True)
    day: Mapped[date]
    gross_g: Mapped[Grams]
    tare_g: Mapped[Grams]
    bags: Mapped[Annotated[list[list[int]], mapped_column(JSONB)]]
    refused_g: Mapped[Grams]
    refused_reason: Mapped[str]
    moisture_bps: Mapped[int]
    foreign_bps: Mapped[int]
    grade: Mapped[str]
    has_certificate: Mapped[bool]
    certificate_reason: Mapped[str]
    note: Mapped[str]
    reasons: Mapped[Annotated[list[str], mapped_column(JSONB)]]
    state: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    asked_by: Mapped[str]
    asked_at: Mapped[UtcTime]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    words: Mapped[str | None]
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("deliveries.id"), unique=True)

    contract: Mapped[Contract] = relationship(lazy="joined", innerjoin=True)
    delivery: Mapped[Delivery | None] = relationship()


for _statement in TRIGGERS_SQL:
    event.listen(WeighInRequest.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


class TurnedAway(Base):
    """A visit from which nothing was taken: append-only. Nothing is owed for it and nothing enters stock."""

    __tablename__ = "turned_away"
    __table_args__ = (
        CheckConstraint(f"cause IN ({_CAUSES})", name="known_cause"),
        CheckConstraint("gross_g > tare_g AND tare_g >= 0", name="tare_below_gross"),
        CheckConstraint("moisture_bps BETWEEN 0 AND 9999", name="moisture_below_whole"),
        ForeignKeyConstraint(["contract_id"], ["contracts.id"], name="fk_turned_away_contract_id"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    contract_id: Mapped[int] = mapped_column(BigInteger, index=True)
    day: Mapped[date]
    gross_g: Mapped[Grams]
    tare_g: Mapped[Grams]
    moisture_bps: Mapped[int | None]
    cause: Mapped[str]
    words: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]

    contract: Mapped[Contract] = relationship(lazy="joined", innerjoin=True)


append_only("turned_away")
