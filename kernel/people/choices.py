"""How a person likes the screens: kept once, for every tablet they use."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.people.models import PersonChoice
from kernel.people.rules import TEXT_SIZES_PX


def choose_text_size(session: Session, person_id: int, text_px: int) -> None:
    """Letters of this size from now on; one of ``TEXT_SIZES_PX``."""
    if text_px not in TEXT_SIZES_PX:
        raise ValueError(f"unknown size: {text_px}")
    _keep(session, person_id, text_px=text_px)


def choose_reading_aloud(session: Session, person_id: int, *, reads_aloud: bool) -> None:
    """Whether pages are read aloud by themselves from now on."""
    _keep(session, person_id, reads_aloud=reads_aloud)


def _keep(session: Session, person_id: int, **chosen: object) -> None:
    """Write what was chosen; two tablets at once are told apart by the database, the later one stays."""
    session.execute(
        insert(PersonChoice)
        .values(person_id=person_id, **chosen)
        .on_conflict_do_update(index_elements=[PersonChoice.person_id], set_=chosen)
    )
