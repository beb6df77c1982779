"""Stripe behind a small interface. Nothing else in the program imports ``stripe``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from kernel.errors import Refused, Unavailable
from shop.payments.rules import METHODS, SessionFacts

_TIMEOUT_S = 5


class PaymentsAway(Unavailable):
    """Stripe does not answer; nothing is known about what it did."""


@dataclass(frozen=True)
class RefundFacts:
    """A refund as Stripe shows it; money in fen."""

    stripe_id: str
    refund_ref: str | None
    status: str
    amount_fen: int


@dataclass(frozen=True)
class EventFacts:
    """The part of an event that is trusted: what it is about. The object itself is fetched again."""

    event_id: str
    type: str
    created_at: datetime
    object_id: str
    session_id: str | None
    livemode: bool
    amount_fen: int


class StripeGateway:
    """Checkout sessions, refunds and events of one account."""

    def __init__(self, api_key: str, api_url: str, webhook_secret: str) -> None:
        self._webhook_secret = webhook_secret
        self.is_live = api_key.startswith(("sk_live_", "rk_live_"))
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_url},
            max_network_retries=2,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_S),
        )

    def open_checkout(
        self,
        *,
        payment_ref: str,
        amount_fen: int,
        currency: str,
        title: str,
        locale: str,
        expires_at: datetime,
        back_url: str,
    ) -> SessionFacts:
        """Open a hosted page; the same ``payment_ref`` gives the same page however often it is asked for."""
        line = {
            "quantity": 1,
            "price_data": {"currency": currency, "unit_amount": amount_fen, "product_data": {"name": title}},
        }
        params: Any = {
            "mode": "payment",
            "line_items": [line],
            "payment_method_types": list(METHODS),
            "payment_method_options": {"wechat_pay": {"client": "web"}},
            "client_reference_id": payment_ref,
            "metadata": {"payment": payment_ref},
            "payment_intent_data": {"metadata": {"payment": payment_ref}},
            "expires_at": int(expires_at.timestamp()),
            "locale": "en" if locale == "en" else "zh",
            "success_url": f"{back_url}?from=payment",
            "cancel_url": back_url,
        }
        with _named_errors():
            session = self._client.v1.checkout.sessions.create(params, {"idempotency_key": f"payment-{payment_ref}"})
        return _session(session)

    def fetch_session(self, session_id: str) -> SessionFacts:
        """The session as it is now."""
        with _named_errors():
            return _session(self._client.v1.checkout.sessions.retrieve(session_id))

    def expire_session(self, session_id: str) -> SessionFacts:
        """Close a hosted page; one that is closed or paid already is only looked at."""
        with _named_errors():
            try:
                return _session(self._client.v1.checkout.sessions.expire(session_id))
            except stripe.InvalidRequestError:
                return _session(self._client.v1.checkout.sessions.retrieve(session_id))

    def refund(self, *, refund_ref: str, intent_id: str, amount_fen: int) -> RefundFacts:
        """Send money back; the same ``refund_ref`` sends it once."""
        params: Any = {"payment_intent": intent_id, "amount": amount_fen, "metadata": {"refund": refund_ref}}
        with _named_errors():
            refund = self._client.v1.refunds.create(params, {"idempotency_key": f"refund-{refund_ref}"})
        return _refund(refund)

    def fetch_refund(self, stripe_id: str) -> RefundFacts:
        """The refund as it is now."""
        with _named_errors():
            return _refund(self._client.v1.refunds.retrieve(stripe_id))

    def events_since(self, since: datetime) -> Iterator[EventFacts]:
        """Events from ``since`` on, newest first."""
        with _named_errors():
            listed = self._client.v1.events.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
            for event in listed.auto_paging_iter():
                yield _event(event)

    def sessions_since(self, since: datetime) -> Iterator[SessionFacts]:
        """Sessions opened from ``since`` on, newest first."""
        with _named_errors():
            listed = self._client.v1.checkout.sessions.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
            for session in listed.auto_paging_iter():
                yield _session(session)

    def read_event(self, body: bytes, signature: str) -> EventFacts | None:
        """The event of a webhook call, or ``None`` when its signature, age or form is wrong."""
        try:
            event = stripe.Webhook.construct_event(body, signature, self._webhook_secret)
        except (ValueError, stripe.SignatureVerificationError):
            return None
        return _event(event)


class _named_errors:  # noqa: N801 - used as a statement
    """Turns the library's errors into ours: away (try again) or refused (look at it)."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, stripe.APIConnectionError | stripe.APIError | stripe.RateLimitError):
            raise PaymentsAway(
                "支付平台暂时没有回应，我们会再查一次。您不会被多扣钱。",
                "The payment service is not answering; we will ask again. You will not be charged twice.",
                code="payments_away",
            ) from error
        if isinstance(error, stripe.StripeError):
            raise Refused(
                "支付平台没有接受这个请求。", "The payment service refused this.", code="payments_refused"
            ) from error


def _get(holder: Any, name: str) -> Any:
    # A StripeObject is no dict: a field that this API version leaves out raises AttributeError.
    return getattr(holder, name, None)


def _id_of(reference: Any) -> str | None:
    return reference if isinstance(reference, str) or reference is None else str(reference.id)


def _session(session: Any) -> SessionFacts:
    return SessionFacts(
        session_id=session.id,
        payment_ref=_get(session, "client_reference_id"),
        status=session.status or "open",
        payment_status=session.payment_status,
        amount_fen=session.amount_total or 0,
        currency=session.currency or "",
        intent_id=_id_of(_get(session, "payment_intent")),
        url=_get(session, "url"),
        livemode=bool(session.livemode),
    )


def _refund(refund: Any) -> RefundFacts:
    metadata = _get(refund, "metadata")
    return RefundFacts(
        refund.id, _get(metadata, "refund") if metadata else None, refund.status or "pending", refund.amount
    )


def _event(event: Any) -> EventFacts:
    thing = event.data.object
    is_session = _get(thing, "object") == "checkout.session"
    # A dispute is known to us by the payment it is about; everything else by its own id.
    is_dispute = _get(thing, "object") == "dispute"
    return EventFacts(
        event_id=event.id,
        type=event.type,
        created_at=datetime.fromtimestamp(event.created, UTC),
        object_id=(_id_of(_get(thing, "payment_intent")) or thing.id) if is_dispute else thing.id,
        session_id=thing.id if is_session else None,
        livemode=bool(event.livemode),
        amount_fen=int(_get(thing, "amount") or 0),
    )
