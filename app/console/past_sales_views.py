"""Past sales: a file of what was sold before the workshop used this program, so that the forecast knows its seasons from day one."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from app.console.exports import csv_file
from app.console.forms import done, first_time
from fulfillment.purchasing.planning import past, past_file
from fulfillment.purchasing.planning.past import Taken
from fulfillment.purchasing.planning.past_file import PastRows
from kernel.clock import local_day
from kernel.errors import Problem
from kernel.files import csv_answer, sent_file
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell
from kernel.text import t

blueprint = Blueprint("past", __name__, url_prefix="/past")

_PAGE = "/console/planning/past"
_WORD_OF = {way: word for word, way in past_file.WAY_WORDS.items()}


@blueprint.get("")
@requires(OWNER, STREAMER)
def show() -> str:
    """What is kept, and a form for a file."""
    return _page(Form())


@blueprint.post("")
@requires(OWNER, STREAMER)
def take() -> str | tuple[str, int]:
    """Keep the good rows of a file and name the others by row and column."""
    form, raw = Form(), sent_file("file", past_file.LARGEST_BYTES)
    now = utc_now()
    try:
        if not raw:
            form.refuse("file", "请选一个文件。", "Choose a file.")
        form.check()
        with transaction() as session:
            names = past.known_products(session)
        found = past_file.read_past_file(raw, names, local_day(now, setting("workshop_zone")))
        with transaction() as session:
            taken = past.take_past_sales(session, found.grams, now=now, by=actor())
    except Problem as problem:
        form.errors.setdefault("file", problem.text)
        return _page(form), problem.status
    return _page(form, found, taken)


def _page(form: Form, found: PastRows | None = None, taken: Taken | None = None) -> str:
    with transaction() as session:
        kept = past.kept(session)
    return render_template("console/past_sales.html", form=form, found=found, taken=taken, kept=kept)


@blueprint.post("/<int:product_id>/forget")
@requires(OWNER, STREAMER)
def forget(product_id: int) -> Response:
    """Take away what is kept of a product."""
    form = Form(request.form)
    days = 0
    with transaction() as session:
        product = past.find_product(session, product_id)
        is_first = first_time(session, form, f"past-sales-{product_id}")
        if is_first:
            days = past.forget(session, product, now=utc_now(), by=actor())
    return done(_PAGE, t("去掉了 {n} 天的销量。", "{n} days of sales are gone.", n=days), is_first=is_first)


@blueprint.get("/template.csv")
@requires(OWNER, STREAMER)
def template() -> Response:
    """An empty file with a line for each product as an example."""
    day = local_day(utc_now(), setting("workshop_zone")).replace(day=1, month=1)
    with transaction() as session:
        titles = past.titles(session)
    return csv_answer("past-sales", past_file.COLUMNS, [(f"{day}", title, "直播", "12.5") for title in titles])


@blueprint.get("/past-sales.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """Everything that is kept, as a file that can be sent again."""
    with transaction() as session:
        rows = list(_rows(past.lines(session)))
    return csv_file("past-sales", past_file.COLUMNS, rows)


def _rows(lines: Iterator[tuple[object, str, str, int]]) -> Iterator[Sequence[Cell]]:
    for day, title, way, grams in lines:
        yield f"{day}", title, _WORD_OF[way], f"{grams / 1000:.3f}"
