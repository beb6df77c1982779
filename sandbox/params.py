"""Stripe's form encoding (``line_items[0][price_data][currency]=cny``) to nested values."""

import re
from collections.abc import Iterable
from typing import Any

_PART = re.compile(r"[^\[\]]+")


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Pairs as dictionaries; keys that are all numbers become lists."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        *path, last = _PART.findall(name)
        place = root
        for part in path:
            place = place.setdefault(part, {})
        if name.endswith("[]"):
            place.setdefault(last, []).append(value) if path or last else None
        else:
            place[last] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(item) for name, item in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
