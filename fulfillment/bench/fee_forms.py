"""The form of a courier's price."""

from typing import Final

from fulfillment.couriers.fees.models import CourierTariff
from fulfillment.couriers.fees.rules import VOLUME_DIVISOR, Step, Tariff, trouble_of
from fulfillment.couriers.fees.tariff_file import MOST_DAYS, MOST_FEN, ROUNDING_WORDS
from fulfillment.couriers.rules import CARRIERS
from kernel.forms import Form
from kernel.money import yuan
from shop.orders.rules import PROVINCES

# The steps that merchants' lists have; a list with others comes as a file.
STEPS_G: Final = (500, 1_000, 2_000, 3_000)
# What a price means is shown at these weights.
SHOWN_WEIGHTS_G: Final = (500, 1_000, 2_000, 3_000, 5_000)


def read_tariff(form: Form) -> Tariff:
    """The price that was typed.

    Raises:
        Invalid: naming each field that cannot be used.
    """
    carrier = form.choice("carrier", CARRIERS)
    province = form.choice("province", PROVINCES)
    zone = form.text("zone", longest=40, required=False)
    fees = [(grams, _money(form, f"step_{grams}")) for grams in STEPS_G]
    tariff = Tariff(
        carrier=carrier,
        province=province,
        zone=zone,
        steps=tuple(Step(grams, fen) for grams, fen in fees if fen is not None),
        further_fen_per_kg=_money(form, "further"),
        round_up_g=int(form.choice("round_up", [str(grams) for grams in ROUNDING_WORDS]) or 1),
        surcharge_fen=_money(form, "surcharge") or 0,
        minimum_fen=_money(form, "minimum") or 0,
        volume_divisor=form.count("volume_divisor", 1_000, 20_000) if form.value("volume_divisor") else VOLUME_DIVISOR,
        days=form.count("days", 1, MOST_DAYS) if form.value("days") else None,
    )
    if not form.errors:
        trouble = trouble_of(tariff)
        if trouble is not None:
            form.errors["further"] = trouble
    form.check()
    return tariff


def _money(form: Form, name: str) -> int | None:
    """Yuan, or nothing where nothing was typed."""
    return form.yuan(name, high_fen=MOST_FEN) if str(form.value(name)).strip() else None


def typed_of(row: CourierTariff) -> dict[str, str]:
    """A version as somebody would type it."""
    typed = {f"step_{grams}": plain(fen) for grams, fen in row.steps}
    return {
        **typed,
        "carrier": row.carrier,
        "province": row.province,
        "zone": row.zone,
        "further": "" if row.further_fen_per_kg is None else plain(row.further_fen_per_kg),
        "round_up": str(row.round_up_g),
        "surcharge": plain(row.surcharge_fen),
        "minimum": plain(row.minimum_fen),
        "volume_divisor": str(row.volume_divisor),
        "days": str(row.days or ""),
    }


def plain(fen: int) -> str:
    """``123450`` as ``1234.50``, to be typed over."""
    return yuan(fen).replace(",", "")
