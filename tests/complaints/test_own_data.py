"""A buyer takes a copy along, and is erased: what is over is emptied, what is under way waits, the sums stay."""

import json

from sqlalchemy import select, text

from app.care import invariants
from app.care.shop_invariants import ORDERS
from kernel.audit import SYSTEM
from shop.complaints import service
from shop.complaints.models import Complaint, ComplaintPhoto
from shop.orders.models import Order
from tests.complaints.test_road import complain, photo
from tests.payments.town import Town


def test_a_copy_says_all_and_erasing_leaves_goods_and_money(town: Town, arrived: str) -> None:
    complain(town, arrived, photo(), words="我叫张三，住示例路")
    with town.database.transaction() as session:
        service.refuse(session, 1, "看不出坏", now=town.now(), by=SYSTEM)
    held = town.order(town.offer(on_hand=1), key="still-under-way")
    copy = json.loads(town.web.get(f"{town.shop_url}/orders/my-data.json", timeout=30).text)
    assert [(each["order"], each["words"]) for each in copy["complaints"]] == [(arrived, "我叫张三，住示例路")]
    (first, second) = copy["orders"]
    assert {first["number"], second["number"]} == {arrived, held}
    assert (second["buyer_name"], second["phone"], second["detail"]) == ("张三", "13800008000", "示例路8号")
    before = town.row(arrived).total_fen
    for _ in range(2):
        page = town.web.post(f"{town.shop_url}/orders/erase?lang=zh", timeout=30)
        assert page.status_code == 200
    assert "还有 1 个没完" in page.text
    with town.database.transaction() as session:
        over, under_way = (
            session.scalars(select(Order).where(Order.number == number)).one() for number in (arrived, held)
        )
        assert (over.buyer_name, over.phone, over.detail, over.device_hash) == ("", "", "", None)
        assert (over.province, over.total_fen) == ("浙江省", before)
        assert under_way.phone == "13800008000"
        complaint = session.get_one(Complaint, 1)
        assert (complaint.words, complaint.answer, complaint.state) == ("", "看不出坏", "refused")
        assert session.scalars(select(ComplaintPhoto.id)).all() == []
        assert invariants.check_within(session, ORDERS).violations == []
        noted = session.execute(text("SELECT count(*) FROM audit_entries WHERE action = 'order.receiver_erased'"))
        assert noted.scalar_one() == 1
    # The page of an order without a name still opens.
    assert arrived in town.page(arrived)


def test_strangers_get_and_erase_nothing(town: Town, arrived: str) -> None:
    other = type(town.web)()
    copy = json.loads(other.get(f"{town.shop_url}/orders/my-data.json", timeout=30).text)
    assert copy == {name: [] for name in ("orders", "complaints", "reviews", "invoices", "news", "places_in_line")}
    other.post(f"{town.shop_url}/orders/erase", timeout=30).raise_for_status()
    assert town.row(arrived).phone == "13800008000"
