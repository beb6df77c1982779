"""What a packer sees of the lead's board: notes to read, contests to join or leave."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from fulfillment.bench import packer_queries
from fulfillment.bench.lead_forms import bounded
from fulfillment.crew.notes import queries as notes
from fulfillment.crew.notes import service as note_service
from fulfillment.crew.notes.models import CrewNote
from fulfillment.packing.contests import queries as contests
from fulfillment.packing.contests import service as contest_service
from fulfillment.packing.contests.rules import MEASURE_WORDS, honours
from kernel.clock import local_day
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import PACKER

blueprint = Blueprint("crew", __name__, url_prefix="/bench")


def notes_for_me() -> list[CrewNote]:
    """What the signed-in packer has not read yet."""
    person = current_person()
    if person is None or PACKER not in person.roles:
        return []
    with transaction() as session:
        found = notes.unseen(session, person.id)
        session.expunge_all()
        return found


def has_contests() -> bool:
    """Whether there is a contest to join or to look at."""
    with transaction() as session:
        return bool(contests.open_contests(session, local_day(utc_now(), setting("workshop_zone"))))


@blueprint.app_context_processor
def words() -> dict[str, Callable[[], object]]:
    """What every packer's page may ask for; nothing is read until it does."""
    return {"notes_for_me": notes_for_me, "has_contests": has_contests}


@blueprint.post("/notes/<int:note_id>/seen")
@requires(PACKER)
def note_seen(note_id: int) -> Response:
    """The packer has read it."""
    with transaction() as session:
        note_service.note_seen(session, bounded(note_id), _me(), utc_now())
    return redirect(url_for("bench.home"), code=303)


@blueprint.get("/contests")
@requires(PACKER)
def list_contests() -> str:
    """Contests that one may join; in those one has joined, one's own figures and today's honours."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        found = []
        for contest in contests.open_contests(session, local_day(now, zone)):
            figures = {each.person_id: each for each in contests.figures_of(session, contest, now, zone)}
            names = {entry.person_id: entry.person.shown_name for entry in contest.entries}
            best = [(names[each.person_id], each) for each in honours(contest.measure, list(figures.values()))]
            found.append((contest, MEASURE_WORDS[contest.measure], figures.get(_me()), best))
        return render_template(
            "bench/contests.html",
            contests=found,
            today=packer_queries.earned_today(session, _me(), now, zone),
            reads_aloud=packer_queries.reads_aloud(session, _me()),
        )


@blueprint.post("/contests/<int:contest_id>/join")
@requires(PACKER)
def join(contest_id: int) -> Response:
    """Take part."""
    with transaction() as session:
        today = local_day(utc_now(), setting("workshop_zone"))
        contest_service.join(session, bounded(contest_id), _me(), today=today, now=utc_now(), by=actor())
    return redirect(url_for("crew.list_contests"), code=303)


@blueprint.post("/contests/<int:contest_id>/leave")
@requires(PACKER)
def leave(contest_id: int) -> Response:
    """Take part no longer."""
    with transaction() as session:
        contest_service.leave(session, bounded(contest_id), _me(), now=utc_now(), by=actor())
    return redirect(url_for("crew.list_contests"), code=303)


def _me() -> int:
    person_id = actor().person_id
    assert person_id is not None
    return person_id
