"""Over time: the page, its tables as files, buyers by segment, and a message to those who want news."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console.exports import csv_file
from app.console.forms import done, first_time, my_id, said_again
from app.console.insights import bring_back, shown
from app.console.saved import service as saved
from app.insights import service
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, database, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell
from kernel.text import t
from shop.buyers import queries
from shop.buyers.models import BuyerSum
from shop.buyers.rules import RETURNING, SEGMENTS, cohort_of

blueprint = Blueprint("insights", __name__, url_prefix="/insights")
_PAGE, _CHUNK = 50, 500
_SHOWN_PAIRS = 10
_LAST_PAGE = 400


@blueprint.get("")
@requires(OWNER, STREAMER)
def show() -> str:
    """The newest count: who comes again, what is bought together, where it goes, how stock turns."""
    with transaction() as session:
        count = service.newest(session)
        return render_template(
            "console/insights.html",
            count=count,
            found=shown.shown(session, count.figures) if count and count.figures else None,
            is_under_way=service.is_under_way(session, utc_now()),
            words=shown,
            shown_pairs=_SHOWN_PAIRS,
            form=Form(),
        )


@blueprint.post("/renew")
@requires(OWNER, STREAMER)
def renew() -> Response:
    """Ask the worker to count again."""
    form = Form(request.form)
    with transaction() as session:
        is_first = first_time(session, form, "insights")
        if is_first:
            service.ask(session, utc_now())
    sentence = t("开始数了，一般几秒钟。", "It is being counted; a few seconds as a rule.")
    return done(url_for("console.insights.show"), sentence, is_first=is_first)


@blueprint.get("/<name>.csv")
@requires(OWNER, STREAMER)
def export(name: str) -> Response:
    """One of the tables as a file."""
    with transaction() as session:
        count = service.newest(session)
        if count is None or count.figures is None:
            raise NotFound("还没有数过。", "Nothing has been counted yet.")
        sheet = shown.sheets(shown.shown(session, count.figures)).get(name)
    if sheet is None:
        raise NotFound("没有这张表。", "There is no such table.")
    return csv_file(name, sheet.header, sheet.rows)


def _segment() -> str:
    name = request.args.get("segment", RETURNING)
    if name not in SEGMENTS and cohort_of(name) is None:
        raise NotFound("没有这一类买家。", "There is no such segment.")
    return name


def _number() -> int:
    """The page that is asked for, from 1; by number, since a place in the list would be a phone in the address."""
    raw = request.args.get("page", "")
    return min(max(1, int(raw)), _LAST_PAGE) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1


@dataclass(frozen=True)
class _Asked:
    order: str
    tail: str


def _asked(form: Form) -> _Asked:
    """How the list is to be put in order, and the end of the number that is looked for; of nonsense the usual."""
    order = form.value("order", "paid")
    tail = form.text("q", longest=20, required=False) or ""
    if tail and not (tail.isascii() and tail.isdigit() and len(tail) >= 4):
        form.refuse("q", "请写手机号的后四位。", "Write the last four digits of the number.")
    return _Asked(str(order) if order in queries.ORDERS else "paid", tail[-4:] if "q" not in form.errors else "")


def read_query(form: Form) -> dict[str, str]:
    """A search of buyers as the query of an address; which segment it is always belongs to it."""
    asked = _asked(form)
    found = {"segment": _segment(), "order": "" if asked.order == "paid" else asked.order, "q": asked.tail}
    return {name: value for name, value in found.items() if value}


def _page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    segment, number, search = _segment(), _number(), Form(request.args)
    asked = _asked(search)
    with transaction() as session:
        is_cohort = cohort_of(segment) is not None
        vouchers = bring_back.vouchers_to_send(session, utc_now())
        found = queries.buyers_of(session, segment, skip=(number - 1) * _PAGE, most=_PAGE + 1, **vars(asked))
        page = render_template(
            "console/segment.html",
            segment=segment,
            words=shown.cohort_words(segment) if is_cohort else shown.SEGMENTS[segment],
            is_cohort=is_cohort,
            buyers=found[:_PAGE],
            masked=bring_back.masked,
            search=search,
            asked=asked,
            orders=[(name, word) for name, word in shown.BUYER_ORDERS.items() if name != "paid"],
            kept=saved.views_of(session, my_id(), "buyers"),
            query=read_query(search),
            sortings=queries.ORDERS,
            in_order=lambda order: url_for(
                "console.insights.buyers", segment=segment, order=order, q=asked.tail or None
            ),
            number=number,
            has_more=len(found) > _PAGE and number < _LAST_PAGE,
            want_news=len(queries.who_want_news(session, segment, bring_back.MOST_AT_ONCE)),
            vouchers=vouchers,
            voucher_choices=[(each.id, each.code) for each in vouchers],
            form=form,
            problem=problem,
        )
    return page, problem.status if problem else 200


@blueprint.get("/buyers")
@requires(OWNER, STREAMER)
def buyers() -> tuple[str, int]:
    """The buyers of a segment, those who paid most first."""
    return _page(Form())


@blueprint.get("/buyers.csv")
@requires(OWNER, STREAMER)
def export_buyers() -> Response:
    """The same as a file, with masked numbers."""
    header = (
        *(t("手机号", "Phone"), t("第一次", "First"), t("最近一次", "Last"), t("天数", "Days")),
        *(t("订单", "Orders"), t("净额（元）", "Net, yuan")),
    )
    return csv_file(f"buyers-{_segment()}", header, _rows(_segment(), _asked(Form(request.args))))


def _rows(segment: str, asked: _Asked) -> Iterator[Sequence[Cell]]:
    last: BuyerSum | None = None
    while True:
        with database().transaction() as session:
            found = queries.buyers_of(session, segment, after=last, most=_CHUNK, **vars(asked))
        yield from (bring_back.row_of(buyer) for buyer in found)
        if len(found) < _CHUNK:
            return
        last = found[-1]


def _desk() -> bring_back.Desk:
    names = ("workshop_name", "public_url", "secret_key", "workshop_zone")
    return bring_back.Desk(*(setting(name) for name in names))


@blueprint.post("/buyers/message")
@requires(OWNER, STREAMER)
def message() -> Response | tuple[str, int]:
    """Send a voucher and a few words to those of a segment who want news; each number gets one voucher once."""
    form, segment = Form(request.form), _segment()
    if segment not in SEGMENTS:
        raise NotFound("没有这一类买家。", "There is no such segment.")
    try:
        words = form.text("words", longest=120)
        voucher_id = form.count("voucher", 1, 2**63 - 1)
        form.check()
        with transaction() as session:
            is_first = first_time(session, form, f"news:{segment}")
            sent = 0
            if is_first:
                news = bring_back.News(segment, voucher_id, words)
                sent = bring_back.send(session, news, _desk(), now=utc_now(), by=actor())
    except Problem as problem:
        if isinstance(problem, Invalid) and problem.fields:
            form.errors.update(problem.fields)
        return _page(said_again(form, problem), problem)
    return done(
        url_for("console.insights.buyers", segment=segment),
        t("交给短信了：{n} 个人。", "Handed over as text messages: {n} people.", n=sent),
        is_first=is_first,
    )
