"""Demo data: loaded once into an empty database, so that a newcomer sees an evening in full swing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from app.demo import (
    asking,
    catalog,
    contracts,
    couriers,
    crew,
    growers,
    history,
    labels,
    late,
    lots,
    packing,
    paying,
    people,
    planning,
    purchasing,
    sending,
    streams,
    village,
    wages,
)
from kernel.db import Database
from kernel.people.models import Person


def load_demo(database: Database, now: datetime, *, with_past: bool = False) -> bool:
    """Load the demo unless somebody works here already, with the evenings of the last weeks if wanted.

    Returns whether it did.
    """
    with database.transaction() as session:
        if session.scalar(select(func.count()).select_from(Person)):
            return False
        actors = people.load(session, now)
        variants = catalog.load(session, now)
        packing.load(session, actors, now)
        purchasing.load(session, actors, variants, now)
        lots.load(session, actors, variants, now)
        labels.load(session, actors, now)
        paying.load(session, actors, now)
        asking.load(session, actors, now)
        contracts.load(session, actors, now)
        streams.load(session, actors["streamer"], variants, now)
        sending.load_past(session, actors, variants, now)
        if with_past:
            history.load(session, actors, variants, now)
        couriers.load(session, actors, variants, now)
        sending.load(session, actors, variants, now)
        wages.load(session, actors, now)
        crew.load(session, actors, variants, now)
        village.load(session, actors, now)
        late.load(session, actors, now)
        planning.load(session, actors, now)
        growers.load(session, actors, variants, now)
        labels.load_prints(session, actors, now)
    return True


def demo_sign_ins() -> Sequence[tuple[str, str, str]]:
    """Who may sign in to the demo: (page, who, how)."""
    desk = [
        ("/sign-in", f"{name} ({roles[0]})", f"{login} / {people.PASSWORD}") for login, name, _, roles in people.DESK
    ]
    return [*desk, *packing.sign_ins()]
