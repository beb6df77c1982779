"""KDNiao on loopback: one address for labels (1007), cancelling (1147) and tracking (1002, 8001), with checked signatures."""

import json
from base64 import b64encode
from hashlib import md5
from typing import Any

from flask import Blueprint, Response, current_app, request

from sandbox.api import cut_connection
from sandbox.couriers import bad_weather, depot, said

blueprint = Blueprint("kdniao", __name__, url_prefix="/kdniao")

_COMPANIES = {"ZTO": "zhongtong", "YTO": "yuantong", "STO": "shentong", "YD": "yunda", "SF": "shunfeng"}
_REFUSED = set("'\"#&+<>")


def _answer(body: dict[str, Any]) -> Response:
    keys: dict[str, str] = current_app.extensions["courier_keys"]
    return Response(
        json.dumps({"EBusinessID": keys["kdniao_id"], **body}, ensure_ascii=False), mimetype="application/json"
    )


def _no(code: str, reason: str) -> Response:
    return _answer({"Success": False, "ResultCode": code, "Reason": reason})


@blueprint.post("/api")
def api() -> Response:
    """Whatever RequestType asks for."""
    weather = bad_weather()
    if weather:
        return weather
    text, key = request.form.get("RequestData", ""), current_app.extensions["courier_keys"]["kdniao_key"]
    right = b64encode(md5((text + key).encode(), usedforsecurity=False).hexdigest().encode()).decode()
    if request.form.get("DataSign") != right:
        return _no("103", "加密失败")
    if depot().levers.take("unknown"):
        return _no("999", "未知错误")
    data = json.loads(text)
    kinds = {"1007": _order, "1147": _cancel, "1002": _track, "8001": _track}
    return kinds[request.form["RequestType"]](data)


def _order(data: dict[str, Any]) -> Response:
    people = (data["Sender"], data["Receiver"])
    if any(_REFUSED & set(str(value)) for person in people for value in person.values()):
        return _no("104", "参数含有特殊字符")
    parcel, is_repeat = depot().issue(_COMPANIES.get(data["ShipperCode"], ""), data["OrderCode"])
    if parcel is None:
        return _no("106", "面单余额不足")
    if depot().levers.take("broken"):
        return cut_connection()
    if is_repeat:
        return _no("105", "订单号已下单成功")
    order = {
        "OrderCode": data["OrderCode"],
        "ShipperCode": data["ShipperCode"],
        "LogisticCode": parcel["number"],
        "MarkDestination": "769- B02- 11",
        "OriginCode": "578",
        "OriginName": "丽水",
        "PackageCode": "",
        "PackageName": "东莞中心",
    }
    return _answer({"Order": order, "Success": True, "ResultCode": "100", "Reason": "成功"})


def _cancel(data: dict[str, Any]) -> Response:
    outcome = depot().cancel(data["ExpNo"])
    if outcome != "cancelled":
        return _no("107", "单号不能取消")
    return _answer({"Success": True, "ResultCode": "100", "Reason": "成功"})


def _track(data: dict[str, Any]) -> Response:
    steps = depot().journey(data["LogisticCode"])
    traces = [{"AcceptTime": said(at), "AcceptStation": stage.words} for stage, at in steps]
    return _answer(
        {
            "ShipperCode": data["ShipperCode"],
            "LogisticCode": data["LogisticCode"],
            "Success": True,
            "State": steps[-1][0].kdniao if steps else "0",
            "Traces": traces,
        }
    )
