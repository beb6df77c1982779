"""What we ask of a courier's interface, whoever is behind it: a waybill, its cancellation, where a parcel is.

Answers are either facts, :class:`CourierAway` (ask again later with the same key) or :class:`CourierRefuses` (a person
has to look). Nothing here opens a transaction, and nothing of it is called inside one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from kernel.errors import Refused, Unavailable
from kernel.text import Text

# How numbers come of a courier without an interface: on its own sheet.
SHEET: Final = "sheet"

# Where a parcel can be, in the courier's own order of things; the words for people are in tracking/rules.py.
TRACK_STATES: Final = (
    "collected",
    "moving",
    "forwarded",
    "customs",
    "delivering",
    "to_pick_up",
    "delivered",
    "trouble",
    "unreachable",
    "address",
    "refused",
    "returning",
    "returned",
)


@dataclass(frozen=True)
class Party:
    """Who sends or receives. ``phone`` may be a virtual number with its extension (``18400000013-7576``), kept whole."""

    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str

    @property
    def address(self) -> str:
        """The whole address on one line; a city that is its own province stands once."""
        city = self.city if self.city != self.province else ""
        return f"{self.province}{city}{self.district}{self.detail}"


@dataclass(frozen=True)
class LabelRequest:
    """A wish for one waybill. ``key`` is ours: the same key must never give two numbers."""

    key: str
    carrier: str
    sender: Party
    receiver: Party
    goods: str
    weight_g: int


@dataclass(frozen=True)
class IssuedWaybill:
    """A number with what the label needs: ``bulkpen`` (三段码) and ``pkg_name`` (集包地). ``facts`` hold nobody's data."""

    number: str
    bulkpen: str
    pkg_name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    fee_fen: int | None = None


@dataclass(frozen=True)
class Cancellation:
    """A waybill that is not wanted any more; ``courier_order`` is the courier's own number of the order, if it gave one."""

    key: str
    carrier: str
    number: str
    courier_order: str
    reason: str


@dataclass(frozen=True)
class TrackQuery:
    """Which parcel; ``phone_end`` are the last four digits of the receiver's phone, which some couriers ask for."""

    carrier: str
    number: str
    phone_end: str


@dataclass(frozen=True)
class Step:
    """One line of a parcel's journey, as the courier wrote it; ``state`` is ``""`` where the line does not say."""

    at: datetime
    state: str
    words: str


@dataclass(frozen=True)
class Journey:
    """Where a parcel is now, and its lines, oldest first; ``state`` is ``""`` while the courier knows nothing of it."""

    state: str
    steps: tuple[Step, ...] = ()


class WaybillProvider(Protocol):
    """An interface that issues waybills and tracks parcels."""

    name: str

    def order(self, request: LabelRequest) -> IssuedWaybill:
        """The waybill of this wish; asked again with the same key it is the same one."""

    def cancel(self, cancellation: Cancellation) -> None:
        """Give a number back; one that is cancelled already stays so."""

    def track(self, query: TrackQuery) -> Journey:
        """Where the parcel is."""


class CourierAway(Unavailable):
    """No usable answer: nothing is known of what became of the wish, so the same is asked again later."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"快递公司的接口现在没有好好回答（{reason}），会自动再问。",
            f"The courier's interface gives no usable answer ({reason}); it is asked again by itself.",
            code="courier_away",
        )
        self.reason = reason


class CourierRefuses(Refused):
    """A clear no. ``kind`` is a word of ``REFUSALS``; ``said`` is what the courier wrote, shortened, to be shown."""

    def __init__(self, kind: str, said: str = "") -> None:
        words = REFUSALS[kind]
        super().__init__(words.zh, words.en, code=f"courier_{kind}")
        self.kind = kind
        self.said = "".join(c for c in said if c.isprintable())[:120]


REFUSALS: Final[Mapping[str, Text]] = {
    "signature": Text(
        "快递接口不认我们的签名：账号或密钥设置错了。请负责人核对设置。",
        "The interface does not accept our signature: an account or a key is set wrongly. The owner checks the settings.",
    ),
    "balance": Text(
        "面单余额用完了。请给快递账号充值，然后再取一次号。",
        "No waybills are left on the account. Top it up with the courier, then ask again.",
    ),
    "characters": Text(
        "姓名或地址里有快递接口不收的符号。请改订单的收件信息，或换一家快递。",
        "The name or address has characters that the interface refuses. Correct the order, or take another courier.",
    ),
    "address": Text(
        "快递公司说这个地址送不到。请问买家，改地址或换一家快递。",
        "The courier does not deliver to this address. Ask the buyer, correct it or take another courier.",
    ),
    "phone": Text(
        "查这家快递要收件人手机后四位，给的对不上。",
        "This courier asks for the last four digits of the receiver's phone; ours do not match.",
    ),
    "repeat": Text(
        "快递接口说这个包裹已经取过号，却没有把单号给回来。请到快递后台查单号，填到这里。",
        "The interface says that this parcel has a number already but does not give it. Look it up with the courier and type it in.",
    ),
    "number": Text(
        "快递接口给的单号不像单号，或已经在别的包裹上。没有用它。请到快递后台核对。",
        "The number that came is none, or is on another parcel. It was not used. Check it with the courier.",
    ),
    "account": Text(
        "这家快递没有设置账号，取不了号。请用快递公司的表格，或换一家。",
        "No account is set for this courier. Use its own sheet, or take another courier.",
    ),
    "unknown": Text(
        "快递接口回了一个我们不认识的代码。没有取到号。可以再取一次；还不行就打电话问快递。",
        "The interface answered with a code that we do not know, and gave no number. Ask again; if that fails, ring the courier.",
    ),
}
