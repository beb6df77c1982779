"""A courier company behind Kuaidi100 and KDNiao: numbers given out once per order, parcels that move on, bad weather on levers."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, jsonify, request

from sandbox.store import Store, Thing

BEIJING = ZoneInfo("Asia/Shanghai")
# What the demo's shop signs with (config.py has the same).
DEMO_KEYS = dict.fromkeys(("key", "secret", "customer", "kdniao_id", "kdniao_key"), "gongfang-demo-courier")
# A number that looks like this company's, from its serial.
_SHAPES: dict[str, Callable[[int], str]] = {
    "zhongtong": lambda n: f"78{n:012d}",
    "yuantong": lambda n: f"YT{n:013d}",
    "shentong": lambda n: f"77{n:013d}",
    "yunda": lambda n: f"43{n:013d}",
    "shunfeng": lambda n: f"SF14{n:011d}",
    "jtexpress": lambda n: f"JT{n:013d}",
    "youzhengguonei": lambda n: f"98{n:011d}",
}


@dataclass(frozen=True)
class Stage:
    """A stage of a parcel's way: Kuaidi100's state, its line's code and words, KDNiao's state, and whether it is the end."""

    state: str
    code: str
    word: str
    words: str
    kdniao: str
    is_end: bool = False


STAGES: dict[str, Stage] = {
    "collected": Stage("1", "1", "揽收", "【庆元县】 【示例庆元】 的示例员 已揽收", "1"),
    "moving": Stage("0", "1002", "干线", "【丽水市】 快件离开 【丽水转运中心】 已发往 【目的地中转部】", "2"),
    "arrived": Stage("0", "1001", "在途", "快件到达 【目的地分拨中心】", "2"),
    "delivering": Stage("5", "5", "派件", "【示例网点】 的示例员(17000000000) 正在派件", "2"),
    "to_pick_up": Stage("5", "501", "投柜", "快件已到 【示例驿站】，请凭取件码取件", "2"),
    "signed": Stage("3", "304", "签收", "快件已由【示例驿站】代签收, 如有问题请电联", "3", is_end=True),
    "trouble": Stage("2", "204", "疑难", "派件不成功，明天再派", "4"),
    "unreachable": Stage("2", "206", "疑难", "电话没有人接，无法联系收件人", "4"),
    "address": Stage("2", "207", "疑难", "收件地址不详，超出派送范围", "4"),
    "refused": Stage("14", "14", "拒签", "收件人拒收", "4"),
    "returning": Stage("6", "6", "退回", "快件正在退回寄件人", "4"),
    "returned": Stage("4", "4", "退签", "退回件已由寄件人签收", "4", is_end=True),
    "customs": Stage("11", "11", "清关", "正在清关", "2"),
}
# What happens by itself, one stage after the other; the next stage comes when its time has passed.
_BY_ITSELF = ("collected", "moving", "arrived", "delivering", "signed")


@dataclass
class CourierLevers:
    """Bad weather on demand; all off at the start."""

    # Seconds before each answer.
    slow_s: float = 0.0
    # How many of the next answers are a web page instead of JSON.
    html: int = 0
    # How many of the next answers carry this code, when it is not 0.
    unknown: int = 0
    code: int = 39999
    # How many of the next orders get the number that the order before got.
    twice: int = 0
    # How many of the next orders are carried out and then cut off before the answer.
    broken: int = 0
    # Numbers left on the account; below zero there is no end of them.
    balance: int = -1
    # Seconds from one stage to the next; 0: parcels move by levers only.
    stage_s: float = 0.0

    def pull(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Set levers by name; returns how they stand."""
        known = asdict(self)
        for name, value in wanted.items():
            setattr(self, name, type(known[name])(value))
        return asdict(self)

    def take(self, name: str) -> bool:
        """Whether a counted lever is up; it goes down by one."""
        left = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return bool(left > 0)


class Depot:
    """The courier company: orders by their id, parcels by their number."""

    def __init__(self, store: Store, levers: CourierLevers, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self.levers = levers
        self.clock = clock
        self.asked = 0
        self._lock = threading.Lock()

    def issue(self, company: str, order_id: str) -> tuple[Thing | None, bool]:
        """The parcel of an order, and whether it is a repeat; ``None`` when no numbers are left."""
        with self._lock:
            known = self.store.get(f"courier-order:{order_id}")
            if known is not None:
                return self.store.get(f"parcel:{known['number']}"), True
            if self.levers.balance == 0:
                return None, False
            self.levers.balance -= self.levers.balance > 0
            number = self._next_number(company)
            self.store.put("courier-order", {"id": f"courier-order:{order_id}", "number": number})
            return self.store.put("parcel", self._parcel(number, order_id, [])), False

    def _next_number(self, company: str) -> str:
        last = self.store.get("courier-serial") or {"id": "courier-serial", "serial": 0, "number": ""}
        if last["number"] and self.levers.take("twice"):
            return str(last["number"])
        serial = int(last["serial"]) + 1
        number = _SHAPES[company](10_000 + serial) if company in _SHAPES else f"900{serial:09d}"
        self.store.put("courier-serial", {"id": "courier-serial", "serial": serial, "number": number})
        return number

    def _parcel(self, number: str, order_id: str, steps: list[dict[str, Any]]) -> Thing:
        return {"id": f"parcel:{number}", "number": number, "order": order_id, "state": "issued", "steps": steps}

    def cancel(self, number: str) -> str:
        """Take a number back: ``cancelled``, or what stands against it (``unknown``, ``moving``)."""
        with self._lock:
            parcel = self.store.get(f"parcel:{number}")
            if parcel is None:
                return "unknown"
            if parcel["steps"]:
                return "moving"
            parcel["state"] = "cancelled"
            self.store.put("parcel", parcel)
            return "cancelled"

    def move(self, number: str, stage: str, at: float | None = None) -> Thing:
        """A parcel reaches a stage; one that was never issued here begins its way now."""
        if stage not in STAGES:
            raise KeyError(stage)
        with self._lock:
            parcel = self.store.get(f"parcel:{number}") or self._parcel(number, "", [])
            parcel["steps"].append({"stage": stage, "at": self.clock() if at is None else at})
            return self.store.put("parcel", parcel)

    def journey(self, number: str) -> list[tuple[Stage, datetime]]:
        """A parcel's stages so far, oldest first; with ``stage_s`` it has moved on by itself."""
        parcel = self.store.get(f"parcel:{number}")
        if self.levers.stage_s and (parcel is None or parcel["state"] != "cancelled"):
            parcel = self._move_by_itself(number, parcel)
        steps = parcel["steps"] if parcel else []
        return [(STAGES[step["stage"]], datetime.fromtimestamp(step["at"], UTC)) for step in steps]

    def _move_by_itself(self, number: str, parcel: Thing | None) -> Thing:
        if parcel is None or not parcel["steps"]:
            # What this depot never saw was handed over elsewhere and is nearly there.
            parcel = self.move(number, "delivering" if parcel is None else "collected")
        while parcel["steps"][-1]["stage"] in _BY_ITSELF[:-1]:
            last = parcel["steps"][-1]
            due = last["at"] + self.levers.stage_s
            if due > self.clock():
                break
            parcel = self.move(number, _BY_ITSELF[_BY_ITSELF.index(last["stage"]) + 1], due)
        return parcel


def depot() -> Depot:
    """The courier of this sandbox."""
    found: Depot = current_app.extensions["depot"]
    return found


def bad_weather() -> Response | None:
    """What the levers make of an answer; ``None``: it is answered as it should be."""
    levers = depot().levers
    depot().asked += 1
    if levers.slow_s:
        time.sleep(levers.slow_s)
    if levers.take("html"):
        return Response("<!DOCTYPE html><title>502 Bad Gateway</title>", mimetype="text/html")
    return None


def said(moment: datetime) -> str:
    """A moment as couriers write it: Beijing time without a zone."""
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


levers = Blueprint("courier_levers", __name__, url_prefix="/_sandbox/couriers")


@levers.post("/levers")
def pull_levers() -> tuple[Response, int] | Response:
    """Make the weather bad or good; answers how the levers stand."""
    try:
        return jsonify(depot().levers.pull(dict(request.get_json(force=True))))
    except (KeyError, ValueError, TypeError) as error:
        return jsonify(error=f"no such lever: {error}"), 400


@levers.post("/parcels/<number>/<stage>")
def move(number: str, stage: str) -> tuple[Response, int] | Response:
    """Let a parcel reach a stage."""
    try:
        return jsonify(depot().move(number, stage))
    except KeyError:
        return jsonify(error=f"stages: {', '.join(STAGES)}"), 400
