"""The hosted payment page of the demo: card, Alipay, WeChat Pay. Marked as a demonstration on every page."""

from flask import Blueprint, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox.api import cut_connection
from sandbox.errors import ApiError
from sandbox.stripe_desk import Desk

blueprint = Blueprint("pages", __name__)

_DECLINED = "4000000000000002"
_SECOND_STEP = "4000002500003155"
_WORKS = "4242424242424242"


def _desk() -> Desk:
    found: Desk = current_app.extensions["desk"]
    return found


def _page(session_id: str, name: str = "pay", status: int = 200, **facts: object) -> tuple[str, int]:
    session = _desk().session(session_id)
    english = session.get("locale") == "en"

    def t(zh: str, en: str) -> str:
        return en if english else zh

    page = render_template(
        f"sandbox/{name}.html", session=session, t=t, lang="en" if english else "zh-CN", **{"error": None, **facts}
    )
    return page, status


@blueprint.errorhandler(ApiError)
def gone(error: ApiError) -> tuple[str, int]:
    """A page that is not there, or not open any more."""
    return render_template("sandbox/gone.html", message=error.body["error"]["message"]), error.status


@blueprint.get("/pay/<session_id>")
def show(session_id: str) -> BaseResponse | tuple[str, int]:
    """The page that Checkout would show."""
    session = _desk().session(session_id)
    if session["status"] == "complete":
        return redirect(session["success_url"])
    if session["status"] == "expired":
        return _page(session_id, "closed", 410)
    return _page(session_id)


@blueprint.post("/pay/<session_id>/card")
def pay_by_card(session_id: str) -> BaseResponse | tuple[str, int]:
    """A test card: works, declined, or wants a second step."""
    number = "".join(c for c in request.form.get("number", "") if c.isdigit())
    session = _desk().session(session_id)
    wrong = session["locale"] == "en"
    if number == _DECLINED:
        return _page(session_id, status=402, error="Your card was declined." if wrong else "银行卡被拒绝，请换一张卡。")
    if number == _SECOND_STEP and request.form.get("confirmed") != "yes":
        return _page(session_id, "second_step", number=number)
    if number not in (_WORKS, _SECOND_STEP):
        sentence = "Use one of the test cards below." if wrong else "演示页只认下面的测试卡号。"
        return _page(session_id, status=422, error=sentence)
    return _charge(session_id, "card")


@blueprint.get("/pay/<session_id>/wallet/<wallet>")
def show_wallet(session_id: str, wallet: str) -> tuple[str, int]:
    """The wallet's code to scan, and what the phone might do."""
    return _page(session_id, "wallet", wallet="wechat_pay" if wallet == "wechat_pay" else "alipay")


@blueprint.post("/pay/<session_id>/wallet/<wallet>")
def pay_by_wallet(session_id: str, wallet: str) -> BaseResponse | tuple[str, int]:
    """What the wallet does: succeed now or later, fail, or never come back."""
    outcome = request.form.get("outcome", "")
    session = _desk().session(session_id)
    if outcome == "now":
        return _charge(session_id, "wechat_pay" if wallet == "wechat_pay" else "alipay")
    if outcome in ("later", "later_fail"):
        _desk().pay_later(session_id, 8, "succeed" if outcome == "later" else "fail")
        return redirect(session["success_url"], code=303)
    if outcome == "fail":
        sentence = (
            "The wallet refused the payment." if session["locale"] == "en" else "钱包没有付成功，请再试或换一种方式。"
        )
        return _page(session_id, status=402, error=sentence)
    return _page(session_id, "never")


def _charge(session_id: str, method: str) -> BaseResponse | tuple[str, int]:
    session = _desk().session(session_id)
    if session["status"] == "expired":
        return _page(session_id, "closed", 410)
    if session["status"] == "open":
        _desk().pay(session_id, method)
    if _desk().levers.break_after_charge:
        return cut_connection()
    return redirect(session["success_url"], code=303)
