"""Vouchers: made, watched and stopped."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, page_before, requires, setting, transaction, utc_now
from kernel.parse import FieldError, clean_text, parse_local_minute
from kernel.people.rules import OWNER, STREAMER
from kernel.text import t
from shop.vouchers import queries, service
from shop.vouchers import rules as vouchers
from shop.vouchers.service import VoucherTerms

blueprint = Blueprint("vouchers", __name__, url_prefix="/vouchers")
_PAGE = 50
_USUAL_DAYS = 14


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


def _page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        found = queries.all_vouchers(session, before=page_before(), most=_PAGE)
        html = render_template(
            "console/vouchers.html",
            vouchers=found,
            given=queries.given_fen(session, [voucher.id for voucher in found]),
            older=found[-1].id if len(found) == _PAGE else None,
            form=form,
            problem=problem,
        )
    return html, problem.status if problem else 200
