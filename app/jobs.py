"""The worker's jobs: which function does which kind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app import workflows
from config import Settings
from kernel.db import Database
from shop.payments import steps
from shop.payments.steps import Till
from shop.payments.stripe_gateway import StripeGateway

Tools = Till
Handler = Callable[[Database, Tools, dict[str, Any], datetime], None]

HANDLERS: dict[str, Handler] = {
    "send_refund": steps.send_refund,
    "expire_checkout": steps.expire_checkout,
    "end_order": steps.end_order,
    "check_payment": steps.check_payment,
    "replay_event": steps.replay_event,
}


def tools_for(settings: Settings) -> Tools:
    """The payment desk of this installation."""
    gateway = StripeGateway(settings.stripe_api_key, settings.stripe_api_url, settings.stripe_webhook_secret)
    return Till(gateway, workflows.settle_payment, workflows.settle_refund, settings.public_url, settings.workshop_name)
