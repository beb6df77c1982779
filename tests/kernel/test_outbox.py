"""Jobs: written with the change, claimed once, tried again."""

from datetime import timedelta

from sqlalchemy import select

from kernel import outbox
from kernel.db import Database
from tests.world import NOW


def test_a_job_rolled_back_with_its_change_never_existed(database: Database) -> None:
    class Undone(Exception):
        pass

    try:
        with database.transaction() as session:
            outbox.enqueue(session, "send", {}, now=NOW)
            raise Undone
    except Undone:
        pass
    with database.transaction() as session:
        assert outbox.claim_due(session, NOW) == []


def test_two_workers_never_claim_the_same_job(database: Database) -> None:
    with database.transaction() as session:
        for number in range(10):
            outbox.enqueue(session, "send", {"number": number}, now=NOW)
    with database.transaction() as one, database.transaction() as two:
        first, second = outbox.claim_due(one, NOW, most=6), outbox.claim_due(two, NOW, most=6)
    assert len(first) == 6
    assert len(second) == 4
    assert not {job.id for job in first} & {job.id for job in second}


def test_an_open_key_is_enqueued_once_and_free_again_when_done(database: Database) -> None:
    with database.transaction() as session:
        for _ in range(3):
            outbox.enqueue(session, "send", {}, now=NOW, key="refund:1")
        (job,) = outbox.claim_due(session, NOW)
        outbox.mark_done(session, job.id, NOW)
        outbox.enqueue(session, "send", {}, now=NOW, key="refund:1")
        assert len(outbox.claim_due(session, NOW)) == 1


def test_a_failed_job_waits_longer_each_time_and_is_given_up_for_a_person(database: Database) -> None:
    now = NOW
    with database.transaction() as session:
        outbox.enqueue(session, "send", {}, now=now)
        for _ in range(outbox.MOST_ATTEMPTS):
            (job,) = outbox.claim_due(session, now)
            outbox.mark_failed(session, job, "ConnectionError", now)
            assert outbox.claim_due(session, now) == []
            now += timedelta(hours=1, seconds=1)
        assert outbox.claim_due(session, now) == []
        assert session.scalar(select(outbox.Job.given_up_at)) is not None
