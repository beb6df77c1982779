"""A stream in words: who changed what, from what to what; who bought, and how orders ended without money."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kernel.forms import Form
from kernel.money import yuan
from kernel.text import Text
from shop.streams.changes import MOMENTS, ChangedMeanwhile, Meanwhile

_TERMS = {
    "price_fen": Text("直播价", "the live price"),
    "list_price_fen": Text("原价", "the list price"),
    "allotment": Text("数量", "the number for sale"),
    "cap_per_buyer": Text("每人限购", "the cap a buyer"),
    "state": Text("上架", "whether it is on sale"),
    "ends_at": Text("截止时间", "the end"),
    "flash_price_fen": Text("限时价", "the flash price"),
    "flash_from": Text("限时开始", "the beginning of the flash sale"),
    "flash_until": Text("限时结束", "the end of the flash sale"),
    "position": Text("顺序", "the order"),
    "offer": Text("讲解中的商品", "what is on air"),
}
BUYERS = {
    "new": Text("新买家", "New buyers"),
    "returning": Text("老买家", "Returning buyers"),
    "erased": Text("删了资料的", "Erased"),
}
UNPAID = {
    "held": Text("还留着货，能付", "Still held, may pay"),
    "expired": Text("时间到了没有付", "The hold ran out"),
    "cancelled": Text("买家取消了", "Cancelled by the buyer"),
    "replaced": Text("换成了后面的一单", "Taken over by the next order"),
    "late": Text("付晚了，退回了", "Paid too late, sent back"),
}
_STATES = {"open": Text("在售", "on sale"), "closed": Text("已下架", "closed")}
_FIELDS = {
    "price_fen": "price",
    "list_price_fen": "list_price",
    "allotment": "allotment",
    "cap_per_buyer": "cap",
    "state": "state",
    "flash_price_fen": "flash_price",
    "flash_from": "begins",
    "flash_until": "minutes",
}
_NO_CAP = Text("不限", "no cap")
_NOTHING = Text("无", "nothing")


def said_value(what: str, value: Any, titles: Mapping[int, Text], zone: ZoneInfo) -> Text:
    """One value of the record in words; ``titles`` names the offers by id."""
    if what == "cap_per_buyer" and value is None:
        return _NO_CAP
    if value is None:
        return _NOTHING
    if what in ("price_fen", "list_price_fen", "flash_price_fen"):
        return Text(f"¥{yuan(value)}", f"¥{yuan(value)}")
    if what in MOMENTS:
        at = f"{_there(datetime.fromisoformat(value), zone):%m-%d %H:%M:%S}"
        return Text(at, at)
    if what == "state":
        return _STATES[value]
    if what == "offer":
        return titles.get(value, Text(f"#{value}", f"#{value}"))
    return Text(str(value), str(value))


def said_change(change: Meanwhile, zone: ZoneInfo, titles: Mapping[int, Text] | None = None) -> Text:
    """A change as a sentence without its full stop: 叶阿香 20:14:05 把直播价从 ¥39.80 改成 ¥35.00."""
    term = _TERMS[change.what]
    before = said_value(change.what, change.before, titles or {}, zone)
    after = said_value(change.what, change.after, titles or {}, zone)
    at = f"{_there(change.at, zone):%H:%M:%S}"
    return Text(
        f"{change.by} {at} 把{term.zh}从 {before.zh} 改成 {after.zh}",
        f"{change.by} changed {term.en} from {before.en} to {after.en} at {at}",
    )


def _there(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)


def say_clashes(form: Form, problem: ChangedMeanwhile, zone: ZoneInfo) -> None:
    """Put each change that stands in the way at its field, and how to go on."""
    for name, said in _by_field(problem.changes, zone).items():
        form.refuse(
            name,
            f"{said.zh}。确定要用您填的，再按一次。",
            f"{said.en}. To use what you typed, press again.",
        )


def _by_field(changes: Sequence[Meanwhile], zone: ZoneInfo) -> dict[str, Text]:
    """The newest change of each term, by the name of its field."""
    return {_FIELDS[change.what]: said_change(change, zone) for change in changes if change.what in _FIELDS}


def said_together(changes: Sequence[Meanwhile], zone: ZoneInfo, titles: Mapping[int, Text] | None = None) -> Text:
    """Several changes as one sentence."""
    said = [said_change(change, zone, titles) for change in changes]
    return Text("；".join(one.zh for one in said), "; ".join(one.en for one in said))
