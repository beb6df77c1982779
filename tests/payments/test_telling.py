"""What a buyer is told without asking: the parcel left, money went back by itself; never a key, never twice."""

from sqlalchemy import select

from app import workflows
from fulfillment.packing.models import Parcel
from kernel.audit import SYSTEM
from kernel.notices.models import Notice
from tests.payments.town import Town


def messages(town: Town, number: str) -> list[str]:
    with town.database.transaction() as session:
        return list(session.scalars(select(Notice.body).where(Notice.subject == f"order:{number}").order_by(Notice.id)))


def test_money_that_came_too_late_and_twice_is_told_once(town: Town) -> None:
    offer = town.offer(on_hand=1)
    number = town.order(offer)
    page = town.session_of(town.press_pay(number))
    town.pass_time(minutes=20)
    town.order(offer, key="another-one-2", phone="13800008001")
    town.card(page)
    for _ in range(2):
        town.deliver()
        town.work()
    assert town.state(number) == "refunded"
    (said,) = messages(town, number)
    assert "钱自动原路退回" in said
    assert f"/orders/{number}" in said
    assert "key=" not in said


def test_a_parcel_that_left_is_told_with_its_number(town: Town) -> None:
    number = town.order(town.offer(on_hand=1))
    town.pay(number)
    town.deliver()
    town.work()
    (paid,) = messages(town, number)
    assert "收到您的付款 ¥45.80，最晚" in paid
    assert "key=" not in paid
    town.deliver()
    town.work()
    assert messages(town, number) == [paid], "told twice it is one message"
    with town.database.transaction() as session:
        parcel = session.scalars(select(Parcel)).one()
        parcel.state = "packed"
        session.flush()
        for _ in range(2):
            workflows.hand_over(
                session, parcel.id, carrier="STO", tracking="773000000000018", by=SYSTEM, now=town.now()
            )
    _, said = messages(town, number)
    assert "773000000000018" in said
