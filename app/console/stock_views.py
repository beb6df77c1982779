"""Stock: levels, the ledger of a variant, receiving, correcting, counting."""

from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.console import stock_queries, words
from app.console.exports import csv_file, local
from app.console.forms import done, first_time, said_again
from app.console.paging import PAGE, asked_place, read_number
from kernel import once
from kernel.audit import record_change
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell
from kernel.text import t
from shop.stock import queries, service
from shop.stock.queries import LAST, LedgerLine, Level

blueprint = Blueprint("stock", __name__, url_prefix="/stock")

MOST_PIECES = 1_000_000
MOST_G = 1_000_000_000
_LONGEST_NOTE = 120


@blueprint.get("")
@requires(OWNER, STREAMER)
def index() -> tuple[str, int]:
    """How much there is of everything."""
    form = Form(request.args)
    search = form.text("q", longest=60, required=False)
    with transaction() as session:
        found = [] if form.errors else queries.levels(session, search)
    return render_template("console/stock.html", form=form, levels=found), 422 if form.errors else 200


@blueprint.get("/stock.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """The levels as a file."""
    with transaction() as session:
        found = queries.levels(session)
    header = (
        *(t("货号", "SKU"), t("商品", "Product"), t("规格", "Size"), t("计量", "Unit")),
        *(t("现有", "On hand"), t("锁定", "Held"), t("可卖", "Free")),
    )
    rows = (
        (
            *(level.variant.sku, str(level.variant.product.title), str(level.variant.spec)),
            str(words.UNITS[level.variant.unit]),
            *(level.on_hand, level.held, level.free),
        )
        for level in found
    )
    return csv_file("stock", header, rows)


def _level(session: Session, variant_id: int) -> Level:
    level = queries.level_of(session, variant_id)
    if level is None:
        raise NotFound("没有这个规格。", "There is no such variant.")
    return level


@blueprint.get("/<int:variant_id>")
@requires(OWNER, STREAMER)
def ledger(variant_id: int) -> tuple[str, int]:
    """A variant's movements, newest first, and the forms that add one."""
    return _ledger_page(variant_id, Form())


def _ledger_page(variant_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    before = asked_place(read_number).before or LAST
    with transaction() as session:
        level = _level(session, variant_id)
        lines = queries.ledger(session, variant_id, before=before, most=PAGE + 1)
        links = stock_queries.links_of(session, [line.source for line in lines])
    html = render_template(
        "console/ledger.html",
        level=level,
        lines=lines[:PAGE],
        links=links,
        older_url=url_for("console.stock.ledger", variant_id=variant_id, before=lines[PAGE - 1].id)
        if len(lines) > PAGE
        else "",
        is_newest=before == LAST,
        form=form,
        problem=problem,
    )
    return html, problem.status if problem else 200


@blueprint.get("/<int:variant_id>/ledger.csv")
@requires(OWNER, STREAMER)
def export_ledger(variant_id: int) -> Response:
    """A variant's whole ledger as a file."""
    with transaction() as session:
        level = _level(session, variant_id)
    header = (
        *(t("时间", "Time"), t("类型", "Kind"), t("进", "In"), t("出", "Out"), t("锁", "Held"), t("放", "Released")),
        *(t("之后现有", "On hand after"), t("之后锁定", "Held after")),
        *(t("来源", "Source"), t("原因", "Reason"), t("谁", "By")),
    )
    return csv_file(f"stock-{level.variant.id}", header, _ledger_rows(variant_id))


def _ledger_rows(variant_id: int) -> Iterator[Sequence[Cell]]:
    before = LAST
    while True:
        with transaction() as session:
            lines = queries.ledger(session, variant_id, before=before, most=500)
        for line in lines:
            yield _ledger_row(line)
        if len(lines) < 500:
            return
        before = lines[-1].id


def _ledger_row(line: LedgerLine) -> Sequence[Cell]:
    """In and out stand in columns of their own, so that no cell begins with a minus."""
    on_hand, held = line.on_hand_change, line.held_change
    return (
        *(local(line.at), str(words.stock_kind(line.kind))),
        *(max(on_hand, 0), max(-on_hand, 0), max(held, 0), max(-held, 0), line.on_hand_after, line.held_after),
        *(line.source, str(words.reason(line.reason)), str(words.by_whom(line.by))),
    )


def _quantity(form: Form, name: str, level: Level, *, low: int = 1) -> int:
    """Pieces as a count, raw goods in kilograms."""
    if level.variant.unit == "gram":
        return form.kg(name, high_g=MOST_G, low_g=low)
    return form.count(name, low, MOST_PIECES)


@blueprint.post("/<int:variant_id>/receive")
@requires(OWNER, STREAMER)
def receive(variant_id: int) -> Response | tuple[str, int]:
    """Bags come in that no weigh-in or bagging brought."""
    form = Form(request.form)
    try:
        with transaction() as session:
            level = _level(session, variant_id)
            quantity = _quantity(form, "received", level)
            note = form.text("received_note", longest=_LONGEST_NOTE)
            if level.variant.unit == "gram":
                form.refuse("received", "原料只从过磅进来。", "Raw goods come in by a weigh-in only.")
            form.check()
            is_first = first_time(session, form, f"receive:{variant_id}")
            if is_first:
                source = _source(form)
                service.receive(session, variant_id, quantity, reason=note, source=source, by=actor(), at=utc_now())
                _record(session, "received", variant_id, {"change": quantity, "reason": note})
    except Problem as problem:
        return _ledger_page(variant_id, said_again(form, problem), problem)
    return done(_url_of(variant_id), t("入库记好了。", "Received."), is_first=is_first)


@blueprint.post("/<int:variant_id>/adjust")
@requires(OWNER, STREAMER)
def adjust(variant_id: int) -> Response | tuple[str, int]:
    """Correct the count, with the reason; never below what orders hold."""
    form = Form(request.form)
    try:
        with transaction() as session:
            level = _level(session, variant_id)
            way = form.choice("way", ("more", "fewer"))
            quantity = _quantity(form, "change", level)
            reason = _reason(form)
            is_first = first_time(session, form, f"adjust:{variant_id}")
            if is_first:
                change = quantity if way == "more" else -quantity
                service.adjust(
                    session, variant_id, change, reason=reason, source=_source(form), by=actor(), at=utc_now()
                )
                _record(session, "adjusted", variant_id, {"change": change, "reason": reason})
    except Problem as problem:
        return _ledger_page(variant_id, said_again(form, problem), problem)
    return done(_url_of(variant_id), t("更正记好了。", "Corrected."), is_first=is_first)


def _reason(form: Form) -> str:
    code = form.choice("reason", words.STOCK_REASONS)
    note = form.text("note", longest=_LONGEST_NOTE, required=code == "other")
    form.check()
    return words.stored_reason(code, note)


def _source(form: Form) -> str:
    """The form's own key is the movement's source, so that the ledger itself refuses a second one."""
    return f"console:{form.values[once.FIELD]}"


def _record(session: Session, what: str, variant_id: int, after: Mapping[str, object]) -> None:
    record_change(
        session, actor=actor(), action=f"stock.{what}", subject=f"stock:{variant_id}", at=utc_now(), after=after
    )


def _url_of(variant_id: int) -> str:
    return url_for("console.stock.ledger", variant_id=variant_id)


@blueprint.get("/count")
@requires(OWNER, STREAMER)
def stock_take() -> tuple[str, int]:
    """The list to count by: what the book says of every kind of bag."""
    return _count_page(Form())


def _count_page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        found = [level for level in queries.levels(session) if level.variant.unit == "piece"]
    html = render_template("console/stock_take.html", levels=found, form=form, problem=problem)
    return html, problem.status if problem else 200


@blueprint.post("/count")
@requires(OWNER, STREAMER)
def take_stock() -> Response | tuple[str, int]:
    """Take over what was counted, all or nothing; an empty field was not counted."""
    form = Form(request.form)
    try:
        counts = _read_counts(form)
        with transaction() as session:
            is_first = first_time(session, form, "stock-take")
            differences = 0
            if is_first:
                differences = service.take_stock(session, counts, source=_source(form), by=actor(), at=utc_now())
                after = {"counted": len(counts), "differences": differences}
                record_change(
                    session, actor=actor(), action="stock.counted", subject="stock:all", at=utc_now(), after=after
                )
    except service.Miscounted as problem:
        for variant_id, text in problem.by_variant.items():
            form.refuse(f"counted_{variant_id}", text.zh, text.en)
        return _count_page(form, problem)
    except Problem as problem:
        return _count_page(said_again(form, problem), problem)
    sentence = t(
        "盘点记好了：数了 {n} 种，{d} 种有出入。",
        "Stock-take done: {n} counted, {d} differed.",
        n=len(counts),
        d=differences,
    )
    return done(url_for("console.stock.index"), sentence, is_first=is_first)


def _read_counts(form: Form) -> list[service.Count]:
    """What was counted; beside each count its form carries what the book said when the list was opened."""
    counts = []
    for name in [name for name, typed in form.values.items() if name.startswith("counted_") and typed]:
        number = name.removeprefix("counted_")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise NotFound("没有这个规格。", "There is no such variant.")
        counted = form.count(name, 0, MOST_PIECES)
        in_book = form.count(f"book_{number}", 0, 2**62)
        counts.append(service.Count(int(number), in_book, counted))
    if not counts:
        form.refuse(
            "count",
            "一样都没有填。数过的填上数量，没数的空着。",
            "Nothing is filled in. Give the figures that were counted.",
        )
    form.check()
    return counts
