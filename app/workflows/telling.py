"""Telling a buyer what happened to the order, by text message and e-mail, in the language it was ordered in."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.workflows import terms
from kernel.audit import SYSTEM
from kernel.notices.rules import EMAIL, SMS, can_receive
from kernel.notices.service import leave_notice
from kernel.text import Text
from shop.orders.models import Order

_LONGEST = 2_000


def tell_buyer(session: Session, order: Order, what: str, said: Text, now: datetime, *, subject: str = "") -> None:
    """Leave a message about an order of this shop; ``what`` makes it one message however often it is said.

    The message carries no key: it opens nothing on a device that does not know the order. Platforms tell their own buyers,
    and a number or an address that can get no message gets none.
    """
    if order.channel != "own":
        return
    words = said.pick("en" if order.locale == "en" else "zh")
    body = f"【{terms.workshop_name}】{words} {terms.public_url}/orders/{order.number}"[:_LONGEST]
    for channel, recipient in ((SMS, order.told_phone), (EMAIL, order.email)):
        if can_receive(channel, recipient):
            leave_notice(
                session,
                key=f"order:{order.id}:{what}" + (":mail" if channel == EMAIL else ""),
                subject=subject or f"order:{order.number}",
                channel=channel,
                recipient=recipient,
                title=order.number,
                body=body,
                now=now,
                by=SYSTEM,
            )
