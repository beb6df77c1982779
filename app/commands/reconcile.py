"""`gongfang reconcile`: compare with Stripe and mend what webhooks missed."""

import re
import sys
from datetime import timedelta
from json import dumps

import click

from app.care import reconciling
from app.commands.connect import open_database, settings_of_running
from app.jobs import tools_for
from kernel.clock import utc_now
from shop.payments.stripe_gateway import PaymentsAway

_SPAN = re.compile(r"([0-9]{1,3})([hd])", re.ASCII)
_LONGEST = timedelta(days=30)  # Stripe keeps events for so long.


class Span(click.ParamType[timedelta]):
    """A span such as ``3d`` or ``12h``, up to 30 days."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The span, or a misuse."""
        match = _SPAN.fullmatch(str(value))
        span = timedelta(**{{"h": "hours", "d": "days"}[match[2]]: int(match[1])}) if match else timedelta(0)
        if not timedelta(0) < span <= _LONGEST:
            self.fail(f"{value!r} is not a span such as 3d or 12h, at most 30d.", param, ctx)
        return span


@click.command()
@click.option("--since", type=Span(), default="3d", show_default=True, help="How far back: 12h, 3d, at most 30d.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def reconcile(since: timedelta, as_json: bool) -> None:
    """Compare with Stripe and mend what was missed; exit 1 when something is left for a person to look at."""
    settings = settings_of_running()
    now = utc_now()
    try:
        result = reconciling.reconcile(open_database(settings), tools_for(settings), now - since, now)
    except PaymentsAway as error:
        where = settings.stripe_api_url
        raise PaymentsAway(
            f"{where} 没有回应。什么都没有丢，过一会儿再试。",
            f"{where} does not answer. Nothing is lost; try again later.",
        ) from error
    if as_json:
        click.echo(dumps(result.as_json(), ensure_ascii=False))
    else:
        click.echo(
            f"{result.events_seen} events, {result.pages_seen} pages, {result.refunds_seen} open refunds compared: "
            f"{result.found} differences, {result.found - result.left} mended, {result.left} left"
        )
        for session_id in result.unknown_paid:
            click.echo(f"paid, but no payment here knows it: {session_id}", err=True)
    if result.left:
        sys.exit(1)
