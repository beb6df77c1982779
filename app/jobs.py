"""The worker's jobs: which function does which kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app import workflows
from app.care import nightly
from app.care.nightly import Night
from app.couriers import desk_for, sender_of
from app.insights import service as insights
from config import Settings
from fulfillment.couriers.desk import CourierDesk
from fulfillment.couriers.tracking import steps as tracking_steps
from fulfillment.couriers.waybills import steps as waybill_steps
from fulfillment.couriers.waybills.service import CANCEL_JOB, SEND_JOB
from fulfillment.packing.plans import service as plans
from fulfillment.purchasing.planning import service as planning
from fulfillment.purchasing.quotes import steps as quote_steps
from fulfillment.purchasing.quotes.steps import MarketFeed
from fulfillment.purchasing.quotes.xinfadi import Feed
from kernel.audit import Actor
from kernel.db import Database
from kernel.notices import service as notices
from kernel.notices.providers import Post, Provider, provider_of
from kernel.notices.rules import EMAIL, SMS
from kernel.notices.smtp import Mailbox, SmtpProvider
from kernel.notices.steps import send_notice
from shop.channels.steps import forget_upload, import_kept
from shop.channels.uploads import FORGET_JOB, IMPORT_JOB
from shop.payments import steps
from shop.payments.steps import Till
from shop.payments.stripe_gateway import StripeGateway


@dataclass(frozen=True)
class Tools(Till):
    """What jobs need besides the database: the payment desk, where market prices come from, couriers, who sends messages."""

    market: MarketFeed
    night: Night
    couriers: CourierDesk
    post: Post


Handler = Callable[[Database, Tools, dict[str, Any], datetime], None]


def _import_upload(database: Database, _: Tools, payload: dict[str, Any], now: datetime) -> None:
    """Job: import a large file that somebody confirmed on the page."""
    by = Actor(payload["person"], payload["name"])
    import_kept(database, payload["import"], zone=ZoneInfo(payload["zone"]), floor=workflows, now=now, by=by)


def _track(database: Database, tools: Tools, now: datetime) -> None:
    tracking_steps.track_parcels(database, tools.couriers, workflows.note_journey, now)


def _nightly(step: Callable[[Database, Night, datetime], None]) -> Handler:
    return lambda database, tools, _, now: step(database, tools.night, now)


HANDLERS: dict[str, Handler] = {
    "send_refund": steps.send_refund,
    "expire_checkout": steps.expire_checkout,
    "end_order": steps.end_order,
    "check_payment": steps.check_payment,
    "replay_event": steps.replay_event,
    FORGET_JOB: forget_upload,
    IMPORT_JOB: _import_upload,
    quote_steps.JOB: lambda database, tools, payload, now: quote_steps.fetch_quotes(
        database, tools.market, payload, now
    ),
    SEND_JOB: lambda database, tools, payload, now: waybill_steps.send_waybill(database, tools.couriers, payload, now),
    CANCEL_JOB: lambda database, tools, payload, now: waybill_steps.cancel_waybill(
        database, tools.couriers, payload, now
    ),
    notices.JOB: lambda database, tools, payload, now: send_notice(database, tools.post, payload, now),
    plans.JOB: lambda database, tools, _, now: plans.renew_plan(
        database, workflows.terms.hand_out_terms, tools.market.zone, now
    ),
    tracking_steps.JOB: lambda database, tools, _, now: _track(database, tools, now),
    planning.JOB: lambda database, tools, payload, now: planning.make_forecast(
        database, payload["forecast"], tools.market.zone, now
    ),
    insights.JOB: lambda database, tools, payload, now: insights.make(
        database, payload["insights"], tools.market.zone, now
    ),
    nightly.ROUND: lambda database, tools, _, now: nightly.begin_round(database, tools.night, now),
    **{kind: _nightly(step) for kind, step in nightly.STEPS.items()},
}

# These may take minutes, or wait for somebody else's server: holds and refunds must not wait for them.
SLOW = (IMPORT_JOB, quote_steps.JOB, planning.JOB, insights.JOB, *nightly.STEPS)
# Nor must they wait for a courier that is slow; and whoever waits for a label must wait neither for a backup nor for a
# round of questions about where parcels are.
LABELS = (SEND_JOB, CANCEL_JOB)
COURIERS = (*LABELS, tracking_steps.JOB)

# Thinking about a large day takes seconds, and whoever asks for work should not go by an old plan meanwhile.
PLANS = (plans.JOB,)


def tools_for(settings: Settings) -> Tools:
    """The payment desk of this installation, its price feed, where its backups go, and its couriers."""
    gateway = StripeGateway(settings.stripe_api_key, settings.stripe_api_url, settings.stripe_webhook_secret)
    desk = (gateway, workflows.settle_payment, workflows.settle_refund, settings.public_url, settings.workshop_name)
    return Tools(
        *desk,
        MarketFeed(Feed(settings.xinfadi_url), settings.workshop_zone),
        Night(Till(*desk), settings.workshop_zone, settings.var_dir / "backups", settings.backups_kept),
        desk_for(settings),
        post_of(settings),
    )


def renamed(tools: Tools, settings: Settings) -> Tools:
    """The same tools under what the workshop calls itself now; connections and accounts stay."""
    name = settings.workshop_name
    return replace(
        tools,
        workshop_name=name,
        night=replace(tools.night, till=replace(tools.night.till, workshop_name=name)),
        couriers=replace(tools.couriers, sender=sender_of(settings)),
        post=post_of(settings),
    )


def post_of(settings: Settings) -> Post:
    """Who carries text messages and e-mail here."""
    folder = settings.var_dir / "notices"
    return Post(provider_of(settings.sms_provider, folder, SMS), _mail_provider(settings, folder))


def _mail_provider(settings: Settings, folder: Path) -> Provider:
    if settings.email_provider != "smtp":
        return provider_of(settings.email_provider, folder, EMAIL)
    return SmtpProvider(
        Mailbox(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user,
            password=settings.smtp_password,
            sender=settings.smtp_sender,
            sender_name=settings.workshop_name,
        )
    )


def plan_daily(database: Database, tools: Tools, now: datetime) -> None:
    """See to it that what is done once a day is planned; called when a worker starts."""
    with database.transaction() as session:
        quote_steps.plan_daily(session, now=now, zone=tools.market.zone)
        nightly.plan(session, now, tools.night.zone)
        tracking_steps.plan(session, now)
        plans.ask_for_plan(session, now)
