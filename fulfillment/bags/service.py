"""Bags come into stock, go into parcels and come back; which bagging it was can be put right.

Rows of ``bag_stocks`` are locked after everything at the bench (orders, packers, tasks with their parcels) and before
stock levels; of several goods by variant id, of one by the day they go bad.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.bags import queries
from fulfillment.bags.models import BagStock, ParcelBags
from fulfillment.bags.rules import Left, share_out
from kernel.audit import Actor
from kernel.errors import NotFound, Refused
from kernel.text import Text


@dataclass(frozen=True)
class Correction:
    """So many bags of some goods came from another bagging than was written down; ``None`` is the unknown lot."""

    variant_id: int
    from_id: int | None
    to_id: int | None
    bags: int


def put_in_stock(session: Session, bagging_id: int, variant_id: int, bags: int, best_before: date) -> None:
    """The bags of a bagging are on the shelf."""
    session.add(BagStock(bagging_id=bagging_id, variant_id=variant_id, bags=bags, best_before=best_before))
    session.flush()


def take_for_parcel(session: Session, parcel_id: int, goods: Mapping[int, int], *, now: datetime, by: Actor) -> None:
    """A parcel is packed: its bags (``goods``: how many of each variant) are those that go bad first.

    What no bagging is left for is written down as of unknown lot.
    """
    for variant_id, wanted in sorted(goods.items()):
        _take(session, _Hand(parcel_id, variant_id, now, by.name), wanted)


@dataclass(frozen=True)
class _Hand:
    """Whose bags go where: the parcel, the goods, when, by whom."""

    parcel_id: int
    variant_id: int
    at: datetime
    by: str

    def write(self, session: Session, parts: Iterable[tuple[int | None, int]]) -> None:
        """Lines for a bagging and a number of bags each; one that stands there already stays as it is."""
        lines = [{**asdict(self), "bagging_id": bagging_id, "bags": bags} for bagging_id, bags in parts if bags]
        if lines:
            session.execute(insert(ParcelBags).on_conflict_do_nothing(), lines)


def _take(session: Session, hand: _Hand, wanted: int) -> None:
    while wanted:
        rows = queries.lock_open(session, hand.variant_id, most=wanted)
        parts, wanted = share_out(wanted, [Left(row.bagging_id, row.left) for row in rows])
        hand.write(session, [(part.bagging_id, part.bags) for part in parts])
        # The bagging that we waited for may have run out meanwhile although the next one has bags.
        if not parts and not queries.has_open(session, hand.variant_id):
            break
    hand.write(session, [(None, wanted)])


def give_back(session: Session, parcel_ids: Sequence[int]) -> None:
    """Parcels are not packed any more: their bags lie on the shelf again. Nothing written changes nothing."""
    lines = _lock_lines(session, parcel_ids)
    _lock_stocks(session, [line.bagging_id for line in lines])
    _strike_out(session, lines)


def correct(
    session: Session,
    parcel_id: int,
    move: Correction,
    *,
    now: datetime,
    by: Actor,
) -> None:
    """Other bags are in the parcel than was written down; ``None`` is the unknown lot. The same twice is refused.

    Raises:
        Refused: the parcel does not hold so many of the one, the other has not so many left, or holds other goods.
        NotFound: there is no such bagging.
    """
    lines = {line.bagging_id: line for line in _lock_lines(session, [parcel_id]) if line.variant_id == move.variant_id}
    source, target = lines.get(move.from_id), lines.get(move.to_id)
    if source is None or not 0 < move.bags <= source.bags or move.from_id == move.to_id:
        raise Refused(
            "这个包裹的批号刚才有人改过，请再看一下。",
            "The bags of this parcel were changed just now; look again.",
            code="changed",
        )
    stocks = _lock_stocks(session, [move.from_id, move.to_id])
    if move.to_id is not None:
        _refuse_to_take(stocks.get(move.to_id), move)
    hand = _Hand(parcel_id, move.variant_id, now, by.name)
    rest, moved = source.bags - move.bags, move.bags + (target.bags if target else 0)
    _strike_out(session, [line for line in (source, target) if line])
    hand.write(session, [(move.from_id, rest), (move.to_id, moved)])


def _refuse_to_take(stock: BagStock | None, move: Correction) -> None:
    if stock is None:
        raise NotFound("没有这次装袋。", "There is no such bagging.")
    if stock.variant_id != move.variant_id:
        raise Refused("那是别的商品的袋子。", "Those bags hold other goods.", code="other_product")
    if stock.left < move.bags:
        said = Text(f"那次装袋只剩 {stock.left} 袋没有去处。", f"Only {stock.left} bags of that bagging are left.")
        raise Refused(said.zh, said.en, code="too_few_bags", fields={"bags": said})


def lock_stock(session: Session, bagging_id: int) -> BagStock:
    """The bags of a bagging, locked for what is done to them next.

    Raises:
        NotFound: there is no such bagging.
    """
    stock = _lock_stocks(session, [bagging_id]).get(bagging_id)
    if stock is None:
        raise NotFound("没有这次装袋。", "There is no such bagging.")
    return stock


def note_gone(session: Session, bagging_id: int, bags: int) -> BagStock:
    """So many bags of a bagging are there no longer, and no parcel holds them.

    Raises:
        Refused: fewer are left.
        NotFound: there is no such bagging.
    """
    stock = lock_stock(session, bagging_id)
    if not 0 < bags <= stock.left:
        said = Text(f"只剩 {stock.left} 袋。", f"Only {stock.left} bags are left.")
        raise Refused(said.zh, said.en, code="too_few_bags", fields={"bags": said})
    # Added up by the database, so that its check holds even where somebody forgot the lock.
    stock.gone = BagStock.gone + bags
    session.flush()
    return stock


def _lock_lines(session: Session, parcel_ids: Sequence[int]) -> Sequence[ParcelBags]:
    rows = select(ParcelBags).where(ParcelBags.parcel_id.in_(parcel_ids)).order_by(ParcelBags.id)
    return session.scalars(rows.with_for_update().execution_options(populate_existing=True)).all()


def _lock_stocks(session: Session, bagging_ids: Iterable[int | None]) -> dict[int, BagStock]:
    wanted = {one for one in bagging_ids if one is not None}
    rows = (
        select(BagStock)
        .where(BagStock.bagging_id.in_(wanted))
        .order_by(BagStock.variant_id, BagStock.best_before, BagStock.bagging_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.bagging_id: row for row in session.scalars(rows)}


def _strike_out(session: Session, lines: Iterable[ParcelBags]) -> None:
    for line in lines:
        session.delete(line)
    session.flush()
