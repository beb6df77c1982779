"""A buyer says on the order's page whether to be told of news and vouchers; off unless switched on."""

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from kernel.errors import NotFound
from kernel.http import transaction, utc_now
from kernel.text import current_locale, t
from shop.buyers import service
from shop.buyers.rules import may_hear
from shop.storefront.order_views import own_order

blueprint = Blueprint("news", __name__)


@blueprint.post("/orders/<number>/news")
def say(number: str) -> Response:
    """Switch news on or off for the order's phone; pressed twice it stays as it is."""
    wanted = request.form.get("wanted") == "1"
    with transaction() as session:
        order = own_order(session, number)
        if not may_hear(order.channel, order.told_phone):
            raise NotFound("这个订单没有能收短信的号码。", "This order has no number that gets text messages.")
        service.say_news(session, order.told_phone, wanted=wanted, locale=current_locale.get(), now=utc_now())
    flash(
        t(
            "好的，有新货和优惠会发短信告诉您，随时可以关掉。",
            "Fine: you will be told of news and vouchers, and can switch it off at any time.",
        )
        if wanted
        else t("关掉了，不会再发。", "Switched off; no more of these."),
        "done",
    )
    return redirect(url_for("storefront.orders.show_order", number=number, _anchor="news"), code=303)
