"""The door to a farmer's own page: the key of the link, the cookie it is exchanged for, and whose page that opens."""

from flask import Response, request
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.own import queries
from fulfillment.purchasing.own.models import GrowerLink
from kernel.errors import NotFound
from kernel.http import setting
from kernel.links import is_link_key, link_key

_LINK, _VISIT = "grower", "grower-visit"
_COOKIE = "grower"
_PATH = "/grower"
_A_SEASON_S = 400 * 24 * 3600
_LONGEST = 100


def private_path(secret: str, link_id: int) -> str:
    """The page and the key of a link; nothing of it is stored."""
    return f"{_PATH}/in/{link_id}?key={link_key(secret, _LINK, str(link_id))}"


def private_url(link: GrowerLink) -> str:
    """The farmer's link as it is sent or printed."""
    return f"{setting('public_url')}{private_path(setting('secret_key'), link.id)}"


def is_key(link_id: int, offered: str) -> bool:
    """Whether this key belongs to this link."""
    return len(offered) <= _LONGEST and is_link_key(setting("secret_key"), _LINK, str(link_id), offered)


def let_in(response: Response, link_id: int) -> None:
    """Exchange the key for a cookie, so that it stands in no address afterwards."""
    value = f"{link_id}.{link_key(setting('secret_key'), _VISIT, str(link_id))}"
    response.set_cookie(
        _COOKIE, value, max_age=_A_SEASON_S, path=_PATH, httponly=True, samesite="Lax", secure=setting("is_https")
    )


def see_out(response: Response) -> None:
    """Let this device forget whose page it opened."""
    response.delete_cookie(_COOKIE, path=_PATH, httponly=True, samesite="Lax", secure=setting("is_https"))


def visitor(session: Session) -> Farmer:
    """The farmer whose link this device came through.

    Raises:
        NotFound: no link, a wrong one, or one that was taken back; all look the same.
    """
    number, _, key = request.cookies.get(_COOKIE, "")[:_LONGEST].partition(".")
    is_number = number.isascii() and number.isdigit() and len(number) < 18
    if is_number and is_link_key(setting("secret_key"), _VISIT, number, key):
        link = queries.open_link(session, int(number))
        if link is not None:
            return link.farmer
    raise nobody()


def nobody() -> NotFound:
    """What everybody without a good link is told."""
    return NotFound(
        "打不开。请扫您卡上的码，或到过磅处要一张新的。",
        "This does not open. Scan the code on your card, or ask for a new one at the scale.",
    )
