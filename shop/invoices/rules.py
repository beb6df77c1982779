"""Pure decisions about invoices that buyers ask for.

Whoever sells goods issues an invoice when the buyer asks for one (Measures of the PRC for the Control of Invoices,
articles 18 and 19); digital ones have numbers of 20 digits, paper ones of 8.
"""

import re
from typing import Final

PERSON: Final = "person"
COMPANY: Final = "company"
KINDS: Final = (PERSON, COMPANY)

ASKED: Final = "asked"
ISSUED: Final = "issued"
DECLINED: Final = "declined"
STATES: Final = (ASKED, ISSUED, DECLINED)

LONGEST_TITLE: Final = 100
LONGEST_REASON: Final = 200
_PAID: Final = ("paid", "shipped", "delivered")
_NUMBER: Final = re.compile(r"\d{8}|\d{20}", re.ASCII)


def may_ask(state: str, channel: str, total_fen: int, refunded_fen: int) -> bool:
    """Whether an order in this state can have an invoice: it is of this shop, paid, and not all of its money went back."""
    return channel == "own" and state in _PAID and total_fen > refunded_fen


def is_invoice_number(number: str) -> bool:
    """Whether it has the form of an invoice number."""
    return _NUMBER.fullmatch(number) is not None


def needs_red_letter(amount_fen: int | None, total_fen: int, refunded_fen: int) -> bool:
    """Whether money went back after the invoice was issued, so that a red-letter one (红字发票) has to follow."""
    return amount_fen is not None and amount_fen != total_fen - refunded_fen
