"""Giving a farmer a private link, taking it back, what buyers may see of them, and which streams are their own."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.own import queries
from fulfillment.purchasing.own.models import GrowerLink, GrowerStream
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused
from shop.streams.models import Stream


def give_link(session: Session, farmer_id: int, *, now: datetime, by: Actor) -> GrowerLink:
    """The farmer's open link, made if there is none; pressing twice makes one.

    Raises:
        NotFound: there is no such farmer.
    """
    _farmer(session, farmer_id)
    made = session.scalar(
        upsert(GrowerLink)
        .values(farmer_id=farmer_id, made_at=now, made_by=by.name, revoked_by="")
        .on_conflict_do_nothing()
        .returning(GrowerLink.id)
    )
    if made is not None:
        record_change(session, actor=by, action="grower_link.made", subject=f"farmer:{farmer_id}", at=now)
    link = queries.open_link_of(session, farmer_id)
    if link is None:
        raise Refused("链接刚被收回，请再试一次。", "The link was just taken back. Please try again.", code="changed")
    return link


def revoke_link(session: Session, farmer_id: int, *, now: datetime, by: Actor) -> None:
    """Let the farmer's link, and every device that came through it, open nothing any more."""
    _farmer(session, farmer_id)
    gone = session.scalars(
        update(GrowerLink)
        .where(GrowerLink.farmer_id == farmer_id, GrowerLink.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=by.name)
        .returning(GrowerLink.id)
    ).all()
    if gone:
        record_change(session, actor=by, action="grower_link.revoked", subject=f"farmer:{farmer_id}", at=now)


def note_first_use(session: Session, link_id: int, *, now: datetime) -> None:
    """Remember when a link was opened for the first time, so that the workshop knows it has arrived."""
    session.execute(
        update(GrowerLink).where(GrowerLink.id == link_id, GrowerLink.first_used_at.is_(None)).values(first_used_at=now)
    )


def set_shown(session: Session, farmer_id: int, *, shown: bool, now: datetime) -> Farmer:
    """The farmer's own choice whether buyers read their name; the same again leaves no trace."""
    farmer = _farmer(session, farmer_id)
    if farmer.consent_shown != shown:
        farmer.consent_shown = shown
        session.flush()
        record_change(
            session,
            actor=Actor(None, "farmer"),
            action="farmer.chose_shown",
            subject=f"farmer:{farmer.id}",
            at=now,
            before={"consent_shown": not shown},
            after={"consent_shown": shown},
        )
    return farmer


def _farmer(session: Session, farmer_id: int) -> Farmer:
    farmer = lock_row(session, Farmer, farmer_id)
    if farmer is None:
        raise NotFound("没有这位农户。", "There is no such farmer.")
    return farmer


def give_stream(session: Session, stream_id: int, farmer_id: int, *, now: datetime, by: Actor) -> GrowerStream:
    """Make a stream a farmer's own. What it offers must be bags that were filled from the farmer's lots.

    Raises:
        NotFound: no such stream or farmer. Refused: it offers something else, or is another farmer's already.
    """
    stream = lock_row(session, Stream, stream_id)
    if stream is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    _farmer(session, farmer_id)
    known = session.get(GrowerStream, stream_id)
    if known is not None and known.farmer_id == farmer_id:
        return known
    if known is not None:
        raise Refused("这场直播已经是别的农户的了。", "This stream is another farmer's own.", code="stream_taken")
    foreign = queries.foreign_offers(session, stream_id, farmer_id)
    if foreign:
        names = "、".join(foreign)
        raise Refused(
            f"这几样没有用这位农户的货装过袋：{names}。先从直播里拿掉，或先装袋。",
            f"Never filled from this farmer's lots: {names}. Take them out of the stream, or bag first.",
            code="foreign_offers",
        )
    own = GrowerStream(stream_id=stream_id, farmer_id=farmer_id, at=now, by=by.name)
    session.add(own)
    session.flush()
    after = {"farmer_id": farmer_id}
    record_change(session, actor=by, action="stream.given", subject=f"stream:{stream_id}", at=now, after=after)
    return own


def take_stream(session: Session, stream_id: int, *, now: datetime, by: Actor) -> None:
    """The stream is the workshop's again."""
    farmer_id = session.scalar(
        delete(GrowerStream).where(GrowerStream.stream_id == stream_id).returning(GrowerStream.farmer_id)
    )
    if farmer_id is not None:
        before = {"farmer_id": farmer_id}
        record_change(session, actor=by, action="stream.taken", subject=f"stream:{stream_id}", at=now, before=before)
