"""Money in integer fen. Fractions appear only inside a sum that is being worked out, as Decimal."""

from decimal import ROUND_HALF_UP, Decimal


def round_half_up(amount: Decimal) -> int:
    """The nearest whole number, halves away from zero, as trade and payroll do it."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def yuan(fen: int) -> str:
    """``123450`` as ``"1,234.50"``: no currency sign, so that pages may size it on their own."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def spoken_yuan(fen: int) -> str:
    """``960`` as ``"9 元 6 角"``, the way a packer says it; leaves out what is zero."""
    parts = [(fen // 100, "元"), (fen // 10 % 10, "角"), (fen % 10, "分")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 元"
