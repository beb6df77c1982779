"""Farmers and contracts: found with three taps, promised 10 % to 15 %, never two promises for one thing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import queries
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.contract_forms import goods_to_contract, read_contract
from fulfillment.purchasing.growers.contract_service import end_contract
from fulfillment.purchasing.growers.forms import read_farmer
from fulfillment.purchasing.growers.rules import pinyin_initials
from fulfillment.purchasing.growers.service import FarmerFacts, change_farmer
from kernel.errors import Invalid, Refused
from kernel.forms import Form
from kernel.readings import pinyin_readings
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_goods, make_quote, weigh_in, weighed
from tests.world import NOW


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("吴长根", "wcg"),
        ("练小娟", "lxj"),
        ("曾阿妹", "zam"),
        ("单大伯", "sdb"),
        ("解放", "xf"),
        ("胡𠮷明", "hm"),
        ("Anna 李", "annal"),
        ("", ""),
    ],
)
def test_initials_are_worked_out_from_the_name(name: str, initials: str) -> None:
    assert pinyin_initials(name) == initials


def test_a_farmer_is_found_by_name_initials_or_village(session: Session) -> None:
    wu = make_farmer(session, "吴长根", village="松源街道")
    ye = make_farmer(session, "叶水生", village="百山祖镇")
    gone = make_farmer(session, "吴长发", active=False)
    for words, found in (
        ("吴", [wu]),
        ("长根", [wu]),
        ("WC", [wu]),
        ("百山", [ye]),
        ("y", [ye]),
        ("wuchanggen", [wu]),
        ("wu chang gen", [wu]),
        ("WuZhang", [wu]),
        ("shuisheng", [ye]),
        ("sheng baishan", []),
        ("吴 松源", [wu]),
        ("%", []),
        ("", [wu, ye]),
    ):
        assert sorted(each.id for each in growers.farmers(session, words)) == sorted(each.id for each in found), words
    assert gone not in growers.farmers(session)


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("单雄", "shanxiong"),
        ("曾阿妹", "zengamei"),
        ("解放", "xiefang"),
        ("仇大姐", "qiudajie"),
        ("区阿姨", "ouayi"),
        ("查根土", "zhagentu"),
        ("盖天水", "getianshui"),
        ("朴顺子", "piaoshunzi"),
        ("尉迟明", "yuchiming"),
        ("万俟春", "moqichun"),
        ("吕布衣", "lvbuyi"),
        ("𠮷田Anna", "𠮷tiananna"),
    ],
)
def test_a_name_is_found_by_its_full_pinyin_however_it_is_read(session: Session, name: str, spelt: str) -> None:
    make_farmer(session, "叶水生")
    wanted = make_farmer(session, name)
    assert [each.id for each in growers.farmers(session, spelt)] == [wanted.id]
    change_farmer(session, wanted.id, FarmerFacts("李四", "李四", "13900000009", "荷地"), now=NOW, by=WEIGHER)
    assert [each.id for each in growers.farmers(session, "lisi")] == [wanted.id]
    assert growers.farmers(session, spelt) == []


@given(st.text(max_size=60))
def test_readings_of_any_name_are_one_bounded_line(name: str) -> None:
    spelt = pinyin_readings(name).split(" ")
    assert 1 <= len(spelt) <= 128
    assert all(word == "".join(word.split()) for word in spelt)


def test_initials_that_a_person_typed_are_kept(session: Session) -> None:
    assert make_farmer(session, "区阿姨", initials="qay").initials == "qay"


def test_the_same_farmer_is_not_added_twice(session: Session) -> None:
    make_farmer(session, "吴长根", phone="13900000001")
    make_farmer(session, "吴长根", phone="13900000002")
    with pytest.raises(Invalid) as refused:
        make_farmer(session, "吴长根", phone="13900000001")
    assert list(refused.value.fields) == ["name"]


def test_consent_can_be_given_and_taken_back(session: Session) -> None:
    farmer = make_farmer(session)
    facts = FarmerFacts(farmer.name, "吴家菇棚", farmer.phone, farmer.village, consent_shown=True)
    assert change_farmer(session, farmer.id, facts, now=NOW, by=WEIGHER).consent_shown
    facts = FarmerFacts(farmer.name, "吴家菇棚", farmer.phone, farmer.village)
    assert not change_farmer(session, farmer.id, facts, now=NOW, by=WEIGHER).consent_shown


def test_a_farmers_form_names_every_field_that_needs_another_look() -> None:
    form = Form({"name": " ", "phone": "12345", "village": "", "initials": "吴"})
    with pytest.raises(Invalid):
        read_farmer(form)
    assert set(form.errors) == {"name", "phone", "village", "initials"}
    facts = read_farmer(Form({"name": "吴长根", "phone": "139 0000 0001", "village": "松源", "initials": "WCG"}))
    assert facts == FarmerFacts("吴长根", "吴长根", "13900000001", "松源", "wcg", active=False)


def test_two_contracts_for_one_thing_and_time_are_refused(session: Session) -> None:
    first = make_contract(session)
    with pytest.raises(Invalid) as refused:
        make_contract(session, first.farmer, first.variant, season_start=first.season_end)
    assert (refused.value.code, list(refused.value.fields)) == ("contract_overlaps", ["season_start"])
    # The next season, another product, and another farmer are other promises.
    make_contract(
        session,
        first.farmer,
        first.variant,
        season_start=first.season_end + timedelta(days=1),
        season_end=first.season_end + timedelta(days=9),
    )
    make_contract(session, first.farmer)
    make_contract(session, make_farmer(session, "叶水生"), first.variant)


def test_an_ended_contract_makes_room_for_another(session: Session) -> None:
    first = make_contract(session)
    end_contract(session, first.id, reason="溢价改了", now=NOW, by=WEIGHER)
    second = make_contract(session, first.farmer, first.variant, premium_bps=1_500)
    assert growers.contracts(session, farmer_id=first.farmer_id) == [second]
    with pytest.raises(Refused):
        end_contract(session, first.id, reason="再来一次", now=NOW, by=WEIGHER)


@pytest.mark.parametrize("premium_bps", [0, 999, 1_501])
def test_the_database_signs_no_premium_outside_ten_to_fifteen_percent(session: Session, premium_bps: int) -> None:
    with pytest.raises(IntegrityError, match="premium_10_to_15_percent"), session.begin_nested():
        make_contract(session, premium_bps=premium_bps)


def test_progress_counts_what_still_may_come_of_contracts_that_run(session: Session) -> None:
    running, later = make_contract(session), make_contract(session, season_start=TODAY + timedelta(days=5))
    make_quote(session, running)
    weigh_in(session, weighed(running))
    assert [each.contract.id for each in queries.contract_progress(session)] == [running.id, later.id]
    (progress,) = queries.contract_progress(session, on=TODAY)
    assert (progress.delivered_g, progress.left_g) == (42_500, 57_500)
    assert queries.kilograms_under_contract_g(session, TODAY) == 57_500


def test_what_today_needs_puts_missing_prices_first(session: Session) -> None:
    priced, stale, missing = make_contract(session), make_contract(session), make_contract(session)
    make_quote(session, priced)
    make_quote(session, stale, day=TODAY - timedelta(days=2))
    needed = queries.needed_quotes(session, TODAY)
    assert [need.kind.product for need in needed] == [missing.product, stale.product, priced.product]
    assert [need.is_of_today for need in needed] == [False, False, True]
    assert [need.quote is not None for need in needed] == [False, True, True]


TYPED = {
    "season_start": "2026-11-01",
    "season_end": "2027-03-31",
    "agreed": "1200",
    "tolerance": "10",
    "premium": "12.5",
    "floor": "120",
    "quote_days": "3",
    "payment_days": "7",
    "standard_moisture": "13",
    "reject_above": "18",
    "market": "庆元香菇市场",
    "over_rule": "refuse",
}


def test_a_contracts_form_becomes_its_terms(session: Session) -> None:
    farmer, (_, raw) = make_farmer(session), make_goods(session)
    goods = goods_to_contract(growers.raw_variants(session), growers.grades(session))
    chosen = next(key for key, (_, grade) in goods.items() if grade.name == "一级")
    terms = read_contract(Form({**TYPED, "farmer": str(farmer.id), "goods": chosen}), [farmer.id], goods)
    assert (terms.farmer_id, terms.variant_id, terms.product, terms.form, terms.grade) == (
        farmer.id,
        raw.id,
        raw.product.slug,
        "dry",
        "一级",
    )
    assert (terms.agreed_g, terms.premium_bps, terms.floor_fen_per_kg, terms.reject_above_bps) == (
        1_200_000,
        1_250,
        12_000,
        1_800,
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"premium": "9.99"}, "premium"),
        ({"premium": "15.01"}, "premium"),
        ({"premium": "１２"}, "premium"),
        ({"season_end": "2026-10-31"}, "season_end"),
        ({"agreed": "0"}, "agreed"),
        ({"floor": "-1"}, "floor"),
        ({"quote_days": "61"}, "quote_days"),
        ({"payment_days": "91"}, "payment_days"),
        ({"reject_above": "12.9"}, "reject_above"),
        ({"standard_moisture": "130"}, "standard_moisture"),
        ({"farmer": "999999"}, "farmer"),
        ({"goods": "1-1"}, "goods"),
        ({"median_days": "5"}, "median_days"),
        ({"median_days": "0"}, "median_days"),
        ({"over_rule": "at_market"}, "over_rule"),
        ({"agreed": "600斤"}, "agreed"),
    ],
)
def test_a_contracts_form_says_at_the_field_what_cannot_be(
    session: Session, change: dict[str, str], field: str
) -> None:
    farmer, _ = make_farmer(session), make_goods(session)
    goods = goods_to_contract(growers.raw_variants(session), growers.grades(session))
    form = Form({**TYPED, "farmer": str(farmer.id), "goods": next(iter(goods)), **change})
    with pytest.raises(Invalid):
        read_contract(form, [farmer.id], {key: value for key, value in goods.items() if key != "1-1"})
    assert list(form.errors) == [field]
