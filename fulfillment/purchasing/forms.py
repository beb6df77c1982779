"""Reading the weigher's forms."""

from dataclasses import dataclass
from datetime import date

from fulfillment.purchasing.service import WeighIn
from kernel.forms import Form
from kernel.text import Text

# A tricycle's load; a lorry is weighed in parts.
HEAVIEST_G = 5_000_000
_LONGEST_NOTE = 200
MOST_BAGS = 20_000


def read_weigh_in(form: Form, contract_id: int, today: date) -> WeighIn:
    """What the weigher typed; no day means today.

    Raises:
        Invalid: naming every field that needs another look.
    """
    weigh_in = WeighIn(
        contract_id=contract_id,
        day=form.date("day") if form.value("day") else today,
        gross_g=form.kg("gross", low_g=1, high_g=HEAVIEST_G),
        tare_g=form.kg("tare", high_g=HEAVIEST_G),
        moisture_bps=form.percent("moisture", high_bps=9_999),
        foreign_bps=form.percent("foreign", high_bps=9_999),
        grade=form.text("grade", longest=60),
        has_certificate=form.ticked("certificate"),
        note=form.text("note", longest=_LONGEST_NOTE, required=False),
    )
    if "grade" in form.errors:
        form.errors["grade"] = Text("请选等级。", "Choose the grade.")
    form.check()
    return weigh_in


@dataclass(frozen=True)
class BaggingWish:
    """How many bags of which variant."""

    variant_id: int
    bags: int


def read_bagging(form: Form, variant_ids: frozenset[int]) -> BaggingWish:
    """What to put into bags.

    Raises:
        Invalid: naming every field that needs another look.
    """
    chosen = form.choice("variant", {str(variant_id) for variant_id in variant_ids})
    bags = form.count("bags", 1, MOST_BAGS)
    form.check()
    return BaggingWish(int(chosen), bags)
