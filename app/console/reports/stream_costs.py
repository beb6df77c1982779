"""What the orders of a stream cost the workshop: goods with their premium, wages, postage, fees; money in fen.

Everything is counted with the order it belongs to, whichever stream its goods were offered in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from fulfillment.purchasing.costs.queries import bag_costs, usual_bag_costs
from fulfillment.purchasing.costs.rules import Cost, in_fen, together

_MINE = """
    WITH mine AS (
        SELECT p.id, p.state, p.leads_box, p.carrier FROM parcels p JOIN orders o ON o.id = p.order_id
        WHERE o.stream_id = :stream AND o.paid_at IS NOT NULL
    )
"""
# Bags that are in a parcel name their bagging, or nothing where it is unknown; what is not packed yet has its lines.
_PIECES = text(f"""
    {_MINE}
    SELECT variant_id, bagging_id, sum(bags) AS bags FROM (
        SELECT h.variant_id, h.bagging_id, h.bags FROM mine JOIN parcel_bags h ON h.parcel_id = mine.id
        WHERE mine.state <> 'cancelled'
        UNION ALL
        SELECT line.variant_id, NULL, line.quantity FROM mine JOIN parcel_lines line ON line.parcel_id = mine.id
        WHERE mine.state <> 'cancelled'
          AND NOT EXISTS (SELECT FROM parcel_bags h WHERE h.parcel_id = mine.id AND h.variant_id = line.variant_id)
    ) pieces GROUP BY variant_id, bagging_id
""")  # noqa: S608 - our own words
# Work that was done is paid, also when the parcel was stopped afterwards.
_WAGES = text(f"""
    {_MINE}
    SELECT COALESCE(sum(w.amount_fen), 0) FROM mine
    JOIN packing_tasks task ON task.parcel_id = mine.id JOIN wage_entries w ON w.task_id = task.id
""")  # noqa: S608 - our own words
# A box is paid once, by the parcel that leads it: what the courier charged, else what it was chosen for.
_POSTAGE = text(f"""
    {_MINE}
    SELECT COALESCE(sum(fee), 0) AS fen, count(*) FILTER (WHERE fee IS NULL) AS unknown FROM (
        SELECT COALESCE(
            (SELECT fee_fen FROM courier_bills b WHERE b.parcel_id = mine.id ORDER BY b.id DESC LIMIT 1),
            (SELECT fee_fen FROM courier_choices c WHERE c.parcel_id = mine.id AND c.carrier = COALESCE(mine.carrier, c.carrier)
             ORDER BY c.id DESC LIMIT 1)) AS fee
        FROM mine WHERE mine.leads_box AND mine.state <> 'cancelled'
    ) boxes
""")  # noqa: S608 - our own words
_FEES = text("""
    SELECT COALESCE(sum((p.amount_fen * CAST(:bps AS bigint) + 5000) / 10000), 0)
    FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.stream_id = :stream AND p.state = 'succeeded'
""")


@dataclass(frozen=True)
class StreamCosts:
    """What a stream's orders cost, in fen; ``fees_fen`` is ``None`` while no rate is set.

    ``goods_fen`` is what farmers were paid, ``premium_fen`` of it above market. ``followed`` pieces were followed to their
    deliveries, ``usual`` ones cost what their kind usually does, of ``unknown`` ones nothing is known and nothing counted;
    likewise for ``boxes_unknown``.
    """

    goods_fen: int
    premium_fen: int
    followed: int
    usual: int
    unknown: int
    wages_fen: int
    postage_fen: int
    boxes_unknown: int
    fees_fen: int | None

    @property
    def total_fen(self) -> int:
        """Everything that is known."""
        return self.goods_fen + self.wages_fen + self.postage_fen + (self.fees_fen or 0)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.unknown and not self.boxes_unknown and self.fees_fen is not None


def costs_of(session: Session, stream_id: int, until: datetime, fee_bps: int) -> StreamCosts:
    """What the stream's paid orders cost; ``until`` is its end, ``fee_bps`` what payments cost (0: not known)."""
    pieces = {
        (row.variant_id, row.bagging_id): int(row.bags) for row in session.execute(_PIECES, {"stream": stream_id})
    }
    known = bag_costs(session, [bagging for _, bagging in pieces if bagging is not None])
    usual = usual_bag_costs(session, {variant for variant, bagging in pieces if bagging not in known}, until)
    goods, counts = _goods(pieces, known, usual)
    postage = session.execute(_POSTAGE, {"stream": stream_id}).one()
    fees = session.scalar(_FEES, {"stream": stream_id, "bps": fee_bps}) if fee_bps else None
    return StreamCosts(
        goods_fen=in_fen(goods.paid),
        premium_fen=in_fen(goods.premium),
        **counts,
        wages_fen=int(session.scalar(_WAGES, {"stream": stream_id}) or 0),
        postage_fen=int(postage.fen),
        boxes_unknown=postage.unknown,
        fees_fen=None if fees is None else int(fees),
    )


def _goods(
    pieces: Mapping[tuple[int, int | None], int], known: Mapping[int, Cost], usual: Mapping[int, Cost]
) -> tuple[Cost, dict[str, int]]:
    counts = {"followed": 0, "usual": 0, "unknown": 0}
    costs = []
    for (variant_id, bagging_id), bags in pieces.items():
        if bagging_id is not None and bagging_id in known:
            how, cost = "followed", known[bagging_id]
        elif variant_id in usual:
            how, cost = "usual", usual[variant_id]
        else:
            how, cost = "unknown", Cost()
        counts[how] += bags
        costs.append(cost * bags)
    return together(costs), counts
