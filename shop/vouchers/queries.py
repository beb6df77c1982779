"""Reading vouchers: those a turn at the counter needs, locked, and all of them for the console."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from shop.vouchers.models import Voucher
from shop.vouchers.rules import VoucherState

_USED = text("""
    SELECT voucher_id, phone, count(*) AS times FROM orders
    WHERE voucher_id = ANY(:vouchers) AND phone = ANY(:phones)
      AND (state IN ('paid', 'shipped', 'delivered', 'refunded') OR (state = 'held' AND hold_until > :now))
    GROUP BY voucher_id, phone
""")
_GIVEN = text("""
    SELECT voucher_id, sum(discount_fen) AS fen FROM orders
    WHERE voucher_id = ANY(:vouchers) AND state IN ('paid', 'shipped', 'delivered') GROUP BY voucher_id
""")


def lock_by_code(session: Session, codes: Collection[str]) -> dict[str, VoucherState]:
    """These vouchers by their code, locked in the order of their ids; unknown codes are left out."""
    if not codes:
        return {}
    rows = session.scalars(
        select(Voucher)
        .where(Voucher.code.in_(codes))
        .order_by(Voucher.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.code: _state(row) for row in rows}


def by_code(session: Session, code: str) -> VoucherState | None:
    """One voucher as it is now, not locked: for saying what it would take off."""
    row = session.scalar(select(Voucher).where(Voucher.code == code))
    return _state(row) if row else None


def _state(row: Voucher) -> VoucherState:
    return VoucherState(
        voucher_id=row.id,
        code=row.code,
        kind=row.kind,
        off_fen=row.off_fen,
        off_bps=row.off_bps,
        most_off_fen=row.most_off_fen,
        from_fen=row.from_fen,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        active=row.active,
        left=None if row.most_uses is None else row.most_uses - row.used,
        per_buyer=row.per_buyer,
    )


def used_by_buyer(
    session: Session, voucher_ids: Collection[int], phones: Collection[str], now: datetime
) -> dict[tuple[int, str], int]:
    """How often each of these buyers (by phone) has used each of these vouchers."""
    if not voucher_ids:
        return {}
    rows = session.execute(_USED, {"vouchers": list(voucher_ids), "phones": list(phones), "now": now})
    return {(row.voucher_id, row.phone): row.times for row in rows}


def find_vouchers(words: str = "") -> Select[Voucher]:
    """Vouchers; ``words`` are part of the code, in any case."""
    wanted = select(Voucher)
    return wanted.where(Voucher.code.icontains(words, autoescape=True)) if words else wanted


def given_fen(session: Session, voucher_ids: Collection[int]) -> dict[int, int]:
    """What each of these took off orders that were paid, in fen."""
    return {row.voucher_id: int(row.fen) for row in session.execute(_GIVEN, {"vouchers": list(voucher_ids)})}
