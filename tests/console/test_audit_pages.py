"""The audit log: everything that was changed, in words, found and paged; it cannot be changed itself."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.audit import SYSTEM, AuditEntry, record_change
from tests.console.conftest import Desk
from tests.world import NOW, LiveOffer


def lines(page: str) -> int:
    return page.count("<tr>") - 1


def test_a_change_is_read_as_who_what_before_and_after(desk: Desk, offer: LiveOffer) -> None:
    page = f"/console/products/variants/{offer.variant_id}"
    desk.send(page, desk.typed(page, price="88.80"))
    log = desk.look("/console/audit?lang=en&area=variant")
    assert "吴晓岚" in log
    assert "Variant changed" in log
    assert re.search(r"Price</span>\s*<bdi>¥49\.80</bdi> → <bdi>¥88\.80</bdi>", log)
    assert f'href="{page}"' in log


def test_every_kind_of_fact_is_read_in_its_unit(desk: Desk) -> None:
    facts = {
        "amount_fen": 123456,
        "net_g": 2500,
        "premium_bps": 1250,
        "fen_per_kg": 9200,
        "roles": ["packer", "owner"],
        "listed": False,
        "reason": "spoiled: 一袋",
        "label": {"产地": "庆元"},
        "terms_revision": 7,
    }
    with desk.database.transaction() as session:
        record_change(session, actor=SYSTEM, action="product.changed", subject="product:1", at=NOW, after=facts)
    log = desk.look("/console/audit?lang=en&area=product")
    for words in ("¥1,234.56", "2.5 kg", "12.5 %", "¥92.00/kg", "Packer, Owner", ">no<", "damaged: 一袋", "产地 庆元"):
        assert words in log, words
    assert "terms_revision" not in log
    assert "The program" in log


def test_the_log_is_searched_by_person_subject_and_kind(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    desk.send(f"/console/orders/{number}/buyer", {})
    me = desk.person.person_id
    assert lines(desk.look(f"/console/audit?q={number}")) == 1
    assert lines(desk.look(f"/console/audit?person={me}")) == 1
    assert lines(desk.look("/console/audit?area=order&q=吴晓岚")) == 1
    assert lines(desk.look(f"/console/audit?q=person:{me}")) == 2
    assert "没有找到" in desk.look("/console/audit?q=%25")


def test_pages_show_every_line_once_and_lead_back(desk: Desk) -> None:
    with desk.database.transaction() as session:
        for number in range(120):
            record_change(session, actor=SYSTEM, action="quote.typed", subject=f"quote:{number}", at=NOW)
    page, seen = desk.look("/console/audit?area=quote"), list[str]()
    for _ in range(3):
        seen += re.findall(r'<bdi class="number">(\d+)</bdi>', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        page = desk.look(older[1].replace("&amp;", "&")) if older else page
    assert seen == [str(number) for number in reversed(range(120))]
    newer = re.search(r'rel="prev" href="([^"]+)"', page)
    assert newer
    assert re.findall(r'<bdi class="number">(\d+)</bdi>', desk.look(newer[1].replace("&amp;", "&")))[0] == "69"


def test_the_log_cannot_be_changed(desk: Desk) -> None:
    with desk.database.transaction() as session:
        assert session.query(AuditEntry).count()
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text("UPDATE audit_entries SET actor = 'nobody'"))
        session.rollback()


def test_markup_in_the_log_is_shown_as_text(desk: Desk) -> None:
    with desk.database.transaction() as session:
        facts = {"<script>x": "<script>alert(1)</script>"}
        record_change(session, actor=SYSTEM, action="test.<b>", subject="<i>:<u>", at=NOW, before=facts, after=facts)
    log = desk.look("/console/audit")
    for markup in ("<script>alert", "<b>", "<u>"):
        assert markup not in log.replace("<bdi", "")
