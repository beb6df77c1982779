"""What tests of late work look at and do: a task as it is, the lead who takes it back, the times at which wages were earned."""

from sqlalchemy import select

from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM
from tests.bench.conftest import Tablet
from tests.packing.world import id_of


def task_of(tablet: Tablet, task_id: int) -> PackingTask:
    with tablet.database.transaction() as session:
        return session.get_one(PackingTask, task_id)


def take_back(tablet: Tablet, task_id: int) -> None:
    """The lead takes a task out of the packer's hands, now."""
    with tablet.database.transaction() as session:
        packing.return_task(session, task_id, id_of(tablet.person), reason="break", now=tablet.now, by=SYSTEM)


def earned_at(tablet: Tablet) -> list[object]:
    with tablet.database.transaction() as session:
        return list(session.scalars(select(WageEntry.earned_at).order_by(WageEntry.id)))
