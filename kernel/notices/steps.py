"""The worker's step: one message handed to its provider, outside any transaction, and what became of it."""

from datetime import datetime
from typing import Any

from kernel.db import Database
from kernel.notices.models import Notice
from kernel.notices.providers import Message, NotDelivered, Post
from kernel.notices.rules import FAILED, MOST_ATTEMPTS, SENT, WAITING, masked


def send_notice(database: Database, post: Post, payload: dict[str, Any], now: datetime) -> None:
    """Job: send one message. What is sent or has failed for good is left alone.

    Raises:
        NotDelivered: the provider did not take it; the outbox tries again later.
    """
    message = _next_attempt(database, payload["notice"])
    if message is None:
        return
    try:
        reference = post.carrier(message.channel).send(message)
    except NotDelivered as problem:
        if not _note_problem(database, payload["notice"], str(problem), now):
            raise
        return
    with database.transaction() as session:
        notice = session.get_one(Notice, payload["notice"], with_for_update=True)
        notice.state, notice.reference, notice.problem, notice.done_at = SENT, reference[:200], "", now
        notice.recipient = masked(notice.channel, notice.recipient)


def _next_attempt(database: Database, notice_id: int) -> Message | None:
    with database.transaction() as session:
        notice = session.get(Notice, notice_id, with_for_update=True)
        if notice is None or notice.state != WAITING:
            return None
        notice.attempts += 1
        return Message(notice.key, notice.channel, notice.recipient, notice.title, notice.body)


def _note_problem(database: Database, notice_id: int, problem: str, now: datetime) -> bool:
    """Keep why it did not go out; whether it is given up now."""
    with database.transaction() as session:
        notice = session.get_one(Notice, notice_id, with_for_update=True)
        notice.problem = problem[:200]
        gives_up = notice.attempts >= MOST_ATTEMPTS
        if gives_up:
            notice.state, notice.done_at = FAILED, now
            notice.recipient = masked(notice.channel, notice.recipient)
        return gives_up
