"""How a workshop begins in the browser: its first owner on an empty installation, or in place of the demo."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.web.sign_in import let_in, start_here
from app.workshop import beginning
from app.workshop.forms import read_name, read_owner
from app.workshop.service import WorkshopFacts
from fulfillment.crew.rules import OWN
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER
from kernel.text import current_locale

blueprint = Blueprint("begin", __name__, url_prefix=beginning.PATH)


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not beginning.is_key(setting("secret_key"), key):
        raise NotFound("没有这一页。", "There is no such page.")


def _begun(session: Session) -> bool:
    return not beginning.is_empty(session)


@blueprint.get("")
def show() -> Response | str:
    """The workshop's name and its first owner. Once somebody works here it leads to the sign-in."""
    _check_key(request.args.get("key"))
    with transaction() as session:
        if _begun(session):
            return redirect(url_for("sign_in.password_page"), code=303)
    return render_template("sign_in/begin.html", form=Form(), problem=None, counts=None)


@blueprint.post("")
def begin() -> Response | tuple[str, int]:
    """Add the first owner, who is signed in at once."""
    form = Form(request.form)
    _check_key(form.values.get("key"))
    try:
        owner, facts = _read(form)
        with transaction() as session:
            person = beginning.begin(session, owner, facts, now=utc_now())
            token = start_here(session, person, face="console")
    except Problem as problem:
        return render_template("sign_in/begin.html", form=form, problem=problem, counts=None), problem.status
    return _home(let_in(person, token, face="console", how=OWN))


@blueprint.get("/anew")
@requires(OWNER)
def ask_anew() -> Response | str:
    """What removing the demo throws away, and who begins in its place."""
    with transaction() as session:
        if not beginning.is_demo(session):
            return redirect(url_for("console.workshop.show"), code=303)
        counts = beginning.demo_counts(session)
    return render_template("sign_in/begin.html", form=Form(), problem=None, counts=counts)


@blueprint.post("/anew")
@requires(OWNER)
def anew() -> Response | tuple[str, int]:
    """Remove the demo and begin with this owner, who is signed in at once."""
    form = Form(request.form)
    try:
        owner, facts = _read(form, is_sure=form.ticked("sure"))
        with transaction() as session:
            person = beginning.remove_demo(session, owner, facts, now=utc_now(), by=actor())
            token = start_here(session, person, face="console")
    except Problem as problem:
        with transaction() as session:
            counts = beginning.demo_counts(session)
        return render_template("sign_in/begin.html", form=form, problem=problem, counts=counts), problem.status
    return _home(let_in(person, token, face="console", how=OWN))


def _read(form: Form, *, is_sure: bool = True) -> tuple[beginning.FirstOwner, WorkshopFacts]:
    form.values.setdefault("language", current_locale.get())
    name, owner = read_name(form), read_owner(form)
    if not is_sure:
        form.refuse("sure", "请先打勾。", "Please tick this first.")
    form.check()
    return owner, WorkshopFacts(name)


def _home(response: Response) -> Response:
    current_app.extensions["workshop"].look(at_once=True)
    return response
