"""`gongfang crowd`: a bounded crowd of demo buyers, over HTTP, so that boards move and a newcomer sees an evening."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from json import dumps
from uuid import uuid4

import click
import requests

from app.commands.connect import settings_of_running
from config import Settings, load_settings

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_COMES_BACK = 0.3
_TIMEOUT_S = 15

# All invented. The numbers are of a range that no operator gives out.
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗", "芳伟娜敏静秀丽强磊军洋艳勇杰涛明超兰霞平"
_PLACES = (
    ("浙江省", "杭州市", "西湖区", "文三路"),
    ("上海市", "上海市", "徐汇区", "漕溪北路"),
    ("江苏省", "南京市", "鼓楼区", "中山北路"),
    ("广东省", "深圳市", "南山区", "科技园路"),
    ("四川省", "成都市", "武侯区", "人民南路"),
    ("北京市", "北京市", "朝阳区", "望京街"),
    ("西藏自治区", "拉萨市", "城关区", "北京中路"),
)


class Buyer:
    """One buyer: looks, orders, and then pays, waits, or changes her mind."""

    def __init__(self, shop: str, sandbox: str, stream_id: int, until: float, seed: int) -> None:
        self._shop, self._sandbox, self._stream_id, self._until = shop, sandbox, stream_id, until
        self._chance = random.Random(seed)  # noqa: S311 - a crowd, no secret
        self._web = requests.Session()
        self.did: Counter[str] = Counter()

    def come_by(self) -> None:
        """Come some time before the end, and perhaps once more; what goes wrong is counted, and shown at the end."""
        while True:
            time.sleep(max(0, self._chance.betavariate(1.5, 2) * (self._until - time.monotonic())))
            try:
                self._visit()
            except requests.RequestException:
                self.did["failed"] += 1
            if time.monotonic() >= self._until or self._chance.random() > _COMES_BACK:
                return

    def _visit(self) -> None:
        self.did["visits"] += 1
        snapshot = self._get(f"/api/v1/streams/{self._stream_id}/snapshot").json()
        offers = [offer for offer in snapshot["offers"] if offer["state"] == "open" and offer["left"] > 0]
        if not offers:
            self.did["nothing left"] += 1
            return
        on_air = [offer for offer in offers if offer["id"] == snapshot["on_air"]]
        offer = on_air[0] if on_air and self._chance.random() < 0.7 else self._chance.choice(offers)
        placed = self._order(offer)
        if placed:
            self._decide(placed)

    def _order(self, offer: dict[str, int]) -> dict[str, str] | None:
        province, city, district, street = self._chance.choice(_PLACES)
        most = min(3, offer["cap_per_buyer"] or 3, offer["left"])
        answer = self._web.post(
            f"{self._shop}/api/v1/streams/{self._stream_id}/orders",
            json={
                "lines": [{"offer_id": offer["id"], "quantity": self._chance.randint(1, most)}],
                "buyer": {"name": self._name(), "phone": f"13800{self._chance.randrange(10**6):06d}"},
                "address": {
                    "province": province,
                    "city": city,
                    "district": district,
                    "street": street,
                    "detail": f"{self._chance.randint(1, 300)}号",
                },
            },
            headers={"Idempotency-Key": f"crowd-{uuid4()}"},
            timeout=_TIMEOUT_S,
        )
        if answer.status_code == 201:
            self.did["placed"] += 1
            placed: dict[str, str] = answer.json()
            return placed
        self.did[answer.json().get("code", "failed") if answer.status_code < 500 else "failed"] += 1
        return None

    def _name(self) -> str:
        return self._chance.choice(_SURNAMES) + "".join(self._chance.choices(_GIVEN, k=self._chance.randint(1, 2)))

    def _decide(self, placed: dict[str, str]) -> None:
        """Most pay, some by a wallet that answers later; a few cancel, the rest let the hold run out."""
        chance = self._chance.random()
        if chance < 0.75:
            self._pay(placed)
        elif chance < 0.82:
            self._press(placed, "cancel")
            self.did["cancelled"] += 1
        else:
            self.did["left unpaid"] += 1

    def _pay(self, placed: dict[str, str]) -> None:
        page = self._press(placed, "pay").headers.get("Location", "")
        if not page.startswith(self._sandbox):
            self.did["failed"] += 1
            return
        how = self._chance.choice(({"method": "card"}, {"method": "alipay"}, {"later": 3, "result": "succeed"}))
        session_id = page.rstrip("/").rsplit("/", 1)[-1]
        paid = self._web.post(f"{self._sandbox}/_sandbox/pay/{session_id}", json=how, timeout=_TIMEOUT_S)
        self.did["paid" if paid.ok else "failed"] += 1

    def _press(self, placed: dict[str, str], button: str) -> requests.Response:
        """Open the private link as a browser does, and press a button on the order's page."""
        page = self._web.get(placed["order_url"], timeout=_TIMEOUT_S)
        token = _TOKEN.search(page.text)
        address = f"{self._shop}/orders/{placed['number']}/{button}"
        form = {"csrf_token": token[1] if token else ""}
        return self._web.post(address, data=form, allow_redirects=False, timeout=_TIMEOUT_S)

    def _get(self, path: str) -> requests.Response:
        answer = self._web.get(f"{self._shop}{path}", timeout=_TIMEOUT_S)
        answer.raise_for_status()
        return answer


@click.command()
@click.option("--buyers", type=click.IntRange(1, 200), default=20, show_default=True, help="How many come.")
@click.option("--seconds", type=click.IntRange(1, 3600), default=60, show_default=True, help="Within which time.")
@click.option("--port", type=click.IntRange(1, 65_534), help="Port of the shop, when it runs in another VAR_DIR.")
@click.option("--stream", type=click.IntRange(1, 2**31), help="Which stream; the first live one when left out.")
@click.option("--seed", type=int, default=0, help="The same seed, the same crowd.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def crowd(buyers: int, seconds: int, port: int | None, stream: int | None, seed: int, as_json: bool) -> None:
    """Let demo buyers order in the running shop on this machine; most of them pay on the demo's payment page."""
    shop, sandbox = _addresses(load_settings(port=port) if port else settings_of_running())
    stream = stream or _live_stream(shop)
    until = time.monotonic() + seconds
    crowd_of = [Buyer(shop, sandbox, stream, until, seed * 1_000 + number) for number in range(buyers)]
    did = _let_in(crowd_of, None if as_json else lambda line: click.echo(line, err=True))
    words = {"buyers": buyers, "seconds": seconds, "stream": stream, **dict(sorted(did.items()))}
    click.echo(dumps(words, ensure_ascii=False) if as_json else ", ".join(f"{k} {v}" for k, v in words.items()))
    if not did["placed"] and not did["nothing left"]:
        raise SystemExit("没有一个订单下成 · Not one order was placed; look at var/log/web.log.")


def _addresses(settings: Settings) -> tuple[str, str]:
    """Where the shop and the demo's payments are; only ever on this machine, and never where money is real."""
    if settings.is_production or not settings.uses_sandbox:
        raise SystemExit("A crowd of invented buyers is for the demo only: payments here are not the demo's.")
    return f"http://127.0.0.1:{settings.port}", settings.sandbox_url


def _live_stream(shop: str) -> int:
    try:
        streams = requests.get(f"{shop}/api/v1/streams", timeout=_TIMEOUT_S).json()["streams"]
    except (requests.RequestException, ValueError, KeyError) as error:
        raise SystemExit(f"没有开门的店 · No shop answers at {shop}. Start it with `gongfang run`.") from error
    live = [stream["id"] for stream in streams if stream["state"] == "live"]
    if not live:
        raise SystemExit("现在没有直播 · No stream is live. Start one on the console.")
    return int(live[0])


def _let_in(buyers: list[Buyer], say: Callable[[str], None] | None) -> Counter[str]:
    threads = [threading.Thread(target=buyer.come_by, daemon=True) for buyer in buyers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(1)
        if say:
            did = sum((buyer.did for buyer in buyers), Counter[str]())
            say(f"placed {did['placed']}, paid {did['paid']}, sold out {did['out_of_stock']}, failed {did['failed']}")
    return sum((buyer.did for buyer in buyers), Counter[str]())
