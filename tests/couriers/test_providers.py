"""Kuaidi100 and KDNiao: signed as the vectors say, formed as the samples, and in bad weather over real HTTP."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fulfillment.couriers import kdniao, kuaidi100
from fulfillment.couriers.kuaidi100 import Account, Keys, Kuaidi100, line_state, whole_state
from fulfillment.couriers.line import Limits, Line
from fulfillment.couriers.providers import (
    TRACK_STATES,
    CourierAway,
    CourierRefuses,
    LabelRequest,
    Party,
    WaybillProvider,
)
from tests.couriers.town import CLOCK, RECEIVER, SENDER, Stand, giving_back, where, wish

DATA = Path(__file__).resolve().parent.parent / "data" / "courier"


def sample(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


class Noting(Line):
    """A line that notes what is sent and answers with a sample."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__("https://api.kuaidi100.com/label/order")
        self.answer = dict(answer)
        self.forms: list[Mapping[str, str]] = []

    def ask(self, form: Mapping[str, str]) -> dict[str, Any]:
        self.forms.append(form)
        return self.answer


def test_signatures_are_those_of_the_vectors() -> None:
    vectors = sample("sign_vectors.json")
    assert len(vectors) >= 2
    for vector in vectors:
        query, label, bird = vector["kuaidi100_query"], vector["kuaidi100_label"], vector["kdniao"]
        assert kuaidi100.query_sign(query["param"], query["key"], query["customer"]) == query["sign"]
        assert kuaidi100.label_sign(label["param"], label["t"], label["key"], label["secret"]) == label["sign"]
        assert kdniao.data_sign(bird["RequestData"], bird["AppKey"]) == bird["DataSign"]


def test_a_label_is_asked_for_in_the_form_of_the_sample() -> None:
    found = sample("kuaidi100_label.json")["order"]
    line = Noting(found["response"])
    keys = Keys(found["request"]["form"]["key"], "0123456789abcdef0123456789abcdef", "-")
    client = Kuaidi100(line, line, keys, {"ZTO": Account("3300000000", "x", "x")}, lambda: CLOCK)
    receiver = Party("李*", RECEIVER.phone, RECEIVER.province, RECEIVER.city, RECEIVER.district, RECEIVER.detail)
    issued = client.order(wish("6920000000000000050-1", receiver=receiver))
    (form,) = line.forms
    assert json.loads(form["param"]) == json.loads(found["request"]["form"]["param"])
    assert form["param"] == found["request"]["form"]["param"]
    assert form["method"] == "order"
    assert (issued.number, issued.bulkpen, issued.pkg_name) == ("78000000010201", "512- D17- 05", "苏州中心")
    assert issued.facts["kdComOrderNum"] == "EXAMPLE-ZTO-1"


def test_a_query_is_asked_in_the_form_of_the_sample_with_the_phone_s_end_only() -> None:
    found = sample("kuaidi100_query.json")["requests"]["sf_virtual_phone_last4_after_dash"]
    line = Noting(sample("kuaidi100_query.json")["responses"]["signed"])
    client = Kuaidi100(line, line, Keys("testKeyAbCd1234", "-", found["form"]["customer"]), {}, lambda: CLOCK)
    client.track(where("SF1400000000017", "SF"))
    assert line.forms == [found["form"]]


def test_a_phone_goes_only_to_couriers_that_ask_for_it() -> None:
    line = Noting(sample("kuaidi100_query.json")["responses"]["in_transit"])
    client = Kuaidi100(line, line, Keys("k", "s", "c"), {}, lambda: CLOCK)
    for carrier in kuaidi100.COMPANIES:
        client.track(where("430000000000019", carrier))
        assert bool(json.loads(line.forms[-1]["param"])["phone"]) == (carrier in ("SF", "ZTO")), carrier


def test_kdniao_asks_in_the_form_of_the_samples() -> None:
    found = sample("kdniao.json")
    line = Noting(found["label_1007"]["response"])
    client = kdniao.KDNiao(
        line, line, "1000000", "testAppKey-0000-0000-0000-000000000000", {"ZTO": Account("3300000000")}
    )
    issued = client.order(wish())
    sent, known = (
        json.loads(line.forms[0]["RequestData"]),
        json.loads(found["label_1007"]["request"]["form"]["RequestData"]),
    )
    # We print our own label, so we ask for none; an account is ours to give.
    assert set(known) - {"TemplateSize"} == set(sent) - {"CustomerName", "CustomerPwd"}
    assert set(sent["Receiver"]) == set(known["Receiver"])
    assert (issued.number, issued.bulkpen) == ("78000000010301", "769- B02- 11")
    line.answer = found["track_1002"]["response"]
    journey = client.track(where("YT0000000000103", "YTO"))
    assert line.forms[-1] == found["track_1002"]["request"]["form"]
    assert journey.state == "delivered"
    client.track(where("SF1400000000017", "SF"))
    assert line.forms[-1]["RequestType"] == "8001"


@pytest.mark.parametrize("character", sorted(kdniao.REFUSED))
def test_kdniao_refuses_its_characters_before_anything_is_sent(character: str) -> None:
    line = Noting({})
    client = kdniao.KDNiao(line, line, "1", "k", {"ZTO": Account("1")})
    receiver = Party("刘志强", "18000000031", "广东省", "东莞市", "寮步镇", f"3{character}楼201")
    with pytest.raises(CourierRefuses) as refused:
        client.order(wish(receiver=receiver))
    assert (refused.value.kind, refused.value.said) == ("characters", character)
    assert line.forms == []


# The samples' words for each state, and ours.
STATES = {
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


def test_every_state_has_its_word_and_an_ended_return_is_not_delivered() -> None:
    for code, word in STATES.items():
        assert whole_state(code, "0") == word
        assert word in TRACK_STATES
        assert whole_state(code, "1") == ("returned" if code in ("4", "6") else word)


@pytest.mark.parametrize(
    ("code", "word"),
    [("304", "delivered"), ("1002", "moving"), ("5", "delivering"), ("203", "refused"), ("", ""), ("99", "")],
)
def test_a_line_s_finer_code_belongs_to_its_state(code: str, word: str) -> None:
    assert line_state(code) == word


def test_the_sample_answers_are_read() -> None:
    answers = sample("kuaidi100_query.json")["responses"]
    signed = kuaidi100.read_journey(answers["signed"])
    assert signed.state == "delivered"
    assert [step.state for step in signed.steps] == ["collected", "moving", "delivering", "delivered"]
    assert signed.steps[0].at.utcoffset() is not None
    assert kuaidi100.read_journey(answers["delivering"]).state == "delivering"
    assert kuaidi100.read_journey(answers["not_found"]).state == ""
    for name, kind in (
        ("bad_sign", "signature"),
        ("phone_missing", "phone"),
        ("no_balance", "balance"),
        ("bad_param", "unknown"),
    ):
        with pytest.raises(CourierRefuses) as refused:
            kuaidi100.read_journey(answers[name])
        assert refused.value.kind == kind


def test_a_state_that_nobody_knows_is_not_guessed() -> None:
    answer = sample("kuaidi100_query.json")["responses"]["in_transit"] | {"state": "77"}
    with pytest.raises(CourierRefuses) as refused:
        kuaidi100.read_journey(answer)
    assert refused.value.said == "state 77"


# From here on over real HTTP.


def providers(stand: Stand) -> list[WaybillProvider]:
    return [stand.kuaidi100, stand.kdniao]


def test_both_order_cancel_and_track_behind_one_interface(stand: Stand) -> None:
    for serial, provider in enumerate(providers(stand)):
        key = f"P261124AAAAAAAA0{serial}-1"
        number = provider.order(wish(key)).number
        assert provider.track(where(number)).state == ""
        stand.depot.move(number, "collected")
        stand.depot.move(number, "moving")
        assert [step.words != "" for step in provider.track(where(number)).steps] == [True, True]
        other = provider.order(wish(f"{key}x")).number
        assert other != number
        provider.cancel(giving_back(other, f"{key}x"))
        provider.cancel(giving_back(other, f"{key}x"))


def test_the_same_key_gets_the_same_number(stand: Stand) -> None:
    first = stand.kuaidi100.order(wish())
    assert stand.kuaidi100.order(wish()) == first


def test_a_wrong_key_is_told_so(stand: Stand) -> None:
    for keys in (Keys("other", "gongfang-demo-courier", "-"), Keys("gongfang-demo-courier", "other", "other")):
        client = stand.kuaidi100_with(keys)
        for ask in (lambda c=client: c.order(wish()), lambda c=client: c.track(where("78000000000128"))):
            with pytest.raises(CourierRefuses) as refused:
                ask()
            assert refused.value.kind == "signature"
    assert stand.depot.store.newest("parcel") == []


def test_a_slow_courier_is_given_up_in_time(stand: Stand) -> None:
    stand.depot.levers.slow_s = 0.5
    hasty = stand.kuaidi100_with(limits=Limits(read_s=0.1))
    with pytest.raises(CourierAway, match="no usable answer") as away:
        hasty.order(wish())
    assert away.value.reason == "ReadTimeout"
    stand.depot.levers.slow_s = 0
    assert stand.kuaidi100.order(wish()).number


def test_a_web_page_is_no_answer(stand: Stand) -> None:
    for provider in providers(stand):
        stand.depot.levers.html = 2
        for ask in (lambda p=provider: p.order(wish()), lambda p=provider: p.track(where("78000000000128"))):
            with pytest.raises(CourierAway) as away:
                ask()
            assert away.value.reason == "not JSON"


def test_an_unknown_code_is_for_a_person(stand: Stand) -> None:
    for provider in providers(stand):
        stand.depot.levers.unknown = 2
        for ask in (lambda p=provider: p.order(wish("U-1")), lambda p=provider: p.track(where("78000000000128"))):
            with pytest.raises(CourierRefuses) as refused:
                ask()
            assert refused.value.kind == "unknown"
            assert refused.value.said


def test_an_answer_that_was_lost_is_found_by_asking_again(stand: Stand) -> None:
    stand.depot.levers.broken = 1
    with pytest.raises(CourierAway):
        stand.kuaidi100.order(wish())
    (parcel,) = stand.depot.store.newest("parcel")
    assert stand.kuaidi100.order(wish()).number == parcel["number"]


def test_kdniao_says_when_a_repeat_hides_the_number(stand: Stand) -> None:
    stand.depot.levers.broken = 1
    with pytest.raises(CourierAway):
        stand.kdniao.order(wish())
    with pytest.raises(CourierRefuses) as refused:
        stand.kdniao.order(wish())
    assert refused.value.kind == "repeat"


def test_an_empty_account_says_what_to_do(stand: Stand) -> None:
    stand.depot.levers.balance = 1
    stand.kuaidi100.order(wish("B-1"))
    with pytest.raises(CourierRefuses) as refused:
        stand.kuaidi100.order(wish("B-2"))
    assert refused.value.kind == "balance"
    assert "充值" in refused.value.text.zh


def test_a_courier_without_an_account_is_not_asked(stand: Stand) -> None:
    request = LabelRequest("K-1", "JT", SENDER, RECEIVER, "菇", 500)
    for provider in providers(stand):
        with pytest.raises(CourierRefuses) as refused:
            provider.order(request)
        assert refused.value.kind == "account"
    assert stand.depot.asked == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/label",
        "file:///etc/passwd",
        "https://api.kuaidi100.com.evil.example/",
        "https://kuaidi100.com/",
    ],
)
def test_no_other_address_is_ever_asked(url: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        Line(url)
