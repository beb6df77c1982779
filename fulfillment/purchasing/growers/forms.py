"""Reading the forms of farmers and contracts."""

import re
from collections.abc import Collection, Mapping, Sequence

from fulfillment.purchasing.growers.contract_service import ContractTerms
from fulfillment.purchasing.growers.models import Grade
from fulfillment.purchasing.growers.service import FarmerFacts, GradeTerms
from fulfillment.purchasing.rules import LEAST_PREMIUM_BPS, MOST_PREMIUM_BPS
from kernel.forms import Form
from kernel.parse import FieldError, clean_text
from shop.catalog.models import Product, Variant

_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}", re.ASCII)
_INITIALS = re.compile(r"[a-z]{0,12}", re.ASCII)
_LONGEST_GRADE = 20
# Whoever takes nine tenths off has mistyped.
_MOST_DEDUCTION_BPS = 9_000
MOST_KG_G = 1_000_000_000
_HIGHEST_FLOOR_FEN = 10_000_000


def read_farmer(form: Form) -> FarmerFacts:
    """Who a grower is.

    Raises:
        Invalid: naming every field that needs another look.
    """
    name = form.text("name", longest=30)
    facts = FarmerFacts(
        name=name,
        shown_name=form.text("shown_name", longest=30, required=False) or name,
        phone=form.read("phone", _phone),
        village=form.text("village", longest=40),
        initials=form.read("initials", _initials),
        consent_shown=form.ticked("consent_shown"),
        active=form.ticked("active"),
    )
    form.check()
    return facts


def _phone(raw: object) -> str:
    number = clean_text(raw, 20).replace(" ", "")
    if not _PHONE.fullmatch(number):
        raise FieldError(
            "请填 11 位手机号，或带区号的座机。", "Give a mobile number of 11 digits, or a landline with its area code."
        )
    return number


def _initials(raw: object) -> str:
    letters = clean_text(raw, 12, required=False).lower()
    if not _INITIALS.fullmatch(letters):
        raise FieldError("只用拼音首字母，例如 wcg。", "Only the initials in pinyin, such as wcg.")
    return letters


def read_grade(form: Form, products: Mapping[str, Product]) -> GradeTerms:
    """A grade of a product that farmers bring.

    Raises:
        Invalid: naming every field that needs another look.
    """
    slug = form.choice("product", products)
    name = form.text("name", longest=_LONGEST_GRADE)
    deduction_bps = form.percent("deduction", high_bps=_MOST_DEDUCTION_BPS)
    form.check()
    return GradeTerms(slug, products[slug].form, name, deduction_bps)


Goods = tuple[Variant, Grade]


def goods_to_contract(variants: Sequence[Variant], grades: Sequence[Grade]) -> dict[str, Goods]:
    """What a contract can be about: each raw variant with each grade of its product that takes nothing off."""
    return {
        f"{variant.id}-{grade.id}": (variant, grade)
        for variant in variants
        for grade in grades
        if (variant.product.slug, variant.product.form) == (grade.product, grade.form) and not grade.deduction_bps
    }


def read_contract(form: Form, farmer_ids: Collection[int], goods: dict[str, Goods]) -> ContractTerms:
    """What is promised; the premium is 10 % to 15 %, whatever anybody types.

    Raises:
        Invalid: naming every field that needs another look.
    """
    farmer_id = form.choice("farmer", {str(farmer_id) for farmer_id in farmer_ids})
    chosen = form.choice("goods", goods)
    start, end = form.date("season_start"), form.date("season_end")
    if start and end and end < start:
        form.refuse("season_end", "结束不能早于开始。", "The end cannot be before the start.")
    standard_bps, reject_bps = _read_moisture(form)
    agreed_g = form.kg("agreed", low_g=1_000, high_g=MOST_KG_G)
    tolerance_bps = form.percent("tolerance", high_bps=5_000)
    premium_bps = form.percent("premium", low_bps=LEAST_PREMIUM_BPS, high_bps=MOST_PREMIUM_BPS)
    floor_fen_per_kg = form.yuan("floor", high_fen=_HIGHEST_FLOOR_FEN)
    quote_days, payment_days = form.count("quote_days", 0, 60), form.count("payment_days", 0, 90)
    market = form.text("market", longest=60, required=False) or None
    form.check()
    variant, grade = goods[chosen]
    return ContractTerms(
        farmer_id=int(farmer_id),
        variant_id=variant.id,
        product=grade.product,
        form=grade.form,
        grade=grade.name,
        season_start=start,
        season_end=end,
        agreed_g=agreed_g,
        tolerance_bps=tolerance_bps,
        premium_bps=premium_bps,
        floor_fen_per_kg=floor_fen_per_kg,
        quote_days=quote_days,
        market=market,
        standard_moisture_bps=standard_bps,
        reject_above_bps=reject_bps,
        payment_days=payment_days,
    )


def _read_moisture(form: Form) -> tuple[int, int | None]:
    """The standard, and above what the goods are refused, if anything."""
    standard_bps = form.percent("standard_moisture", high_bps=9_999)
    if not form.value("reject_above"):
        return standard_bps, None
    reject_bps = form.percent("reject_above", high_bps=9_999)
    if "standard_moisture" not in form.errors and "reject_above" not in form.errors and reject_bps < standard_bps:
        form.refuse("reject_above", "不能比标准水分还低。", "It cannot be below the standard moisture.")
    return standard_bps, reject_bps
