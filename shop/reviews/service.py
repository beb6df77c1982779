"""Writing a review, taking it back, and looking at it before others read it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused
from shop.orders.models import Order
from shop.reviews import rules
from shop.reviews.models import Review


def write_review(
    session: Session, order: Order, product_id: int, *, stars: int, words: str, with_name: bool, now: datetime
) -> Review:
    """Write down what the buyer of this order says of a product; others read it once a person has looked at it.

    Raises:
        Refused: the goods have not left yet or were never in this order, or there is a review already.
    """
    if not rules.may_review(order.state, order.channel):
        raise Refused("货发出以后再评价。", "Write about the goods once they are on their way.", code="not_now")
    review = Review(
        order_id=order.id,
        product_id=product_id,
        stars=stars,
        words=words,
        locale=order.locale,
        shown_name=rules.shown_name(order.buyer_name) if with_name and not order.is_gift else "",
        state=rules.WAITING,
        at=now,
    )
    try:
        with session.begin_nested():
            session.add(review)
            session.flush()
    except IntegrityError as error:
        raise _why_not(error) from None
    return review


def _why_not(error: IntegrityError) -> Exception:
    said = str(error.orig)
    if "uq_reviews" in said:
        return Refused(
            "这个商品您评价过了。想改就先删掉再写。",
            "You have written about this already. To change it, delete it and write anew.",
            code="reviewed_already",
        )
    if "has not brought product" in said:
        return Refused("这一单里没有这个商品。", "This order does not have that product.", code="not_bought")
    return error


def take_back(session: Session, order: Order, review_id: int, *, now: datetime, by: Actor) -> None:
    """The buyer deletes a review, whatever became of it; a second time there is nothing to do."""
    review = lock_row(session, Review, review_id)
    if review is None or review.order_id != order.id:
        return
    session.delete(review)
    session.flush()
    record_change(session, actor=by, action="review.deleted", subject=f"order:{order.number}", at=now)


def show(session: Session, review_id: int, answer: str, *, now: datetime, by: Actor) -> Review:
    """Others may read it, with an answer of the workshop below it if there is one."""
    return _decide(session, review_id, rules.SHOWN, reason="", answer=answer, now=now, by=by)


def hide(session: Session, review_id: int, reason: str, *, now: datetime, by: Actor) -> Review:
    """It is kept back for one of the ``rules.REASONS``, which its buyer reads."""
    return _decide(session, review_id, rules.HIDDEN, reason=reason, answer="", now=now, by=by)


def _decide(
    session: Session, review_id: int, state: str, *, reason: str, answer: str, now: datetime, by: Actor
) -> Review:
    review = lock_row(session, Review, review_id)
    if review is None:
        raise NotFound("没有这条评价，可能买家删了。", "There is no such review; its buyer may have deleted it.")
    before = {"state": review.state, "reason": review.reason, "answer": review.answer}
    after = {"state": state, "reason": reason, "answer": answer}
    if before != after:
        review.state, review.reason, review.answer = state, reason, answer
        review.decided_at, review.decided_by = now, by.name
        session.flush()
        subject = f"review:{review.id}"
        record_change(session, actor=by, action=f"review.{state}", subject=subject, at=now, before=before, after=after)
    return review


def delete_reviews(session: Session, order_ids: Sequence[UUID]) -> None:
    """Nothing stays of what the buyers of these orders said."""
    session.execute(delete(Review).where(Review.order_id.in_(order_ids)))
