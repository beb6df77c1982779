"""Signing in: login and password for the console, badge or PIN at the bench. No puzzle, paste allowed."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from kernel import limits
from kernel.errors import NotSignedIn, Problem
from kernel.forms import Form
from kernel.http import current_person, setting, sign_in_cookie, transaction, utc_now
from kernel.people import service as people
from kernel.people.models import Person, PersonRole
from kernel.people.rules import PACKER, home_page

blueprint = Blueprint("sign_in", __name__)

_WINDOW = timedelta(minutes=10)
_TRIES_A_PERSON = 8
_TRIES_AN_ADDRESS = 60


def local_path(target: str | None) -> str | None:
    """The target when it is a path of this site, else ``None``: sign-in must not send people elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and target.isprintable() else None


def _count_try(bucket: str) -> None:
    """Count the try for the person and the address, in a transaction of its own so that a wrong try counts."""
    now = utc_now()
    with transaction() as session:
        limits.take(session, f"sign-in:{bucket}", most=_TRIES_A_PERSON, window=_WINDOW, now=now)
        limits.take(session, f"sign-in:{request.remote_addr}", most=_TRIES_AN_ADDRESS, window=_WINDOW, now=now)


def _welcome(token: str, roles: set[str], face: str, bucket: str) -> Response:
    with transaction() as session:
        limits.forget(session, f"sign-in:{bucket}")
    response = redirect(local_path(request.form.get("next")) or home_page(roles), code=303)
    response.set_cookie(
        sign_in_cookie(),
        token,
        max_age=int(people.SIGN_IN_LASTS[face].total_seconds()),
        httponly=True,
        secure=setting("is_https"),
        samesite="Lax",
        path="/",
    )
    return response


@blueprint.get("/sign-in")
def password_page() -> str:
    """Login and password."""
    return render_template("sign_in/password.html", form=Form(), problem=None, next=request.args.get("next", ""))


@blueprint.post("/sign-in")
def sign_in_with_password() -> Response | tuple[str, int]:
    """Sign in to the console."""
    form = Form(request.form)
    try:
        login = form.text("login", longest=60)
        password = form.text("password", longest=128)
        form.check()
        _count_try(f"login:{login}")
        with transaction() as session:
            person = people.person_by_password(session, login, password)
            token = people.start_sign_in(session, person, face="console", now=utc_now())
            return _welcome(token, person.roles, "console", f"login:{login}")
    except Problem as problem:
        page = render_template("sign_in/password.html", form=form, problem=problem, next=request.form.get("next", ""))
        return page, problem.status


@blueprint.get("/bench/sign-in")
def badge_page() -> str:
    """Scan a badge, or choose a name and type the PIN."""
    with transaction() as session:
        packers = session.scalars(
            select(Person).join(PersonRole).where(PersonRole.role == PACKER, Person.active).order_by(Person.name)
        ).all()
    return render_template(
        "sign_in/bench.html", people=packers, chosen=None, problem=None, next=request.args.get("next", "")
    )


@blueprint.get("/bench/sign-in/<int:person_id>")
def pin_page(person_id: int) -> str | tuple[str, int]:
    """The PIN pad of one person."""
    return _pin_pad(person_id, None)


def _pin_pad(person_id: int, problem: Problem | None) -> tuple[str, int]:
    with transaction() as session:
        person = session.get(Person, person_id) if person_id < 2**62 else None
    if person is None or not person.active or PACKER not in person.roles:
        raise NotSignedIn("没有找到这个人，请重新选名字。", "That person was not found. Choose the name again.")
    page = render_template("sign_in/pin.html", person=person, problem=problem, next=request.values.get("next", ""))
    return page, problem.status if problem else 200


@blueprint.post("/bench/sign-in/<int:person_id>")
def sign_in_with_pin(person_id: int) -> Response | tuple[str, int]:
    """Sign in at the bench with a PIN."""
    bucket = f"pin:{person_id}"
    try:
        _count_try(bucket)
        with transaction() as session:
            person = people.person_by_pin(session, person_id, request.form.get("pin", "")[:20])
            token = people.start_sign_in(session, person, face="bench", now=utc_now())
            return _welcome(token, person.roles, "bench", bucket)
    except Problem as problem:
        return _pin_pad(person_id, problem)


@blueprint.post("/bench/sign-in")
def sign_in_with_badge() -> Response | tuple[str, int]:
    """Sign in at the bench with a scanned badge."""
    code = request.form.get("badge", "")[:100]
    try:
        _count_try(f"badge:{request.remote_addr}")
        with transaction() as session:
            person = people.person_by_badge(session, code)
            token = people.start_sign_in(session, person, face="bench", now=utc_now())
            return _welcome(token, person.roles, "bench", f"badge:{request.remote_addr}")
    except Problem as problem:
        with transaction() as session:
            packers = session.scalars(
                select(Person).join(PersonRole).where(PersonRole.role == PACKER, Person.active).order_by(Person.name)
            ).all()
        page = render_template(
            "sign_in/bench.html", people=packers, chosen=None, problem=problem, next=request.form.get("next", "")
        )
        return page, problem.status


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Sign this device out."""
    person = current_person()
    token = request.cookies.get(sign_in_cookie())
    if token:
        with transaction() as session:
            people.end_sign_in(session, token, utc_now())
    page = "sign_in.badge_page" if person and person.roles == {PACKER} else "sign_in.password_page"
    response = redirect(url_for(page), code=303)
    response.delete_cookie(sign_in_cookie(), path="/", secure=setting("is_https"), httponly=True, samesite="Lax")
    return response
