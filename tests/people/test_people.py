"""People: logins, secrets kept as hashes, roles that bite at once, and an owner who always stays."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM, AuditEntry
from kernel.db import Database
from kernel.errors import NotSignedIn, Problem, Refused
from kernel.parse import FieldError
from kernel.people import service
from kernel.people.models import Person, PersonRole
from kernel.people.rules import LEAD, OWNER, PACKER, STREAMER, check_login, check_password, check_pin
from kernel.people.signed_in import signed_in
from tests.world import NOW

PASSWORD = "ten-letters-or-more"


def add(session: Session, name: str = "范建国", roles: tuple[str, ...] = (OWNER,), **more: str) -> Person:
    return service.add_person(session, name=name, shown_name=name, roles=roles, now=NOW, by=SYSTEM, **more)


def active_owners(session: Session) -> int:
    wanted = select(func.count()).select_from(Person).join(PersonRole).where(PersonRole.role == OWNER, Person.active)
    return session.scalar(wanted) or 0


def test_nothing_that_opens_a_door_is_stored_readably(session: Session) -> None:
    person = add(session, login="fan", password=PASSWORD, pin="2580")
    code = service.new_badge(session, person, now=NOW, by=SYSTEM)
    stored = " ".join(
        str(value)
        for row in session.execute(text("SELECT p::text FROM people p UNION ALL SELECT a::text FROM audit_entries a"))
        for value in row
    )
    assert "范建国" in stored
    for secret in (PASSWORD, "2580", code):
        assert secret not in stored


def test_a_login_is_one_persons_also_in_capitals(session: Session) -> None:
    add(session, login="Fan.JG")
    with pytest.raises(Refused) as refusal:
        add(session, name="other", login="fan.jg")
    assert refusal.value.code == "login_taken"


def test_two_who_take_one_login_at_the_same_moment_are_told_apart(database: Database) -> None:
    refused: list[str] = []

    def take_it_too() -> None:
        try:
            with database.transaction() as session:
                add(session, name="second", login="fan")
        except Refused as refusal:
            refused.append(refusal.code)

    second = threading.Thread(target=take_it_too)
    with database.transaction() as session:
        add(session, login="fan")
        # The second one waits at the unique index until the first has committed.
        second.start()
    second.join()
    assert refused == ["login_taken"]


def test_a_refused_login_leaves_the_transaction_usable(session: Session) -> None:
    add(session, login="fan")
    for _ in range(2):
        with pytest.raises(Refused):
            add(session, name="other", login="fan")
    assert add(session, name="other", login="other").id


def test_capitals_do_not_matter_when_signing_in(session: Session) -> None:
    person = add(session, login="fan", password=PASSWORD)
    assert service.person_by_password(session, "FAN", PASSWORD).id == person.id


@pytest.mark.parametrize("login", ["", "a", "范建国", "fan jg", "-fan", "fan\x00", "ｆａｎ", "x" * 41, "fan@home"])
def test_a_login_that_cannot_be_typed_everywhere_is_refused(login: str) -> None:
    with pytest.raises(FieldError):
        check_login(login)


@pytest.mark.parametrize("pin", ["", "123", "1234567", "１２３４", "٣٤٥٦", "12a4", "1111", "-123"])
def test_a_pin_is_four_to_six_digits_and_not_one_repeated(pin: str) -> None:
    with pytest.raises(FieldError):
        check_pin(pin)


def test_a_password_is_long_and_nothing_else_is_asked() -> None:
    assert check_password("correct horse") == "correct horse"
    for wrong in ("short", "x" * 129):
        with pytest.raises(FieldError):
            check_password(wrong)


@pytest.mark.parametrize("change", ["password", "pin", "badge", "deactivate"])
def test_a_new_secret_or_a_deactivation_signs_out_every_device(session: Session, change: str) -> None:
    add(session, name="other owner")
    person = add(session, roles=(PACKER,), login="fan", password=PASSWORD, pin="2580")
    tokens = [service.start_sign_in(session, person, face="bench", now=NOW) for _ in range(2)]
    session.flush()
    assert all(signed_in(session, token, NOW) for token in tokens)
    steps: dict[str, Callable[[], object]] = {
        "password": lambda: service.set_password(session, person, PASSWORD + "!", now=NOW, by=SYSTEM),
        "pin": lambda: service.set_pin(session, person, "1470", now=NOW, by=SYSTEM),
        "badge": lambda: service.new_badge(session, person, now=NOW, by=SYSTEM),
        "deactivate": lambda: service.deactivate(session, person, now=NOW, by=SYSTEM),
    }
    steps[change]()
    assert not any(signed_in(session, token, NOW) for token in tokens)


def test_an_old_badge_stops_working(session: Session) -> None:
    person = add(session, roles=(PACKER,))
    first = service.new_badge(session, person, now=NOW, by=SYSTEM)
    second = service.new_badge(session, person, now=NOW, by=SYSTEM)
    session.flush()
    assert service.person_by_badge(session, f" {second}\n").id == person.id
    with pytest.raises(NotSignedIn):
        service.person_by_badge(session, first)


def test_whoever_is_deactivated_cannot_sign_in_by_any_way_until_reactivated(session: Session) -> None:
    add(session, name="other owner")
    person = add(session, roles=(PACKER, LEAD), login="fan", password=PASSWORD, pin="2580")
    code = service.new_badge(session, person, now=NOW, by=SYSTEM)
    ways: list[Callable[[], Person]] = [
        lambda: service.person_by_password(session, "fan", PASSWORD),
        lambda: service.person_by_pin(session, person.id, "2580"),
        lambda: service.person_by_badge(session, code),
    ]
    service.deactivate(session, person, now=NOW, by=SYSTEM)
    for way in ways:
        with pytest.raises(NotSignedIn):
            way()
    service.reactivate(session, person, now=NOW, by=SYSTEM)
    session.flush()
    assert [way().id for way in ways] == [person.id] * 3


def test_a_role_that_was_taken_away_is_gone_at_the_next_request(database: Database) -> None:
    with database.transaction() as session:
        person = add(session, roles=(STREAMER, PACKER))
        token = service.start_sign_in(session, person, face="console", now=NOW)
    with database.transaction() as session:
        service.set_roles(session, session.get_one(Person, person.id), [PACKER], now=NOW, by=SYSTEM)
    with database.transaction() as session:
        found = signed_in(session, token, NOW)
        assert found is not None
        assert found.roles == {PACKER}


def test_the_last_owner_can_neither_go_nor_lose_the_role(session: Session) -> None:
    owner = add(session)
    add(session, name="packer", roles=(PACKER,))
    for step in (
        lambda: service.deactivate(session, owner, now=NOW, by=SYSTEM),
        lambda: service.set_roles(session, owner, [LEAD], now=NOW, by=SYSTEM),
    ):
        with pytest.raises(Refused) as refusal:
            step()
        assert refusal.value.code == "last_owner"
    second = add(session, name="second")
    service.deactivate(session, second, now=NOW, by=SYSTEM)
    with pytest.raises(Refused):
        service.deactivate(session, owner, now=NOW, by=SYSTEM)
    assert active_owners(session) == 1


def two_owners(database: Database) -> tuple[int, int]:
    with database.transaction() as session:
        return add(session, name="first").id, add(session, name="second").id


def let_each_other_go(database: Database, people: tuple[int, int], step: str, patience_s: float = 0.5) -> list[str]:
    """Both steps at once, each past its check before the other commits; returns what was refused.

    With the guard the second one waits inside its step, so nobody meets and the first goes on when patience ends.
    """
    both_checked = threading.Barrier(2, timeout=patience_s)
    refused: list[str] = []

    def go(person_id: int) -> None:
        try:
            with database.transaction() as session:
                person = service.lock_person(session, person_id)
                if step == "deactivate":
                    service.deactivate(session, person, now=NOW, by=SYSTEM)
                else:
                    service.set_roles(session, person, [LEAD], now=NOW, by=SYSTEM)
                with suppress(threading.BrokenBarrierError):
                    both_checked.wait()
        except Problem as problem:
            refused.append(problem.code)
        except IntegrityError:
            refused.append("database")

    threads = [threading.Thread(target=go, args=(person_id,)) for person_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


@pytest.mark.parametrize("step", ["deactivate", "lose the role"])
def test_two_owners_who_let_each_other_go_at_once_leave_one(database: Database, step: str) -> None:
    refused = let_each_other_go(database, two_owners(database), step)
    assert refused == ["last_owner"]
    with database.transaction() as session:
        assert active_owners(session) == 1


@pytest.mark.parametrize("step", ["deactivate", "lose the role"])
def test_the_database_keeps_an_owner_when_the_program_does_not_look(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(service, "_require_another_owner", lambda *_: None)
    refused = let_each_other_go(database, two_owners(database), step, patience_s=30)
    assert refused == ["database"]
    with database.transaction() as session:
        assert active_owners(session) == 1


@pytest.mark.parametrize("step", ["deactivate", "lose the role"])
def test_without_both_guards_two_owners_leave_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The control: it shows that the two tests above can fail."""
    monkeypatch.setattr(service, "_ONE_OWNER_AT_A_TIME", text("SELECT 1"))
    people = two_owners(database)
    with database.transaction() as session:
        session.execute(text("DROP TRIGGER people_keep_an_owner ON people"))
        session.execute(text("DROP TRIGGER person_roles_keep_an_owner ON person_roles"))
    assert let_each_other_go(database, people, step, patience_s=30) == []
    with database.transaction() as session:
        assert active_owners(session) == 0


def test_an_installation_without_an_owner_may_still_change_its_packers(database: Database) -> None:
    with database.transaction() as session:
        packer = add(session, roles=(PACKER,))
        service.deactivate(session, packer, now=NOW, by=SYSTEM)


def test_what_stays_the_same_leaves_no_trace_and_what_changes_leaves_before_and_after(session: Session) -> None:
    person = add(session, login="fan")
    known = set(session.scalars(select(AuditEntry.id)))
    given = {"name": "范建国", "login": "fan", "language": "zh", "now": NOW, "by": SYSTEM}
    service.change_person(session, person, shown_name="范建国", **given)
    service.set_roles(session, person, [OWNER], now=NOW, by=SYSTEM)
    assert set(session.scalars(select(AuditEntry.id))) == known
    service.change_person(session, person, shown_name="范组长", **given)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.id.not_in(known))).one()
    assert (entry.action, entry.subject) == ("person.changed", f"person:{person.id}")
    assert (entry.before, entry.after) == ({"shown_name": "范建国"}, {"shown_name": "范组长"})
