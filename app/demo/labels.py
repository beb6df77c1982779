"""Demo printers, and what re-packed goods carry: bag labels of one lot and its conformity certificate."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.labels.papers import BAG, CERTIFICATE
from fulfillment.labels.printers import queries as printers
from fulfillment.labels.printers import service as printer_service
from fulfillment.labels.printers.service import PrinterFacts
from fulfillment.packing import print_service
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import OPEN, PACKED
from fulfillment.purchasing.models import Bagging, Lot
from fulfillment.purchasing.repacking import certificate_service, service
from fulfillment.purchasing.repacking.certificate_service import CertificateFacts
from fulfillment.purchasing.repacking.service import BagWish
from kernel.audit import Actor
from kernel.clock import local_day
from shop.catalog.models import Product

_ZONE = ZoneInfo("Asia/Shanghai")
_PRINTERS = (
    PrinterFacts("袋标机", "70x50", 0, 0, is_usual=False),
    PrinterFacts("办公室", "a4", 0, 0, is_usual=False),
)


def load(session: Session, actors: Mapping[str, Actor], now: datetime) -> None:
    """Two more printers; labels and a certificate for the first lot that was put into bags."""
    for facts in _PRINTERS:
        printer_service.add_printer(session, facts, now=now, by=actors["lead"])
    bagging = session.scalar(select(Bagging).order_by(Bagging.id).limit(1))
    if bagging is None:
        return
    by, today = actors["weigher"], local_day(now, _ZONE)
    lot = session.get_one(Lot, bagging.lot_id)
    service.print_bag_labels(
        session,
        lot.id,
        BagWish(bagging.variant_id, bagging.bags, today),
        printer=printers.chosen_printer(session, BAG),
        first_place=1,
        trace_url=f"https://example.invalid/trace/{lot.number}",
        key="demo-bag-labels",
        now=now,
        today=today,
        by=by,
    )
    product = session.get_one(Product, lot.variant.product_id)
    said = CertificateFacts(
        bagging.used_g, product.origin, product.label["生产者"], product.label["联系方式"], "controlled"
    )
    certificate = certificate_service.issue_certificate(
        session, [lot.id], said, key="demo-certificate", now=now, today=today, by=by
    )
    certificate_service.print_certificate(
        session,
        certificate.id,
        2,
        reason="",
        printer=printers.chosen_printer(session, CERTIFICATE),
        first_place=1,
        key="demo-certificate-print",
        now=now,
        by=by,
    )


def load_prints(session: Session, actors: Mapping[str, Actor], now: datetime) -> None:
    """Slips of some parcels as one job, one of them printed again after a jam."""
    mine = select(Parcel.id).where(Parcel.state.in_([PACKED, OPEN])).order_by(Parcel.state.desc(), Parcel.due_at)
    ids = list(session.scalars(mine.limit(4)))
    if not ids:
        return
    by = actors["lead"]
    job = print_service.print_slips(session, ids, reason="", now=now, by=by, key="demo-slips")
    again = print_service.print_again(session, job, 1, 1, reason="torn", now=now, by=by, key="demo-slips-again")
    for each in (job, again):
        print_service.note_came_out(session, each, now=now)
