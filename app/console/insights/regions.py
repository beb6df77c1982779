"""A map of tiles: each province a square of one size about where it lies, so that small ones can be read and pressed too. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# Column and row of each province's tile; our own arrangement.
_PLACES: Final[Mapping[str, tuple[int, int]]] = {
    "黑龙江": (7, 0),
    "内蒙古": (5, 1),
    "吉林": (7, 1),
    "新疆": (0, 2),
    "甘肃": (2, 2),
    "宁夏": (3, 2),
    "山西": (4, 2),
    "北京": (5, 2),
    "天津": (6, 2),
    "辽宁": (7, 2),
    "西藏": (0, 3),
    "青海": (1, 3),
    "陕西": (3, 3),
    "河南": (4, 3),
    "河北": (5, 3),
    "山东": (6, 3),
    "四川": (2, 4),
    "重庆": (3, 4),
    "湖北": (4, 4),
    "安徽": (5, 4),
    "江苏": (6, 4),
    "上海": (7, 4),
    "云南": (2, 5),
    "贵州": (3, 5),
    "湖南": (4, 5),
    "江西": (5, 5),
    "浙江": (6, 5),
    "广西": (3, 6),
    "广东": (4, 6),
    "福建": (5, 6),
    "台湾": (7, 6),
    "海南": (3, 7),
    "澳门": (4, 7),
    "香港": (5, 7),
}
COLUMNS: Final = 8
ROWS: Final = 8
_SHADES: Final = 5


@dataclass(frozen=True)
class Tile:
    """A province's square: where it lies, and how dark it is from 0 (no order) to 5 (most)."""

    name: str
    column: int
    row: int
    shade: int
    orders: int
    kept_fen: int


def short_name(province: str) -> str:
    """A province without its 省, 市 or 自治区; as it is where nothing is known of it."""
    return next((name for name in _PLACES if province.startswith(name)), province)


def tiles(regions: Sequence[Mapping[str, Any]]) -> list[Tile]:
    """Every province's tile; what lies nowhere on the map is in the table only."""
    sums: dict[str, tuple[int, int]] = {}
    for region in regions:
        name = short_name(region["province"])
        orders, kept_fen = sums.get(name, (0, 0))
        sums[name] = (orders + region["orders"], kept_fen + region["kept_fen"])
    most = max((orders for orders, _ in sums.values()), default=0)
    return [
        Tile(name, column, row, -(-_SHADES * orders // most) if orders else 0, orders, kept_fen)
        for name, (column, row) in _PLACES.items()
        for orders, kept_fen in (sums.get(name, (0, 0)),)
    ]
