"""A file of how many watched, as the platforms' back offices tell it: good rows kept, the others by row and column. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from kernel.parse import clean_text, parse_count, parse_date
from kernel.sheets import CellError, RefusedRow, read_cell, read_csv, require_columns
from kernel.text import Text
from shop.streams.audience import MOST_VIEWS, Watched

LARGEST_BYTES = 2_000_000
MOST_ROWS = 20_000

NUMBER, DAY, TITLE, PLATFORM, VIEWS, VISITORS = "场次", "日期", "直播", "平台", "观看次数", "观看人数"
COLUMNS: Final = (NUMBER, DAY, TITLE, PLATFORM, VIEWS, VISITORS)
# A file from elsewhere may leave out our number and the title: the day tells, where there was one stream.
NEEDED: Final = (DAY, PLATFORM, VIEWS, VISITORS)

Key = tuple[int, str]


@dataclass(frozen=True)
class Streamed:
    """A stream that has begun: its number, the workshop's day on which it began, its title."""

    id: int
    day: date
    title: str


@dataclass
class AudienceRows:
    """What a file told, by stream and platform; the rows that cannot be used; how many there were."""

    read: int = 0
    seen: dict[Key, Watched] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)


def read_audience_file(
    raw: bytes, streams: Sequence[Streamed], platforms: Mapping[str, str], most_views: int = MOST_VIEWS
) -> AudienceRows:
    """Rows without figures say nothing and are passed over, as the template has them.

    Args:
        raw: the file as it was sent.
        streams: those that have begun.
        platforms: each platform's words, in any language, to its short name.
        most_views: more than this is a slip of the pen.

    Raises:
        FileUnreadable: no such encoding, a missing column, too many rows, or no CSV at all.
    """
    header, lines = read_csv(raw, largest_bytes=LARGEST_BYTES, most_rows=MOST_ROWS)
    require_columns(header, NEEDED)
    places = {column: header.index(column) for column in COLUMNS if column in header}
    found = AudienceRows()
    for number, line in lines:
        cells = {column: line[place].strip() if place < len(line) else "" for column, place in places.items()}
        if not cells[VIEWS] and not cells[VISITORS]:
            continue
        found.read += 1
        try:
            key, seen = _read_line(cells, streams, platforms, most_views)
            if found.seen.setdefault(key, seen) != seen:
                raise CellError(VIEWS, Text("这一场这个平台上面已经写过别的数。", "A row above says another figure."))
        except CellError as error:
            found.refused.append(RefusedRow(number, error.column, error.text))
    return found


def _read_line(
    cells: Mapping[str, str], streams: Sequence[Streamed], platforms: Mapping[str, str], most_views: int
) -> tuple[Key, Watched]:
    stream = _stream_of(cells, streams)
    word = read_cell(PLATFORM, cells[PLATFORM], lambda cell: clean_text(cell, 40))
    platform = platforms.get(word.casefold())
    if platform is None:
        raise CellError(PLATFORM, Text(f"没有“{word}”这个平台。", f"There is no platform “{word}”."))
    views = read_cell(VIEWS, cells[VIEWS], lambda cell: _count(cell, most_views))
    visitors = read_cell(VISITORS, cells[VISITORS], lambda cell: _count(cell, most_views))
    if visitors > views:
        raise CellError(VISITORS, Text("看的人数不会比观看次数多。", "There cannot be more visitors than views."))
    return (stream, platform), Watched(views, visitors)


def _count(cell: str, most: int) -> int:
    """A whole number, also with thousands set apart as back offices write it."""
    return parse_count(cell.replace(",", ""), 1, most)


def _stream_of(cells: Mapping[str, str], streams: Sequence[Streamed]) -> int:
    """The stream that a row is about: by its number where the row has one, else the only one of its day."""
    if cells.get(NUMBER):
        number = read_cell(NUMBER, cells[NUMBER], lambda cell: parse_count(cell, 1, 2**62))
        of_number = [each for each in streams if each.id == number]
        if not of_number:
            raise CellError(NUMBER, Text("没有这一场，或者还没开播。", "No such stream, or it has not begun."))
        _check_day(cells, of_number[0])
        return number
    day = read_cell(DAY, cells[DAY], parse_date)
    of_day = _named(cells, [each for each in streams if each.day == day])
    if len(of_day) != 1:
        raise CellError(
            DAY,
            Text("这一天没有直播。", "There was no stream on this day.")
            if not of_day
            else Text("这一天不止一场，请写场次。", "There were several on this day: give the number."),
        )
    return of_day[0].id


def _named(cells: Mapping[str, str], streams: Collection[Streamed]) -> Sequence[Streamed]:
    """Of several of one day those with the row's title, where it has one."""
    title = cells.get(TITLE, "")
    return [each for each in streams if not title or each.title == title] if len(streams) > 1 else list(streams)


def _check_day(cells: Mapping[str, str], stream: Streamed) -> None:
    """A number with another stream's day is a row that slipped."""
    if not cells[DAY]:
        return
    if read_cell(DAY, cells[DAY], parse_date) != stream.day:
        raise CellError(
            DAY,
            Text(
                f"{stream.id} 场是 {stream.day} 的，和这一天对不上。",
                f"Number {stream.id} was on {stream.day}, not on this day.",
            ),
        )
