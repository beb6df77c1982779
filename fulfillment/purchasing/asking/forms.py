"""Reading the form of a visit from which nothing is taken."""

from datetime import date

from fulfillment.purchasing.asking.rules import CAUSES
from fulfillment.purchasing.asking.service import Visit
from fulfillment.purchasing.weighing.rules import HEAVIEST_G
from kernel.forms import Form
from kernel.text import Text

_LONGEST_WORDS = 200


def read_visit(form: Form, contract_id: int, today: date) -> Visit:
    """What was brought and why it goes home again, in kilograms; the moisture may be left out.

    Raises:
        Invalid: naming every field that needs another look.
    """
    visit = Visit(
        contract_id=contract_id,
        day=today,
        gross_g=form.kg("gross", low_g=1, high_g=HEAVIEST_G),
        tare_g=form.kg("tare", high_g=HEAVIEST_G) if form.value("tare") else 0,
        moisture_bps=form.percent("moisture", high_bps=9_999) if form.value("moisture") else None,
        cause=form.choice("cause", CAUSES),
        words=form.text("words", longest=_LONGEST_WORDS, required=False),
    )
    if "cause" in form.errors:
        form.errors["cause"] = Text("请选为什么不收。", "Choose why nothing is taken.")
    form.check()
    return visit
