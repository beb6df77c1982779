"""Signing in: login and password for the console, badge or PIN at the bench. No puzzle, paste allowed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask import session as cookie
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.web.language import COOKIE as LANGUAGE_COOKIE
from fulfillment.crew.rules import BADGE, OWN, PIN
from fulfillment.labels.rules import mask_name
from kernel import limits
from kernel.errors import NotFound, NotSignedIn, Problem, TooMany
from kernel.forms import Form
from kernel.http import current_person, setting, sign_in_cookie, transaction, utc_now
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD, PACKER, WEIGHER, home_page
from kernel.scans import without_garbage

blueprint = Blueprint("sign_in", __name__)

# Who may sign in with a badge or a short PIN. Whoever also holds another role (owner, streamer) uses the password,
# because four digits on a shared tablet must not open the console.
BENCH_ROLES: Final = frozenset({PACKER, LEAD, WEIGHER})

_WINDOW = timedelta(minutes=10)
_TRIES_A_PERSON = 8
_TRIES_AN_ADDRESS = 60  # wrong ones: a whole bench signs in from one address at eight in the morning
_DAY = timedelta(hours=24)
_TRIES_A_DAY = 30  # of 10,000 PINs and more
_MANY_PEOPLE = 24


def local_path(target: str | None) -> str | None:
    """The target when it is a path of this site, else ``None``: sign-in must not send people elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and target.isprintable() else None


def _count_try(bucket: str | None) -> None:
    """Count the try for the person and the address, in a transaction of its own so that a wrong try counts."""
    now = utc_now()
    with transaction() as session:
        limits.take(session, f"sign-in:{request.remote_addr}", most=_TRIES_AN_ADDRESS, window=_WINDOW, now=now)
        if bucket:
            limits.take(session, f"sign-in:{bucket}", most=_TRIES_A_PERSON, window=_WINDOW, now=now)
            _count_day(session, bucket, now)


def _count_day(session: Session, bucket: str, now: datetime) -> None:
    try:
        limits.take(session, f"sign-in-day:{bucket}", most=_TRIES_A_DAY, window=_DAY, now=now)
    except TooMany as problem:
        raise TooMany(
            "今天试错太多次了。请扫工牌，或请组长换一个密码。",
            "Too many wrong tries today. Use the badge, or ask the lead for a new PIN.",
            extra=problem.extra,
        ) from None


def _sign_in(find: Callable[[Session], Person], *, face: str, bucket: str | None, how: str) -> Response:
    """Count the try, find the person, start a new sign-in and end the one that this device had."""
    _count_try(bucket)
    with transaction() as session:
        person = find(session)
        if face == "bench":
            _refuse_short_secret(person)
        token = start_here(session, person, face=face)
        limits.give_back(session, f"sign-in:{request.remote_addr}")
        if bucket:
            limits.forget(session, f"sign-in:{bucket}")
            limits.forget(session, f"sign-in-day:{bucket}")
    return let_in(person, token, face=face, how=how)


def start_here(session: Session, person: Person, *, face: str) -> str:
    """A new sign-in on this device, in place of the one that it had; its token."""
    before = request.cookies.get(sign_in_cookie())
    if before:
        people.end_sign_in(session, before, utc_now())
    return people.start_sign_in(session, person, face=face, now=utc_now())


def let_in(person: Person, token: str, *, face: str, how: str) -> Response:
    """On to where the person wanted to go, or home, with the sign-in in a cookie."""
    # What the last person was told or typed does not belong to this one.
    cookie.clear()
    # A shift remembers how its person came (fulfillment/crew).
    cookie["came_by"] = how
    response = redirect(local_path(request.form.get("next")) or home_page(person.roles), code=303)
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


def _uses_the_bench(person: Person) -> bool:
    return bool(person.roles) and person.roles <= BENCH_ROLES


def _refuse_short_secret(person: Person) -> None:
    if not _uses_the_bench(person):
        raise NotSignedIn(
            "您在办公室也有分工，请用登录名和密码登录。",
            "You also work at the console. Please sign in with your login and password.",
            code="needs_password",
        )


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
        return _sign_in(
            lambda session: people.person_by_password(session, login, password),
            face="console",
            bucket=f"login:{login}",
            how=OWN,
        )
    except Problem as problem:
        page = render_template("sign_in/password.html", form=form, problem=problem, next=request.form.get("next", ""))
        return page, problem.status


@dataclass(frozen=True)
class Face:
    """A name to tap on the tablet: as the person chose to be shown, with more only where two are called the same."""

    person_id: int
    surname: str
    shown: str


def _faces(session: Session) -> Sequence[Face]:
    """Everybody who may type a PIN at the bench, by name."""
    found = session.scalars(select(Person).where(Person.active, Person.pin_hash.is_not(None)).order_by(Person.name))
    here = [person for person in found if _uses_the_bench(person)]
    called = Counter(person.shown_name for person in here)
    return [
        Face(
            person.id,
            person.name[:1],
            person.shown_name if called[person.shown_name] == 1 else f"{person.shown_name} ({mask_name(person.name)})",
        )
        for person in here
    ]


def _badge_page(problem: Problem | None) -> tuple[str, int]:
    """Badge field and names; where there are many people, first by surname."""
    with transaction() as session:
        faces = _faces(session)
    surname = request.args.get("surname", "")[:1]
    surnames = list(dict.fromkeys(face.surname for face in faces)) if len(faces) > _MANY_PEOPLE else []
    shown = [face for face in faces if not surnames or face.surname == surname]
    page = render_template(
        "sign_in/bench.html",
        faces=shown,
        surnames=surnames,
        surname=surname,
        problem=problem,
        next=request.values.get("next", ""),
    )
    return page, problem.status if problem else 200


@blueprint.get("/bench/sign-in")
def badge_page() -> tuple[str, int]:
    """Scan a badge, or choose a name and type the PIN."""
    return _badge_page(None)


@blueprint.get("/bench/sign-in/<int:person_id>")
def pin_page(person_id: int) -> tuple[str, int]:
    """The PIN pad of one person."""
    return _pin_pad(person_id, None)


def _pin_pad(person_id: int, problem: Problem | None) -> tuple[str, int]:
    with transaction() as session:
        face = next((face for face in _faces(session) if face.person_id == person_id), None)
    if face is None:
        return _badge_page(
            NotFound("没有找到这个人，请重新选名字。", "That person was not found. Choose the name again.")
        )
    page = render_template("sign_in/pin.html", face=face, problem=problem, next=request.values.get("next", ""))
    return page, problem.status if problem else 200


@blueprint.post("/bench/sign-in/<int:person_id>")
def sign_in_with_pin(person_id: int) -> Response | tuple[str, int]:
    """Sign in at the bench with a PIN."""
    pin = request.form.get("pin", "")[:20]
    try:
        return _sign_in(
            lambda session: people.person_by_pin(session, person_id, pin),
            face="bench",
            bucket=f"pin:{person_id}",
            how=PIN,
        )
    except Problem as problem:
        return _pin_pad(person_id, problem)


@blueprint.post("/bench/sign-in")
def sign_in_with_badge() -> Response | tuple[str, int]:
    """Sign in at the bench with a scanned badge, also one that was scanned into the packer's parcel field."""
    code = without_garbage(request.form.get("badge") or request.form.get("code"))
    try:
        return _sign_in(lambda session: people.person_by_badge(session, code), face="bench", bucket=None, how=BADGE)
    except Problem as problem:
        return _badge_page(problem)


@blueprint.post("/bench/hand-over")
def hand_over_tablet() -> Response:
    """The next person's turn at this tablet; work in hand stays with whoever has it."""
    response = _leave("sign_in.badge_page")
    # The next person has a language of their own.
    response.delete_cookie(LANGUAGE_COOKIE, secure=setting("is_https"), httponly=True, samesite="Lax")
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Sign this device out."""
    person = current_person()
    at_bench = person is not None and person.roles <= BENCH_ROLES
    return _leave("sign_in.badge_page" if at_bench else "sign_in.password_page")


def _leave(page: str) -> Response:
    token = request.cookies.get(sign_in_cookie())
    if token:
        with transaction() as session:
            people.end_sign_in(session, token, utc_now())
    cookie.clear()
    response = redirect(url_for(page), code=303)
    response.delete_cookie(sign_in_cookie(), path="/", secure=setting("is_https"), httponly=True, samesite="Lax")
    return response
