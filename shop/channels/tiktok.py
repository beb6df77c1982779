"""TikTok Shop (57 columns): one row a SKU, a row of descriptions under the header, receivers always masked."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels import rules
from shop.channels.addresses import receiver_of
from shop.channels.cells import DAY_FIRST, known_word
from shop.channels.facts import Receiver, SoldItem, SoldOrder
from shop.channels.reading import Platform, columns, words_of
from shop.channels.sheets import Row
from shop.channels.states import APPLYING, CLOSED, DONE, NO_REFUND, REFUNDED, SHIPPED, TO_SHIP, UNKNOWN, UNPAID

STATUS = {"Unpaid": UNPAID, "To ship": TO_SHIP, "Shipped": SHIPPED, "Completed": DONE, "Canceled": CLOSED}
REFUND = {"": NO_REFUND, "Cancel": APPLYING, "Return/Refund": REFUNDED}
_OURS = ("", "Fulfillment by seller")
_KNOWN = columns(
    "Order ID|Order Status|Order Substatus|Cancelation/Return Type|Normal or Pre-order|SKU ID|Seller SKU",
    "Product Name|Variation|Quantity|Sku Quantity of return|SKU Unit Original Price",
    "SKU Subtotal Before Discount|SKU Platform Discount|SKU Seller Discount|SKU Subtotal After Discount",
    "Shipping Fee After Discount|Original Shipping Fee|Shipping Fee Seller Discount",
    "Shipping Fee Platform Discount|Payment platform discount|Retail Delivery Fee|Taxes|Order Amount",
    "Order Refund Amount|Created Time|Paid Time|RTS Time|Shipped Time|Delivered Time|Cancelled Time|Cancel By",
    "Cancel Reason|Fulfillment Type|Warehouse Name|Tracking ID|Delivery Option Type|Delivery Option",
    "Shipping Provider Name|Buyer Message|Buyer Username|Recipient|Phone #|Country|State|City|Zipcode",
    "Detail Address|Additional address information|House Name or Number|Delivery Instruction|Payment Method",
    "Weight(kg)|Product Category|Package ID|Seller Note|Shipping Information",
)


def _read(rows: Sequence[Row], _: Sequence[Row], zone: ZoneInfo) -> SoldOrder:
    first = rows[0]
    is_ours = all(row.text("Fulfillment Type") in _OURS for row in rows)
    statuses = [known_word(STATUS, row.text("Order Status"), UNKNOWN) for row in rows]
    status = rules.combined_status(statuses) if is_ours else UNKNOWN
    paid_at = first.moment_if_any("Paid Time", zone, DAY_FIRST)
    total = first.fen("Order Amount")
    paid = total if paid_at else 0
    refund, refund_fen = _refund(rows, status, paid)
    items = [_item(row) for row in rows]
    return SoldOrder(
        order_id=first.order_id("Order ID"),
        row=first.number,
        items=tuple(items),
        status=status,
        refund=refund,
        words=words_of(rows, "Order Status", "Cancelation/Return Type", *(() if is_ours else ("Fulfillment Type",))),
        goods_fen=sum(item.line_total_fen for item in items),
        discount_fen=sum(row.fen_if_any("SKU Platform Discount", "SKU Seller Discount") for row in rows),
        freight_fen=first.fen_if_any("Shipping Fee After Discount"),
        paid_fen=paid,
        refund_fen=refund_fen,
        created_at=first.moment("Created Time", zone, DAY_FIRST),
        paid_at=paid_at,
        ship_by=None,
        receiver=_receiver(first),
        buyer_note=first.text("Buyer Message"),
        seller_note=first.text("Seller Note"),
        carrier=first.text("Shipping Provider Name"),
        tracking=first.text("Tracking ID"),
        total_fen=total,
    )


def _receiver(row: Row) -> Receiver:
    """The receiver; the country stands before the province."""
    country = " ".join(filter(None, (row.text("Country"), row.text("State"))))
    lines = [row.text(name) for name in ("House Name or Number", "Detail Address", "Additional address information")]
    place = [country, row.text("City"), "", "", " ".join(filter(None, lines))]
    return receiver_of(row.text("Recipient"), row.text("Phone #"), place, row.text("Zipcode"))


def _refund(rows: Sequence[Row], status: str, paid_fen: int) -> tuple[str, int | None]:
    """What went back. A cancellation that went through shows in the status; one that is asked for stops the packing."""
    found = rules.combined_refund([known_word(REFUND, row.text("Cancelation/Return Type"), UNKNOWN) for row in rows])
    if found == APPLYING and status == CLOSED:
        return NO_REFUND, rows[0].fen_if_any("Order Refund Amount")
    amount = rows[0].fen_if_any("Order Refund Amount") or None
    return rules.settled_refund(found, status=status, paid_fen=paid_fen, amount_fen=amount)


def _item(row: Row) -> SoldItem:
    quantity, unit = row.pieces("Quantity"), row.fen("SKU Unit Original Price")
    return SoldItem(
        sku=row.text("Seller SKU"),
        title=row.text("Product Name"),
        spec=row.text("Variation"),
        quantity=quantity,
        unit_price_fen=unit,
        line_total_fen=quantity * unit,
        product_id=row.text("SKU ID"),
        sub_id=row.order_id("Order ID"),
    )


PLATFORM = Platform(
    name="tiktok",
    shown_as="tiktok_shop",
    title=Text("TikTok", "TikTok Shop"),
    order_column="Order ID",
    needed=columns(
        "Order ID|Order Status|Cancelation/Return Type|Seller SKU|Product Name|Quantity|SKU Unit Original Price|Order Amount",
        "Order Refund Amount|Created Time|Paid Time|Recipient|Phone #|Country|State|City|Zipcode|Detail Address",
    ),
    known=_KNOWN,
    read=_read,
)
