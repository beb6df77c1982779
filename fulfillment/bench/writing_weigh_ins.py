"""Writing a weigh-in, whichever way it comes: from the page, or from a device that had no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import url_for
from werkzeug.datastructures import FileStorage, MultiDict

from fulfillment.purchasing import service
from fulfillment.purchasing.asking.rules import WRITTEN
from fulfillment.purchasing.asking.service import Answer, HandedIn
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.rules import Slip
from fulfillment.purchasing.weighing import service as weighing
from fulfillment.purchasing.weighing.forms import TypedWeighIn
from fulfillment.purchasing.weighing.rules import MOST_PHOTOS
from kernel.audit import Actor
from kernel.errors import Refused
from kernel.http import flows, setting, transaction, utc_now
from kernel.photos import read_photo


class FigureChanged(Refused):
    """The amount on the screen is not the amount that would be written."""

    code = "figure_changed"

    def __init__(self) -> None:
        super().__init__(
            "金额和刚才看到的不一样，请再看一遍再确认。",
            "The amount differs from what was on the screen. Look again, then confirm.",
        )


def seen_mark(slip: Slip) -> str:
    """What the screen showed: the amount and the quote that led to it."""
    return f"{slip.price.pay_fen}.{slip.quote.id}"


@dataclass(frozen=True)
class Outcome:
    """What became of a weigh-in: ``written``, ``waiting`` or ``refused``, and the page that says more."""

    state: str
    where: str


def hand_in(typed: TypedWeighIn, *, key: str, seen: str | None, today: date, by: Actor) -> Outcome:
    """Hand a weigh-in in. ``seen`` is :func:`seen_mark` of what was shown, ``None`` where no price could be.

    Raises:
        FigureChanged: the amount or its quote is not the one that was seen. And what handing in raises.
    """
    asks = bool(setting("certificate_second_person"))
    handed = HandedIn(typed.facts, typed.bags, is_sure=typed.is_sure, certificate_is_asked=asks)
    with transaction() as session:
        answer: Answer = flows().hand_in(session, handed, key=key, today=today, now=utc_now(), by=by)
        if answer.state == WRITTEN and seen is not None:
            delivery = session.get_one(Delivery, answer.delivery_id)
            if seen_mark(service.slip_of(delivery)) != seen:
                raise FigureChanged
        return Outcome(answer.state, where_it_stands(answer))


def where_it_stands(answer: Answer) -> str:
    """The page that says more about an answer: the delivery once it is written, what waits, or the visit for nothing."""
    if answer.delivery_id is not None:
        return url_for("weigher.deliveries.show", delivery_id=answer.delivery_id)
    if answer.request_id is not None:
        return url_for("weigher.asking.show", request_id=answer.request_id)
    return url_for("weigher.away.show", turned_away_id=answer.turned_away_id)


def keep_photos(files: MultiDict[str, FileStorage], *, key: str, by: Actor) -> None:
    """Keep the photos that came with a form, under the key of its weigh-in.

    Raises:
        Invalid: one of them is no picture, too large, or one too many; those before it are kept.
    """
    for kind in MOST_PHOTOS:
        for sent in files.getlist(f"{kind}_photo"):
            if sent.filename:
                keep_photo(sent.stream.read(setting("largest_body_bytes")), key=key, kind=kind, by=by)


def keep_photo(data: bytes, *, key: str, kind: str, by: Actor, place: int | None = None) -> None:
    """Keep one photo; drawing it anew happens before the transaction begins."""
    photo = read_photo(data)
    with transaction() as session:
        weighing.keep_photo(session, key=key, kind=kind, photo=photo, place=place, now=utc_now(), by=by)


def as_typed(fields: Mapping[str, object]) -> dict[str, str]:
    """The fields that a device sends, as a form would have them; what is no text is left out."""
    return {str(name)[:40]: value[:1_000] for name, value in fields.items() if isinstance(value, str)}
