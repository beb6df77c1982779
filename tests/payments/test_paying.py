"""Being paid: the hosted page is opened once, and what becomes of it reaches the order."""

from threading import Barrier, Thread

import pytest

from tests.payments.town import Town


@pytest.fixture
def number(town: Town) -> str:
    """An order that waits for its money."""
    return town.order(town.offer(on_hand=10))


def open_page(town: Town, number: str) -> str:
    return town.session_of(town.press_pay(number))


def test_paying_by_card_pays_the_order_and_opens_its_packing(town: Town, number: str) -> None:
    back = town.card(open_page(town, number))
    assert back.url == f"{town.shop_url}/orders/{number}?from=payment"
    # The page asked Stripe itself: no event has arrived yet.
    assert "收到付款了" in back.text
    assert "等着打包" in back.text
    assert town.deliver() == 3
    assert town.state(number) == "paid"
    assert [payment.state for payment in town.payments(number)] == ["succeeded"]


def test_an_event_alone_pays_when_the_buyer_never_comes_back(town: Town, number: str) -> None:
    town.pay(number)
    assert town.state(number) == "held"
    town.deliver()
    assert town.state(number) == "paid"
    assert "等着打包" in town.page(number)


def test_the_worker_finds_a_payment_that_nobody_reported(town: Town, number: str) -> None:
    town.pay(number)
    town.lose_events()
    town.pass_time(minutes=10)
    town.work()
    assert town.state(number) == "paid"


def test_the_hosted_page_asks_for_the_orders_money_in_yuan(town: Town, number: str) -> None:
    session = town.desk.session(open_page(town, number))
    order = town.row(number)
    assert (session["amount_total"], session["currency"]) == (order.total_fen, "cny")
    assert session["client_reference_id"] == str(town.payments(number)[0].id)
    assert order.total_fen == 3_980 + 600


def test_two_tabs_and_a_double_tap_share_one_page(town: Town, number: str) -> None:
    start, pages = Barrier(6), []

    def press() -> None:
        start.wait()
        pages.append(town.press_pay(number))

    threads = [Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(pages) == 6
    assert len(set(pages)) == 1
    assert len(town.payments(number)) == 1
    assert len(town.store.newest("session")) == 1


def test_an_answer_that_was_lost_after_the_page_was_made_gives_the_same_page(town: Town, number: str) -> None:
    town.levers.lose_answers = 2
    assert town.press_pay(number) == f"/orders/{number}", "the buyer is sent back with a word about it"
    assert "您不会被多扣钱" in town.page(number)
    made = town.store.newest("session")
    assert len(made) == 1
    assert open_page(town, number) == made[0]["id"]
    assert len(town.payments(number)) == 1


def test_a_connection_that_breaks_at_once_is_tried_again_unseen(town: Town, number: str) -> None:
    town.levers.lose_answers = 1
    open_page(town, number)
    assert len(town.store.newest("session")) == 1


def test_a_declined_card_can_be_followed_by_another(town: Town, number: str) -> None:
    session_id = open_page(town, number)
    declined = town.card(session_id, "4000 0000 0000 0002")
    assert (declined.status_code, "被拒绝" in declined.text) == (402, True)
    assert town.state(number) == "held"
    assert "收到付款了" in town.card(session_id).text


def test_a_bank_that_wants_a_second_step_gets_it(town: Town, number: str) -> None:
    session_id = open_page(town, number)
    asked = town.card(session_id, "4000002500003155")
    assert "再确认一次" in asked.text
    assert town.state(number) == "held"
    assert "收到付款了" in town.card(session_id, "4000002500003155", confirmed="yes").text


@pytest.mark.parametrize("wallet", ["alipay", "wechat_pay"])
def test_a_wallet_that_pays_now_pays_the_order(town: Town, number: str, wallet: str) -> None:
    assert "收到付款了" in town.wallet(open_page(town, number), "now", wallet).text
    charge = town.store.newest("charge")[0]
    assert charge["payment_method_details"]["type"] == wallet


def test_while_a_wallet_takes_its_time_the_page_says_checking_and_offers_no_second_payment(
    town: Town, number: str
) -> None:
    back = town.wallet(open_page(town, number), "later")
    for page in (back.text, town.page(number)):
        assert "正在确认付款" in page
        assert "请不要重复付款" in page
        assert f'action="/orders/{number}/pay"' not in page
    assert town.state(number) == "held"
    town.deliver()
    assert town.press_pay(number) == f"/orders/{number}", "a page that was open before offers it still"
    assert "请不要重复付款" in town.page(number)
    assert town.state(number) == "held"
    town.finish_later()
    town.deliver()
    assert "收到付款了" in town.page(number)


def test_a_wallet_that_fails_afterwards_says_so_and_the_buyer_pays_again(town: Town, number: str) -> None:
    session_id = open_page(town, number)
    town.wallet(session_id, "later_fail")
    town.finish_later()
    page = town.page(number, came_back=True)
    assert "这次没有付成，没有扣钱" in page
    assert f'action="/orders/{number}/pay"' in page
    again = open_page(town, number)
    assert again != session_id
    assert "收到付款了" in town.card(again).text
    town.deliver()
    assert [payment.state for payment in town.payments(number)] == ["expired", "succeeded"]
    assert town.state(number) == "paid"


def test_a_wallets_answer_that_nobody_reported_is_asked_for(town: Town, number: str) -> None:
    town.wallet(open_page(town, number), "later_fail")
    town.finish_later()
    town.lose_events()
    town.pass_time(minutes=9)
    town.work()
    assert [payment.state for payment in town.payments(number)] == ["under_way"]
    town.pass_time(minutes=2)
    town.work()
    assert [payment.state for payment in town.payments(number)] == ["expired"]


def test_a_wallet_that_refuses_leaves_the_page_open(town: Town, number: str) -> None:
    session_id = open_page(town, number)
    assert town.wallet(session_id, "fail").status_code == 402
    assert "收到付款了" in town.wallet(session_id, "now").text


def test_a_wallet_that_never_comes_back_costs_nothing_and_the_goods_return(town: Town, number: str) -> None:
    assert "没有扣钱" in town.wallet(open_page(town, number), "never").text
    town.pass_time(minutes=11)
    town.work()
    assert town.state(number) == "expired"
    assert [payment.state for payment in town.payments(number)] == ["expired"]
    assert town.desk.session(town.payments(number)[0].session_id)["status"] == "expired"


def test_an_order_that_is_paid_or_over_opens_no_page(town: Town, number: str) -> None:
    town.card(open_page(town, number))
    assert town.press_pay(number) == f"/orders/{number}"
    assert "现在不用付款了" in town.page(number)
    assert len(town.store.newest("session")) == 1


def test_a_stranger_opens_no_page_for_somebody_elses_order(town: Town, number: str) -> None:
    town.web.cookies.clear()
    answer = town.web.post(f"{town.shop_url}/orders/{number}/pay", timeout=30, allow_redirects=False)
    assert answer.status_code == 404
    assert town.payments(number) == []
