"""The workshop's postage table: the newest version holds, and each names the one it follows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.errors import Invalid, Refused
from kernel.text import Text
from shop.orders.models import PostageTable
from shop.orders.postage import Rate, Rates, as_json, changed, from_json
from shop.orders.rules import PROVINCES


def current(session: Session) -> PostageTable | None:
    """The table that holds; ``None`` while the workshop has none and the flat postage of the settings is charged."""
    return session.scalar(select(PostageTable).order_by(PostageTable.id.desc()).limit(1))


def rates_in_force(session: Session) -> dict[str, Rate] | None:
    """The rates that hold, by province; ``None`` without a table."""
    stored = session.scalar(select(PostageTable.rates).order_by(PostageTable.id.desc()).limit(1))
    return None if stored is None else from_json(stored)


def set_zone(
    session: Session, provinces: Sequence[str], rate: Rate | None, *, seen: int, now: datetime, by: Actor
) -> PostageTable:
    """Give these provinces a rate, or (``None``) send nothing there any more.

    Raises:
        Invalid: no province was named, or one that is none.
        Refused: somebody changed the table after the version ``seen`` (``changed_meanwhile``).
    """
    if not provinces or not set(provinces) <= set(PROVINCES):
        raise Invalid("请选省份。", "Choose provinces.", fields={"provinces": Text("请选省份。", "Choose provinces.")})
    before = current(session)
    rates = from_json(before.rates) if before else {}
    return replace_table(session, changed(rates, provinces, rate), seen=seen, now=now, by=by)


def replace_table(session: Session, rates: Rates, *, seen: int, now: datetime, by: Actor) -> PostageTable:
    """Write the whole table anew; the same table twice is written once.

    Raises:
        Refused: somebody changed it after the version ``seen`` (``changed_meanwhile``).
    """
    before = current(session)
    if before is not None and before.rates == as_json(rates):
        return before
    if (before.id if before else 0) != seen:
        raise _changed_meanwhile()
    table = PostageTable(follows=seen, at=now, by=by.name, rates=as_json(rates))
    try:
        with session.begin_nested():
            session.add(table)
            session.flush()
    except IntegrityError:
        # Two at one instant: the database lets one version follow another.
        raise _changed_meanwhile() from None
    record_change(
        session,
        actor=by,
        action="postage.changed",
        subject=f"postage:{table.id}",
        at=now,
        before=_differing(before.rates if before else {}, table.rates),
        after=_differing(table.rates, before.rates if before else {}),
    )
    return table


def _changed_meanwhile() -> Refused:
    return Refused(
        "刚才有人改过运费表，请看过现在的再改。",
        "Somebody changed the postage just now. Look at it as it is, then change it.",
        code="changed_meanwhile",
    )


def _differing(these: dict[str, list[int | None]], those: dict[str, list[int | None]]) -> dict[str, object]:
    return {name: rate for name, rate in these.items() if those.get(name) != rate}
