"""The audit log: who changed what, before and after. It can be read and never changed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from json import dumps

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from app.console import audit_queries, audit_words, paging, words
from app.console.audit_queries import AuditSearch
from app.console.exports import csv_file, local
from app.console.forms import my_id
from app.console.saved import service as saved
from kernel.audit import AuditEntry
from kernel.errors import Invalid
from kernel.forms import Form
from kernel.http import database, requires, transaction
from kernel.people.rules import OWNER
from kernel.sheets import Cell
from kernel.text import t

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

# The first words of actions, and what they are about.
AREAS = ("order", "payment", "person", "packer", "product", "variant", "stock", "stream", "offer", "quote", "contract")


def read_search(form: Form) -> AuditSearch:
    """The search in the address; a word that is none of its choices is marked at its field."""
    search = AuditSearch(
        words=form.text("q", longest=60, required=False),
        area=form.choice("area", ("", *AREAS)) if "area" in form.values else "",
        person_id=form.count("person", 1, 2**62) if form.values.get("person") else None,
        order=paging.asked_order(form, audit_queries.ORDERS),
    )
    form.check()
    return search


@blueprint.get("")
@requires(OWNER)
def index() -> tuple[str, int]:
    """Entries, newest first unless the oldest are asked for."""
    form, search, status = Form(request.args), AuditSearch(), 200
    page: paging.Page[AuditEntry] = paging.Page(())
    place = paging.asked_place(paging.read_number)
    with transaction() as session:
        try:
            search = read_search(form)
            wanted, sorting = audit_queries.find_entries(search), audit_queries.ORDERS[search.order]
            page = paging.page_of(session, wanted, AuditEntry.id, sorting, place, lambda beside: _url(search, beside))
        except Invalid as problem:
            status = problem.status
        kept = saved.views_of(session, my_id(), "audit")
        names = audit_queries.names_of(session, [entry.subject for entry in page.rows])
    html = render_template(
        "console/audit.html",
        form=form,
        search=search,
        page=page,
        kept=kept,
        sortings=audit_queries.ORDERS,
        in_order=lambda order: _url(replace(search, order=order), {}),
        names=names,
        area_words=[(area, audit_words.subject(area)) for area in AREAS],
        audit=audit_words,
        link_of=link_of,
    )
    return html, status


def _url(search: AuditSearch, place: dict[str, str]) -> str:
    return paging.address("console.audit.index", {**search.as_query(), **place})


def link_of(subject: str) -> str:
    """The page of what an entry is about; empty when it has none."""
    kind, _, key = subject.partition(":")
    pages = {"order": "orders", "person": "people", "product": "products", "stream": "streams", "stock": "stock"}
    pages["variant"] = "products/variants"
    return f"/console/{pages[kind]}/{key}" if kind in pages and key not in ("", "all", "None") else ""


@blueprint.get("/audit.csv")
@requires(OWNER)
def export() -> Response:
    """The same entries as a file."""
    search = read_search(Form(request.args))
    header = (
        *(t("时间", "Time"), t("谁", "Who"), t("做了什么", "What"), t("对象", "Subject")),
        *(t("之前", "Before"), t("之后", "After")),
    )
    return csv_file("audit", header, _rows(search))


def _rows(search: AuditSearch) -> Iterator[Sequence[Cell]]:
    wanted, sorting = audit_queries.find_entries(search), audit_queries.ORDERS[search.order]
    for entry in paging.every(database(), wanted, AuditEntry.id, sorting):
        yield (
            *(local(entry.at), str(words.by_whom(entry.actor)), str(audit_words.action(entry.action))),
            *(entry.subject, _facts(entry.before), _facts(entry.after)),
        )


def _facts(facts: dict[str, object]) -> str:
    return dumps(facts, ensure_ascii=False) if facts else ""
