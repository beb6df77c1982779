"""Orders at the desk: found, masked, refunded once, called off, and never more given back than came in."""

import threading
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import workflows
from app.console import orders_queries, paging
from app.console.orders_queries import OrderSearch
from fulfillment.packing.models import PackingTask
from kernel import once
from kernel.audit import SYSTEM, Actor
from kernel.errors import Problem
from kernel.people.rules import STREAMER
from shop.orders.models import Order
from shop.payments import refunds as payment_refunds
from shop.payments.models import Payment, Refund
from tests.console.conftest import Desk, sit_down
from tests.console.reading import form_at
from tests.world import NOW, LiveOffer


def found(desk: Desk, **asked: str) -> list[str]:
    """The numbers that a search lists, top to bottom."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    page = desk.look(f"/console/orders?{query}")
    return [part.split('"')[0] for part in page.split('class="row-link number" href="/console/orders/')[1:]]


# ---- finding ----


def test_an_order_is_found_by_number_phone_last_four_digits_and_name(desk: Desk, offer: LiveOffer) -> None:
    mine = desk.place(offer, phone="13911112468", name="欧阳娜娜")
    other = desk.place(offer, phone="13911119999", name="王五")
    assert found(desk) == [other, mine]
    for words in (mine, mine.lower(), "13911112468", "2468", "欧阳娜娜", "欧阳"):
        assert found(desk, q=words) == [mine], words
    for words in ("娜娜", "246", "13911112469", "100%25", "_", mine[:-1]):
        assert found(desk, q=words) == [], words


def test_an_order_of_a_platform_is_found_by_the_platforms_number(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    with desk.database.transaction() as session:
        order = desk.order(session, number)
        order.channel, order.channel_number = "douyin", "6920001112223334445"
    assert found(desk, q="6920001112223334445") == [number]
    assert found(desk, channel="douyin") == [number]
    assert found(desk, channel="taobao") == []


def test_orders_are_narrowed_by_state_and_stream(desk: Desk, offer: LiveOffer) -> None:
    held, paid = desk.place(offer), desk.paid(offer)
    assert found(desk, state="held") == [held]
    assert found(desk, state="paid") == [paid]
    assert found(desk, stream=str(offer.stream_id)) == [paid, held]
    assert found(desk, stream=str(offer.stream_id + 1)) == []


def test_orders_are_narrowed_by_province_and_day_and_added_up(desk: Desk, offer: LiveOffer) -> None:
    here = desk.paid(offer, 2)
    there = desk.paid(offer, 1, province="上海市")
    waits = desk.place(offer, 1)
    with desk.database.transaction() as session:
        early, late = desk.order(session, there), desk.order(session, here)
        # Placed a minute before midnight in the workshop, and paid after it.
        early.created_at, early.paid_at = NOW.replace(hour=15, minute=59), NOW.replace(hour=16, minute=1)
        fen = (late.total_fen, early.total_fen)
        late.refunded_fen = 100
    assert found(desk, province="上海市") == [there]
    assert found(desk, **{"from": "2026-11-24", "to": "2026-11-24"}) == [waits, there, here]
    assert found(desk, **{"from": "2026-11-25", "by": "paid"}) == [there]
    assert found(desk, to="2026-11-24", by="paid") == [here]
    assert found(desk, **{"from": "2026-11-25"}) == []
    page = desk.look("/console/orders?by=paid&lang=zh")
    paid, net = f"{sum(fen) / 100:,.2f}", f"{(sum(fen) - 100) / 100:,.2f}"
    assert f"一共 2 单 ¥{paid}；付了的 2 单 ¥{paid}，退了 ¥1.00，净 ¥{net}。" in page
    assert "一共 3 单" in desk.look("/console/orders?to=2026-11-24&lang=zh")
    assert "一共" not in desk.look("/console/orders?order=dear&lang=zh")
    for wrong in (
        "from=0001-01-01",
        "to=9999-12-31",
        "from=2026-02-31",
        "to=x",
        "province=火星",
        "by=x",
        "from=2026-11-25&to=2026-11-24",
    ):
        assert 'class="field-error"' in desk.look(f"/console/orders?{wrong}", 422)


def test_more_orders_than_can_be_added_up_are_said_to_be(
    desk: Desk, offer: LiveOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        desk.place(offer)
    monkeypatch.setattr(orders_queries, "MOST_ADDED", 2)
    page = desk.look("/console/orders?state=held&lang=zh")
    assert "多于 2 单" in page
    assert "一共" not in page


def test_what_a_later_order_took_over_is_added_up_with_that_one(desk: Desk, offer: LiveOffer) -> None:
    first, second = desk.place(offer), desk.place(offer)
    with desk.database.transaction() as session:
        order = desk.order(session, first)
        order.state, order.replaced_by = "cancelled", second
    page = desk.look(f"/console/orders?stream={offer.stream_id}&lang=zh")
    assert "一共 1 单" in page
    assert "另有 1 单并进了" in page


def test_paging_shows_every_order_once_in_both_directions(desk: Desk, offer: LiveOffer) -> None:
    numbers = [desk.place(offer, phone=f"137{index:08d}") for index in range(7)]
    with desk.database.transaction() as session:
        ids = {order.number: order.id for order in session.scalars(select(Order))}

    def page(before: UUID | None = None, after: UUID | None = None) -> tuple[list[str], str, str]:
        with desk.database.transaction() as session:
            wanted = orders_queries.find_orders(OrderSearch())
            place = paging.Place(before, after)
            shown = paging.page_of(session, wanted, Order.id, orders_queries.ORDERS[""], place, str, most=3)
            return [order.number for order in shown.rows], shown.previous_url, shown.next_url

    newest = numbers[::-1]
    assert page() == (newest[:3], "", str({"before": str(ids[newest[2]])}))
    second = page(before=ids[newest[2]])
    assert second[0] == newest[3:6]
    assert page(before=ids[newest[5]]) == (newest[6:], str({"after": str(ids[newest[6]])}), "")
    assert page(after=ids[newest[6]])[0] == newest[3:6]
    back = page(after=ids[newest[3]])
    assert back[0] == newest[:3]
    assert back[1] == ""


def test_the_last_digits_are_found_by_the_index(session: Session) -> None:
    """With sequential scans made dear, the plan shows whether the index can serve at all."""
    session.execute(text("SET LOCAL enable_seqscan = off"))
    assert "ix_orders_buyer_name" in _plan(session, "欧阳")
    session.execute(text("DROP INDEX ix_orders_buyer_name"))
    assert "Seq Scan on orders" in _plan(session, "欧阳"), "the control: a name without its index"
    assert "ix_orders_phone_tail" in _plan(session, "2468")
    assert "uq_orders_number" in _plan(session, "G261124-ABCD1234")
    assert "Seq Scan" not in _plan(session, "6920001112223334445")


def _plan(session: Session, words: str) -> str:
    wanted = orders_queries.find_orders(OrderSearch(words=words)).with_only_columns(Order.id)
    statement = wanted.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    return "\n".join(session.execute(text(f"EXPLAIN {statement}")).scalars())


# ---- the buyer ----


def test_a_buyer_is_masked_until_somebody_asks_and_that_is_written_down(desk: Desk, offer: LiveOffer) -> None:
    number = desk.place(offer, name="欧阳娜娜", phone="13911112468")
    page = f"/console/orders/{number}"
    for text_ in (desk.look("/console/orders"), desk.look(page)):
        for secret in ("欧阳娜娜", "13911112468", "示例路8号"):
            assert secret not in text_
    desk.send(f"{page}/buyer", {})
    shown = desk.look(page)
    for secret in ("欧阳娜娜", "13911112468", "示例路8号"):
        assert secret in shown
    entry = desk.audit("order.buyer_shown")[0]
    assert (entry.subject, entry.person_id, entry.before, entry.after) == (
        f"order:{number}",
        desk.person.person_id,
        {},
        {},
    )
    desk.send(f"{page}/buyer", {})
    assert len(desk.audit("order.buyer_shown")) == 1, "a second look within minutes is the same look"


def test_what_was_shown_is_covered_again_after_ten_minutes_and_for_everybody_else(desk: Desk, offer: LiveOffer) -> None:
    number = desk.place(offer, phone="13911112468")
    page = f"/console/orders/{number}"
    desk.send(f"{page}/buyer", {})
    assert "13911112468" in desk.look(page)
    streamer = sit_down(desk.app, desk.database, STREAMER, name="叶阿香")
    assert "13911112468" not in streamer.look(page)
    desk.wait(minutes=11)
    assert "13911112468" not in desk.look(page)


def test_a_page_with_a_buyer_is_kept_in_no_cache(desk: Desk, offer: LiveOffer) -> None:
    answer = desk.browser.get(f"/console/orders/{desk.place(offer)}")
    assert answer.headers["Cache-Control"] == "no-store"


# ---- money back ----


def part(desk: Desk, number: str, amount: object, **changes: object) -> dict[str, str]:
    """The form for a part of the money, filled in."""
    page = f"/console/orders/{number}"
    filled = {"refund_amount": amount, "refund_reason": "spoiled", "refund_note": "一袋破了"}
    return desk.typed(page, f"{page}/refund", **{**filled, **changes})


def test_a_part_of_the_money_goes_back_with_its_reason(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    desk.send(f"/console/orders/{number}/refund", part(desk, number, "5.50"))
    assert desk.refunds(number) == [550]
    assert desk.state(number) == "paid"
    entry = desk.audit("order.refund")[0]
    assert entry.after == {"amount_fen": 550, "reason": "spoiled: 一袋破了"}
    assert "一袋破了" in desk.look(f"/console/orders/{number}")


def test_a_double_tap_refunds_once_and_says_so(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    typed = part(desk, number, "5")
    desk.send(f"/console/orders/{number}/refund", typed)
    desk.look(f"/console/orders/{number}")
    desk.send(f"/console/orders/{number}/refund", typed)
    assert desk.refunds(number) == [500]
    assert "没有重复做" in desk.look(f"/console/orders/{number}")


def test_going_back_and_changing_the_amount_asks_once_more(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    address = f"/console/orders/{number}/refund"
    typed = part(desk, number, "5")
    desk.send(address, typed)
    refused = desk.send(address, {**typed, "refund_amount": "6"}, status=409)
    assert desk.refunds(number) == [500]
    again = form_at(refused.text, address)
    assert again["refund_amount"] == "6"
    assert again["form_key"] != typed["form_key"]
    desk.send(address, again)
    assert desk.refunds(number) == [500, 600]


def test_no_more_goes_back_than_came_in_and_what_was_typed_stays(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    address = f"/console/orders/{number}/refund"
    desk.send(address, part(desk, number, "40"))
    refused = desk.send(address, part(desk, number, "5.81"), status=409)
    assert "5.80" in refused.text
    assert form_at(refused.text, address)["refund_amount"] == "5.81"
    assert form_at(refused.text, address)["refund_note"] == "一袋破了"
    assert desk.refunds(number) == [4000]


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.005", "１", "٣", "true", "1e3", "9" * 400, str(2**63), "5\x00x"])
def test_an_amount_that_is_none_is_marked_at_its_field(desk: Desk, offer: LiveOffer, amount: str) -> None:
    number = desk.paid(offer)
    refused = desk.send(f"/console/orders/{number}/refund", part(desk, number, amount), status=422)
    assert 'id="error-refund_amount"' in refused.text
    assert desk.refunds(number) == []


def test_a_refund_needs_a_reason_and_something_else_needs_words(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    address = f"/console/orders/{number}/refund"
    assert 'id="error-refund_reason"' in desk.send(address, part(desk, number, 5, refund_reason=""), status=422).text
    other = part(desk, number, 5, refund_reason="other", refund_note="")
    assert 'id="error-refund_note"' in desk.send(address, other, status=422).text
    assert desk.refunds(number) == []


def whole(desk: Desk, number: str) -> dict[str, str]:
    page = f"/console/orders/{number}"
    return desk.typed(page, f"{page}/cancel", cancel_reason="asked", cancel_note="")


def test_a_paid_order_is_called_off_with_all_its_money_and_its_work(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer, 2)
    desk.send(f"/console/orders/{number}/refund", part(desk, number, "5"))
    desk.send(f"/console/orders/{number}/cancel", whole(desk, number))
    assert desk.state(number) == "refunded"
    with desk.database.transaction() as session:
        order = desk.order(session, number)
        assert order.refunded_fen == order.total_fen == sum(desk.refunds(number))
        assert set(session.scalars(select(PackingTask.state))) == {"stopped"}


def test_an_unpaid_order_is_cancelled_and_its_goods_are_free(desk: Desk, offer: LiveOffer) -> None:
    number = desk.place(offer, 3)
    assert "/refund" not in desk.look(f"/console/orders/{number}").replace("/refunded", "")
    desk.send(f"/console/orders/{number}/cancel", whole(desk, number))
    assert desk.state(number) == "cancelled"
    assert desk.refunds(number) == []
    page = desk.look(f"/console/stock/{offer.variant_id}")
    assert "放回" in page


def test_an_order_that_left_keeps_its_goods_out_and_all_its_money_goes_back(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    ship(desk, number)
    desk.send(f"/console/orders/{number}/cancel", whole(desk, number))
    assert desk.state(number) == "refunded"
    with desk.database.transaction() as session:
        assert desk.refunds(number) == [desk.order(session, number).total_fen]
    assert desk.look(f"/console/stock/{offer.variant_id}").count("出库") == 1


def ship(desk: Desk, number: str) -> None:
    """A packer packs it and the courier takes it."""
    from fulfillment.packing import hand_out_service as hand_out
    from fulfillment.packing import service as packing
    from tests.packing.world import ZONE, id_of, make_packer, make_rate

    with desk.database.transaction() as session:
        make_rate(session)
        packer = make_packer(session)
    with desk.database.transaction() as session:
        for task in hand_out.take_work(session, id_of(packer), now=desk.now, zone=ZONE, by=packer):
            packing.finish_task(session, task.id, id_of(packer), now=desk.now, by=packer)
            workflows.hand_over(
                session, task.parcel_id, carrier="ZTO", tracking="73123456780001", by=SYSTEM, now=desk.now
            )
    assert desk.state(number) == "shipped"


def test_tracking_shows_on_the_order(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    ship(desk, number)
    page = desk.look(f"/console/orders/{number}")
    assert "73123456780001" in page
    assert "吴秀英" in page


def test_calling_off_twice_is_refused_with_a_sentence(desk: Desk, offer: LiveOffer) -> None:
    number = desk.place(offer)
    first, second = whole(desk, number), whole(desk, number)
    desk.send(f"/console/orders/{number}/cancel", first)
    refused = desk.send(f"/console/orders/{number}/cancel", second, status=409)
    assert "没有可以取消或退的了" in refused.text


def test_a_refund_that_failed_may_be_tried_again(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    desk.send(f"/console/orders/{number}/cancel", whole(desk, number))
    with desk.database.transaction() as session:
        refund = session.scalars(select(Refund)).one()
        payment_refunds.refuse_refund(session, refund.id, desk.now)
    page = desk.look(f"/console/orders/{number}")
    assert "退款没有成功" in page
    desk.send(f"/console/orders/{number}/cancel", whole(desk, number))
    assert desk.refunds(number) == [refund.amount_fen, refund.amount_fen]


def send_twice_at_once(desk: Desk, number: str, keys: tuple[str, str]) -> list[int]:
    """Two refunds of 5 yuan in two threads, each past its key before the other commits; returns the refunds."""
    both_inside = threading.Barrier(2, timeout=0.5)
    by = Actor(desk.person.person_id, desk.person.name)

    def go(key: str) -> None:
        typed = {"refund_amount": "5", "form_key": key}
        try:
            with desk.database.transaction() as session:
                if once.is_first(session, typed, purpose="refund", by=by, now=NOW):
                    with suppress(threading.BrokenBarrierError):
                        both_inside.wait()
                    order_id = desk.order(session, number).id
                    workflows.refund_part(session, order_id, 500, reason="asked", by=by, now=NOW)
        except Problem as problem:
            raise AssertionError(problem.code) from problem

    threads = [threading.Thread(target=go, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return desk.refunds(number)


def test_the_same_form_sent_twice_at_the_same_moment_refunds_once(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    assert send_twice_at_once(desk, number, ("k" * 20, "k" * 20)) == [500]


def test_two_forms_at_the_same_moment_refund_twice(desk: Desk, offer: LiveOffer) -> None:
    """The control: without the shared key nothing holds the second one back."""
    number = desk.paid(offer)
    assert send_twice_at_once(desk, number, ("k" * 20, "j" * 20)) == [500, 500]


def test_a_form_without_a_key_is_stale(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    for key in ("", "short", "k" * 65, "k" * 19 + "é", "k" * 20 + "\n"):
        desk.send(f"/console/orders/{number}/refund", part(desk, number, 5, form_key=key), status=400)
    assert desk.refunds(number) == []


def test_a_note_of_the_buyer_and_markup_in_names_are_shown_as_text(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer, name="<b>x</b>")
    with desk.database.transaction() as session:
        desk.order(session, number).note = "<script>alert(1)</script>"
    desk.send(f"/console/orders/{number}/buyer", {})
    page = desk.look(f"/console/orders/{number}")
    assert "<script>alert" not in page
    assert "<b>x" not in page
    assert "&lt;script&gt;" in page


def test_payments_of_the_wrong_amount_are_told_on_the_order(desk: Desk, offer: LiveOffer) -> None:
    from shop.orders import service as orders
    from shop.payments import service as payments
    from tests.console.conftest import money_for

    number = desk.place(offer)
    with desk.database.transaction() as session:
        payment_id = payments.begin_payment(
            session, orders.lock_order(session, desk.order(session, number).id), desk.now
        ).id
    with desk.database.transaction() as session:
        payment = session.get_one(Payment, payment_id)
        workflows.settle_payment(session, payment_id, money_for(payment, payment.amount_fen + 1), desk.now)
    assert "付款金额不对" in desk.look(f"/console/orders/{number}")
    assert desk.state(number) == "held"
