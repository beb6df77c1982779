"""Every route of the application with an address that leads somewhere real, and browsers for whoever asks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Rule

from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person
from tests.signing_in import sign_in_client

ROOT = Path(__file__).resolve().parent.parent

# Where a real id of each kind is found, on the demo evening of tests/ops/evening.py.
REAL = {
    "stream_id": "SELECT min(id) FROM streams WHERE state = 'live'",
    "offer_id": "SELECT min(id) FROM offers",
    "product_id": "SELECT min(id) FROM products",
    "variant_id": "SELECT min(id) FROM variants",
    "person_id": "SELECT min(person_id) FROM packers",
    "task_id": "SELECT min(id) FROM packing_tasks",
    "contract_id": "SELECT min(id) FROM contracts",
    "page_id": "SELECT min(id) FROM contract_pages",
    "farmer_id": "SELECT min(id) FROM farmers",
    "delivery_id": "SELECT min(id) FROM deliveries",
    "request_id": "SELECT min(id) FROM weigh_in_requests WHERE state = 'waiting'",
    "turned_away_id": "SELECT min(id) FROM turned_away",
    "lot_id": "SELECT min(id) FROM lots",
    "bagging_id": "SELECT min(id) FROM baggings",
    "change_id": "SELECT min(change_id) FROM lot_change_photos",
    "settlement_id": "SELECT min(id) FROM settlements",
    "settlement_run_id": "SELECT min(id) FROM settlement_runs WHERE state = 'closed'",
    "payable_id": "SELECT min(id) FROM payables",
    "question_id": "SELECT min(id) FROM payable_questions",
    "line_id": "SELECT min(id) FROM farmer_entries",
    "quote_id": "SELECT min(id) FROM market_quotes",
    "waybill_id": "SELECT min(id) FROM waybills",
    "case_id": "SELECT min(id) FROM courier_cases",
    "printer_id": "SELECT min(id) FROM printers",
    "print_id": "SELECT min(id) FROM print_jobs",
    "certificate_id": "SELECT min(id) FROM certificates",
    "job_id": "SELECT min(id) FROM print_jobs",
    "shift_id": "SELECT min(id) FROM shifts",
    "check_id": "SELECT min(id) FROM sample_checks",
    "close_id": "SELECT min(id) FROM day_closes",
    "contest_id": "SELECT min(id) FROM contests",
    "training_id": "SELECT min(id) FROM trainings",
    "note_id": "SELECT min(id) FROM crew_notes",
    "rate_id": "SELECT max(id) FROM piece_rates",
    "kind_id": "SELECT min(id) FROM work_kinds",
    "booking_id": "SELECT min(id) FROM work_bookings",
    "correction_id": "SELECT min(id) FROM wage_corrections",
    "complaint_id": "SELECT min(id) FROM wage_complaints",
    "entry_id": "SELECT min(id) FROM wage_entries",
    "run_id": "SELECT min(id) FROM pay_runs",
    "payout_id": "SELECT min(id) FROM payouts",
    "slug": "SELECT min(slug) FROM products",
}
ORDER = "SELECT number FROM orders WHERE state = 'paid' ORDER BY number LIMIT 1"
PARCEL = "SELECT number FROM parcels ORDER BY id LIMIT 1"
LOT = "SELECT number FROM lots ORDER BY id LIMIT 1"


@dataclass(frozen=True)
class Route:
    """One way into the application."""

    method: str
    rule: Rule

    @property
    def name(self) -> str:
        """As the access matrix writes it."""
        return f"{self.method} {self.rule.rule}"


def routes(app: Flask) -> list[Route]:
    """Every rule with every method that it takes, in a fixed order."""
    found = [
        Route(method, rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda route: (route.rule.rule, route.method))


def real_values(database: Database) -> dict[str, object]:
    """An id that exists for each kind of argument."""
    with database.transaction() as session:
        found = {name: session.execute(text(query)).scalar() for name, query in REAL.items()}
        for name, query in (("order", ORDER), ("parcel", PARCEL), ("lot", LOT)):
            found[name] = session.execute(text(query)).scalar()
    return {name: value for name, value in found.items() if value is not None}


def address(app: Flask, route: Route, real: Mapping[str, object], otherwise: object = 999_999_999) -> str:
    """The route's address, with what is real where that is known."""
    values = {name: real.get(name, otherwise) for name in route.rule.arguments}
    if "number" in values:
        kind = next(
            (
                k
                for k in ("lot", "parcel")
                if k
                in route.rule.rule.replace("trace/boxes", "parcel")
                .replace("trace", "lot")
                .replace("slips", "parcel")
                .replace("labels", "parcel")
            ),
            "order",
        )
        values["number"] = real.get(kind, "NOBODY")
    if "carrier" in values:
        values["carrier"] = "EMS"
    if "filename" in values:
        values["filename"] = "css/base.css"
    if "extension" in values:
        values["extension"] = "csv"
    if "lot_deed" in values:
        values["lot_deed"] = "mix"
    if "reason" in values:
        values["reason"] = "short"
    return app.url_map.bind("localhost").build(route.rule.endpoint, values, method=route.method)


def person_with(database: Database, *roles: str) -> int:
    """Somebody who holds exactly these roles."""
    with database.transaction() as session:
        person = Person(name="某人", shown_name="某人", created_at=utc_now())
        session.add(person)
        session.flush()
        people.set_roles(session, person, roles, now=utc_now(), by=SYSTEM)
        return person.id


def sign_in(app: Flask, database: Database, person_id: int) -> FlaskClient:
    """A browser in which this person is signed in."""
    return sign_in_client(app.test_client(), database, person_id)


_READ = re.compile(
    r"""(?:\.(?:text|count|yuan|kg|percent|date|choice|ticked|value|read|get|getlist)|field|money|weight|select|textarea|
    checkbox|radio_cards|stepper)\(\s*(?:form,\s*)?"([a-z_]{1,30})\"""",
    re.VERBOSE,
)
_TYPED = re.compile(r'name="([a-z_]{1,30})"')


@lru_cache
def field_names() -> Sequence[str]:
    """Every name of a field that the code reads or a page sends, as far as it stands there in one word."""
    return tuple(sorted(set(_names())))


def _names() -> Iterator[str]:
    for room in ("app", "shop", "fulfillment", "kernel"):
        for path in (ROOT / room).rglob("*.py"):
            yield from _READ.findall(path.read_text(encoding="utf-8"))
    for path in (ROOT / "templates").rglob("*.html"):
        yield from _READ.findall(path.read_text(encoding="utf-8"))
        yield from _TYPED.findall(path.read_text(encoding="utf-8"))
