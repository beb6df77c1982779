"""Kuaidi100 on loopback: ``label/order`` and ``poll/query.do`` with checked signatures, in the forms of the real replies."""

import json
from hashlib import md5
from typing import Any

from flask import Blueprint, Response, current_app, request

from sandbox.api import cut_connection
from sandbox.couriers import bad_weather, depot, said
from sandbox.store import Thing

blueprint = Blueprint("kuaidi100", __name__, url_prefix="/kuaidi100")

_ASK_FOR_PHONE = ("shunfeng", "zhongtong")


def _answer(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")


def _keys() -> dict[str, str]:
    keys: dict[str, str] = current_app.extensions["courier_keys"]
    return keys


def _is_signed(*parts: str) -> bool:
    right = md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()
    return request.form.get("sign") == right


def _param() -> dict[str, Any]:
    try:
        param = json.loads(request.form.get("param", ""))
    except ValueError:
        return {}
    return param if isinstance(param, dict) else {}


@blueprint.post("/label/order")
def label() -> Response:
    """Order a label or cancel one."""
    weather = bad_weather()
    if weather:
        return weather
    form, keys = request.form, _keys()
    if form.get("key") != keys["key"] or not _is_signed(
        form.get("param", ""), form.get("t", ""), keys["key"], keys["secret"]
    ):
        return _no(30002, "验证签名失败")
    levers = depot().levers
    if levers.take("unknown"):
        return _no(levers.code, "未知错误")
    return _cancel(_param()) if form.get("method") == "cancel" else _order(_param())


def _no(code: int, message: str) -> Response:
    return _answer({"success": False, "code": code, "message": message, "data": None})


def _order(param: dict[str, Any]) -> Response:
    company, order_id, receiver = param.get("kuaidicom"), param.get("orderId"), param.get("recMan") or {}
    if not company or not order_id or not receiver.get("name") or not receiver.get("printAddr"):
        return _no(30003, "参数不完整")
    parcel, is_repeat = depot().issue(str(company), str(order_id))
    if parcel is None:
        return _no(30001, "面单余额不足")
    if depot().levers.take("broken"):
        return cut_connection()
    words = "success (same order id: cached number returned)" if is_repeat else "success"
    code = 30011 if is_repeat else 200
    return _answer({"success": True, "code": code, "message": words, "data": _label(parcel)})


def _label(parcel: Thing) -> dict[str, str]:
    """The fields of a real reply."""
    empty = ("childNum", "returnNum", "label", "orgSortingCode", "orgSortingName", "orgExtra", "road", "qrCode")
    serial = parcel["number"][-6:]
    return {
        **dict.fromkeys(empty, ""),
        "taskId": f"SANDBOX{serial:0>13}",
        "kuaidinum": parcel["number"],
        "bulkpen": f"512- D{int(serial) % 90 + 10}- 05",
        "orgCode": "57800",
        "orgName": "丽水",
        "destCode": "51200",
        "destName": "苏州",
        "destSortingCode": "D17",
        "destSortingName": "苏州园区",
        "destExtra": "05",
        "pkgCode": "512",
        "pkgName": "苏州中心",
        "kdComOrderNum": f"SANDBOX-{serial}",
        "expressCode": "",
        "expressName": "",
    }


def _cancel(param: dict[str, Any]) -> Response:
    outcome = depot().cancel(str(param.get("kuaidinum", "")))
    if outcome == "unknown":
        return _no(30004, "单号不存在")
    if outcome == "moving":
        return _no(30005, "已揽收，不能取消")
    return _answer({"success": True, "code": 200, "message": "success", "data": None})


@blueprint.post("/poll/query.do")
def query() -> Response:
    """Where a parcel is."""
    weather = bad_weather()
    if weather:
        return weather
    form, keys = request.form, _keys()
    if form.get("customer") != keys["customer"] or not _is_signed(form.get("param", ""), keys["key"], keys["customer"]):
        return _query_no("503", "验证签名失败")
    if depot().levers.take("unknown"):
        return _query_no("799", "未知错误")
    param = _param()
    company, number = str(param.get("com", "")), str(param.get("num", ""))
    if not company or not number:
        return _query_no("400", "提交的数据不完整，或者贵公司没授权")
    if company in _ASK_FOR_PHONE and len(str(param.get("phone", ""))) < 4:
        return _query_no("408", "快递公司参数异常：收、寄件人电话号码后四位错误")
    steps = depot().journey(number)
    if not steps:
        return _query_no("500", "查询无结果，请隔段时间再查")
    last = steps[-1][0]
    lines = [
        {
            "time": said(at),
            "ftime": said(at),
            "context": stage.words,
            "areaName": "",
            "status": stage.word,
            "statusCode": stage.code,
        }
        for stage, at in reversed(steps)
    ]
    return _answer(
        {
            "message": "ok",
            "nu": number,
            "ischeck": str(int(last.is_end)),
            "condition": "F00" if last.is_end else "00",
            "com": company,
            "status": "200",
            "state": last.state,
            "data": lines,
        }
    )


def _query_no(code: str, message: str) -> Response:
    return _answer({"result": False, "returnCode": code, "message": message})
