"""`gongfang export-shipments`."""

import json
from pathlib import Path

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.commands.connect import open_database
from config import load_settings
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import HANDED_OVER
from kernel.errors import Invalid
from shop.channels.models import ChannelOrder
from shop.channels.readers import PLATFORMS
from shop.channels.sheets import LARGEST_BYTES
from shop.channels.ship_sheets import Columns, Filled, Shipment, fill
from shop.channels.states import PART_SHIPPED, TO_SHIP
from shop.orders.models import Order

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_USUAL = Columns()


@click.command()
@click.argument("platform", type=click.Choice(list(PLATFORMS)))
@click.option("--template", required=True, type=_FILE, help="The sheet as the platform gave it, CSV or xlsx.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
@click.option("--order-column", help=f"Its column of order numbers, if none of: {', '.join(_USUAL.order)}.")
@click.option("--carrier-column", help=f"Its column of couriers, if none of: {', '.join(_USUAL.carrier)}.")
@click.option("--tracking-column", help=f"Its column of numbers, if none of: {', '.join(_USUAL.tracking)}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def export_shipments(
    platform: str,
    template: Path,
    out: Path,
    order_column: str | None,
    carrier_column: str | None,
    tracking_column: str | None,
    as_json: bool,
) -> None:
    """Fill a platform's shipping sheet with the parcels that were handed over.

    A template that lists orders is filled row by row; an empty one gets every order that the platform does not know to
    have left. A second parcel of an order, and a number that is on two parcels, are reported and not written.
    """
    if out.resolve() == template.resolve():
        raise Invalid("请写到另一个文件，不要盖掉模板。", "Write to another file than the template.")
    columns = Columns(
        order=(order_column,) if order_column else _USUAL.order,
        carrier=(carrier_column,) if carrier_column else _USUAL.carrier,
        tracking=(tracking_column,) if tracking_column else _USUAL.tracking,
    )
    with template.open("rb") as stream:
        raw = stream.read(LARGEST_BYTES + 1)
    database = open_database(load_settings())
    try:
        with database.transaction() as session:
            filled = fill(platform, raw, shipments_of(session, platform), columns)
    finally:
        database.dispose()
    out.write_bytes(filled.content)
    result = _summary(filled)
    print(json.dumps(result, ensure_ascii=False) if as_json else _in_words(filled))


def shipments_of(session: Session, platform: str) -> list[Shipment]:
    """The parcels of a platform's orders that a courier has taken, in the order they left."""
    found = session.execute(
        select(
            ChannelOrder.channel_number,
            ChannelOrder.status,
            Parcel.carrier,
            Parcel.tracking_number,
            Parcel.sequence,
            func.coalesce(Parcel.sent_with_id, Parcel.id).label("box"),
        )
        .join(Order, Order.id == Parcel.order_id)
        .join(ChannelOrder, ChannelOrder.order_id == Order.id)
        .where(ChannelOrder.channel == platform, Parcel.state == HANDED_OVER)
        .order_by(Parcel.handed_over_at, Parcel.id)
    )
    return [
        Shipment(
            row.channel_number,
            row.carrier,
            row.tracking_number,
            row.sequence,
            row.status in (TO_SHIP, PART_SHIPPED),
            row.box,
        )
        for row in found
    ]


def _summary(filled: Filled) -> dict[str, object]:
    return {
        "written": filled.written,
        "blank": filled.blank,
        "reported": [
            {"order": one.order_id, "tracking": one.tracking, "reason": one.reason.en} for one in filled.reported
        ],
    }


def _in_words(filled: Filled) -> str:
    reported = [f"order {one.order_id}, {one.tracking}: {one.reason.en}" for one in filled.reported]
    return "\n".join([f"written: {filled.written}", f"left blank: {filled.blank}", *reported])
