"""The shop's front, a product, and the live page."""

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.http import flows, setting, transaction, utc_now
from shop.orders.models import Order
from shop.orders.views import shipping_terms
from shop.storefront import buying_views, device, order_views, queries, rules

blueprint = Blueprint("storefront", __name__)

_LONGEST_LOT = 40

blueprint.register_blueprint(buying_views.blueprint)
blueprint.register_blueprint(order_views.blueprint)


@blueprint.context_processor
def words() -> dict[str, Any]:
    """``said(moment)``: a moment in the words of the page. ``waiting``: the order that this device has to pay yet."""
    return {
        "said": lambda moment: rules.said_moment(moment, utc_now(), setting("workshop_zone")),
        "waiting": _waiting_order(),
    }


def _waiting_order() -> Order | None:
    numbers = device.order_numbers()
    if not numbers:
        return None
    with transaction() as session:
        return queries.waiting_order(session, numbers, utc_now())


@blueprint.get("/")
def front() -> str:
    """What is live, what is coming, what the shop makes, and who is behind it."""
    with transaction() as session:
        live = _live_now(session)
        return render_template(
            "storefront/front.html",
            live=live,
            coming=queries.next_streams(session),
            products=queries.listed_products(session),
            live_offers=queries.live_offers_by_product(session),
            terms=shipping_terms(),
        )


def _live_now(session: Session) -> queries.LivePage | None:
    stream = queries.live_stream(session)
    return queries.live_page(session, stream.id, utc_now()) if stream else None


@blueprint.get("/products/<slug>")
def product(slug: str) -> str:
    """One product: photograph, sizes, how to keep it, what the label says."""
    with transaction() as session:
        found = queries.product_by_slug(session, slug) if slug.isprintable() else None
        if found is None:
            raise NotFound("没有这个商品。", "There is no such product.")
        return render_template(
            "storefront/product.html",
            product=found,
            variants=[variant for variant in found.variants if variant.sellable],
            live_offer=queries.live_offers_by_product(session).get(found.id),
            coming=queries.next_streams(session, 1),
        )


@blueprint.get("/live/<int:stream_id>")
def live(stream_id: int) -> str:
    """What is on air, its price, what is left, and the button."""
    with transaction() as session:
        page = queries.live_page(session, stream_id, utc_now()) if stream_id < 2**63 else None
        if page is None:
            raise NotFound("没有这场直播。", "There is no such stream.")
        return render_template(
            f"storefront/live_{page.stream.state}.html",
            page=page,
            terms=shipping_terms(),
            coming=queries.next_streams(session),
        )


@blueprint.get("/trace/<number>")
def trace(number: str) -> str:
    """Who grew the bag, when it was weighed in, and what the grower got above market; from the QR on the bag."""
    with transaction() as session:
        story = flows().lot_story(session, number) if number.isprintable() and len(number) <= _LONGEST_LOT else None
        if story is None:
            raise NotFound(
                "没有这个批号。请对一下袋子上的字。",
                "There is no such lot. Please check the letters on the bag.",
            )
        return render_template(
            "storefront/trace.html",
            story=story,
            above_market=rules.above_market_percent,
            product=queries.product_by_slug(session, story["product"]),
        )
