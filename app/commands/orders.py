"""`gongfang import-orders` and `gongfang show-orders`."""

import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from app import workflows
from app.commands.connect import open_database
from app.terms import hand_down
from config import Settings, load_settings
from kernel.audit import Actor
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Invalid
from kernel.money import yuan
from shop.channels import queries, steps, uploads
from shop.channels.facts import Reading
from shop.channels.readers import PLATFORMS, platform_named, read_orders
from shop.channels.reading import Platform
from shop.channels.sheets import LARGEST_BYTES

COMMAND = Actor(None, "command")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("platform", type=click.Choice(list(PLATFORMS)))
@click.argument("file", type=_FILE)
@click.option("--detail", type=_FILE, help="The platform's second file (Taobao: ExportOrderDetailList).")
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def import_orders(platform: str, file: Path, detail: Path | None, dry_run: bool, as_json: bool) -> None:
    """Import the order export of a platform; orders that may ship go to the packing queue.

    The same file again changes nothing, a newer export brings orders up to date. Rows that cannot be used are named;
    orders that cannot be packed yet wait with a reason and are tried when they are imported again.
    """
    settings = load_settings()
    chosen = platform_named(platform)
    if detail and not chosen.second_file:
        raise Invalid("这个平台只要一个文件。", "This platform has no second file: leave --detail out.")
    raw, second = _read(file), _read(detail) if detail else None
    reading = read_orders(chosen, raw, settings.workshop_zone, second)
    database = open_database(settings)
    try:
        if dry_run:
            with database.transaction() as session:
                outcome = steps.look(session, chosen, reading)
        else:
            hand_down(settings)
            outcome = _bring_in(database, chosen, reading, file.name, raw, second)
    finally:
        database.dispose()
    result = outcome.as_json()
    print(json.dumps(result, ensure_ascii=False) if as_json else _in_words(result, outcome, reading, chosen))


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(LARGEST_BYTES + 1)


def _bring_in(
    database: Database, platform: Platform, reading: Reading, name: str, raw: bytes, second: bytes | None
) -> steps.Outcome:
    now = utc_now()
    with database.transaction() as session:
        import_id = uploads.begin(session, platform.name, name, raw, second, now=now, by=COMMAND)
    return steps.bring_in(database, platform, reading, import_id=import_id, floor=workflows, now=now, by=COMMAND)


def _in_words(result: dict[str, Any], outcome: steps.Outcome, reading: Reading, platform: Platform) -> str:
    lines = [f"{name}: {count}" for name, count in result.items() if isinstance(count, int)]
    lines += [f"refused, row {row['row']}, order {row['order'] or '?'}: {row['reason']}" for row in result["refused"]]
    lines += [f"waits, row {line.row}, order {line.order}: {line.sentence.en}" for line in outcome.lines if line.reason]
    lines += [f"unknown column: {name}" for name in reading.unknown_columns]
    return "\n".join([*lines, *([platform.caution.en] if platform.caution else [])])


@click.command()
@click.option("--channel", "name", required=True, help=f"One of {', '.join(PLATFORMS)}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def show_orders(name: str, as_json: bool) -> None:
    """Show the imported orders of a platform; only --json prints names, phones and addresses."""
    settings = load_settings()
    platform = platform_named(name)
    database = open_database(settings)
    try:
        with database.transaction() as session:
            print(_shown(session, platform, settings, as_json=as_json))
    finally:
        database.dispose()


def _shown(session: Session, platform: Platform, settings: Settings, *, as_json: bool) -> str:
    if as_json:
        orders = queries.shown_orders(session, platform.name, settings.workshop_zone)
        return json.dumps({"orders": orders}, ensure_ascii=False, indent=1)
    known = queries.orders_of(session, platform.name)
    return "\n".join(
        f"{x.channel_number}  {x.status}, refund {x.refund}, {x.standing}, ¥{yuan(x.paid_fen)}" for x in known
    )
