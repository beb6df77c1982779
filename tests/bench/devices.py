"""A packer's device as the server sees it: it sends lists of actions, again and again if need be."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from fulfillment.bench.queue_rules import Pass, sign_pass
from kernel.audit import Actor
from tests.packing.world import id_of

_serial = count(1)


@dataclass
class Device:
    """Someone's tablet without a cookie: what it has is a pass."""

    app: Flask
    person: Actor
    issued_at: datetime
    leave: str = ""
    _place: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    def __post_init__(self) -> None:
        self.leave = self.leave or sign_pass(
            str(self.app.secret_key), Pass(id_of(self.person), "a-tablet", self.issued_at)
        )

    def action(self, kind: str, **facts: Any) -> dict[str, Any]:
        """An action with a key of its own, which happened ``ago`` (a timedelta) before it is sent."""
        ago: timedelta = facts.pop("ago", timedelta())
        return {
            "key": f"key-{next(_serial):016d}",
            "seq": next(self._place),
            "kind": kind,
            "age_ms": int(ago.total_seconds() * 1000),
            **facts,
        }

    def done(self, task_id: int, **facts: Any) -> dict[str, Any]:
        return self.action("done", task=task_id, **facts)

    def undo(self, done: dict[str, Any], **facts: Any) -> dict[str, Any]:
        return self.action("undo", of=done["key"], **facts)

    def post(self, body: object, **headers: str) -> TestResponse:
        """Send a body as it is."""
        sent = {"Authorization": f"Bearer {self.leave}", **headers}
        return self.app.test_client().post("/bench/queue", json=body, headers=sent)

    def send(self, *actions: dict[str, Any]) -> list[str]:
        """Send actions; the state of each, with the reason where there is one."""
        answer = self.post({"actions": list(actions)})
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        by_key = {each["key"]: each for each in answer.json["results"]}
        return [_in_short(by_key[each["key"]]) for each in actions]


def _in_short(answer: dict[str, Any]) -> str:
    return f"{answer['state']} {answer.get('code', '')}".strip()
