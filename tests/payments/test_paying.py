"""Being paid: the hosted page is opened once, and what becomes of it reaches the order."""

from tests.payments.town import Town


def test_paying_by_card_pays_the_order_and_opens_its_packing(town: Town) -> None:
    number = town.order(town.offer())
    town.pay(number)
    town.deliver()
    assert town.state(number) == "paid"
    assert "收到付款了" in town.page(number)
    assert "等着打包" in town.page(number)


def test_two_tabs_and_a_double_tap_share_one_page(town: Town) -> None:
    number = town.order(town.offer())
    assert len({town.press_pay(number) for _ in range(3)}) == 1
    assert len(town.payments(number)) == 1
