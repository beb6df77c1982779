"""What the database says when a contract does not fit, in people's words and at the field that they can change."""

from sqlalchemy.exc import IntegrityError

from kernel.errors import Invalid
from kernel.text import Text

# By the name that the database gives: the field, and what to do; {} is the day that it names.
_SAID = {
    "no_two_overlap": (
        "season_start",
        Text(
            "和已有的合同时间重叠。改日期，或先结束那份合同。",
            "It overlaps with a contract that runs. Change the dates, or end that contract first.",
        ),
    ),
    "terms_after_deliveries": (
        "from_day",
        Text(
            "{} 的货已经按原来的条款收了，新条款最早从后一天算起。",
            "The goods of {} came under the old terms; others begin the day after at the earliest.",
        ),
    ),
    "season_start_leaves_out": (
        "season_start",
        Text("{} 已经交过货，不能比这晚。", "Goods came on {}; it cannot begin later."),
    ),
    "season_end_leaves_out": (
        "season_end",
        Text("{} 已经交过货，不能比这早。", "Goods came on {}; it cannot end earlier."),
    ),
}


def fault(field: str, zh: str, en: str, code: str = "invalid") -> Invalid:
    """One field that cannot be as it was typed."""
    return Invalid(
        "有几处要改一下，已经标出来了。",
        "A few fields need another look; they are marked.",
        code=code,
        fields={field: Text(zh, en)},
    )


def refusal_of(error: IntegrityError) -> Exception:
    """What to say instead of a database error; one that nobody expects is given back as it is."""
    for name, (field, said) in _SAID.items():
        if name in str(error.orig):
            day = getattr(getattr(error.orig, "diag", None), "message_detail", "") or ""
            code = "contract_overlaps" if name == "no_two_overlap" else name
            return fault(field, said.zh.format(day), said.en.format(day), code)
    return error
