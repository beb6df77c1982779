"""Finding one's orders again on a new phone: the number, a code by text message, and this device knows them."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel import limits
from kernel.audit import SYSTEM
from kernel.errors import Problem, TooMany
from kernel.forms import Form
from kernel.http import setting, transaction, utc_now
from kernel.notices.rules import SMS, can_receive
from kernel.notices.service import leave_notice
from kernel.parse import FieldError
from kernel.text import Text, t
from shop.orders.forms import read_phone
from shop.storefront import device, queries
from shop.storefront.finding_rules import GOOD_FOR, bucket_of, code_for, is_code, slot_of

blueprint = Blueprint("finding", __name__)

_HOUR: Final = timedelta(hours=1)
_CODES_A_PHONE, _CODES_AN_ADDRESS, _GUESSES = 4, 20, 5
_LOOK_BACK: Final = timedelta(days=180)


@blueprint.get("/orders/find")
def ask() -> Response:
    """For which phone."""
    return _page("storefront/find.html", Form())


@blueprint.post("/orders/find")
def send_code() -> Response:
    """Send the code, when there are orders of that phone; the answer is the same when there are none."""
    form = Form(request.form)
    phone = form.read("phone", _mobile)
    if form.errors:
        return _page("storefront/find.html", form, status=422)
    assert phone is not None
    try:
        _take(f"find-from:{request.remote_addr}", _CODES_AN_ADDRESS, _HOUR)
        _take(f"find-for:{bucket_of(setting('secret_key'), phone)}", _CODES_A_PHONE, _HOUR)
    except TooMany as problem:
        return _page("storefront/find.html", form, problem=problem, status=problem.status)
    with transaction() as session:
        if queries.orders_of_phone(session, phone, utc_now() - _LOOK_BACK):
            _leave_code(session, phone)
    return _page("storefront/find_code.html", Form({"phone": phone}))


def _leave_code(session: Session, phone: str) -> None:
    """The message; pressed twice in five minutes it is one."""
    secret, slot = setting("secret_key"), slot_of(utc_now())
    code, shop = code_for(secret, phone, slot), setting("workshop_name")
    said = Text(
        f"【{shop}】验证码 {code}，10 分钟内有效。您自己在找订单才填，不要告诉别人。",
        f"【{shop}】Your code is {code}, good for 10 minutes. Only type it if you are looking for your orders; tell nobody.",
    )
    leave_notice(
        session,
        key=f"find-orders:{bucket_of(secret, phone)}:{slot}",
        subject="orders:find",
        channel=SMS,
        recipient=phone,
        title=t("找订单", "Finding orders"),
        body=said.pick(),
        now=utc_now(),
        by=SYSTEM,
    )


@blueprint.post("/orders/find/code")
def enter_code() -> Response:
    """The right code, once: this device knows the orders of that phone from now on."""
    form = Form(request.form)
    phone = form.read("phone", _mobile)
    if form.errors or phone is None:
        return redirect(url_for("storefront.finding.ask"), code=303)
    secret, typed = setting("secret_key"), "".join(str(form.value("code")).split())
    name = bucket_of(secret, phone)
    try:
        _take(f"find-guess:{name}", _GUESSES, GOOD_FOR)
        if not is_code(secret, phone, typed, utc_now()):
            form.refuse(
                "code", "验证码不对，请看短信里最新的六位数。", "That is not the code; look at the newest message."
            )
            return _page("storefront/find_code.html", form, status=422)
        _take(f"find-spent:{name}:{typed}", 1, GOOD_FOR)
    except TooMany as problem:
        return _page("storefront/find_code.html", form, problem=problem, status=problem.status)
    with transaction() as session:
        numbers = queries.orders_of_phone(session, phone, utc_now() - _LOOK_BACK)
    response = redirect(url_for("storefront.orders.own_orders"), code=303)
    device.keep_orders(response, numbers)
    flash(t("找到 {n} 个订单。", "{n} orders found.", n=len(numbers)), "done")
    return response


def _mobile(raw: object) -> str:
    number, _ = read_phone(raw)
    if not can_receive(SMS, number):
        raise FieldError("短信只能发到大陆手机号。", "Messages can only go to a mobile number of the mainland.")
    return number


def _take(bucket: str, most: int, window: timedelta) -> None:
    """Count one try, in a transaction of its own, so that it counts also when what follows is refused."""
    with transaction() as session:
        limits.take(session, bucket, most=most, window=window, now=utc_now())


def _page(template: str, form: Form, *, problem: Problem | None = None, status: int = 200) -> Response:
    response = make_response(render_template(template, form=form, problem=problem), status)
    response.headers["Cache-Control"] = "no-store"
    return response
