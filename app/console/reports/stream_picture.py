"""A stream's evening as a picture to share: upright, in both languages' numbers, without a buyer and without a secret."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from app.console.reports.stream_figures import OfferLine, StreamReport
from app.console.reports.stream_paper import span_of
from app.drawing.pictures import MM_PER_PX, SOFT, Mark, block, line, png
from fulfillment.labels.fonts import fit_line, printable
from kernel.money import yuan
from kernel.text import t
from shop.streams.models import Stream

_WIDTH, _HEIGHT, _EDGE = 1080, 1440, 72
_CARD, _TRACK, _MOSS, _LIVE = "#fffdf9", "#eadfce", "#4f6b3a", "#a3230f"
_MOST_OFFERS = 5
_TILE = ((_WIDTH - 2 * _EDGE - 32) // 2, 190)


def draw_picture(stream: Stream, report: StreamReport, workshop: str, zone: ZoneInfo) -> bytes:
    """The picture as PNG, 1080 x 1440."""
    return png(_WIDTH, _HEIGHT, list(_marks(stream, report, workshop, zone)))


def _marks(stream: Stream, report: StreamReport, workshop: str, zone: ZoneInfo) -> Iterator[Mark]:
    room = _WIDTH - 2 * _EDGE
    yield line(_EDGE, 72, _fit(workshop, 36, room), 36, ink=_LIVE)
    yield line(_EDGE, 128, _fit(str(stream.title), 72, room), 72, bold=True)
    yield line(_EDGE, 228, span_of(stream, zone), 34, ink=SOFT)
    for place, (label, value) in enumerate(_tiles(report)):
        x = _EDGE + place % 2 * (_TILE[0] + 32)
        y = 310 + place // 2 * (_TILE[1] + 28)
        yield block(x, y, _TILE, _CARD, 20)
        yield line(x + 32, y + 30, label, 32, ink=SOFT)
        yield line(x + 32, y + 84, value, 64, bold=True)
    sold = sorted((each for each in report.offers if each.paid), key=lambda each: (-each.paid, each.place))
    if sold:
        yield line(_EDGE, 990, t("卖得最多的", "Sold most"), 36, bold=True)
        yield from _bars(sold[:_MOST_OFFERS], 1056)


def _tiles(report: StreamReport) -> list[tuple[str, str]]:
    return [
        (t("付款的订单", "Paid orders"), f"{report.money.paid:,}"),
        (t("寄到的省", "Provinces reached"), f"{len(report.provinces)}"),
        (t("卖出（件）", "Pieces sold"), f"{sum(each.paid - each.given_back for each in report.offers):,}"),
        (t("买家", "Buyers"), f"{sum(each.count for each in report.buyers.values()):,}"),
        (t("打包的人挣的", "Earned by packers"), f"¥{yuan(report.costs.wages_fen)}"),
        (t("农户多拿的", "Growers got above market"), f"¥{yuan(report.costs.premium_fen)}"),
    ]


def _bars(offers: list[OfferLine], y: int) -> Iterator[Mark]:
    room, most = _WIDTH - 2 * _EDGE, offers[0].paid
    for each in offers:
        number = f"{each.paid:,}"
        yield line(_EDGE, y, _fit(f"{each.title} {each.spec}", 30, room - 160), 30)
        yield line(_WIDTH - _EDGE - 18 * len(number), y, number, 30)
        yield block(_EDGE, y + 40, (room, 14), _TRACK, 7)
        yield block(_EDGE, y + 40, (round(room * each.paid / most), 14), _MOSS, 7)
        y += 72


def _fit(text: str, size: int, room: int) -> str:
    return fit_line(printable(text), size, room * MM_PER_PX)
