"""Signing in at the bench and the console: who may, how often, and when it ends."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.web.sign_in import local_path
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person, SignIn
from kernel.people.rules import LEAD, OWNER, PACKER, WEIGHER
from tests.storefront.pages import assert_nothing_inline

PIN, OTHER_PIN = "2580", "1470"
PASSWORD = "correct horse battery"


def add(database: Database, name: str, *roles: str, pin: str | None = PIN, **more: str) -> int:
    with database.transaction() as session:
        person = people.add_person(
            session,
            name=name,
            shown_name=more.pop("shown", name),
            roles=roles,
            pin=pin,
            now=utc_now(),
            by=SYSTEM,
            **more,
        )
        return person.id


def badge_of(database: Database, person_id: int) -> str:
    with database.transaction() as session:
        return people.new_badge(session, session.get_one(Person, person_id), now=utc_now(), by=SYSTEM)


def with_pin(client: FlaskClient, person_id: int, pin: str = PIN, **more: str) -> TestResponse:
    return client.post(f"/bench/sign-in/{person_id}", data={"pin": pin, **more})


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/bench/passbook").status_code == 200


@pytest.fixture
def packer(database: Database) -> int:
    return add(database, "吴秀英", PACKER, shown="吴阿姨")


def test_a_packer_signs_in_with_name_and_pin_and_lands_at_the_bench(client: FlaskClient, packer: int) -> None:
    answer = with_pin(client, packer)
    assert (answer.status_code, answer.location) == (303, "/bench")
    assert is_signed_in(client)


def test_a_badge_opens_the_bench_also_from_a_full_width_keyboard(
    client: FlaskClient, database: Database, packer: int
) -> None:
    code = badge_of(database, packer)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    for typed in (code, f" {code}\n", wide):
        answer = client.post("/bench/sign-in", data={"badge": typed})
        assert (answer.status_code, answer.location) == (303, "/bench")


def test_a_new_badge_ends_the_lost_one(client: FlaskClient, database: Database, packer: int) -> None:
    lost = badge_of(database, packer)
    badge_of(database, packer)
    assert client.post("/bench/sign-in", data={"badge": lost}).status_code == 401
    assert not is_signed_in(client)


@pytest.mark.parametrize(("role", "home"), [(LEAD, "/bench/lead"), (WEIGHER, "/bench/weigh")])
def test_lead_and_weigher_may_use_a_pin_at_the_bench(
    client: FlaskClient, database: Database, role: str, home: str
) -> None:
    assert with_pin(client, add(database, "范建国", role)).location == home


@pytest.mark.parametrize("roles", [(OWNER,), (OWNER, PACKER), ()])
def test_a_short_pin_or_a_badge_never_opens_the_console(
    client: FlaskClient, database: Database, roles: tuple[str, ...]
) -> None:
    add(database, "另一位负责人", OWNER)
    person = add(database, "吴晓岚", *roles)
    assert with_pin(client, person).status_code == 404
    assert client.post("/bench/sign-in", data={"badge": badge_of(database, person)}).status_code == 401
    assert not is_signed_in(client)
    assert "吴晓岚" not in client.get("/bench/sign-in").text


def test_names_are_listed_as_people_chose_to_be_shown(client: FlaskClient, database: Database, packer: int) -> None:
    page = client.get("/bench/sign-in")
    assert "吴阿姨" in page.text
    assert "吴秀英" not in page.text
    add(database, "吴美花", PACKER, shown="吴阿姨")
    assert "吴阿姨 (吴**)" in client.get("/bench/sign-in").text


def test_many_people_are_found_by_surname(client: FlaskClient, database: Database) -> None:
    for number in range(25):
        add(database, f"{'叶周'[number % 2]}{number}", PACKER, pin=None)
    with database.transaction() as session:
        for person in session.scalars(select(Person)):
            person.pin_hash = "set"
    page = client.get("/bench/sign-in?next=/bench/passbook")
    assert "surname=%E5%8F%B6&amp;next=/bench/passbook" in page.text
    assert "叶0" not in page.text
    found = client.get("/bench/sign-in?surname=叶").text
    assert "叶0" in found
    assert "周1" not in found


def test_wrong_tries_are_few_for_one_person_and_the_right_pin_waits_too(client: FlaskClient, packer: int) -> None:
    answers = [with_pin(client, packer, OTHER_PIN).status_code for _ in range(9)]
    assert answers == [401] * 8 + [429]
    refused = with_pin(client, packer)
    assert refused.status_code == 429
    assert not is_signed_in(client)


def test_a_right_pin_forgets_the_wrong_ones(client: FlaskClient, packer: int) -> None:
    for _ in range(3):
        assert [with_pin(client, packer, OTHER_PIN).status_code for _ in range(7)] == [401] * 7
        assert with_pin(client, packer).status_code == 303


def test_guessing_slowly_all_day_stops_at_thirty(app: Flask, client: FlaskClient, packer: int) -> None:
    start, tried = utc_now(), 0
    for quarter in range(8):
        app.extensions["clock"] = lambda quarter=quarter: start + timedelta(minutes=11 * quarter)
        tried += sum(with_pin(client, packer, OTHER_PIN).status_code == 401 for _ in range(8))
    assert tried == 30
    refused = with_pin(client, packer)
    assert refused.status_code == 429
    assert "今天试错太多次了" in refused.text
    app.extensions["clock"] = lambda: start + timedelta(hours=26)
    assert with_pin(client, packer).status_code == 303


def test_a_whole_bench_signs_in_from_one_address_but_guessing_badges_stops(
    client: FlaskClient, database: Database, packer: int
) -> None:
    code = badge_of(database, packer)
    assert {client.post("/bench/sign-in", data={"badge": code}).status_code for _ in range(70)} == {303}
    guesses = [client.post("/bench/sign-in", data={"badge": f"GF-{number}"}).status_code for number in range(61)]
    assert guesses == [401] * 60 + [429]


def test_the_tablet_goes_to_the_next_person_in_one_tap(client: FlaskClient, database: Database, packer: int) -> None:
    with_pin(client, packer)
    token = client.get_cookie("gongfang")
    assert token is not None
    client.get("/bench?lang=en")
    answer = client.post("/bench/hand-over")
    assert (answer.status_code, answer.location) == (303, "/bench/sign-in")
    assert 'lang="zh-CN"' in client.get("/bench/sign-in").text, "the language went with the person"
    client.set_cookie("gongfang", token.value)
    assert not is_signed_in(client), "the old cookie opens nothing, also when somebody kept it"


def test_signing_in_over_somebody_ends_their_sign_in(client: FlaskClient, database: Database, packer: int) -> None:
    with_pin(client, packer)
    token = client.get_cookie("gongfang")
    assert token is not None
    with_pin(client, add(database, "叶根土", PACKER))
    with database.transaction() as session:
        assert session.get_one(SignIn, people.token_hash(token.value)).ended_at is not None
        assert token.value not in str(session.scalars(select(SignIn.token_hash)).all()), "only its hash is kept"


def test_an_expired_sign_in_asks_again_and_comes_back_to_the_page(app: Flask, client: FlaskClient, packer: int) -> None:
    with_pin(client, packer)
    app.extensions["clock"] = lambda: utc_now() + timedelta(hours=4, minutes=1)
    answer = client.get("/bench/passbook?before=5")
    assert answer.status_code == 302
    assert answer.location == "/bench/sign-in?next=/bench/passbook?before%3D5"
    page = client.get(answer.location)
    assert 'value="/bench/passbook?before=5"' in page.text
    assert with_pin(client, packer, next="/bench/passbook?before=5").location == "/bench/passbook?before=5"


def test_a_role_taken_away_and_a_person_let_go_bite_at_the_next_request(
    client: FlaskClient, database: Database, packer: int
) -> None:
    with_pin(client, packer)
    with database.transaction() as session:
        people.set_roles(session, session.get_one(Person, packer), [WEIGHER], now=utc_now(), by=SYSTEM)
    assert client.get("/bench/passbook").status_code == 403
    with database.transaction() as session:
        people.deactivate(session, session.get_one(Person, packer), now=utc_now(), by=SYSTEM)
    assert client.get("/bench/passbook").status_code == 302
    assert with_pin(client, packer).status_code == 404


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\evil",
        "javascript:alert(1)",
        "/a\nb",
        "bench",
        "///x",
        "",
    ],
)
def test_signing_in_leads_to_no_other_site(client: FlaskClient, packer: int, target: str) -> None:
    assert local_path(target) is None
    assert with_pin(client, packer, next=target).location == "/bench"


@pytest.mark.parametrize("target", ["/bench", "/bench/passbook?before=5", "/console/streams/1#offers"])
def test_signing_in_leads_back_to_a_page_of_ours(target: str) -> None:
    assert local_path(target) == target


def test_office_sign_in_keeps_the_login_and_counts_tries(client: FlaskClient, database: Database) -> None:
    add(database, "吴晓岚", OWNER, pin=None, login="owner", password=PASSWORD)
    wrong = client.post("/sign-in", data={"login": "owner", "password": "wrong wrong wrong"})
    assert wrong.status_code == 401
    assert 'value="owner"' in wrong.text
    assert "wrong wrong" not in wrong.text
    assert client.post("/sign-in", data={"login": "owner", "password": PASSWORD}).location == "/console"
    assert client.post("/sign-out").location == "/sign-in"
    answers = [client.post("/sign-in", data={"login": "owner", "password": "x"}).status_code for _ in range(9)]
    assert answers[-1] == 429


def test_sign_out_at_the_bench_leads_back_to_the_badges(client: FlaskClient, packer: int) -> None:
    with_pin(client, packer)
    assert client.post("/sign-out").location == "/bench/sign-in"
    assert not is_signed_in(client)


@pytest.mark.parametrize("person_id", [999, 2**62, 2**63, 10**30])
def test_nobody_with_this_number(client: FlaskClient, person_id: int) -> None:
    assert client.get(f"/bench/sign-in/{person_id}").status_code == 404
    assert with_pin(client, person_id).status_code in (404, 405)
    assert not is_signed_in(client)


@pytest.mark.parametrize("pin", ["", "２５８０", "\x00", "9" * 400, "' OR 1=1 --"])
def test_a_strange_pin_is_only_a_wrong_one(client: FlaskClient, packer: int, pin: str) -> None:
    assert with_pin(client, packer, pin).status_code == 401


def test_forms_of_sign_in_need_their_token(app: Flask, packer: int) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    for path in ("/bench/sign-in", f"/bench/sign-in/{packer}", "/bench/hand-over", "/sign-in", "/sign-out"):
        assert client.post(path, data={"pin": PIN}).status_code == 400


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_of_sign_in_speaks_both_languages(client: FlaskClient, packer: int, lang: str) -> None:
    client.get(f"/sign-in?lang={lang}")
    for path in ("/sign-in", "/bench/sign-in", f"/bench/sign-in/{packer}", "/bench/sign-in/999"):
        page = client.get(path)
        assert_nothing_inline(page)
        assert ("Sign in" in page.text) == (lang == "en")
