"""Came back: what is free again goes to those who stand in line for it, and they are told."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.workflows import terms
from kernel.audit import SYSTEM
from kernel.notices.rules import SMS, can_receive
from kernel.notices.service import leave_notice
from kernel.text import Text
from shop.waitlist import service as waitlist
from shop.waitlist.service import Ended


def serve_line(session: Session, now: datetime) -> int:
    """Give what came back to whoever is next, as a held order with an end, and leave each a message.

    Returns:
        How many waits ended.
    """
    ended = waitlist.serve(session, terms.shipping_terms, now)
    for each in ended:
        if can_receive(SMS, each.phone):
            said = _words(each).pick("en" if each.locale == "en" else "zh")
            facts = {"key": f"{each.number}:ended", "subject": f"wait:{each.number}", "channel": SMS}
            leave_notice(session, **facts, recipient=each.phone, title=each.title, body=said, now=now, by=SYSTEM)
    return len(ended)


def _words(ended: Ended) -> Text:
    """What became of the wait. The message carries no key: the device that stood in line opens the order."""
    shop = f"【{terms.workshop_name}】"
    if ended.placed is None:
        return Text(
            f"{shop}您排的 {ended.title} 这次没有等到，没有扣钱。",
            f"{shop}The {ended.title} you waited for did not come back this time. Nothing was charged.",
        )
    until = f"{ended.placed.hold_until.astimezone(terms.sending_terms.zone):%H:%M}"
    return Text(
        f"{shop}轮到您了：{ended.title} 给您留到 {until}，请在此之前付款。打开 {terms.public_url}/orders/{ended.placed.number}",
        f"{shop}Your turn: {ended.title} is held for you until {until}; please pay before then."
        f" Open {terms.public_url}/orders/{ended.placed.number}",
    )
