"""The nightly round takes away photos of the scale that no slip ever claimed, and no other."""

from datetime import timedelta

from sqlalchemy import select

from app import workflows
from app.care import nightly
from app.jobs import tools_for
from config import Settings
from fulfillment.purchasing.asking import rules
from fulfillment.purchasing.asking.service import HandedIn, Visit, turn_away
from fulfillment.purchasing.weighing.models import WeighInPhoto
from fulfillment.purchasing.weighing.rules import GOODS
from fulfillment.purchasing.weighing.service import keep_photo
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.people import service as people
from kernel.people.rules import WEIGHER
from kernel.photos import Photo
from tests.purchasing.world import TODAY, make_contract, make_quote, weigh_in, weighed
from tests.world import NOW


def test_photos_that_no_slip_claimed_go_after_a_week_and_all_others_stay(
    database: Database, settings: Settings
) -> None:
    with database.transaction() as session:
        person = people.add_person(session, name="老胡", shown_name="老胡", roles=[WEIGHER], now=NOW, by=SYSTEM)
        weigher = Actor(person.id, "老胡")
        contract = make_contract(session)
        for key in ("written", "waiting", "turned-away", "left-lying", "of-today"):
            taken = NOW if key == "of-today" else NOW - timedelta(days=8)
            keep_photo(session, key=key, kind=GOODS, photo=Photo(b"x", 1, 1), now=taken, by=weigher)
        # No price yet: that one waits for a second person.
        asked = HandedIn(weighed(contract))
        answer = workflows.hand_in(session, asked, key="waiting", today=TODAY, now=NOW, by=weigher)
        assert answer.state == rules.WAITING
        make_quote(session, contract)
        weigh_in(session, weighed(contract), "written")
        visit = Visit(contract.id, TODAY, 43_700, 1_200, 2_400, "moist", "")
        turn_away(session, visit, key="turned-away", today=TODAY, now=NOW, by=weigher)
    nightly.STEPS["nightly_tidy"](database, tools_for(settings).night, NOW)
    with database.transaction() as session:
        kept = set(session.scalars(select(WeighInPhoto.key)))
    assert kept == {"written", "waiting", "turned-away", "of-today"}
