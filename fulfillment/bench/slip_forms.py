"""Reading the forms that print slips."""

from fulfillment.labels.rules import LONGEST_REASON, REPRINT_REASONS
from kernel.forms import Form


def read_reprint_reason(form: Form) -> str:
    """The reason for another copy, as it is stored; empty for a first print. "Other" needs a word of its own.

    Raises:
        Invalid: an unknown reason, or "other" without its word.
    """
    if not form.value("reason"):
        return ""
    code = form.choice("reason", REPRINT_REASONS)
    own = form.text("own_reason", longest=LONGEST_REASON, required=code == "other")
    form.check()
    return f"{code}: {own}" if code == "other" else code
