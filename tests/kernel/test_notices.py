"""Messages: left once in the transaction, sent by the worker, tried again, given up, never in the log."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.jobs import HANDLERS, tools_for
from app.worker import Worker
from config import Settings
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Invalid
from kernel.notices.models import Notice
from kernel.notices.providers import ConsoleProvider, FileProvider, Message, NotDelivered, Post, provider_of
from kernel.notices.rules import EMAIL, MOST_ATTEMPTS, SMS, can_receive, masked
from kernel.notices.service import JOB, leave_notice, notices_about
from kernel.outbox import Job
from tests.world import NOW

PHONE = "13900000017"


class Broken:
    """A provider that never takes anything."""

    def send(self, message: Message) -> str:
        raise NotDelivered("no credit left")


def leave(database: Database, key: str = "slip:1", recipient: str = PHONE, channel: str = SMS) -> int:
    with database.transaction() as session:
        facts = {"key": key, "subject": "delivery:1", "channel": channel, "recipient": recipient}
        return leave_notice(session, **facts, title="交货单", body="应付 3808 元", now=NOW, by=SYSTEM).id


def work(database: Database, settings: Settings, post: Post, rounds: int = 1) -> Notice:
    """Let the worker run for some hours, and look at the newest message."""
    tools = replace(tools_for(settings), post=post)
    for hour in range(rounds):
        Worker(database, tools, lambda hour=hour: NOW + timedelta(hours=2 * hour)).run_once()
    with database.transaction() as session:
        return notices_about(session, "delivery:1")[0]


def test_a_message_is_left_once_and_sent_once(database: Database, settings: Settings, tmp_path: Path) -> None:
    assert leave(database) == leave(database)
    sent = work(database, settings, Post(FileProvider(tmp_path / "deep" / "sms.jsonl"), Broken()), rounds=3)
    lines = (tmp_path / "deep" / "sms.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["recipient"] for line in lines] == [PHONE]
    assert (tmp_path / "deep" / "sms.jsonl").stat().st_mode & 0o777 == 0o600
    assert (sent.state, sent.attempts, sent.reference, sent.recipient) == ("sent", 1, "sms.jsonl", "139******17")


def test_a_provider_that_is_down_is_tried_again_and_given_up(database: Database, settings: Settings) -> None:
    leave(database)
    failed = work(database, settings, Post(Broken(), Broken()), rounds=1)
    assert (failed.state, failed.attempts, failed.problem) == ("waiting", 1, "no credit left")
    failed = work(database, settings, Post(Broken(), Broken()), rounds=MOST_ATTEMPTS + 3)
    assert (failed.state, failed.attempts, failed.recipient) == ("failed", MOST_ATTEMPTS, "139******17")
    with database.transaction() as session:
        assert session.scalar(select(func.count()).where(Job.kind == JOB, Job.done_at.is_(None))) == 0


def test_it_goes_out_once_the_provider_is_back(database: Database, settings: Settings, tmp_path: Path) -> None:
    leave(database, recipient="farmer@example.cn", channel=EMAIL)
    work(database, settings, Post(Broken(), Broken()), rounds=2)
    sent = work(database, settings, Post(Broken(), FileProvider(tmp_path / "email.jsonl")), rounds=9)
    assert (sent.state, sent.problem) == ("sent", "")
    assert len((tmp_path / "email.jsonl").read_text("utf-8").splitlines()) == 1


def test_a_file_that_cannot_be_written_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(NotDelivered, match="cannot be written"):
        FileProvider(tmp_path / "taken" / "sms.jsonl").send(Message("k", SMS, PHONE, "", "words"))


def test_the_log_says_neither_words_nor_phone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ConsoleProvider().send(Message("k", SMS, PHONE, "交货单", "应付 3808 元"))
    assert caplog.messages
    assert PHONE not in caplog.text
    assert "3808" not in caplog.text


@pytest.mark.parametrize(
    ("channel", "recipient"),
    [(SMS, ""), (SMS, "1390000001７"), (SMS, "057886120000"), (EMAIL, "x"), (EMAIL, "a@b.cn\nBcc: c@d.cn")],
)
def test_what_cannot_receive_is_refused(database: Database, channel: str, recipient: str) -> None:
    with pytest.raises(Invalid) as refused:
        leave(database, "other", recipient, channel)
    assert refused.value.code == "no_recipient"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_masked_phone_cannot_be_written_to(phone: str) -> None:
    assert can_receive(SMS, phone)
    assert not can_receive(SMS, masked(SMS, phone))
    assert phone[3:9] not in masked(SMS, phone)


def test_the_settings_choose_the_provider(settings: Settings, tmp_path: Path) -> None:
    assert JOB in HANDLERS
    assert isinstance(tools_for(settings).post.sms, ConsoleProvider)
    file = provider_of("file", tmp_path, SMS)
    assert isinstance(file, FileProvider)
    assert file.path == tmp_path / "sms.jsonl"
