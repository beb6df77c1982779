"""One offer at an address of its own: what a shared link and a scanned code open."""

from flask import Blueprint, render_template

from kernel.errors import NotFound
from kernel.http import transaction
from shop.storefront.buying_views import page_of

blueprint = Blueprint("offer", __name__)


@blueprint.get("/live/<int:stream_id>/offers/<int:offer_id>")
def show(stream_id: int, offer_id: int) -> str:
    """The offer with its price, the way to buy it, and what it takes to pass it on."""
    with transaction() as session:
        page = page_of(session, stream_id)
        offer = page.offer(offer_id)
        if offer is None:
            raise NotFound("没有这件商品。", "There is no such offer.")
        return render_template("storefront/offer.html", page=page, offer=offer)
