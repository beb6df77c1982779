"""The one list that needs a person: money that went wrong, orders without work, quotes and imports that wait."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from fulfillment.couriers.cases import queries as courier_cases
from fulfillment.packing.models import Parcel
from fulfillment.purchasing.asking import queries as asking
from fulfillment.purchasing.quotes import queries as quotes
from fulfillment.purchasing.quotes.models import MarketQuote
from kernel.audit import Actor, record_change
from kernel.errors import NotFound
from kernel.outbox import Job
from kernel.text import Text
from shop.channels.models import ChannelOrder
from shop.channels.states import WAITING
from shop.complaints import queries as complaints
from shop.complaints.rules import DAMAGED
from shop.invoices import queries as invoices
from shop.orders.models import Order
from shop.orders.states import PAID
from shop.payments.models import PaymentNote
from shop.reviews import queries as reviews

MOST_OF_A_KIND = 20


@dataclass(frozen=True)
class Decision:
    """Something that waits for a person: what, since when, about how much (fen), and where to go.

    ``note_id`` is set when looking at it is enough and somebody may tick it off.
    """

    what: Text
    why: Text
    since: datetime
    href: str
    tone: str = "gold"
    amount_fen: int | None = None
    note_id: int | None = None


@dataclass(frozen=True)
class NoteWords:
    """What a note means, what to do about it, and how urgent it is (a tone of the design system)."""

    what: Text
    why: Text
    tone: str


# The first three are urgent: money is not where it should be.
NOTES: dict[str, NoteWords] = {
    "refund_failed": NoteWords(
        Text("退款没有成功", "A refund failed"),
        Text(
            "钱还在我们这里。打开订单再退一次，或打电话问买家。",
            "The money is still here. Open the order and refund again, or ring the buyer.",
        ),
        "live",
    ),
    "wrong_amount": NoteWords(
        Text("付款金额不对", "A payment of the wrong amount"),
        Text(
            "收到的钱和订单对不上，订单没有算付款。请在 Stripe 后台核对。",
            "What came in does not match the order, which was not counted as paid. Check it at Stripe.",
        ),
        "live",
    ),
    "dispute": NoteWords(
        Text("银行来争议", "A bank disputes a payment"),
        Text("请在 Stripe 后台按时提交发货凭证。", "Send the proof of delivery at Stripe in time."),
        "live",
    ),
    "never_answered": NoteWords(
        Text("一笔付款三天没有结果", "A payment without an answer for three days"),
        Text("请在 Stripe 后台查这笔付款。", "Look this payment up at Stripe."),
        "gold",
    ),
    "late_no_stock": NoteWords(
        Text("付款晚到，货没了，已经自动退款", "A late payment found nothing left and was refunded"),
        Text("可以告诉买家，有货了再来。", "You may tell the buyer when there is stock again."),
        "plain",
    ),
    "came_after_the_end": NoteWords(
        Text("订单结束后才付到，已经自动退款", "Paid after the order had ended, and refunded"),
        Text("不用做什么，知道就好。", "Nothing to do; just so that you know."),
        "plain",
    ),
    "duplicate": NoteWords(
        Text("买家付了两次，多的已经自动退", "Paid twice; the second was refunded"),
        Text("不用做什么，知道就好。", "Nothing to do; just so that you know."),
        "plain",
    ),
}


def note_words(kind: str) -> NoteWords:
    """The words for a kind of note; a new kind is shown as it is."""
    return NOTES.get(kind) or NoteWords(Text(kind, kind), Text("", ""), "gold")


_URGENCY = {"live": 0, "gold": 1, "plain": 2}


def waiting(session: Session, now: datetime) -> Sequence[Decision]:
    """Everything that needs a decision, the most urgent first, then the oldest."""
    sources: Iterable[Callable[[Session, datetime], Iterable[Decision]]] = (
        _notes,
        _orders_without_work,
        _held_quotes,
        _asked_weigh_ins,
        _imported_orders,
        _courier_cases,
        _complaints,
        _reviews,
        _invoices,
        _given_up_jobs,
    )
    found = [decision for source in sources for decision in source(session, now)]
    return sorted(found, key=lambda decision: (_URGENCY[decision.tone], decision.since))


def _notes(session: Session, _: datetime) -> Iterable[Decision]:
    rows = session.execute(
        select(PaymentNote, Order.number)
        .join(Order, Order.id == PaymentNote.order_id)
        .where(PaymentNote.closed_at.is_(None))
        .order_by(PaymentNote.id.desc())
        .limit(MOST_OF_A_KIND)
    )
    for note, number in rows:
        words = note_words(note.kind)
        href = f"/console/orders/{number}"
        yield Decision(words.what, words.why, note.at, href, words.tone, note.amount_fen, note.id)


def _orders_without_work(session: Session, now: datetime) -> Iterable[Decision]:
    rows = session.execute(
        select(Order.number, Order.paid_at, Order.total_fen)
        .where(Order.state == PAID, ~exists().where(Parcel.order_id == Order.id))
        .order_by(Order.paid_at)
        .limit(MOST_OF_A_KIND)
    )
    for number, paid_at, total_fen in rows:
        yield Decision(
            Text(f"订单 {number} 付了款，没有打包任务", f"Order {number} is paid but has no packing work"),
            Text("请打开订单看一看，再请组长处理。", "Open the order and ask the lead."),
            paid_at or now,
            f"/console/orders/{number}",
            "live",
            total_fen,
        )


def _held_quotes(session: Session, _: datetime) -> Iterable[Decision]:
    waits = quotes.waiting(session)
    # A name is explained once for all its rows, so it counts once.
    count = waits.odd + waits.names
    oldest = session.scalar(select(func.min(MarketQuote.entered_at)).where(MarketQuote.state == "held"))
    if count and oldest:
        yield Decision(
            Text(f"{count} 条行情等人看", f"{count} market quotes wait for a person"),
            Text(
                "价格跳得太多，或对不上商品，没有自动采用。",
                "They jump too far or match no product, so they were not taken over.",
            ),
            oldest,
            "/bench/weigh/quotes/held",
        )


def _asked_weigh_ins(session: Session, _: datetime) -> Iterable[Decision]:
    requests = asking.waiting_requests(session)
    if requests:
        yield Decision(
            Text(f"{len(requests)} 单过磅等第二个人看", f"{len(requests)} weigh-ins wait for a second person"),
            Text(
                "没有行情、超过合同或缺合格证，没有过磅的人来决定。",
                "No price, more than agreed or no certificate; somebody who did not weigh decides.",
            ),
            requests[0].asked_at,
            "/bench/weigh/asking",
        )


def _imported_orders(session: Session, now: datetime) -> Iterable[Decision]:
    """Orders of other platforms that cannot be packed yet, and those that somebody should look at."""
    oldest = func.min(ChannelOrder.changed_at)
    waiting = session.execute(select(func.count(), oldest).where(ChannelOrder.standing == WAITING)).one()
    noticed = session.execute(select(func.count(), oldest).where(ChannelOrder.notice.is_not(None))).one()
    if waiting[0]:
        yield Decision(
            Text(f"{waiting[0]} 个导入的订单还不能打包", f"{waiting[0]} imported orders cannot be packed yet"),
            Text(
                "缺地址、缺货号或缺货，导入页写着为什么。",
                "An address, a SKU or stock is missing; the import page says which.",
            ),
            waiting[1] or now,
            "/console/imports",
        )
    if noticed[0]:
        yield Decision(
            Text(f"{noticed[0]} 个导入的订单有变化，要看一眼", f"{noticed[0]} imported orders changed; have a look"),
            Text("例如打包以后平台退了款。", "Such as one that was refunded after it was packed."),
            noticed[1] or now,
            "/console/imports",
        )


def _courier_cases(session: Session, now: datetime) -> Iterable[Decision]:
    waits = courier_cases.waiting(session)
    if waits.count:
        yield Decision(
            Text(f"快递有 {waits.count} 件事要办", f"{waits.count} troubles with couriers"),
            Text(
                "拒收、退回、卡住或没取到号，请组长去办。",
                "Refused, returned, stuck or no waybill; the lead sees to them.",
            ),
            waits.since or now,
            "/bench/lead/courier-cases",
        )


def _complaints(session: Session, _: datetime) -> Iterable[Decision]:
    for each in complaints.open_complaints(session, MOST_OF_A_KIND):
        what = Text("买家说收到时坏了", "A buyer says it arrived damaged")
        yield Decision(
            what if each.kind == DAMAGED else Text("买家要退货", "A buyer wants to return goods"),
            Text(f"{each.order.number}：{each.words[:40]}", f"{each.order.number}: {each.words[:40]}"),
            each.at,
            f"/console/complaints/{each.id}",
        )


def _reviews(session: Session, _: datetime) -> Iterable[Decision]:
    count, since = reviews.waiting_since(session)
    if since is not None:
        yield Decision(
            Text(f"{count} 条评价等着看", f"{count} reviews to look at"),
            Text("看过以后别人才看得到。", "Others see them once you have looked."),
            since,
            "/console/reviews",
            tone="plain",
        )


def _invoices(session: Session, _: datetime) -> Iterable[Decision]:
    count, since = invoices.asked_since(session)
    if since is not None:
        yield Decision(
            Text(f"{count} 张发票要开", f"{count} invoices to issue"),
            Text("在税务局网站开好，把号码抄来。", "Issue them at the tax office's site and note their numbers."),
            since,
            "/console/invoices",
            tone="plain",
        )
    for each in invoices.need_red_letter(session, MOST_OF_A_KIND):
        yield Decision(
            Text("开过发票的订单退了钱", "Money of an invoiced order went back"),
            Text(f"{each.order.number} 要开红字发票。", f"{each.order.number} needs a red-letter invoice."),
            each.decided_at or each.at,
            f"/console/invoices/{each.id}",
        )


def _given_up_jobs(session: Session, now: datetime) -> Iterable[Decision]:
    rows = session.execute(
        select(Job.kind, func.count(), func.min(Job.given_up_at))
        .where(Job.given_up_at.is_not(None), Job.done_at.is_(None))
        .group_by(Job.kind)
        .order_by(Job.kind)
    )
    for kind, count, since in rows:
        yield Decision(
            Text(f"后台有 {count} 件事没做成（{kind}）", f"{count} background jobs failed for good ({kind})"),
            Text("请找管系统的人看日志。", "Ask whoever keeps the system to look at the log."),
            since or now,
            "/console/orders",
        )


def close_note(session: Session, note_id: int, *, now: datetime, by: Actor) -> None:
    """Somebody has dealt with what a note says; a second time changes nothing."""
    note = session.get(PaymentNote, note_id, with_for_update=True)
    if note is None:
        raise NotFound("没有这一条。", "There is no such note.")
    if note.closed_at is not None:
        return
    note.closed_at = now
    number = session.scalar(select(Order.number).where(Order.id == note.order_id))
    record_change(
        session,
        actor=by,
        action="payment.note_closed",
        subject=f"order:{number}",
        at=now,
        after={"kind": note.kind, "amount_fen": note.amount_fen},
    )
