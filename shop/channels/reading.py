"""What every platform's reader is made of, and the few things that several of them do alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels.facts import SoldOrder
from shop.channels.sheets import Row

# Reads the rows of one order, and its rows in the second file where the platform has one.
OrderReader = Callable[[Sequence[Row], Sequence[Row], ZoneInfo], SoldOrder]


@dataclass(frozen=True)
class SecondFile:
    """A platform's second export, which must be given with the first."""

    title: Text
    order_column: str
    needed: frozenset[str]
    known: frozenset[str]


@dataclass(frozen=True)
class Platform:
    """How one platform's export is read. ``needed`` columns must be there; others than ``known`` ones are shown."""

    name: str
    shown_as: str
    title: Text
    order_column: str
    needed: frozenset[str]
    known: frozenset[str]
    read: OrderReader
    second_file: SecondFile | None = None
    # What the export does not say and a person must look up.
    caution: Text | None = None
    # Some exports write a line of goods as a row that repeats nothing, so that two equal rows are two lines.
    equal_rows_are_one: bool = True


def columns(*lines: str) -> frozenset[str]:
    """Column names written close together, set apart by bars."""
    return frozenset(name for line in lines for name in line.split("|"))


def sub_ids(order_id: str, count: int) -> list[str]:
    """Ids for lines to which a platform gives none: the order's own, or counted on from it when there are several."""
    if count == 1 or not order_id.isdigit():
        return [order_id] * count
    return [str(int(order_id) + place) for place in range(1, count + 1)]


def words_of(rows: Sequence[Row], *names: str) -> dict[str, str]:
    """The platform's own words in these columns, each once."""
    return {name: "；".join(dict.fromkeys(row.text(name) for row in rows if row.text(name))) for name in names}
