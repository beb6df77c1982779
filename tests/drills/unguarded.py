"""The shop with the guard taken out, for the control of the drills: stock is read without locks, a little before it is written."""

import time
from typing import Any

from sqlalchemy import text

from app.wsgi import application
from shop.orders import counter_sql

_read_offers = counter_sql.lock_offers


def _read_and_dawdle(session: Any, offer_ids: Any) -> Any:
    seen = _read_offers(session, offer_ids)
    time.sleep(0.02)
    return seen


for _name in ("_LOCK_OFFERS", "_LOCK_LEVELS"):
    setattr(counter_sql, _name, text(str(getattr(counter_sql, _name)).split(" FOR NO KEY UPDATE")[0]))
counter_sql.lock_offers = _read_and_dawdle

__all__ = ["application"]
