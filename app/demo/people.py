"""Demo people with a role at a desk; packers are in packing.py. All names are invented."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.audit import SYSTEM, Actor
from kernel.people import service
from kernel.people.rules import LEAD, OWNER, STREAMER, WEIGHER

PASSWORD = "gongfang-demo"  # noqa: S105 - printed at start; production has no demo people

# login, name, what buyers may see, roles
DESK = (
    ("owner", "吴晓岚", "吴老板", (OWNER,)),
    ("streamer", "叶阿香", "阿香", (STREAMER,)),
    ("lead", "范建国", "范组长", (LEAD,)),
    ("weigher", "胡𠮷明", "老胡", (WEIGHER,)),
)


def load(session: Session, now: datetime) -> dict[str, Actor]:
    """Add the people; returns them by login."""
    actors = {}
    for login, name, shown_name, roles in DESK:
        person = service.add_person(
            session, name=name, shown_name=shown_name, roles=roles, login=login, password=PASSWORD, now=now, by=SYSTEM
        )
        actors[login] = Actor(person.id, person.name)
    return actors
