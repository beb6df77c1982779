"""`gongfang add-person`: the first owner of a new installation, and everybody after."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from app.cli import main
from app.commands import people as command
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import Problem
from kernel.people import service
from kernel.people.models import Person
from kernel.people.rules import check_password, check_pin


def run(database: Database, *arguments: str) -> Result:
    return CliRunner().invoke(command.add_person, arguments, env={"DATABASE_URL": database.url})


def test_the_first_owner_can_sign_in_with_what_was_printed_once(database: Database) -> None:
    result = run(database, "--name", "陈老板", "--role", "owner", "--login", "Chen", "--json")
    assert result.exit_code == 0, result.output
    added = json.loads(result.output)
    assert (added["name"], added["login"], added["roles"], added["pin"]) == ("陈老板", "chen", ["owner"], None)
    with database.transaction() as session:
        assert service.person_by_password(session, "chen", added["password"]).id == added["id"]
        stored = session.scalars(select(Person.password_hash)).one()
        assert added["password"] not in str(stored)
        assert set(session.scalars(select(AuditEntry.actor))) == {"gongfang add-person"}


def test_a_packer_gets_a_pin_and_is_registered_for_work(database: Database) -> None:
    result = run(database, "--name", "吴秀英", "--shown-name", "吴阿姨", "--role", "packer", "--json")
    added = json.loads(result.output)
    assert (added["login"], added["password"]) == (None, None)
    with database.transaction() as session:
        person = service.person_by_pin(session, added["id"], added["pin"])
        assert person.shown_name == "吴阿姨"


def test_in_words_it_says_where_to_go_and_that_this_is_all(database: Database) -> None:
    result = run(database, "--name", "陈", "--role", "owner", "--role", "packer", "--login", "chen")
    for words in ("/sign-in with chen", "Password", "PIN", "shown once"):
        assert words in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--name", "x"),
        ("--name", "x", "--role", "king"),
        ("--name", "x", "--role", "owner"),
        ("--role", "owner", "--login", "x1"),
    ],
)
def test_what_is_missing_is_misuse_when_nobody_can_be_asked(database: Database, arguments: tuple[str, ...]) -> None:
    assert run(database, *arguments).exit_code == 2
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0


@pytest.mark.parametrize(
    ("name", "login", "field"), [("陈", "陈老板", "login"), ("长" * 31, "chen", "name"), ("\x01", "chen", "name")]
)
def test_what_makes_no_sense_is_refused_by_its_field(database: Database, name: str, login: str, field: str) -> None:
    result = run(database, "--name", name, "--role", "owner", "--login", login)
    assert isinstance(result.exception, Problem)
    assert field in result.exception.fields


def test_a_login_that_is_taken_ends_with_one_and_a_sentence(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(database, "--name", "陈", "--role", "owner", "--login", "chen").exit_code == 0
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setattr("sys.argv", ["gongfang", "add-person", "--name", "x", "--role", "owner", "--login", "chen"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    captured = capsys.readouterr()
    assert "That login is taken" in captured.err
    assert captured.out == ""


def test_generated_secrets_pass_the_rules_and_are_never_the_same() -> None:
    passwords, pins = {command.new_password() for _ in range(50)}, [command.new_pin() for _ in range(200)]
    assert len(passwords) == 50
    for password in passwords:
        check_password(password)
    for pin in pins:
        check_pin(pin)
    assert len(set(pins)) > 150
