"""Reading the form of the scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fulfillment.purchasing.service import WeighIn
from fulfillment.purchasing.weighing.rules import GRAMS_IN, HEAVIEST_G, JIN, KG, MOST_BAGS, Bag, Sum, sum_of
from kernel.forms import Form
from kernel.parse import FieldError, parse_grams
from kernel.text import Text

_LONGEST_NOTE = 200
_CHOOSE = {
    "grade": Text("请选等级。", "Choose the grade."),
    "refused_reason": Text("请选为什么退。", "Choose why it goes home."),
}


@dataclass(frozen=True)
class TypedWeighIn:
    """A weigh-in as it was typed: its facts, the bags that add up to its gross and tare, and whether odd figures are meant."""

    facts: WeighIn
    bags: tuple[Bag, ...]
    is_sure: bool = False


def field_of(name: str, place: int) -> str:
    """The name of a bag's field: the first bag's is plain, ``gross``, the second one's ``gross_2``."""
    return name if place == 1 else f"{name}_{place}"


def typed_places(values: Mapping[str, object]) -> list[int]:
    """The bags of which something was typed, the first if there is none; a row that was left empty is no bag."""
    places = [
        place
        for place in range(1, MOST_BAGS + 1)
        if any(str(values.get(field_of(name, place)) or "").strip() for name in ("gross", "tare"))
    ]
    return places or [1]


def read_weigh_in(form: Form, contract_id: int, today: date) -> TypedWeighIn:
    """What the weigher typed; no day means today, no unit kilograms.

    Raises:
        Invalid: naming every field that needs another look.
    """
    bags = read_bags(form)
    total = sum_of(bags) if not form.errors else Sum(0, 0)
    if total.gross_g > HEAVIEST_G:
        form.refuse("gross", "一次最多 5000 公斤，多的请分两次。", "5,000 kg at a time; weigh the rest apart.")
    facts = WeighIn(
        contract_id=contract_id,
        day=form.date("day") if form.value("day") else today,
        gross_g=total.gross_g,
        tare_g=total.tare_g,
        moisture_bps=form.percent("moisture", high_bps=9_999),
        foreign_bps=form.percent("foreign", high_bps=9_999),
        grade=form.text("grade", longest=60),
        has_certificate=form.ticked("certificate"),
        note=form.text("note", longest=_LONGEST_NOTE, required=False),
        refused_g=(refused_g := _read_refused(form)),
        refused_reason=form.text("refused_reason", longest=_LONGEST_NOTE, required=refused_g > 0),
        certificate_reason=form.text("certificate_reason", longest=_LONGEST_NOTE, required=False),
    )
    for name, words in _CHOOSE.items():
        if name in form.errors:
            form.errors[name] = words
    form.check()
    return TypedWeighIn(facts, bags, is_sure=form.ticked("sure") or form.value("step") == "sure")


def _read_refused(form: Form) -> int:
    """Grams that go home again; nothing typed is nothing refused."""
    if not str(form.value("refused") or "").strip():
        return 0
    return _grams(form, "refused", _unit(form)) or 0


def read_bags(form: Form) -> tuple[Bag, ...]:
    """The bags in grams; a bag with an error is marked at its field and is not to be used."""
    unit = _unit(form)
    return tuple(_read_bag(form, place, unit) for place in typed_places(form.values))


def _unit(form: Form) -> str:
    """What the weights were typed in; never guessed from the figures."""
    return form.choice("unit", GRAMS_IN) if form.value("unit") else KG


def _read_bag(form: Form, place: int, unit: str) -> Bag:
    gross, tare = field_of("gross", place), field_of("tare", place)
    bag = Bag(_grams(form, gross, unit, low_g=1), _grams(form, tare, unit))
    if not form.errors.keys() & {gross, tare} and bag.tare_g >= bag.gross_g:
        form.refuse(tare, "皮重要比毛重小。", "The tare must be less than the gross weight.")
    return bag


def _grams(form: Form, name: str, unit: str, low_g: int = 0) -> int:
    """A weight in the unit that was chosen; catties are read as if kilograms, and halved exactly or not at all."""

    def reader(raw: object) -> int:
        if unit != JIN:
            return parse_grams(raw, HEAVIEST_G, low_g)
        twice = parse_grams(raw, 2 * HEAVIEST_G, 2 * low_g)
        if twice % 2:
            raise FieldError("斤最多写两位小数。", "Write catties with two decimals at most.")
        return twice // 2

    return form.read(name, reader)
