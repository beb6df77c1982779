"""`gongfang add-person`: somebody who works here, and on a new installation the first owner."""

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

from app import migrate
from app.commands.connect import open_database
from app.console import people_forms, people_service
from kernel.audit import Actor
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Refused
from kernel.forms import Form
from kernel.ids import readable_code
from kernel.parse import FieldError
from kernel.people.rules import DESK_ROLES, PACKER, ROLES, check_pin
from kernel.text import LOCALES

_COMMAND = Actor(None, "gongfang add-person")


@click.command("add-person")
@click.option("--name", help="The person's name.")
@click.option("--shown-name", help="What buyers may see, as the person chooses; the name when left out.")
@click.option("--login", help="For the office sign-in: 2 to 40 letters, digits or . _ -")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, help="May be given several times.")
@click.option("--language", type=click.Choice(LOCALES), default="zh", show_default=True, help="Language of the pages.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def add_person(
    name: str | None, shown_name: str | None, login: str | None, roles: Sequence[str], language: str, as_json: bool
) -> None:
    """Add somebody who works here, and print a generated password or PIN once. Asks for what is not given."""
    may_ask = sys.stdin.isatty() and not as_json
    roles = roles or _ask_roles(may_ask)
    name = name or _ask("--name", "Name", may_ask)
    if DESK_ROLES & set(roles):
        login = login or _ask("--login", "Login", may_ask)
    typed = {"name": name, "shown_name": shown_name or name, "login": login or "", "language": language}
    database = open_database()
    try:
        added = _add(database, Form({**typed, **{f"role_{role}": "1" for role in roles}}))
    finally:
        database.dispose()
    print(json.dumps(asdict(added), ensure_ascii=False) if as_json else _in_words(added))


def _ask(option: str, words: str, may_ask: bool) -> str:
    if not may_ask:
        raise click.UsageError(f"Give {option}.")
    answer: str = click.prompt(words)
    return answer


def _ask_roles(may_ask: bool) -> list[str]:
    if not may_ask:
        raise click.UsageError(f"Give --role: one or more of {', '.join(ROLES)}.")
    words = click.prompt("Roles, with a space between", default="owner")
    unknown = set(words.split()) - set(ROLES)
    if unknown:
        raise click.UsageError(f"No such role: {', '.join(sorted(unknown))}. There are {', '.join(ROLES)}.")
    return list(words.split())


@dataclass(frozen=True)
class Added:
    """Somebody who was added, with the secrets that are stored as hashes only."""

    id: int
    name: str
    roles: list[str]
    login: str | None
    password: str | None
    pin: str | None


def _add(database: Database, form: Form) -> Added:
    facts = people_forms.read_person(form)
    form.check()
    if not migrate.is_up_to_date(database):
        raise Refused("数据库还没有准备好。", "The database is not up to date. Run `gongfang migrate` first.")
    password = new_password() if facts.sits_at_a_desk else None
    pin = new_pin() if PACKER in facts.roles else None
    with database.transaction() as session:
        person = people_service.add_person(
            session, facts, password=password, pin=pin, preferences=frozenset(), now=utc_now(), by=_COMMAND
        )
        return Added(person.id, person.name, sorted(person.roles), person.login, password, pin)


def new_password() -> str:
    """A password of 80 bits that can be read out: four groups of four."""
    return "-".join(readable_code(4) for _ in range(4))


def new_pin() -> str:
    """A PIN of six digits that the rules allow."""
    while True:
        pin = f"{secrets.randbelow(1_000_000):06d}"
        try:
            return check_pin(pin)
        except FieldError:
            continue


def _in_words(added: Added) -> str:
    lines = [f"Added {added.name} ({', '.join(added.roles)})."]
    if added.password:
        lines += [f"  Sign-in   /sign-in with {added.login}", f"  Password  {added.password}"]
    if added.pin:
        lines += ["  Bench     /bench/sign-in, by name", f"  PIN       {added.pin}"]
    lines += ["This is shown once; only hashes are kept. A badge is printed in the console, under people."]
    return "\n".join(lines)
