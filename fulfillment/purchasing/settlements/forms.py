"""Reading the form of a settlement."""

from collections.abc import Sequence

from fulfillment.purchasing.settlements.rules import METHODS
from fulfillment.purchasing.settlements.service import Payment
from kernel.forms import Form
from kernel.parse import FieldError, parse_count

_MOST_LINES = 500


def read_payment(form: Form, farmer_id: int, ticked: Sequence[str]) -> Payment:
    """Which payables are paid, and how.

    Raises:
        Invalid: naming every field that needs another look.
    """
    payable_ids = form.read("payable", lambda _: _payable_ids(ticked))
    method = form.choice("method", METHODS)
    reference = form.text("reference", longest=60, required=False)
    form.check()
    return Payment(farmer_id, payable_ids, method, reference)


def _payable_ids(ticked: Sequence[str]) -> frozenset[int]:
    if not ticked:
        raise FieldError("请勾上要付的款。", "Tick what is paid.")
    if len(ticked) > _MOST_LINES:
        raise FieldError(f"一次最多付 {_MOST_LINES} 笔。", f"At most {_MOST_LINES} at a time.")
    return frozenset(parse_count(raw, 1, 2**62) for raw in ticked)
