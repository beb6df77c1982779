"""Reading the forms that print slips."""

from fulfillment.labels.rules import LONGEST_REASON, REPRINT_REASONS
from kernel.forms import Form


def read_reprint_reason(form: Form, *, required: bool = False) -> str:
    """The reason for another copy, as it is stored; empty for a first print. "Other" needs a word of its own.

    Raises:
        Invalid: an unknown reason, "other" without its word, or none where one is required.
    """
    if not form.value("reason") and not required:
        return ""
    code = form.choice("reason", REPRINT_REASONS)
    own = form.text("own_reason", longest=LONGEST_REASON, required=code == "other")
    form.check()
    return f"{code}: {own}" if code == "other" else code


def read_range(form: Form, most: int) -> tuple[int, int]:
    """Which papers of a batch to print again, by their places.

    Raises:
        Invalid: a place that the batch does not have, or the last before the first.
    """
    first = form.count("first", 1, most)
    last = form.count("last", 1, most)
    if not form.errors and last < first:
        form.refuse("last", "“到第几张”不能比“从第几张”小。", "The last paper cannot come before the first.")
    form.check()
    return first, last
