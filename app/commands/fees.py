"""What a courier charges for one box, from a case on standard input; nothing is stored."""

import json
import sys
from decimal import Decimal
from math import ceil
from typing import Any

import click

from fulfillment.couriers.fees.rules import charged_g, fee_fen
from fulfillment.couriers.fees.tariff_file import sample_tariffs
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.terms import HEAVIEST_G
from kernel.errors import Refused
from kernel.forms import Form
from kernel.json_in import read_object
from kernel.parse import FieldError
from kernel.sheets import plain_yuan
from kernel.text import Text
from shop.orders.rules import full_province

_LARGEST_CASE_BYTES = 100_000
_CASE = Text("请从标准输入给一个 JSON 对象。", "Give one JSON object on standard input, such as one of fee_cases.json.")
_LONGEST_CM = 300
_LONGEST_NUMBER = 20


@click.command("courier-fee")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def courier_fee(as_json: bool) -> None:
    """Work out the fee for the case on standard input, such as one of fee_cases.json.

    The price list is the example that comes with the program (September 2025); the workshop's own tables are on the
    lead's pages. A case is {"carrier", "province", "weight_kg"} and, for a light and large box, "size_cm": [l, w, h].
    """
    answer = work_out(sys.stdin.buffer.read(_LARGEST_CASE_BYTES + 1))
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo(f"{answer['expected_yuan']} yuan  zone {answer['zone']}")


def work_out(body: bytes) -> dict[str, Any]:
    """The expected fields of a case.

    Raises:
        Invalid: naming each field that cannot be used.
        Refused: the courier has no price to that province, or takes nothing that heavy.
    """
    form = Form(read_object(body, _LARGEST_CASE_BYTES, _CASE))
    carrier = form.choice("carrier", CARRIERS)
    province = form.read("province", _province)
    weight_g = form.read("weight_kg", _grams)
    size_cm = form.read("size_cm", _size)
    form.check()
    tariff = sample_tariffs().get((carrier, province))
    fee = fee_fen(tariff, charged_g(weight_g, size_cm, tariff.volume_divisor)) if tariff else None
    if tariff is None or fee is None:
        raise Refused(
            f"{CARRIERS[carrier].zh}到{province}没有这个重量的报价。",
            f"{carrier} has no price for this weight to {province}.",
            code="no_tariff",
        )
    return {"expected_yuan": str(plain_yuan(fee)), "zone": tariff.zone}


def _province(raw: object) -> str:
    name = full_province(raw) if isinstance(raw, str) else None
    if name is None:
        raise FieldError("请填省份，例如 浙江省。", "Give a province such as 浙江省.")
    return name


def _grams(raw: object) -> int:
    """Kilograms to grams; a begun gram counts."""
    kilograms = _number(raw, HEAVIEST_G // 1000)
    if kilograms is None:
        raise FieldError("请给 0 到 50 之间的公斤数。", "kilograms, more than 0 and at most 50.")
    return ceil(kilograms * 1000)


def _size(raw: object) -> list[Decimal] | None:
    """Length, width and height in centimetres, or nothing."""
    if raw is None:
        return None
    sides = [_number(side, _LONGEST_CM) for side in raw] if isinstance(raw, list) else []
    known = [side for side in sides if side is not None]
    if len(sides) != 3 or len(known) != 3:
        raise FieldError("请给长宽高三个数，单位厘米。", "three numbers in centimetres: length, width, height.")
    return known


def _number(raw: object, most: int) -> Decimal | None:
    """A number above zero and up to ``most``; ``None`` for anything else, however it is written."""
    # Text first: it is short, so that no number of a million places is worked with.
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal) or len(str(raw)) > _LONGEST_NUMBER:
        return None
    value = Decimal(raw)
    return value if value.is_finite() and 0 < value <= most and value.adjusted() > -_LONGEST_NUMBER else None
