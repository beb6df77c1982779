"""The packer's way through a day, without scripts: get work, done, undo, scan, trouble, put back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from fulfillment.bench.packer_words import TROUBLES
from fulfillment.packing import print_service
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.states import PACKED, WAITING
from fulfillment.packing.states import TROUBLES as KNOWN
from kernel.audit import SYSTEM
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD
from tests.bench.conftest import Tablet
from tests.packing.world import RATE_FEN, id_of, make_paid_order, make_pile, stop_order_of
from tests.storefront.pages import fields_of
from tests.world import NOW, make_variant

GONE = "不在您手上"


def task_now(tablet: Tablet, task: PackingTask) -> PackingTask:
    with tablet.database.transaction() as session:
        return session.get_one(PackingTask, task.id)


# ---- get work ----


def test_home_has_one_big_button_and_todays_sum(tablet: Tablet, pile: None) -> None:
    page = tablet.look()
    assert 'action="/bench/work"' in page.text
    assert "今天 0 件" in page.text
    assert "有 6 件等着包" in page.text


def test_getting_work_shows_the_card_and_a_second_press_goes_on_with_it(tablet: Tablet, pile: None) -> None:
    first = tablet.get_work()
    assert len(first) == 3
    assert [task.id for task in tablet.get_work()] == [task.id for task in first]
    page = tablet.look()
    assert tablet.number_of(first[0])[-4:] in page.text
    assert "这批 3 件，包好 0 件" in page.text
    assert f"/bench/tasks/{first[0].id}/done" in page.text
    assert f"/bench/slips/{tablet.number_of(first[0])}/print" in page.text


def test_without_work_the_page_says_so_honestly(tablet: Tablet) -> None:
    assert "现在没有活" in tablet.look().text
    assert tablet.press("/bench/work").status_code == 303
    assert "现在没有活" in tablet.look().text


def test_work_that_does_not_suit_is_said_kindly(tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        session.get_one(Packer, id_of(tablet.person)).seated = True
        make_paid_order(session, (make_variant(session), 36), heaviest_g=50_000)
    page = tablet.look()
    assert "剩下的活不太合适您" in page.text
    assert 'action="/bench/work"' not in page.text


def test_without_a_rate_the_button_says_whom_to_ask(tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        make_pile(session, 1)
    tablet.wait(days=-365)  # before the first rate
    tablet.sign_in()
    answer = tablet.press("/bench/work")
    assert answer.status_code == 409
    assert "请组长先设" in answer.text


def test_a_late_parcel_is_marked_with_a_word(tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        make_paid_order(session, due_at=NOW - timedelta(hours=1))
    tablet.get_work()
    assert "要赶紧" in tablet.look().text


# ---- done and undo ----


def test_done_says_what_was_earned_and_shows_the_next_card(tablet: Tablet, pile: None) -> None:
    first, second, _ = tablet.get_work()
    answer = tablet.press(f"/bench/tasks/{first.id}/done")
    assert (answer.status_code, answer.location) == (303, f"/bench?done={first.id}")
    page = tablet.look(answer.location)
    assert "包好了，今天第 1 件，挣了 8 角" in page.text
    assert f"/bench/tasks/{first.id}/undo" in page.text
    assert f"/bench/tasks/{second.id}/done" in page.text
    assert "这批 3 件，包好 1 件" in page.text


def test_the_last_parcel_of_a_batch_leads_to_the_big_button_again(tablet: Tablet, pile: None) -> None:
    for task in tablet.get_work():
        answer = tablet.press(f"/bench/tasks/{task.id}/done")
    page = tablet.look(answer.location)
    assert "包好了，今天第 3 件，挣了 2 元 4 角" in page.text
    assert 'action="/bench/work"' in page.text


def test_done_again_from_a_double_tap_a_reload_or_the_back_button_changes_nothing(tablet: Tablet, pile: None) -> None:
    task = tablet.get_work()[0]
    answers = [tablet.press(f"/bench/tasks/{task.id}/done") for _ in range(3)]
    assert {answer.location for answer in answers} == {f"/bench?done={task.id}"}
    assert tablet.wages() == [RATE_FEN]
    tablet.wait(minutes=5)
    late = tablet.press(f"/bench/tasks/{task.id}/done")
    assert "只记一次" in tablet.look(late.location).text
    assert tablet.wages() == [RATE_FEN]


def test_undo_gives_the_card_and_the_sum_back(tablet: Tablet, pile: None) -> None:
    task = tablet.get_work()[0]
    tablet.press(f"/bench/tasks/{task.id}/done")
    tablet.wait(seconds=9)
    answer = tablet.press(f"/bench/tasks/{task.id}/undo")
    page = tablet.look(answer.location)
    assert "又在您手上" in page.text
    assert "今天 0 件" in page.text
    assert f"/bench/tasks/{task.id}/done" in page.text
    assert tablet.wages() == [RATE_FEN, -RATE_FEN]


def test_undo_leaves_the_page_after_ten_seconds_and_a_late_press_is_told(tablet: Tablet, pile: None) -> None:
    task = tablet.get_work()[0]
    location = tablet.press(f"/bench/tasks/{task.id}/done").location
    tablet.wait(seconds=11)
    assert "/undo" not in tablet.look(location).text
    tablet.wait(seconds=11)
    answer = tablet.press(f"/bench/tasks/{task.id}/undo")
    assert "来不及撤回了" in tablet.look(answer.location).text
    assert tablet.wages() == [RATE_FEN]


# ---- scan ----


def test_a_scan_marks_the_parcel_done_and_a_second_scan_changes_nothing(tablet: Tablet, pile: None) -> None:
    task = tablet.get_work()[0]
    number = tablet.number_of(task)
    for typed in (number, f"  {number.lower()}\r\n", f"https://shop.example.cn/bench/parcels/{number}"):
        answer = tablet.press("/bench/scan", code=typed, card=task.id)
        assert (answer.status_code, answer.location) == (303, f"/bench?done={task.id}")
    assert tablet.wages() == [RATE_FEN]


def test_parcels_with_the_same_goods_may_be_scanned_in_any_order(tablet: Tablet, pile: None) -> None:
    first, _, third = tablet.get_work()
    answer = tablet.press("/bench/scan", code=tablet.number_of(third), card=first.id)
    assert answer.location == f"/bench?done={third.id}"


def test_another_parcel_with_other_goods_is_shown_first_and_done_at_the_second_scan(tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        make_pile(session, 2, same=False)
    first, second = tablet.get_work()
    answer = tablet.press("/bench/scan", code=tablet.number_of(second), card=first.id)
    assert answer.status_code == 409
    assert "里面的货不一样" in answer.text
    assert fields_of(answer)["card"] == str(second.id)
    assert task_now(tablet, second).state == "taken"
    again = tablet.press("/bench/scan", code=tablet.number_of(second), card=fields_of(answer)["card"])
    assert again.location == f"/bench?done={second.id}"


@pytest.mark.parametrize("typed", ["", "NOSUCH01", "'; DROP TABLE parcels", "\x00", "9" * 400, "面单", "P261125-AAAA"])
def test_an_unknown_number_is_told_and_kept_in_the_field(tablet: Tablet, pile: None, typed: str) -> None:
    second = tablet.get_work()[1]
    answer = tablet.press("/bench/scan", code=typed, card=second.id, shown=tablet.number_of(second))
    assert answer.status_code == 404
    assert "没有这个包裹号" in answer.text
    assert fields_of(answer)["code"] == typed[:60]
    assert fields_of(answer)["card"] == str(second.id), "the same card stays on the screen"
    assert tablet.wages() == []


def test_somebody_elses_and_waiting_parcels_are_told_apart_from_ones_own(
    tablet: Tablet, other: Tablet, pile: None
) -> None:
    mine, theirs = tablet.get_work()[0], other.get_work()[0]
    with tablet.database.transaction() as session:
        (waiting,) = make_paid_order(session)
        numbers = [tablet.number_of(theirs), waiting.number]
    for number in numbers:
        answer = tablet.press("/bench/scan", code=number, card=mine.id)
        assert answer.status_code == 409
        assert GONE in answer.text
    assert (tablet.wages(), other.wages()) == ([], [])


def test_the_next_persons_badge_takes_the_tablet_over(tablet: Tablet, other: Tablet, pile: None) -> None:
    in_hand = tablet.get_work()
    with tablet.database.transaction() as session:
        code = people.new_badge(session, session.get_one(Person, other.person.person_id), now=NOW, by=SYSTEM)
    typed = {"code": code, "card": in_hand[0].id}
    answer = tablet.press("/bench/scan", **typed)
    assert (answer.status_code, answer.location) == (307, "/bench/sign-in"), "a browser sends the form on"
    assert tablet.press(answer.location, **typed).location == "/bench"
    assert other.person.name in tablet.look().text
    assert [task.id for task in tablet.in_hand()] == [task.id for task in in_hand], "work stays with who has it"


# ---- something is wrong ----


def test_every_known_trouble_has_its_picture_and_words() -> None:
    assert set(TROUBLES) == set(KNOWN)


@pytest.mark.parametrize("reason", list(TROUBLES))
def test_every_trouble_says_what_happens_next_and_gives_the_work_back(tablet: Tablet, pile: None, reason: str) -> None:
    task = tablet.get_work()[0]
    assert f"/bench/wrong/{reason}" in tablet.look("/bench/wrong").text
    page = tablet.look(f"/bench/wrong/{reason}?parcel={tablet.number_of(task)}")
    typed = {name: value for name, value in fields_of(page).items() if name == "task"}
    for _ in range(2):
        answer = tablet.press(f"/bench/wrong/{reason}", **typed)
        way_back = "" if reason in ("unwell", "break") else f"?given={task.id}"
        assert (answer.status_code, answer.location) == (303, f"/bench{way_back}")
    left = task_now(tablet, task)
    assert (left.state, left.trouble, left.packer_id) == (WAITING, reason, None)
    assert len(tablet.in_hand()) == (0 if reason in ("unwell", "break") else 2)
    assert tablet.look().text.count(TROUBLES[reason].done.zh) == 1, "a double tap is told once"
    assert tablet.wages() == []


def test_what_was_given_to_the_lead_by_mistake_comes_back(tablet: Tablet, pile: None) -> None:
    task = tablet.get_work()[0]
    page = tablet.look(tablet.press("/bench/wrong/short", task=task.id).location)
    way_back = f"/bench/tasks/{task.id}/take-again"
    assert f'action="{way_back}"' in page.text
    assert tablet.press(way_back).location == f"/bench?parcel={tablet.number_of(task)}"
    assert task.id in [one.id for one in tablet.in_hand()]
    assert "这件又在您手上" in tablet.look().text
    packing_again = tablet.look(f"/bench?given={task.id}").text
    assert way_back not in packing_again


def test_trouble_is_about_the_parcel_on_the_screen(tablet: Tablet, pile: None) -> None:
    _, second, _ = tablet.get_work()
    page = tablet.look(f"/bench/wrong/short?parcel={tablet.number_of(second)}")
    assert fields_of(page)["task"] == str(second.id)


def test_a_torn_slip_can_be_printed_again_at_once(tablet: Tablet, pile: None) -> None:
    number = tablet.number_of(tablet.get_work()[0])
    assert f'href="/bench/slips/{number}"' in tablet.look("/bench/wrong/torn_label").text


def test_with_empty_hands_only_the_persons_own_troubles_are_offered(tablet: Tablet) -> None:
    page = tablet.look("/bench/wrong")
    assert "/bench/wrong/unwell" in page.text
    assert "/bench/wrong/short" not in page.text
    assert tablet.browser.get("/bench/wrong/short").location == "/bench/wrong"
    assert tablet.press("/bench/wrong/unwell").status_code == 303


@pytest.mark.parametrize("task", ["", "0", "x", "９", str(2**63), "-1"])
def test_a_broken_task_in_the_form_is_not_found(tablet: Tablet, task: str) -> None:
    assert tablet.press("/bench/wrong/short", task=task).status_code == 404
    assert tablet.press("/bench/wrong/nonsense", task="1").status_code == 404
    assert tablet.browser.get("/bench/wrong/nonsense").status_code == 404


# ---- an order stops while its work is in hand ----


def test_a_cancelled_order_asks_for_the_goods_back_and_pays_nothing(tablet: Tablet, pile: None) -> None:
    task = tablet.get_work()[0]
    with tablet.database.transaction() as session:
        stop_order_of(session, task.id)
    for pressed in (
        tablet.press(f"/bench/tasks/{task.id}/done"),
        tablet.press("/bench/scan", code=tablet.number_of(task), card=task.id),
    ):
        assert pressed.status_code == 409
        assert "请把东西放回去" in pressed.text
    assert "请把东西放回去" in tablet.look().text
    for _ in range(2):
        assert tablet.press(f"/bench/tasks/{task.id}/put-back").status_code == 303
    assert f"/bench/tasks/{task.id}/" not in tablet.look().text
    assert tablet.wages() == []


# ---- what is somebody else's ----


def test_somebody_elses_work_is_404_for_every_button(tablet: Tablet, other: Tablet, pile: None) -> None:
    theirs = other.get_work()[0]
    for button in ("done", "undo", "put-back"):
        assert tablet.press(f"/bench/tasks/{theirs.id}/{button}").status_code == 404
    assert tablet.press("/bench/wrong/short", task=theirs.id).status_code == 404
    assert tablet.browser.get(f"/bench/slips/{tablet.number_of(theirs)}").status_code == 404
    assert task_now(tablet, theirs).packer_id == id_of(other.person)
    assert "包好了，今天" not in tablet.look(f"/bench?done={theirs.id}").text


@pytest.mark.parametrize("task_id", [0, 999_999, 2**62, 2**63, 10**40])
def test_an_unknown_task_is_404_and_never_500(tablet: Tablet, task_id: int) -> None:
    for button in ("done", "undo", "put-back"):
        assert tablet.press(f"/bench/tasks/{task_id}/{button}").status_code in (404, 405)
    assert tablet.look(f"/bench?done={task_id}&parcel={task_id}").status_code == 200


def test_work_that_was_given_back_is_told_to_whoever_still_shows_its_card(
    tablet: Tablet, other: Tablet, pile: None
) -> None:
    task = tablet.get_work()[0]
    with tablet.database.transaction() as session:
        packing.leave_bench(session, id_of(tablet.person), reason="break", now=NOW, by=SYSTEM)
    other.get_work()
    answer = tablet.press(f"/bench/tasks/{task.id}/done")
    assert answer.status_code == 404
    assert GONE in answer.text
    assert 'class="face-bench ' in answer.text
    assert (tablet.wages(), other.wages()) == ([], [])


def test_others_are_led_from_the_bench_to_their_own_page(tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        people.set_roles(session, session.get_one(Person, tablet.person.person_id), [LEAD], now=NOW, by=SYSTEM)
    assert tablet.browser.get("/bench").location == "/bench/lead"
    assert tablet.press("/bench/work").status_code == 403


def test_nobody_works_without_signing_in(tablet: Tablet, pile: None) -> None:
    tablet.browser.delete_cookie("gongfang")
    assert tablet.browser.get("/bench").location == "/bench/sign-in?next=/bench"
    assert tablet.press("/bench/work").status_code == 401
    assert tablet.browser.get("/bench/help").status_code == 200
    with tablet.database.transaction() as session:
        assert set(session.scalars(select(PackingTask.state))) == {WAITING}


HOSTILE = '"><script>alert(1)</script>\u202e\U00020bb7' + "长" * 500


def test_hostile_titles_and_names_are_shown_as_words(tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        make_paid_order(session, title=HOSTILE)
        session.get_one(Person, tablet.person.person_id).shown_name = HOSTILE
    (task,) = tablet.get_work()
    for page in (tablet.look(), tablet.look("/bench/wrong/short"), tablet.look("/bench/passbook")):
        assert "<script>alert" not in page.text
        assert "<bdi>&#34;&gt;&lt;script&gt;" in page.text
    with tablet.database.transaction() as session:
        stop_order_of(session, task.id)
    assert "<script>alert" not in tablet.look().text


# ---- both languages, every state ----


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_in_every_state_speaks_both_languages(tablet: Tablet, lang: str) -> None:
    seen = [tablet.look(f"/bench?lang={lang}"), tablet.look("/bench/passbook"), tablet.look("/bench/help")]
    with tablet.database.transaction() as session:
        variant = make_variant(session)
        make_paid_order(session, (variant, 2), (make_variant(session), 1), due_at=NOW - timedelta(hours=1))
        make_pile(session, 4)
    seen.append(tablet.look())
    many, *_ = tablet.get_work()
    seen += [tablet.look(), tablet.look("/bench/wrong")]
    seen += [tablet.look(f"/bench/wrong/{reason}") for reason in TROUBLES]
    with tablet.database.transaction() as session:
        print_service.record_slip_print(session, many.parcel_id, now=NOW, by=SYSTEM)
    seen.append(tablet.look())
    seen.append(tablet.look(tablet.press(f"/bench/tasks/{many.id}/done").location))
    seen.append(tablet.look("/bench/passbook"))
    with tablet.database.transaction() as session:
        stop_order_of(session, tablet.in_hand()[0].id)
    seen.append(tablet.look())
    assert task_now(tablet, many).state == PACKED
    for page in seen:
        assert ('<html lang="en"' in page.text) == (lang == "en")
        assert ("Next person" in page.text) == (lang == "en")
        assert ("换人" in page.text) == (lang == "zh")
