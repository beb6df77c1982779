"""A form is carried out once: the same key again changes nothing, and another content under it is told apart."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import once
from kernel.audit import Actor
from kernel.db import Database
from kernel.errors import BadRequest
from tests.world import NOW

ANN, BOB = Actor(1, "Ann"), Actor(2, "Bob")
TYPED = {"amount": "5", "form_key": "k" * 22, "csrf_token": "one"}


def sent(session: Session, typed: dict[str, str] = TYPED, purpose: str = "refund", by: Actor = ANN) -> bool:
    return once.is_first(session, typed, purpose=purpose, by=by, now=NOW)


def test_the_second_time_is_not_the_first(session: Session) -> None:
    assert sent(session)
    assert not sent(session)
    assert not sent(session, {**TYPED, "csrf_token": "two"}), "the token against forgery is no content"


def test_a_key_opens_nothing_for_another_purpose_or_person(session: Session) -> None:
    assert sent(session)
    assert sent(session, purpose="cancel")
    assert sent(session, by=BOB)


def test_another_content_under_the_same_key_is_refused(session: Session) -> None:
    assert sent(session)
    with pytest.raises(once.SentAlready):
        sent(session, {**TYPED, "amount": "6"})
    with pytest.raises(once.SentAlready):
        sent(session, {**TYPED, "more": "x"})


def test_a_form_that_failed_may_be_sent_again(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as session:
            assert sent(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(once.SentForm)) == 0
        assert sent(session)


@pytest.mark.parametrize("key", [None, "", "short", "k" * 65, "k" * 21 + "\n", "ｋ" * 22, 7])
def test_a_key_that_is_none_is_a_stale_page(session: Session, key: object) -> None:
    with pytest.raises(BadRequest):
        once.is_first(session, {**TYPED, "form_key": key}, purpose="x", by=ANN, now=NOW)


def test_new_keys_are_usable_and_never_the_same(session: Session) -> None:
    keys = {once.new_key() for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        assert sent(session, {**TYPED, "form_key": key})
