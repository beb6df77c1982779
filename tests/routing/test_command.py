"""`gongfang plan-work`: the form of a day, its answer, and what it says about a day that cannot be read."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from app.commands.routing import plan_work
from fulfillment.routing.day import Weights
from fulfillment.routing.forms import read_day
from kernel.errors import Invalid

NOW = "2026-11-26T08:00:00+08:00"


def at(minutes: float) -> str:
    return (datetime.fromisoformat(NOW) + timedelta(minutes=minutes)).isoformat()


def a_day(**facts: Any) -> dict[str, Any]:
    tasks = [
        {"id": "t1", "due": at(30), "minutes": 5, "weight_g": 900, "rate_fen": 80, "needs": [], "sku_mix": "2xA"},
        {
            "id": "t2",
            "due": at(30),
            "minutes": 2.5,
            "weight_g": 9_000,
            "rate_fen": 150,
            "needs": ["lift"],
            "sku_mix": "2xA",
        },
        {"id": "t3", "due": at(-10), "minutes": 3, "weight_g": 400, "rate_fen": 60, "needs": ["fly"], "sku_mix": "1xB"},
    ]
    packers = [
        {
            "id": "wu",
            "from": at(-60),
            "until": at(60),
            "abilities": ["lift"],
            "earned_fen": 300,
            "hours_worked": 1.0,
            "priority": 2,
            "max_batch": 5,
        }
    ]
    return {"now": NOW, "tasks": tasks, "packers": packers, "max_batch": 6} | facts


def run(day: object, *flags: str) -> Result:
    return CliRunner().invoke(plan_work, flags, input=day if isinstance(day, bytes) else json.dumps(day))


def answer(day: object) -> dict[str, Any]:
    result = run(day, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def complaints(day: object) -> dict[str, str]:
    """What is said of each field, in English."""
    with pytest.raises(Invalid) as refusal:
        read_day(day if isinstance(day, bytes) else json.dumps(day).encode(), Weights())
    return {name: text.en for name, text in refusal.value.fields.items()}


def test_a_day_is_answered_in_its_own_zone_and_ids() -> None:
    told = answer(a_day())
    assert told["batches"] == [{"packer": "wu", "tasks": ["t1", "t2"], "start": NOW, "end": at(7.5)}]
    assert told["late"] == []
    assert [(row["id"], row["code"]) for row in told["unassigned"]] == [("t3", "nobody_can")]
    assert told["earnings"] == {"wu": 230}
    assert told["bound"] == {"late": 1}
    assert told["objective"]["late"] == 1
    assert told["objective"]["gini"] == 0


def test_without_json_it_is_told_in_words() -> None:
    result = run(a_day())
    assert result.exit_code == 0
    assert "wu: t1 t2" in result.stdout
    assert "no plan has less than 1" in result.stdout


def test_nothing_but_the_day_is_asked_for() -> None:
    tasks = [{"id": 7, "due": "2026-11-26T01:00:00Z", "minutes": 0, "rate_fen": 0}]
    packers = [{"id": 7, "from": NOW, "until": at(1)}]
    told = answer({"now": NOW, "tasks": tasks, "packers": packers})
    assert told["batches"] == [{"packer": 7, "tasks": [7], "start": NOW, "end": NOW}]
    assert answer({"now": NOW, "tasks": [], "packers": []})["batches"] == []


def test_the_batches_of_a_plan_can_be_handed_in_and_mended() -> None:
    first = answer(a_day())
    assert answer(a_day(before=first["batches"]))["objective"]["moved"] == 0
    moved = answer(a_day(before=[{"packer": "gone", "tasks": ["t1", "t2"]}]))
    assert moved["objective"]["moved"] == 2


def test_each_field_that_cannot_be_used_is_named() -> None:
    day = a_day(max_batch=0, before=[{}])
    day["tasks"][0] |= {"due": "2026-11-26T08:00:00", "minutes": -1, "needs": "lift"}
    day["tasks"][1] |= {"id": "t1", "rate_fen": "80", "weight_g": 1.5}
    day["tasks"][2] = 5
    day["packers"][0] |= {"until": at(-61), "priority": 3, "hours_worked": True, "abilities": [1]}
    named = complaints(day)
    assert set(named) == {
        "max_batch",
        "before",
        "tasks[0].due",
        "tasks[0].minutes",
        "tasks[0].needs",
        "tasks[1].id",
        "tasks[1].rate_fen",
        "tasks[1].weight_g",
        "tasks[2]",
        "packers[0].until",
        "packers[0].priority",
        "packers[0].hours_worked",
        "packers[0].abilities",
    }
    assert "twice" in named["tasks[1].id"]
    assert "zone" in named["tasks[0].due"]


@pytest.mark.parametrize("change", [{"id": None}, {"due": None}, {"minutes": None}, {"rate_fen": None}])
def test_what_a_task_must_have_is_asked_for(change: dict[str, None]) -> None:
    day = a_day()
    day["tasks"][0] |= change
    assert list(complaints(day)) == [f"tasks[0].{name}" for name in change]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff\xfe", b"null", b"[" * 100_000, b'{"now": NaN', b" " * 20_000_001]
)
def test_what_is_no_json_object_is_refused_and_nothing_is_printed(body: bytes) -> None:
    assert complaints(body) == {}
    result = run(body, "--json")
    assert result.exit_code != 0
    assert result.stdout == ""


@pytest.mark.parametrize("minutes", ["1e999999999", "1e-999999999", "NaN", "1441", '"5"', "true", "[]"])
def test_minutes_are_bounded(minutes: str) -> None:
    day = json.dumps(a_day()).replace('"minutes": 5', f'"minutes": {minutes}')
    if minutes == "1e-999999999":
        assert read_day(day.encode(), Weights()).day.tasks
    else:
        assert "tasks[0].minutes" in complaints(day.encode())


def test_at_most_twenty_complaints_are_made_at_once() -> None:
    day = a_day(tasks=[{}] * 1_000)
    assert len(complaints(day)) == 20


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(where=st.sampled_from(("tasks", "packers", "")), junk=junk, data=st.data())
def test_whatever_stands_in_a_field_is_read_or_refused(where: str, junk: Any, data: st.DataObject) -> None:
    day = a_day()
    target = day[where][0] if where else day
    target[data.draw(st.sampled_from(sorted(target)))] = junk
    result = run(day, "--json")
    assert isinstance(result.exception, Invalid | None)
    assert bool(result.stdout) == (result.exit_code == 0)
