"""Tables of streams and offers."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, UtcTime, append_only
from kernel.text import Text
from shop.catalog.models import Variant


class Stream(Base):
    """A broadcast. At most one of its own offers is on air."""

    __tablename__ = "streams"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'live', 'ended')", name="known_state"),
        CheckConstraint(
            "watch_url = '' OR watch_url ~ '^https://[^ ]+$' AND length(watch_url) <= 500", name="watch_url_safe"
        ),
        CheckConstraint("hold_minutes BETWEEN 1 AND 1440", name="hold_within_a_day"),
        # The offer on air must belong to this stream, and only a live stream has one.
        ForeignKeyConstraint(
            ["id", "on_air_offer_id"], ["offers.stream_id", "offers.id"], name="on_air_is_own_offer", use_alter=True
        ),
        CheckConstraint("on_air_offer_id IS NULL OR state = 'live'", name="on_air_only_live"),
        CheckConstraint("target_fen > 0", name="target_positive"),
        CheckConstraint("NOT rehearsing OR state = 'planned'", name="rehearsed_before"),
        CheckConstraint("rehearsal_offer_id IS NULL OR rehearsing", name="shown_in_rehearsal"),
        CheckConstraint("length(message) <= 80", name="message_bounded"),
        ForeignKeyConstraint(
            ["id", "rehearsal_offer_id"],
            ["offers.stream_id", "offers.id"],
            name="fk_streams_rehearses_own_offer",
            use_alter=True,
        ),
    )

    id: Mapped[BigId]
    title_zh: Mapped[str]
    title_en: Mapped[str]
    state: Mapped[str] = mapped_column(default="planned")
    starts_at: Mapped[UtcTime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    hold_minutes: Mapped[int] = mapped_column(default=10)
    # Where the picture is to be seen, if not only in the room: the stream's page elsewhere, or its player.
    watch_url: Mapped[str] = mapped_column(default="", server_default="")
    on_air_offer_id: Mapped[int | None] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(BigInteger, default=0)
    # What the stream is meant to bring, in paid money.
    target_fen: Mapped[int | None] = mapped_column(BigInteger)
    # While it is rehearsed, what would be on air; viewers see neither.
    rehearsing: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    rehearsal_offer_id: Mapped[int | None] = mapped_column(BigInteger)
    # A few words to viewers on the live page.
    message: Mapped[str] = mapped_column(default="", server_default="")

    offers: Mapped[list["Offer"]] = relationship(
        back_populates="stream", foreign_keys="Offer.stream_id", order_by="Offer.position"
    )

    @property
    def title(self) -> Text:
        """The name viewers see."""
        return Text(self.title_zh, self.title_en)

    @property
    def shown_offer_id(self) -> int | None:
        """What the streamer shows now: on air, or in a rehearsal."""
        return self.rehearsal_offer_id if self.rehearsing else self.on_air_offer_id


class Offer(Base):
    """A variant offered in a stream. ``taken`` counts what is held or sold of the allotment.

    ``waiting`` counts the pieces that people stand in line for (shop/waitlist); nobody else gets those that come back.
    """

    __tablename__ = "offers"
    __table_args__ = (
        UniqueConstraint("stream_id", "variant_id"),
        UniqueConstraint("stream_id", "id"),
        CheckConstraint("taken BETWEEN 0 AND allotment", name="taken_within_allotment"),
        CheckConstraint("waiting >= 0", name="waiting_not_negative"),
        CheckConstraint("price_fen > 0", name="price_positive"),
        CheckConstraint("list_price_fen >= price_fen", name="list_price_not_below"),
        CheckConstraint("cap_per_buyer IS NULL OR cap_per_buyer > 0", name="cap_positive"),
        CheckConstraint("state IN ('open', 'closed')", name="known_state"),
        CheckConstraint("num_nulls(flash_price_fen, flash_from, flash_until) IN (0, 3)", name="flash_whole_or_none"),
        CheckConstraint("flash_price_fen > 0 AND flash_until > flash_from", name="flash_makes_sense"),
        CheckConstraint("length(talking_points) <= 500", name="points_bounded"),
    )

    id: Mapped[BigId]
    stream_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("streams.id"))
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"), index=True)
    position: Mapped[int]
    price_fen: Mapped[Fen]
    list_price_fen: Mapped[Fen]
    allotment: Mapped[int] = mapped_column(BigInteger)
    taken: Mapped[int] = mapped_column(BigInteger, default=0)
    waiting: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    cap_per_buyer: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="open")
    ends_at: Mapped[datetime | None]
    # A flash sale: this price from the one moment, inclusive, to the other, by the server's clock.
    flash_price_fen: Mapped[Fen | None]
    flash_from: Mapped[datetime | None]
    flash_until: Mapped[datetime | None]
    # What the streamer means to say of it; for the workshop only.
    talking_points: Mapped[str] = mapped_column(default="", server_default="")
    # Rises with every change, sales too: what viewers see.
    revision: Mapped[int] = mapped_column(BigInteger, default=0)
    # Rises when a person changes the terms: what two people at two screens compare.
    terms_revision: Mapped[int] = mapped_column(BigInteger, default=0)

    stream: Mapped[Stream] = relationship(back_populates="offers", foreign_keys=[stream_id])
    variant: Mapped[Variant] = relationship(lazy="joined", innerjoin=True)


class AirTime(Base):
    """The moment an offer went on air: append-only, for the curve of the evening."""

    __tablename__ = "air_times"

    id: Mapped[BigId]
    stream_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("streams.id"), index=True)
    offer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("offers.id"))
    at: Mapped[UtcTime]


append_only("air_times")
