"""Sample checks with photos, closing the day, contests: fair, kind, and kept."""

import io
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select

from fulfillment.crew import service as crew
from fulfillment.crew.notes import queries as notes
from fulfillment.crew.rules import BADGE
from fulfillment.packing.contests.models import ContestResult
from fulfillment.packing.contests.rules import BETTER, CAREFUL, STEADY, Figures, honours
from fulfillment.packing.day_close.models import DayClose
from fulfillment.packing.pace_rules import Bench as Pace
from fulfillment.packing.pace_rules import done_at, in_danger
from fulfillment.packing.samples.models import SampleCheck, SamplePhoto
from fulfillment.packing.samples.rules import Looked, Packed, choose, how_many
from kernel import once
from kernel.db import Database
from kernel.errors import Invalid
from kernel.photos import LARGEST_PHOTO_BYTES, LARGEST_SIDE_PX, read_photo
from tests.lead.world import Bench, browser_of, order_of, order_parcel, packed_parcel, take_all, task_of
from tests.packing.world import id_of, wages
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW

GOOD = {"right_goods": "yes", "right_count": "yes", "label_good": "yes", "closed_well": "yes"}


def picture(kind: str = "JPEG", size: tuple[int, int] = (3_000, 2_000), **facts: object) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", size, (120, 90, 60)).save(into, kind, **facts)
    return into.getvalue()


# ---- which boxes ----


@given(
    boxes=st.lists(st.tuples(st.integers(1, 5), st.integers(6, 20)), max_size=40),
    most=st.integers(0, 12),
    seed=st.integers(0, 999),
)
def test_nobody_is_looked_at_twice_before_everybody_was_once(
    boxes: list[tuple[int, int]], most: int, seed: int
) -> None:
    packed = [Packed(number, person, hour) for number, (person, hour) in enumerate(boxes)]
    chosen = choose(packed, Looked({}, {}), most, Random(seed))
    assert len(chosen) == min(most, len(packed)) == len({box.parcel_id for box in chosen})
    looked, had = Counter(box.packer_id for box in chosen), Counter(box.packer_id for box in packed)
    for person, times in looked.items():
        # Somebody was passed over only when no box of theirs was left.
        assert all(looked[other] >= min(times - 1, had[other]) for other in had), (person, looked)


@pytest.mark.parametrize(
    ("packed", "chosen", "rate", "people", "more"),
    [(100, 0, 300, 2, 3), (100, 3, 300, 2, 0), (10, 0, 300, 4, 4), (3, 0, 300, 4, 3), (0, 0, 300, 0, 0), (99, 0, 0, 9, 0)],
)  # fmt: skip
def test_how_many_boxes_are_looked_at(packed: int, chosen: int, rate: int, people: int, more: int) -> None:
    assert how_many(packed, chosen, rate, people) == more


def due_check(lead: FlaskClient, database: Database) -> int:
    lead.post("/bench/lead/samples/choose")
    with database.transaction() as session:
        return session.scalars(select(SampleCheck.id).where(SampleCheck.state == "due")).one()


def test_a_good_box_is_noted_with_its_photo_and_a_kind_word_and_pay_stays(
    app: Flask, lead: FlaskClient, database: Database, bench: Bench
) -> None:
    assert "箱子等抽查" not in lead.get("/bench/lead").text
    number = packed_parcel(database, bench)
    assert "箱子等抽查" in lead.get("/bench/lead").text, "one is to be chosen"
    check_id = due_check(lead, database)
    assert "箱子等抽查" in lead.get("/bench/lead").text
    place = f"/bench/lead/samples/{check_id}"
    unanswered = lead.post(place, data={"right_goods": "yes", "kind_word": "好"})
    assert unanswered.status_code == 422
    assert fields_of(unanswered)["kind_word"] == "好"
    photo = (io.BytesIO(picture()), "x.jpg")
    assert lead.post(place, data={**GOOD, "kind_word": "真整齐", "photo": photo}).status_code == 303
    assert lead.post(place, data=GOOD).status_code == 409, "looked at once"
    assert "箱子等抽查" not in lead.get("/bench/lead").text
    page = lead.get(place)
    assert "全好" in page.text
    assert_nothing_inline(page)
    shown = lead.get(f"{place}/photo")
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert number[-4:] in browser_of(app, database, bench.ann, NOW).get("/bench").text
    assert "真整齐" in browser_of(app, database, bench.ann, NOW).get("/bench").text
    with database.transaction() as session:
        assert wages(session, bench.ann) == [80]


def test_a_box_to_mend_is_told_kindly_and_pay_stays(lead: FlaskClient, database: Database, bench: Bench) -> None:
    packed_parcel(database, bench)
    check_id = due_check(lead, database)
    assert lead.post(f"/bench/lead/samples/{check_id}", data={**GOOD, "closed_well": "no"}).status_code == 303
    with database.transaction() as session:
        assert [note.kind for note in notes.unseen(session, id_of(bench.ann))] == ["sample_mend"]
        assert wages(session, bench.ann) == [80]
    assert "1 箱" in lead.get(f"/bench/lead/people/{id_of(bench.ann)}").text


def test_a_box_that_has_left_is_not_asked_for_and_a_scanned_one_is(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    gone, here = packed_parcel(database, bench), packed_parcel(database, bench)
    due_check(lead, database)
    with database.transaction() as session:
        chosen = session.scalars(select(SampleCheck)).one().parcel.number
    other = here if chosen == gone else gone
    lead.post("/bench/lead/hand-over", data={"parcel": chosen, "tracking": "78000000000128"})
    lead.get("/bench/lead")  # reads what was just said
    assert chosen not in lead.get("/bench/lead/samples").text
    scanned = lead.post("/bench/lead/samples/choose", data={"parcel": other})
    assert other in lead.get(scanned.location).text
    assert lead.post("/bench/lead/samples/choose", data={"parcel": "P000000AAAAAAAA01"}).status_code == 303
    assert "没有这个包裹号" in lead.get("/bench/lead/samples").text


# ---- photos ----


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_drawn_anew_bounded_and_without_what_the_camera_wrote(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    raw = picture(kind, (4_000, 1_000), exif=exif)
    assert b"SECRET-CAMERA" in raw, "the control: it was there"
    photo = read_photo(raw)
    drawn = Image.open(io.BytesIO(photo.jpeg))
    assert (drawn.format, max(drawn.size)) == ("JPEG", LARGEST_SIDE_PX)
    assert len(drawn.getexif()) == 0
    assert b"SECRET-CAMERA" not in photo.jpeg
    assert len(photo.jpeg) <= LARGEST_PHOTO_BYTES


def test_a_photo_taken_on_its_side_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = read_photo(picture("JPEG", (400, 200), exif=exif))
    assert (photo.width, photo.height) == (200, 400)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + b"\x00" * 50,
        picture()[:300],
        b"\x00" * 5_000_001,
        picture("PNG", (8_000, 7_000)),
    ],
    ids=["empty", "svg", "gif", "cut off", "too large", "too many pixels"],
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        read_photo(data)


def test_a_broken_photo_is_told_at_its_field_and_nothing_is_noted(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    packed_parcel(database, bench)
    check_id = due_check(lead, database)
    answer = lead.post(f"/bench/lead/samples/{check_id}", data={**GOOD, "photo": (io.BytesIO(b"x" * 99), "x.jpg")})
    assert answer.status_code == 422
    assert "这个文件打不开" in answer.text
    with database.transaction() as session:
        assert session.scalars(select(SamplePhoto)).all() == []
        assert session.scalars(select(SampleCheck.state)).one() == "due"


# ---- closing the day ----


def test_a_day_closes_when_everything_left_was_looked_at(lead: FlaskClient, database: Database, bench: Bench) -> None:
    packed_parcel(database, bench)
    order_parcel(database, bench, due_in=timedelta(hours=-1))
    page = lead.get("/bench/lead/days/close")
    assert_nothing_inline(page)
    typed = {name: value for name, value in fields_of(page).items() if name.startswith(("seen_", "form_key"))}
    assert typed["seen_late"] == "1"
    refused = lead.post("/bench/lead/days/close", data={**typed, "note": "纸箱快没了"})
    assert refused.status_code == 422
    assert fields_of(refused)["note"] == "纸箱快没了"
    carried = {f"carry_{name.removeprefix('seen_')}": "1" for name in typed if name.startswith("seen_")}
    order_parcel(database, bench)
    grown = lead.post("/bench/lead/days/close", data={**typed, **carried})
    assert grown.status_code == 422, "more is left than the lead looked at"
    assert "刚才 1，现在 2" in grown.text
    for _ in range(2):
        sent = {**typed, **carried, "seen_waiting": "2", "note": "纸箱快没了"}
        assert lead.post("/bench/lead/days/close", data=sent).status_code == 303
    with database.transaction() as session:
        (close,) = session.scalars(select(DayClose))
    assert (close.done["packed"], close.left["late"], close.left["waiting"], close.note) == (1, 1, 2, "纸箱快没了")
    assert "收工单" in lead.get(f"/bench/lead/days/{close.id}/paper").text
    lead.application.extensions["clock"] = lambda: NOW + timedelta(hours=11)
    assert "上次收工" in lead.get("/bench/lead").text, "the next day starts from it"


def test_closing_at_one_in_the_night_closes_the_day_before(lead: FlaskClient, database: Database, bench: Bench) -> None:
    lead.application.extensions["clock"] = lambda: NOW + timedelta(hours=5)
    assert lead.post("/bench/lead/days/close", data={"form_key": once.new_key()}).status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(DayClose.day)).one() == date(2026, 11, 24)


def test_everybody_is_sent_home_and_their_work_goes_back(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    take_all(database, bench.ann)
    assert lead.post("/bench/lead/days/everybody-home").status_code == 303
    assert "1 个人记走了" in lead.get("/bench/lead/days/close").text
    with database.transaction() as session:
        assert task_of(session, number).state == "waiting"


# ---- a stopped box ----


def test_a_stopped_box_is_put_aside_until_its_goods_are_back(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench)
    with database.transaction() as session:
        order_number = order_of(session, number).number
    answer = lead.get("/bench/lead/orders", query_string={"q": number})
    assert answer.location.endswith(f"{order_number}/stop")
    assert "封好的箱子" in lead.get(answer.location).text
    sent = {"reason": "buyer_asked", "form_key": once.new_key()}
    lead.post(f"/bench/lead/orders/{order_number}/stop", data=sent)
    assert "停掉的箱子要拆开放回" in lead.get("/bench/lead").text
    assert number in lead.get("/bench/lead/orders").text
    with database.transaction() as session:
        task_id = task_of(session, number).id
    for _ in range(2):
        assert lead.post(f"/bench/lead/tasks/{task_id}/unpacked").status_code == 303
    assert "停掉的箱子要拆开放回" not in lead.get("/bench/lead").text
    assert lead.get("/bench/lead/orders", query_string={"q": "P000000"}).status_code == 404


def test_an_order_that_has_left_says_what_can_be_done(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "78000000000128"})
    with database.transaction() as session:
        order_number = order_of(session, number).number
    assert "请快递拦下" in lead.get(f"/bench/lead/orders/{order_number}/stop").text


# ---- contests ----


def figures(person: int, **facts: int | str) -> Figures:
    zeros = {
        "checks": 0,
        "good": 0,
        "complaints": 0,
        "pieces": 0,
        "seconds": 0,
        "pieces_before": 0,
        "seconds_before": 0,
    }
    return Figures(person_id=person, **{"group": "lift read", **zeros, **facts})  # type: ignore[arg-type]


def test_the_most_careful_are_honoured_together_however_many_boxes_were_looked_at() -> None:
    entrants = [
        figures(1, checks=2, good=2),
        figures(2, checks=9, good=9),
        figures(3, checks=9, good=8),
        figures(4, checks=9, good=9, complaints=1),
        figures(5, checks=1, good=1),
    ]
    found = {(each.person_id, each.place) for each in honours(CAREFUL, entrants)}
    assert found == {(1, 1), (2, 1), (3, 2)}


def test_speed_counts_only_among_those_who_do_the_same_work() -> None:
    entrants = [
        figures(1, pieces=100, seconds=36_000),
        figures(2, pieces=10, seconds=36_000, group=""),
        figures(3, pieces=500, seconds=600),
    ]
    assert {(each.person_id, each.place) for each in honours(STEADY, entrants)} == {(1, 1), (2, 1)}


def test_improvement_is_against_oneself_and_who_got_slower_is_not_named() -> None:
    entrants = [
        figures(1, pieces=20, seconds=36_000, pieces_before=10, seconds_before=36_000),
        figures(2, pieces=50, seconds=36_000, pieces_before=100, seconds_before=36_000),
        figures(3, pieces=50, seconds=36_000),
    ]
    assert [(each.person_id, each.place) for each in honours(BETTER, entrants)] == [(1, 1)]


def test_a_contest_is_joined_by_choice_settled_once_and_gives_certificates(
    app: Flask, lead: FlaskClient, database: Database, bench: Bench
) -> None:
    sent = {
        "title": "细心手",
        "measure": "careful",
        "begins_on": "2026-11-24",
        "ends_on": "2026-11-24",
        "prize": "花菇",
        "form_key": once.new_key(),
    }
    assert lead.post("/bench/lead/contests", data={**sent, "ends_on": "2026-11-20"}).status_code == 422
    for _ in range(2):
        assert lead.post("/bench/lead/contests", data=sent).status_code == 303
    ann = browser_of(app, database, bench.ann, NOW)
    assert "细心手" in ann.get("/bench/contests").text
    assert ann.post("/bench/contests/1/join").status_code == 303
    lead.post("/bench/lead/contests/1/join", data={"person": str(id_of(bench.bea))})
    lead.post("/bench/lead/contests/1/leave", data={"person": str(id_of(bench.bea))})
    for _ in range(2):
        scanned = lead.post("/bench/lead/samples/choose", data={"parcel": packed_parcel(database, bench)})
        assert lead.post(scanned.location, data=GOOD).status_code == 303
    assert "还没过完" in lead.get(lead.post("/bench/lead/contests/1/settle").location).text
    lead.application.extensions["clock"] = lambda: NOW + timedelta(hours=5)
    for _ in range(2):
        assert lead.post("/bench/lead/contests/1/settle").status_code == 303
    with database.transaction() as session:
        (result,) = session.scalars(select(ContestResult))
    assert (result.person_id, result.place, result.shown_name) == (id_of(bench.ann), 1, "吴秀英")
    assert "最细心" in lead.get("/bench/lead/contests/1/certificates").text
    assert ann.post("/bench/contests/1/leave").status_code == 303
    assert "细心手" not in ann.get("/bench/contests").text


# ---- the forecast ----


def test_the_forecast_counts_who_goes_home() -> None:
    hour = timedelta(hours=1)
    assert done_at(0, Pace(None, []), NOW) == NOW
    assert done_at(10, Pace(None, [None]), NOW) is None
    assert done_at(10, Pace(5, []), NOW) is None  # type: ignore[arg-type]
    assert done_at(10, Pace(5, [None, None]), NOW) == NOW + hour  # type: ignore[arg-type]
    assert done_at(15, Pace(5, [None, NOW + hour]), NOW) == NOW + 2 * hour  # type: ignore[arg-type]
    assert done_at(15, Pace(5, [NOW + hour]), NOW) is None  # type: ignore[arg-type]
    due = [(NOW - hour, 1), (NOW + hour, 4), (NOW + hour, 9)]
    assert in_danger(due, Pace(5, [None]), NOW) == [True, False, True]  # type: ignore[arg-type]


def test_the_board_says_when_all_will_be_packed(lead: FlaskClient, database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        crew.begin_shift(session, id_of(bench.ann), how=BADGE, now=NOW - timedelta(hours=1), by=bench.ann)
    packed_parcel(database, bench)
    order_parcel(database, bench, due_in=timedelta(minutes=30))
    page = lead.get("/bench/lead/live")
    assert "今天 21:00 全部包完" in page.text
    assert "怕来不及" in page.text
    assert "<html" not in page.text, "only the part that changes"
