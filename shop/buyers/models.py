"""Tables of what each buyer bought, and of who wants news."""

from datetime import date

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Fen, UtcTime, one_of
from shop.buyers.rules import SEGMENTS


class BuyerSum(Base):
    """What one phone number bought in the shop, counted anew each night and on request (``counting``); never by hand."""

    __tablename__ = "buyer_sums"
    __table_args__ = (
        CheckConstraint("orders >= days AND days > 0 AND first_day <= last_day", name="makes_sense"),
        CheckConstraint(one_of("segment", SEGMENTS), name="known_segment"),
        # The pages of a segment: the best buyers first, those who came last, those who came most often.
        Index("ix_buyer_sums_segment", "segment", "kept_fen", "phone"),
        Index("ix_buyer_sums_segment_last_day", "segment", "last_day", "phone"),
        Index("ix_buyer_sums_segment_days", "segment", "days", "phone"),
        Index("ix_buyer_sums_first_day", "first_day"),
        Index("ix_buyer_sums_phone_tail", text("right(phone, 4)")),
    )

    phone: Mapped[str] = mapped_column(primary_key=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    days: Mapped[int]
    orders: Mapped[int]
    kept_fen: Mapped[Fen]
    # As of the day on which all were counted.
    segment: Mapped[str]


class NewsConsent(Base):
    """This phone number wants to hear of news and vouchers. Said on an order's page; taken back there, the row is gone."""

    __tablename__ = "news_consents"
    __table_args__ = (CheckConstraint("phone <> ''", name="phone_given"),)

    phone: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str]
    agreed_at: Mapped[UtcTime]
