"""The words that the lead's templates use."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.bench.packer_words import TROUBLES
from fulfillment.couriers.fees.rules import explained
from fulfillment.couriers.rules import CARRIERS, carrier_name
from fulfillment.crew import queries as crew_queries
from fulfillment.crew import rules as crew_rules
from fulfillment.crew.models import Shift
from fulfillment.crew.training import rules as training_rules
from fulfillment.labels.fonts import code_point
from fulfillment.labels.rules import mask_name, mask_phone, reason_words
from fulfillment.labels.service import CHANNEL_WORDS, masked_place
from fulfillment.packing.lead_rules import STOP_REASONS, standing
from fulfillment.packing.models import Parcel
from kernel.http import setting, utc_now
from kernel.text import Text, t
from shop.storefront.rules import said_moment

TROUBLE_WORDS: Mapping[str, Text] = {
    **{code: trouble.word for code, trouble in TROUBLES.items()},
    "undo": Text("按错了，撤回", "Pressed by mistake, undone"),
    "reassigned": Text("组长分给别人", "Given to somebody else by the lead"),
}

_WEEK, _WEEKDAYS = 7, "一二三四五六日"

# State of a parcel: word, tone and shape, so that it is never colour alone.
STANDING_WORDS: Mapping[str, tuple[Text, str, str]] = {
    "waiting": (Text("等人包", "Waiting"), "gold", "clock"),
    "taken": (Text("在手上", "In hand"), "sky", "user"),
    "packed": (Text("包好了，等快递", "Packed, for the courier"), "moss", "check"),
    "handed_over": (Text("交给快递了", "With the courier"), "moss", "truck"),
    "cancelled": (Text("取消了", "Cancelled"), "plain", "close"),
    "stopped": (Text("停了", "Stopped"), "plain", "stop"),
}

EVENT_WORDS: Mapping[str, Text] = {
    "waiting": Text("放到待打包", "Put on the pile"),
    "taken": Text("领走", "Taken"),
    "packed": Text("包好", "Packed"),
    "stopped": Text("停下", "Stopped"),
    "printed": Text("打单子", "Slip printed"),
    "parcel.handed_over": Text("交给快递", "Handed over"),
    "parcel.combined": Text("合成一箱", "Put in one box with others"),
    "parcel.taken_apart": Text("从合箱里拆开", "Taken out of a shared box"),
    "parcel.split": Text("分成两箱", "Split into two"),
    "parcel.stopped": Text("没寄出的部分停掉", "Stopped, as others of the order had left"),
    "parcel.courier_chosen": Text("换快递", "Another courier chosen"),
    "parcel.weight_stopped": Text("重量不对，拦下", "Stopped by its weight"),
    "parcel.weight_accepted": Text("重量不对，照交", "Let go in spite of its weight"),
    "parcel.held": Text("扣下", "Held back"),
    "parcel.freed": Text("放行", "Set free"),
    "parcel.bags_corrected": Text("改批号", "Its lots corrected"),
    "parcel.unpacked": Text("拆箱，货放回", "Unpacked, goods back"),
    "sample.chosen": Text("选来抽查", "Chosen for a check"),
    "sample.noted": Text("抽查看过", "Checked"),
    "task.reassigned": Text("组长分活", "Given by the lead"),
    "parcel.waybill_corrected": Text("改快递单号", "Waybill corrected"),
}


# How somebody came or went.
HOW_WORDS: Mapping[str, Text] = {
    "badge": Text("扫工牌", "by badge"),
    "pin": Text("按密码", "by PIN"),
    "own": Text("自己", "by themselves"),
    "lead": Text("组长记的", "noted by the lead"),
    "night": Text("夜里自动", "by the night"),
}

# How a training stands: word, tone, shape.
TRAINING_WORDS: Mapping[str, tuple[Text, str, str]] = {
    "holds": (Text("有效", "Holds"), "moss", "check"),
    "soon": (Text("快到期", "Due soon"), "gold", "clock"),
    "over": (Text("过期了", "Overdue"), "live", "alert"),
}


def words() -> dict[str, Callable[..., Any] | Mapping[str, Any]]:
    """What every template of the lead may use."""
    return {
        "carriers": CARRIERS,
        "carrier_name": carrier_name,
        "channel_words": CHANNEL_WORDS,
        "code_point": code_point,
        "event_words": EVENT_WORDS,
        "explained": lambda choice: explained(choice.carrier, choice.fee_fen, choice.days, choice.why),
        "ability_words": needs_in_plain_words,
        "an_hour": lambda pieces: f"{float(pieces):.1f}",
        "hours_of": hours_of,
        "how_words": HOW_WORDS,
        "seconds_of": seconds_of,
        "training_standing": lambda training, today: TRAINING_WORDS[training_rules.standing(training.due_on, today)],
        "goods_of": goods_of,
        "mask_name": mask_name,
        "mask_phone": mask_phone,
        "masked_place": masked_place,
        "reason_words": reason_words,
        "standing_of": lambda parcel: standing(parcel.state, parcel.task.state),
        "standing_words": STANDING_WORDS,
        "said": lambda moment: said_moment(moment, utc_now(), setting("workshop_zone")),
        "said_hour": lambda moment: said_hour(moment, utc_now(), setting("workshop_zone")),
        "said_reason": said_reason,
        "trouble_words": TROUBLE_WORDS,
    }


def said_hour(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """An hour of the chart, short: the clock today, the weekday with it within a week, else the day of the month."""
    there = moment.astimezone(zone)
    days = (there.date() - now.astimezone(zone).date()).days
    clock = f"{there:%H:%M}"
    if days == 0:
        return clock
    if 0 < days < _WEEK:
        return t("周{day} {clock}", "{name} {clock}", day=_WEEKDAYS[there.weekday()], name=f"{there:%a}", clock=clock)
    return f"{there.month}/{there.day} {clock}"


def goods_of(parcel: Parcel) -> str:
    """What is in the box, on one line."""
    return "，".join(f"{line.title} {line.spec} ×{line.quantity}" for line in parcel.lines)


def said_reason(reason: str) -> str:
    """Why work was given back or stopped, in the language of the page; what a person typed follows the word "other"."""
    code, _, own = reason.partition(": ")
    known = TROUBLE_WORDS.get(code) or STOP_REASONS.get(code) or CHANNEL_WORDS.get(code)
    return own or (str(known) if known else reason)


def hours_of(seconds: int) -> str:
    """Seconds at work as people say them: hours and minutes."""
    minutes = seconds // 60
    return t("{h} 小时 {m} 分", "{h} h {m} min", h=minutes // 60, m=minutes % 60)


def seconds_of(shift: Shift) -> int:
    """How long a shift has lasted until now, less its breaks."""
    return crew_rules.worked_seconds([crew_queries.as_worked(shift)], shift.began_at, shift.ended_at or utc_now())


_NEEDS = {
    "lift": Text("要搬重的", "lifting"),
    "read": Text("要看字", "reading"),
    "fine_motor": Text("要手巧", "fine hands"),
}


def needs_in_plain_words(needs: str) -> list[str]:
    """What work asks of a person, or what suits them, each as a word."""
    return [str(_NEEDS.get(need, need)) for need in needs.split()]
