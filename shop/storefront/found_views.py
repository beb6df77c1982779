"""How the shop is found and kept: searching, what search engines read, and what makes it an app on a phone."""

from json import dumps
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, request, url_for
from sqlalchemy.orm import Session

from kernel.http import setting, transaction, utc_now
from kernel.text import t
from shop.catalog.models import Product
from shop.storefront import queries
from shop.storefront.search_rules import LONGEST_QUERY, Words, rank
from shop.streams import queries as streams

blueprint = Blueprint("found", __name__)

_FORMS: Final = ("dry", "fresh")
# What the page without a network is made of; kept by shop_worker.js.
_SHELL: Final = (
    "css/tokens.css",
    "css/base.css",
    "css/parts.css",
    "css/shop.css",
    "img/icons.svg",
    "img/logo.svg",
    "img/scenes/offline.svg",
)
_NOT_FOR_ENGINES: Final = ("/bench", "/console", "/grower", "/orders", "/waits", "/sign-in", "/live/*/buy", "/api/")


@blueprint.get("/search")
def search() -> str:
    """``?q=&form=dry|fresh``: goods that answer, the best first; without a query all of them."""
    query = " ".join(request.args.get("q", "").split())[:LONGEST_QUERY]
    form = request.args.get("form", "")
    form = form if form in _FORMS else ""
    with transaction() as session:
        return render_template(
            "storefront/search.html",
            query=query,
            form=form,
            products=_answering(session, query, form),
            live_offers=queries.live_offers_by_product(session, utc_now()),
        )


def _answering(session: Session, query: str, form: str) -> list[Product]:
    listed = [product for product in queries.listed_products(session) if not form or product.form == form]
    if not query:
        return listed
    ranked = [(rank(query, _words_of(product)), product) for product in listed]
    return [product for found, product in sorted(ranked, key=lambda each: each[0] or 0) if found is not None]


def _words_of(product: Product) -> Words:
    names = (product.title_zh, product.title_en, product.grade_zh, *(variant.spec_zh for variant in product.variants))
    return Words(names, f"{product.story_zh} {product.story_en} {product.origin}")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """What search engines may read: goods and streams, nobody's order."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in _NOT_FOR_ENGINES),
        f"Sitemap: {setting('public_url')}/sitemap.xml",
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """The front, goods and streams, as sitemaps.org has it."""
    with transaction() as session:
        paths = ["/", "/search"]
        paths += [url_for("storefront.product", slug=product.slug) for product in queries.listed_products(session)]
        paths += [url_for("storefront.live", stream_id=stream.id) for stream in streams.public_streams(session)]
    return Response(
        render_template("storefront/sitemap.xml", addresses=[f"{setting('public_url')}{path}" for path in paths]),
        mimetype="application/xml",
    )


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """What a phone needs to keep the shop beside its apps."""
    facts: dict[str, Any] = {
        "name": setting("workshop_name"),
        "short_name": setting("workshop_name")[:12],
        "description": t("山里的菇，边播边卖", "Mountain mushrooms, sold live"),
        "lang": "zh-CN",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbf7f0",
        "theme_color": "#fbf7f0",
        "icons": [
            {
                "src": url_for("static", filename=f"img/icon-{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for size in (192, 512)
            for purpose in ("any", "maskable")
        ],
        "shortcuts": [{"name": t("我的订单", "My orders"), "url": "/orders"}],
    }
    answer = Response(dumps(facts, ensure_ascii=False), mimetype="application/manifest+json")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@blueprint.get("/offline")
def offline() -> str:
    """What stands there when a page cannot be fetched: the same for everybody, kept on the phone."""
    return render_template("storefront/offline.html")


@blueprint.get("/shop-worker.js")
def worker() -> Response:
    """The shop's service worker, with the files that its one kept page is made of written before it."""
    asset = current_app.jinja_env.globals["asset"]
    shell = ["/offline", *(asset(path) for path in _SHELL)]  # type: ignore[operator]
    text = (Path(current_app.static_folder or "") / "js/shop_worker.js").read_text("utf-8")
    answer = Response(f"const SHELL = {dumps(shell)};\n{text}", mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer
