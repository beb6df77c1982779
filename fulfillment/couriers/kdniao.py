"""KDNiao (快递鸟): waybills (1007), their cancellation (1147) and tracking (1002, 8001), one form for all of them.

Sources: domain-rules.md ("Couriers") and the samples of data/courier, kept in tests/data/courier; 1147 and the finer
states are from memory. ``DataSign = base64(md5hex(RequestData + AppKey))``. The characters of ``REFUSED`` are not
taken, and a repeat (105) does not give the number again: then a person looks it up.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import md5
from typing import Any, Final
from zoneinfo import ZoneInfo

from fulfillment.couriers.kuaidi100 import Account
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
    "ZTO": "ZTO",
    "YTO": "YTO",
    "STO": "STO",
    "YUNDA": "YD",
    "SF": "SF",
    "JT": "JTSD",
    "EMS": "EMS",
    "YZ": "YZPY",
    "JD": "JD",
}
REFUSED: Final = frozenset("'\"#&+<>")
_STATES: Final[Mapping[str, str]] = {"0": "", "1": "collected", "2": "moving", "3": "delivered", "4": "trouble"}
_REFUSALS: Final[Mapping[str, str]] = {"103": "signature", "105": "repeat"}
# With the phone's end they are asked by the free query, the others by the plain one.
_ASK_FOR_PHONE: Final = frozenset({"SF", "ZTO"})
_BEIJING = ZoneInfo("Asia/Shanghai")


def data_sign(request_data: str, app_key: str) -> str:
    """The signature of a request."""
    return b64encode(md5((request_data + app_key).encode(), usedforsecurity=False).hexdigest().encode()).decode()


class KDNiao:
    """KDNiao as a :class:`~fulfillment.couriers.providers.WaybillProvider`."""

    name = "kdniao"

    def __init__(
        self, label: Line, query: Line, business_id: str, app_key: str, accounts: Mapping[str, Account]
    ) -> None:
        self._label = label
        self._query = query
        self._business_id = business_id
        self._app_key = app_key
        self._accounts = accounts

    def order(self, request: LabelRequest) -> IssuedWaybill:
        """A waybill.

        Raises:
            CourierAway: no usable answer. CourierRefuses: characters, signature, a repeat without its number, unknown.
        """
        account = self._account(request.carrier)
        _refuse_characters(request)
        kg = request.weight_g / 1000
        data = {
            "OrderCode": request.key,
            "ShipperCode": COMPANIES[request.carrier],
            "CustomerName": account.partner_id,
            "CustomerPwd": account.partner_key,
            "PayType": 1,
            "ExpType": 1,
            "Sender": _party(request.sender),
            "Receiver": _party(request.receiver),
            "Commodity": [{"GoodsName": request.goods, "Goodsquantity": 1, "GoodsWeight": kg}],
            "Weight": kg,
            "Quantity": 1,
            "Remark": "",
            "IsReturnPrintTemplate": "0",
        }
        answer = self._ask(self._label, "1007", data)
        order = answer.get("Order")
        number = _text(order, "LogisticCode")
        # A repeat whose answer holds the number is as good as the first one.
        if not number:
            raise _refusal(answer) if answer.get("Success") is not True else CourierAway("no number")
        facts = {name: said for name in ("OriginName", "PackageCode") if (said := _text(order, name))}
        return IssuedWaybill(number, _text(order, "MarkDestination"), _text(order, "PackageName"), facts)

    def cancel(self, cancellation: Cancellation) -> None:
        """Give the number back."""
        account = self._account(cancellation.carrier)
        answer = self._ask(
            self._label,
            "1147",
            {
                "OrderCode": cancellation.key,
                "ShipperCode": COMPANIES[cancellation.carrier],
                "ExpNo": cancellation.number,
                "CustomerName": account.partner_id,
                "CustomerPwd": account.partner_key,
            },
        )
        if answer.get("Success") is not True:
            raise _refusal(answer)

    def track(self, query: TrackQuery) -> Journey:
        """Where the parcel is.

        Raises:
            CourierAway: no usable answer. CourierRefuses: signature, account, or a state that is not known.
        """
        if query.carrier not in COMPANIES:
            raise CourierRefuses("account", query.carrier)
        data = {"OrderCode": "", "ShipperCode": COMPANIES[query.carrier], "LogisticCode": query.number}
        kind = "1002"
        if query.carrier in _ASK_FOR_PHONE:
            kind, data = "8001", data | {"CustomerName": query.phone_end}
        return read_journey(self._ask(self._query, kind, data))

    def _account(self, carrier: str) -> Account:
        account = self._accounts.get(carrier)
        if account is None or carrier not in COMPANIES:
            raise CourierRefuses("account", carrier)
        return account

    def _ask(self, line: Line, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        answer = line.ask(
            {
                "RequestData": text,
                "EBusinessID": self._business_id,
                "RequestType": kind,
                "DataSign": data_sign(text, self._app_key),
                "DataType": "2",
            }
        )
        if not isinstance(answer.get("Success"), bool):
            raise CourierAway("unknown form")
        return answer


def read_journey(answer: Mapping[str, Any]) -> Journey:
    """What a tracking answer says."""
    if answer.get("Success") is not True:
        raise _refusal(answer)
    state, lines = str(answer.get("State", "")), answer.get("Traces")
    if not isinstance(lines, list):
        raise CourierAway("unknown form")
    if state not in _STATES:
        raise CourierRefuses("unknown", f"State {state}")
    steps = sorted((_step(line) for line in lines if isinstance(line, Mapping)), key=lambda step: step.at)
    return Journey(_STATES[state], tuple(steps))


def _step(line: Mapping[str, Any]) -> Step:
    try:
        at = datetime.strptime(str(line.get("AcceptTime")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
    except ValueError:
        raise CourierAway("unknown form") from None
    return Step(at, "", str(line.get("AcceptStation") or ""))


def _refusal(answer: Mapping[str, Any]) -> CourierRefuses:
    code = str(answer.get("ResultCode", ""))
    return CourierRefuses(_REFUSALS.get(code, "unknown"), f"{code} {answer.get('Reason', '')}")


def _refuse_characters(request: LabelRequest) -> None:
    receiver = request.receiver
    found = sorted(REFUSED & set(receiver.name + receiver.address + request.sender.name + request.sender.address))
    if found:
        raise CourierRefuses("characters", " ".join(found))


def _party(party: Party) -> dict[str, str]:
    return {
        "Name": party.name,
        "Mobile": party.phone,
        "ProvinceName": party.province,
        "CityName": party.city,
        "ExpAreaName": party.district,
        "Address": party.detail,
    }


def _text(data: object, name: str) -> str:
    value = data.get(name) if isinstance(data, Mapping) else None
    return "".join(c for c in value if c.isprintable()).strip()[:60] if isinstance(value, str) else ""
