"""The stand-in's desk without the HTTP between: for drills of many thousand steps."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.errors import ApiError
from sandbox.store import Thing
from sandbox.stripe_desk import Desk
from shop.payments.rules import SessionFacts
from shop.payments.stripe_gateway import DisputeFacts, EventFacts, PaymentsAway, PaymentsRefused, RefundFacts


class DeskGateway:
    """What shop/payments/stripe_gateway.py does, asked of the desk itself. ``away`` is bad weather."""

    is_live = False

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.away = False
        self._answers: dict[str, str] = {}

    def _ask(self, work: Callable[[], Thing]) -> Thing:
        if self.away:
            raise PaymentsAway("不在", "away")
        try:
            return work()
        except ApiError as error:
            raise PaymentsRefused("不行", str(error)) from None

    def _once(self, key: str, work: Callable[[], Thing]) -> Thing:
        """The same key: the same thing, as it was made once."""

        def first_or_same() -> Thing:
            if key not in self._answers:
                self._answers[key] = work()["id"]
            found = self.desk.store.get(self._answers[key])
            assert found is not None
            return found

        return self._ask(first_or_same)

    def open_checkout(
        self, *, payment_ref: str, amount_fen: int, currency: str, expires_at: datetime, back_url: str, **_: str
    ) -> SessionFacts:
        price = {"currency": currency, "unit_amount": amount_fen, "product_data": {"name": "x"}}
        params: dict[str, Any] = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": payment_ref,
            "payment_intent_data": {"metadata": {"payment": payment_ref}},
            "expires_at": int(expires_at.timestamp()),
            "success_url": back_url,
        }
        return self._session(self._once(payment_ref, lambda: self.desk.open_session(params)))

    def fetch_session(self, session_id: str) -> SessionFacts:
        return self._session(self._ask(lambda: self.desk.session(session_id)))

    def expire_session(self, session_id: str) -> SessionFacts:
        try:
            return self._session(self._ask(lambda: self.desk.expire_session(session_id)))
        except PaymentsRefused:
            return self.fetch_session(session_id)

    def payment_ref_of(self, intent_id: str) -> str | None:
        found: str | None = self._ask(lambda: self.desk.intent(intent_id))["metadata"].get("payment")
        return found

    def refund(self, *, refund_ref: str, intent_id: str, amount_fen: int) -> RefundFacts:
        params = {"payment_intent": intent_id, "amount": str(amount_fen), "metadata": {"refund": refund_ref}}
        return _refund(self._once(refund_ref, lambda: self.desk.refund(params)))

    def find_refund(self, *, refund_ref: str, intent_id: str) -> RefundFacts | None:
        made = self.desk.store.newest("refund", most=1_000)
        return next((_refund(thing) for thing in made if thing["metadata"].get("refund") == refund_ref), None)

    def fetch_refund(self, stripe_id: str) -> RefundFacts:
        return _refund(self._ask(lambda: self.desk.store.get(stripe_id) or {}))

    def fetch_dispute(self, stripe_id: str) -> DisputeFacts:
        dispute = self._ask(lambda: self.desk.store.get(stripe_id) or {})
        return DisputeFacts(stripe_id, dispute["payment_intent"], dispute["amount"], dispute["status"] == "won")

    def _session(self, thing: Thing) -> SessionFacts:
        intent = self.desk.store.get(str(thing["payment_intent"]))
        return SessionFacts(
            session_id=thing["id"],
            payment_ref=thing["client_reference_id"],
            status=thing["status"],
            payment_status=thing["payment_status"],
            amount_fen=thing["amount_total"],
            currency=thing["currency"],
            intent_id=thing["payment_intent"],
            intent_status=intent["status"] if intent else None,
            url=thing["url"],
            livemode=False,
        )


def _refund(thing: Thing) -> RefundFacts:
    reference = thing["metadata"].get("refund")
    return RefundFacts(thing["id"], reference, thing["payment_intent"], thing["status"], thing["amount"])


def event_facts(event: Thing) -> EventFacts:
    """An event as the webhook would read it."""
    created = datetime.fromtimestamp(event["created"], UTC)
    return EventFacts(event["id"], event["type"], created, event["data"]["object"]["id"], False, None)
