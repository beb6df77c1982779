"""The farmer's slip as sentences: for a text message and for reading aloud, in both languages. Pure."""

from dataclasses import dataclass
from datetime import date

from fulfillment.purchasing.asking.rules import CAUSES
from fulfillment.purchasing.rules import Slip
from kernel.money import yuan
from kernel.text import Text


@dataclass(frozen=True)
class About:
    """What the sentences say besides the working; ``old_agreed_by`` let a price count that was older than agreed."""

    product: Text
    lot: str
    day: date
    source: Text
    refused_reason: str = ""
    old_agreed_by: str = ""


def slip_sentences(slip: Slip, about: About) -> Text:
    """Quote, source, date, premium, floor, deductions, total, and what it would have been at market."""
    return Text(_chinese(slip, about), _english(slip, about))


def _chinese(slip: Slip, about: About) -> str:
    price, terms, weighed, quote = slip.price, slip.terms, slip.weighed, slip.quote
    floor = "，比行情高，按保底算" if price.floor_applied else ""
    old = f"（行情较旧，{about.old_agreed_by}同意用）" if about.old_agreed_by else ""
    return (
        f"{about.day} 交{about.product.zh}，批号 {about.lot}，净重 {_kg(weighed.net_g)} 公斤{_refused_zh(slip, about)}。"
        f"行情：{quote.market}，{about.source.zh}，{quote.day}，每公斤 {yuan(quote.fen_per_kg)} 元{old}。"
        f"加 {_percent(terms.premium_bps)}% 是 {yuan(price.with_premium_fen_per_kg)} 元，"
        f"保底 {yuan(terms.floor_fen_per_kg)} 元{floor}，答应每公斤 {yuan(price.promised_fen_per_kg)} 元。"
        f"等级 {slip.grade} 减 {_percent(weighed.grade_deduction_bps)}%，每公斤 {yuan(price.unit_fen_per_kg)} 元。"
        f"杂质 {_percent(weighed.foreign_bps)}%，水分 {_percent(weighed.moisture_bps)}%（标准 {_percent(terms.standard_moisture_bps)}%），"
        f"结算 {_kg(price.settle_g)} 公斤。应付 {yuan(price.pay_fen)} 元。"
        f"按市场价只有 {yuan(price.market_pay_fen)} 元，多得 {yuan(price.premium_fen)} 元。"
    )


def _english(slip: Slip, about: About) -> str:
    price, terms, weighed, quote = slip.price, slip.terms, slip.weighed, slip.quote
    floor = ", more than the market, so it counts" if price.floor_applied else ""
    old = f" (an older price, agreed by {about.old_agreed_by})" if about.old_agreed_by else ""
    return (
        f"{about.day}: {about.product.en}, lot {about.lot}, {_kg(weighed.net_g)} kg net{_refused_en(slip, about)}. "
        f"Market: {quote.market}, {about.source.en}, {quote.day}, {yuan(quote.fen_per_kg)} yuan a kg{old}. "
        f"Plus {_percent(terms.premium_bps)} % is {yuan(price.with_premium_fen_per_kg)} yuan; "
        f"floor {yuan(terms.floor_fen_per_kg)} yuan{floor}; promised {yuan(price.promised_fen_per_kg)} yuan a kg. "
        f"Grade {slip.grade}, less {_percent(weighed.grade_deduction_bps)} %: {yuan(price.unit_fen_per_kg)} yuan a kg. "
        f"Foreign matter {_percent(weighed.foreign_bps)} %, moisture {_percent(weighed.moisture_bps)} % "
        f"(standard {_percent(terms.standard_moisture_bps)} %): {_kg(price.settle_g)} kg settled. "
        f"To pay: {yuan(price.pay_fen)} yuan. At market it would be {yuan(price.market_pay_fen)} yuan, "
        f"{yuan(price.premium_fen)} less."
    )


def _refused_zh(slip: Slip, about: About) -> str:
    if not slip.refused_g:
        return ""
    return f"，退回 {_kg(slip.refused_g)} 公斤（{CAUSES[about.refused_reason].why.zh}）"


def _refused_en(slip: Slip, about: About) -> str:
    if not slip.refused_g:
        return ""
    return f", {_kg(slip.refused_g)} kg go home again ({CAUSES[about.refused_reason].why.en})"


def _kg(grams: int) -> str:
    return f"{grams / 1000:.3f}".rstrip("0").rstrip(".")


def _percent(bps: int) -> str:
    return f"{bps / 100:.2f}".rstrip("0").rstrip(".")
