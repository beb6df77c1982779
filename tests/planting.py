"""Planting an error into a statement, so that a recount has something to notice."""

from types import ModuleType

import pytest
from sqlalchemy import text


def plant(monkeypatch: pytest.MonkeyPatch, place: ModuleType, statement: str, good: str, planted: str) -> None:
    """``place.statement`` says ``planted`` where it said ``good``, which must be in it."""
    words = str(getattr(place, statement))
    assert good in words
    monkeypatch.setattr(place, statement, text(words.replace(good, planted)))
