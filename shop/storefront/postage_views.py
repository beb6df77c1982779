"""What sending costs, for buyers: the whole table on one page."""

from flask import Blueprint, render_template

from kernel.http import transaction
from shop.orders.postage import zones_of
from shop.orders.rules import PROVINCES, REMOTE_PROVINCES
from shop.orders.views import shipping_terms
from shop.storefront.rules import province_word

blueprint = Blueprint("postage", __name__)

# A bag, a parcel as most are, a box for the family; grams.
SHOWN_G = (500, 1_000, 3_000)


@blueprint.get("/postage")
def show() -> str:
    """Every province's rate, where nothing is sent, and where nothing fresh."""
    with transaction() as session:
        terms = shipping_terms(session)
    rates = terms.rates
    return render_template(
        "storefront/postage.html",
        terms=terms,
        zones=zones_of(rates, PROVINCES) if rates is not None else [],
        unserved=[name for name in PROVINCES if rates is not None and name not in rates],
        no_fresh=[name for name in PROVINCES if name in REMOTE_PROVINCES],
        word=province_word,
        shown_g=SHOWN_G,
    )
