"""What the pages of lots share: words, one lot with its bags, the page of one lot."""

from collections.abc import Mapping
from typing import Any, Final

from flask import render_template
from sqlalchemy.orm import Session

from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.lots import gone_service, list_queries, queries, rules
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking import queries as repacking
from fulfillment.purchasing.tracing import queries as tracing
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import transaction
from kernel.text import Text, t
from shop.catalog.models import Variant

KIND_WORDS: Final[Mapping[str, Text]] = {
    "delivery": Text("收来的", "Weighed in"),
    "mixed": Text("混成的", "Mixed"),
    "dried": Text("晒成的", "Dried"),
    "sorted": Text("分级的", "Sorted"),
}
STATE_WORDS: Final[Mapping[str, Text]] = {
    "open": Text("还有货", "In stock"),
    "soon": Text("快到期", "Goes bad soon"),
    "expired": Text("过期了", "Past its day"),
    "blocked": Text("封存的", "Blocked"),
    "used": Text("用完的", "Used up"),
    "all": Text("全部", "All"),
}


def lot_of(session: Session, lot_id: int) -> tuple[Lot, dict[int, Variant]]:
    """A lot and the bags that its product is sold in."""
    lot = session.get(Lot, bounded(lot_id))
    if lot is None:
        raise NotFound("没有这个批号。", "There is no such lot.")
    return lot, {variant.id: variant for variant in growers.bag_variants(session, lot.variant.product_id)}


def words() -> dict[str, Any]:
    """What every template of lots may use."""
    return {"kind_words": KIND_WORDS, "state_words": STATE_WORDS, "day_now": today(), "is_soon": is_soon}


def is_soon(lot: Lot) -> bool:
    """Whether it still holds goods that are to be used soon."""
    return lot.left_g > 0 and rules.is_soon(lot.best_before, today(), lot.variant.product.shelf_life_days)


def bag_options(lot: Lot, variants: Mapping[int, Variant], open_g: int) -> list[tuple[str, Text, str]]:
    """Bags that can be filled, with how many the lot alone is enough for."""
    return [
        (str(each.id), each.spec, t("这批最多 {n} 袋", "{n} at most from this lot", n=lot.left_g // each.net_g))
        for each in variants.values()
        if each.net_g <= open_g
    ]


def lot_page(lot_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    """The page of one lot: what is left, its family, what happened to it."""
    with transaction() as session:
        lot, variants = lot_of(session, lot_id)
        others = queries.open_lots(session, lot.variant.product_id, today())
        baggings = queries.baggings_from(session, [lot.id])
        page = render_template(
            "weigh/lot.html",
            lot=lot,
            delivery=lot.delivery,
            **words(),
            blocked_above=queries.blocked_above(session, [lot.id]),
            taken_back=queries.taken_back(session, lot.id),
            variant_options=bag_options(lot, variants, sum(each.left_g for each in others)) if lot.left_g else [],
            family=list_queries.family_of(session, lot.id),
            sorting=queries.sorting_of(session, lot.id),
            carried=_carried(session, lot),
            baggings=[
                (bagging, session.get_one(Variant, bagging.variant_id), part, back) for bagging, part, back in baggings
            ],
            gone=gone_service.gone_of(session, [bagging.id for bagging, *_ in baggings]),
            changes=queries.changes_of(session, lot.id),
            blocks=queries.blocks_of(session, lot.id),
            certificates=repacking.certificates_of(session, lot.id),
            form=form,
            problem=problem,
            key=typed_key(),
        )
    return page, problem.status if problem else 200


def _carried(session: Session, lot: Lot) -> list[str]:
    """Numbers of certificates that speak of what a sorted lot came from; sorting mixes nothing, so they hold for it too."""
    if lot.kind != "sorted":
        return []
    sources = tracing.sources_of(session, lot.id)
    return sorted({number for source in sources if source.lot_id != lot.id for number in source.certificates})
