"""What the sandbox's Stripe does: sessions, charges, refunds, disputes. Amounts are minor units."""

import time
from contextlib import suppress
from typing import Any

from sandbox.errors import ApiError, invalid, missing
from sandbox.events import Levers, Postman
from sandbox.store import Store, Thing, new_id

_MINUTE = 60
_DAY = 24 * 3600
_REFUND_TAKES_S = 2


class Desk:
    """One account's objects and the events that they cause."""

    def __init__(self, store: Store, postman: Postman, levers: Levers, base_url: str) -> None:
        self.store = store
        self.postman = postman
        self.levers = levers
        self.base_url = base_url
        postman.ticks.append(self.do_what_is_due)

    # Checkout sessions

    def open_session(self, params: dict[str, Any]) -> Thing:
        """Create a Checkout session; refuses what the real one refuses."""
        if params.get("mode") != "payment" or not params.get("success_url"):
            raise invalid("Only mode=payment with a success_url is known here.", "mode")
        amount, currency = _total(params.get("line_items"))
        now = int(time.time())
        expires_at = _whole(params.get("expires_at", now + _DAY), "expires_at")
        if not now + 30 * _MINUTE <= expires_at <= now + _DAY + _MINUTE:
            raise invalid("expires_at must be between 30 minutes and 24 hours from now.", "expires_at")
        session_id = new_id("cs_test")
        self.store.plan(expires_at, session_id, "expire")
        return self.store.put(
            "session",
            {
                "id": session_id,
                "object": "checkout.session",
                "amount_subtotal": amount,
                "amount_total": amount,
                "cancel_url": params.get("cancel_url"),
                "client_reference_id": params.get("client_reference_id"),
                "created": now,
                "currency": currency,
                "expires_at": expires_at,
                "livemode": False,
                "locale": params.get("locale"),
                "metadata": params.get("metadata") or {},
                "mode": "payment",
                "payment_intent": None,
                "payment_intent_metadata": (params.get("payment_intent_data") or {}).get("metadata") or {},
                "payment_method_types": params.get("payment_method_types") or ["card"],
                "payment_status": "unpaid",
                "status": "open",
                "success_url": params["success_url"],
                "title": params["line_items"][0]["price_data"]["product_data"]["name"],
                "url": f"{self.base_url}/pay/{session_id}",
            },
        )

    def session(self, session_id: str) -> Thing:
        """A session by id."""
        found = self.store.get(session_id)
        if found is None or found["object"] != "checkout.session":
            raise missing("checkout.session", session_id)
        return found

    def expire_session(self, session_id: str) -> Thing:
        """Close an open session; one that is not open is refused."""
        with self.store.lock:
            if self.session(session_id)["status"] != "open":
                raise invalid('Only Checkout Sessions with a status in ["open"] can be expired.')
            session = self.store.change("session", session_id, lambda s: s.update(status="expired", url=None))
        self.postman.emit("checkout.session.expired", session)
        return session

    def pay(self, session_id: str, method: str) -> Thing:
        """The buyer pays on the hosted page: charge, intent, session complete."""
        with self.store.lock:
            intent = self._intent(self._payable(session_id), method)
            charge = self._charge(intent["id"])
            session = self.store.change(
                "session",
                session_id,
                lambda s: s.update(status="complete", payment_status="paid", payment_intent=intent["id"], url=None),
            )
        self.postman.emit("charge.succeeded", charge)
        self.postman.emit("payment_intent.succeeded", self.intent(intent["id"]))
        self.postman.emit("checkout.session.completed", session)
        return session

    def pay_later(self, session_id: str, seconds: float, result: str) -> Thing:
        """A wallet says it is under way; the result ('succeed' or 'fail') comes later."""
        with self.store.lock:
            intent = self._intent(self._payable(session_id), "wechat_pay")
            session = self.store.change(
                "session",
                session_id,
                lambda s: s.update(status="complete", payment_intent=intent["id"], url=None),
            )
            self.store.plan(time.time() + seconds, session_id, "succeed" if result == "succeed" else "fail")
        self.postman.emit("checkout.session.completed", session)
        return session

    def _payable(self, session_id: str) -> Thing:
        session = self.session(session_id)
        if session["status"] != "open" or session["expires_at"] <= time.time():
            raise invalid("This page can no longer be paid.")
        return session

    def _intent(self, session: Thing, method: str) -> Thing:
        """The money that a session asks for, before it is there."""
        return self.store.put(
            "intent",
            {
                "id": new_id("pi"),
                "object": "payment_intent",
                "amount": session["amount_total"],
                "amount_received": 0,
                "created": int(time.time()),
                "currency": session["currency"],
                "latest_charge": None,
                "livemode": False,
                "metadata": session["payment_intent_metadata"],
                "payment_method_types": [method],
                "status": "processing",
            },
        )

    def intent(self, intent_id: str) -> Thing:
        """An intent by id."""
        found = self.store.get(intent_id)
        if found is None or found["object"] != "payment_intent":
            raise missing("payment_intent", intent_id)
        return found

    def _charge(self, intent_id: str) -> Thing:
        """The money of an intent arrives."""
        charge_id = new_id("ch")
        intent = self.store.change(
            "intent",
            intent_id,
            lambda i: i.update(status="succeeded", amount_received=i["amount"], latest_charge=charge_id),
        )
        return self.store.put(
            "charge",
            {
                "id": charge_id,
                "object": "charge",
                "amount": intent["amount"],
                "amount_captured": intent["amount"],
                "amount_refunded": 0,
                "captured": True,
                "created": int(time.time()),
                "currency": intent["currency"],
                "disputed": False,
                "livemode": False,
                "metadata": intent["metadata"],
                "paid": True,
                "payment_intent": intent_id,
                "payment_method_details": {"type": intent["payment_method_types"][0]},
                "refunded": False,
                "status": "succeeded",
            },
        )

    def do_what_is_due(self) -> None:
        """Wallet results that were to come later, pages that ran out, refunds that take their time."""
        chores = {
            "succeed": self._succeed_later,
            "fail": self._fail_later,
            "expire": self._run_out,
            "refund": self._finish_refund,
        }
        for thing_id, what in self.store.take_due(time.time(), but_not="refund" if self.levers.refunds_wait else ""):
            chores[what](thing_id)

    def _run_out(self, session_id: str) -> None:
        with suppress(ApiError):  # used or closed before its time was over
            self.expire_session(session_id)

    def _succeed_later(self, session_id: str) -> None:
        with self.store.lock:
            intent_id = self.session(session_id)["payment_intent"]
            charge = self._charge(intent_id)
            session = self.store.change("session", session_id, lambda s: s.update(payment_status="paid"))
        self.postman.emit("charge.succeeded", charge)
        self.postman.emit("payment_intent.succeeded", self.intent(intent_id))
        self.postman.emit("checkout.session.async_payment_succeeded", session)

    def _fail_later(self, session_id: str) -> None:
        session = self.session(session_id)
        intent = self.store.change(
            "intent", session["payment_intent"], lambda i: i.update(status="requires_payment_method")
        )
        self.postman.emit("payment_intent.payment_failed", intent)
        self.postman.emit("checkout.session.async_payment_failed", session)

    # Refunds and disputes

    def refund(self, params: dict[str, Any]) -> Thing:
        """Send money back; wallets answer pending and finish later, as the real ones do."""
        with self.store.lock:
            intent = self.intent(str(params.get("payment_intent")))
            charge = self.store.get(str(intent["latest_charge"]))
            if charge is None:
                raise invalid("This PaymentIntent does not have a successful charge to refund.", "payment_intent")
            left = charge["amount"] - charge["amount_refunded"]
            amount = _whole(params.get("amount", left), "amount")
            if not 0 < amount <= left:
                raise invalid(
                    f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount"
                )
            is_wallet = intent["payment_method_types"] != ["card"]
            status = "failed" if self.levers.refunds_fail and not is_wallet else "pending" if is_wallet else "succeeded"
            refund = self.store.put(
                "refund",
                {
                    "id": new_id("re"),
                    "object": "refund",
                    "amount": amount,
                    "charge": charge["id"],
                    "created": int(time.time()),
                    "currency": charge["currency"],
                    "metadata": params.get("metadata") or {},
                    "payment_intent": intent["id"],
                    "reason": params.get("reason"),
                    "status": status,
                },
            )
            if status != "failed":
                self._count_refunded(charge["id"], amount)
            if status == "pending":
                self.store.plan(time.time() + _REFUND_TAKES_S, refund["id"], "refund")
        self.postman.emit("refund.created", refund)
        return refund

    def _count_refunded(self, charge_id: str, amount: int) -> None:
        def count(charge: Thing) -> None:
            charge["amount_refunded"] += amount
            charge["refunded"] = charge["amount_refunded"] == charge["amount"]

        self.store.change("charge", charge_id, count)

    def _finish_refund(self, refund_id: str) -> None:
        status = "failed" if self.levers.refunds_fail else "succeeded"
        refund = self.store.change("refund", refund_id, lambda r: r.update(status=status))
        if status == "failed":
            self._count_refunded(refund["charge"], -refund["amount"])
        self.postman.emit("refund.failed" if status == "failed" else "refund.updated", refund)

    def dispute(self, intent_id: str, action: str) -> Thing:
        """A bank disputes a payment (``open``), or decides (``won``, ``lost``)."""
        intent = self.intent(intent_id)
        dispute_id = f"dp_{intent_id.removeprefix('pi_')}"
        dispute = self.store.get(dispute_id) or {
            "id": dispute_id,
            "object": "dispute",
            "amount": intent["amount"],
            "charge": intent["latest_charge"],
            "created": int(time.time()),
            "currency": intent["currency"],
            "livemode": False,
            "payment_intent": intent_id,
            "reason": "general",
        }
        dispute["status"] = "needs_response" if action == "open" else action
        self.store.put("dispute", dispute)
        self.postman.emit("charge.dispute.created" if action == "open" else "charge.dispute.closed", dispute)
        return dispute


def _whole(value: Any, name: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise invalid(f"Invalid integer: {value}", name) from None


def _total(lines: Any) -> tuple[int, str]:
    if not isinstance(lines, list) or not lines:
        raise invalid("line_items is required.", "line_items")
    try:
        prices = [
            (int(x["price_data"]["unit_amount"]) * int(x.get("quantity", 1)), x["price_data"]["currency"])
            for x in lines
        ]
    except (KeyError, ValueError, TypeError):
        raise invalid("Each line item needs price_data with unit_amount and currency.", "line_items") from None
    total = sum(amount for amount, _ in prices)
    if total <= 0 or len({currency for _, currency in prices}) != 1:
        raise invalid("The total must be positive and in one currency.", "line_items")
    return total, prices[0][1]
