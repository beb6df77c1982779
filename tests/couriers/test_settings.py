"""The couriers' settings: the demo works without any, and production refuses what belongs to the demo."""

from typing import Any

import pytest

from app.couriers import desk_for
from config import SettingError, load_settings
from fulfillment.couriers.kdniao import KDNiao
from fulfillment.couriers.kuaidi100 import Kuaidi100
from fulfillment.couriers.providers import SHEET
from tests.kernel.test_settings import PRODUCTION

KUAIDI: dict[str, str] = {
    **PRODUCTION,
    "COURIER_PROVIDER": "kuaidi100",
    "COURIER_ACCOUNTS": "ZTO=330/key/secret SF=755",
    "KUAIDI_LABEL_URL": "https://api.kuaidi100.com/label/order",
    "KUAIDI_QUERY_URL": "https://poll.kuaidi100.com/poll/query.do",
    "KUAIDI_KEY": "k",
    "KUAIDI_SECRET": "s",
    "KUAIDI_CUSTOMER": "c",
    "SENDER_PHONE": "0578-6120000",
    "SENDER_ADDRESS": "濛洲街道示例路66号",
}


def test_the_demo_has_a_courier_and_an_account() -> None:
    desk = desk_for(load_settings({}))
    assert isinstance(desk.provider, Kuaidi100)
    assert (desk.way_of("ZTO"), desk.way_of("EMS")) == ("kuaidi100", SHEET)
    assert desk.sender.address == "浙江省丽水市庆元县濛洲街道示例路66号"


def test_production_without_a_courier_uses_sheets() -> None:
    desk = desk_for(load_settings(PRODUCTION))
    assert desk.provider is None
    assert {desk.way_of(carrier) for carrier in ("ZTO", "SF", "EMS")} == {SHEET}


def test_production_takes_kuaidi100_at_its_own_address() -> None:
    assert isinstance(desk_for(load_settings(KUAIDI)).provider, Kuaidi100)


def test_kdniao_is_chosen_by_a_setting() -> None:
    assert isinstance(desk_for(load_settings({"COURIER_PROVIDER": "kdniao"})).provider, KDNiao)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KUAIDI_LABEL_URL", ""),
        ("KUAIDI_LABEL_URL", "http://127.0.0.1:8001/kuaidi100/label/order"),
        ("KUAIDI_QUERY_URL", "http://poll.kuaidi100.com/poll/query.do"),
        ("KUAIDI_QUERY_URL", "https://poll.kuaidi100.com.evil.example/"),
        ("KUAIDI_KEY", ""),
        ("KUAIDI_SECRET", ""),
        ("KUAIDI_CUSTOMER", ""),
        ("COURIER_ACCOUNTS", ""),
        ("SENDER_PHONE", ""),
        ("SENDER_ADDRESS", ""),
    ],
)
def test_production_refuses_each_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({**KUAIDI, name: value})
    (said,) = refused.value.problems
    assert name in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COURIER_PROVIDER", "dhl"),
        ("COURIER_ACCOUNTS", "ZTO"),
        ("COURIER_ACCOUNTS", "zto=1/top-secret"),
        ("COURIER_ACCOUNTS", "ZTO=1/2/3/top-secret"),
        ("COURIER_STUCK_DAYS", "0"),
        ("SENDER_REGION", "浙江省丽水市庆元县"),
    ],
)
def test_a_wrong_setting_says_what_is_allowed_and_repeats_no_secret(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({name: value})
    assert name in str(refused.value)
    assert "top-secret" not in str(refused.value)


def test_settings_stay_out_of_an_error_s_words(monkeypatch: Any) -> None:
    with pytest.raises(ValueError, match="not an address of a courier"):
        desk_for(load_settings({"KUAIDI_LABEL_URL": "http://10.0.0.1/label"}))
