"""E-mail over a real connection: both forms, one Message-ID a message, tried again, and never an address in a reason."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from config import SettingError, Settings, load_settings
from kernel.db import Database
from kernel.notices.providers import ConsoleProvider, Message, NotDelivered, Post
from kernel.notices.rules import EMAIL
from kernel.notices.smtp import Mailbox, SmtpProvider, mail_of
from tests.kernel.mail_server import MailServer, mail_server
from tests.kernel.test_notices import leave, work

BUYER = "zhang@example.cn"
MESSAGE = Message("order:1:paid", EMAIL, BUYER, "P261127", "付款收到了 <b>\nPaid & packed")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def provider(port: int, security: str = "none") -> SmtpProvider:
    return SmtpProvider(Mailbox("127.0.0.1", port, security, "", "", "orders@shop.example.cn", "庆元工坊"))


def test_a_letter_arrives_in_both_forms_and_in_the_workshops_name(server: MailServer) -> None:
    reference = provider(server.port).send(MESSAGE)
    (letter,) = server.letters
    assert (letter["To"], letter["Subject"], letter["Message-ID"]) == (BUYER, "P261127", reference)
    assert letter["From"].addresses[0].display_name == "庆元工坊"
    plain, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == ["付款收到了 <b>", "Paid & packed"]
    assert "付款收到了 &lt;b&gt;<br>" in html.get_content()


def test_a_message_is_sent_once_and_again_only_when_it_was_not_taken(
    database: Database, settings: Settings, server: MailServer
) -> None:
    server.refuses = 451
    assert leave(database, recipient=BUYER, channel=EMAIL) == leave(database, recipient=BUYER, channel=EMAIL)
    post = Post(ConsoleProvider(), provider(server.port))
    refused = work(database, settings, post)
    assert (refused.state, refused.problem) == ("waiting", "the mail server refuses the recipient (451)")
    server.refuses = 0
    sent = work(database, settings, post, rounds=4)
    assert (sent.state, sent.attempts, sent.recipient) == ("sent", 2, "z***@example.cn")
    assert len(server.letters) == 1


def test_a_repeat_carries_the_same_message_id(server: MailServer) -> None:
    for _ in range(2):
        provider(server.port).send(MESSAGE)
    first, second = server.letters
    assert first["Message-ID"] == second["Message-ID"]
    other = mail_of(replace(MESSAGE, key="order:2:paid"), provider(server.port).mailbox)
    assert other["Message-ID"] != first["Message-ID"]


def test_a_server_without_tls_gets_no_letter_where_tls_is_wanted(server: MailServer) -> None:
    with pytest.raises(NotDelivered):
        provider(server.port, "starttls").send(MESSAGE)
    assert server.letters == []


def test_a_server_that_hangs_up_or_is_away_is_a_reason_to_try_again(server: MailServer) -> None:
    server.is_mute = True
    for port in (server.port, 1):
        with pytest.raises(NotDelivered, match="cannot be used"):
            provider(port).send(MESSAGE)


def test_a_title_cannot_add_a_header_and_a_long_letter_ends(server: MailServer) -> None:
    provider(server.port).send(replace(MESSAGE, title="a\r\nBcc: x@example.cn", body="菇" * 30_000))
    (letter,) = server.letters
    assert letter["Bcc"] is None
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert len(plain.get_content().strip()) == 20_000


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"SMTP_HOST": "mail.example.cn"},
        {"SMTP_HOST": "m.example.cn", "SMTP_SENDER": "nobody"},
        {"SMTP_HOST": "m", "SMTP_SENDER": "a@example.cn", "SMTP_SECURITY": "none", "SMTP_USER": "a"},
    ],
)
def test_a_mail_server_that_cannot_work_is_refused_at_the_start(given: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        load_settings({"EMAIL_PROVIDER": "smtp", **given})
