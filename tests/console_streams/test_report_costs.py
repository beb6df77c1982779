"""What a stream's orders cost, against a recount by hand; how many watched; the paper and the picture."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from io import BytesIO
from uuid import uuid4
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.console.reports.stream_costs import costs_of
from app.console.reports.stream_paper import span_of
from fulfillment.couriers.fees.models import CourierBill, CourierChoice
from fulfillment.packing.models import Parcel
from fulfillment.purchasing.models import Delivery, Lot
from kernel.db import Database
from kernel.errors import Refused
from shop.payments.models import Payment
from shop.streams.audience import StreamAudience, Watched, note_audience, watched
from shop.streams.models import Stream
from tests.console.conftest import Desk
from tests.console_streams.conftest import offer_of
from tests.packing.races import REPLACING, ROW_LOCKS, all_look_first, told_at_once, without
from tests.streams.evening import XIANG, Evening, make_evening
from tests.tracing.world import fill, make_hand, make_lots, order, pack
from tests.world import NOW

LATER = NOW + timedelta(days=1)


def put_in_stream(session: Session, stream_id: int, *parcels: Parcel) -> None:
    session.execute(
        text("UPDATE orders SET stream_id = :stream WHERE id = ANY(:ids)"),
        {"stream": stream_id, "ids": [parcel.order_id for parcel in parcels]},
    )


def a_bag_of(session: Session, lot: Lot) -> tuple[Fraction, Fraction]:
    """What 250 g of a lot were paid, and what they are worth at market."""
    delivery = session.get_one(Delivery, lot.delivery_id)
    return Fraction(delivery.pay_fen * 250, delivery.net_g), Fraction(delivery.market_pay_fen * 250, delivery.net_g)


def half_up(exact: Fraction) -> int:
    return int((Decimal(exact.numerator) / exact.denominator).quantize(Decimal(1), ROUND_HALF_UP))


def pay_for(session: Session, parcel: Parcel, amount_fen: int, state: str = "succeeded") -> None:
    moment = NOW if state == "succeeded" else None
    facts = {"created_at": NOW, "expires_at": LATER, "succeeded_at": moment, "state": state, "currency": "cny"}
    session.add(Payment(id=uuid4(), order_id=parcel.order_id, amount_fen=amount_fen, **facts))


def choose(session: Session, parcel: Parcel, fee_fen: int | None) -> None:
    facts = {"carrier": "ZTO", "days": 2, "weight_g": 600, "why": "cheapest", "reason": "", "at": NOW, "by": "test"}
    session.add(CourierChoice(parcel_id=parcel.id, fee_fen=fee_fen, **facts))


def test_goods_premium_wages_postage_and_fees_are_counted_to_the_fen(session: Session) -> None:
    stream = make_evening(session, offers=1).stream_id
    hand = make_hand(session)
    bag, (cheap, dear) = make_lots(session, "吴长根", "李阿生")
    fill(session, bag, 3, cheap)
    first, second = pack(session, hand, bag, 2), pack(session, hand, bag, 1)
    fill(session, bag, 4, dear)
    third = pack(session, hand, bag, 2)
    waiting, elsewhere = order(session, bag, 3), pack(session, hand, bag, 1)
    put_in_stream(session, stream, first, second, third, waiting)
    choose(session, first, 500)
    session.add(CourierBill(parcel_id=first.id, carrier="ZTO", fee_fen=620, source="t", at=NOW, by="test"))
    choose(session, second, 480)
    choose(session, third, None)
    for parcel, fen in ((first, 10_001), (second, 4_999), (elsewhere, 8_888)):
        pay_for(session, parcel, fen)
    pay_for(session, waiting, 7_777, "expired")
    session.flush()
    found = costs_of(session, stream, LATER, 340)
    paid_1, market_1 = a_bag_of(session, cheap)
    paid_2, market_2 = a_bag_of(session, dear)
    usual, usual_market = (3 * paid_1 + 4 * paid_2) / 7, (3 * market_1 + 4 * market_2) / 7
    goods = 3 * paid_1 + 2 * paid_2 + 3 * usual
    assert (found.followed, found.usual, found.unknown) == (5, 3, 0)
    assert found.goods_fen == half_up(goods)
    assert found.premium_fen == half_up(goods - 3 * market_1 - 2 * market_2 - 3 * usual_market)
    assert found.wages_fen == 3 * 80
    assert (found.postage_fen, found.boxes_unknown) == (620 + 480, 2)
    assert found.fees_fen == half_up(Fraction(10_001 * 340, 10_000)) + half_up(Fraction(4_999 * 340, 10_000))
    assert found.total_fen == found.goods_fen + found.wages_fen + found.postage_fen + found.fees_fen
    assert not found.is_whole


def test_what_nobody_knows_is_said_and_not_guessed(session: Session) -> None:
    stream = make_evening(session, offers=1).stream_id
    bag, _ = make_lots(session, "吴长根")
    put_in_stream(session, stream, order(session, bag, 2))
    found = costs_of(session, stream, LATER, 0)
    assert (found.unknown, found.goods_fen, found.fees_fen, found.boxes_unknown) == (2, 0, None, 1)


# ---- who watched ----


def test_views_are_written_down_changed_and_taken_out(desk: Desk, evening: Evening) -> None:
    desk.pay(desk.place(offer_of(desk, evening), 2))
    address = f"/console/streams/{evening.stream_id}"
    typed = {"channel": "own", "views": "1000", "visitors": "250"}
    desk.send(f"{address}/audience", typed)
    desk.send(f"{address}/audience", typed)
    page = desk.look(f"{address}/report?lang=zh")
    with desk.database.transaction() as session:
        total_fen = session.scalar(text("SELECT total_fen FROM orders"))
    assert total_fen is not None
    assert f"¥{total_fen / 100:,.2f}" in page
    assert f"¥{total_fen // 250 / 100:,.2f}" in page
    refused = desk.browser.post(f"{address}/audience", data={**typed, "visitors": "1001"})
    assert refused.status_code == 409
    assert "看的人数不会比观看次数多" in refused.get_data(as_text=True)
    assert 'value="1001"' in refused.get_data(as_text=True)
    assert desk.browser.post(f"{address}/audience", data={**typed, "views": "多"}).status_code == 422
    desk.send(f"{address}/audience", {"channel": "own", "views": "", "visitors": ""})
    assert [entry.after for entry in desk.audit("stream.audience")] == [
        {"own": {"views": 1000, "visitors": 250}},
        {"own": None},
    ]
    assert desk.browser.post("/console/streams/999999/audience", data=typed).status_code == 404


def test_two_people_write_down_what_was_watched_and_one_row_is_left(database: Database) -> None:
    with database.transaction() as session:
        stream = make_evening(session, offers=1).stream_id
    told = told_at_once(
        database,
        *[
            lambda session, views=views: note_audience(session, stream, "douyin", Watched(views, 5), now=NOW, by=XIANG)
            for views in (10, 20, 30)
        ],
    )
    assert told == ["written"] * 3
    with database.transaction() as session:
        assert watched(session, stream)["douyin"].views in (10, 20, 30)
        assert session.query(StreamAudience).count() == 1


def test_without_the_lock_and_the_replacing_the_race_breaks(database: Database) -> None:
    with database.transaction() as session:
        stream = make_evening(session, offers=1).stream_id

    def note(session: Session) -> None:
        note_audience(session, stream, "douyin", Watched(10, 5), now=NOW, by=XIANG)

    with without(database, ROW_LOCKS, REPLACING), all_look_first(database, "INSERT INTO stream_audiences"):
        told = told_at_once(database, note, note)
    assert any("pk_stream_audiences" in each for each in told)


def test_nobody_has_watched_what_has_not_begun(session: Session) -> None:
    planned = make_evening(session, is_live=False)
    with pytest.raises(Refused):
        note_audience(session, planned.stream_id, "own", Watched(1, 1), now=NOW, by=XIANG)


# ---- to print, to share ----


def test_the_paper_says_what_the_page_says_and_the_picture_names_no_buyer(desk: Desk, evening: Evening) -> None:
    offer = offer_of(desk, evening)
    with desk.database.transaction() as session:
        session.execute(text("UPDATE products SET title_zh = '=1+1 𠮷菇 #*x*'"))
    desk.pay(desk.place(offer, 2, name="欧阳某某"))
    address = f"/console/streams/{evening.stream_id}/report"
    answer = desk.browser.get(f"{address}.pdf?lang=zh")
    document = pypdfium2.PdfDocument(answer.data)
    words = "\n".join(page.get_textpage().get_text_range() for page in document)
    assert "=1+1 𠮷菇 #*x*" in words
    assert "欧阳" not in words
    with desk.database.transaction() as session:
        total_fen = session.scalar(text("SELECT total_fen FROM orders"))
    assert f"¥{total_fen / 100:,.2f}" in words
    english = pypdfium2.PdfDocument(desk.browser.get(f"{address}.pdf?lang=en").data)
    assert "What is left" in english[0].get_textpage().get_text_range()
    with Image.open(BytesIO(desk.browser.get(f"{address}.png").data)) as picture:
        assert picture.size == (1080, 1440)
        assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 20


def test_an_empty_stream_has_a_paper_and_a_picture_too(desk: Desk, evening: Evening) -> None:
    for ending in ("pdf", "png", "xlsx"):
        assert desk.browser.get(f"/console/streams/{evening.stream_id}/report.{ending}").status_code == 200


def test_an_evening_over_midnight_and_one_that_goes_on_say_when(session: Session) -> None:
    stream = session.get_one(Stream, make_evening(session).stream_id)
    stream.started_at = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    shanghai = ZoneInfo("Asia/Shanghai")
    assert span_of(stream, shanghai) == "2026-11-24 21:30 –"
    stream.ended_at = datetime(2026, 11, 24, 15, 10, tzinfo=UTC)
    assert span_of(stream, shanghai) == "2026-11-24 21:30 – 23:10"
    stream.ended_at = datetime(2026, 11, 24, 16, 20, tzinfo=UTC)
    assert span_of(stream, shanghai) == "2026-11-24 21:30 – 11-25 00:20"
    # Clocks go back an hour in this night: the evening lasts from before to after.
    stream.started_at, stream.ended_at = (datetime(2026, 10, 24, hour, 30, tzinfo=UTC) for hour in (21, 23))
    assert span_of(stream, ZoneInfo("Europe/Berlin")) == "2026-10-24 23:30 – 10-25 01:30"
