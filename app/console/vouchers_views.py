"""Vouchers: made, watched and stopped."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console import paging
from app.console.exports import csv_file, local
from app.console.forms import my_id
from app.console.paging import Asked, asked_for
from app.console.saved import service as saved
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, database, requires, setting, transaction, utc_now
from kernel.parse import FieldError, clean_text, parse_local_minute
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell, plain_yuan
from kernel.text import Text, t
from shop.vouchers import queries, service
from shop.vouchers import rules as vouchers
from shop.vouchers.models import Voucher
from shop.vouchers.service import VoucherTerms

blueprint = Blueprint("vouchers", __name__, url_prefix="/vouchers")
_USUAL_DAYS = 14
_LIST = "console.vouchers.index"


ORDERS: paging.Sortings = {
    "": paging.Sorting(Text("新的在前", "Newest first"), Voucher.id),
    "oldest": paging.Sorting(Text("旧的在前", "Oldest first"), Voucher.id, is_down=False),
    "code": paging.Sorting(Text("按优惠码", "By code"), Voucher.code, is_down=False),
    "code-down": paging.Sorting(Text("按优惠码倒着", "By code, backwards"), Voucher.code),
    "ends": paging.Sorting(Text("结束得晚的在前", "Last to end first"), Voucher.ends_at),
    "ends-up": paging.Sorting(Text("结束得早的在前", "First to end first"), Voucher.ends_at, is_down=False),
    "used": paging.Sorting(Text("用得多的在前", "Most used first"), Voucher.used),
    "used-up": paging.Sorting(Text("用得少的在前", "Least used first"), Voucher.used, is_down=False),
}


def read_search(form: Form) -> Asked:
    """Which of them are looked for, and in what order."""
    return asked_for(form, _LIST, ORDERS)


@blueprint.get("")
@requires(OWNER, STREAMER)
def index() -> tuple[str, int]:
    """Every voucher, the newest first, and a form for another one."""
    return _page(_empty_form())


@blueprint.post("")
@requires(OWNER, STREAMER)
def make() -> Response | tuple[str, int]:
    """Make a voucher; a double tap makes one."""
    form = Form(request.form)
    try:
        terms = _read(form, setting("workshop_zone"))
        with transaction() as session:
            service.make_voucher(session, terms, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(form, problem)
    flash(t("{code} 可以用了。", "{code} can be used now.", code=terms.code), "done")
    return redirect(url_for(".index"), code=303)


@blueprint.post("/<int:voucher_id>/stop")
@requires(OWNER, STREAMER)
def stop(voucher_id: int) -> Response:
    """Stop a voucher at once."""
    if voucher_id >= 2**63:
        raise NotFound("没有这个优惠码。", "There is no such voucher.")
    with transaction() as session:
        code = service.stop_voucher(session, voucher_id, now=utc_now(), by=actor()).code
    flash(
        t("{code} 停了，已经下的单照旧。", "{code} is stopped; orders placed with it stay as they are.", code=code),
        "done",
    )
    return redirect(url_for(".index"), code=303)


def _empty_form() -> Form:
    zone = setting("workshop_zone")
    start = utc_now().astimezone(zone)
    return Form(
        {
            "kind": vouchers.AMOUNT,
            "starts_at": f"{start:%Y-%m-%dT%H:%M}",
            "ends_at": f"{start + timedelta(days=_USUAL_DAYS):%Y-%m-%dT%H:%M}",
            "per_buyer": 1,
        }
    )


def _read(form: Form, zone: ZoneInfo) -> VoucherTerms:
    kind = form.choice("kind", vouchers.KINDS)
    is_amount = kind == vouchers.AMOUNT
    starts_at = form.read("starts_at", lambda raw: parse_local_minute(raw, zone))
    ends_at = form.read("ends_at", lambda raw: parse_local_minute(raw, zone))
    if starts_at and ends_at and ends_at <= starts_at:
        form.refuse("ends_at", "结束要在开始以后。", "It must end after it starts.")
    terms = VoucherTerms(
        code=form.read("code", _read_code),
        kind=kind,
        off_fen=form.yuan("off", low_fen=1, high_fen=vouchers.HIGHEST_OFF_FEN) if is_amount else 0,
        off_bps=0 if is_amount else form.percent("percent", low_bps=1, high_bps=vouchers.HIGHEST_BPS),
        most_off_fen=None if is_amount else _optional_yuan(form, "most_off", vouchers.HIGHEST_OFF_FEN),
        from_fen=_optional_yuan(form, "from", vouchers.HIGHEST_FROM_FEN) or 0,
        starts_at=starts_at,
        ends_at=ends_at,
        most_uses=form.count("most_uses", 1, vouchers.MOST_USES) if _given(form, "most_uses") else None,
        per_buyer=form.count("per_buyer", 1, vouchers.MOST_A_BUYER),
    )
    form.check()
    return terms


def _given(form: Form, name: str) -> bool:
    return bool(str(form.value(name)).strip())


def _optional_yuan(form: Form, name: str, high_fen: int) -> int | None:
    return form.yuan(name, low_fen=1, high_fen=high_fen) if _given(form, name) else None


def _read_code(raw: object) -> str:
    code = vouchers.as_code(clean_text(raw, 40))
    if not vouchers.is_code(code):
        raise FieldError("4 到 20 个字母或数字，例如 XIANGGU10。", "4 to 20 letters or digits, such as XIANGGU10.")
    return code


@blueprint.get("/vouchers.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """The same vouchers as a file."""
    header = (
        *(t("优惠码", "Voucher"), t("减（元）", "Off, yuan"), t("减 %", "Off, %"), t("最多减（元）", "At most, yuan")),
        *(t("满（元）", "From, yuan"), t("开始", "From"), t("结束", "Until"), t("用了", "Used"), t("一共几次", "Uses")),
        *(t("一共减了（元）", "Given, yuan"), t("在用", "Active")),
    )
    return csv_file("vouchers", header, _rows(read_search(Form(request.args))))


def _rows(asked: Asked) -> Iterator[Sequence[Cell]]:
    for each in paging.every(database(), queries.find_vouchers(asked.words), Voucher.id, ORDERS[asked.order]):
        with transaction() as session:
            given_fen = queries.given_fen(session, [each.id]).get(each.id, 0)
        yield (
            *(each.code, plain_yuan(each.off_fen), Decimal(each.off_bps) / 100),
            *(None if each.most_off_fen is None else plain_yuan(each.most_off_fen), plain_yuan(each.from_fen)),
            *(local(each.starts_at), local(each.ends_at), each.used, each.most_uses),
            *(plain_yuan(given_fen), int(each.active)),
        )


def _page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    search = Form(request.args)
    asked, place = read_search(search), paging.asked_place(paging.read_number)
    with transaction() as session:
        wanted = queries.find_vouchers(asked.words)
        page = paging.page_of(session, wanted, Voucher.id, ORDERS[asked.order], place, asked.url)
        html = render_template(
            "console/vouchers.html",
            page=page,
            given=queries.given_fen(session, [voucher.id for voucher in page.rows]),
            search=search,
            asked=asked,
            kept=saved.views_of(session, my_id(), "vouchers"),
            sortings=ORDERS,
            in_order=asked.in_order,
            form=form,
            problem=problem,
        )
    return html, problem.status if problem else 200
