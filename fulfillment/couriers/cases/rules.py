"""Kinds of trouble with couriers: what happened, what to do, how it can end. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kernel.text import Text


@dataclass(frozen=True)
class CaseWords:
    """What happened and what to do about it; ``tone`` is one of the design system's."""

    what: Text
    todo: Text
    tone: str = "gold"


KINDS: Final[Mapping[str, CaseWords]] = {
    "waybill_failed": CaseWords(
        Text("没有取到运单号", "No waybill was issued"),
        Text(
            "看原因，改好以后再取一次；或换一家快递。", "See why, put it right and ask again; or take another courier."
        ),
    ),
    "waybill_slow": CaseWords(
        Text("快递接口很久没有回答", "The courier's interface has not answered for long"),
        Text(
            "还在自动重试。着急就取消这张运单，换一家或手写面单。",
            "It is still being asked. In a hurry, cancel this waybill and take another courier or write one by hand.",
        ),
    ),
    "cancel_failed": CaseWords(
        Text("运单没有取消成", "A waybill could not be cancelled"),
        Text(
            "包裹不要交给快递。打电话请快递作废这个单号。",
            "Do not give the parcel to the courier. Ring them and have the number voided.",
        ),
        "live",
    ),
    "refused": CaseWords(
        Text("买家拒收", "The buyer refused it"),
        Text(
            "问买家为什么。包裹会退回来，退回后决定退款或重发。",
            "Ask the buyer why. The parcel comes back; then decide on a refund or sending again.",
        ),
    ),
    "returning": CaseWords(
        Text("包裹正在退回", "The parcel is on its way back"),
        Text("问快递和买家为什么。收到退件后再决定。", "Ask the courier and the buyer why. Decide when it is back."),
    ),
    "returned": CaseWords(
        Text("包裹退回来了", "The parcel came back"),
        Text(
            "打开看货。和买家说好：退款，或重新下单再发。",
            "Open it and look at the goods. Agree with the buyer: a refund, or a new order.",
        ),
        "live",
    ),
    "address": CaseWords(
        Text("地址有问题，送不到", "The address is wrong or out of reach"),
        Text("问买家要对的地址，告诉快递改派。", "Ask the buyer for the right address and tell the courier."),
    ),
    "unreachable": CaseWords(
        Text("快递联系不上买家", "The courier cannot reach the buyer"),
        Text("打电话给买家，请他接快递的电话。", "Ring the buyer and ask them to take the courier's call."),
    ),
    "trouble": CaseWords(
        Text("快递说是疑难件", "The courier reports trouble"),
        Text("打电话问快递出了什么事。", "Ring the courier and ask what happened."),
    ),
    "stuck": CaseWords(
        Text("好几天没有动静", "No news for days"),
        Text(
            "打电话催快递；丢了就请快递赔，给买家退款。",
            "Ring the courier; if it is lost, claim it and refund the buyer.",
        ),
    ),
    "track_failed": CaseWords(
        Text("查不到物流", "It cannot be tracked"),
        Text("核对快递公司、单号和收件人手机。", "Check the courier, the number and the receiver's phone."),
    ),
}

OUTCOMES: Final[Mapping[str, Text]] = {
    "solved": Text("办好了", "Solved"),
    "asked": Text("问过买家，照常送", "Asked the buyer; it goes on"),
    "refunded": Text("退款", "Refunded"),
    "resent": Text("重新发", "Sent again"),
    "claimed": Text("快递赔", "The courier pays"),
    "passed": Text("自己过去了", "It passed by itself"),
}
# What a person may choose; "passed" is the program's own word.
CHOSEN: Final = tuple(word for word in OUTCOMES if word != "passed")
LONGEST_NOTE: Final = 300
