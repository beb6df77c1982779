"""What a day leaves behind, in the order in which a lead sees to it. Knows no database."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from kernel.text import Text

# Somebody who closes after midnight closes the day that has just passed.
_NIGHT_BELONGS_TO_THE_DAY_BEFORE: Final = timedelta(hours=4)

LEFT: Final[dict[str, tuple[Text, Text]]] = {
    "late": (Text("晚了还没包好", "Late and not packed"), Text("明天一早先包", "First thing tomorrow")),
    "trouble": (Text("有问题，等您看", "Troubles to look at"), Text("明天再看", "Look tomorrow")),
    "in_hand": (Text("还在手上", "Still in hand"), Text("放在他们手上过夜", "Stays with them overnight")),
    "still_here": (Text("还没记走的人", "People not noted as gone"), Text("他们还要做", "They go on working")),
    "forgotten": (Text("忘了记走，要核对", "Forgotten shifts to put right"), Text("明天问本人", "Ask them tomorrow")),
    "waiting": (Text("等人包", "Waiting to be packed"), Text("明天接着包", "Packed tomorrow")),
    "printed": (Text("单子打了，还没包", "Slip printed, not packed"), Text("单子收好了", "Slips are put away")),
    "not_left": (Text("包好了，没交快递", "Packed, not with the courier"), Text("明天交", "Leaves tomorrow")),
    "to_unpack": (Text("停掉的箱子，货没放回", "Stopped boxes to unpack"), Text("放在一边了", "Put aside")),
    "samples": (Text("抽查还没看", "Sample checks not made"), Text("不查了，或明天查", "Not made, or tomorrow")),
}


def workday(now: datetime, zone: ZoneInfo) -> date:
    """The day that is being closed: today, or yesterday in the small hours."""
    return (now - _NIGHT_BELONGS_TO_THE_DAY_BEFORE).astimezone(zone).date()


def not_settled(left: Mapping[str, int], seen: Mapping[str, int], carried: set[str]) -> list[str]:
    """What the lead has to look at before the day can close: not carried over, or more than when they looked."""
    return [name for name, count in left.items() if count and (name not in carried or count > seen.get(name, 0))]
