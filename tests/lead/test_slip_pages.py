"""Printing one slip: who may, what is recorded, and that no second label comes out by accident."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fulfillment.bench.slip_paper import PRINT_WITHIN
from kernel import once
from kernel.db import Database
from tests.labels.slips import codes_on, pages_at, squeezed, words_on
from tests.lead.world import (
    DETAIL,
    Bench,
    browser_of,
    count_prints,
    order_of,
    order_parcel,
    pack,
    packed_parcel,
    prints_of,
    take_all,
)
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW


@pytest.fixture
def number(database: Database, bench: Bench) -> str:
    number = order_parcel(database, bench, note="𠮷㛃 请放门口")
    assert take_all(database, bench.ann) == [number]
    return number


@pytest.fixture
def ann(app: Flask, database: Database, bench: Bench) -> FlaskClient:
    return browser_of(app, database, bench.ann, NOW)


def press_print(client: FlaskClient, number: str, **typed: str) -> str:
    """Open the slip, press print, follow to the page that prints."""
    key = fields_of(client.get(f"/bench/slips/{number}"))["form_key"]
    answer = client.post(f"/bench/slips/{number}/print", data={"form_key": key, **typed})
    assert answer.status_code == 303, answer.text
    return client.get(answer.location).text


def test_looking_at_a_slip_prints_nothing(ann: FlaskClient, database: Database, number: str) -> None:
    for address in (f"/bench/slips/{number}", f"/bench/slips/{number}.pdf", f"/bench/slips/{number}"):
        assert ann.get(address).status_code == 200
    assert count_prints(database) == 0
    page = ann.get(f"/bench/slips/{number}")
    assert "预览，不要贴" in page.text
    assert "data-print-now" not in page.text
    assert_nothing_inline(page)
    assert page.headers["Cache-Control"] == "no-store"


def test_the_first_print_is_copy_one_and_prints_itself_once(ann: FlaskClient, database: Database, number: str) -> None:
    page = press_print(ann, number)
    assert prints_of(database, number) == [(1, "", "吴秀英")]
    assert f'data-print-now="{number} 1"' in page
    assert "slip_print.js" in page
    assert "预览" not in page
    again = ann.get(f"/bench/slips/{number}").text
    assert "data-print-now" not in again, "a reload must not print a second label"
    assert "预览，不要贴" in again
    assert "要说原因" in again


def test_a_double_tap_is_one_print(ann: FlaskClient, database: Database, number: str) -> None:
    key = once.new_key()
    answers = [ann.post(f"/bench/slips/{number}/print", data={"form_key": key}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert prints_of(database, number) == [(1, "", "吴秀英")]
    assert "data-print-now" in ann.get(answers[-1].location).text, "whichever answer the tablet shows, it prints"


def test_a_second_print_needs_a_reason(ann: FlaskClient, database: Database, number: str) -> None:
    press_print(ann, number)
    answer = ann.post(f"/bench/slips/{number}/print", data={"form_key": once.new_key()})
    assert answer.status_code == 409
    assert "请选原因" in answer.text
    assert "data-print-now" not in answer.text
    assert len(prints_of(database, number)) == 1


def test_a_second_copy_is_logged_and_marked(ann: FlaskClient, database: Database, number: str) -> None:
    press_print(ann, number)
    page = press_print(ann, number, reason="torn")
    assert prints_of(database, number)[1] == (2, "torn", "吴秀英")
    assert "第 2 次打印" in page
    assert "撕掉旧的" in page
    (words,) = words_on(ann.get(f"/bench/slips/{number}.pdf").data)
    assert "第2次打印" in squeezed(words)


def test_another_reason_needs_its_word_and_what_was_typed_stays(
    ann: FlaskClient, database: Database, number: str
) -> None:
    press_print(ann, number)
    empty = ann.post(f"/bench/slips/{number}/print", data={"form_key": once.new_key(), "reason": "other"})
    assert empty.status_code == 422
    assert 'value="other" checked' in empty.text
    long = {"form_key": once.new_key(), "reason": "other", "own_reason": "纸" * 61}
    answer = ann.post(f"/bench/slips/{number}/print", data=long)
    assert answer.status_code == 422
    assert fields_of(answer)["own_reason"] == "纸" * 61
    assert ann.post(f"/bench/slips/{number}/print", data={**long, "reason": "nonsense"}).status_code == 422
    press_print(ann, number, reason="other", own_reason="换了纸箱")
    assert prints_of(database, number)[1][1] == "other: 换了纸箱"


def test_the_pdf_is_real_after_a_print_and_a_preview_again_later(
    app: Flask, ann: FlaskClient, database: Database, number: str
) -> None:
    pdf = f"/bench/slips/{number}.pdf"
    assert "预览" in words_on(ann.get(pdf).data)[0]
    answer = ann.post(f"/bench/slips/{number}/print", data={"form_key": once.new_key(), "as": "pdf"})
    assert answer.location == pdf
    fresh = ann.get(pdf)
    assert fresh.mimetype == "application/pdf"
    assert fresh.headers["Cache-Control"] == "no-store"
    assert "预览" not in words_on(fresh.data)[0]
    (page,) = pages_at(fresh.data, 203)
    assert codes_on(page) == {"Code128": number, "QRCode": number}
    app.extensions["clock"] = lambda: NOW + PRINT_WITHIN + timedelta(seconds=1)
    assert "预览" in words_on(ann.get(pdf).data)[0]


@pytest.mark.parametrize("kind", ["page", "pdf"])
def test_the_receiver_is_masked_and_every_character_is_real(
    ann: FlaskClient, database: Database, number: str, kind: str
) -> None:
    if kind == "page":
        # The paper alone: tokens and addresses of files may hold any digits.
        words = re.sub(r"<[^>]+>", " ", ann.get(f"/bench/slips/{number}").text.partition("<article")[2])
    else:
        (words,) = words_on(ann.get(f"/bench/slips/{number}.pdf").data)
    with database.transaction() as session:
        order = order_of(session, number)
        # A parcel's number may hold any digits.
        paper = squeezed(words).replace(number, "").replace(order.number, "")
        for secret in (order.buyer_name, order.phone, "501", DETAIL):
            assert secret not in paper
    for shown in ("欧***", "138******00", "𠮷㛃", "庆元花菇", number):
        assert shown in squeezed(words)


def test_a_virtual_number_is_printed_whole(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench, phone="18400913965", phone_ext="7576")
    assert "18400913965-7576" in lead.get(f"/bench/slips/{number}").text


def test_somebody_elses_slip_looks_like_none(
    app: Flask, ann: FlaskClient, database: Database, bench: Bench, number: str
) -> None:
    other = browser_of(app, database, bench.bea)
    waiting = order_parcel(database, bench)
    unknown = "P000000AAAAAAAA01"
    assert ann.get(f"/bench/slips/{number}").status_code == 200
    for client, wanted in ((other, number), (ann, waiting), (ann, unknown)):
        for address in (f"/bench/slips/{wanted}", f"/bench/slips/{wanted}.pdf"):
            answer = client.get(address)
            assert answer.status_code == 404
            assert "欧" not in answer.text
        assert client.post(f"/bench/slips/{wanted}/print").status_code == 404
    assert count_prints(database) == 0


def test_a_slip_leaves_the_packer_with_the_work(
    ann: FlaskClient, lead: FlaskClient, database: Database, bench: Bench, number: str
) -> None:
    pack(database, bench.ann, number)
    assert ann.get(f"/bench/slips/{number}").status_code == 404
    assert lead.get(f"/bench/slips/{number}").status_code == 200


@pytest.mark.parametrize(
    "number", ["%00", "x" * 400, "P%F0%A0%AE%B7", "..", "١٢٣", "P26 1124", "%22%3E%3Cscript%3E", "fonts", "-"]
)
def test_a_number_that_is_none_is_not_found(lead: FlaskClient, number: str) -> None:
    for address in (f"/bench/slips/{number}", f"/bench/slips/{number}.pdf", f"/bench/lead/parcels/{number}"):
        assert lead.get(address).status_code == 404


def test_a_packer_may_print_without_the_slip_page(ann: FlaskClient, database: Database, number: str) -> None:
    """The card of the bench posts without a key; a second press is then refused, never a second label."""
    assert ann.post(f"/bench/slips/{number}/print").status_code == 303
    assert ann.post(f"/bench/slips/{number}/print").status_code == 409
    assert len(prints_of(database, number)) == 1


def test_what_has_left_or_was_cancelled_is_not_printed(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "78000000000128"})
    assert lead.post(f"/bench/slips/{number}/print").status_code == 409
    assert count_prints(database) == 0
    assert "不用再打" in lead.get(f"/bench/slips/{number}").text


def test_the_lead_is_told_which_characters_no_font_has(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench, name="👩\u200d🌾农家", note="\U0002ffff")
    for address in (f"/bench/slips/{number}", f"/bench/lead/parcels/{number}"):
        page = lead.get(address).text
        assert "没有字形的字" in page
        assert "U+1F469" in page
    assert "[U+1F469]" in lead.get(f"/bench/slips/{number}").text


def test_hostile_words_are_shown_as_words(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench, name="<script>alert(1)</script>", note='"><img src=x onerror=alert(1)>')
    page = lead.get(f"/bench/slips/{number}")
    assert_nothing_inline(page)
    assert "<img src=x" not in page.text
    assert "&lt;img" in page.text


def test_slips_speak_the_language_of_the_reader(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    page = lead.get(f"/bench/slips/{number}?lang=en").text
    assert "Preview only" in page
    assert "Douyin" in page
    assert "预览" not in page


def test_browsers_can_load_the_font_of_rare_characters(client: FlaskClient) -> None:
    with client.get("/static/css/print.css") as answer:
        style = answer.text
    (address,) = re.findall(r'url\("\.\./(fonts/[^"]+)"\)', style)
    with client.get(f"/static/{address}") as font:
        assert font.data[:4] == b"OTTO"
        assert "max-age=31536000" in font.headers["Cache-Control"]
