"""Leaving messages in the transaction that has the news; the worker sends them afterwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.audit import Actor
from kernel.errors import Invalid
from kernel.notices.models import Notice
from kernel.notices.rules import WAITING, can_receive
from kernel.text import Text

JOB: Final = "send_notice"


def leave_notice(
    session: Session,
    *,
    key: str,
    subject: str,
    channel: str,
    recipient: str,
    title: str,
    body: str,
    now: datetime,
    by: Actor,
) -> Notice:
    """Leave a message to be sent; the same key again is the same message. ``subject`` is what it is about, ``kind:id``.

    Raises:
        Invalid: nothing can be sent there.
    """
    if not can_receive(channel, recipient):
        words = Text("没有可用的手机号或邮箱，请先补上。", "There is no usable phone number or address. Add it first.")
        raise Invalid(words.zh, words.en, code="no_recipient")
    row = {"key": key, "subject": subject, "channel": channel, "recipient": recipient, "title": title, "body": body}
    row |= {"state": WAITING, "by": by.name}
    written = insert(Notice).values(row | {"at": now}).on_conflict_do_nothing().returning(Notice.id)
    notice_id = session.scalar(written)
    if notice_id is not None:
        outbox.enqueue(session, JOB, {"notice": notice_id}, now=now, key=f"notice:{notice_id}")
    return session.scalars(select(Notice).where(Notice.key == key)).one()


def notices_about(session: Session, subject: str) -> Sequence[Notice]:
    """The messages about something, newest first."""
    return session.scalars(select(Notice).where(Notice.subject == subject).order_by(Notice.id.desc())).all()
