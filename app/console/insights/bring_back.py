"""Bringing buyers back: a voucher and a few words to those of a segment who agreed to news; numbers are masked on every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.errors import Invalid
from kernel.links import link_key
from kernel.notices.rules import SMS, can_receive
from kernel.notices.rules import masked as mask
from kernel.notices.service import leave_notice
from kernel.sheets import Cell, plain_yuan
from kernel.text import Text
from shop.buyers import queries
from shop.buyers.models import BuyerSum
from shop.vouchers.models import Voucher

MOST_AT_ONCE: Final = 2_000
_PURPOSE: Final = "news"


def masked(phone: str) -> str:
    """A number of which the middle is hidden."""
    return mask(SMS, phone)


def row_of(buyer: BuyerSum) -> Sequence[Cell]:
    """A buyer as a line of a file."""
    days = (buyer.first_day.isoformat(), buyer.last_day.isoformat(), buyer.days)
    return (masked(buyer.phone), *days, buyer.orders, plain_yuan(buyer.kept_fen))


def vouchers_to_send(session: Session, now: datetime) -> Sequence[Voucher]:
    """Vouchers that can be used now or soon, the newest first."""
    wanted = select(Voucher).where(Voucher.active, Voucher.ends_at > now).order_by(Voucher.id.desc())
    return session.scalars(wanted.limit(50)).all()


@dataclass(frozen=True)
class News:
    """To whom, which voucher, which words."""

    segment: str
    voucher_id: int
    words: str


@dataclass(frozen=True)
class Desk:
    """What every message says of the shop; ``secret`` makes a number unreadable in the message's key."""

    signature: str
    address: str
    secret: str
    zone: ZoneInfo


def send(session: Session, news: News, desk: Desk, *, now: datetime, by: Actor) -> int:
    """Leave the messages; a number that was sent this voucher before gets none. Returns how many were left.

    Raises:
        Invalid: the voucher is not there or over, or nobody of the segment wants news.
    """
    voucher = session.get(Voucher, news.voucher_id)
    if voucher is None or not voucher.active or voucher.ends_at <= now:
        said = Text("这个优惠码用不了了，请选另一个。", "This voucher cannot be used any more. Choose another.")
        raise Invalid(said.zh, said.en, fields={"voucher": said})
    wanted = [
        each for each in queries.who_want_news(session, news.segment, MOST_AT_ONCE) if can_receive(SMS, each.phone)
    ]
    if not wanted:
        said = Text("这一类里还没有人愿意收。", "Nobody of this segment wants news yet.")
        raise Invalid(said.zh, said.en, fields={"words": said})
    for each in wanted:
        code, until = voucher.code, f"{voucher.ends_at.astimezone(desk.zone):%m-%d}"
        tail = Text(
            f"优惠码 {code}，到 {until}。{desk.address} 不想再收：在订单页上关掉",
            f"Code {code}, until {until}. {desk.address} No more of these: switch off on your order's page",
        ).pick("en" if each.locale == "en" else "zh")
        leave_notice(
            session,
            key=f"news:{voucher.id}:{link_key(desk.secret, _PURPOSE, each.phone)}",
            subject=f"voucher:{voucher.id}",
            channel=SMS,
            recipient=each.phone,
            title=voucher.code,
            body=f"【{desk.signature}】{news.words} {tail}",
            now=now,
            by=by,
        )
    after = {"segment": news.segment, "people": len(wanted), "words": news.words}
    record_change(session, actor=by, action="buyers.news", subject=f"voucher:{voucher.id}", at=now, after=after)
    return len(wanted)
