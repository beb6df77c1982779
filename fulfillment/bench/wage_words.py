"""The words of wages: what a line is about, in a sentence that can be read aloud, and names of the things around it."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from fulfillment.bench.late_pay import LatePay
from fulfillment.piecework.minimum import rules as minimum
from fulfillment.piecework.pay import rules as pay
from fulfillment.piecework.pay.queries import PayslipRow
from fulfillment.piecework.queries import PassBookLine
from fulfillment.piecework.work import rules as work
from kernel.money import spoken_yuan, yuan
from kernel.text import Text, current_locale, t

COMPLAINTS: Mapping[str, Text] = {
    "too_little": Text("算少了", "Too little"),
    "not_mine": Text("不是我做的", "Not mine"),
    "missing": Text("有活没记上", "Something is missing"),
    "other": Text("别的不对", "Something else"),
}

WARNINGS: Mapping[str, Text] = {
    pay.NEGATIVE: Text("合计小于零，这次不发，留到下次", "Below zero: not paid now, kept for the next run"),
    pay.NO_BANK: Text("要走银行，但没有账号", "Paid by bank, but no account is known"),
    pay.COMPLAINT: Text("有问题还没答复", "A question is not answered yet"),
    pay.NO_HOURS: Text("没有出勤时间，最低工资算不了", "No hours: the minimum cannot be worked out"),
    pay.UNDECIDED: Text("有更正还等第二个人定", "A correction waits for a second person"),
}

PERIODS: Mapping[str, Text] = {
    minimum.MONTH: Text("按月", "By the month"),
    minimum.WEEK: Text("按周（周一到周日）", "By the week (Monday to Sunday)"),
    minimum.DAY: Text("按天", "By the day"),
    minimum.NONE: Text("不算", "Not at all"),
}

DAY_KINDS: Mapping[str, Text] = {
    minimum.HOLIDAY: Text("法定节假日（3 倍）", "Statutory holiday (300 %)"),
    minimum.REST: Text("休息日（2 倍）", "Day off (200 %)"),
    minimum.WORK: Text("上班", "Working day"),
}

METHODS: Mapping[str, Text] = {pay.CASH: Text("现金", "Cash"), pay.BANK: Text("银行", "Bank")}

SPLITS: Mapping[str, Text] = {
    work.EQUAL: Text("平均分", "In equal parts"),
    work.MINUTES: Text("按时间分（分钟）", "By time (minutes)"),
    work.PARTS: Text("按说好的份数分", "By agreed parts"),
}

RUN_STATES: Mapping[str, tuple[Text, str, str]] = {
    pay.OPEN: (Text("在核对", "Being looked at"), "gold", "clock"),
    pay.CLOSED: (Text("已定", "Closed"), "moss", "check"),
    pay.REVERSED: (Text("已撤销", "Reversed"), "plain", "undo"),
}

TOP_UPS: Mapping[str, Text] = {
    "minimum": Text("补到最低工资", "Topped up to the legal minimum"),
    "factors": Text("加班、休息日、节假日加的", "Added for overtime, days off and holidays"),
}


def words() -> dict[str, Callable[..., Any] | Mapping[str, Any]]:
    """What every template about wages may use."""
    return {
        "complaint_words": COMPLAINTS,
        "day_kind_words": DAY_KINDS,
        "masked": pay.masked,
        "method_words": METHODS,
        "period_words": PERIODS,
        "run_state_words": RUN_STATES,
        "said_days": said_days,
        "said_late": said_late,
        "said_line": said_line,
        "said_quantity": said_quantity,
        "said_rate": said_rate,
        "said_yuan": said_yuan,
        "signed": signed,
        "slip_word": slip_word,
        "split_words": SPLITS,
        "top_up_words": TOP_UPS,
        "warning_words": WARNINGS,
        "what_of": what_of,
    }


def said_yuan(fen: int) -> str:
    """Money as it is spoken in the language of the page."""
    if current_locale.get() == "en":
        return f"¥{yuan(fen)}"
    return f"减 {spoken_yuan(-fen)}" if fen < 0 else spoken_yuan(fen)


def signed(fen: int) -> str:
    """Money with its sign before it: ``+¥0.80`` or ``−¥0.80``."""
    return f"{'−' if fen < 0 else '+'}¥{yuan(abs(fen))}"


def said_quantity(quantity: int, unit: str) -> str:
    """``42503 g`` as ``42.503 公斤``, pieces as such."""
    if unit == work.GRAM:
        kilograms = f"{quantity / 1000:,.3f}".rstrip("0").rstrip(".")
        return t("{n} 公斤", "{n} kg", n=kilograms)
    return t("{n} 个", "{n} pieces", n=f"{quantity:,}")


def said_rate(rate_fen: int, unit: str, per: int) -> str:
    """``1.80 元一公斤``, ``1.50 元 100 个``."""
    if unit == work.GRAM:
        one = {1000: t("一公斤", "a kilogram"), 500: t("一斤", "500 g")}.get(per, t("{n} 克", "{n} g", n=per))
    else:
        one = t("一个", "a piece") if per == 1 else t("{n} 个", "{n} pieces", n=per)
    return t("{one} ¥{fen}", "¥{fen} {one}", one=one, fen=yuan(rate_fen))


def said_days(first: date, last: date) -> str:
    """Some days, short: one day, a month, or from and to."""
    if first == last:
        return f"{first:%Y-%m-%d}"
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and (first.year, first.month) == (last.year, last.month):
        return t("{y} 年 {m} 月", "{y}-{m:02d}", y=first.year, m=first.month)
    return t("{a} 到 {b}", "{a} to {b}", a=f"{first:%Y-%m-%d}", b=f"{last:%Y-%m-%d}")


def said_late(late: LatePay) -> str:
    """What came in late, and what to look at where the law pays more for the day."""
    days = said_days(late.first_day, late.last_day)
    if late.is_worse:
        return t(
            "消息来晚的活 {n} 件（{days}），其中 {off} 件是休息日或节假日做的，加的钱可能不对，请核对",
            "{n} parcels came in late ({days}), {off} of them from a day off or a holiday: check what the law adds",
            n=late.pieces,
            off=late.on_days_off,
            days=days,
        )
    return t("消息来晚的活 {n} 件（{days}）", "{n} parcels came in late ({days})", n=late.pieces, days=days)


def slip_word(row: PayslipRow) -> str:
    """What a row of a payslip is for."""
    if row.kind == "piece":
        return t("包裹 {n} 件，一件 ¥{fen}", "{n} parcels at ¥{fen}", n=row.count, fen=yuan(row.rate_fen or 0))
    if row.kind == "work":
        quantity = said_quantity(row.quantity or 0, row.unit or work.PIECE)
        if row.shared:
            return t("{what}，和别人一起 {n}", "{what}, {n} together with others", what=row.work, n=quantity)
        return t("{what} {n}", "{what}, {n}", what=row.work, n=quantity)
    if row.kind == "correction":
        return t("更正：{reason}", "Correction: {reason}", reason=row.note)
    assert row.first_day is not None
    assert row.last_day is not None
    return t("{what}，{days}", "{what}, {days}", what=TOP_UPS[row.kind], days=said_days(row.first_day, row.last_day))


def what_of(line: PassBookLine) -> str:
    """What a line of the pass book is about, without its sum."""
    if line.parcel is not None:
        return t("包裹，尾号 {tail}", "Parcel ending in {tail}", tail=line.parcel[-4:])
    if line.work is not None:
        return _work(line)
    if line.top_up is not None and line.first_day and line.last_day:
        return t(
            "{what}，{days}", "{what}, {days}", what=TOP_UPS[line.top_up], days=said_days(line.first_day, line.last_day)
        )
    return t(
        "更正：{reason}（{one}提出，{two}同意）",
        "Correction: {reason} (proposed by {one}, agreed by {two})",
        reason=line.reason,
        one=line.proposed_by,
        two=line.agreed_by,
    )


def _work(line: PassBookLine) -> str:
    assert line.quantity is not None
    words = f"{line.work} {said_quantity(line.quantity, line.unit or work.PIECE)}"
    if line.team and line.team > 1:
        words += t("，{n} 个人做，这是一份", ", one share of {n}", n=line.team)
    return words


def said_line(line: PassBookLine) -> str:
    """A line as it is read aloud."""
    what = what_of(line)
    if line.kind == "reversal":
        return t("撤回：{what}，{fen}。", "Taken back: {what}, {fen}.", what=what, fen=said_yuan(line.amount_fen))
    return t("{what}，{fen}。", "{what}, {fen}.", what=what, fen=said_yuan(line.amount_fen))
