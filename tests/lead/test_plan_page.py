"""The standing plan as the lead sees it: who packs what next, and why."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import update

from fulfillment.packing import shift_service
from fulfillment.packing.pins import service as pins
from fulfillment.packing.plans import service as plans
from fulfillment.packing.plans.models import StandingPlan
from fulfillment.packing.plans.queries import STALE_AFTER
from fulfillment.packing.plans.showing import Share, shares
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.routing.reasons import KEPT, LATE, SAME_GOODS
from kernel.audit import Actor
from kernel.db import Database
from tests.lead.world import Bench, order_parcel, take_all, task_of
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")
PAGE = "/bench/lead/plan"


def arrive(database: Database, *people: Actor) -> None:
    with database.transaction() as session:
        for person in people:
            assert person.person_id is not None
            shift_service.arrive(session, person.person_id, how="own", now=NOW, by=person)


def share_of(database: Database, person: Actor) -> Share:
    assert person.person_id is not None
    with database.transaction() as session:
        return shares(session, [person.person_id], NOW, ZONE)[person.person_id]


def numbers(share: Share, place: int = 0) -> list[str]:
    return [task.parcel.number for task in share.batches[place].tasks]


def test_the_lead_reads_who_packs_what_next_and_why(database: Database, bench: Bench, lead: FlaskClient) -> None:
    late = order_parcel(database, bench, due_in=timedelta(hours=-1))
    arrive(database, bench.ann)
    plans.renew_plan(database, HandOutTerms(), ZONE, NOW)
    page = lead.get(PAGE).text
    assert late in page
    assert "已经晚了，先做" in page
    assert PAGE in lead.get("/bench/lead").text


def test_batches_stand_in_the_order_of_the_plan_each_with_its_reason(database: Database, bench: Bench) -> None:
    late = order_parcel(database, bench, due_in=timedelta(hours=-1))
    for _ in range(14):
        order_parcel(database, bench)
    arrive(database, bench.ann)
    plans.renew_plan(database, HandOutTerms(), ZONE, NOW)
    share = share_of(database, bench.ann)
    assert late in numbers(share)
    assert [batch.because for batch in share.batches][:2] == [LATE, SAME_GOODS]
    starts = [batch.starts_at for batch in share.batches if batch.starts_at]
    assert starts == sorted(starts)
    assert sum(len(batch.tasks) for batch in share.batches) + share.more == 15


def test_what_the_lead_keeps_for_somebody_comes_first_and_once(database: Database, bench: Bench) -> None:
    kept, other = order_parcel(database, bench), order_parcel(database, bench)
    arrive(database, bench.ann)
    plans.renew_plan(database, HandOutTerms(), ZONE, NOW)
    with database.transaction() as session:
        pins.keep(session, task_of(session, kept), bench.ann.person_id, now=NOW, by=bench.lead)
    share = share_of(database, bench.ann)
    assert (share.batches[0].because, numbers(share)) == (KEPT, [kept])
    assert numbers(share, 1) == [other]
    assert share.more == 0


def test_what_has_been_taken_is_no_longer_shown(database: Database, bench: Bench) -> None:
    order_parcel(database, bench)
    arrive(database, bench.ann)
    plans.renew_plan(database, HandOutTerms(), ZONE, NOW)
    take_all(database, bench.ann)
    assert share_of(database, bench.ann) == Share([], 0, 0)


def test_without_people_or_with_an_old_plan_the_page_says_what_holds(
    database: Database, bench: Bench, lead: FlaskClient
) -> None:
    assert "还没有人在" in lead.get(PAGE).text
    order_parcel(database, bench)
    arrive(database, bench.ann)
    plans.renew_plan(database, HandOutTerms(), ZONE, NOW)
    with database.transaction() as session:
        session.execute(update(StandingPlan).values(made_at=NOW - STALE_AFTER))
    assert "现在没有排" in lead.get(PAGE).text
