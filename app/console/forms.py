"""What the console's forms share: carried out once, shown again as they were typed, and a word when it is done."""

from flask import flash, redirect
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, utc_now
from kernel.text import t


def first_time(session: Session, form: Form, purpose: str) -> bool:
    """Whether to carry the form out; a repeat changes nothing."""
    return once.is_first(session, form.values, purpose=purpose, by=actor(), now=utc_now())


def my_id() -> int:
    """The id of who is signed in."""
    person_id = actor().person_id
    assert person_id is not None, "whoever comes here is signed in"
    return person_id


def done(url: str, sentence: str, *, is_first: bool = True) -> Response:
    """On to the next page, which says what just happened; a repeat is told that it was one."""
    again = t("刚才已经做过了，没有重复做。", "That was done already; nothing was done twice.")
    flash(sentence if is_first else again, "done")
    return redirect(url, code=303)


def possible_id(number: int) -> int:
    """An id from an address, unless it is larger than any that the database gives.

    Raises:
        NotFound: it is.
    """
    if number >= 2**63:
        raise NotFound("没有这一条。", "There is no such thing.")
    return number


def said_again(form: Form, problem: Problem) -> Form:
    """The form to show again with what was typed. A key that was used for something else is replaced.

    Raises:
        NotFound: what the form is about is not there, so there is no page to show it on.
    """
    if isinstance(problem, NotFound):
        raise problem
    if isinstance(problem, once.SentAlready):
        form.values.pop(once.FIELD)
    return form
