"""Stripe's stand-in on loopback, as the official client sees it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe
from flask import Flask

from sandbox.factory import create_sandbox
from tests.payments.town import API_KEY, SECRET
from tests.servers import listening


class Stand:
    """The stand-in and a client of it."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app = app
        self.url = url
        self.desk = app.extensions["desk"]
        self.postman = app.extensions["postman"]
        self.client = self.client_with(API_KEY)

    def client_with(self, key: str) -> stripe.StripeClient:
        """The official client with this key."""
        return stripe.StripeClient(key, base_addresses={"api": self.url}, http_client=stripe.RequestsClient(timeout=10))

    def waiting_events(self) -> int:
        """How many events the postman still has to carry."""
        found: int = self.desk.store.rows("SELECT count(*) FROM deliveries")[0][0]
        return found

    def open(self, **changes: object) -> stripe.checkout.Session:
        """A page for 45.80 yuan."""
        line = {
            "quantity": 2,
            "price_data": {"currency": "cny", "unit_amount": 2_290, "product_data": {"name": "工坊 G1"}},
        }
        params = {"mode": "payment", "line_items": [line], "success_url": "https://shop.example/paid", **changes}
        return self.client.v1.checkout.sessions.create(params)  # type: ignore[arg-type]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """The stand-in, with an empty account."""
    with listening() as (url, server):
        sandbox = server.app = create_sandbox(
            state=tmp_path / "stripe.sqlite",
            base_url=url,
            webhook_url=f"{url}/nobody",
            webhook_secret=SECRET,
            api_key=API_KEY,
        )
        stand = Stand(sandbox, url)
        yield stand
        stand.postman.stop()
    stand.desk.store.close()
