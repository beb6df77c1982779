"""Share cards at addresses that stay: `card.png` for chat apps, `poster.png` to save or print, `qr.png` alone.

They say both languages at once, so that one address is one picture for everybody.
"""

from flask import Blueprint, Response, request
from flask import url_for as path_for
from sqlalchemy.orm import Session

from app.sharing.cards import CARD, POSTER, Facts, Shape, draw, draw_code
from kernel.errors import NotFound
from kernel.http import setting, transaction, utc_now
from kernel.text import Text
from shop.catalog.models import Product
from shop.storefront import queries

blueprint = Blueprint("sharing", __name__)

_KEPT_S = 300
_LIVE_PRICE = Text("直播价", "Live price")
_PRICE = Text("价格", "Price")


@blueprint.get("/live/<int:stream_id>/offers/<int:offer_id>/card.png")
def offer_card(stream_id: int, offer_id: int) -> Response:
    """The offer beside a link, 1200 x 630."""
    return _picture(_offer_facts(stream_id, offer_id), CARD)


@blueprint.get("/live/<int:stream_id>/offers/<int:offer_id>/poster.png")
def offer_poster(stream_id: int, offer_id: int) -> Response:
    """The offer upright, 1080 x 1620."""
    return _picture(_offer_facts(stream_id, offer_id), POSTER)


@blueprint.get("/live/<int:stream_id>/offers/<int:offer_id>/qr.png")
def offer_code(stream_id: int, offer_id: int) -> Response:
    """The code of the offer's address."""
    return _answer(draw_code(_offer_facts(stream_id, offer_id).address))


@blueprint.get("/products/<slug>/card.png")
def product_card(slug: str) -> Response:
    """The product beside a link, 1200 x 630."""
    return _picture(_product_facts(slug), CARD)


@blueprint.get("/products/<slug>/poster.png")
def product_poster(slug: str) -> Response:
    """The product upright, 1080 x 1620."""
    return _picture(_product_facts(slug), POSTER)


@blueprint.get("/products/<slug>/qr.png")
def product_code(slug: str) -> Response:
    """The code of the product's address."""
    return _answer(draw_code(_product_facts(slug).address))


def _offer_facts(stream_id: int, offer_id: int) -> Facts:
    with transaction() as session:
        page = queries.live_page(session, stream_id, utc_now())
        offer = page.offer(offer_id) if page else None
        if page is None or offer is None:
            raise NotFound("没有这件商品。", "There is no such offer.")
        return Facts(
            title=offer.title,
            spec=offer.spec,
            price_word=_LIVE_PRICE,
            price_fen=offer.price_fen,
            list_price_fen=offer.list_price_fen,
            about=(page.stream.title_zh, page.stream.title_en, _moment(page)),
            photo=offer.photo,
            address=_whole(path_for("storefront.offer.show", stream_id=stream_id, offer_id=offer_id)),
        )


def _product_facts(slug: str) -> Facts:
    with transaction() as session:
        product = queries.product_by_slug(session, slug) if slug.isprintable() else None
        variants = [variant for variant in product.variants if variant.sellable] if product else []
        if product is None or not variants:
            raise NotFound("没有这个商品。", "There is no such product.")
        cheapest = min(variants, key=lambda variant: variant.price_fen)
        price_fen, was_fen = _product_prices(session, product, cheapest.price_fen)
        return Facts(
            title=product.title,
            spec=cheapest.spec,
            price_word=_LIVE_PRICE if was_fen else _PRICE,
            price_fen=price_fen,
            list_price_fen=was_fen,
            about=(setting("workshop_name"), product.origin),
            photo=product.photo,
            address=_whole(path_for("storefront.product", slug=product.slug)),
        )


def _product_prices(session: Session, product: Product, price_fen: int) -> tuple[int, int | None]:
    """The price on the card and the one beside it: a live price belongs to one size, so only a product of one size has it."""
    live = queries.live_offers_by_product(session, utc_now()).get(product.id)
    if live and sum(variant.sellable for variant in product.variants) == 1 and live.price_fen < price_fen:
        return live.price_fen, price_fen
    return price_fen, None


def _moment(page: queries.LivePage) -> str:
    begins = page.stream.started_at or page.stream.starts_at
    return f"{begins.astimezone(setting('workshop_zone')):%Y-%m-%d %H:%M}"


def _whole(path: str) -> str:
    return f"{setting('public_url')}{path}"


def _picture(facts: Facts, shape: Shape) -> Response:
    return _answer(draw(facts, shape))


def _answer(png: bytes) -> Response:
    """Kept for some minutes by whoever fetches it, because prices change; unchanged it is not sent again."""
    answer = Response(png, mimetype="image/png")
    answer.headers["Cache-Control"] = f"public, max-age={_KEPT_S}"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
