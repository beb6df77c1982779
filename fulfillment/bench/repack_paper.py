"""From a noted print to paper: bag labels and certificates as sheets, word for word as they were printed first."""

from typing import Protocol

from flask import url_for

from fulfillment.labels.bag import BagLabel, bag_labels
from fulfillment.labels.certificate import CertificatePaper, certificate_labels
from fulfillment.labels.drawing import Sheet
from fulfillment.labels.papers import BAG, CERTIFICATE, PAPERS
from fulfillment.labels.printers.models import Printer
from fulfillment.labels.sheets import Setting, sheets_with
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking.models import BagLabelPrint, Certificate
from kernel.http import setting


class _Printed(Protocol):
    @property
    def paper(self) -> str: ...
    @property
    def offset_x_um(self) -> int: ...
    @property
    def offset_y_um(self) -> int: ...
    @property
    def first_place(self) -> int: ...


def setting_of(printed: _Printed) -> Setting:
    """How it was drawn."""
    return Setting(PAPERS[printed.paper], printed.offset_x_um / 1000, printed.offset_y_um / 1000, printed.first_place)


def trace_url(lot: Lot) -> str:
    """Where the QR code of a lot leads."""
    address: str = setting("public_url") + url_for("storefront.trace", number=lot.number)
    return address


def bag_sheets(printed: BagLabelPrint) -> list[Sheet]:
    """All labels of a print on their sheets."""
    (_, name), *words = printed.words
    label = BagLabel(
        name=name,
        net_g=printed.net_g,
        packed_on=printed.packed_on,
        best_before=printed.best_before,
        lot=printed.lot.number,
        words=tuple((heading, value) for heading, value in words),
        trace_url=trace_url(printed.lot),
    )
    return sheets_with([label] * printed.labels, bag_labels, BAG, setting_of(printed))


def first_bag_sheet(label: BagLabel, wished: int, printer: Printer) -> list[Sheet]:
    """The first sheet of so many labels, for showing it before it is printed."""
    how = printer.setting()
    return sheets_with([label] * min(wished, how.paper.grids[BAG].fields), bag_labels, BAG, how)


def certificate_sheets(certificate: Certificate, copies: int, how: Setting) -> list[Sheet]:
    """Copies of a certificate on their sheets."""
    paper = CertificatePaper(
        number=certificate.number,
        product=certificate.product,
        quantity_g=certificate.quantity_g,
        origin=certificate.origin,
        issued_on=certificate.issued_on,
        promiser=certificate.promiser,
        contact=certificate.contact,
        basis=certificate.basis,
        lots=tuple(lot.number for lot in certificate.lots),
        trace_url=trace_url(certificate.lots[0]),
    )
    return sheets_with([paper] * copies, certificate_labels, CERTIFICATE, how)
