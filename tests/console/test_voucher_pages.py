"""Vouchers at the desk and on the order form."""

import pytest
from sqlalchemy import select

from shop.vouchers.models import Voucher
from tests.console.conftest import Desk
from tests.storefront.pages import fields_of, typed_order
from tests.world import LiveOffer

PAGE = "/console/vouchers"


def make(desk: Desk, status: int = 303, **changes: object) -> str:
    typed = desk.typed(PAGE, PAGE, **{"code": "xianggu-10", "off": "10", "most_uses": "5", **changes})
    return desk.send(PAGE, typed, status).text


def test_a_voucher_is_made_used_and_stopped(desk: Desk, offer: LiveOffer) -> None:
    assert "还没有优惠码" in desk.look(f"{PAGE}?lang=zh")
    make(desk)
    make(desk)
    buyer = desk.app.test_client()
    typed = typed_order(buyer, offer, 2, voucher="ｘｉａｎｇｇｕ 10")
    placed = buyer.post(f"/live/{offer.stream_id}/orders", data=typed)
    page = buyer.get(f"{placed.location}?lang=zh").text
    assert "XIANGGU10" in page
    assert "-¥10.00" in page
    assert "¥75.60" in page, "79.60 of goods, 6.00 postage, 10.00 off"
    with desk.database.transaction() as session:
        voucher = session.scalars(select(Voucher)).one()
        assert voucher.used == 1
    for _ in range(2):
        desk.send(f"{PAGE}/{voucher.id}/stop", {})
    assert "停了" in desk.look(f"{PAGE}?lang=zh")


def test_a_code_that_does_not_hold_is_marked_and_what_was_typed_stays(desk: Desk, offer: LiveOffer) -> None:
    buyer = desk.app.test_client()
    for code in ("NOSUCHCODE", "香菇" * 20, "!", "a" * 5_000):
        refused = buyer.post(f"/live/{offer.stream_id}/orders", data=typed_order(buyer, offer, voucher=code))
        assert refused.status_code == 422, code
        assert 'id="voucher-error"' in refused.text or "field-voucher" in refused.text
        assert fields_of(refused)["buyer.name"] == "张三"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "abc"}, "code"),
        ({"code": "优惠码"}, "code"),
        ({"off": ""}, "off"),
        ({"kind": "percent", "percent": "91"}, "percent"),
        ({"kind": "percent", "percent": "", "off": ""}, "percent"),
        ({"ends_at": "2020-01-01T00:00"}, "ends_at"),
        ({"per_buyer": "0"}, "per_buyer"),
        ({"most_uses": "-1"}, "most_uses"),
        ({"from": "many"}, "from"),
    ],
)
def test_what_cannot_be_is_marked(desk: Desk, wrong: dict[str, object], field: str) -> None:
    assert f'href="#field-{field}"' in make(desk, 422, **wrong)
    with desk.database.transaction() as session:
        assert session.scalars(select(Voucher)).all() == []
