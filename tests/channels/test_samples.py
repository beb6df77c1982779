"""The real formats: every sample export is read to the orders that its expected file lists, field by field."""

import json
from typing import Any

import pytest

from shop.channels import douyin, kuaishou, pdd, queries, shopify, taobao, tiktok, wechat
from shop.channels.cells import known_word
from shop.channels.readers import PLATFORMS, platform_named
from shop.channels.states import REFUNDS, STATUSES
from tests.channels.conftest import DATA, SAMPLES, ZONE, Workshop, expected, read, sample
from tests.channels.files import turned_around

# What the expected files know and the exports do not say. Nobody can read it, so it is null (or what the words do say):
# each entry is checked below to be absent from the bytes.
KEPT_BACK: dict[str, dict[str, dict[str, tuple[object, object]]]] = {
    "douyin": {
        "6920000000000000235": {"carrier": ("顺丰速运", None), "tracking": ("SF1400000000017", None)},
        "6920000000000000346": {"carrier": ("中通快递", None), "tracking": ("78000000000128", None)},
        "6920000000000000494": {"carrier": ("韵达快递", None), "tracking": ("430000000000019", None)},
        # 售后状态 says 退款成功 and the order stayed 已完成, so it was a part; there is no column with the amount.
        "6920000000000000420": {"refund_fen": (1200, None)},
    },
    # The order list has no column for a refund that is under way.
    "taobao": {"5113000000000418933": {"refund": ("applying", "none"), "may_ship": (False, True)}},
    # 无售后或售后取消 is one word for "never" and for "called off"; both may be packed.
    "pdd": {"260803-400000294412472": {"refund": ("closed", "none")}},
}
# Taobao's files name no product of the platform's.
NO_PRODUCT_IDS = ("taobao",)


def differences(wanted: Any, got: Any, path: str = "") -> list[tuple[str, object, object]]:
    """Every place where two values differ, with both."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        names = sorted(wanted.keys() | got.keys())
        missing = object()
        return [
            found
            for name in names
            for found in differences(wanted.get(name, missing), got.get(name, missing), f"{path}.{name}".lstrip("."))
        ]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [
            found
            for place, pair in enumerate(zip(wanted, got, strict=True))
            for found in differences(*pair, f"{path}[{place}]")
        ]
    return [] if wanted == got and type(wanted) is type(got) else [(path, wanted, got)]


@pytest.mark.parametrize("platform", SAMPLES)
def test_the_sample_gives_the_expected_orders_field_by_field(workshop: Workshop, platform: str) -> None:
    outcome = workshop.bring(platform)
    assert outcome.refused == ()
    with workshop.database.transaction() as session:
        shown = queries.shown_orders(session, platform, ZONE)
    wanted = expected(platform)
    assert [order["order_id"] for order in shown] == [order["order_id"] for order in wanted]
    assert len(shown) >= 12
    for want, got in zip(wanted, shown, strict=True):
        found = {path: pair for path, *pair in differences(want, got)}
        if platform in NO_PRODUCT_IDS:
            ids = {path for path in found if path.endswith(".product_id")}
            assert len(ids) == len(want["items"])
            assert all(found.pop(path)[1] is None for path in ids)
        kept_back = KEPT_BACK.get(platform, {}).get(want["order_id"], {})
        assert {path: tuple(pair) for path, pair in found.items()} == kept_back, want["order_id"]


def test_what_an_export_keeps_back_is_really_not_in_it() -> None:
    text = sample("douyin")[0].decode("utf-8-sig")
    for facts in KEPT_BACK["douyin"].values():
        for name, (wanted, _) in facts.items():
            words = "12.00" if name == "refund_fen" else str(wanted)
            assert words not in text, words
    both = b"".join(part or b"" for part in sample("taobao")).decode("gb18030")
    for order in expected("taobao"):
        assert all(item["product_id"] not in both for item in order["items"])
    assert "申请退款" not in both
    lines = [line for line in sample("pdd")[0].decode("utf-8-sig").splitlines() if "无售后或售后取消" in line]
    assert any("260803-400000294412472" in line for line in lines)
    assert not any("关闭" in line for line in lines)


@pytest.mark.parametrize("platform", SAMPLES)
def test_columns_are_found_by_name_wherever_they_stand(platform: str) -> None:
    raw, second = sample(platform)
    assert read(platform, turned_around(raw), turned_around(second) if second else None) == read(platform, raw, second)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (douyin, "douyin"),
        (taobao, "taobao"),
        (kuaishou, "kuaishou"),
        (wechat, "wechat"),
        (tiktok, "tiktok"),
        (pdd, "pinduoduo"),
    ],
)
def test_status_words_mean_what_the_dictionary_says(module: Any, name: str) -> None:
    dictionary = json.loads((DATA / "orders" / "status_dictionary.json").read_text())
    for word, meaning in dictionary[name].items():
        assert module.STATUS[word] == meaning.partition("+")[0], word
    for word, meaning in dictionary["refund_words"][name].items():
        if name == "tiktok" and word == "Cancel":
            continue  # "refunded/cancelled": the status says which; see test_tiktok_cancellations
        found = known_word(module.REFUND, "" if word == "-" else word, "unknown")
        assert found == meaning.partition(" ")[0], word


def test_the_words_of_shopify_are_all_known() -> None:
    dictionary = json.loads((DATA / "orders" / "status_dictionary.json").read_text())
    assert set(dictionary["shopify_financial"]) <= set(shopify._PAYMENT)
    assert set(dictionary["shopify_fulfillment"]) <= set(shopify._SENT)


def test_every_word_of_ours_is_one_of_the_dictionary() -> None:
    dictionary = json.loads((DATA / "orders" / "status_dictionary.json").read_text())
    assert set(STATUSES) == set(dictionary["norm"])
    assert set(REFUNDS) - {"unknown"} == set(dictionary["refund"])


def test_a_platform_answers_to_both_of_its_names() -> None:
    for platform in PLATFORMS.values():
        assert platform_named(platform.name) is platform
        assert platform_named(platform.shown_as) is platform


@pytest.mark.parametrize("platform", SAMPLES)
def test_every_column_that_is_needed_is_known(platform: str) -> None:
    assert PLATFORMS[platform].needed <= PLATFORMS[platform].known
