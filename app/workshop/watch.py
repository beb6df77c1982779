"""How every process learns what the workshop calls itself: looked at anew every few seconds, laid over the settings."""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.workshop.models import Workshop
from app.workshop.service import workshop_of
from config import Settings
from kernel.db import Database
from kernel.text import Text

log = logging.getLogger("gongfang")

_EVERY_S: Final = 5.0
# What the demo's workshop says of itself, and one that has not been described.
ABOUT: Final = Text(
    "浙江丽水庆元，山里的合作工坊。菇是村里人种的，包裹是村里人打的。",
    "A shared workshop in the mountains of Qingyuan, Zhejiang. Villagers grow the mushrooms, and villagers pack your parcel.",
)


def overlaid(settings: Settings, workshop: Workshop | None) -> Settings:
    """The settings with what the owner wrote over them."""
    if workshop is None:
        return settings
    return replace(
        settings,
        workshop_name=workshop.name,
        # A sender that was given a name of its own keeps it.
        sender_name=workshop.name if settings.sender_name == settings.workshop_name else settings.sender_name,
        sender_phone=workshop.phone or settings.sender_phone,
        sender_region=(workshop.province, workshop.city, workshop.county)
        if workshop.province
        else settings.sender_region,
        sender_address=workshop.address or settings.sender_address,
        workshop_tax_code=workshop.tax_code or settings.workshop_tax_code,
    )


def about(workshop: Workshop | None) -> Text:
    """A sentence about the workshop for the foot of the shop's pages; empty when the owner wrote none."""
    if workshop is None:
        return ABOUT
    return Text(workshop.about_zh, workshop.about_en or workshop.about_zh)


class WorkshopWatch:
    """Tells ``changed`` the settings and the workshop whenever the row is another than last time."""

    def __init__(
        self, database: Database, settings: Settings, changed: Callable[[Settings, Workshop | None], None]
    ) -> None:
        self._database, self._settings, self._changed = database, settings, changed
        self._lock = Lock()
        self._seen = 0
        self._next_look = 0.0

    def look(self, *, at_once: bool = False) -> None:
        """Look, unless that was done a moment ago. A database that is away is asked again later."""
        if not at_once and monotonic() < self._next_look:
            return
        # Whoever comes while somebody looks goes on with what is known.
        if not self._lock.acquire(blocking=at_once):
            return
        try:
            self._next_look = monotonic() + _EVERY_S
            self._compare()
        except SQLAlchemyError as error:
            log.warning("workshop not read", extra={"facts": {"error": type(error).__name__}})
        finally:
            self._lock.release()

    def _compare(self) -> None:
        with self._database.transaction() as session:
            workshop = workshop_of(session)
        version = workshop.version if workshop else 0
        if version != self._seen:
            self._seen = version
            self._changed(overlaid(self._settings, workshop), workshop)
