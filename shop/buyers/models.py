"""Tables of what each buyer bought, and of who wants news."""

from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Fen, UtcTime


class BuyerSum(Base):
    """What one phone number bought in the shop, counted anew each night and on request (``counting``); never by hand."""

    __tablename__ = "buyer_sums"
    __table_args__ = (
        CheckConstraint("orders >= days AND days > 0 AND first_day <= last_day", name="makes_sense"),
        # The pages of a segment, the best buyers first.
        Index("ix_buyer_sums_kept", "kept_fen", "phone"),
        Index("ix_buyer_sums_last", "last_day"),
    )

    phone: Mapped[str] = mapped_column(primary_key=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    days: Mapped[int]
    orders: Mapped[int]
    kept_fen: Mapped[Fen]


class NewsConsent(Base):
    """This phone number wants to hear of news and vouchers. Said on an order's page; taken back there, the row is gone."""

    __tablename__ = "news_consents"
    __table_args__ = (CheckConstraint("phone <> ''", name="phone_given"),)

    phone: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str]
    agreed_at: Mapped[UtcTime]
