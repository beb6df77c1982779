"""What can be wrong at the bench: a picture, a word, and what happens next."""

from dataclasses import dataclass
from typing import Final

from kernel.text import Text


@dataclass(frozen=True)
class Trouble:
    """One thing to tap; ``picture`` is a file of static/img/pictograms."""

    picture: str
    word: Text
    next_step: Text
    done: Text


_NO_FAULT = ("这不扣钱。", "Nothing is taken off your pay.")

# The keys are packing.states.TROUBLES; the first four are about the parcel, the last two about the person.
TROUBLES: Final[dict[str, Trouble]] = {
    "short": Trouble(
        "short-goods",
        Text("货不够", "Too few"),
        Text(
            f"这件放到一边，组长去拿货。您接着做别的。{_NO_FAULT[0]}",
            f"Put this one aside; the lead fetches more. You go on with other work. {_NO_FAULT[1]}",
        ),
        Text("交给组长了，组长去拿货。", "The lead has it now and fetches more."),
    ),
    "spoiled": Trouble(
        "spoiled",
        Text("货坏了", "Spoiled"),
        Text(
            f"坏的不要装。放到一边，组长来看。{_NO_FAULT[0]}",
            f"Do not pack it. Put it aside; the lead comes to look. {_NO_FAULT[1]}",
        ),
        Text("交给组长了，组长来看。", "The lead has it now and comes to look."),
    ),
    "torn_label": Trouble(
        "torn-label",
        Text("单子破了", "Torn slip"),
        Text(
            "可以再打一张，原因选「破了」。打不出来，就交给组长。",
            "You can print it again; choose the reason “torn”. If it does not print, give it to the lead.",
        ),
        Text("交给组长了，组长打新的单子。", "The lead has it now and prints a new slip."),
    ),
    "other": Trouble(
        "something-wrong",
        Text("别的事", "Something else"),
        Text(
            f"这件放到一边，跟组长说哪里不对。{_NO_FAULT[0]}",
            f"Put this one aside and tell the lead what is wrong. {_NO_FAULT[1]}",
        ),
        Text("交给组长了，请跟组长说一声。", "The lead has it now. Please say what is wrong."),
    ),
    "unwell": Trouble(
        "unwell",
        Text("不舒服", "Unwell"),
        Text(
            "先歇着，要帮忙就叫组长。手上的活交回去，别人接着做。挣的钱一分不少。",
            "Rest, and call the lead if you need help. Others go on with your work. What you earned stays yours.",
        ),
        Text("活交回去了。先歇着，要帮忙就叫组长。", "Your work went back. Rest, and call the lead if you need help."),
    ),
    "break": Trouble(
        "break-tea",
        Text("歇一会儿", "A break"),
        Text(
            "去歇一会儿。手上的活交回去，回来再领新的。",
            "Take a break. Your work goes back; get new work when you return.",
        ),
        Text("活交回去了。歇好了再来领。", "Your work went back. Get new work when you are ready."),
    ),
}
