"""Demo villagers who pack, their badges and PINs, and the piece rates. All names are invented."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from fulfillment.packing.models import Packer
from fulfillment.packing.service import PACK
from fulfillment.piecework.service import set_rate
from kernel.audit import SYSTEM, Actor
from kernel.people import service as people
from kernel.people.rules import PACKER

# Name, what buyers may see, PIN, preferences, priority.
VILLAGERS: tuple[tuple[str, str, str, tuple[str, ...], int], ...] = (
    ("吴秀英", "吴阿姨", "2580", ("no_lifting",), 1),
    ("叶根土", "叶大伯", "1470", ("one_handed",), 2),
    ("周美仙", "美仙", "3690", (), 0),
    ("胡桂香", "桂香", "1258", ("seated",), 2),
    ("范金花", "金花", "7412", ("no_reading",), 1),
    ("刘春妹", "春妹", "9630", (), 0),
    ("𠮷㛃兰", "兰姨", "8520", ("low_sight",), 1),
    ("沈阿根", "阿根", "4561", (), 0),
)

# Parcels up to this weight, and what one pays.
RATES = ((1_000, 60), (3_000, 80), (8_000, 110), (50_000, 150))


def badge_code(index: int) -> str:
    """The demo's badge of a villager; real badges are random."""
    return f"GF-DEMO-{index + 1:02d}"


def load(session: Session, actors: dict[str, Actor], now: datetime) -> None:
    """Add villagers and piece rates."""
    for up_to_g, rate_fen in RATES:
        set_rate(
            session,
            operation=PACK,
            up_to_g=up_to_g,
            rate_fen=rate_fen,
            valid_from=(now - timedelta(days=60)).date(),
            now=now,
            by=actors["lead"],
        )
    for index, (name, shown_name, pin, preferences, priority) in enumerate(VILLAGERS):
        person = people.add_person(
            session, name=name, shown_name=shown_name, roles=[PACKER], pin=pin, now=now, by=SYSTEM
        )
        people.new_badge(session, person, now=now, by=SYSTEM, code=badge_code(index))
        session.add(Packer(person_id=person.id, priority=priority, **dict.fromkeys(preferences, True)))
    session.flush()


def sign_ins() -> Sequence[tuple[str, str, str]]:
    """Who may sign in at the bench, by the name on the tablet: (page, who, how)."""
    return [
        ("/bench/sign-in", shown_name, f"PIN {pin}, badge {badge_code(index)}")
        for index, (_, shown_name, pin, _, _) in enumerate(VILLAGERS[:3])
    ]
