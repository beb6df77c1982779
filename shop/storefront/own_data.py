"""All that the shop keeps of a buyer, gathered from its rooms: a copy of it, and its end."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel.audit import Actor
from shop.buyers.queries import consents_of
from shop.buyers.service import forget as forget_buyers
from shop.complaints import queries as complaints
from shop.complaints import service as complaining
from shop.invoices import queries as invoices
from shop.invoices import service as invoicing
from shop.orders import erasing
from shop.orders import queries as orders
from shop.orders.models import Order
from shop.reviews import queries as reviews
from shop.reviews import service as reviewing
from shop.waitlist import queries as waits

Copy = dict[str, list[dict[str, Any]]]


def copy_of(session: Session, numbers: list[str]) -> Copy:
    """What is kept of these orders and places in line, as plain JSON values; money in fen, moments in ISO 8601.

    Photos of complaints are counted only: whoever holds the order's page sees them there.
    """
    found = orders.orders_by_numbers(session, numbers)
    number_of = {order.id: order.number for order in found}
    return {
        "orders": erasing.copy_of(session, numbers),
        "complaints": [
            {
                "order": order.number,
                "kind": each.kind,
                "words": each.words,
                "at": each.at.isoformat(),
                "state": each.state,
                "answer": each.answer,
                "photos": len(each.photos),
            }
            for order in found
            for each in complaints.complaints_of(session, order.id)
        ],
        "reviews": [
            {
                "order": number_of[each.order_id],
                "product": each.product.title_zh,
                "stars": each.stars,
                "words": each.words,
                "name": each.shown_name,
                "at": each.at.isoformat(),
                "state": each.state,
            }
            for each in reviews.reviews_of(session, list(number_of))
        ],
        "invoices": [
            {
                "order": number_of[each.order_id],
                "kind": each.kind,
                "title": each.title,
                "tax_number": each.tax_number,
                "email": each.email,
                "at": each.at.isoformat(),
                "state": each.state,
                "number": each.number,
                "amount_fen": each.amount_fen,
            }
            for each in invoices.invoices_of(session, list(number_of))
        ],
        "news": [
            {"phone": each.phone, "agreed_at": each.agreed_at.isoformat()}
            for each in consents_of(session, {order.told_phone for order in found})
        ],
        "places_in_line": [
            {
                "number": each.number,
                "quantity": each.quantity,
                "phone": each.phone,
                "asked_for": each.wish,
                "at": each.created_at.isoformat(),
            }
            for each in waits.waits_by_numbers(session, numbers)
        ],
    }


def forget(session: Session, numbers: list[str], *, now: datetime, by: Actor) -> tuple[list[Order], int]:
    """Empty what says who the buyer of these orders was; what is under way waits until it is over.

    Returns:
        The orders that were emptied now, and how many are still under way; a place in line, which ends with its stream at
        the latest and is emptied then, counts among these.
    """
    phones = {order.told_phone for order in orders.orders_by_numbers(session, numbers)}
    emptied, under_way = erasing.erase_receivers(session, numbers, now=now, by=by)
    ids = [order.id for order in emptied]
    complaining.erase_words(session, ids)
    reviewing.delete_reviews(session, ids)
    invoicing.forget(session, ids)
    forget_buyers(session, phones - {""})
    return emptied, under_way + len(waits.waits_by_numbers(session, numbers))
