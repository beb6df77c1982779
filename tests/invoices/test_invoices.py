"""From "an invoice, please" to its number: asked once, changed until it is issued, over what was paid and nothing else."""

import json

import pytest
import requests
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import workflows
from kernel.audit import SYSTEM
from kernel.notices.models import Notice
from kernel.people.rules import OWNER
from shop.invoices import rules, service
from shop.invoices.models import Invoice
from shop.invoices.service import InvoiceFacts
from shop.orders.models import Order
from tests.packing.races import drop, told_at_once
from tests.payments.town import Town
from tests.storefront.pages import fields_of
from tests.weigh.conftest import Desk, desk_of

NUMBER = "25332000000012345678"
# A made-up firm's code whose last sign is right.
CODE = "91331126MA2E0000XQ"
PAID_FEN = 8_560


def ask(town: Town, number: str, **typed: str) -> requests.Response:
    asked = {"kind": "person", "title": "张三𠮷", "tax_number": "", "email": "zs@example.com", **typed}
    return town.web.post(f"{town.shop_url}/orders/{number}/invoice", data=asked, timeout=30)


def counted(town: Town) -> int:
    with town.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Invoice)) or 0


def owner_of(town: Town) -> Desk:
    return desk_of(town.app, town.database, OWNER, "吴晓岚", town.now())


def order_of(session: Session, number: str) -> Order:
    return session.scalars(select(Order).where(Order.number == number)).one()


def test_an_invoice_is_asked_for_issued_and_told(town: Town, arrived: str) -> None:
    assert "要发票" in town.page(arrived)
    for _ in range(2):
        assert ask(town, arrived).status_code == 200
    assert counted(town) == 1
    assert "等工坊开" in town.page(arrived)
    owner = owner_of(town)
    assert "1 张发票要开" in owner.look("/console").text
    assert "张三𠮷" in owner.look("/console/invoices").text
    page = owner.look("/console/invoices/1")
    assert fields_of(page)["amount_fen"] == str(PAID_FEN)
    assert "20 位" in owner.send("/console/invoices/1/issue", 422, number="12345", amount_fen=str(PAID_FEN)).text
    for _ in range(2):
        owner.send("/console/invoices/1/issue", number=f"{NUMBER[:4]} {NUMBER[4:]}", amount_fen=str(PAID_FEN))
    page = town.page(arrived)
    assert NUMBER in page
    assert "开好了" in page
    assert "¥85.60" in page
    with town.database.transaction() as session:
        bodies = session.scalars(select(Notice.body).where(Notice.subject == "invoice:1")).all()
        assert bodies
        assert all(NUMBER in body and "key=" not in body for body in bodies)
    late = ask(town, arrived, title="别的抬头")
    assert late.status_code == 409
    town.web.post(f"{town.shop_url}/orders/{arrived}/invoice/withdraw", timeout=30)
    assert counted(town) == 1


def test_what_cannot_be_issued_says_why_and_is_asked_again(town: Town, arrived: str) -> None:
    ask(town, arrived, kind="company", title="示例有限公司", tax_number=CODE.lower())
    owner = owner_of(town)
    assert CODE in owner.look("/console/invoices/asked.csv").text
    assert "error-reason" in owner.send("/console/invoices/1/decline", 422, reason="").text
    owner.send("/console/invoices/1/decline", reason="税号和抬头对不上")
    assert "税号和抬头对不上" in town.page(arrived)
    assert fields_of(town.web.get(f"{town.shop_url}/orders/{arrived}/invoice", timeout=30))["title"] == "示例有限公司"  # type: ignore[arg-type]
    assert ask(town, arrived).status_code == 200
    assert "税号和抬头对不上" not in town.page(arrived)
    owner.send("/console/invoices/1/issue", number=NUMBER, amount_fen=str(PAID_FEN))
    assert counted(town) == 1


def test_taken_back_is_gone_and_pressed_twice_it_is_once(town: Town, arrived: str) -> None:
    ask(town, arrived)
    for _ in range(2):
        town.web.post(f"{town.shop_url}/orders/{arrived}/invoice/withdraw", timeout=30).raise_for_status()
    assert counted(town) == 0
    owner_of(town).send("/console/invoices/1/issue", 404, number=NUMBER, amount_fen=str(PAID_FEN))


def test_money_that_goes_back_is_noticed_before_and_after(town: Town, arrived: str) -> None:
    ask(town, arrived)
    with town.database.transaction() as session:
        workflows.refund_part(session, order_of(session, arrived).id, 60, reason="a bag", by=SYSTEM, now=town.now())
    owner = owner_of(town)
    assert "金额变了" in owner.send("/console/invoices/1/issue", 409, number=NUMBER, amount_fen=str(PAID_FEN)).text
    owner.send("/console/invoices/1/issue", number=NUMBER, amount_fen=str(PAID_FEN - 60))
    assert "红字发票" not in owner.look("/console").text
    with town.database.transaction() as session:
        workflows.refund_part(session, order_of(session, arrived).id, 100, reason="more", by=SYSTEM, now=town.now())
    assert "要开红字发票" in owner.look("/console").text
    assert "请到税务局网站开红字发票" in owner.look("/console/invoices/1").text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "dog"}, "kind"),
        ({"title": ""}, "title"),
        ({"title": "名" * 5_000}, "title"),
        ({"kind": "company", "tax_number": ""}, "tax_number"),
        ({"kind": "company", "tax_number": "91331126MA2E00000A"}, "tax_number"),
        ({"email": "not an address"}, "email"),
    ],
)
def test_bad_input_is_marked_and_kept(town: Town, arrived: str, typed: dict[str, str], field: str) -> None:
    answer = ask(town, arrived, **typed)
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert "zs@example.com" in answer.text or field == "email"
    assert counted(town) == 0


def test_what_is_not_paid_and_what_is_not_ones_own_gets_none(town: Town, arrived: str) -> None:
    stranger = requests.post(f"{town.shop_url}/orders/{arrived}/invoice", data={"title": "x"}, timeout=30)
    assert stranger.status_code == 404
    held = town.order(town.offer(on_hand=3), key="only-held-so-far")
    assert ask(town, held).status_code == 409
    assert counted(town) == 0


def test_erasing_keeps_only_what_the_accounts_need(town: Town, arrived: str) -> None:
    ask(town, arrived)
    (copied,) = json.loads(town.web.get(f"{town.shop_url}/orders/my-data.json", timeout=30).text)["invoices"]
    assert (copied["title"], copied["email"], copied["state"]) == ("张三𠮷", "zs@example.com", "asked")
    owner_of(town).send("/console/invoices/1/issue", number=NUMBER, amount_fen=str(PAID_FEN))
    town.web.post(f"{town.shop_url}/orders/erase", timeout=30).raise_for_status()
    with town.database.transaction() as session:
        kept = session.get_one(Invoice, 1)
        assert (kept.number, kept.amount_fen, kept.email) == (NUMBER, PAID_FEN, "")


@pytest.mark.parametrize(
    ("deed", "against"),
    [
        ("UPDATE invoices SET amount_fen = 1", "is issued and stays"),
        ("UPDATE invoices SET title = 'x'", "is issued and stays"),
        ("DELETE FROM invoices", "is issued and stays"),
        (
            "UPDATE invoices SET state = 'asked', number = NULL, amount_fen = NULL, decided_at = NULL",
            "is issued and stays",
        ),
    ],
)
def test_the_database_keeps_what_is_issued(town: Town, arrived: str, deed: str, against: str) -> None:
    ask(town, arrived)
    with town.database.transaction() as session:
        service.issue(session, 1, NUMBER, PAID_FEN, now=town.now(), by=SYSTEM)
    with town.database.transaction() as session, pytest.raises(IntegrityError, match=against):
        session.execute(text(deed))


def test_the_database_knows_what_was_paid(town: Town, arrived: str) -> None:
    ask(town, arrived)
    wrong = "UPDATE invoices SET state = 'issued', number = '12345678', amount_fen = 1, decided_at = now()"
    with town.database.transaction() as session, pytest.raises(IntegrityError, match="has paid 8560 fen"):
        session.execute(text(wrong))


# ---- two hands at one instant ----


def test_issued_while_money_goes_back_is_over_what_is_left_or_flagged(town: Town, arrived: str) -> None:
    ask(town, arrived)

    def issue(session: Session) -> None:
        service.issue(session, 1, NUMBER, PAID_FEN, now=town.now(), by=SYSTEM)

    def refund(session: Session) -> None:
        workflows.refund_part(session, order_of(session, arrived).id, 60, reason="a bag", by=SYSTEM, now=town.now())

    told = told_at_once(town.database, issue, refund)
    assert told in (["amount_changed", "written"], ["written", "written"])
    with town.database.transaction() as session:
        invoice = session.get_one(Invoice, 1)
        order = order_of(session, arrived)
        is_red = rules.needs_red_letter(invoice.amount_fen, order.total_fen, order.refunded_fen)
        assert (invoice.state, is_red) == (("issued", True) if told == ["written", "written"] else ("asked", False))


def _ask_twice(town: Town, number: str) -> list[str]:
    def deed(title: str) -> object:
        def run(session: Session) -> None:
            facts = InvoiceFacts("person", title, "", "")
            service.ask_invoice(session, order_of(session, number), facts, now=town.now())

        return run

    return told_at_once(town.database, deed("甲"), deed("乙"))  # type: ignore[arg-type]


def test_two_devices_ask_for_one_invoice(town: Town, arrived: str) -> None:
    assert _ask_twice(town, arrived) == ["written", "written"]
    assert counted(town) == 1


def test_without_lock_and_key_there_would_be_two(town: Town, arrived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.orders, "lock_order", lambda session, order_id: session.get(Order, order_id))
    monkeypatch.setattr(service.queries, "invoice_of", lambda session, order_id: None)
    drop(town.database, "ALTER TABLE invoices DROP CONSTRAINT uq_invoices_order_id")
    assert _ask_twice(town, arrived) == ["written", "written"]
    assert counted(town) == 2


@pytest.mark.parametrize(
    ("state", "channel", "refunded_fen", "may"),
    [
        ("held", "own", 0, False),
        ("paid", "own", 0, True),
        ("delivered", "own", 999, True),
        ("delivered", "own", 1_000, False),
        ("refunded", "own", 1_000, False),
        ("paid", "douyin", 0, False),
    ],
)
def test_who_may_ask(state: str, channel: str, refunded_fen: int, may: bool) -> None:
    assert rules.may_ask(state, channel, 1_000, refunded_fen) is may
