"""A form is carried out once: the key hidden in it is written in the transaction that does what it asks.

A double tap, a reload or an answer lost on the way sends the same key again, and nothing happens a second time.
The rows are a few bytes for each form that staff send, so they are kept.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from json import dumps
from secrets import token_urlsafe

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.audit import Actor
from kernel.db import Base, UtcTime
from kernel.errors import BadRequest, Refused

FIELD = "form_key"
_NOT_CONTENT = frozenset({FIELD, "csrf_token"})
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


class SentForm(Base):
    """A form that was carried out; ``content_hash`` tells a repeat from another wish under the same key."""

    __tablename__ = "sent_forms"

    key: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str]
    at: Mapped[UtcTime]


class SentAlready(Refused):
    """The key was used for another content: the person went back and changed something."""

    code = "sent_already"


def new_key() -> str:
    """A key for one form (128 bits)."""
    return token_urlsafe(16)


def is_first(session: Session, typed: Mapping[str, object], *, purpose: str, by: Actor, now: datetime) -> bool:
    """Whether this form is carried out for the first time; a repeat waits for the first one to commit.

    Args:
        session: the transaction that also does what the form asks.
        typed: all that was sent, with the key in the field ``form_key``.
        purpose: what the form is for, such as ``refund:G-1``, so that a key opens nothing else.
        by: who sent it.
        now: the time of the request.

    Raises:
        BadRequest: the form has no usable key.
        SentAlready: the key was used for something else.
    """
    key = typed.get(FIELD)
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise BadRequest(
            "页面放得太久了，请刷新后再提交一次。", "This page is stale. Reload it and send again.", code="stale_form"
        )
    row = {"key": f"{purpose}:{by.person_id}:{key}", "content_hash": _content_hash(typed), "at": now}
    new = session.execute(insert(SentForm).values(row).on_conflict_do_nothing().returning(SentForm.key)).first()
    if new is None and session.get_one(SentForm, row["key"]).content_hash != row["content_hash"]:
        raise SentAlready(
            "这张表刚才已经提交过，内容和现在的不一样。请核对页面上的数字，确实要再做一次就再按一次。",
            "This form was sent before with another content. Check the figures on the page; to do this as well, press again.",
        )
    return new is not None


def _content_hash(typed: Mapping[str, object]) -> str:
    content = sorted((name, str(value)) for name, value in typed.items() if name not in _NOT_CONTENT)
    return sha256(dumps(content, ensure_ascii=True).encode()).hexdigest()
