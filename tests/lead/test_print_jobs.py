"""Print jobs: the order of the work, a jam mended by one, a range or all, and no second label by accident."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from fulfillment.bench.slip_paper import PRINT_WITHIN
from fulfillment.packing import print_queries, queries
from fulfillment.packing.models import PrintJob
from kernel import once
from kernel.db import Database
from tests.labels.slips import codes_on, pages_at, sizes_mm, squeezed, words_on
from tests.lead.test_prints import ids_of, print_them
from tests.lead.world import Bench, browser_of, count_prints, order_parcel, packed_parcel, prints_of, take_all
from tests.packing.world import id_of
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW


def numbers_in(pdf: bytes) -> list[str]:
    return [codes_on(page)["Code128"] for page in pages_at(pdf, 203)]


def jobs(database: Database) -> list[PrintJob]:
    with database.transaction() as session:
        return list(session.scalars(select(PrintJob).order_by(PrintJob.id)))


@pytest.fixture
def batch(lead: FlaskClient, database: Database, bench: Bench) -> tuple[str, list[str]]:
    """Twelve slips printed together: where they are, and their numbers in order."""
    numbers = [order_parcel(database, bench) for _ in range(12)]
    return print_them(lead, ids_of(database, *numbers)), numbers


def again(lead: FlaskClient, place: str, first: int, last: int, **typed: str) -> str:
    sent = {"first": first, "last": last, "reason": "not_out", "form_key": once.new_key(), **typed}
    answer = lead.post(f"{place}/again", data=sent)
    assert answer.status_code == 303, answer.text
    return answer.location


@pytest.mark.parametrize(("first", "last"), [(7, 7), (7, 12), (1, 12)])
def test_after_a_jam_one_a_range_or_all_come_again_in_their_order(
    lead: FlaskClient, database: Database, batch: tuple[str, list[str]], first: int, last: int
) -> None:
    place, numbers = batch
    page = lead.get(again(lead, place, first, last))
    assert_nothing_inline(page)
    wanted = numbers[first - 1 : last]
    pdf = lead.get(f"{jobs_place(database)}.pdf").data
    assert numbers_in(pdf) == wanted
    assert all("第2次打印" in squeezed([words]) for words in words_on(pdf))
    for number in numbers:
        copies = [(1, "", "范组长")] + ([(2, "not_out", "范组长")] if number in wanted else [])
        assert prints_of(database, number) == copies
    original, mended = jobs(database)
    assert (mended.again_of_id, mended.reason) == (original.id, "not_out")


def jobs_place(database: Database) -> str:
    return f"/bench/lead/prints/{jobs(database)[-1].id}"


def test_each_paper_says_which_of_its_batch_it_is(lead: FlaskClient, batch: tuple[str, list[str]]) -> None:
    place, numbers = batch
    words = words_on(lead.get(f"{place}.pdf").data)
    assert [f"第{n}/12张" in squeezed([page]) for n, page in enumerate(words, 1)] == [True] * 12
    assert re.findall(r'lead-place">(\d+)<', lead.get(place).text) == [str(n) for n in range(1, 13)]
    assert re.findall(r">(P\d{6}\w+)</a>", lead.get(place).text) == numbers


def test_what_has_left_meanwhile_is_left_out_and_nothing_left_is_said(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    gone, stays = packed_parcel(database, bench), order_parcel(database, bench)
    place = print_them(lead, ids_of(database, gone, stays))
    lead.post("/bench/lead/hand-over", data={"parcel": gone, "tracking": "78000000000128"})
    again(lead, place, 1, 2)
    assert numbers_in(lead.get(f"{jobs_place(database)}.pdf").data) == [stays]
    sent = {"first": 1, "last": 1, "reason": "torn", "form_key": once.new_key()}
    refused = lead.post(f"{place}/again", data=sent)
    assert refused.status_code == 409
    assert "不用补打" in refused.text


@pytest.mark.parametrize(
    "wrong",
    [{"reason": ""}, {"first": "0"}, {"last": "13"}, {"first": "9", "last": "8"}, {"first": "x"}, {"reason": "other"}],
)
def test_a_range_that_is_none_or_no_reason_prints_nothing(
    lead: FlaskClient, database: Database, batch: tuple[str, list[str]], wrong: dict[str, str]
) -> None:
    sent = {"first": "7", "last": "12", "reason": "torn", "form_key": once.new_key(), **wrong}
    answer = lead.post(f"{batch[0]}/again", data=sent)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert count_prints(database) == 12


def test_all_came_out_makes_every_open_tab_a_preview(lead: FlaskClient, batch: tuple[str, list[str]]) -> None:
    place, _ = batch
    assert "预览" not in words_on(lead.get(f"{place}.pdf").data)[0]
    for _ in range(2):
        assert lead.post(f"{place}/came-out").status_code == 303
    assert "预览" in words_on(lead.get(f"{place}.pdf").data)[0]
    assert "打开 PDF，打印" not in lead.get(place).text


def test_reading_the_pdf_again_and_again_is_one_copy(
    lead: FlaskClient, database: Database, batch: tuple[str, list[str]]
) -> None:
    place, numbers = batch
    documents = {tuple(words_on(lead.get(f"{place}.pdf").data)) for _ in range(3)}
    assert len(documents) == 1
    assert count_prints(database) == len(numbers)


def test_a_batch_cannot_be_had_slip_by_slip(lead: FlaskClient, batch: tuple[str, list[str]]) -> None:
    """Each of its slips would be a second label: alone they are previews until they are printed again with a reason."""
    assert "预览" in words_on(lead.get(f"/bench/slips/{batch[1][0]}.pdf").data)[0]


def press_again_at_once(app: Flask, database: Database, bench: Bench, place: str, presses: int = 5) -> set[str]:
    """The same form from several tabs at one instant."""
    start, got = Barrier(presses), []
    sent = {"first": 1, "last": 3, "reason": "torn", "form_key": once.new_key()}
    tabs = [browser_of(app, database, bench.lead, NOW) for _ in range(presses)]

    def press(tab: FlaskClient) -> None:
        start.wait()
        got.append(tab.post(f"{place}/again", data=sent).location)

    threads = [Thread(target=press, args=(tab,)) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return set(got)


def test_five_tabs_at_once_print_one_job(
    app: Flask, lead: FlaskClient, database: Database, bench: Bench, batch: tuple[str, list[str]]
) -> None:
    assert len(press_again_at_once(app, database, bench, batch[0])) == 1
    assert count_prints(database) == 12 + 3


def test_five_tabs_at_once_print_five_jobs_without_the_guard(
    app: Flask,
    lead: FlaskClient,
    database: Database,
    bench: Bench,
    batch: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: without the form's key and the job's every tab prints a copy of its own."""
    with database.transaction() as session:
        session.execute(text("ALTER TABLE print_jobs DROP CONSTRAINT uq_print_jobs_key"))
    monkeypatch.setattr(once, "is_first", lambda *_, **__: True)
    assert len(press_again_at_once(app, database, bench, batch[0])) == 5
    assert count_prints(database) == 12 + 15


# ---- the order of the work ----


def test_the_packer_and_the_lead_print_in_exactly_the_order_of_the_work(
    app: Flask, lead: FlaskClient, database: Database, bench: Bench
) -> None:
    for hours in (5, 2, 9):
        order_parcel(database, bench, due_in=timedelta(hours=hours))
    take_all(database, bench.ann)
    with database.transaction() as session:
        work = [task.parcel.number for task in queries.tasks_in_hand(session, id_of(bench.ann))]
        (hers,) = print_queries.in_hand_in_packing_order(session)
        assert [parcel.number for parcel in hers.parcels] == work
        assert len(work) > 1
    page = lead.get("/bench/lead/prints").text
    listed = re.findall(r'type="hidden" name="parcel" value="(\d+)"', page)
    assert listed == ids_of(database, *work)
    assert numbers_in(lead.get(f"{print_them(lead, listed)}.pdf").data) == work


def test_a_packer_prints_all_slips_in_hand_once_and_sees_them_as_they_print(
    app: Flask, database: Database, bench: Bench
) -> None:
    for hours in (5, 2):
        order_parcel(database, bench, due_in=timedelta(hours=hours))
    work = take_all(database, bench.ann)
    ann = browser_of(app, database, bench.ann, NOW)
    key = once.new_key()
    places = [ann.post("/bench/slips/mine", data={"form_key": key}).location for _ in range(2)]
    assert len(set(places)) == 1
    page = ann.get(places[0])
    assert_nothing_inline(page)
    assert "data-print-now" in page.text
    assert "data-print-now" not in ann.get(places[0]).text, "a reload prints nothing"
    assert sorted(numbers_in(ann.get(f"{places[0]}.pdf").data)) == sorted(work)
    assert ann.post("/bench/slips/mine", data={"form_key": once.new_key()}).location == "/bench"
    assert count_prints(database) == len(work)
    bea = browser_of(app, database, bench.bea, NOW)
    for address in (places[0], f"{places[0]}.pdf"):
        assert bea.get(address).status_code == 404
    app.extensions["clock"] = lambda: NOW + PRINT_WITHIN + timedelta(seconds=1)
    assert "预览" in words_on(ann.get(f"{places[0]}.pdf").data)[0]


# ---- printers ----


def add_printer(lead: FlaskClient, **typed: str) -> str:
    sent = {"name": "办公室 A4", "paper": "a4", "offset_x": "", "offset_y": "", **typed}
    answer = lead.post("/bench/lead/printers", data=sent)
    assert answer.status_code == 303, answer.text
    return answer.location


def test_the_paper_is_chosen_for_a_print_remembered_and_kept_with_the_job(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    first, second = order_parcel(database, bench), order_parcel(database, bench)
    usual = print_them(lead, ids_of(database, first))
    place = add_printer(lead)
    printer = place.rpartition("/")[2]
    chosen = print_them(lead, ids_of(database, second), printer=printer, first_place="3")
    assert sizes_mm(lead.get(f"{usual}.pdf").data) == [(100.0, 150.0)]
    assert sizes_mm(lead.get(f"{chosen}.pdf").data) == [(210.0, 297.0)]
    assert f'<option value="{printer}" selected>' in lead.get(f"/bench/slips/{second}").text
    lead.post(place, data={"name": "办公室", "paper": "76x130", "offset_x": "1.5", "offset_y": "-0.5"})
    assert sizes_mm(lead.get(f"{chosen}.pdf").data) == [(210.0, 297.0)], "what was printed stays as it was"
    (job,) = [job for job in jobs(database) if job.paper == "a4"]
    assert (job.printer, job.first_place) == ("办公室 A4", 3)


def test_a_test_page_moves_with_the_offset(lead: FlaskClient) -> None:
    place = add_printer(lead, name="新的", paper="100x150")
    straight = lead.get(f"{place}/test.pdf")
    assert straight.mimetype == "application/pdf"
    answer = lead.post(place, data={"name": "新的", "paper": "100x150", "offset_x": "2", "offset_y": "−1.25"})
    assert answer.status_code == 303
    assert "往右 2.0，往下 -1.25 毫米" in lead.get("/bench/lead/printers").text
    assert lead.get(f"{place}/test.pdf").data != straight.data
    assert_nothing_inline(lead.get(place))


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"paper": "a3"}, {"offset_x": "5.01"}, {"offset_y": "-9"}, {"offset_x": "x"}, {"name": "打单机"}],
)
def test_a_printer_that_cannot_be_is_refused_in_words(lead: FlaskClient, wrong: dict[str, str]) -> None:
    sent = {"name": "第二台", "paper": "a4", "offset_x": "", "offset_y": "", **wrong}
    answer = lead.post("/bench/lead/printers", data=sent)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_there_is_always_one_usual_printer(lead: FlaskClient, database: Database) -> None:
    place = add_printer(lead, is_usual="1")
    assert lead.post(f"{place}/retire").status_code == 303
    assert "请先把另一台设为平时用的" in lead.get(place).text
    lead.post(place, data={"name": "办公室 A4", "paper": "a4"})
    with database.transaction() as session:
        usual = session.execute(text("SELECT name FROM printers WHERE is_usual")).scalars().all()
    assert usual == ["办公室 A4"]
    other = add_printer(lead, name="第三台")
    assert lead.post(f"{other}/retire").status_code == 303
    assert lead.get(other).status_code == 404


def test_prints_of_before_jobs_become_jobs_by_the_migration(database: Database) -> None:
    """What one person printed at one moment is one job afterwards, in the same order."""
    from alembic import command

    from app import migrate

    config = migrate.alembic_config(database.url)
    command.downgrade(config, "0005")
    with database.transaction() as session:
        session.execute(text("SET session_replication_role = replica"))  # parcels that need no orders
        for parcel, copy, minute, by in ((1, 1, 0, "a"), (2, 1, 0, "a"), (1, 2, 1, "a"), (3, 1, 0, "b")):
            session.execute(
                text("INSERT INTO slip_prints (parcel_id, copy, at, by, reason) VALUES (:p, :c, :at, :by, :r)"),
                {
                    "p": parcel,
                    "c": copy,
                    "at": NOW + timedelta(minutes=minute),
                    "by": by,
                    "r": "torn" if copy > 1 else "",
                },
            )
        session.execute(
            text(
                "INSERT INTO products (slug, title_zh, title_en, story_zh, story_en, form, grade_zh, photo, storage_zh, "
                "storage_en, label, origin, shelf_life_days, returnable, listed) VALUES ('x', 'x', 'x', 'x', 'x', 'dry', "
                "'', '', '', '', jsonb_build_object('生产者', '示例社 · 庆元县 8 号'), '', 1, true, true)"
            )
        )
    command.upgrade(config, "0006")
    with database.transaction() as session:
        rows = session.execute(text("SELECT parcel_id, copy, job_id, place FROM slip_prints ORDER BY id")).all()
        label = session.execute(text("SELECT label FROM products WHERE slug = 'x'")).scalar_one()
    assert [(row.parcel_id, row.copy, row.place) for row in rows] == [(1, 1, 1), (2, 1, 2), (1, 2, 1), (3, 1, 1)]
    assert len({row.job_id for row in rows}) == 3
    assert rows[0].job_id == rows[1].job_id
    assert label == {"生产者": "示例社", "地址": "庆元县 8 号"}
    command.downgrade(config, "0005")
    with database.transaction() as session:
        label = session.execute(text("SELECT label FROM products WHERE slug = 'x'")).scalar_one()
    assert label == {"生产者": "示例社 · 庆元县 8 号"}
