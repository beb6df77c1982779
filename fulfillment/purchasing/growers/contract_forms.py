"""Reading the forms of contracts: signing one, amending one."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal

from fulfillment.purchasing.growers.contract_service import Amendment, ContractTerms, Promise
from fulfillment.purchasing.growers.forms import MOST_DEDUCTION_BPS
from fulfillment.purchasing.growers.models import Contract, Grade
from fulfillment.purchasing.growers.queries import AgreedGrade
from fulfillment.purchasing.growers.rules import OVER_RULES
from fulfillment.purchasing.rules import LEAST_PREMIUM_BPS, MOST_PREMIUM_BPS
from kernel.forms import Form
from kernel.parse import FieldError, parse_grams
from shop.catalog.models import Variant

_MOST_KG_G = 1_000_000_000
_HIGHEST_FLOOR_FEN = 10_000_000
_MOST_MEDIAN_DAYS = 31
# Half a kilogram each: whoever thinks in them says so, or types twice the figure.
_IN_JIN = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(?:市?斤|jin)\s*", re.IGNORECASE | re.ASCII)

Goods = tuple[Variant, Grade]


def goods_to_contract(variants: Sequence[Variant], grades: Sequence[Grade]) -> dict[str, Goods]:
    """What a contract can be about: each raw variant with each grade of its product that takes nothing off."""
    return {
        f"{variant.id}-{grade.id}": (variant, grade)
        for variant in variants
        for grade in grades
        if (variant.product.slug, variant.product.form) == (grade.product, grade.form) and not grade.deduction_bps
    }


def read_contract(
    form: Form, farmer_ids: Collection[int], goods: Mapping[str, Goods], renews_id: int | None = None
) -> ContractTerms:
    """What is promised; the premium is 10 % to 15 %, whatever anybody types.

    Raises:
        Invalid: naming every field that needs another look.
    """
    farmer_id = form.choice("farmer", {str(farmer_id) for farmer_id in farmer_ids})
    chosen = form.choice("goods", goods)
    promise = _read_promise(form, None)
    variant, grade = goods[chosen]
    return ContractTerms(
        farmer_id=int(farmer_id),
        variant_id=variant.id,
        product=grade.product,
        form=grade.form,
        grade=grade.name,
        renews_id=renews_id,
        **asdict(promise),
    )


def read_amendment(form: Form, grades: Sequence[AgreedGrade]) -> Amendment:
    """Other terms for a contract with these grades; fields ``off-0`` and so on are what each of them takes off.

    Raises:
        Invalid: naming every field that needs another look.
    """
    version = form.count("version", 1, 1_000_000)
    from_day = form.date("from_day")
    reason = form.text("reason", longest=200)
    deductions = {
        grade.name: form.percent(f"off-{place}", high_bps=MOST_DEDUCTION_BPS) for place, grade in enumerate(grades)
    }
    return Amendment(version, from_day, _read_promise(form, deductions), reason)


def _read_promise(form: Form, deductions: dict[str, int] | None) -> Promise:
    start, end = form.date("season_start"), form.date("season_end")
    if start and end and end < start:
        form.refuse("season_end", "结束不能早于开始。", "The end cannot be before the start.")
    standard_bps, reject_bps = _read_moisture(form)
    quote_days, median_days = _read_quote_rule(form)
    read = {
        "agreed_g": form.read("agreed", _kilograms),
        "tolerance_bps": form.percent("tolerance", high_bps=5_000),
        "premium_bps": form.percent("premium", low_bps=LEAST_PREMIUM_BPS, high_bps=MOST_PREMIUM_BPS),
        "floor_fen_per_kg": form.yuan("floor", high_fen=_HIGHEST_FLOOR_FEN),
        "payment_days": form.count("payment_days", 0, 90),
    }
    over_rule = form.choice("over_rule", OVER_RULES)
    market = form.text("market", longest=60, required=False) or None
    form.check()
    return Promise(
        season_start=start,
        season_end=end,
        quote_days=quote_days,
        median_days=median_days,
        market=market,
        standard_moisture_bps=standard_bps,
        reject_above_bps=reject_bps,
        deductions=deductions,
        over_rule=over_rule,
        **read,
    )


def _kilograms(raw: object) -> int:
    """Kilograms as grams; who writes 斤 is told what that is in kilograms, and types it."""
    in_jin = _IN_JIN.fullmatch(raw) if isinstance(raw, str) else None
    if in_jin:
        kg = f"{(Decimal(in_jin[1]) / 2).normalize():f}"
        raise FieldError(
            f"这里填公斤。{in_jin[1]} 斤是 {kg} 公斤，请填 {kg}。",
            f"Kilograms, please: {in_jin[1]} jin are {kg} kg. Type {kg}.",
        )
    return parse_grams(raw, _MOST_KG_G, 1_000)


def _read_quote_rule(form: Form) -> tuple[int, int]:
    """How old a price may be, and of how many days the middle one counts; nothing typed is the newest day alone."""
    quote_days = form.count("quote_days", 0, 60)
    if not form.value("median_days"):
        return quote_days, 1
    median_days = form.count("median_days", 1, _MOST_MEDIAN_DAYS)
    if "quote_days" not in form.errors and "median_days" not in form.errors and median_days > quote_days + 1:
        form.refuse(
            "median_days",
            f"只看 {quote_days + 1} 天里的价，中间价最多取 {quote_days + 1} 天。",
            f"Prices of {quote_days + 1} days count, so the middle is of {quote_days + 1} at most.",
        )
    return quote_days, median_days


def _read_moisture(form: Form) -> tuple[int, int | None]:
    """The standard, and above what the goods are refused, if anything."""
    standard_bps = form.percent("standard_moisture", high_bps=9_999)
    if not form.value("reject_above"):
        return standard_bps, None
    reject_bps = form.percent("reject_above", high_bps=9_999)
    if "standard_moisture" not in form.errors and "reject_above" not in form.errors and reject_bps < standard_bps:
        form.refuse("reject_above", "不能比标准水分还低。", "It cannot be below the standard moisture.")
    return standard_bps, reject_bps


def refuse_if_doubled(form: Form, agreed_g: int, last: Contract | None) -> None:
    """Ask again when it is about twice what was agreed last time: then the figure is likely to be in 斤.

    Raises:
        Invalid: at ``agreed``, unless the box ``sure`` is ticked.
    """
    if last is None or form.ticked("sure") or not 19 * last.agreed_g <= 10 * agreed_g <= 21 * last.agreed_g:
        return
    kg, before = f"{agreed_g / 1000:g}", f"{last.agreed_g / 1000:g}"
    form.refuse(
        "agreed",
        f"上一份是 {before} 公斤，这次正好两倍，是不是按斤填的？确实是 {kg} 公斤就勾上再签。",
        f"The last contract was for {before} kg and this is twice that: was it typed in jin? If it is {kg} kg, tick the box.",
    )
    form.check()


def typed_promise(terms: Contract | Promise) -> dict[str, str]:
    """A promise as it would be typed, for a form that begins with it."""
    return {
        "season_start": f"{terms.season_start}",
        "season_end": f"{terms.season_end}",
        "agreed": _hundredths(terms.agreed_g, 1_000),
        "tolerance": _hundredths(terms.tolerance_bps),
        "premium": _hundredths(terms.premium_bps),
        "floor": _hundredths(terms.floor_fen_per_kg),
        "quote_days": f"{terms.quote_days}",
        "median_days": f"{terms.median_days}",
        "market": terms.market or "",
        "standard_moisture": _hundredths(terms.standard_moisture_bps),
        "reject_above": "" if terms.reject_above_bps is None else _hundredths(terms.reject_above_bps),
        "payment_days": f"{terms.payment_days}",
        "over_rule": terms.over_rule,
    }


def _hundredths(number: int, whole: int = 100) -> str:
    return f"{(Decimal(number) / whole).normalize():f}"
