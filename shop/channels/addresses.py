"""Addresses as platforms write them, brought to the five parts that couriers use. Pure."""

import re
from collections.abc import Sequence

from shop.channels.cells import is_encrypted, is_masked, split_phone
from shop.channels.facts import Receiver

_MUNICIPALITIES = frozenset({"北京市", "上海市", "天津市", "重庆市"})
# Counties and cities that belong to no prefecture: they stand where the district stands (GB/T 2260).
_UNDER_THE_PROVINCE = frozenset(
    [
        "文昌市",
        "琼海市",
        "万宁市",
        "五指山市",
        "东方市",
        "定安县",
        "屯昌县",
        "澄迈县",
        "临高县",
        "白沙黎族自治县",
        "昌江黎族自治县",
        "乐东黎族自治县",
        "陵水黎族自治县",
        "保亭黎族苗族自治县",
        "琼中黎族苗族自治县",
        "仙桃市",
        "潜江市",
        "天门市",
        "神农架林区",
        "济源市",
        "石河子市",
        "阿拉尔市",
        "图木舒克市",
        "五家渠市",
        "北屯市",
        "铁门关市",
        "双河市",
        "可克达拉市",
        "昆玉市",
        "胡杨河市",
        "新星市",
        "白杨市",
    ]
)
_ZIP = re.compile(r"\s*[(（]([0-9]{6})[)）]\s*$", re.ASCII)
_STREET = re.compile(r"\S*(?:街道|镇|乡|苏木|办事处)")
_DISTRICT = re.compile(r"\S*(?:区|县|市|旗)")


def receiver_of(name: str, phone: str, place: Sequence[str], zip_code: str = "") -> Receiver:
    """A receiver; ``place`` is province, city, district, street, detail.

    A city that only repeats the province or the district is left out.
    """
    province, city, district, street, detail = place
    if city == district or (city == province and city not in _MUNICIPALITIES):
        city = ""
    number, extension = split_phone(phone)
    return Receiver(
        name=name,
        phone=number,
        phone_ext=extension,
        province=province,
        city=city,
        district=district,
        street=street,
        detail=detail,
        zip_code="" if zip_code == "000000" else zip_code,
        masked=is_masked(name, phone, province, detail),
        encrypted=is_encrypted(name, phone, detail),
    )


def split_line(line: str) -> tuple[list[str], str]:
    """Province, city, district, street, detail, and the zip code, of an address whose parts are set apart by blanks.

    The detail may hold blanks of its own, so parts are taken from the front only while they look like what comes next.
    """
    found = _ZIP.search(line)
    zip_code = found[1] if found else ""
    parts = (line[: found.start()] if found else line).split()
    province = parts.pop(0) if len(parts) > 1 else ""
    city = "" if not parts or parts[0] in _UNDER_THE_PROVINCE or len(parts) < 2 else parts.pop(0)
    district = parts.pop(0) if len(parts) > 1 and _DISTRICT.fullmatch(parts[0]) else ""
    street = parts.pop(0) if len(parts) > 1 and _STREET.fullmatch(parts[0]) else ""
    return [province, city, district, street, " ".join(parts)], zip_code


def without_parts(line: str, *parts: str) -> str:
    """The detail of an address that repeats its province, city, district and street in front."""
    for part in parts:
        line = line.removeprefix(part).lstrip() if part else line
    return line
