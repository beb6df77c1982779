"""Messages to buyers, farmers and staff: what was sent, what waits, what could not be sent and why."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from app.console import notices_queries, paging
from app.console.exports import csv_file, local
from app.console.forms import my_id
from app.console.notices_queries import MOST_COUNTED, ORDERS, WORDS_WITHIN, NoticeSearch
from app.console.saved import service as saved
from kernel.errors import Invalid
from kernel.forms import Form
from kernel.http import database, requires, transaction, utc_now
from kernel.notices.models import Notice
from kernel.notices.rules import FAILED, SENT, SMS, WAITING
from kernel.notices.rules import masked as mask
from kernel.people.rules import OWNER
from kernel.sheets import Cell
from kernel.text import Text, t

blueprint = Blueprint("notices", __name__, url_prefix="/notices")

STATES = {
    WAITING: (Text("在等", "Waiting"), "gold", "clock"),
    SENT: (Text("发出了", "Sent"), "moss", "check"),
    FAILED: (Text("没发成", "Failed"), "bark", "alert"),
}


def read_search(form: Form) -> NoticeSearch:
    """The search in the address; a word that is none of its choices is marked at its field."""
    search = NoticeSearch(
        words=form.text("q", longest=60, required=False),
        state=form.choice("state", ("", *STATES)) if "state" in form.values else "",
        order=paging.asked_order(form, ORDERS),
    )
    form.check()
    return search


def _url(search: NoticeSearch, place: dict[str, str]) -> str:
    return paging.address("console.notices.index", {**search.as_query(), **place})


@blueprint.get("")
@requires(OWNER)
def index() -> tuple[str, int]:
    """Messages, the newest first unless the oldest are asked for; recipients are masked."""
    form, search, status = Form(request.args), NoticeSearch(), 200
    page: paging.Page[Notice] = paging.Page(())
    place = paging.asked_place(paging.read_number)
    with transaction() as session:
        try:
            search = read_search(form)
            wanted = notices_queries.find_notices(search, utc_now())
            page = paging.page_of(
                session, wanted, Notice.id, ORDERS[search.order], place, lambda beside: _url(search, beside)
            )
        except Invalid as problem:
            status = problem.status
        kept = saved.views_of(session, my_id(), "notices")
        counts = notices_queries.open_counts(session)
    html = render_template(
        "console/notices.html",
        form=form,
        search=search,
        page=page,
        states=STATES,
        counts={state: f"{MOST_COUNTED}+" if n == MOST_COUNTED else str(n) for state, n in counts.items()},
        kept=kept,
        sortings=ORDERS,
        in_order=lambda order: _url(replace(search, order=order), {}),
        masked=_masked,
        within_days=WORDS_WITHIN.days,
    )
    return html, status


def _masked(notice: Notice) -> str:
    """Whom it goes to; what was sent is masked where it is stored."""
    return mask(notice.channel, notice.recipient) if notice.state == WAITING else notice.recipient


@blueprint.get("/notices.csv")
@requires(OWNER)
def export() -> Response:
    """The same messages as a file; recipients are masked."""
    search = read_search(Form(request.args))
    header = (
        *(t("时间", "Time"), t("怎么发", "By"), t("给谁", "To"), t("关于", "About"), t("标题", "Title")),
        *(t("说什么", "Words"), t("状态", "State"), t("为什么没发成", "Why not sent"), t("完成", "Done")),
    )
    return csv_file("notices", header, _rows(search))


def _rows(search: NoticeSearch) -> Iterator[Sequence[Cell]]:
    wanted = notices_queries.find_notices(search, utc_now())
    for notice in paging.every(database(), wanted, Notice.id, ORDERS[search.order]):
        yield (
            *(local(notice.at), t("短信", "SMS") if notice.channel == SMS else t("邮件", "E-mail"), _masked(notice)),
            *(notice.subject, notice.title, notice.body, str(STATES[notice.state][0]), notice.problem),
            local(notice.done_at),
        )
