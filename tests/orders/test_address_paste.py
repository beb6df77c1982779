"""A pasted line becomes fields: worked cases, people's other habits, and what is not certain."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.orders.address_paste import read_pasted

DATA = Path(__file__).parent.parent / "data" / "addresses"
HARD = json.loads((DATA / "hard_cases.json").read_text("utf-8"))
CASES = json.loads((DATA / "address_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", HARD, ids=lambda case: case["name"])
def test_hard_cases_are_split_as_people_mean_them(case: dict[str, str]) -> None:
    found = read_pasted(case["s"])
    assert (found.name, found.phone) == (case["name"], case["phone"])
    assert (found.province, found.city, found.district) == (case["p"], case["c"], case["d"])
    assert found.street + found.detail == case["rest"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["raw"])
def test_addresses_are_split_to_the_street(case: dict[str, str]) -> None:
    found = read_pasted(case["raw"])
    wanted = [case[part] for part in ("province", "city", "district", "street", "detail")]
    assert [found.province, found.city, found.district, found.street, found.detail] == wanted
    assert found.is_sure


def test_a_place_that_two_cities_have_is_marked() -> None:
    assert not read_pasted("朝阳区望京西园四区410号楼").is_sure
    assert read_pasted("吉林省长春市朝阳区人民大街5268号").is_sure


@pytest.mark.parametrize(
    ("typed", "name", "phone", "province"),
    [
        ("", "", "", ""),
        ("随便写写", "随便写写", "", ""),
        ("🍄" * 400, "", "", ""),
        ("张三，13800008000-7576，浙江省庆元县松源街道1号", "张三", "13800008000-7576", "浙江省"),
        ("上海路88号", "", "", ""),
        ("四川北路1号 李四 13800008000", "李四", "13800008000", ""),
        ("江苏省南京市上海路88号", "", "", "江苏省"),
        ("收件人：𠮷㛃\n手机：138 0000 8000\n地址：香港特别行政区九龙1号", "𠮷㛃", "13800008000", "香港特别行政区"),
    ],
)
def test_what_is_not_there_stays_empty(typed: str, name: str, phone: str, province: str) -> None:
    found = read_pasted(typed)
    if name or not typed:
        assert found.name == name
    assert (found.phone, found.province) == (phone, province)


PLACES = [
    ("浙江省", "丽水市", "庆元县"),
    ("北京市", "北京市", "海淀区"),
    ("新疆维吾尔自治区", "和田地区", "和康县"),
    ("广西壮族自治区", "南宁市", "青秀区"),
    ("湖北省", "恩施土家族苗族自治州", "利川市"),
]


@given(
    st.permutations(["name", "phone", "place"]),
    st.sampled_from(PLACES),
    st.sampled_from([" ", "，", ";", "\n"]),
    st.sampled_from(["张三", "欧阳𠮷", "阿卜杜拉·买买提", "Lucy Wang"]),
    st.booleans(),
)
def test_in_any_order_and_with_any_separator_the_parts_come_back(
    order: list[str], place: tuple[str, str, str], between: str, name: str, is_spaced: bool
) -> None:
    province, city, district = place
    parts = [province, district] if province == city else [province, city, district]
    line = (" " if is_spaced else "").join([*parts, "松源街道", "示例路8号3幢2单元501室"])
    said = {"name": name, "phone": "13800008000", "place": line}
    found = read_pasted(between.join(said[part] for part in order))
    assert (found.phone, found.province, found.city, found.district) == ("13800008000", province, city, district)
    assert (found.name, found.street, found.detail) == (name, "松源街道", "示例路8号3幢2单元501室")


@given(st.text(max_size=500))
def test_anything_may_be_pasted(typed: str) -> None:
    found = read_pasted(typed)
    assert len(found.name) <= 40
