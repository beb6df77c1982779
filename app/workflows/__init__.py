"""The one place where shop and fulfillment meet: paid -> parcels and tasks, packed -> shipped, weighed -> stock.

Every function takes the session of the edge's transaction and commits nothing. What happens when an order is
paid can be read in one function, from top to bottom; there are no signals.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from app.workflows import terms
from app.workflows.amends import grant_complaint, refuse_complaint
from app.workflows.called_off import call_off_channel_order, cancel_order, refund_part, settle_refund, stop_rest
from app.workflows.growing import approve_weigh_in, hand_in, lot_story, weigh_in
from app.workflows.invoicing import decline_invoice, issue_invoice
from app.workflows.paid import accept_channel_order, expire_holds, open_packing, settle_payment
from app.workflows.recalling import block_recalled, correct_bags, end_recall, free_parcel, hold_recalled
from app.workflows.sending import (
    advise_courier,
    choose_courier,
    combine_parcels,
    correct_waybill,
    hand_over,
    note_journey,
    order_progress,
    split_parcel,
    take_box_apart,
    weigh_box,
)
from app.workflows.waiting import serve_line
from kernel import outbox

__all__ = [
    "accept_channel_order",
    "advise_courier",
    "approve_weigh_in",
    "block_recalled",
    "call_off_channel_order",
    "cancel_order",
    "choose_courier",
    "combine_parcels",
    "correct_bags",
    "correct_waybill",
    "decline_invoice",
    "end_recall",
    "expire_holds",
    "free_parcel",
    "grant_complaint",
    "hand_in",
    "hand_over",
    "hold_recalled",
    "issue_invoice",
    "lot_story",
    "note_journey",
    "note_worker_alive",
    "open_packing",
    "order_progress",
    "refund_part",
    "refuse_complaint",
    "serve_line",
    "settle_payment",
    "settle_refund",
    "split_parcel",
    "stop_rest",
    "take_box_apart",
    "terms",
    "weigh_box",
    "weigh_in",
]


def note_worker_alive(session: Session, now: datetime) -> None:
    """The worker's sign of life, which readiness looks at."""
    outbox.note_alive(session, "worker", now)
