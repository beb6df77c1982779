"""What a count says, ready to be shown: rates, names of goods, tables for files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console.insights.regions import Tile, tiles
from app.insights.counting import TURNS_OVER, YEAR
from kernel.sheets import plain_yuan
from kernel.text import Text, t
from kernel.workbook import Sheet
from shop.catalog.models import Product, Variant

# What a brand-led workshop lives on (product.md): the mark to beat.
MARK_PERCENT: Final = 30
SHOWN_MONTHS: Final = 12
BUYER_ORDERS: Mapping[str, Text] = {
    "paid": Text("付得多的", "Who paid most"),
    "paid-up": Text("付得少的", "Who paid least"),
    "recent": Text("最近来过的", "Who came last"),
    "recent-up": Text("最久没来的", "Who stayed away longest"),
    "often": Text("来得多的", "Who came most often"),
    "often-up": Text("来得少的", "Who came least often"),
}
SEGMENTS: Mapping[str, tuple[Text, Text]] = {
    "new": (Text("新来的", "New"), Text("三十天内第一次买", "bought for the first time within 30 days")),
    "returning": (
        Text("回头客", "Returning"),
        Text("买过不止一天，九十天内还来过", "on several days, the last within 90 days"),
    ),
    "once": (Text("只来过一次", "Once"), Text("买过一天，三十天没再来", "on one day, more than 30 days ago")),
    "lapsed": (Text("很久没来", "Lapsed"), Text("以前常来，九十天没来了", "on several days, none within 90 days")),
}


def cohort_words(month: str) -> tuple[Text, Text]:
    """The name of those who first came in a month, and what that means."""
    return Text(f"{month} 来的", f"Came in {month}"), Text(
        "第一次买是在这个月", "bought for the first time in that month"
    )


def week_end(monday: str) -> str:
    """The Sunday of a week, as ISO dates."""
    return (date.fromisoformat(monday) + timedelta(days=6)).isoformat()


def year_before(day: str) -> str:
    """The first day of the year that ends with a day."""
    return (date.fromisoformat(day) - YEAR + timedelta(days=1)).isoformat()


def percent(part: int, whole: int) -> str:
    """A share as ``12.3``, or a dash of nothing."""
    return f"{rate(part, whole)}" if whole else "–"


def rate(part: int, whole: int) -> Decimal:
    """A share in percent to one decimal."""
    return (Decimal(part) * 100 / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Cohort:
    """Buyers whose first purchase was in one month; ``again`` by how many months later."""

    month: str
    buyers: int
    again: Mapping[int, int]
    orders: int
    kept_fen: int

    @property
    def worth_fen(self) -> int:
        """What one of them brought so far."""
        return self.kept_fen // self.buyers

    def share(self, later: int) -> Decimal | None:
        """How many of a hundred bought again so many months later; nothing where nobody did."""
        return rate(self.again[later], self.buyers) if later in self.again else None


@dataclass(frozen=True)
class Pair:
    """Two products that the same people bought; ``lift`` above 1: more often than by chance."""

    one: Text
    other: Text
    both: int
    had_one: int
    had_other: int


@dataclass(frozen=True)
class Turn:
    """How often a year the stock of a variant turns over, from the last 90 days."""

    variant_id: int
    title: Text
    spec: Text
    sku: str
    left: int
    on_average: Decimal

    @property
    def a_year(self) -> Decimal | None:
        """Turns a year, or nothing where nothing lay there."""
        if not self.on_average:
            return None
        turns = self.left / self.on_average * YEAR.days / TURNS_OVER.days
        return turns.quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Shown:
    """Everything on the page."""

    day: str
    buyers: int
    again: int
    cohorts: Sequence[Cohort]
    together: Sequence[Pair]
    regions: Sequence[Mapping[str, Any]]
    tiles: Sequence[Tile]
    weeks: Sequence[Mapping[str, Any]]
    turns: Sequence[Turn]
    segments: Sequence[Mapping[str, Any]]

    @property
    def rate(self) -> str:
        """The repurchase rate in percent."""
        return percent(self.again, self.buyers)

    @property
    def is_below_mark(self) -> bool:
        """Whether fewer come again than the mark wants."""
        return self.again * 100 < MARK_PERCENT * self.buyers


def shown(session: Session, figures: Mapping[str, Any]) -> Shown:
    """A count with the names of its goods."""
    titles = {row.id: Text(row.title_zh, row.title_en) for row in session.scalars(select(Product))}
    variants = {row.id: row for row in session.scalars(select(Variant))}
    return Shown(
        day=figures["day"],
        buyers=figures["repurchase"]["buyers"],
        again=figures["repurchase"]["again"],
        cohorts=[_cohort(each) for each in figures["cohorts"]],
        together=[
            Pair(titles[each["one"]], titles[each["other"]], each["had_both"], each["had_one"], each["had_other"])
            for each in figures["together"]
        ],
        regions=figures["regions"],
        tiles=tiles(figures["regions"]),
        weeks=_every_week(figures["weeks"]),
        turns=sorted(
            (_turn(each, variants[each["variant_id"]]) for each in figures["turns"]),
            key=lambda turn: (turn.a_year is None, -(turn.a_year or 0), turn.sku),
        ),
        segments=figures["segments"],
    )


def _every_week(weeks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The weeks from the first with money to the last, those without any too, so that a curve falls where nothing came."""
    known = {each["week"]: each for each in weeks}
    if not known:
        return []
    first, last = date.fromisoformat(min(known)), date.fromisoformat(max(known))
    names = [(first + timedelta(weeks=place)).isoformat() for place in range((last - first).days // 7 + 1)]
    nothing = {"orders": 0, "paid_fen": 0, "refunded_fen": 0}
    return [known.get(name, {"week": name, **nothing}) for name in names]


def _cohort(each: Mapping[str, Any]) -> Cohort:
    again = {int(later): buyers for later, buyers in each["again"].items()}
    return Cohort(each["month"], again.pop(0), again, each["orders"], each["kept_fen"])


def _turn(each: Mapping[str, Any], variant: Variant) -> Turn:
    on_average = Decimal(max(0, each["now_on_hand"]) + max(0, each["then_on_hand"])) / 2
    return Turn(variant.id, variant.product.title, variant.spec, variant.sku, each["left_g"], on_average)


def sheets(found: Shown) -> dict[str, Sheet]:
    """The page's tables by the name of their file."""
    return {
        "segments": Sheet(
            t("买家分几类", "Buyers by segment"),
            [
                *(t("哪一类", "Segment"), t("人", "Buyers"), t("愿意收消息", "Want news")),
                t("一共付了（元）", "Paid so far, yuan"),
            ],
            [
                (str(SEGMENTS[each["name"]][0]), each["buyers"], each["want_news"], plain_yuan(each["kept_fen"]))
                for each in found.segments
            ],
        ),
        "cohorts": Sheet(
            t("按第一次买的月份", "By month of the first purchase"),
            [
                *(t("月份", "Month"), t("买家", "Buyers"), t("订单", "Orders"), t("净额（元）", "Net, yuan")),
                *(t("每人（元）", "A buyer, yuan"), *(f"+{later} %" for later in range(1, SHOWN_MONTHS + 1))),
            ],
            [
                (
                    *(each.month, each.buyers, each.orders, plain_yuan(each.kept_fen), plain_yuan(each.worth_fen)),
                    *(each.share(later) for later in range(1, SHOWN_MONTHS + 1)),
                )
                for each in found.cohorts
            ],
        ),
        "together": Sheet(
            t("一起买的", "Bought together"),
            [
                *(t("商品", "Product"), t("商品", "Product"), t("两样都买的人", "Bought both")),
                *(t("买第一样的人", "Bought the first"), t("买第二样的人", "Bought the second")),
            ],
            [(str(each.one), str(each.other), each.both, each.had_one, each.had_other) for each in found.together],
        ),
        "regions": Sheet(
            t("寄到哪里", "Where to"),
            [t("省份", "Province"), t("订单", "Orders"), t("净额（元）", "Net, yuan")],
            [(each["province"], each["orders"], plain_yuan(each["kept_fen"])) for each in found.regions],
        ),
        "weeks": Sheet(
            t("每周", "By week"),
            [
                *(t("从周一", "Week from"), t("订单", "Orders"), t("付款（元）", "Paid, yuan")),
                t("退款（元）", "Refunded, yuan"),
            ],
            [
                (each["week"], each["orders"], plain_yuan(each["paid_fen"]), plain_yuan(each["refunded_fen"]))
                for each in found.weeks
            ],
        ),
        "turns": Sheet(
            t("库存周转", "Stock turns"),
            [
                *(t("货号", "SKU"), t("商品", "Product"), t("规格", "Size"), t("九十天发出", "Left in 90 days")),
                *(t("平均在库", "On hand on average"), t("一年转几次", "Turns a year")),
            ],
            [
                (each.sku, str(each.title), str(each.spec), each.left, each.on_average, each.a_year)
                for each in found.turns
            ],
        ),
    }
