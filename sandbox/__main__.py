"""`python -m sandbox`: the stand-ins on loopback."""

from pathlib import Path

import click
from werkzeug.serving import make_server

from sandbox.couriers import DEMO_KEYS
from sandbox.factory import create_sandbox


@click.command()
@click.option("--port", type=click.IntRange(1, 65_535), required=True, help="Port on 127.0.0.1.")
@click.option("--state", type=click.Path(path_type=Path), required=True, help="SQLite file that keeps the state.")
@click.option("--webhook-url", required=True, help="Where the shop receives events.")
@click.option("--webhook-secret", required=True)
@click.option("--api-key", required=True)
@click.option(
    "--price-dates",
    type=click.Choice(["today", "real"]),
    default="today",
    help="Market prices end today, or keep the dates they have.",
)
@click.option(
    "--courier-key", "courier_keys", multiple=True, metavar="NAME=KEY", help="What couriers' requests are signed with."
)
@click.option(
    "--stage-minutes", type=click.FloatRange(0, 10_000), default=3, help="Until a parcel reaches its next stage."
)
def main(
    port: int,
    state: Path,
    webhook_url: str,
    webhook_secret: str,
    api_key: str,
    price_dates: str,
    courier_keys: tuple[str, ...],
    stage_minutes: float,
) -> None:
    """Serve the sandbox until it is told to stop."""
    app = create_sandbox(
        state=state,
        base_url=f"http://127.0.0.1:{port}",
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        api_key=api_key,
        courier_keys={**DEMO_KEYS, **dict(pair.split("=", 1) for pair in courier_keys)},
    )
    app.extensions["depot"].levers.stage_s = stage_minutes * 60
    app.config["PRICE_DATES"] = price_dates
    app.extensions["postman"].start()
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


main()
