"""Xinfadi's price feed, from its real rows of one week in June 2022: paging and filters as the real endpoint has them.

The rows keep their traps: a melon and a leaf whose names look like mushrooms, a low above its high, a row that comes
twice, eggs by the box. With ``PRICE_DATES = "today"`` (the default, for the demo) the week ends today.
"""

import json
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, request

blueprint = Blueprint("xinfadi", __name__)

_ROWS = Path(__file__).parent / "data" / "xinfadi_2022-06-12_18.json"
_NEWEST = date(2022, 6, 18)
_ZONE = ZoneInfo("Asia/Shanghai")
_MOST_ROWS = 100


@cache
def _real_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(_ROWS.read_text("utf-8"))
    return rows


def _day(row: dict[str, Any]) -> date:
    return date.fromisoformat(row["pubDate"][:10])


def _rows() -> list[dict[str, Any]]:
    """The rows with their own dates, or moved so that the newest are of today."""
    if current_app.config.get("PRICE_DATES", "today") != "today":
        return _real_rows()
    moved = datetime.now(_ZONE).date() - _NEWEST
    return [row | {"pubDate": f"{_day(row) + moved} 00:00:00"} for row in _real_rows()]


@blueprint.post("/getPriceData.html")
def prices() -> Response:
    """A page of rows between two days, by name and category."""
    form = request.form
    rows = [row for row in _rows() if _is_wanted(row)]
    limit, page = _number(form.get("limit"), 20, _MOST_ROWS), _number(form.get("current"), 1, 10_000)
    body = {"current": page, "limit": limit, "count": len(rows), "list": rows[(page - 1) * limit : page * limit]}
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")


def _is_wanted(row: dict[str, Any]) -> bool:
    form = request.form
    first, last = _asked_day("pubDateStartTime", date.min), _asked_day("pubDateEndTime", date.max - timedelta(days=1))
    category = form.get("prodCatid", "")
    return (
        first <= _day(row) <= last
        and form.get("prodName", "") in row["prodName"]
        and (not category or category == str(row["prodCatid"]))
    )


def _asked_day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.form.get(name, "").replace("/", "-"))
    except ValueError:
        return otherwise


def _number(raw: str | None, otherwise: int, most: int) -> int:
    return min(max(int(raw), 1), most) if raw and raw.isascii() and raw.isdigit() and len(raw) < 9 else otherwise
