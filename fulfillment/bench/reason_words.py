"""Why somebody was given a batch, in one sentence: for the packer as "you", for the lead about the packer."""

from typing import Final

from fulfillment.packing.models import PackingTask
from fulfillment.routing import reasons
from kernel.text import Text

_TO_YOU: Final[dict[str, Text]] = {
    reasons.KEPT: Text("组长给您留的", "the lead kept it for you"),
    reasons.LATE: Text("这些已经晚了，要先做", "these are late and come first"),
    reasons.HELPING: Text("别人手上还很多，请您帮一把", "somebody has more than enough, and you can help"),
    reasons.ONLY_YOU: Text("现在只有您能做", "only you can do it now"),
    reasons.FEW_CAN: Text("能做这个的人不多，您能做", "few can do it, and you can"),
    reasons.EARNED_LEAST: Text(
        "今天您每小时挣得最少，先给您", "you have earned least an hour today, so you come first"
    ),
    reasons.SAME_GOODS: Text(
        "和您刚才包的一样，不用换", "they are the same goods as before, so nothing needs changing"
    ),
    reasons.ALL_IN_TIME: Text("这样分，大家都来得及，挣得也差不多", "shared like this, all is in time and pay is even"),
    reasons.DUE_FIRST: Text("这些最早要寄", "these are due first"),
}
_ABOUT: Final[dict[str, Text]] = {
    reasons.KEPT: Text("组长留的", "kept by the lead"),
    reasons.LATE: Text("已经晚了，先做", "late, so it comes first"),
    reasons.HELPING: Text("帮别人分担", "helping somebody who had more than enough"),
    reasons.ONLY_YOU: Text("当时只有这个人能做", "nobody else who was here could do it"),
    reasons.FEW_CAN: Text("能做的人不多", "few could do it"),
    reasons.EARNED_LEAST: Text("当天每小时挣得最少", "had earned least an hour that day"),
    reasons.SAME_GOODS: Text("和之前包的一样", "the same goods as before"),
    reasons.ALL_IN_TIME: Text("按计划：都来得及，挣得平均", "by the plan: all in time, pay even"),
    reasons.DUE_FIRST: Text("最早要寄", "due first"),
}
_NEXT: Final[dict[str, Text]] = {
    reasons.KEPT: Text("组长留的，先做", "kept by the lead, so it comes first"),
    reasons.LATE: Text("已经晚了，先做", "late, so it comes first"),
    reasons.ONLY_YOU: Text("在这里的人里只有这个人能做", "nobody else who is here can do it"),
    reasons.FEW_CAN: Text("能做的人不多", "few can do it"),
    reasons.EARNED_LEAST: Text("今天每小时挣得最少，先给", "has earned least an hour today, so comes first"),
    reasons.SAME_GOODS: Text("和前面的一样，不用换", "the same goods as before, so nothing needs changing"),
    reasons.ALL_IN_TIME: Text("这样分，都来得及，挣得平均", "shared like this, all is in time and pay is even"),
}


def given_because(task: PackingTask) -> str:
    """What the packer reads and hears; empty for work that was handed out before reasons were kept."""
    why = _TO_YOU.get(task.because or "")
    return Text(f"给您这批，是因为{why.zh}。", f"You were given this batch because {why.en}.").pick() if why else ""


def given_reason(task: PackingTask) -> str:
    """What the lead reads about it, in a few words; empty when there is none."""
    why = _ABOUT.get(task.because or "")
    return why.pick() if why else ""


def planned_reason(because: str) -> str:
    """What the lead reads about work that is planned for somebody, in a few words."""
    return _NEXT[because].pick()
