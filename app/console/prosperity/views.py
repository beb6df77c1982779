"""The common-prosperity report as a page, a paper, a workbook and the county's file; and the charity fund's lines."""

from collections.abc import Sequence
from datetime import date
from json import dumps

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.console.board import one_look
from app.console.forms import done, first_time, possible_id, said_again
from app.console.prosperity import tables
from app.console.prosperity.figures import prosperity_of
from app.console.prosperity.rules import Period, Prosperity
from app.drawing.paper import draw_pdf
from fulfillment.fund import queries, service
from fulfillment.fund.models import KINDS
from fulfillment.fund.service import FundFacts
from kernel.clock import local_day
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER
from kernel.text import Text, t
from kernel.workbook import XLSX_TYPE, workbook

blueprint = Blueprint("prosperity", __name__, url_prefix="/prosperity")

_FIRST_YEAR = 2020
_MOST_FEN = 100_000_000_00
_MOST_LINES = 200
_MISTAKE = Text("记错了", "Written by mistake")
_MONTHS_BACK, _YEARS_BACK = 14, 5


def _today() -> date:
    return local_day(utc_now(), setting("workshop_zone"))


def _asked() -> Period:
    """The period that is asked for; of nonsense, and of what has not begun, this month."""
    today = _today()
    found = Period.read(request.args.get("period", ""))
    this_month = Period.read(f"{today:%Y-%m}")
    assert this_month is not None
    return found if found and found.first <= today and found.first.year >= _FIRST_YEAR else this_month


def _counted(session: Session, period: Period) -> tuple[Prosperity, list[Prosperity]]:
    """The report and, of a year, its months that have begun; all of one moment. The transaction must be a new one."""
    one_look(session)
    now, zone, name = utc_now(), setting("workshop_zone"), setting("workshop_name")
    months = [Period.read(f"{period.name}-{month:02d}") for month in range(1, 13)] if period.is_year else []
    begun = [month for month in months if month and month.first <= _today()]
    return (
        prosperity_of(session, name, period, now, zone),
        [prosperity_of(session, name, month, now, zone) for month in begun],
    )


def _choices(period: Period) -> Sequence[str]:
    """Months of this year and the last, and the years: the newest first."""
    today = _today()
    # Months counted through since the year 0, so that going back over a new year is one subtraction.
    this = today.year * 12 + today.month - 1
    months = [f"{number // 12}-{number % 12 + 1:02d}" for number in range(this, this - _MONTHS_BACK, -1)]
    found = [*months, *(str(year) for year in range(today.year, today.year - _YEARS_BACK, -1))]
    return found if period.name in found else [period.name, *found]


def _page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    period = _asked()
    with transaction() as session:
        report, months = _counted(session, period)
        page = render_template(
            "console/prosperity.html",
            report=report,
            period=period,
            choices=_choices(period),
            tables=tables,
            months=months,
            fund=queries.sums(session, None, period.last),
            lines=queries.lines_of(session, period.first, period.last, _MOST_LINES),
            form=form,
            problem=problem,
        )
    return page, problem.status if problem else 200


@blueprint.get("")
@requires(OWNER)
def show() -> tuple[str, int]:
    """The figures of a month or a year."""
    return _page(Form({"day": _today().isoformat()}))


@blueprint.get("/report.pdf")
@requires(OWNER)
def paper() -> Response:
    """The report to print, with how it was counted."""
    period = _asked()
    with transaction() as session:
        report, months = _counted(session, period)
    return _file(draw_pdf(tables.paper_of(report, months)), "application/pdf", period, "pdf")


@blueprint.get("/report.xlsx")
@requires(OWNER)
def export() -> Response:
    """The same tables as a workbook."""
    period = _asked()
    with transaction() as session:
        report, months = _counted(session, period)
    return _file(workbook(tables.sheets(report, months)), XLSX_TYPE, period, "xlsx")


@blueprint.get("/report.json")
@requires(OWNER)
def county_file() -> Response:
    """What the county puts together with those of other workshops: sums only, no name of a person."""
    period = _asked()
    with transaction() as session:
        report, _ = _counted(session, period)
    body = dumps(report.as_file(), ensure_ascii=False, indent=2).encode()
    return _file(body, "application/json", period, "json")


def _file(body: bytes, content_type: str, period: Period, ending: str) -> Response:
    answer = Response(body, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="prosperity-{period.name}.{ending}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _back(day: date | None = None) -> str:
    period = f"{day:%Y-%m}" if day else _asked().name
    return url_for("console.prosperity.show", period=period, _anchor="fund-title")


@blueprint.post("/fund")
@requires(OWNER)
def add_line() -> AnyResponse | tuple[str, int]:
    """Write down what came into the fund or left it."""
    form = Form(request.form)
    try:
        facts = FundFacts(
            kind=form.choice("kind", KINDS),
            amount_fen=form.yuan("amount", low_fen=1, high_fen=_MOST_FEN),
            day=form.date("day"),
            what=form.text("what", longest=200),
        )
        if "day" not in form.errors and not date(_FIRST_YEAR, 1, 1) <= facts.day <= _today():
            form.refuse("day", "日期不能在今天以后。", "The day cannot be after today.")
        form.check()
        with transaction() as session:
            is_first = first_time(session, form, "fund-line")
            if is_first:
                service.add_line(session, facts, now=utc_now(), by=actor())
    except Problem as problem:
        return _page(said_again(form, problem), problem)
    return done(_back(facts.day), t("记下了。", "Written down."), is_first=is_first)


@blueprint.post("/fund/<int:line_id>/take-back")
@requires(OWNER)
def take_back(line_id: int) -> AnyResponse | tuple[str, int]:
    """Take a line back."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=200, required=False) or str(_MISTAKE)
        form.check()
        with transaction() as session:
            service.take_back(session, possible_id(line_id), reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _page(form, problem)
    return done(_back(), t("撤回了。", "Taken back."))
