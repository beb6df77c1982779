"""People: who works here, what they do, how they sign in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from flask import Blueprint, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.console import paging, people_forms, people_queries, people_service, words
from app.console.exports import csv_file, local
from app.console.forms import done, first_time, my_id, said_again
from app.console.people_queries import PeopleSearch, PersonFile
from app.console.prosperity.tables import KINDS as HOUSEHOLD_WORDS
from app.console.saved import service as saved
from fulfillment.crew.households.rules import KINDS as HOUSEHOLDS
from fulfillment.crew.households.service import say_kind
from fulfillment.labels.codes import qr_svg
from fulfillment.packing import lead_service
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, database, requires, transaction, utc_now
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import OWNER, ROLES
from kernel.sheets import Cell
from kernel.text import t

blueprint = Blueprint("people", __name__, url_prefix="/people")


def read_search(form: Form) -> PeopleSearch:
    """The search in the address; a word that is none of its choices is marked at its field."""
    search = PeopleSearch(
        words=form.text("q", longest=40, required=False),
        role=form.choice("role", ("", *ROLES)) if "role" in form.values else "",
        gone=form.ticked("gone"),
        order=paging.asked_order(form, people_queries.ORDERS),
    )
    form.check()
    return search


@blueprint.get("")
@requires(OWNER)
def index() -> tuple[str, int]:
    """Who works here, by name unless another order is asked for."""
    form, search, status = Form(request.args), PeopleSearch(), 200
    page: paging.Page[Person] = paging.Page(())
    place = paging.asked_place(paging.read_number)
    with transaction() as session:
        try:
            search = read_search(form)
            wanted, sorting = people_queries.find_people(search), people_queries.ORDERS[search.order]
            page = paging.page_of(session, wanted, Person.id, sorting, place, lambda beside: _list_url(search, beside))
        except Invalid as problem:
            status = problem.status
        kept = saved.views_of(session, my_id(), "people")
    html = render_template(
        "console/people.html",
        form=form,
        search=search,
        page=page,
        kept=kept,
        sortings=people_queries.ORDERS,
        in_order=lambda order: _list_url(replace(search, order=order), {}),
    )
    return html, status


def _list_url(search: PeopleSearch, place: dict[str, str]) -> str:
    return paging.address("console.people.index", {**search.as_query(), **place})


@blueprint.get("/people.csv")
@requires(OWNER)
def export() -> Response:
    """The same people as a file, without anything that opens a door."""
    search = read_search(Form(request.args))
    header = (
        *(t("姓名", "Name"), t("对外称呼", "Shown name"), t("分工", "Roles"), t("登录名", "Login")),
        *(t("在用", "Active"), t("加入时间", "Since")),
    )
    return csv_file("people", header, _rows(search))


def _rows(search: PeopleSearch) -> Iterator[Sequence[Cell]]:
    wanted, sorting = people_queries.find_people(search), people_queries.ORDERS[search.order]
    for person in paging.every(database(), wanted, Person.id, sorting):
        roles = "、".join(str(words.role(role)) for role in ROLES if role in person.roles)
        yield (
            *(person.name, person.shown_name, roles, person.login),
            *(int(person.active), local(person.created_at)),
        )


@blueprint.get("/new")
@requires(OWNER)
def new() -> tuple[str, int]:
    """An empty person."""
    return _new_page(Form({"language": "zh", "role_packer": "1"}))


def _new_page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    return render_template("console/person_new.html", form=form, problem=problem), problem.status if problem else 200


@blueprint.post("/new")
@requires(OWNER)
def add() -> Response | tuple[str, int]:
    """Add somebody."""
    form = Form(request.form)
    try:
        facts = people_forms.read_person(form)
        password = people_forms.read_password(form, required=facts.sits_at_a_desk)
        pin = people_forms.read_pin(form, required=False)
        preferences = people_forms.read_preferences(form)
        form.check()
        with transaction() as session:
            is_first = first_time(session, form, "person")
            person = None
            if is_first:
                person = people_service.add_person(
                    session, facts, password=password, pin=pin, preferences=preferences, now=utc_now(), by=actor()
                )
    except Problem as problem:
        return _new_page(said_again(form, problem), problem)
    sentence = t("加好了。打包员可以在这里做一张工牌。", "Added. Packers get a badge on this page.")
    return done(_url_of(person.id) if person else url_for("console.people.index"), sentence, is_first=is_first)


def _url_of(person_id: int) -> str:
    return url_for("console.people.show", person_id=person_id)


def _file(person_id: int) -> PersonFile:
    with transaction() as session:
        file = people_queries.person_file(session, person_id, utc_now())
    if file is None:
        raise NotFound("没有这个人。", "There is no such person.")
    return file


@blueprint.get("/<int:person_id>")
@requires(OWNER)
def show(person_id: int) -> tuple[str, int]:
    """One person: names, roles, sign-in, suitable work."""
    return _page(person_id, None)


def _page(person_id: int, form: Form | None, problem: Problem | None = None) -> tuple[str, int]:
    file = _file(person_id)
    shown = people_forms.person_form(file.person, file.packer)
    shown.values["household"] = file.household
    if form is not None:
        # What was typed in one of the page's forms lies over what is stored; the others stay as they are.
        is_main = "name" in form.values
        kept = {name: value for name, value in shown.values.items() if not (is_main and name.startswith("role_"))}
        form.values = {**kept, **form.values}
    html = render_template(
        "console/person.html",
        file=file,
        households=[(kind, HOUSEHOLD_WORDS[kind]) for kind in HOUSEHOLDS],
        person=file.person,
        form=form or shown,
        problem=problem,
    )
    return html, problem.status if problem else 200


def _change(
    person_id: int, form: Form, sentence: str, step: Callable[[Session, Person], object]
) -> Response | tuple[str, int]:
    """Lock the person, take the step, and say so; on a problem the page comes back as it was typed."""
    _file(person_id)
    try:
        form.check()
        with transaction() as session:
            step(session, people.lock_person(session, person_id))
    except Problem as problem:
        return _page(person_id, form, problem)
    return done(_url_of(person_id), sentence)


@blueprint.post("/<int:person_id>")
@requires(OWNER)
def change(person_id: int) -> Response | tuple[str, int]:
    """Change names, login, language and roles."""
    form = Form(request.form)
    facts = people_forms.read_person(form)
    return _change(
        person_id,
        form,
        t("存好了。", "Saved."),
        lambda session, person: people_service.change_person(session, person, facts, now=utc_now(), by=actor()),
    )


@blueprint.post("/<int:person_id>/work")
@requires(OWNER)
def change_work(person_id: int) -> Response | tuple[str, int]:
    """Note the work that suits the person."""
    form = Form(request.form)
    preferences = people_forms.read_preferences(form)
    return _change(
        person_id,
        form,
        t("记好了，下次派活就照这个。", "Noted; the next work will suit."),
        lambda session, person: lead_service.set_preferences(
            session, person.id, preferences, now=utc_now(), by=actor()
        ),
    )


@blueprint.post("/<int:person_id>/household")
@requires(OWNER)
def say_household(person_id: int) -> Response | tuple[str, int]:
    """Note what kind of household the person is of, as they said and agreed to; nothing takes it out."""
    form = Form(request.form)
    kind = form.choice("household", ("", *HOUSEHOLDS))
    return _change(
        person_id,
        form,
        t("记好了，只进汇总数字。", "Noted; it goes into sums only."),
        lambda session, person: say_kind(session, person.id, kind, now=utc_now(), by=actor()),
    )


@blueprint.post("/<int:person_id>/pin")
@requires(OWNER)
def change_pin(person_id: int) -> Response | tuple[str, int]:
    """Give a new PIN."""
    form = Form(request.form)
    pin = people_forms.read_pin(form, required=True) or ""
    return _change(
        person_id,
        form,
        t("新的数字密码可以用了，请当面告诉本人。", "The new PIN works. Tell it to the person face to face."),
        lambda session, person: people.set_pin(session, person, pin, now=utc_now(), by=actor()),
    )


@blueprint.post("/<int:person_id>/password")
@requires(OWNER)
def change_password(person_id: int) -> Response | tuple[str, int]:
    """Give a new password."""
    form = Form(request.form)
    password = people_forms.read_password(form, required=True) or ""
    return _change(
        person_id,
        form,
        t("新密码可以用了。所有设备都要重新登录。", "The new password works. Every device must sign in again."),
        lambda session, person: people.set_password(session, person, password, now=utc_now(), by=actor()),
    )


@blueprint.post("/<int:person_id>/badge")
@requires(OWNER)
def new_badge(person_id: int) -> Response:
    """Make a badge and show it for printing, this once: its code is stored nowhere, so there is no page to go to."""
    with transaction() as session:
        person = people.lock_person(session, _file(person_id).person.id)
        code = people.new_badge(session, person, now=utc_now(), by=actor())
        html = render_template("console/badge.html", person=person, code=code, code_svg=qr_svg(code))
    response = make_response(html)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<int:person_id>/sign-out")
@requires(OWNER)
def sign_out(person_id: int) -> Response | tuple[str, int]:
    """Sign the person out on every device."""
    return _change(
        person_id,
        Form(),
        t("所有设备都退出登录了。", "Signed out on every device."),
        lambda session, person: people.sign_out_everywhere(session, person, now=utc_now(), by=actor()),
    )


@blueprint.post("/<int:person_id>/deactivate")
@requires(OWNER)
def deactivate(person_id: int) -> Response | tuple[str, int]:
    """The person leaves: no more signing in, work in hand goes back, what was earned stays owed."""
    return _change(
        person_id,
        Form(),
        t(
            "停用了，所有设备都退出登录。挣到的工钱不变。",
            "Deactivated and signed out everywhere. What was earned stays owed.",
        ),
        lambda session, person: people_service.deactivate(session, person, now=utc_now(), by=actor()),
    )


@blueprint.post("/<int:person_id>/reactivate")
@requires(OWNER)
def reactivate(person_id: int) -> Response | tuple[str, int]:
    """The person is back."""
    return _change(
        person_id,
        Form(),
        t("恢复了，可以用原来的方式登录。", "Back again; signs in as before."),
        lambda session, person: people.reactivate(session, person, now=utc_now(), by=actor()),
    )
