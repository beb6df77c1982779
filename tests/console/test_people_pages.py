"""People at the desk: added, given a badge, and let go; the last owner stays, and no secret is shown twice."""

import io
import re

import pytest
from PIL import Image, ImageDraw
from sqlalchemy import select
from zxingcpp import read_barcodes

from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, PackingTask
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import OWNER, PACKER, STREAMER
from tests.console.conftest import Desk, sit_down
from tests.console.reading import form_at
from tests.packing.world import ZONE, make_rate
from tests.world import LiveOffer

NEW = "/console/people/new"
PASSWORD = "ten-letters-or-more"


def add(desk: Desk, *roles: str, **changes: object) -> int:
    """Add a person on the page; their id."""
    typed = desk.typed(NEW, name="叶根土", shown_name="叶大伯", **changes)
    typed.pop("role_packer", None)
    answer = desk.send(NEW, {**typed, **{f"role_{role}": "1" for role in roles or (PACKER,)}})
    return int(answer.location.rsplit("/", 1)[1])


def person(desk: Desk, person_id: int | None) -> Person:
    with desk.database.transaction() as session:
        return session.get_one(Person, person_id)


def test_a_packer_is_added_with_work_that_suits_and_can_take_it(desk: Desk, offer: LiveOffer) -> None:
    person_id = add(desk, pin="2580", work_seated="1", work_no_reading="1")
    with desk.database.transaction() as session:
        packer = session.get_one(Packer, person_id)
        assert (packer.seated, packer.no_reading, packer.one_handed) == (True, True, False)
        assert people.person_by_pin(session, person_id, "2580").id == person_id
    page = f"/console/people/{person_id}"
    typed = desk.typed(page, f"{page}/work")
    assert {name for name in typed if name.startswith("work_")} == {"work_seated", "work_no_reading"}
    del typed["work_seated"]
    desk.send(f"{page}/work", {**typed, "work_no_lifting": "1"})
    with desk.database.transaction() as session:
        packer = session.get_one(Packer, person_id)
        assert (packer.seated, packer.no_lifting) == (False, True)
    changed = desk.audit("packer.preferences")[-1]
    assert changed.before == {"work": ["no_reading", "seated"]}
    assert changed.after == {"work": ["no_lifting", "no_reading"]}


def test_who_works_at_a_desk_needs_a_login_and_a_password(desk: Desk) -> None:
    typed = desk.typed(NEW, name="叶阿香", shown_name="阿香", role_streamer="1")
    refused = desk.send(NEW, typed, status=422)
    assert 'id="error-login"' in refused.text
    assert 'id="error-password"' in refused.text
    person_id = add(desk, STREAMER, login="A.Xiang", password=PASSWORD)
    with desk.database.transaction() as session:
        assert people.person_by_password(session, "a.xiang", PASSWORD).id == person_id


def test_a_refused_form_keeps_everything_but_the_secrets(desk: Desk) -> None:
    typed = desk.typed(NEW, name="", shown_name="阿香", role_streamer="1", login="axiang", password=PASSWORD)
    refused = desk.send(NEW, {**typed, "work_seated": "1"}, status=422)
    again = form_at(refused.text)
    assert (again["shown_name"], again["login"], again["role_streamer"], again["work_seated"]) == (
        "阿香",
        "axiang",
        "1",
        "1",
    )
    assert PASSWORD not in refused.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pin", "１２３４"),
        ("pin", "1111"),
        ("pin", "12"),
        ("login", "范组长"),
        ("login", "a b"),
        ("password", "short"),
        ("password", "x" * 129),
        ("language", "fr"),
        ("name", "长" * 31),
        ("name", "\x00\x01"),
        ("roles", ""),
    ],
)
def test_what_makes_no_sense_is_marked_and_nobody_is_added(desk: Desk, name: str, value: str) -> None:
    filled = {"name": "叶阿香", "shown_name": "阿香", "role_streamer": "1", "login": "axiang", "password": PASSWORD}
    typed = desk.typed(NEW, **{**filled, name: value})
    if name == "roles":
        typed = {key: value for key, value in typed.items() if not key.startswith("role_")}
    refused = desk.send(NEW, typed, status=422)
    assert f'id="error-{name}"' in refused.text
    with desk.database.transaction() as session:
        assert len(session.scalars(select(Person)).all()) == 1


def test_a_double_tap_adds_one_person(desk: Desk) -> None:
    typed = desk.typed(NEW, name="叶根土", shown_name="叶大伯")
    desk.send(NEW, typed)
    assert desk.send(NEW, typed).location == "/console/people"
    with desk.database.transaction() as session:
        assert len(session.scalars(select(Person)).all()) == 2


def test_a_login_that_is_taken_is_refused(desk: Desk) -> None:
    add(desk, STREAMER, login="axiang", password=PASSWORD)
    typed = desk.typed(NEW, name="x", shown_name="x", role_streamer="1", login="AXIANG", password=PASSWORD)
    assert "登录名已经有人用" in desk.send(NEW, typed, status=409).text


# ---- badges ----


def code_on(page: str) -> str:
    """What a scanner reads off the printed badge."""
    svg = page[page.index("<svg xmlns") : page.index("</svg>", page.index("<svg xmlns"))]
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (size * 8, size * 8), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, width in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)"', svg):
        left, top = int(x) * 8, int(y) * 8
        pen.rectangle((left, top, left + int(width) * 8 - 1, top + 7), fill=0)
    return read_barcodes(picture)[0].text


def test_a_badge_is_shown_once_and_a_scanner_opens_the_bench_with_it(desk: Desk) -> None:
    person_id = add(desk)
    page = f"/console/people/{person_id}"
    answer = desk.send(f"{page}/badge", {}, status=200)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "叶根土" in answer.text
    code = code_on(answer.text)
    assert code.startswith("GF-")
    assert answer.text.count(code) == 0, "the code is drawn, not written out"
    assert code not in desk.look(page)
    tablet = desk.app.test_client()
    assert tablet.post("/bench/sign-in", data={"badge": code}).status_code == 303
    desk.send(f"{page}/badge", {}, status=200)
    assert desk.app.test_client().post("/bench/sign-in", data={"badge": code}).status_code == 401
    assert tablet.get("/bench").status_code == 302, "a new badge signs the old device out"


# ---- secrets ----


def test_a_new_pin_works_and_the_old_one_does_not(desk: Desk) -> None:
    person_id = add(desk, pin="2580")
    page = f"/console/people/{person_id}"
    refused = desk.send(f"{page}/pin", {"pin": "3333"}, status=422)
    assert 'id="error-pin"' in refused.text
    assert form_at(refused.text, page)["name"] == "叶根土", "the other forms of the page stay as they were"
    desk.send(f"{page}/pin", {"pin": "1470"})
    with desk.database.transaction() as session:
        assert people.person_by_pin(session, person_id, "1470")
    assert desk.app.test_client().post(f"/bench/sign-in/{person_id}", data={"pin": "2580"}).status_code == 401


def test_a_new_password_signs_out_the_streamers_devices(desk: Desk) -> None:
    streamer = sit_down(desk.app, desk.database, STREAMER, name="叶阿香")
    page = f"/console/people/{streamer.person.person_id}"
    assert re.search(r"登录着的设备：</span><strong class=\"number\">1<", desk.look(page))
    desk.send(f"{page}/password", {"password": PASSWORD})
    assert streamer.browser.get("/console").status_code == 302


def test_signing_out_everywhere_ends_every_device(desk: Desk) -> None:
    streamer = sit_down(desk.app, desk.database, STREAMER)
    streamer.look("/console")
    desk.send(f"/console/people/{streamer.person.person_id}/sign-out", {})
    assert streamer.browser.get("/console").status_code == 302
    assert [entry.subject for entry in desk.audit("person.signed_out")] == [f"person:{streamer.person.person_id}"]


# ---- leaving ----


def test_work_in_hand_goes_to_others_and_what_was_earned_stays(desk: Desk, offer: LiveOffer) -> None:
    person_id = add(desk)
    for _ in range(2):
        desk.paid(offer)
    with desk.database.transaction() as session:
        make_rate(session)
    with desk.database.transaction() as session:
        by = desk.person
        in_hand = hand_out.take_work(session, person_id, now=desk.now, zone=ZONE, by=by)
        packing.finish_task(session, in_hand[0].id, person_id, now=desk.now, by=by)
        assert len(in_hand) == 2
    page = f"/console/people/{person_id}"
    assert "手里的 1 件活交给别人" in desk.look(page)
    desk.send(f"{page}/deactivate", {})
    with desk.database.transaction() as session:
        assert sorted(session.scalars(select(PackingTask.state))) == ["packed", "waiting"]
    assert not person(desk, person_id).active
    assert "叶根土" not in desk.look("/console/people")
    assert "叶根土" in desk.look("/console/people?gone=1")
    desk.send(f"{page}/reactivate", {})
    assert person(desk, person_id).active


def test_who_packs_no_longer_gives_the_work_back(desk: Desk, offer: LiveOffer) -> None:
    person_id = add(desk)
    desk.paid(offer)
    with desk.database.transaction() as session:
        make_rate(session)
    with desk.database.transaction() as session:
        assert hand_out.take_work(session, person_id, now=desk.now, zone=ZONE, by=desk.person)
    page = f"/console/people/{person_id}"
    typed = desk.typed(page, page, role_weigher="1", login="yegentu")
    del typed["role_packer"]
    desk.send(page, typed)
    with desk.database.transaction() as session:
        assert list(session.scalars(select(PackingTask.state))) == ["waiting"]


def test_the_last_owner_cannot_go_and_is_told_what_to_do(desk: Desk) -> None:
    page = f"/console/people/{desk.person.person_id}"
    refused = desk.send(f"{page}/deactivate", {}, status=409)
    assert "请先让另一个人做负责人" in refused.text
    typed = desk.typed(page, page, role_lead="1")
    del typed["role_owner"]
    refused = desk.send(page, typed, status=409)
    assert form_at(refused.text, page)["role_lead"] == "1", "what was chosen is still chosen"
    assert "role_owner" not in form_at(refused.text, page)
    assert person(desk, desk.person.person_id).roles == {OWNER}
    desk.look("/console/people")


def test_an_owner_may_go_when_another_stays(desk: Desk) -> None:
    second = sit_down(desk.app, desk.database, OWNER, name="二老板")
    desk.send(f"/console/people/{second.person.person_id}/deactivate", {})
    assert second.browser.get("/console").status_code == 302


# ---- the list ----


def test_people_are_found_by_name_role_and_page_by_page(desk: Desk) -> None:
    with desk.database.transaction() as session:
        for number in range(60):
            people.add_person(
                session, name=f"村民{number:02d}", shown_name="x", roles=[PACKER], now=desk.now, by=desk.person
            )
    first = desk.look("/console/people?role=packer")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = desk.look(following[1].replace("&amp;", "&"))
    names = re.findall(r"<bdi>(村民\d\d)</bdi>", first + second)
    assert sorted(names) == [f"村民{number:02d}" for number in range(60)]
    assert "吴晓岚" not in first + second
    assert re.findall(r"<bdi>(村民\d\d)</bdi>", desk.look("/console/people?q=民07")) == ["村民07"]


def test_what_is_shown_on_a_badge_is_escaped(desk: Desk) -> None:
    person_id = add(desk)
    with desk.database.transaction() as session:
        session.get_one(Person, person_id).name = "<b>叶</b>"
    text = desk.send(f"/console/people/{person_id}/badge", {}, status=200).text
    assert "<b>叶" not in text


def test_pictures_are_not_needed_to_read_the_badge() -> None:
    """The control of the scanner: a blank picture has no code."""
    blank = Image.new("L", (400, 400), 255)
    buffer = io.BytesIO()
    blank.save(buffer, "png")
    assert read_barcodes(blank) == []
