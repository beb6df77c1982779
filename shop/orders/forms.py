"""What a buyer sends, from the JSON API or from a page, to a checked wish."""

import re
from collections.abc import Mapping
from typing import Any

from kernel.errors import Invalid
from kernel.forms import Form
from kernel.notices.rules import EMAIL, can_receive
from kernel.parse import FieldError, clean_text, parse_count
from kernel.text import Text
from shop.orders import rules
from shop.orders.placing import Asked, AskedLine, Gift, Joined, Limit
from shop.vouchers.rules import UNKNOWN, as_code, is_code

_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,80}", re.ASCII)
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
# Area codes begin 01 to 09; 00 is the way abroad.
_LANDLINE = re.compile(r"0[1-9][0-9]{1,2}[0-9]{7,8}", re.ASCII)
_FOREIGN = re.compile(r"\+[0-9]{7,15}", re.ASCII)
_EXTENSION = re.compile(r"(.+?)\s*[-,，转]\s*([0-9]{1,6})", re.ASCII)
_BETWEEN = re.compile(r"[\s()（）-]")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９－＋", "0123456789-+")


def is_key(text: str) -> bool:
    """Whether this has the form of an ``Idempotency-Key``."""
    return _KEY.fullmatch(text) is not None


def check_key(raw: object) -> str:
    """The ``Idempotency-Key``: 8 to 80 letters, digits and ``_ . : -``."""
    if not isinstance(raw, str) or not is_key(raw):
        raise Invalid(
            "请求缺少 Idempotency-Key（8 到 80 个字母或数字）。",
            "Send an Idempotency-Key of 8 to 80 letters, digits, _ . : or -.",
            fields={"Idempotency-Key": Text("8 到 80 个字母或数字", "8 to 80 letters or digits")},
        )
    return raw


def read_phone(raw: object) -> tuple[str, str | None]:
    """A phone number in digits and its extension; virtual numbers (``18400000013-7576``) keep theirs."""
    typed = clean_text(raw, 40).translate(_FULL_WIDTH)
    match = _EXTENSION.fullmatch(typed)
    number = _phone_number(match[1]) if match else None
    # Abroad, what follows the last hyphen is part of the number.
    if match and number and not number.startswith("+"):
        return number, match[2]
    number = _phone_number(typed)
    if number is None:
        raise FieldError("请填手机号，例如 13800008000。", "Give a phone number, such as 13800008000 or +4412345678.")
    return number, None


def _phone_number(typed: str) -> str | None:
    digits = _BETWEEN.sub("", typed)
    for prefix in ("+86", "0086"):
        digits = digits.removeprefix(prefix)
    is_known = any(form.fullmatch(digits) for form in (_MOBILE, _LANDLINE, _FOREIGN))
    return digits if is_known else None


def read_order(
    body: Mapping[str, Any],
    *,
    stream_id: int,
    key: str,
    terms: rules.ShippingTerms,
    locale: str,
    device_hash: str | None = None,
    limits: tuple[Limit, ...] = (),
    joins: Joined | None = None,
) -> Asked:
    """The wish in a JSON body of interfaces.md.

    Raises:
        Invalid: with every field that needs another look.
    """
    form = Form()
    lines = _read_lines(body.get("lines"), form)
    buyer = _part(body, "buyer", form)
    name = _field(form, "buyer.name", buyer.get("name"), lambda raw: clean_text(raw, 40))
    phone = _field(form, "buyer.phone", buyer.get("phone"), read_phone)
    address = _read_address(_part(body, "address", form), form)
    note = _field(form, "note", body.get("note"), lambda raw: clean_text(raw, 200, required=False, lines=True))
    email = _field(form, "buyer.email", buyer.get("email") or "", read_email)
    gift = _read_gift(body.get("gift"), form)
    voucher = _field(form, "voucher", body.get("voucher") or "", _read_voucher)
    form.check()
    return Asked(
        stream_id=stream_id,
        lines=lines,
        buyer_name=name,
        phone=phone[0],
        phone_ext=phone[1],
        address=address,
        note=note,
        locale="en" if body.get("locale", locale) == "en" else "zh",
        idempotency_key=key,
        request_hash=rules.request_hash([stream_id, body]),
        device_hash=device_hash,
        terms=terms,
        limits=limits,
        joins=joins,
        voucher=voucher,
        gift=gift,
        email=email,
    )


def _part(body: Mapping[str, Any], name: str, form: Form) -> Mapping[str, Any]:
    part = body.get(name)
    if isinstance(part, Mapping):
        return part
    form.refuse(name, "请填写。", "Please fill this in.")
    return {}


def _field(form: Form, name: str, raw: object, reader: Any) -> Any:
    form.values[name] = raw
    return form.read(name, reader)


def _read_lines(raw: object, form: Form) -> tuple[AskedLine, ...]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= rules.MOST_LINES:
        form.refuse("lines", f"请选 1 到 {rules.MOST_LINES} 种商品。", f"Choose 1 to {rules.MOST_LINES} products.")
        return ()
    lines = []
    for index, item in enumerate(raw):
        part = item if isinstance(item, Mapping) else {}
        offer = _field(
            form, f"lines.{index}.offer_id", part.get("offer_id"), lambda value: parse_count(value, 1, 2**62)
        )
        count = _field(
            form,
            f"lines.{index}.quantity",
            part.get("quantity"),
            lambda value: parse_count(value, 1, rules.LARGEST_QUANTITY),
        )
        lines.append(AskedLine(offer, count))
    return tuple(lines)


def _read_address(part: Mapping[str, Any], form: Form) -> rules.Address:
    if "text" in part:
        whole = _field(form, "address.text", part.get("text"), lambda raw: clean_text(raw, 200))
        address = rules.split_address(whole or "")
        if address is None:
            form.refuse(
                "address.text", "请从省份写起，例如 浙江省丽水市庆元县…", "Begin with the province, such as 浙江省…"
            )
            return rules.Address("", "", "", "", "")
        return address
    province = _field(form, "address.province", part.get("province"), _read_province)
    city, district, street = (
        _field(form, f"address.{name}", part.get(name), lambda raw: clean_text(raw, 40, required=False))
        for name in ("city", "district", "street")
    )
    detail = _field(form, "address.detail", part.get("detail"), lambda raw: clean_text(raw, 120))
    return rules.Address(province, city, district, street, detail)


def read_email(raw: object) -> str:
    """An e-mail address as typed, or nothing.

    Raises:
        FieldError: it is no address.
    """
    address = clean_text(raw, 254, required=False)
    if address and not can_receive(EMAIL, address):
        raise FieldError("请看看邮箱有没有写错，也可以不填。", "Check the e-mail address, or leave it out.")
    return address


def _read_gift(part: object, form: Form) -> Gift | None:
    """``{"from", "words", "phone"}`` of a present; the words may be left out."""
    if not isinstance(part, Mapping):
        return None
    giver = _field(form, "gift.from", part.get("from"), lambda raw: clean_text(raw, 40))
    words = _field(form, "gift.words", part.get("words"), lambda raw: clean_text(raw, 120, required=False, lines=True))
    phone = _field(form, "gift.phone", part.get("phone"), read_phone)
    return None if form.errors else Gift(giver, words, phone[0])


def _read_voucher(raw: object) -> str:
    code = as_code(clean_text(raw, 40, required=False))
    if code and not is_code(code):
        raise FieldError(UNKNOWN.zh, UNKNOWN.en)
    return code


def _read_province(raw: object) -> str:
    province = rules.full_province(clean_text(raw, 20))
    if province is None:
        raise FieldError("请选省份。", "Please choose the province.")
    return province
