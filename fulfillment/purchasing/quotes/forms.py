"""Reading the forms of quotes."""

from datetime import date
from decimal import Decimal

from fulfillment.purchasing.quotes.rules import Kind
from fulfillment.purchasing.quotes.service import TypedPrice
from kernel.forms import Form
from kernel.text import Text

_HIGHEST_FEN = 10_000_000
# Boards show yuan per 500 g as often as per kilogram.
UNITS = {"kg": (Decimal(1), Text("元/公斤", "yuan a kilogram")), "jin": (Decimal(2), Text("元/斤", "yuan per 500 g"))}


def read_price(form: Form, kinds: dict[str, Kind], today: date) -> TypedPrice:
    """A price read off a board; another market than the listed ones may be written beside them.

    Raises:
        Invalid: naming every field that needs another look.
    """
    kind = form.choice("kind", kinds)
    market = form.text("other_market", longest=60, required=False) or form.text("market", longest=60)
    day = form.date("day") if form.value("day") else today
    if day and day > today:
        form.refuse("day", "日期在将来。", "That day is in the future.")
    unit = form.choice("unit", UNITS)
    fen = form.yuan("price", low_fen=1, high_fen=_HIGHEST_FEN)
    form.check()
    return TypedPrice(market, kinds[kind], day, int(fen * UNITS[unit][0]))
