"""After the parcel: it arrived damaged, or goods shall go back; with photos, from the order's own page."""

from secrets import token_urlsafe

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from kernel.audit import BUYER
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import setting, transaction, utc_now
from kernel.photos import Photo, read_photo
from kernel.text import t
from shop.complaints import queries, rules, service
from shop.orders.forms import is_key
from shop.storefront.order_views import own_order

blueprint = Blueprint("amends", __name__)


@blueprint.get("/orders/<number>/complain")
def ask(number: str) -> AnyResponse:
    """``?kind=damaged|return``: what happened, with photos."""
    kind = request.args.get("kind", rules.DAMAGED)
    return _page(number, Form({"kind": kind if kind in rules.KINDS else rules.DAMAGED}), token_urlsafe(18))


@blueprint.post("/orders/<number>/complain")
def complain(number: str) -> AnyResponse:
    """Write it down; the hidden key makes a double tap one complaint."""
    form, key = Form(request.form), request.form.get("key", "")
    key = key if is_key(key) else token_urlsafe(18)
    try:
        kind = form.choice("kind", rules.KINDS)
        words = form.text("words", longest=rules.LONGEST_WORDS, lines=True)
        form.check()
        photos = _photos()
        with transaction() as session:
            service.complain(session, own_order(session, number), kind, words, photos, key=key, now=utc_now())
    except NotFound:
        raise
    except Problem as problem:
        if isinstance(problem, Invalid):
            form.errors.update(
                {
                    name.replace("photo", "photos", 1) if name == "photo" else name: said
                    for name, said in problem.fields.items()
                }
            )
        return _page(number, form, key, problem)
    flash(
        t(
            "记下了，工坊会看，答复会写在这一页，也发短信。",
            "Noted. The workshop will look into it; the answer stands here and comes by message.",
        ),
        "done",
    )
    return redirect(url_for("storefront.orders.show_order", number=number, _anchor="after"), code=303)


def _photos() -> list[Photo]:
    sent = [file for file in request.files.getlist("photos") if file.filename]
    return [read_photo(file.stream.read(setting("largest_body_bytes"))) for file in sent[: rules.MOST_PHOTOS + 1]]


def _page(number: str, form: Form, key: str, problem: Problem | None = None) -> AnyResponse:
    kind = str(form.values.get("kind", rules.DAMAGED))
    with transaction() as session:
        order = own_order(session, number)
        facts = queries.delivered(session, order)
        html = render_template(
            "storefront/complain.html",
            order=order,
            form=form,
            key=key,
            problem=problem,
            kind=kind if kind in rules.KINDS else rules.DAMAGED,
            against=rules.why_not(kind, facts, utc_now()),
            until=facts.damage_until,
            most=rules.MOST_PHOTOS,
        )
    response = make_response(html, problem.status if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/orders/<number>/complaints/<int:complaint_id>/withdraw")
def withdraw(number: str, complaint_id: int) -> AnyResponse:
    """The buyer takes it back; pressed twice it is once."""
    with transaction() as session:
        _own(number, complaint_id, [each.id for each in queries.complaints_of(session, own_order(session, number).id)])
        service.withdraw(session, complaint_id, now=utc_now(), by=BUYER)
    return redirect(url_for("storefront.orders.show_order", number=number, _anchor="after"), code=303)


@blueprint.get("/orders/<number>/complaints/<int:complaint_id>/photos/<int:place>")
def photo(number: str, complaint_id: int, place: int) -> Response:
    """One of the photos, for whoever may see the order."""
    with transaction() as session:
        _own(number, complaint_id, [each.id for each in queries.complaints_of(session, own_order(session, number).id)])
        found = queries.photo(session, complaint_id, place) if place <= rules.MOST_PHOTOS else None
        if found is None:
            raise NotFound("没有这张照片。", "There is no such photo.")
        return Response(found.jpeg, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


def _own(number: str, complaint_id: int, known: list[int]) -> None:
    if complaint_id not in known:
        raise NotFound("没有这条售后。", f"There is no such complaint of {number}.")
