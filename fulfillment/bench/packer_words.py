"""What can be wrong at the bench: a picture, a word, and what happens next: who comes, where the goods go, what is paid."""

from dataclasses import dataclass
from typing import Final

from kernel.text import Text


@dataclass(frozen=True)
class Trouble:
    """One thing to tap; ``picture`` is a file of static/img/pictograms."""

    picture: str
    word: Text
    who: Text
    goods: Text
    pay: Text
    done: Text

    @property
    def next_step(self) -> Text:
        """All of it as one sentence, for reading aloud."""
        parts = (self.goods, self.who, self.pay)
        return Text("".join(part.zh for part in parts), " ".join(part.en for part in parts))


_ASIDE = Text("这件放到一边，您接着做别的。", "Put this one aside and go on with other work.")
_NOTHING_OFF = Text("不扣钱。", "Nothing is taken off your pay.")
_ALL_YOURS = Text("挣的钱一分不少。", "What you earned stays yours.")
_OTHERS_GO_ON = Text("手上的活交回去，别人接着做。", "The work in your hands goes back; others go on with it.")

# The keys are packing.states.TROUBLES; the first four are about the parcel, the last two about the person.
TROUBLES: Final[dict[str, Trouble]] = {
    "short": Trouble(
        "short-goods",
        Text("货不够", "Too few"),
        Text("组长去拿货。", "The lead fetches more."),
        _ASIDE,
        _NOTHING_OFF,
        Text("交给组长了，组长去拿货。", "The lead has it now and fetches more."),
    ),
    "spoiled": Trouble(
        "spoiled",
        Text("货坏了", "Spoiled"),
        Text("组长来看。", "The lead comes to look."),
        Text("坏的不要装，放到一边。您接着做别的。", "Do not pack it; put it aside and go on with other work."),
        _NOTHING_OFF,
        Text("交给组长了，组长来看。", "The lead has it now and comes to look."),
    ),
    "torn_label": Trouble(
        "torn-label",
        Text("单子破了", "Torn slip"),
        Text("打不出来，就交给组长。", "If it does not print, give it to the lead."),
        Text("可以再打一张，原因选「破了」。", "You can print it again; choose the reason “torn”."),
        _NOTHING_OFF,
        Text("交给组长了，组长打新的单子。", "The lead has it now and prints a new slip."),
    ),
    "other": Trouble(
        "something-wrong",
        Text("别的事", "Something else"),
        Text("跟组长说哪里不对。", "Tell the lead what is wrong."),
        _ASIDE,
        _NOTHING_OFF,
        Text("交给组长了，请跟组长说一声。", "The lead has it now. Please say what is wrong."),
    ),
    "unwell": Trouble(
        "unwell",
        Text("不舒服", "Unwell"),
        Text("组长马上知道，会来看您。先坐下歇着。", "The lead is told at once and comes to you. Sit down and rest."),
        _OTHERS_GO_ON,
        _ALL_YOURS,
        Text("活交回去了，组长知道了。先坐下歇着。", "Your work went back and the lead knows. Sit down and rest."),
    ),
    "break": Trouble(
        "break-tea",
        Text("歇一会儿", "A break"),
        Text("歇好了，按一下「我回来了」。", "When you are back, press “I am back”."),
        _OTHERS_GO_ON,
        _ALL_YOURS,
        Text("活交回去了，您去歇着。", "Your work went back; have a rest."),
    ),
}
