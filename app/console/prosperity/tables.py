"""The report in words and tables, for the page, the workbook and the paper; money as yuan, weights as kilograms."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.console.prosperity.rules import Prosperity
from app.drawing.paper import Figure, Paper
from kernel.money import yuan
from kernel.sheets import Cell, plain_yuan
from kernel.text import Text, t
from kernel.workbook import Sheet

KINDS: Mapping[str, Text] = {
    "elderly": Text("留守老人", "Elderly people left behind"),
    "low_income": Text("低收入户", "Low-income households"),
    "disabled": Text("残疾人", "Disabled people"),
    "accompanying": Text("陪读妈妈", "Parents who accompany schoolchildren"),
    "few": Text("人数太少、合在一起的", "Kinds of too few people, put together"),
    "unsaid": Text("没有说的", "Not said"),
}

METHOD = (
    Text(
        "挣到钱的人和工钱：这段时间记进工资账的每一行（打包、别的活、更正、补足），扣掉同期撤回的。",
        "People who earned and their pay: every line of the wage ledger in the period (packing, other work, corrections, top-ups), less what was taken back in it.",
    ),
    Text(
        "件数：打完的包裹，撤回的不算。",
        "Pieces: parcels that were finished, less those taken back.",
    ),
    Text(
        "每小时：只算记了上下工时间的人，工钱除以在岗时间（不含休息）。",
        "Hourly pay: of those whose shifts are known, their pay over their hours without breaks.",
    ),
    Text(
        "按家庭：本人说了、同意统计的才分类；不到三个人的一类不单独列，免得看出谁挣多少。",
        "By household: as people said and agreed to; a kind of fewer than three people is not told apart, so that nobody's pay can be read from it.",
    ),
    Text(
        "农户：这段时间过磅的货。市场价值是同样的货按当天行情值多少；多拿的是付的减市场价值。",
        "Growers: what was weighed in in the period. Market value is what the same goods were worth at the quote of the day; the premium is what is paid above it.",
    ),
    Text(
        "守约：价格守约是不低于合同加价和保底价；按时付是到期那天或之前钱已经到农户手里。",
        "Promises: a price kept is at the contract's premium and floor or above; paid on time is in the grower's hands on the day it was due, or before.",
    ),
)
COUNTY = Text(
    "几家工坊合在一起：数字相加；在两家都干过活的人两边都算。",
    "Several workshops together: figures are added; who worked in two is counted in both.",
)


def percent(bps: int | None) -> str:
    """Hundredths of a percent as ``12.34 %``."""
    return "–" if bps is None else f"{Decimal(bps).scaleb(-2)} %"


def _kg(grams: int) -> Decimal:
    return Decimal(grams).scaleb(-3)


def figures(report: Prosperity) -> tuple[Figure, ...]:
    """The four numbers on top."""
    people, growers = report.people, report.growers
    hourly = "–" if people.hourly_fen is None else f"¥{yuan(people.hourly_fen)}"
    return (
        Figure(
            t("挣到钱的人", "People who earned"),
            f"{people.people:,}",
            t("共 ¥{yuan}", "¥{yuan} in all", yuan=yuan(people.earned_fen)),
        ),
        Figure(t("每小时", "An hour"), hourly, t("{n} 人有工时", "{n} with known hours", n=people.timed_people)),
        Figure(
            t("卖货的农户", "Growers"),
            f"{growers.growers:,}",
            t("共 ¥{yuan}", "¥{yuan} in all", yuan=yuan(growers.pay_fen)),
        ),
        Figure(
            t("农户多拿", "Above market"),
            f"¥{yuan(growers.premium_fen)}",
            t("比市场价高 {p}", "{p} over market", p=percent(growers.premium_bps)),
        ),
    )


def people_rows(report: Prosperity) -> list[tuple[str, Cell, Cell, Cell]]:
    """A row a kind of household: people, pay, pay a head."""
    return [
        (
            str(KINDS[group.kind]),
            group.people,
            plain_yuan(group.earned_fen),
            plain_yuan(group.earned_fen // group.people),
        )
        for group in report.people.groups
    ]


def grower_rows(report: Prosperity) -> Sequence[tuple[str, Cell]]:
    """What growers brought and got, line by line."""
    growers = report.growers
    return [
        (t("过磅（次）", "Deliveries"), growers.deliveries),
        (t("净重（kg）", "Net weight, kg"), _kg(growers.net_g)),
        (t("市场价值（元）", "Market value, yuan"), plain_yuan(growers.market_fen)),
        (t("应付农户（元）", "Paid for it, yuan"), plain_yuan(growers.pay_fen)),
        (t("多拿的（元）", "Premium, yuan"), plain_yuan(growers.premium_fen)),
        (t("多拿的比例", "Premium in percent"), percent(growers.premium_bps)),
        (t("价格守约", "Prices as promised"), f"{growers.kept} / {growers.deliveries}"),
        (t("按时付款", "Paid on time"), f"{growers.on_time} / {growers.due}"),
        (t("这段时间付到手的（元）", "Handed out in the period, yuan"), plain_yuan(growers.handed_out_fen)),
    ]


def fund_rows(report: Prosperity) -> Sequence[tuple[str, Cell]]:
    """The charity fund's two sums."""
    return [
        (t("公益金收进（元）", "Paid in, yuan"), plain_yuan(report.fund.paid_in_fen)),
        (t("公益金用出（元）", "Spent, yuan"), plain_yuan(report.fund.spent_fen)),
    ]


def _work_rows(report: Prosperity) -> Sequence[tuple[str, Cell]]:
    people = report.people
    return [
        (t("挣到钱的人", "People who earned"), people.people),
        (t("工钱（元）", "Pay, yuan"), plain_yuan(people.earned_fen)),
        (t("打完的包裹（件）", "Parcels finished"), people.pieces),
        (t("有工时的人", "People with known hours"), people.timed_people),
        (t("工时（小时）", "Hours"), Decimal(people.timed_s * 10 // 3600).scaleb(-1)),
        (
            t("每小时（元）", "An hour, yuan"),
            None if people.hourly_fen is None else plain_yuan(people.hourly_fen),
        ),
    ]


def month_rows(months: Sequence[Prosperity]) -> list[tuple[str, Cell, Cell, Cell, Cell]]:
    """A year's months: people and pay, what growers got and the premium in it."""
    return [
        (
            *(each.period.name, each.people.people, plain_yuan(each.people.earned_fen)),
            *(plain_yuan(each.growers.pay_fen), plain_yuan(each.growers.premium_fen)),
        )
        for each in months
    ]


def sheets(report: Prosperity, months: Sequence[Prosperity] = ()) -> list[Sheet]:
    """Every table of the report; a county's names its workshops."""
    what = [t("什么", "What"), t("多少", "How much")]
    found = [
        Sheet(t("大家挣的", "What people earned"), what, _work_rows(report)),
        Sheet(
            t("按家庭", "By household"),
            [t("哪一类", "Kind"), t("人数", "People"), t("工钱（元）", "Pay, yuan"), t("每人（元）", "A head, yuan")],
            people_rows(report),
        ),
        Sheet(t("农户", "Growers"), what, grower_rows(report)),
        Sheet(t("公益金", "Charity fund"), what, fund_rows(report)),
    ]
    if months:
        header = [
            *(t("月份", "Month"), t("挣到钱的人", "People who earned"), t("工钱（元）", "Pay, yuan")),
            *(t("付农户（元）", "To growers, yuan"), t("其中多拿的（元）", "Premium in it, yuan")),
        ]
        found.append(Sheet(t("每个月", "By month"), header, month_rows(months)))
    if len(report.workshops) > 1:
        found.append(Sheet(t("工坊", "Workshops"), [t("名字", "Name")], [(each,) for each in report.workshops]))
    return found


def method(report: Prosperity) -> list[str]:
    """How the figures are counted, a sentence each."""
    return [str(each) for each in (*METHOD, *((COUNTY,) if len(report.workshops) > 1 else ()))]


def paper_of(report: Prosperity, months: Sequence[Prosperity] = ()) -> Paper:
    """The report to print, in the language of the request."""
    names = t("、", ", ").join(report.workshops)
    return Paper(
        title=t("共富报告 {period}", "Common-prosperity report {period}", period=report.period.name),
        about=(names, f"{report.period.first} – {report.period.last}"),
        figures=figures(report),
        tables=[sheet for sheet in sheets(report, months) if sheet.rows],
        notes=method(report),
    )
