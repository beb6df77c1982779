"""Kuaidi100: waybills through ``label/order``, tracking through ``poll/query.do``.

Sources: domain-rules.md ("Couriers") and the samples of data/courier, kept in tests/data/courier. Label: form method, key,
sign, t, param with ``sign = upper(MD5(param + t + key + secret))``; 200 is success, 30011 a repeat with the same number.
Query: form customer, sign, param with ``sign = upper(MD5(param + key + customer))``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any, Final
from zoneinfo import ZoneInfo

from fulfillment.couriers.line import Line
from fulfillment.couriers.providers import (
    Cancellation,
    CourierAway,
    CourierRefuses,
    IssuedWaybill,
    Journey,
    LabelRequest,
    Party,
    Step,
    TrackQuery,
)

COMPANIES: Final[Mapping[str, str]] = {
    "ZTO": "zhongtong",
    "YTO": "yuantong",
    "STO": "shentong",
    "YUNDA": "yunda",
    "SF": "shunfeng",
    "JT": "jtexpress",
    "EMS": "ems",
    "YZ": "youzhengguonei",
    "JD": "jd",
}
# Without the phone these answer 408.
_ASK_FOR_PHONE: Final = frozenset({"SF", "ZTO"})
# State of the whole parcel; 4 and 6 depend on ischeck as well.
_STATES: Final[Mapping[str, str]] = {
    "0": "moving",
    "1": "collected",
    "2": "trouble",
    "3": "delivered",
    "4": "returning",
    "5": "delivering",
    "6": "returning",
    "7": "forwarded",
    "8": "customs",
    "10": "customs",
    "11": "customs",
    "12": "customs",
    "13": "trouble",
    "14": "refused",
}
# Finer codes that say what kind of trouble it is (medium: seen in one source).
_FINE: Final[Mapping[str, str]] = {
    "203": "refused",
    "206": "unreachable",
    "207": "address",
    "501": "to_pick_up",
}
_DONE_WELL: Final = (200, 30011)
_REFUSALS: Final[Mapping[int, str]] = {30001: "balance", 30002: "signature"}
_ESSENTIALS: Final = ("taskId", "kdComOrderNum", "orgName", "destName", "destSortingName", "pkgCode")
_BEIJING = ZoneInfo("Asia/Shanghai")


def label_sign(param: str, t: str, key: str, secret: str) -> str:
    """The signature of a label request."""
    return _md5(param + t + key + secret).upper()


def query_sign(param: str, key: str, customer: str) -> str:
    """The signature of a tracking query."""
    return _md5(param + key + customer).upper()


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Account:
    """Our account with one courier company, as Kuaidi100 passes it on."""

    partner_id: str
    partner_key: str = ""
    partner_secret: str = ""


@dataclass(frozen=True)
class Keys:
    """Our account with Kuaidi100 itself."""

    key: str
    secret: str
    customer: str


class Kuaidi100:
    """Kuaidi100 as a :class:`~fulfillment.couriers.providers.WaybillProvider`."""

    name = "kuaidi100"

    def __init__(
        self, label: Line, query: Line, keys: Keys, accounts: Mapping[str, Account], clock: Callable[[], datetime]
    ) -> None:
        self._label = label
        self._query = query
        self._keys = keys
        self._accounts = accounts
        self._clock = clock

    def order(self, request: LabelRequest) -> IssuedWaybill:
        """A waybill; a repeat (30011) is the same one.

        Raises:
            CourierAway: no usable answer. CourierRefuses: signature, balance, no account, or an unknown code.
        """
        account = self._account(request.carrier)
        param = {
            "printType": "NON",
            "partnerId": account.partner_id,
            "partnerKey": account.partner_key,
            "partnerSecret": account.partner_secret,
            "partnerName": "",
            "net": "",
            "code": "",
            "checkMan": "",
            "kuaidicom": COMPANIES[request.carrier],
            "recMan": _man(request.receiver),
            "sendMan": _man(request.sender),
            "cargo": request.goods,
            "count": 1,
            "weight": request.weight_g / 1000,
            "payType": "SHIPPER",
            "expType": "标准快递",
            "remark": "",
            "tempId": "",
            "siid": "",
            "needChild": "0",
            "needBack": "0",
            "orderId": request.key,
        }
        data = self._ask("order", param).get("data")
        number = _text(data, "kuaidinum")
        if not number:
            raise CourierAway("no number")
        return IssuedWaybill(
            number,
            _text(data, "bulkpen"),
            _text(data, "pkgName"),
            {name: said for name in _ESSENTIALS if (said := _text(data, name))},
        )

    def cancel(self, cancellation: Cancellation) -> None:
        """Give the number back."""
        account = self._account(cancellation.carrier)
        self._ask(
            "cancel",
            {
                "partnerId": account.partner_id,
                "kuaidicom": COMPANIES[cancellation.carrier],
                "kuaidinum": cancellation.number,
                "orderId": cancellation.courier_order or cancellation.key,
                "reason": cancellation.reason,
            },
        )

    def _account(self, carrier: str) -> Account:
        account = self._accounts.get(carrier)
        if account is None or carrier not in COMPANIES:
            raise CourierRefuses("account", carrier)
        return account

    def _ask(self, method: str, param: Mapping[str, Any]) -> dict[str, Any]:
        text, t = _compact(param), str(int(self._clock().timestamp() * 1000))
        sign = label_sign(text, t, self._keys.key, self._keys.secret)
        answer = self._label.ask({"method": method, "key": self._keys.key, "sign": sign, "t": t, "param": text})
        code = answer.get("code")
        if not isinstance(code, int):
            raise CourierAway("unknown form")
        if code not in _DONE_WELL:
            raise CourierRefuses(_REFUSALS.get(code, "unknown"), f"{code} {answer.get('message', '')}")
        return answer

    def track(self, query: TrackQuery) -> Journey:
        """Where the parcel is; "nothing yet" (500) is no error.

        Raises:
            CourierAway: no usable answer. CourierRefuses: signature, phone, account, or an unknown state.
        """
        if query.carrier not in COMPANIES:
            raise CourierRefuses("account", query.carrier)
        param = _compact(
            {
                "com": COMPANIES[query.carrier],
                "num": query.number,
                # The least that does the job: only where it is asked for, and only its end.
                "phone": query.phone_end if query.carrier in _ASK_FOR_PHONE else "",
                "from": "",
                "to": "",
                "resultv2": "4",
                "show": "0",
                "order": "desc",
                "lang": "zh",
            }
        )
        sign = query_sign(param, self._keys.key, self._keys.customer)
        answer = self._query.ask({"customer": self._keys.customer, "sign": sign, "signType": "MD5", "param": param})
        return read_journey(answer)


_QUERY_REFUSALS: Final[Mapping[str, str]] = {"408": "phone", "503": "signature", "601": "balance"}


def read_journey(answer: Mapping[str, Any]) -> Journey:
    """What a tracking answer says.

    Raises:
        CourierAway: not the form that is known. CourierRefuses: an error code, or a state that is not known.
    """
    code = answer.get("returnCode")
    if code == "500":
        return Journey("")
    if code is not None:
        raise CourierRefuses(_QUERY_REFUSALS.get(str(code), "unknown"), f"{code} {answer.get('message', '')}")
    lines, whole = answer.get("data"), str(answer.get("state", ""))
    if answer.get("status") != "200" or not isinstance(lines, list):
        raise CourierAway("unknown form")
    if whole not in _STATES:
        raise CourierRefuses("unknown", f"state {whole}")
    steps = sorted((_step(line) for line in lines if isinstance(line, Mapping)), key=lambda step: step.at)
    return Journey(whole_state(whole, str(answer.get("ischeck", "")), steps[-1].state if steps else ""), tuple(steps))


def whole_state(code: str, is_check: str, last: str = "") -> str:
    """Our word for Kuaidi100's state; ended (``ischeck``) with 4 or 6 the parcel is back here, and was not delivered.

    The newest line may say it more finely: which trouble it is, or that the parcel waits at a shop to be picked up.
    """
    if code in ("4", "6") and is_check == "1":
        return "returned"
    finer = {"2": ("refused", "unreachable", "address"), "5": ("to_pick_up",)}
    return last if last in finer.get(code, ()) else _STATES[code]


def _step(line: Mapping[str, Any]) -> Step:
    try:
        at = datetime.strptime(str(line.get("time")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
    except ValueError:
        raise CourierAway("unknown form") from None
    return Step(at, line_state(str(line.get("statusCode") or "")), str(line.get("context") or ""))


def line_state(code: str) -> str:
    """Our word for a line's code: itself, or the state that it is a finer part of (1002 is 0, 304 is 3)."""
    if code in _FINE:
        return _FINE[code]
    if code in _STATES:
        return _STATES[code]
    if len(code) == 4 and code.startswith("10"):
        return _STATES["0"]
    return _STATES.get(code[:1], "") if len(code) == 3 else ""


def _man(party: Party) -> dict[str, str]:
    return {"name": party.name, "mobile": party.phone, "printAddr": party.address}


def _compact(param: Mapping[str, Any]) -> str:
    return json.dumps(param, ensure_ascii=False, separators=(",", ":"))


def _text(data: object, name: str) -> str:
    """A short text of an answer; anything else is empty."""
    value = data.get(name) if isinstance(data, Mapping) else None
    return "".join(c for c in value if c.isprintable()).strip()[:60] if isinstance(value, str) else ""
