"""What a voucher takes off, said before anything is ordered; the order works it out again when it is placed."""

from datetime import timedelta

from flask import Blueprint, flash, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel import limits
from kernel.errors import Invalid
from kernel.forms import Form
from kernel.http import transaction, utc_now
from kernel.money import yuan
from kernel.parse import FieldError, clean_text, parse_count
from kernel.text import Text
from shop.orders.forms import read_phone
from shop.orders.models import Order
from shop.orders.rules import LARGEST_QUANTITY
from shop.storefront import device, forms, queries
from shop.storefront.buying_views import key_or_new, page_of, render_form
from shop.vouchers import queries as vouchers
from shop.vouchers.rules import UNKNOWN, Vouchers, as_code

blueprint = Blueprint("vouchers", __name__)

_TRIES = 30
_WINDOW = timedelta(minutes=10)


@blueprint.post("/live/<int:stream_id>/voucher")
def look(stream_id: int) -> Response | dict[str, object]:
    """What the typed code takes off what is on the form; nothing is ordered. Scripts ask for the words as JSON.

    Codes are short: whoever guesses is slowed down.
    """
    with transaction() as session:
        limits.take(session, f"voucher-look:{request.remote_addr}", most=_TRIES, window=_WINDOW, now=utc_now())
    with transaction() as session:
        page = page_of(session, stream_id)
        off_fen, said = _worth(session, page)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"off_fen": off_fen, "said": said.pick()}
    form = Form(request.form)
    if off_fen:
        flash(said.pick(), "done")
    else:
        form.refuse("voucher", said.zh, said.en)
    return render_form(page, form, key_or_new())


def _worth(session: Session, page: queries.LivePage) -> tuple[int, Text]:
    """What it takes off, in fen, and the sentence that says so or why not."""
    try:
        code = as_code(clean_text(request.form.get("voucher"), 40))
    except FieldError as error:
        return 0, error.text
    joined = _joined(session)
    goods_fen = _goods_fen(page) + (joined.goods_fen if joined else 0)
    if not goods_fen:
        return 0, Text("先选好要买的东西。", "Choose what you buy first.")
    found = vouchers.by_code(session, code)
    if found is None:
        return 0, UNKNOWN
    phone, now = _phone(), utc_now()
    used = vouchers.used_by_buyer(session, [found.voucher_id], {phone}, now)
    if joined is not None and joined.voucher_id == found.voucher_id:
        # The order that this one is put together with gives its use back first.
        found.count(-1)
        used = {key: times - 1 for key, times in used.items()}
    try:
        _, off_fen = Vouchers({code: found}, used).take_off(code, phone, goods_fen, now)
    except Invalid as against:
        return 0, against.fields["voucher"]
    if not off_fen:
        return 0, Text("这些商品用它减不了。", "It takes nothing off these goods.")
    return off_fen, Text(f"现在能减 ¥{yuan(off_fen)}。", f"It takes ¥{yuan(off_fen)} off now.")


def _goods_fen(page: queries.LivePage) -> int:
    """The goods on the form at the prices of now; a quantity that is none counts as nothing."""
    total = 0
    for offer in page.offers:
        try:
            total += offer.price_fen * parse_count(
                request.form.get(forms.quantity_field(offer.id)), 1, LARGEST_QUANTITY
            )
        except FieldError:
            continue
    return total


def _joined(session: Session) -> Order | None:
    number = request.form.get("joins", "")
    return queries.waiting_order(session, [number], utc_now()) if number in device.order_numbers() else None


def _phone() -> str:
    """The phone on the form, or nothing while it is not typed yet."""
    try:
        return read_phone(request.form.get("buyer.phone"))[0]
    except FieldError:
        return ""
