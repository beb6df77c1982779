"""Wages: what everybody earned in a span of days, one person's lines, what waits for a person; the rest in wage_*_views."""

from flask import Blueprint, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import (
    wage_correction_views,
    wage_pay_person_views,
    wage_pay_views,
    wage_rate_views,
    wage_terms_views,
    wage_words,
    wage_work_views,
)
from fulfillment.bench.wage_chart import bars
from fulfillment.bench.wage_forms import Span, bounded, read_span, today
from fulfillment.piecework import queries
from fulfillment.piecework.corrections import queries as corrections
from fulfillment.piecework.pay import queries as pay
from fulfillment.piecework.queries import PersonWages
from fulfillment.piecework.work import queries as work
from kernel.clock import day_bounds
from kernel.errors import NotFound
from kernel.files import csv_answer
from kernel.http import requires, setting, transaction
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER
from kernel.sheets import plain_yuan
from kernel.text import t

blueprint = Blueprint("wages", __name__)
blueprint.context_processor(wage_words.words)

for part in (
    wage_rate_views,
    wage_work_views,
    wage_correction_views,
    wage_terms_views,
    wage_pay_views,
    wage_pay_person_views,
):
    blueprint.register_blueprint(part.blueprint)


def _wages(session: Session, span: Span) -> list[PersonWages]:
    zone = setting("workshop_zone")
    start, end = day_bounds(span.first, zone)[0], day_bounds(span.last, zone)[1]
    return queries.wages_by_person(session, start, end)


@blueprint.get("/wages")
@requires(LEAD, OWNER)
def wages() -> tuple[str, int]:
    """What everybody earned in a span of days, as numbers and as bars, and what waits for somebody."""
    span, form = read_span()
    zone = setting("workshop_zone")
    with transaction() as session:
        people = _wages(session, span)
        page = render_template(
            "lead/wages.html",
            span=span,
            form=form,
            people=people,
            most_fen=max((person.fen for person in people), default=0),
            chart=bars(queries.wages_by_day(session, span.first, span.last, zone), span.first, span.last),
            today_fen=sum(person.fen for person in _wages(session, Span(today(), today()))),
            unpaid_fen=queries.all_unpaid_fen(session),
            to_decide=corrections.waiting_count(session),
            to_confirm=len(work.waiting(session)),
            run=pay.open_run(session),
        )
    return page, 422 if form.errors else 200


@blueprint.get("/wages/people/<int:person_id>")
@requires(LEAD, OWNER)
def person(person_id: int) -> str:
    """One person's lines, as they stand in the pass book."""
    with transaction() as session:
        found = session.get(Person, bounded(person_id))
        if found is None:
            raise NotFound("没有这个人。", "There is no such person.")
        return render_template(
            "lead/wage_person.html",
            person=found,
            lines=queries.pass_book(session, person_id, most=100),
            unpaid_fen=queries.unpaid_fen(session, person_id),
            runs=pay.runs_of(session, person_id),
        )


@blueprint.get("/wages/paper")
@requires(LEAD, OWNER)
def wages_paper() -> str:
    """The same on paper, with a line for each signature."""
    span, _ = read_span()
    with transaction() as session:
        return render_template("lead/wages_paper.html", span=span, people=_wages(session, span))


@blueprint.get("/wages.csv")
@requires(LEAD, OWNER)
def wages_csv() -> Response:
    """The same as a file."""
    span, _ = read_span()
    header = [t("姓名", "Name"), t("件数", "Pieces"), t("金额（元）", "Yuan")]
    with transaction() as session:
        rows = [(one.name, one.pieces, plain_yuan(one.fen)) for one in _wages(session, span)]
    return csv_answer(f"wages-{span.first}-{span.last}", header, rows)
