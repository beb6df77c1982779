"""Printing bag labels: noted with their lot, once a form, again only with a reason."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from fulfillment.labels.bag import BagLabel, TooMuch, bag_labels, is_licence, missing_on, words_for
from fulfillment.labels.codes import CodeTooWide
from fulfillment.labels.papers import BAG, fields_of
from fulfillment.labels.printers.models import Printer
from fulfillment.purchasing.lots.service import lock_lot
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking import queries
from fulfillment.purchasing.repacking.models import BagLabelPrint
from kernel.audit import Actor
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text
from shop.catalog.models import Product, Variant

MOST_LABELS = 2_000


@dataclass(frozen=True)
class BagWish:
    """What somebody asks for: which bag, how many labels, the day of packing."""

    variant_id: int
    labels: int
    packed_on: date


def label_of(lot: Lot, variant: Variant, packed_on: date, trace_url: str) -> BagLabel:
    """What would stand on the label of a bag filled from a lot.

    Raises:
        Refused: the product lacks what the law asks for.
    """
    product = variant.product
    label = {name: str(value) for name, value in product.label.items()}
    _refuse_missing(product, label)
    return BagLabel(
        name=label["产品名称"],
        net_g=variant.net_g,
        packed_on=packed_on,
        best_before=min(packed_on + timedelta(days=product.shelf_life_days), lot.best_before),
        lot=lot.number,
        words=tuple((name, value) for name, value in words_for(label)),
        trace_url=trace_url,
    )


def _refuse_missing(product: Product, label: dict[str, str]) -> None:
    missing = missing_on(label)
    if missing:
        zh, en = "、".join(word.zh for word in missing), ", ".join(word.en for word in missing)
        raise Refused(
            f"还不能打袋标：{product.title.zh} 的标签资料里没有{zh}。请负责人在控制台的商品里补上。",
            f"No labels yet: the label data of {product.title.en} lacks {en}. The owner can add it to the product in the console.",
            code="no_label_data",
        )
    licence = label.get("食品生产许可证编号", "")
    if licence and not is_licence(licence):
        raise Refused(
            f"食品生产许可证编号应是 SC 加 14 位数字，现在是“{licence}”。请在控制台的商品里改正。",
            f"A food licence number is SC and 14 digits, not “{licence}”. Put it right in the product.",
            code="no_label_data",
        )


def print_bag_labels(
    session: Session,
    lot_id: int,
    wish: BagWish,
    *,
    printer: Printer,
    first_place: int,
    trace_url: str,
    key: str,
    now: datetime,
    today: date,
    by: Actor,
) -> BagLabelPrint:
    """Note labels for bags of a lot.

    Raises:
        Refused: label data is missing, the lot does not hold so many bags, or the label does not fit the paper.
        Invalid: the day of packing cannot be right.
    """
    label = check_bag_labels(session, lot_id, wish, printer, trace_url, today)
    lot, variant = _lot_and_bag(session, lot_id, wish.variant_id)
    return _note_labels(session, lot, variant, label, wish.labels, printer, first_place, key, now, by)


def check_bag_labels(
    session: Session, lot_id: int, wish: BagWish, printer: Printer, trace_url: str, today: date
) -> BagLabel:
    """The label as it would be printed, for showing it and for printing it; the lot stays locked.

    Raises:
        Refused: label data is missing, the lot does not hold so many bags, or the label does not fit the paper.
        Invalid: the day of packing cannot be right.
    """
    lot, variant = _lot_and_bag(session, lot_id, wish.variant_id)
    _check_day(lot, wish.packed_on, today)
    label = label_of(lot, variant, wish.packed_on, trace_url)
    _refuse_too_many(session, lot, variant, wish.labels)
    refuse_unfit(label, printer)
    return label


def _lot_and_bag(session: Session, lot_id: int, variant_id: int) -> tuple[Lot, Variant]:
    lot = lock_lot(session, lot_id)
    variant = session.get(Variant, variant_id)
    if lot is None or variant is None or not variant.sellable:
        raise NotFound("没有这个批号或规格。", "There is no such lot or variant.")
    if variant.product_id != lot.variant.product_id:
        raise Refused("这个批号不是这个产品。", "That lot is another product.", code="other_product")
    return lot, variant


def _check_day(lot: Lot, packed_on: date, today: date) -> None:
    if packed_on < lot.day:
        said = Text(
            f"包装日期不能早于这批货的日子（{lot.day}）。",
            f"Packing cannot come before the lot of {lot.day}.",
        )
        raise Invalid(said.zh, said.en, fields={"packed_on": said})
    if packed_on > today:
        said = Text("包装日期不能是以后的日子。", "The day of packing cannot lie ahead.")
        raise Invalid(said.zh, said.en, fields={"packed_on": said})


def _refuse_too_many(session: Session, lot: Lot, variant: Variant, labels: int) -> None:
    left = max(0, lot.received_g - queries.labels_printed_g(session, lot.id)) // variant.net_g
    if labels > left:
        said = Text(
            f"这批货还能打 {left} 张这样的袋标。坏了的标用“补打”，不算新的。",
            f"That lot has room for {left} more labels of this kind. Print spoiled ones again; they do not count.",
        )
        raise Refused(said.zh, said.en, code="lot_too_small", fields={"labels": said})


def refuse_unfit(label: BagLabel, printer: Printer) -> None:
    """Refuse a label that is too full for the paper in readable letters.

    Raises:
        Refused: it does not fit.
    """
    try:
        bag_labels(label, fields_of(printer.sheet, BAG)[0])
    except (TooMuch, CodeTooWide):
        raise Refused(
            "字太多，这种纸放不下（字不能小于 1.8 毫米）。请换大一点的纸，或把商品的标签资料写短。",
            "Too many words for this paper (letters may not be smaller than 1.8 mm). Take larger paper or shorten the label data.",
            code="label_too_full",
        ) from None


def _note_labels(
    session: Session,
    lot: Lot,
    variant: Variant,
    label: BagLabel,
    labels: int,
    printer: Printer,
    first_place: int,
    key: str,
    now: datetime,
    by: Actor,
) -> BagLabelPrint:
    noted = BagLabelPrint(
        key=key,
        lot_id=lot.id,
        variant_id=variant.id,
        labels=labels,
        net_g=label.net_g,
        packed_on=label.packed_on,
        best_before=label.best_before,
        words=[["产品名称", label.name], *(list(pair) for pair in label.words)],
        **how_printed(printer, first_place),
        at=now,
        by=by.name,
    )
    session.add(noted)
    session.flush()
    return noted


def how_printed(printer: Printer, first_place: int) -> dict[str, object]:
    """The printer as it is now, for keeping with what is printed."""
    return {
        "printer": printer.name,
        "paper": printer.paper,
        "offset_x_um": printer.offset_x_um,
        "offset_y_um": printer.offset_y_um,
        "first_place": first_place,
    }


def print_bag_labels_again(
    session: Session,
    printed: BagLabelPrint,
    labels: int,
    *,
    reason: str,
    printer: Printer,
    first_place: int,
    key: str,
    now: datetime,
    by: Actor,
) -> BagLabelPrint:
    """Print some of these labels again, word for word; they stand for bags that were counted before.

    Raises:
        Invalid: more than were printed.
    """
    if labels > printed.labels:
        said = Text(f"原来只打了 {printed.labels} 张。", f"Only {printed.labels} were printed.")
        raise Invalid(said.zh, said.en, fields={"labels": said})
    again = BagLabelPrint(
        key=key,
        lot_id=printed.lot_id,
        variant_id=printed.variant_id,
        labels=labels,
        net_g=printed.net_g,
        packed_on=printed.packed_on,
        best_before=printed.best_before,
        words=printed.words,
        **how_printed(printer, first_place),
        again_of_id=printed.again_of_id or printed.id,
        reason=reason,
        at=now,
        by=by.name,
    )
    session.add(again)
    session.flush()
    return again
