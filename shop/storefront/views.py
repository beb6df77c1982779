"""The shop's front, a product, and the live page."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel.errors import NotFound
from kernel.http import flows, page_before, setting, transaction, utc_now
from shop.orders.views import shipping_terms
from shop.reviews import queries as reviews
from shop.storefront import (
    amends_views,
    buying_views,
    finding_views,
    found_views,
    invoice_views,
    line_views,
    news_views,
    offer_views,
    order_views,
    own_data_views,
    postage_views,
    programme_views,
    queries,
    review_views,
    rules,
    structured,
    voucher_views,
)
from shop.streams import queries as stream_queries
from shop.streams.rules import host_of

blueprint = Blueprint("storefront", __name__)

_LONGEST_LOT = 40
_MOST_STREAMS = 20
_REVIEWS = 10

blueprint.register_blueprint(buying_views.blueprint)
blueprint.register_blueprint(order_views.blueprint)
blueprint.register_blueprint(line_views.blueprint)
blueprint.register_blueprint(offer_views.blueprint)
blueprint.register_blueprint(found_views.blueprint)
blueprint.register_blueprint(finding_views.blueprint)
blueprint.register_blueprint(amends_views.blueprint)
blueprint.register_blueprint(own_data_views.blueprint)
blueprint.register_blueprint(postage_views.blueprint)
blueprint.register_blueprint(review_views.blueprint)
blueprint.register_blueprint(news_views.blueprint)
blueprint.register_blueprint(invoice_views.blueprint)
blueprint.register_blueprint(programme_views.blueprint)
blueprint.register_blueprint(voucher_views.blueprint)


@blueprint.context_processor
def words() -> dict[str, Any]:
    """``said(moment)``: a moment in the words of the page. ``waiting``: the order that this device has to pay yet."""
    return {
        "said": lambda moment: rules.said_moment(moment, utc_now(), setting("workshop_zone")),
        "waiting": buying_views.held_order(),
    }


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
            live_offers=queries.live_offers_by_product(session, utc_now()),
            terms=shipping_terms(session),
        )


def _live_now(session: Session) -> queries.LivePage | None:
    stream = queries.live_stream(session)
    return queries.live_page(session, stream.id, utc_now()) if stream else None


@blueprint.get("/products/<slug>")
def product(slug: str) -> str:
    """One product: photograph, sizes, how to keep, soak and cook it, what the label and its buyers say."""
    with transaction() as session:
        found = queries.product_by_slug(session, slug) if slug.isprintable() else None
        if found is None:
            raise NotFound("没有这个商品。", "There is no such product.")
        variants = [variant for variant in found.variants if variant.sellable]
        live_offer = queries.live_offers_by_product(session, utc_now()).get(found.id)
        rating = reviews.rating(session, found.id)
        said = reviews.shown_of(session, found.id, before=page_before("reviews_before"), most=_REVIEWS)
        return render_template(
            "storefront/product.html",
            rating=rating,
            reviews=said,
            older_reviews=said[-1].id if len(said) == _REVIEWS else None,
            product=found,
            variants=variants,
            live_offer=live_offer,
            facts=structured.product_facts(found, variants, live_offer, rating, said),
            coming=queries.next_streams(session, 1),
        )


@blueprint.get("/live")
def streams() -> str | Response:
    """Straight to what is live; otherwise what is coming and what there was."""
    with transaction() as session:
        live = queries.live_stream(session)
        if live is not None:
            return redirect(url_for("storefront.live", stream_id=live.id))
        return render_template(
            "storefront/streams.html",
            coming=queries.next_streams(session, _MOST_STREAMS),
            earlier=stream_queries.ended_streams(session, most=_MOST_STREAMS),
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
            facts=structured.stream_facts(page),
            terms=shipping_terms(session),
            coming=queries.next_streams(session),
            goods=queries.goods_of_streams(session, [stream_id])[stream_id],
            player=_player(page.stream.watch_url),
        )


def _player(address: str) -> str:
    """The address of a player that may stand in the page; other places are linked only."""
    return address if host_of(address) in setting("player_hosts") else ""


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
