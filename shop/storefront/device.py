"""What the shop keeps on the buyer's device: the keys of her orders, and a name for the device itself.

Both are cookies that scripts cannot read. A key is worked out from the order's number (kernel/links.py), so the
list needs no signature: an entry that was made up does not open anything.
"""

from collections.abc import Sequence
from secrets import token_urlsafe

from flask import request
from werkzeug.wrappers import Response

from kernel.http import setting
from shop.orders.forms import is_key
from shop.orders.views import DEVICE_COOKIE, is_order_key, order_key

WISH_COOKIE = "wish"
_MOST_ORDERS = 30
_LONGEST_ENTRY = 80
_HOUR_S = 3600
_YEAR_S = 365 * 24 * 3600


def orders_cookie() -> str:
    """The cookie's name; the ``__Host-`` prefix is only accepted over HTTPS."""
    return "__Host-orders" if setting("is_https") else "orders"


def order_numbers() -> list[str]:
    """The orders this device may see, newest first."""
    entries = request.cookies.get(orders_cookie(), "").split("|")[:_MOST_ORDERS]
    pairs = (entry.partition("~") for entry in entries if len(entry) <= _LONGEST_ENTRY)
    return [number for number, _, key in pairs if number and is_order_key(number, key)]


def key_of_wish() -> str:
    """The key of the order that is being filled in, the same until that order has been seen.

    So the form that is opened again after a lost answer asks for the same order.
    """
    kept = request.cookies.get(WISH_COOKIE, "")
    return kept if is_key(kept) else token_urlsafe(18)


def keep_wish(response: Response, key: str) -> None:
    """Remember the key while the form is open."""
    response.set_cookie(
        WISH_COOKIE, key, max_age=_HOUR_S, path="/", httponly=True, samesite="Lax", secure=setting("is_https")
    )


def end_wish(response: Response, key: str | None) -> None:
    """The order that the key stands for is on the screen; the next form is for another one."""
    if key is not None and key == request.cookies.get(WISH_COOKIE):
        response.delete_cookie(WISH_COOKIE, path="/", secure=setting("is_https"), httponly=True, samesite="Lax")


def keep_order(response: Response, number: str) -> None:
    """Let this device open the order from now on, without the key in the address."""
    keep_orders(response, [number])


def keep_orders(response: Response, numbers: Sequence[str]) -> None:
    """The same for several, the newest first."""
    known = [*numbers, *(other for other in order_numbers() if other not in numbers)][:_MOST_ORDERS]
    if known:
        _keep(response, orders_cookie(), "|".join(f"{number}~{order_key(number)}" for number in known))


def forget_orders(response: Response) -> None:
    """Forget every order on this device; their links still open them."""
    response.delete_cookie(orders_cookie(), path="/", secure=setting("is_https"), httponly=True, samesite="Lax")


def name_device(response: Response) -> None:
    """Give the device a name if it has none."""
    if not request.cookies.get(DEVICE_COOKIE):
        _keep(response, DEVICE_COOKIE, token_urlsafe(18))


def _keep(response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=_YEAR_S, path="/", httponly=True, samesite="Lax", secure=setting("is_https")
    )
