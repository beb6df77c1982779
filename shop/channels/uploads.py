"""Files that were given: kept while somebody looks at what they would change, imported once, and then forgotten.

The record of an import stays; the bytes, which hold buyers' addresses, go when it is done or after an hour.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.audit import Actor, record_change
from kernel.errors import NotFound
from kernel.parse import clean_text
from shop.channels.models import FileImport

KEPT_FOR = timedelta(hours=1)
FORGET_JOB = "forget_upload"
IMPORT_JOB = "import_upload"
LOOKED_AT, QUEUED, UNDER_WAY, DONE, LEFT = "looked_at", "queued", "under_way", "done", "left"


def _record(channel: str, file_name: str, raw: bytes, detail: bytes | None, *, now: datetime, by: Actor) -> FileImport:
    return FileImport(
        channel=channel,
        file_name=clean_text(file_name.rpartition("/")[2].rpartition("\\")[2][:120], 120, required=False) or "—",
        sha256=sha256(raw + (detail or b"")).hexdigest(),
        state=UNDER_WAY,
        outcome={},
        unknown_columns=[],
        person_id=by.person_id,
        by=by.name,
        at=now,
    )


def keep(
    session: Session,
    channel: str,
    file_name: str,
    raw: bytes,
    detail: bytes | None,
    *,
    outcome: dict[str, Any],
    unknown_columns: tuple[str, ...],
    now: datetime,
    by: Actor,
) -> FileImport:
    """Keep a file that was looked at, with what it would change, until it is confirmed or left."""
    kept = _record(channel, file_name, raw, detail, now=now, by=by)
    kept.state, kept.content, kept.detail = LOOKED_AT, raw, detail
    kept.outcome, kept.unknown_columns = outcome, list(unknown_columns)
    session.add(kept)
    session.flush()
    outbox.enqueue(
        session, FORGET_JOB, {"import": kept.id}, now=now, run_at=now + KEPT_FOR, key=f"{FORGET_JOB}:{kept.id}"
    )
    return kept


def begin(
    session: Session, channel: str, file_name: str, raw: bytes, detail: bytes | None, *, now: datetime, by: Actor
) -> int:
    """Note that a file is being imported at once, without a look first; returns the import's id."""
    record = _record(channel, file_name, raw, detail, now=now, by=by)
    session.add(record)
    session.flush()
    return record.id


@dataclass(frozen=True)
class Upload:
    """The bytes of a file, and of the second one where the platform has two."""

    channel: str
    content: bytes
    detail: bytes | None


def claim(session: Session, import_id: int) -> Upload | None:
    """Take a kept file for importing, with its bytes, which are then gone; ``None`` when it was taken or left before."""
    kept = session.scalar(
        select(FileImport).where(FileImport.id == import_id).with_for_update().execution_options(populate_existing=True)
    )
    if kept is None or kept.state not in (LOOKED_AT, QUEUED):
        return None
    taken = Upload(kept.channel, kept.content or b"", kept.detail)
    kept.state, kept.content, kept.detail = UNDER_WAY, None, None
    session.flush()
    return taken


def queue(session: Session, import_id: int, payload: dict[str, Any], *, now: datetime) -> None:
    """Leave a large file to the worker; a second tap finds it queued and changes nothing."""
    queued = session.execute(
        update(FileImport)
        .where(FileImport.id == import_id, FileImport.state == LOOKED_AT)
        .values(state=QUEUED)
        .returning(FileImport.id)
    ).first()
    if queued:
        outbox.enqueue(session, IMPORT_JOB, {"import": import_id, **payload}, now=now, key=f"{IMPORT_JOB}:{import_id}")


def finish(
    session: Session,
    import_id: int,
    outcome: dict[str, Any],
    unknown_columns: tuple[str, ...],
    *,
    now: datetime,
    by: Actor,
) -> None:
    """The import is done: its outcome is kept, and who did it."""
    record = session.get_one(FileImport, import_id)
    record.state, record.outcome, record.unknown_columns, record.done_at = DONE, outcome, list(unknown_columns), now
    counts = {name: value for name, value in outcome.items() if isinstance(value, int)}
    record_change(session, actor=by, action="orders.imported", subject=f"file_import:{import_id}", at=now, after=counts)


def leave(session: Session, import_id: int) -> None:
    """Forget a file that was looked at and not wanted; one that was imported stays as it is."""
    session.execute(
        update(FileImport)
        .where(FileImport.id == import_id, FileImport.state == LOOKED_AT)
        .values(state=LEFT, content=None, detail=None)
    )


def file_import(session: Session, import_id: int) -> FileImport:
    """One import, without its bytes being changed.

    Raises:
        NotFound: there is none, or its file was left.
    """
    found = session.get(FileImport, import_id) if import_id < 2**62 else None
    if found is None or found.state == LEFT:
        raise NotFound("没有这次导入，可能已经放弃了。", "There is no such import; perhaps it was left.")
    return found
