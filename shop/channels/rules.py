"""Pure decisions about orders of other platforms: what a platform's words add up to, and what happens here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kernel.text import Text
from shop.channels.facts import Receiver, SoldItem
from shop.channels.states import (
    ACCEPTED,
    APPLYING,
    CLOSED,
    DONE,
    NO_REFUND,
    PART_SHIPPED,
    PARTLY_REFUNDED,
    REFUND_CLOSED,
    REFUNDED,
    REFUNDING,
    RESTING,
    SHIPPED,
    STOPPED,
    TO_SHIP,
    UNKNOWN,
    UNPAID,
    WAITING,
)

# Why an order that should be packed is not: the sentence, with `{detail}` filled in.
REASONS: Final[dict[str, Text]] = {
    "unknown_word": Text(
        "平台写的「{detail}」我们不认识，请人看过再说。",
        "The platform's word “{detail}” is not known; a person must look.",
    ),
    "masked": Text(
        "收件信息被平台打了星号。请导出明文，或在这里填地址。",
        "The platform has masked the receiver. Export it unmasked, or type the address here.",
    ),
    "encrypted": Text(
        "收件信息是加密的。请在平台上申请明文，或在这里填地址。",
        "The receiver is encrypted. Ask the platform for plain text, or type the address here.",
    ),
    "no_address": Text("没有收件人、电话或地址。", "The name, phone or address is missing."),
    "no_sku": Text("有商品没有商家编码：{detail}。", "A line has no seller's SKU: {detail}."),
    "unknown_sku": Text(
        "商品库里没有编码 {detail}。加上这个规格，再试一次。",
        "The catalogue has no SKU {detail}. Add that variant, then try again.",
    ),
    "nothing_left": Text("没有还要发的商品。", "Nothing is left to pack."),
    "short": Text("库存不够：{detail}。到货后再试一次。", "Not enough in stock: {detail}. Try again when there is."),
    "partly_refunded": Text(
        "退过一部分钱，看不出是哪样。请人决定还发不发。",
        "Part of the money went back and the export does not say for what. A person decides.",
    ),
    "refund_gone": Text(
        "申请过退款，现在平台上没有了。请人确认后再打包。",
        "A refund was asked for and is gone from the export. A person decides.",
    ),
}
# These wait for a person's word; once it is given they hold the order back no longer.
ASK_A_PERSON: Final = frozenset({"partly_refunded", "refund_gone"})

# What a person should see although the work goes on, or because it cannot be stopped any more.
NOTICES: Final[dict[str, Text]] = {
    "refund_after_leaving": Text(
        "平台上申请了退款，可是包裹已经交给快递。请联系买家或拦截快递。",
        "A refund was asked for after the parcel had left. Talk to the buyer, or have the courier stop it.",
    ),
    "part_has_left": Text(
        "平台说已经发过一部分。打包前请核对还差哪几样。",
        "The platform says that part has been sent. Check what is still missing before packing.",
    ),
    "fresh_far": Text(
        "鲜货要发偏远省份，路上可能坏。请先问买家。", "Fresh goods to a far province may spoil. Ask the buyer."
    ),
    "address_changed": Text(
        "买家改了地址。打过的面单要换新的。", "The buyer changed the address. A slip that was printed must be replaced."
    ),
    "lines_changed": Text(
        "平台上的商品和接单时不一样。请对照平台。",
        "The lines differ from what was accepted. Compare with the platform.",
    ),
}

_MAY_BE_PACKED: Final = frozenset({TO_SHIP, PART_SHIPPED})
_MONEY_WENT_BACK: Final = frozenset({REFUNDED, PARTLY_REFUNDED})
_STOPS_PACKING: Final = frozenset({APPLYING, REFUNDING, REFUNDED, PARTLY_REFUNDED})


@dataclass(frozen=True)
class Reason:
    """Why an order waits: a code of ``REASONS`` and what it is about."""

    code: str
    detail: str = ""

    @property
    def sentence(self) -> Text:
        """The reason in words."""
        words = REASONS[self.code]
        return Text(words.zh.replace("{detail}", self.detail), words.en.replace("{detail}", self.detail))


def combined_status(statuses: Collection[str]) -> str:
    """What the sub-orders of one order add up to; closed ones do not count beside others."""
    if UNKNOWN in statuses:
        return UNKNOWN
    living = set(statuses) - {CLOSED}
    if not living:
        return CLOSED
    if len(living) == 1:
        return living.pop()
    if UNPAID in living:
        return UNPAID
    return SHIPPED if living <= {SHIPPED, DONE} else PART_SHIPPED


def combined_refund(refunds: Collection[str]) -> str:
    """What the refunds of one order's lines add up to; the one that is under way counts first."""
    for first in (UNKNOWN, APPLYING, REFUNDING):
        if first in refunds:
            return first
    if set(refunds) == {REFUNDED}:
        return REFUNDED
    if REFUNDED in refunds or PARTLY_REFUNDED in refunds:
        return PARTLY_REFUNDED
    return REFUND_CLOSED if REFUND_CLOSED in refunds else NO_REFUND


def settled_refund(refund: str, *, status: str, paid_fen: int, amount_fen: int | None) -> tuple[str, int | None]:
    """A refund that went through, whole or in part, and its amount in fen; ``None`` where the export keeps it back.

    Without an amount the order's own status tells: platforms close an order whose money went back whole, while one that
    stays finished had only part of it back.
    """
    if refund not in (REFUNDED, PARTLY_REFUNDED):
        return refund, 0
    if amount_fen:
        return (REFUNDED if amount_fen >= paid_fen else PARTLY_REFUNDED), min(amount_fen, paid_fen)
    if refund == REFUNDED and status == CLOSED:
        return REFUNDED, paid_fen
    return PARTLY_REFUNDED, None


def may_ship(status: str, refund: str) -> bool:
    """Whether the platform wants it sent: paid, not all of it gone, and no refund under way."""
    return status in _MAY_BE_PACKED and refund in (NO_REFUND, REFUND_CLOSED, PARTLY_REFUNDED)


def must_stop(status: str, refund: str) -> bool:
    """Whether work on an accepted order stops."""
    return refund in _STOPS_PACKING or status == CLOSED


def needs_a_look(standing: str, status: str, refund: str) -> bool:
    """Whether an order may have to move: all but those that rest with nothing to do, or are on the bench as they should be."""
    if standing == ACCEPTED:
        return must_stop(status, refund) or refund in _MONEY_WENT_BACK
    return standing != RESTING or UNKNOWN in (status, refund) or may_ship(status, refund)


def unknown_word(status: str, refund: str, words: Mapping[str, str]) -> str | None:
    """The platform's words when one of them is not known, for a person to read."""
    if UNKNOWN not in (status, refund):
        return None
    return " / ".join(word for word in words.values() if word) or "—"


def reason_to_ask(known: "Known") -> Reason | None:
    """Whether a person's word is needed before this order is packed."""
    if known.is_approved:
        return None
    if known.refund == PARTLY_REFUNDED and not any(item.is_cancelled for item in known.items):
        return Reason("partly_refunded")
    if known.was_called_off and known.refund == NO_REFUND:
        return Reason("refund_gone")
    return None


def reason_of_receiver(receiver: Receiver) -> Reason | None:
    """What is wrong with where it should go."""
    if receiver.encrypted:
        return Reason("encrypted")
    if receiver.masked:
        return Reason("masked")
    if not (receiver.name and receiver.phone and receiver.province and receiver.detail):
        return Reason("no_address")
    return None


def newer_receiver(known: Receiver, said: Receiver) -> Receiver:
    """The receiver after an export: platforms mask it once an order is done with, so what could be read before stays."""
    return known if reason_of_receiver(said) and not reason_of_receiver(known) else said


def reason_of_goods(items: Collection[SoldItem], known_skus: Collection[str]) -> Reason | None:
    """What is wrong with what should go into the box."""
    if not items:
        return Reason("nothing_left")
    for item in items:
        if not item.sku:
            return Reason("no_sku", item.title[:40])
        if item.sku not in known_skus:
            return Reason("unknown_sku", item.sku[:60])
    return None


def reason_of_stock(items: Collection[SoldItem], free: Mapping[str, int]) -> Reason | None:
    """The first SKU of which fewer are free than all lines ask for together."""
    wanted: dict[str, int] = {}
    for item in items:
        wanted[item.sku] = wanted.get(item.sku, 0) + item.quantity
    for sku, quantity in wanted.items():
        left = free.get(sku, 0)
        if left < quantity:
            return Reason("short", f"{sku} {left}/{quantity}")
    return None


@dataclass(frozen=True)
class Known:
    """What is known of one order when it is decided what happens to it."""

    status: str
    refund: str
    words: Mapping[str, str]
    items: Sequence[SoldItem]
    receiver: Receiver
    standing: str = RESTING
    # It was accepted once and its work was stopped.
    was_called_off: bool = False
    # A person has said that it is packed all the same.
    is_approved: bool = False

    @property
    def to_pack(self) -> list[SoldItem]:
        """The lines that are still here."""
        return [item for item in self.items if item.to_pack]


def next_standing(known: Known, free: Mapping[str, int]) -> tuple[str, Reason | None]:
    """Where an order goes now, with the reason if it waits. ``free`` holds the stock of every SKU of the catalogue.

    ``ACCEPTED`` for an order that is not accepted yet means: try to; for one that is: leave it on the bench.
    """
    if known.standing == ACCEPTED:
        return (STOPPED if must_stop(known.status, known.refund) else ACCEPTED), None
    unknown = unknown_word(known.status, known.refund, known.words)
    if unknown:
        return WAITING, Reason("unknown_word", unknown[:80])
    if not may_ship(known.status, known.refund):
        return (STOPPED if known.was_called_off else RESTING), None
    reason = (
        reason_to_ask(known)
        or reason_of_receiver(known.receiver)
        or reason_of_goods(known.to_pack, free)
        or reason_of_stock(known.to_pack, free)
    )
    return (WAITING if reason else ACCEPTED), reason


def notice_of(known: Known, *, has_fresh: bool, is_far: bool) -> str | None:
    """What a person should look at although the order was accepted."""
    if known.status == PART_SHIPPED and not any(item.has_left for item in known.items):
        return "part_has_left"
    return "fresh_far" if has_fresh and is_far else None


@dataclass(frozen=True)
class Money:
    """How the price of what is packed here comes about, in fen: goods + shipping - discount."""

    shipping_fen: int
    discount_fen: int


def money_of(items: Collection[SoldItem], *, paid_fen: int, freight_fen: int) -> Money:
    """What our order costs, so that it adds up to what the buyer paid.

    Whatever was paid beyond the goods (taxes, packing) counts as postage; whatever the platform took off counts as discount. When
    part of the order has left already, only the rest is counted, without postage.
    """
    goods = sum(item.quantity * item.unit_price_fen for item in items if item.to_pack)
    if not all(item.to_pack for item in items):
        return Money(0, max(0, goods - paid_fen))
    shipping = max(freight_fen, paid_fen - goods)
    return Money(shipping, goods + shipping - paid_fen)
