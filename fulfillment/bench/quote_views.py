"""Market prices: what there is with a chart, typing one in, a file, and asking the feed."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from fulfillment.bench import price_chart
from fulfillment.bench.weigher_words import SOURCE_WORDS, bounded, kind_words, today
from fulfillment.purchasing import queries
from fulfillment.purchasing.corrections import queries as corrections
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.quotes import price_file, service, steps
from fulfillment.purchasing.quotes import queries as quotes
from fulfillment.purchasing.quotes.forms import UNITS, read_price
from fulfillment.purchasing.quotes.rules import Kind, gaps
from fulfillment.purchasing.quotes.service import MANUAL, XINFADI
from fulfillment.purchasing.quotes.xinfadi import MARKET as FEED_MARKET
from kernel.errors import NotFound, Problem
from kernel.files import csv_answer, sent_file
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.photos import read_photo
from kernel.sheets import Cell, plain_yuan
from kernel.text import t

blueprint = Blueprint("quotes", __name__, url_prefix="/quotes")

_CHART_DAYS = timedelta(days=30)
_LARGEST_PHOTO_BYTES = 5_000_000


@blueprint.get("")
@requires(WEIGHER, OWNER)
def overview() -> str:
    """What today needs, the curve of one price with what farmers were promised over it, and ways to add prices."""
    day = today()
    with transaction() as session:
        kinds = kinds_by_key(session)
        return render_template(
            "weigh/quotes.html",
            needed=queries.needed_quotes(session, day),
            kinds=kinds,
            kind_words=kind_words,
            curve=_curve(session, kinds, day),
            waiting=quotes.waiting(session),
            gaps=price_gaps(session, day),
            differences=sum(found.fen > 0 for found in corrections.open_differences(session)),
            look=quotes.last_fetch(session, XINFADI),
            today=day,
        )


@dataclass(frozen=True)
class Gaps:
    """The stretches of the last weeks that have no price of one kind at one market (none: at any)."""

    kind: Kind
    market: str | None
    stretches: list[tuple[date, date]]

    @property
    def days(self) -> int:
        """How many days that is in all."""
        return sum((last - first).days + 1 for first, last in self.stretches)


def price_gaps(session: Session, day: date) -> list[Gaps]:
    """What is missing of every price that running contracts need, today left out: it is asked for above."""
    first, last = day - _CHART_DAYS, day - timedelta(days=1)
    found = [
        Gaps(
            need.kind, need.market, gaps(quotes.priced_days(session, need.kind, need.market, first, last), first, last)
        )
        for need in queries.needed_quotes(session, day)
    ]
    return sorted((each for each in found if each.stretches), key=lambda each: -each.days)


def kinds_by_key(session: Session) -> dict[str, Kind]:
    """Every grade as the kind of a price."""
    kinds = (Kind(grade.product, grade.form, grade.name) for grade in growers.grades(session))
    return {kind.key: kind for kind in kinds}


@dataclass(frozen=True)
class Curve:
    """One price over the last weeks: its rows, newest first, and the chart of them."""

    key: str
    kind: Kind
    market: str
    markets: list[str]
    rows: list[tuple[date, int | None, str, int | None]]
    photos: dict[date, int]
    chart: price_chart.Chart | None


def _curve(session: Session, kinds: dict[str, Kind], day: date) -> Curve | None:
    """The curve that was asked for; else that of the first price that contracts need."""
    needed = queries.needed_quotes(session, day)
    wanted = {need.kind: need.market for need in reversed(needed)}
    asked = request.args.get("kind", "")
    key = asked if asked in kinds else next((k for k, kind in kinds.items() if kind in wanted), None)
    if key is None:
        return None
    kind = kinds[key]
    found = quotes.accepted(session, kind, market=None, first=day - _CHART_DAYS, last=day)
    markets = sorted({quote.market for quote in found})
    market = request.args.get("market", "")
    if market not in markets:
        market = wanted.get(kind) or (markets[0] if markets else "")
    prices = {quote.day: quote for quote in found if quote.market == market}
    promised = {
        paid.day: paid.promised_fen_per_kg
        for paid in queries.paid_prices(session, kind, market, day - _CHART_DAYS, day)
    }
    rows = [
        (
            each,
            prices[each].fen_per_kg if each in prices else None,
            prices[each].source if each in prices else "",
            promised.get(each),
        )
        for each in sorted(prices.keys() | promised.keys(), reverse=True)
    ]
    line = [(each, quote.fen_per_kg) for each, quote in sorted(prices.items())]
    first = min((each for each, *_ in rows), default=day)
    chart = price_chart.draw(line, sorted(promised.items()), first, day)
    pictured = quotes.with_photo(session, [quote.id for quote in prices.values()])
    photos = {each: quote.id for each, quote in prices.items() if quote.id in pictured}
    return Curve(key, kind, market, markets, rows, photos, chart)


@blueprint.get("/prices.csv")
@requires(WEIGHER, OWNER)
def prices_file() -> Response:
    """The rows of the curve that is shown."""
    header = [t("日期", "Day"), t("市场", "Market"), t("市场价（元/公斤）", "Market, yuan a kg")]
    header += [t("给农户的价（元/公斤）", "To farmers, yuan a kg"), t("来源", "Source")]
    with transaction() as session:
        curve = _curve(session, kinds_by_key(session), today())
    rows: list[list[Cell]] = []
    if curve is not None:
        rows = [
            [f"{day}", curve.market, _cell(fen), _cell(promised), str(SOURCE_WORDS[source]) if source else ""]
            for day, fen, source, promised in curve.rows
        ]
    return csv_answer("market-prices", header, rows)


def _cell(fen: int | None) -> Cell:
    return plain_yuan(fen) if fen else None


@blueprint.get("/type")
@requires(WEIGHER, OWNER)
def price_form() -> str | tuple[str, int]:
    """A price read off a board."""
    given = {name: request.args.get(name, "")[:60] for name in ("kind", "market", "day")}
    return _price_page(Form({"unit": "kg", **given}))


@blueprint.post("/type")
@requires(WEIGHER, OWNER)
def type_price() -> BaseResponse | tuple[str, int]:
    """Write the price; the same again changes nothing, another one replaces it."""
    form = Form(request.form)
    try:
        with transaction() as session:
            kinds = kinds_by_key(session)
            jpeg = _photo(form)
            typed = read_price(form, kinds, today())
            quote = service.type_quote(session, typed, is_sure=form.ticked("sure"), now=utc_now(), by=actor())
            if jpeg:
                service.keep_photo(session, quote.id, jpeg, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _price_page(form, problem)
    flash(t("记下了：{kind}", "Written: {kind}", kind=kind_words(typed.kind)), "done")
    return redirect(url_for("weigher.quotes.overview", kind=form.value("kind"), market=typed.market), 303)


def _photo(form: Form) -> bytes | None:
    """The photo of the board, drawn anew; what is wrong with it stands at its field."""
    sent = sent_file("photo", _LARGEST_PHOTO_BYTES)
    try:
        return read_photo(sent).jpeg if sent else None
    except Problem as problem:
        form.errors.update(problem.fields)
        return None


@blueprint.get("/<int:quote_id>/photo.jpg")
@requires(WEIGHER, OWNER)
def photo(quote_id: int) -> Response:
    """The photo of the board that a price was read off."""
    with transaction() as session:
        jpeg = quotes.photo_of(session, bounded(quote_id))
    if jpeg is None:
        raise NotFound("没有照片。", "There is no photo.")
    return Response(jpeg, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})


def _price_page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        kinds = kinds_by_key(session)
        needed = {need.market for need in queries.needed_quotes(session, today()) if need.market}
        page = render_template(
            "weigh/quote_type.html",
            form=form,
            problem=problem,
            kinds=[(key, kind_words(kind)) for key, kind in kinds.items()],
            market_options=[(name, name) for name in sorted({*quotes.markets(session), *needed, FEED_MARKET})],
            unit_options=[(key, word, "") for key, (_, word) in UNITS.items()],
            is_jump=problem is not None and problem.code == "jump",
            today=today(),
        )
    return page, problem.status if problem else 200


@blueprint.get("/file")
@requires(WEIGHER, OWNER)
def file_form() -> str:
    """Send a price file."""
    return render_template("weigh/quote_file.html", form=Form(), found=None, result=None, problem=None)


@blueprint.post("/file")
@requires(WEIGHER, OWNER)
def take_file() -> str | tuple[str, int]:
    """Keep the good rows of a file and name the others by row and column."""
    form, raw = Form(), sent_file("file", price_file.LARGEST_BYTES)
    try:
        if not raw:
            form.refuse("file", "请选一个文件。", "Choose a file.")
        form.check()
        found = price_file.read_price_file(raw, today())
        with transaction() as session:
            result = service.add_quotes(session, MANUAL, found.rows.values(), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.setdefault("file", problem.text)
        page = render_template("weigh/quote_file.html", form=form, found=None, result=None, problem=problem)
        return page, problem.status
    return render_template("weigh/quote_file.html", form=form, found=found, result=result, problem=None)


@blueprint.get("/template.csv")
@requires(WEIGHER, OWNER)
def file_template() -> Response:
    """An empty price file with one line as an example."""
    example: list[Cell] = [f"{today()}", "庆元香菇市场", "香菇", "干", "一级", 88, 96, 92, "元/公斤"]
    return csv_answer("prices", price_file.COLUMNS, [example])


@blueprint.post("/fetch")
@requires(WEIGHER, OWNER)
def fetch_now() -> BaseResponse:
    """Let the worker look at the feed now; the page shows what it found."""
    with transaction() as session:
        steps.ask_now(session, now=utc_now(), by=actor())
        last = quotes.last_fetch(session, XINFADI)
    return redirect(url_for("weigher.quotes.overview", after=last.id if last else 0), 303)


@blueprint.get("/fetch")
@requires(WEIGHER, OWNER)
def fetch_state() -> Response:
    """Which look at the feed is the latest, for a page that waits for the next one."""
    with transaction() as session:
        last = quotes.last_fetch(session, XINFADI)
    return jsonify(id=last.id if last else 0)
