"""Making and stopping vouchers. What a voucher takes off never changes; another one is made instead."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import Invalid, NotFound
from kernel.text import Text
from shop.vouchers.models import Voucher


@dataclass(frozen=True, kw_only=True)
class VoucherTerms:
    """What a voucher gives; money in fen, ``off_bps`` in basis points."""

    code: str
    kind: str
    off_fen: int
    off_bps: int
    most_off_fen: int | None
    from_fen: int
    starts_at: datetime
    ends_at: datetime
    most_uses: int | None
    per_buyer: int


def make_voucher(session: Session, terms: VoucherTerms, *, now: datetime, by: Actor) -> Voucher:
    """Make a voucher; the same form sent twice makes one.

    Raises:
        Invalid: the code is taken by another voucher.
    """
    known = session.scalar(select(Voucher).where(Voucher.code == terms.code))
    if known is None:
        voucher = Voucher(**asdict(terms), created_at=now, created_by=by.name)
        try:
            with session.begin_nested():
                session.add(voucher)
                session.flush()
        except IntegrityError as error:
            if "uq_vouchers_code" not in str(error.orig):
                raise
            known = session.scalars(select(Voucher).where(Voucher.code == terms.code)).one()
        else:
            facts = {name: _as_noted(value) for name, value in asdict(terms).items()}
            subject = f"voucher:{voucher.id}"
            record_change(session, actor=by, action="voucher.made", subject=subject, at=now, after=facts)
            return voucher
    if all(getattr(known, name) == value for name, value in asdict(terms).items()):
        return known
    said = Text("这个优惠码已经有了，请换一个。", "There is a voucher with this code; choose another.")
    raise Invalid(said.zh, said.en, fields={"code": said})


def _as_noted(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def stop_voucher(session: Session, voucher_id: int, *, now: datetime, by: Actor) -> Voucher:
    """Nobody can use it any more; orders placed with it keep what it took off. Pressed twice it is stopped once."""
    voucher = lock_row(session, Voucher, voucher_id)
    if voucher is None:
        raise NotFound("没有这个优惠码。", "There is no such voucher.")
    if voucher.active:
        voucher.active, voucher.stopped_at = False, now
        session.flush()
        record_change(session, actor=by, action="voucher.stopped", subject=f"voucher:{voucher.id}", at=now)
    return voucher
