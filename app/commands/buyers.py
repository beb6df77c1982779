"""`gongfang buyers`: a copy of what is kept of a buyer, and its end, for whoever asks the workshop by phone or letter."""

from collections.abc import Sequence
from json import dumps

import click
from sqlalchemy import or_, select, true
from sqlalchemy.orm import Session

from app.commands.connect import open_database
from kernel.audit import Actor, record_change
from kernel.clock import utc_now
from kernel.errors import Invalid, NotFound
from kernel.parse import FieldError
from shop.orders.forms import read_phone
from shop.orders.models import Order
from shop.storefront import own_data
from shop.waitlist.models import Wait

_COMMAND = Actor(None, "gongfang buyers")


@click.group()
def buyers() -> None:
    """What the shop keeps of a buyer: a copy of it (export), and its end (erase)."""


@buyers.command()
@click.argument("phone")
def export(phone: str) -> None:
    """Print all that is kept of the orders with this phone number as one JSON value; that it was taken is written down."""
    with open_database().transaction() as session:
        numbers = _orders_of(session, phone)
        found = own_data.copy_of(session, numbers)
        _note(session, "buyer.exported", numbers)
    click.echo(dumps(found, ensure_ascii=False, indent=2))


@buyers.command()
@click.argument("phone")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(phone: str, yes: bool) -> None:
    """Empty name, phone and address of this buyer's orders that are over, complaints and reviews.

    Goods, sums, days and the province stay, as the law on accounts wants; what is under way stays until it has arrived.
    """
    database = open_database()
    with database.transaction() as session:
        numbers = _orders_of(session, phone)
    if not yes:
        click.confirm(
            f"{len(numbers)} 个订单，删了找不回来。删吗 · {len(numbers)} orders; this cannot be undone. Erase?",
            abort=True,
            err=True,
        )
    with database.transaction() as session:
        emptied, under_way = own_data.forget(session, numbers, now=utc_now(), by=_COMMAND)
        _note(session, "buyer.erased", [order.number for order in emptied], under_way=under_way)
    click.echo(f"删掉了 {len(emptied)} 个订单里的姓名、电话、地址 · {len(emptied)} orders emptied")
    if under_way:
        click.echo(f"还有 {under_way} 个没完，送到以后再删 · {under_way} under way; erase those once they have arrived")


def _orders_of(session: Session, phone: str) -> list[str]:
    """Numbers of the orders, places in line and given presents with this phone number, and its extension if one was given.

    Raises:
        Invalid: it is no phone number.
        NotFound: no order has it.
    """
    try:
        number, extension = read_phone(phone)
    except FieldError as error:
        raise Invalid(error.text.zh, error.text.en) from error
    receives = (Order.phone == number) & (true() if extension is None else Order.phone_ext == extension)
    wanted = select(Order.number).where(or_(receives, Order.giver_phone == number))
    found = [*session.scalars(wanted.order_by(Order.created_at)), *_waits_of(session, number)]
    if not found:
        raise NotFound("没有这个电话的订单。", "No order has this phone number.")
    return found


def _waits_of(session: Session, phone: str) -> Sequence[str]:
    """A wait that is over has no phone any more."""
    return session.scalars(select(Wait.number).where(Wait.phone == phone).order_by(Wait.id)).all()


def _note(session: Session, action: str, numbers: Sequence[str], **counts: int) -> None:
    """Who had it done and for which orders; the phone number itself does not belong into the record."""
    told = {"orders": list(numbers), **counts}
    record_change(session, actor=_COMMAND, action=action, subject="buyer:command", at=utc_now(), after=told)
