"""What a purchase invoice must say (农产品收购发票, issued by the buyer, marked 收购), and what of it is missing. Pure.

From memory of the rule, medium confidence: the tax office's own form decides.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from kernel.credit_code import is_credit_code

TAX_FREE: Final = "免税"
BOUGHT: Final = "收购"

# The class that the tax office wants before the name of the goods, by a sign in the name.
_CLASSES: Final = (
    ("菇", "其他食用菌"),
    ("耳", "其他食用菌"),
    ("菌", "其他食用菌"),
    ("柚", "水果"),
    ("桔", "水果"),
    ("橘", "水果"),
)

BUYER, IDENTITY, ADDRESS, PHONE, ACCOUNT, GOODS, PROOF_OF_PAYMENT, OWN_GROWTH = FIELDS = (
    "buyer",
    "identity",
    "address",
    "phone",
    "account",
    "goods",
    "payment",
    "own_growth",
)


@dataclass(frozen=True)
class InvoiceLine:
    """One delivery that was paid, as an invoice needs it; weight in grams, money in fen."""

    farmer_id: int
    seller: str
    identity_tail: str
    address: str
    phone: str
    by_bank: bool
    bank: str
    account_number: str
    goods: str
    grade: str
    settle_g: int
    unit_fen_per_kg: int
    amount_fen: int
    paid_on: date
    payment_reference: str
    own_growth_proof: str
    lot: str


def goods_name(title: str) -> str:
    """``香菇`` as ``*其他食用菌*香菇``; empty when the class is not known."""
    found = next((name for sign, name in _CLASSES if sign in title), "")
    return f"*{found}*{title}" if found else ""


def missing(line: InvoiceLine, buyer_code: str) -> tuple[str, ...]:
    """Which fields an invoice for this line still lacks."""
    lacks = {
        BUYER: not is_credit_code(buyer_code),
        IDENTITY: not line.identity_tail,
        ADDRESS: not line.address,
        PHONE: not line.phone,
        ACCOUNT: line.by_bank and not (line.account_number and line.bank),
        GOODS: not line.goods,
        PROOF_OF_PAYMENT: not line.payment_reference,
        OWN_GROWTH: not line.own_growth_proof,
    }
    return tuple(name for name in FIELDS if lacks[name])
