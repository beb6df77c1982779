"""Reading the form of a settlement at the counter."""

from collections.abc import Sequence

from fulfillment.purchasing.settlements.rules import METHODS
from fulfillment.purchasing.settlements.service import Payment
from kernel.forms import Form
from kernel.parse import FieldError, parse_count, parse_yuan

_MOST_LINES = 500
_MOST_FEN = 10_000_000


def read_payment(form: Form, farmer_id: int, ticked: Sequence[str], added: Sequence[str], cap_bps: int) -> Payment:
    """Which payables and credits are paid, how, and how much is kept for open debts.

    Raises:
        Invalid: naming every field that needs another look.
    """
    payable_ids = form.read("payable", lambda _: _ids(ticked))
    credit_ids = form.read("payable", lambda _: _ids(added))
    if not (ticked or added):
        form.refuse("payable", "请勾上要付的款。", "Tick what is paid.")
    method = form.choice("method", METHODS)
    reference = form.text("reference", longest=60, required=False)
    set_off_fen = form.read("set_off", read_set_off)
    form.check()
    return Payment(
        farmer_id, payable_ids, method, reference, credit_ids=credit_ids, set_off_fen=set_off_fen, cap_bps=cap_bps
    )


def read_set_off(raw: object) -> int:
    """How much is kept, in fen; nothing when nothing was typed.

    Raises:
        FieldError: no sum of money.
    """
    return 0 if raw is None or raw == "" else parse_yuan(raw, _MOST_FEN)


def _ids(ticked: Sequence[str]) -> frozenset[int]:
    if len(ticked) > _MOST_LINES:
        raise FieldError(f"一次最多付 {_MOST_LINES} 笔。", f"At most {_MOST_LINES} at a time.")
    return frozenset(parse_count(raw, 1, 2**62) for raw in ticked)
