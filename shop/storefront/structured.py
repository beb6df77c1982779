"""What search engines and chat apps read of a page (schema.org): Product, Offer, BroadcastEvent. Prices in yuan, as text."""

from collections.abc import Sequence
from typing import Any

from flask import url_for

from kernel.http import setting
from shop.catalog.models import Product, Variant
from shop.reviews.models import Review
from shop.reviews.rules import ANONYMOUS, FEWEST_STARS, MOST_STARS, Rating
from shop.storefront.queries import LivePage, LivePrice, OfferCard

_SCHEMA = "https://schema.org"


def _at_home(path: str) -> str:
    return f"{setting('public_url')}{path}"


def _offer(price_fen: int, url: str, *, is_there: bool) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "price": f"{price_fen / 100:.2f}",
        "priceCurrency": "CNY",
        "availability": f"{_SCHEMA}/{'InStock' if is_there else 'SoldOut'}",
        "url": url,
    }


def product_facts(
    product: Product, variants: Sequence[Variant], live: LivePrice | None, rating: Rating, reviews: Sequence[Review]
) -> dict[str, Any]:
    """A product with an offer for each size; what is on air is in stock, the rest waits for the next stream."""
    here = _at_home(url_for("storefront.product", slug=product.slug))
    offers = [_offer(variant.price_fen, here, is_there=live is not None) for variant in variants]
    if live is not None:
        stream = _at_home(url_for("storefront.live", stream_id=live.stream_id))
        offers.append(_offer(live.price_fen, stream, is_there=True))
    return {
        "@context": _SCHEMA,
        "@type": "Product",
        "name": product.title_zh,
        "alternateName": product.title_en,
        "description": product.story_zh,
        "image": _at_home(url_for("static", filename=f"img/{product.photo}")),
        "url": here,
        "brand": {"@type": "Organization", "name": setting("workshop_name")},
        "offers": offers,
        **(_reviewed(rating, reviews) if rating.total else {}),
    }


def _reviewed(rating: Rating, reviews: Sequence[Review]) -> dict[str, Any]:
    """What the page itself says of its reviews: no more stars than are to be seen on it."""
    bounds = {"bestRating": MOST_STARS, "worstRating": FEWEST_STARS}
    return {
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": rating.average,
            "reviewCount": rating.total,
            **bounds,
        },
        "review": [
            {
                "@type": "Review",
                "author": {"@type": "Person", "name": each.shown_name or ANONYMOUS.zh},
                "datePublished": each.at.date().isoformat(),
                "reviewBody": each.words,
                "reviewRating": {"@type": "Rating", "ratingValue": each.stars, **bounds},
            }
            for each in reviews
        ],
    }


def stream_facts(page: LivePage) -> dict[str, Any]:
    """A stream as an event that is watched online, with what is sold in it."""
    stream = page.stream
    here = _at_home(url_for("storefront.live", stream_id=stream.id))
    facts: dict[str, Any] = {
        "@context": _SCHEMA,
        "@type": "BroadcastEvent",
        "name": stream.title_zh,
        "isLiveBroadcast": stream.state == "live",
        "eventStatus": f"{_SCHEMA}/EventScheduled",
        "eventAttendanceMode": f"{_SCHEMA}/OnlineEventAttendanceMode",
        "startDate": (stream.started_at or stream.starts_at).isoformat(),
        "location": {"@type": "VirtualLocation", "url": here},
        "organizer": {"@type": "Organization", "name": setting("workshop_name"), "url": setting("public_url")},
        "offers": [_offer_of(offer, here) for offer in page.offers],
    }
    return facts | ({"endDate": stream.ended_at.isoformat()} if stream.ended_at else {})


def _offer_of(offer: OfferCard, here: str) -> dict[str, Any]:
    return {
        **_offer(offer.price_fen, here, is_there=offer.can_be_bought),
        "itemOffered": {"@type": "Product", "name": offer.title.zh},
    }
