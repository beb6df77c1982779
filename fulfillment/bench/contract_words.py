"""Contracts in people's words: what is promised, how far it is, what changed from one version to the next."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from fulfillment.bench.weigher_words import kind_words, percent_words
from fulfillment.purchasing import queries
from fulfillment.purchasing.growers.contract_queries import ALL, BEHIND, ENDING, RUNNING, UNSIGNED, Listed
from fulfillment.purchasing.growers.models import Contract, ContractVersion
from fulfillment.purchasing.growers.rules import REFUSE, SAME_TERMS
from kernel.money import yuan
from kernel.sheets import Cell
from kernel.text import Text, current_locale, t

_FILTERS: Mapping[str, Text] = {
    RUNNING: Text("在期的", "Running"),
    BEHIND: Text("交得慢的", "Behind"),
    ENDING: Text("快到期、没续的", "Ending soon"),
    UNSIGNED: Text("没存签字件的", "No signed copy"),
    ALL: Text("全部", "All"),
}
OVER: Mapping[str, Text] = {
    SAME_TERMS: Text("两个人同意后，同样条款收", "taken at the same terms once two people agree"),
    REFUSE: Text("不收", "not taken"),
}
EXPORT_COLUMNS = (
    "合同号", "版本", "农户", "村", "货", "形态", "报价等级", "开始", "结束", "约定公斤", "允差%", "已交公斤", "按日子该交公斤",
    "差公斤", "溢价%", "保底价元/公斤", "市场", "行情最旧天", "中间价天数", "标准水分%", "拒收水分%", "付款天数", "多交", "签字页", "结束了",
)  # fmt: skip
Terms = Contract | ContractVersion


@contextmanager
def in_chinese() -> Iterator[None]:
    """What is signed is in Chinese, whoever prints it."""
    before = current_locale.set("zh")
    try:
        yield
    finally:
        current_locale.reset(before)


def filter_words() -> list[tuple[str, Text]]:
    """The filters of the list, in the order of their buttons."""
    return list(_FILTERS.items())


def over_choices() -> list[tuple[str, Text, str]]:
    """What can be done with more than was agreed, to choose from."""
    return [(rule, word, "") for rule, word in OVER.items()]


def goods_words(contract: Contract) -> str:
    """What a contract is for."""
    return kind_words(queries.kind_of(contract))


def quote_words(terms: Terms) -> str:
    """How the market is read."""
    market = terms.market or t("各市场取当天最高", "the best of the day's markets")
    if terms.median_days > 1:
        return t(
            "{market}，{n} 天内最近 {k} 天的中间价",
            "{market}, the middle of the last {k} priced days within {n}",
            market=market,
            n=terms.quote_days,
            k=terms.median_days,
        )
    if not terms.quote_days:
        return t("{market}，只用当天的", "{market}, of the day itself", market=market)
    return t(
        "{market}，当天的，没有就用 {n} 天内最新的",
        "{market}, of the day or the newest within {n}",
        market=market,
        n=terms.quote_days,
    )


def moisture_words(terms: Terms) -> str:
    """The standard, and what is refused."""
    standard = t("标准 {rate}%", "standard {rate} %", rate=percent_words(terms.standard_moisture_bps))
    if terms.reject_above_bps is None:
        return standard
    return standard + t("，超过 {rate}% 不收", ", refused above {rate} %", rate=percent_words(terms.reject_above_bps))


def deduction_words(terms: Terms) -> str:
    """Each grade with what it takes off, best first."""
    in_order = sorted(terms.deductions.items(), key=lambda grade: (grade[1], grade[0]))
    less = t("减", "less")
    return t("，", ", ").join(f"{name} {less} {percent_words(bps)}%" if bps else name for name, bps in in_order)


# One term: its name, and how a version says it.
_TERMS: tuple[tuple[Text, Callable[[Terms], str]], ...] = (
    (Text("合同期", "Season"), lambda terms: f"{terms.season_start} – {terms.season_end}"),
    (Text("数量", "Quantity"), lambda terms: f"{_kg(terms.agreed_g)} kg ± {percent_words(terms.tolerance_bps)}%"),
    (Text("溢价", "Premium"), lambda terms: f"{percent_words(terms.premium_bps)}%"),
    (Text("保底价", "Floor"), lambda terms: f"¥{yuan(terms.floor_fen_per_kg)} / kg"),
    (Text("看什么行情", "Market price"), quote_words),
    (Text("水分", "Moisture"), moisture_words),
    (Text("等级", "Grades"), deduction_words),
    (Text("付款", "Payment"), lambda terms: t("{n} 天内", "within {n} days", n=terms.payment_days)),
    (Text("多交的", "More than agreed"), lambda terms: OVER[terms.over_rule].pick()),
)


def term_lines(terms: Terms) -> list[tuple[str, str]]:
    """Every term in words: its name, and what was agreed."""
    return [(name.pick(), say(terms)) for name, say in _TERMS]


def changes(before: ContractVersion, after: ContractVersion) -> list[tuple[str, str, str]]:
    """What is different from one version to the next: the term, as it was, as it is."""
    return [(name.pick(), say(before), say(after)) for name, say in _TERMS if say(before) != say(after)]


def export_row(listed: Listed) -> list[Cell]:
    """A contract as a row of the sheet."""
    contract, standing = listed.contract, listed.standing
    rejected = contract.reject_above_bps
    return [
        contract.id, contract.version, contract.farmer.name, contract.farmer.village, contract.product, contract.form,
        contract.grade, f"{contract.season_start}", f"{contract.season_end}", _kg(contract.agreed_g),
        percent_words(contract.tolerance_bps), _kg(contract.delivered_g), _kg(standing.expected_g), _kg(standing.short_g),
        percent_words(contract.premium_bps), yuan(contract.floor_fen_per_kg), contract.market or "", contract.quote_days,
        contract.median_days, percent_words(contract.standard_moisture_bps),
        "" if rejected is None else percent_words(rejected), contract.payment_days, OVER[contract.over_rule].zh,
        listed.pages, "" if contract.active else "是",
    ]  # fmt: skip


def _kg(grams: int) -> str:
    return f"{grams / 1000:.3f}".rstrip("0").rstrip(".")
