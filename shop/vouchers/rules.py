"""Pure decisions about vouchers: what a code looks like, what it takes off, and why not."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kernel.errors import Invalid
from kernel.text import Text

AMOUNT, PERCENT = "amount", "percent"
KINDS = (AMOUNT, PERCENT)
WHOLE_BPS = 10_000
HIGHEST_BPS = 9_000
HIGHEST_OFF_FEN = 1_000_000
HIGHEST_FROM_FEN = 10_000_000
MOST_USES = 1_000_000
MOST_A_BUYER = 99
# An order is paid; what is paid is never nothing.
LEAST_LEFT_FEN = 100

_CODE = re.compile(r"[A-Z0-9]{4,20}", re.ASCII)
_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)}

UNKNOWN: Final = Text("没有这个优惠码，请看看有没有打错。", "There is no such voucher; check the code.")
NOT_YET: Final = Text("这个优惠码还没到时间。", "This voucher is not valid yet.")
OVER: Final = Text("这个优惠码过期了。", "This voucher is over.")
USED_UP: Final = Text("这个优惠码已经用完了。", "This voucher is used up.")
USED: Final = Text("这个优惠码您用过了。", "You have used this voucher already.")


def as_code(typed: str) -> str:
    """A code as it is kept: capitals and digits, blanks and hyphens left out."""
    return re.sub(r"[\s-]", "", typed.translate(_FULL_WIDTH)).upper()


def is_code(code: str) -> bool:
    """Whether this is a code: 4 to 20 capitals and digits."""
    return _CODE.fullmatch(code) is not None


@dataclass
class VoucherState:
    """A voucher while its row is locked; money in fen, ``left`` uses (none: any number)."""

    voucher_id: int
    code: str
    kind: str
    off_fen: int
    off_bps: int
    most_off_fen: int | None
    from_fen: int
    starts_at: datetime
    ends_at: datetime
    active: bool
    left: int | None
    per_buyer: int

    def why_not(self, goods_fen: int, used_by_buyer: int, now: datetime) -> Text | None:
        """Why it takes nothing off these goods now, or ``None``."""
        if not self.active or now >= self.ends_at:
            return OVER
        if now < self.starts_at:
            return NOT_YET
        if self.left is not None and self.left < 1:
            return USED_UP
        if used_by_buyer >= self.per_buyer:
            return USED
        if goods_fen < self.from_fen:
            yuan = f"{self.from_fen / 100:.2f}"
            return Text(f"商品满 ¥{yuan} 才能用这个优惠码。", f"This voucher is for goods of ¥{yuan} or more.")
        return None

    def off(self, goods_fen: int) -> int:
        """What it takes off these goods, rounded down to the fen; something always stays to be paid."""
        wished = self.off_fen if self.kind == AMOUNT else goods_fen * self.off_bps // WHOLE_BPS
        if self.most_off_fen is not None:
            wished = min(wished, self.most_off_fen)
        return max(0, min(wished, goods_fen - LEAST_LEFT_FEN))

    def count(self, sign: int) -> None:
        """One use more (+1) or fewer (-1)."""
        if self.left is not None:
            self.left -= sign


@dataclass
class Vouchers:
    """The vouchers that a turn at the counter has locked, by code, and how often each buyer (by phone) has used each."""

    by_code: dict[str, VoucherState]
    used: dict[tuple[int, str], int]

    def take_off(self, code: str, phone: str, goods_fen: int, now: datetime) -> tuple[int | None, int]:
        """The voucher's id and what it takes off these goods, in fen; nothing without a code.

        Raises:
            Invalid: why it does not, at the field ``voucher``.
        """
        if not code:
            return None, 0
        voucher = self.by_code.get(code)
        times = self.used.get((voucher.voucher_id, phone), 0) if voucher else 0
        against = voucher.why_not(goods_fen, times, now) if voucher else UNKNOWN
        if voucher is None or against is not None:
            said = against or UNKNOWN
            raise Invalid(said.zh, said.en, fields={"voucher": said}, code="voucher_refused")
        return voucher.voucher_id, voucher.off(goods_fen)

    def count(self, voucher_id: int | None, phone: str, sign: int, *, for_buyer: bool = True) -> None:
        """One use more (+1) or fewer (-1) of a voucher, as far as it is locked here."""
        for voucher in self.by_code.values():
            if voucher.voucher_id == voucher_id:
                voucher.count(sign)
                if for_buyer:
                    key = (voucher.voucher_id, phone)
                    self.used[key] = self.used.get(key, 0) + sign
