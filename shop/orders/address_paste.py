"""One pasted line, such as 张三 13800008000 浙江省丽水市庆元县…, split into the fields of the order form. Pure.

What is split is shown to the buyer to correct: nothing is dropped silently and nothing is decided that is not certain.
"""

import re
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from shop.orders.divisions import Division, divisions_at

LONGEST_PASTE: Final = 400

_LABEL = re.compile(
    r"(?:收货人|收件人|联系人|姓名|名字|手机号码|手机号|手机|联系电话|联系方式|电话号码|电话|收货地址|收件地址|详细地址|所在地区|地区|地址|邮政编码|邮编)\s*[:：]\s*"
)
_PHONE = re.compile(
    r"(?<![0-9])(?:\(?\+?(?:00)?86\)?[- ]?)?(1[3-9][0-9](?:[- ]?[0-9]{4}){2})(?:\s*(?:-|转|分机)\s*([0-9]{1,6}))?(?![0-9])"
    r"|(?<![0-9])(0[1-9][0-9]{1,2}-?[0-9]{7,8})(?![0-9])"
)
_ZIP = re.compile(r"(?:邮政编码|邮编)?\s*(?<![0-9])[0-9]{6}(?![0-9号室弄栋幢])")
_BETWEEN = re.compile(r"[,，;；\n\r|]+")
# What a name never ends with, and an address often does.
_PLACE_END = re.compile(
    r"(室|楼|号|栋|幢|单元|层|座|村|社区|小区|花园|苑|园|路|街|镇|乡|区|县|市|省|店|厦|门|口|房|院|旁|内|对面|大道)$"
)
_NAME = re.compile(r"[^0-9#]{1,20}")
_STREET = re.compile(r"([^0-9路街道号 ]{1,10}?(?:街道|镇|乡|苏木)(?:办事处)?)(?![路街巷道里村])\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Pasted:
    """The parts of a pasted line, empty where there is none; ``is_sure`` is false when the place may be another one."""

    name: str
    phone: str
    province: str
    city: str
    district: str
    street: str
    detail: str
    is_sure: bool


def read_pasted(typed: str) -> Pasted:
    """Name, phone and address of a line in any order, with or without labels, separators and endings."""
    text = normalize("NFKC", typed[:LONGEST_PASTE]).replace("\t", " ")
    text, phone = _take_phone(_LABEL.sub(";", text))
    parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    names: list[str] = []
    places: list[Division] = []
    more: list[str] = []
    for part in parts:
        found = None if places else _place_in(part)
        if found is not None:
            before, places = found
            names += [before] if before else []
        elif _is_name(part) and not names:
            names.append(part)
        elif not _ZIP.fullmatch(part):
            more.append(part)
    return _put_together(names, places, more, phone)


def _take_phone(text: str) -> tuple[str, str]:
    match = _PHONE.search(text)
    if match is None:
        return text, ""
    number = re.sub(r"[- ]", "", match[1]) if match[1] else match[3]
    phone = f"{number}-{match[2]}" if match[2] else number
    return f"{text[: match.start()]};{text[match.end() :]}", phone


def _place_in(part: str) -> tuple[str, list[Division]] | None:
    """Where in a part an address begins, at its start or after a blank: what stands before it, and what it may be."""
    starts = [0, *(match.end() for match in re.finditer(r"\s+", part))]
    for start in starts:
        places = divisions_at(part[start:])
        if places:
            return part[:start].strip(), places
    return None


def _is_name(part: str) -> bool:
    return _NAME.fullmatch(part) is not None and _PLACE_END.search(part) is None


def _put_together(names: list[str], places: list[Division], more: list[str], phone: str) -> Pasted:
    place = places[0] if places else Division("", "", "", "")
    rest = " ".join([_ZIP.sub("", place.rest).strip(), *more]).strip()
    if not names:
        rest, last = _take_last_name(rest)
        names = [last] if last else []
    street, detail = _street_of(rest)
    name = " ".join(names)[:40]
    return Pasted(name, phone, place.province, place.city, place.district, street, detail, len(places) == 1)


def _take_last_name(rest: str) -> tuple[str, str]:
    """...康乐大道15号 王小明: the last word, when it is none of a place; of names in Latin letters all their words."""
    words = rest.split()
    taken: list[str] = []
    while len(words) > 1 and _is_name(words[-1]) and (not taken or (taken[0] + words[-1]).isascii()):
        taken.insert(0, words.pop())
    return " ".join(words) if taken else rest, " ".join(taken)


def _street_of(rest: str) -> tuple[str, str]:
    match = _STREET.match(rest)
    return (match[1], match[2].strip()) if match and match[2].strip() else ("", rest)
