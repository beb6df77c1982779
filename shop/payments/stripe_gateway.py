"""Stripe behind a small interface. Nothing else in the program imports ``stripe``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

import stripe

from kernel.errors import BadRequest, Refused, Unavailable
from shop.payments.rules import METHODS, SessionFacts

Answer = TypeVar("Answer")

# Connecting and reading, in seconds: together under the 5 s that a buyer and a thread may be kept waiting.
_TIMEOUT_S = (1.4, 3.4)
# A connection that broke at once (the other side had closed it) is worth a second try; a slow one is not.
_AT_ONCE_S = 0.1

_EXPAND_INTENT: Any = {"expand": ["payment_intent"]}


class PaymentsAway(Unavailable):
    """Stripe does not answer; nothing is known about what it did, and asking again is safe."""

    code = "payments_away"


class PaymentsRefused(Refused):
    """Stripe understood and said no; asking again gives the same answer."""

    code = "payments_refused"


@dataclass(frozen=True)
class RefundFacts:
    """A refund as Stripe shows it; money in fen."""

    stripe_id: str
    refund_ref: str | None
    intent_id: str | None
    status: str
    amount_fen: int


@dataclass(frozen=True)
class DisputeFacts:
    """A bank's dispute as Stripe shows it; money in fen."""

    stripe_id: str
    intent_id: str | None
    amount_fen: int
    is_over: bool


@dataclass(frozen=True)
class EventFacts:
    """The part of an event that is trusted: what it is about. The object itself is fetched again."""

    event_id: str
    type: str
    created_at: datetime
    object_id: str
    livemode: bool
    account: str | None


class StripeGateway:
    """Checkout sessions, refunds, disputes and events of one account."""

    def __init__(self, api_key: str, api_url: str, webhook_secret: str) -> None:
        self._webhook_secret = webhook_secret
        self.is_live = api_key.startswith(("sk_live_", "rk_live_"))
        client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_S),
        )
        self._api = client.v1

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
        once: Any = {"idempotency_key": f"payment-{payment_ref}"}
        return _session(_ask(lambda: self._api.checkout.sessions.create(params, once)))

    def fetch_session(self, session_id: str) -> SessionFacts:
        """The session as it is now, with what became of a wallet's payment."""
        return _session(_ask(lambda: self._api.checkout.sessions.retrieve(session_id, _EXPAND_INTENT)))

    def expire_session(self, session_id: str) -> SessionFacts:
        """Close a hosted page; one that is closed or used already is only looked at."""
        try:
            return _session(_ask(lambda: self._api.checkout.sessions.expire(session_id, _EXPAND_INTENT)))
        except PaymentsRefused:
            return self.fetch_session(session_id)

    def payment_ref_of(self, intent_id: str) -> str | None:
        """The reference of ours that an intent carries."""
        return _named_in(_ask(lambda: self._api.payment_intents.retrieve(intent_id)), "payment")

    def refund(self, *, refund_ref: str, intent_id: str, amount_fen: int) -> RefundFacts:
        """Send money back; the same ``refund_ref`` sends it once."""
        params: Any = {"payment_intent": intent_id, "amount": amount_fen, "metadata": {"refund": refund_ref}}
        once: Any = {"idempotency_key": f"refund-{refund_ref}"}
        return _refund(_ask(lambda: self._api.refunds.create(params, once)))

    def find_refund(self, *, refund_ref: str, intent_id: str) -> RefundFacts | None:
        """The refund that carries our reference, if it was made: for a try whose idempotency key may have lapsed."""
        params: Any = {"payment_intent": intent_id, "limit": 100}
        made = _ask(lambda: self._api.refunds.list(params))
        return next((facts for facts in map(_refund, made.data) if facts.refund_ref == refund_ref), None)

    def fetch_refund(self, stripe_id: str) -> RefundFacts:
        """The refund as it is now."""
        return _refund(_ask(lambda: self._api.refunds.retrieve(stripe_id)))

    def fetch_dispute(self, stripe_id: str) -> DisputeFacts:
        """The dispute as it is now."""
        dispute = _ask(lambda: self._api.disputes.retrieve(stripe_id))
        is_over = dispute.status in ("won", "lost", "warning_closed", "prevented")
        return DisputeFacts(dispute.id, _id_of(_get(dispute, "payment_intent")), dispute.amount, is_over)

    def events_since(self, since: datetime) -> Iterator[EventFacts]:
        """Events from ``since`` on, newest first."""
        return map(_event, self._pages(self._api.events.list, {}, since))

    def sessions_since(self, since: datetime) -> Iterator[SessionFacts]:
        """Sessions opened from ``since`` on, newest first."""
        return map(_session, self._pages(self._api.checkout.sessions.list, {"expand": ["data.payment_intent"]}, since))

    @staticmethod
    def _pages(listing: Callable[[Any], Any], params: dict[str, Any], since: datetime) -> Iterator[Any]:
        asked = {**params, "created": {"gte": int(since.timestamp())}, "limit": 100}
        while True:
            page = _ask(lambda: listing(dict(asked)))
            yield from page.data
            if not page.has_more:
                return
            asked["starting_after"] = page.data[-1].id

    def read_event(self, body: bytes, signature: str) -> EventFacts:
        """The event of a webhook call.

        Raises:
            BadRequest: ``bad_signature`` (also: too old, not an event), ``wrong_mode``, ``wrong_account``.
        """
        try:
            event = _event(stripe.Webhook.construct_event(body, signature, self._webhook_secret))
        except (ValueError, AttributeError, TypeError, stripe.SignatureVerificationError):
            raise BadRequest(
                "签名不对，或者太旧。", "The signature is wrong or too old.", code="bad_signature"
            ) from None
        if event.livemode != self.is_live:
            raise BadRequest("模式不对。", "A test event on a live account, or the reverse.", code="wrong_mode")
        if event.account is not None:
            raise BadRequest("不是这个账户的。", "The event is of another account.", code="wrong_account")
        return event


def _ask(call: Callable[[], Answer]) -> Answer:
    """Call Stripe and turn the library's errors into ours."""
    started = monotonic()
    try:
        try:
            return call()
        except stripe.APIConnectionError:
            if monotonic() - started > _AT_ONCE_S:
                raise
            return call()
    except (stripe.InvalidRequestError, stripe.IdempotencyError, stripe.CardError) as error:
        # 409: the same key is being worked on for another tab. That passes.
        raise (_away() if error.http_status == 409 else _refused()) from error
    except stripe.StripeError as error:
        # No connection, an error on their side, a limit, or a key that the owner has to put right first.
        raise _away() from error


def _away() -> PaymentsAway:
    return PaymentsAway(
        "支付平台暂时没有回应，我们会再查一次。您不会被多扣钱。",
        "The payment service is not answering; we will ask again. You will not be charged twice.",
    )


def _refused() -> PaymentsRefused:
    return PaymentsRefused("支付平台没有接受这个请求。", "The payment service refused this.")


def _get(holder: Any, name: str) -> Any:
    # A StripeObject is no dict: a field that this API version leaves out raises AttributeError.
    return getattr(holder, name, None)


def _id_of(reference: Any) -> str | None:
    return reference if isinstance(reference, str) or reference is None else str(reference.id)


def _named_in(holder: Any, name: str) -> str | None:
    """A reference of ours in an object's metadata."""
    metadata = _get(holder, "metadata")
    found = _get(metadata, name) if metadata else None
    return found if isinstance(found, str) else None


def _session(session: Any) -> SessionFacts:
    intent = _get(session, "payment_intent")
    return SessionFacts(
        session_id=session.id,
        payment_ref=_get(session, "client_reference_id"),
        status=session.status or "open",
        payment_status=session.payment_status,
        amount_fen=session.amount_total or 0,
        currency=session.currency or "",
        intent_id=_id_of(intent),
        intent_status=_get(intent, "status"),
        url=_get(session, "url"),
        livemode=bool(session.livemode),
    )


def _refund(refund: Any) -> RefundFacts:
    return RefundFacts(
        stripe_id=refund.id,
        refund_ref=_named_in(refund, "refund"),
        intent_id=_id_of(_get(refund, "payment_intent")),
        status=refund.status or "pending",
        amount_fen=refund.amount,
    )


def _event(event: Any) -> EventFacts:
    return EventFacts(
        event_id=event.id,
        type=event.type,
        created_at=datetime.fromtimestamp(event.created, UTC),
        # Some things (a balance) have no id; they are none of ours.
        object_id=_get(event.data.object, "id") or "",
        livemode=bool(event.livemode),
        account=_get(event, "account"),
    )
