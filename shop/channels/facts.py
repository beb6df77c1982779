"""What is read from a platform's export: an order in plain facts. Money in fen, times aware."""

from dataclasses import dataclass
from datetime import datetime

from kernel.text import Text


@dataclass(frozen=True)
class SoldItem:
    """One line of an order, and whether the export says that it has left or was called off with its money back."""

    sku: str
    title: str
    spec: str
    quantity: int
    unit_price_fen: int
    line_total_fen: int
    product_id: str = ""
    sub_id: str = ""
    has_left: bool = False
    is_cancelled: bool = False

    @property
    def to_pack(self) -> bool:
        """Whether it is still here and still wanted."""
        return not (self.has_left or self.is_cancelled)


@dataclass(frozen=True)
class Receiver:
    """Where an order goes, as the export says it: perhaps masked, perhaps encrypted, perhaps not known yet."""

    name: str = ""
    phone: str = ""
    phone_ext: str | None = None
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    detail: str = ""
    zip_code: str = ""
    masked: bool = False
    encrypted: bool = False


@dataclass(frozen=True)
class SoldOrder:
    """An order of a platform. ``words`` holds the platform's own status words by column.

    ``refund_fen`` is ``None`` when money went back and the export does not say how much; ``ship_by`` when the platform
    promises no time of its own.
    """

    order_id: str
    row: int
    items: tuple[SoldItem, ...]
    status: str
    refund: str
    words: dict[str, str]
    goods_fen: int
    discount_fen: int
    freight_fen: int
    paid_fen: int
    refund_fen: int | None
    created_at: datetime
    paid_at: datetime | None
    ship_by: datetime | None
    receiver: Receiver
    buyer_note: str = ""
    seller_note: str = ""
    carrier: str = ""
    tracking: str = ""
    anchor: str = ""
    # What the platform asked for altogether, where the export says so.
    total_fen: int | None = None


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be used: where it stands and what is wrong. ``order`` is as the cell has it."""

    row: int
    order: str
    column: str
    reason: Text

    @property
    def sentence(self) -> Text:
        """The reason with the column it is about."""
        if not self.column:
            return self.reason
        return Text(f"「{self.column}」列：{self.reason.zh}", f"column {self.column}: {self.reason.en}")


@dataclass(frozen=True)
class Reading:
    """Everything a file says: good orders, refused rows, and columns that nobody here knows."""

    orders: tuple[SoldOrder, ...]
    refused: tuple[RefusedRow, ...] = ()
    unknown_columns: tuple[str, ...] = ()
