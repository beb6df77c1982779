"""Standing in line for what is sold out, and claims typed as in a live room."""

from secrets import token_urlsafe

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem, Refused
from kernel.forms import Form
from kernel.http import transaction, utc_now
from kernel.text import current_locale, t
from shop.orders.models import Order
from shop.orders.placing import KeyReused
from shop.orders.views import device_hash, flat_terms, limits_of
from shop.storefront import buying_views, device, forms, queries
from shop.storefront.claim_rules import read_claim
from shop.streams.states import LIVE
from shop.waitlist import queries as line
from shop.waitlist import service
from shop.waitlist.models import Wait
from shop.waitlist.states import SERVED, WAITING

blueprint = Blueprint("line", __name__)


def _own_wait(session: Session, number: str) -> Wait:
    """The wait, when this device stands in line with it; somebody else's looks like none at all."""
    wait = line.wait_by_number(session, number) if number in device.order_numbers() else None
    if wait is None:
        raise NotFound(
            "没有找到这个排队号。请用排队时的那台手机打开。",
            "There is no such place in line here. Use the phone you lined up with.",
        )
    return wait


@blueprint.post("/live/<int:stream_id>/waits")
def join(stream_id: int) -> Response:
    """Stand in line; the hidden key makes a double tap or a reload the same place."""
    with transaction() as session:
        page = buying_views.page_of(session, stream_id)
    form, name = Form(request.form), device_hash()
    offer = page.offer(buying_views.posted_offer())
    if offer is None:
        return redirect(url_for("storefront.live", stream_id=stream_id), code=303)
    try:
        asked = forms.read_order_form(
            request.form,
            [offer],
            stream_id=stream_id,
            terms=flat_terms(),
            locale=current_locale.get(),
            device_hash=name,
            limits=limits_of(name),
        )
        with transaction() as session:
            number = service.join(session, asked, utc_now()).number
    except Invalid as problem:
        form.errors.update(problem.fields)
        return buying_views.render_form(page, form, buying_views.key_or_new(), problem, wait_for=offer)
    except KeyReused as problem:
        response = buying_views.render_form(page, form, token_urlsafe(18), problem, wait_for=offer)
        device.keep_order(response, problem.number)
        return response
    except Refused as problem:
        still_waits = None if problem.code == "still_left" else offer
        return buying_views.render_form(page, form, buying_views.key_or_new(), problem, wait_for=still_waits)
    except Problem as problem:
        return buying_views.render_form(page, form, buying_views.key_or_new(), problem, wait_for=offer)
    response = redirect(url_for("storefront.line.show", number=number), code=303)
    device.keep_order(response, number)
    return response


@blueprint.get("/waits/<number>")
def show(number: str) -> Response:
    """Her place in line; once it is her turn, the order that is held for her."""
    with transaction() as session:
        wait = _own_wait(session, number)
        if wait.state == SERVED:
            order = session.get_one(Order, wait.order_id)
            response = redirect(url_for("storefront.orders.show_order", number=order.number), code=303)
            device.keep_order(response, order.number)
            return response
        html = render_template(
            "storefront/wait.html",
            wait=wait,
            product=wait.offer.variant.product,
            place=line.place_in_line(session, wait) if wait.state == WAITING else 0,
            is_live=wait.offer.stream.state == LIVE,
        )
    response = make_response(html)
    response.headers["Cache-Control"] = "no-store"
    device.end_wish(response, wait.key)
    return response


@blueprint.get("/waits/<number>/state")
def state(number: str) -> dict[str, str]:
    """What the open page asks for: it loads itself anew when the place or the state has changed."""
    with transaction() as session:
        wait = _own_wait(session, number)
        place = line.place_in_line(session, wait) if wait.state == WAITING else 0
        return {"standing": f"{wait.state}:{place}"}


@blueprint.post("/waits/<number>/leave")
def leave(number: str) -> Response:
    """She does not want to wait any longer; pressed twice it is once."""
    with transaction() as session:
        _own_wait(session, number)
        wait = service.leave(session, number, utc_now())
        back = url_for("storefront.live", stream_id=wait.stream_id)
        is_served = wait.state == SERVED
    if is_served:
        flash(t("已经轮到您了，货给您留着。", "It was your turn already; the goods are held for you."), "problem")
        return redirect(url_for("storefront.line.show", number=number), code=303)
    flash(
        t(
            "不排了。没有扣钱，手机号和地址也删掉了。",
            "You left the line. Nothing was charged, and your details are deleted.",
        ),
        "done",
    )
    return redirect(back, code=303)


@blueprint.get("/live/<int:stream_id>/claim")
def claim(stream_id: int) -> Response:
    """``?said=1号 2袋``: the same as pressing that offer's button, with the quantity filled in."""
    with transaction() as session:
        page = queries.live_page(session, stream_id, utc_now()) if stream_id < 2**63 else None
    if page is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    said = read_claim(request.args.get("said", ""))
    if said is None or said.place > len(page.offers):
        problem = (
            t(
                "没看懂。请写几号、几件，例如：1号 2袋。",
                "Not understood. Write the number and how many, such as: 1 x 2.",
            )
            if said is None
            else t(
                "没有 {n} 号，这场到 {last} 号。",
                "There is no number {n}; they end at {last}.",
                n=said.place,
                last=len(page.offers),
            )
        )
        flash(problem, "problem")
        return redirect(url_for("storefront.live", stream_id=stream_id, _anchor="claim"), code=303)
    offer = page.offers[said.place - 1]
    return redirect(
        url_for("storefront.buying.order_form", stream_id=stream_id, offer=offer.id, quantity=said.quantity), code=303
    )
