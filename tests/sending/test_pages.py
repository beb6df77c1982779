"""The lead's pages of sending: price lists, the courier of a box, sharing and splitting, the scale, the signed list."""

import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import workflows
from fulfillment.couriers.fees import queries as fees
from fulfillment.couriers.fees import service as fee_service
from fulfillment.couriers.fees import tariff_file
from fulfillment.couriers.fees.models import CourierChoice, CourierTariff
from fulfillment.couriers.lists.models import HandOverLine, HandOverList
from fulfillment.couriers.waybills import service as waybills
from fulfillment.couriers.weighing.models import ParcelWeighing
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.models import Parcel
from kernel.db import Database
from tests.lead.world import Bench, order_parcel, order_parcels, pack, packed_parcel, parcel_of, take_all
from tests.sending.world import drawn, load_prices, orders_of_one_buyer
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW

TODAY = NOW.date()
ZTO, YTO = "78012345678901", "YT1234567890123"


def page_of(lead: FlaskClient, path: str) -> str:
    answer = lead.get(path)
    assert answer.status_code == 200, path
    assert_nothing_inline(answer)
    return answer.text


# ---- price lists ----


def test_a_price_list_keeps_its_good_rows_and_names_the_others(lead: FlaskClient, database: Database) -> None:
    file = tariff_file.SAMPLE.read_bytes()
    for said in ("新的 62 行", "没变 62 行"):
        answer = lead.post(
            "/bench/lead/fees/file",
            data={"file": (io.BytesIO(file), "prices.csv"), "valid_from": TODAY.isoformat()},
        )
        assert answer.status_code == 200
        assert said in answer.text
        assert "<td><bdi>province</bdi></td>" in answer.text
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(CourierTariff)) == 62
    assert "1.70" in page_of(lead, "/bench/lead/fees")
    exported = lead.get("/bench/lead/fees/prices.csv").data
    assert set(tariff_file.read_tariffs(exported).tariffs) == set(tariff_file.sample_tariffs().values())


PRICE = {
    "carrier": "ZTO", "province": "浙江省", "step_1000": "3.00", "further": "1.00", "round_up": "1000", "days": "2",
}  # fmt: skip


def test_a_new_price_is_shown_before_it_holds_and_the_past_stays(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    load_prices(database)
    number = order_parcel(database, bench)
    with database.transaction() as session:
        before = fees.choice_of(session, parcel_of(session, number).id)
        assert before is not None
    form = {**PRICE, "valid_from": TODAY.isoformat()}
    asked = lead.post("/bench/lead/fees/price", data=form)
    assert "¥3.00" in asked.text
    key = fields_of(asked)["form_key"]
    for _ in range(2):
        sent = lead.post("/bench/lead/fees/price", data={**form, "confirmed": "1", "form_key": key})
        assert sent.status_code == 303
    with database.transaction() as session:
        held = [row.steps for row in fees.versions(session, "ZTO", "浙江省")]
        assert held == [[[1000, 300]], [[1000, 250], [2000, 380], [3000, 480]]]
        after = fees.choice_of(session, parcel_of(session, number).id)
        assert after is not None
        assert (after.id, after.fee_fen) == (before.id, before.fee_fen)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"valid_from": (TODAY - timedelta(days=1)).isoformat()}, "valid_from"),
        ({"carrier": "XX"}, "carrier"),
        ({"step_1000": "", "further": ""}, "further"),
        ({"step_2000": "1.00"}, "further"),
        ({"days": "0"}, "days"),
    ],
)
def test_a_price_that_cannot_be_is_refused_at_its_field(lead: FlaskClient, wrong: dict[str, str], field: str) -> None:
    answer = lead.post("/bench/lead/fees/price", data={**PRICE, "valid_from": TODAY.isoformat(), **wrong})
    assert answer.status_code == 422
    assert f"error-{field}" in answer.text or f"#field-{field}" in answer.text


# ---- which courier ----


def test_the_cheapest_courier_is_chosen_and_its_fee_frozen(lead: FlaskClient, database: Database, bench: Bench) -> None:
    load_prices(database, days={"STO": 9, "ZTO": 3})
    number = order_parcel(database, bench)
    page = page_of(lead, f"/bench/lead/parcels/{number}/sending")
    assert "中通快递：2.50 元，3 天到，按时能到的里面最便宜" in page
    with database.transaction() as session:
        choice = fees.choice_of(session, parcel_of(session, number).id)
        assert choice is not None
        assert (choice.carrier, choice.fee_fen, choice.weight_g) == ("ZTO", 250, 420)
    other = lead.post(
        f"/bench/lead/parcels/{number}/sending/courier", data={"carrier": "STO", "reason": "中通今天不来"}
    )
    assert other.status_code == 303
    page = page_of(lead, f"/bench/lead/parcels/{number}/sending")
    assert "申通快递：1.70 元，9 天到，组长定的" in page
    assert "中通今天不来" in page
    unsaid = lead.post(f"/bench/lead/parcels/{number}/sending/courier", data={"carrier": "YTO", "reason": ""})
    assert unsaid.status_code == 422


def test_a_box_for_another_pile_is_stopped_until_the_lead_says_yes(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    load_prices(database)
    number = packed_parcel(database, bench)
    form = {"parcel": number, "tracking": YTO}
    stopped = lead.post("/bench/lead/hand-over", data=form)
    assert stopped.status_code == 409
    assert "放错堆了吗" in stopped.text
    assert lead.post("/bench/lead/hand-over", data={**form, "other_courier": "1"}).status_code == 303
    with database.transaction() as session:
        choice = fees.choice_of(session, parcel_of(session, number).id)
        assert choice is not None
        assert (choice.carrier, choice.fee_fen, choice.why) == ("YTO", None, "handed_over")


def test_what_was_charged_stands_beside_what_was_expected(lead: FlaskClient, database: Database, bench: Bench) -> None:
    load_prices(database)
    number = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "", "carrier": "STO"})
    sent = lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "773012345678901"})
    assert sent.status_code == 303
    key = fields_of(lead.get(f"/bench/lead/parcels/{number}/sending"))["form_key"]
    for _ in range(2):
        bill = lead.post(f"/bench/lead/parcels/{number}/sending/bill", data={"charged": "2.30", "form_key": key})
        assert bill.status_code == 303
    page = page_of(lead, "/bench/lead/fees/report?month=2026-11")
    assert "¥1.70" in page
    assert "¥2.30" in page
    assert "¥0.60" in page
    lines = lead.get("/bench/lead/fees/report.csv?month=2026-11").text.splitlines()
    assert lines[1].endswith(",420,1.70,2.30")
    assert "还没有交出去的箱" in page_of(lead, "/bench/lead/fees/report?month=2026-10")


# ---- one box for several parcels ----


def test_one_buyers_parcels_share_a_box_and_leave_under_one_number(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    load_prices(database)
    first, second, stranger = orders_of_one_buyer(database, bench)
    page = page_of(lead, "/bench/lead/boxes")
    assert first in page
    assert second in page
    assert stranger not in page
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, second)]
    for _ in range(2):
        assert lead.post("/bench/lead/boxes", data={"parcel": ids}).status_code == 303
    assert "没有可以合的" in page_of(lead, "/bench/lead/boxes")
    assert "2 个包裹一箱" in page_of(lead, f"/bench/lead/parcels/{second}/sending")
    assert set(take_all(database, bench.ann)) >= {first}
    for packer in (bench.bea, bench.ann):
        take_all(database, packer)
    pack_wherever(database, bench, first)
    early = lead.post("/bench/lead/hand-over", data={"parcel": first, "tracking": ZTO, "other_courier": "1"})
    assert early.status_code == 409
    assert f"{second} 还没有包好" in early.text
    pack_wherever(database, bench, second)
    gone = lead.post("/bench/lead/hand-over", data={"parcel": second, "tracking": ZTO, "other_courier": "1"})
    assert gone.status_code == 303
    with database.transaction() as session:
        sent = [parcel_of(session, number) for number in (first, second)]
        assert {(one.state, one.tracking_number) for one in sent} == {("handed_over", ZTO)}
        assert {one.order.state for one in sent} == {"shipped"}
    assert "已经交过了" in lead.get(f"/bench/lead/hand-over?parcel={first}").text


def pack_wherever(database: Database, bench: Bench, number: str) -> None:
    """Whoever has it in hand presses "done"."""
    with database.transaction() as session:
        packer_id = parcel_of(session, number).task.packer_id
    pack(database, bench.ann if bench.ann.person_id == packer_id else bench.bea, number)


def test_a_box_is_taken_apart_again_before_it_is_packed(lead: FlaskClient, database: Database, bench: Bench) -> None:
    first, second, _ = orders_of_one_buyer(database, bench)
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, second)]
    lead.post("/bench/lead/boxes", data={"parcel": ids})
    assert lead.post(f"/bench/lead/parcels/{second}/sending/apart").status_code == 303
    with database.transaction() as session:
        assert len(boxes.box_of(session, parcel_of(session, first))) == 1


def test_a_waybill_asked_for_at_another_weight_says_so(lead: FlaskClient, database: Database, bench: Bench) -> None:
    first, second, _ = orders_of_one_buyer(database, bench)
    page = f"/bench/lead/parcels/{first}/sending"
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, second)]
        (waybill,) = waybills.ask_waybills(session, ids[:1], carrier="zto", way="sheet", now=NOW, by=bench.lead)
        waybills.give_number(session, waybill.id, "78000000000123", now=NOW, by=bench.lead)
    assert "运单是按" not in lead.get(page).text
    lead.post("/bench/lead/boxes", data={"parcel": ids})
    shown = lead.get(page).text
    assert "运单是按" in shown
    assert "确定取消" in shown
    assert lead.post(f"/bench/lead/waybills/{waybill.id}/drop").status_code == 303
    with database.transaction() as session:
        (anew,) = waybills.ask_waybills(session, ids[:1], carrier="zto", way="sheet", now=NOW, by=bench.lead)
        assert anew.weight_g == boxes.box_weights(session, ids[:1])[ids[0]] > waybill.weight_g
        waybills.give_number(session, anew.id, "78000000000124", now=NOW, by=bench.lead)
    assert "运单是按" not in lead.get(page).text


def test_strangers_do_not_share_a_box(lead: FlaskClient, database: Database, bench: Bench) -> None:
    first, _, stranger = orders_of_one_buyer(database, bench)
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, stranger)]
    refused = lead.post("/bench/lead/boxes", data={"parcel": ids})
    assert refused.status_code == 409
    assert "不完全一样" in refused.text
    assert lead.post("/bench/lead/boxes", data={"parcel": ids[:1]}).status_code == 422


# ---- split ----


def test_a_parcel_is_split_and_its_old_slip_counts_no_more(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench, quantity=3)
    with database.transaction() as session:
        (line,) = parcel_of(session, number).lines
    path, field = f"/bench/lead/parcels/{number}/sending", f"line_{line.order_line_id}"
    assert 'name="' + field in page_of(lead, path)
    for wrong, status in (("3", 409), ("0", 409), ("4", 422), ("x", 422)):
        assert lead.post(f"{path}/split", data={field: wrong}).status_code == status
    done = lead.post(f"{path}/split", data={field: "2"})
    assert done.status_code == 303
    assert "单子作废" in page_of(lead, path)
    with database.transaction() as session:
        parts = session.scalars(select(Parcel).where(Parcel.split_from_id.is_not(None)).order_by(Parcel.id)).all()
        assert [[line.quantity for line in part.lines] for part in parts] == [[1], [2]]
        assert parcel_of(session, number).state == "cancelled"
    assert lead.post(f"{path}/split", data={field: "1"}).status_code == 409


# ---- the scale ----


def test_a_box_of_the_wrong_weight_stops_and_leaves_with_a_reason(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench, quantity=3)
    form = {"parcel": number, "tracking": ZTO, "scale": "ST,GS,+ 0.720kg"}
    for _ in range(2):  # A scale presses Enter, a person presses again: one reading.
        stopped = lead.post("/bench/lead/hand-over", data=form)
        assert stopped.status_code == 409
    assert "可能少了 1 件" in stopped.text
    assert fields_of(stopped)["tracking"] == ZTO
    assert lead.post("/bench/lead/hand-over", data={**form, "scale": "heavy"}).status_code == 422
    gone = lead.post("/bench/lead/hand-over", data={**form, "weight_reason": "买家少要一袋"})
    assert gone.status_code == 303
    with database.transaction() as session:
        rows = session.scalars(select(ParcelWeighing).order_by(ParcelWeighing.id)).all()
        assert [(row.weight_g, row.expected_g, row.verdict, row.reason) for row in rows] == [
            (720, 1_020, "light", ""),
            (720, 1_020, "light", "买家少要一袋"),
        ]


# ---- the signed list ----


def test_the_collector_signs_for_what_stood_on_the_screen(lead: FlaskClient, database: Database, bench: Bench) -> None:
    first, second = packed_parcel(database, bench), packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": first, "tracking": ZTO})
    shown = lead.get("/bench/lead/hand-over/sign/ZTO")
    fields = fields_of(shown)
    fields.pop("counted", None)
    # While the collector signs, another desk hands one more over.
    lead.post("/bench/lead/hand-over", data={"parcel": second, "tracking": "78012345678902"})
    form = {**fields, "collector": "王师傅", "signature": drawn()}
    for _ in range(2):
        assert lead.post("/bench/lead/hand-over/sign/ZTO", data=form).status_code == 303
    with database.transaction() as session:
        (signed,) = session.scalars(select(HandOverList)).all()
        assert (signed.boxes, signed.parcels, signed.weight_g) == (1, 1, 420)
        number = signed.number
    page_of(lead, "/bench/lead/hand-over")  # What just happened is said once.
    for path in (f"/lists/{number}", f"/lists/{number}/paper"):
        page = page_of(lead, f"/bench/lead/hand-over{path}")
        assert drawn() in page
        assert "王师傅" in page
        assert first in page
        assert second not in page
    assert first in lead.get(f"/bench/lead/hand-over/lists/{number}.csv").text
    assert second in page_of(lead, "/bench/lead/hand-over/sign/ZTO")
    assert number in page_of(lead, "/bench/lead/hand-over/lists")
    again = lead.post("/bench/lead/hand-over/sign/ZTO", data={**form, "form_key": "another-key-of-20-chars"})
    assert again.status_code == 409
    assert "清单刚才变了" in again.text


@pytest.mark.parametrize(
    "signature",
    ["", "M1 1", "M1 1L2 2Z", "M1 1L700 1" + "L1 2" * 9, "M1 1" + "L2 2" * 6_000, "<script>", drawn() + "é"],
)
def test_what_is_no_signature_is_refused_and_the_name_stays(
    lead: FlaskClient, database: Database, bench: Bench, signature: str
) -> None:
    number = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": ZTO})
    fields = fields_of(lead.get("/bench/lead/hand-over/sign/ZTO"))
    fields.pop("counted", None)
    answer = lead.post("/bench/lead/hand-over/sign/ZTO", data={**fields, "collector": "王师傅", "signature": signature})
    assert answer.status_code == 422
    assert "王师傅" in answer.text
    ticked = lead.post("/bench/lead/hand-over/sign/ZTO", data={**fields, "collector": "王师傅", "counted": "1"})
    assert ticked.status_code == 303, "a name and a tick do without drawing"


def test_an_unknown_courier_or_list_is_not_found(lead: FlaskClient) -> None:
    for path in ("sign/XX", "lists/J1", "lists/J1.csv", "lists/J1/paper"):
        assert lead.get(f"/bench/lead/hand-over/{path}").status_code == 404


# ---- an order of which a part has left ----


def test_what_is_still_here_of_an_order_is_stopped(lead: FlaskClient, database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        before, workflows.terms.heaviest_parcel_g = workflows.terms.heaviest_parcel_g, 700
        try:
            numbers = [parcel.number for parcel in order_parcels(session, bench, quantity=3)]
        finally:
            workflows.terms.heaviest_parcel_g = before
    assert len(numbers) == 2
    take_all(database, bench.ann)
    pack(database, bench.ann, numbers[0])
    assert lead.post("/bench/lead/hand-over", data={"parcel": numbers[0], "tracking": ZTO}).status_code == 303
    with database.transaction() as session:
        order_number = parcel_of(session, numbers[0]).order.number
    shown = lead.get(f"/bench/lead/orders/{order_number}/stop")
    assert "停掉还在这里的" in shown.text
    done = lead.post(f"/bench/lead/orders/{order_number}/stop", data={**fields_of(shown), "reason": "no_goods"})
    assert done.status_code == 303
    with database.transaction() as session:
        parcels = [parcel_of(session, number) for number in numbers]
        assert [parcel.state for parcel in parcels] == ["handed_over", "cancelled"]
        assert parcels[0].order.state == "shipped"
        assert session.scalars(select(HandOverLine)).all() == []
        assert session.scalars(select(CourierChoice)).all() == [], "no price list, no choice"
        assert fee_service.advise(session, [], terms=workflows.terms.sending_terms, now=NOW) == []
