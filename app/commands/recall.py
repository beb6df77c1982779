"""`gongfang recall`."""

from json import dumps
from typing import Any

import click

from app.commands.connect import open_database
from config import load_settings
from fulfillment.purchasing.tracing import queries
from fulfillment.purchasing.tracing.queries import Recall, Unknown
from kernel.audit import SYSTEM, record_change
from kernel.clock import utc_now
from kernel.errors import NotFound


@click.command()
@click.argument("lot")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def recall(lot: str, as_json: bool) -> None:
    """List every buyer of a lot: what was made of it, in which parcels it went, to whom; changes nothing.

    Names, phones and addresses are whole, for reaching people; that the list was taken is written down.
    """
    database = open_database(load_settings())
    with database.transaction() as session:
        lot_id = queries.lot_id_of(session, lot.strip().upper())
        if lot_id is None:
            raise NotFound(f"没有批号 {lot}。", f"There is no lot {lot}.")
        found = queries.recall(session, lot_id)
        unknown = queries.unknown_beside(session, found)
        taken = {"buyers": len(found.buyers), "parcels": len(found.parcels), "file": "command"}
        record_change(
            session, actor=SYSTEM, action="recall.exported", subject=f"lot:{lot_id}", at=utc_now(), after=taken
        )
    database.dispose()
    click.echo(dumps(_as_json(found, unknown), ensure_ascii=False) if as_json else _in_words(found, unknown))


def _as_json(found: Recall, unknown: Unknown) -> dict[str, Any]:
    return {
        "lot": found.lot.number,
        "blocked": found.lot.is_blocked,
        "lots": [{"number": lot.number, "kind": lot.kind} for lot in found.lots],
        "baggings": [
            {"id": one.id, "sku": one.sku, "bags": one.filled, "in_parcels": one.taken, "left": one.left}
            for one in found.baggings
        ],
        "buyers": [
            {
                "name": buyer.name,
                "phone": f"{buyer.phone}-{buyer.phone_ext}" if buyer.phone_ext else buyer.phone,
                "address": buyer.place,
                "bags": buyer.bag_count,
                "parcels": [
                    {
                        "number": parcel.number,
                        "order": parcel.order_number,
                        "state": parcel.state,
                        "carrier": parcel.carrier,
                        "tracking": parcel.tracking_number,
                        "bags": parcel.bag_count,
                    }
                    for parcel in buyer.parcels
                ],
            }
            for buyer in found.buyers
        ],
        "lot_unknown": {"bags": unknown.bags, "parcels": unknown.parcels},
    }


def _in_words(found: Recall, unknown: Unknown) -> str:
    where = f"{len(found.gone)} 个寄走 left, {len(found.here)} 个还在 still here, {found.bags_left} 袋在架上 bags on the shelf"
    lines = [f"{found.lot.number}: {len(found.buyers)} 位买家 buyers, {where}"]
    for buyer in found.buyers:
        numbers = " ".join(parcel.number for parcel in buyer.parcels)
        lines.append(f"  {buyer.name} {buyer.phone} {buyer.place}: {buyer.bag_count} ({numbers})")
    if unknown.bags:
        lines.append(f"  批号不明 lot unknown: {unknown.bags} 袋 bags, {unknown.parcels} 个包裹 parcels")
    return "\n".join(lines)
