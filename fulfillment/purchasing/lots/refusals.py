"""What is said when a lot cannot give what is asked of it."""

from collections.abc import Mapping
from datetime import date

from fulfillment.purchasing.models import Lot
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text


def no_such_lot() -> NotFound:
    """Somebody named a lot that is not there."""
    return NotFound("没有这个批号。", "There is no such lot.")


def refuse_blocked(blocked: Lot | None) -> None:
    """Nothing leaves a lot that is under suspicion, or one that was made from it.

    Raises:
        Refused: ``blocked`` is that lot.
    """
    if blocked is not None:
        raise Refused(
            f"{blocked.number} 被封存了，解封以前不能动用它，也不能动用由它混成、晒成、分成的货。",
            f"{blocked.number} is blocked; until it is free again nothing leaves it or what was made from it.",
            code="lot_blocked",
        )


def refuse_expired(lots: Mapping[int, Lot], today: date) -> None:
    """What is past its best-before is not sold and not mixed with what is good.

    Raises:
        Refused: naming the first such lot.
    """
    for lot in lots.values():
        if lot.best_before < today:
            raise Refused(
                f"{lot.number} 的保质期到 {lot.best_before}，已经过了，不能再用。请记为损耗。",
                f"{lot.number} was best before {lot.best_before}; it is not used any more. Write it off as waste.",
                code="lot_expired",
            )


def refuse_too_much(lots: Mapping[int, Lot], parts: Mapping[int, int]) -> None:
    """A lot gives no more than is in it.

    Raises:
        Refused: naming the first that holds less.
    """
    for lot_id, grams in parts.items():
        left_g = lots[lot_id].left_g
        if grams > left_g:
            said = Text(
                f"{lots[lot_id].number} 只剩 {left_g / 1000:g} 公斤。",
                f"Only {left_g / 1000:g} kg of {lots[lot_id].number} are left.",
            )
            raise Refused(said.zh, said.en, code="lot_too_small", fields={f"part-{lot_id}": said, "grams": said})


def marked(field: str, zh: str, en: str) -> Invalid:
    """One field needs another look."""
    return Invalid(zh, en, fields={field: Text(zh, en)})
