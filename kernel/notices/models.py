"""The table of messages."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, UtcTime


class Notice(Base):
    """One message to one person about one thing, such as ``delivery:12``.

    ``recipient`` is a phone or an address while it waits, and masked once it is sent: then nobody needs it. A message
    that is sent again is a new row with a key of its own.
    """

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("channel IN ('sms', 'email')", name="known_channel"),
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="known_state"),
        CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name="done_or_waiting"),
        CheckConstraint("length(body) BETWEEN 1 AND 2000", name="body_bounded"),
        Index("ix_notices_subject", "subject", "id"),
        Index("ix_notices_recipient", "recipient", "at", "id"),
        Index("ix_notices_at", "at", "id"),
        # What is sent is most of it, and not counted.
        Index("ix_notices_unsent", "state", "at", "id", postgresql_where=text("state <> 'sent'")),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    channel: Mapped[str]
    recipient: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    problem: Mapped[str] = mapped_column(default="", server_default=text("''"))
    reference: Mapped[str] = mapped_column(default="", server_default=text("''"))
    by: Mapped[str]
    at: Mapped[UtcTime]
    done_at: Mapped[datetime | None]
