"""E-mail through a mail server: plain text with the same words as simple HTML, always over TLS unless told otherwise."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr
from hashlib import sha256
from html import escape
from typing import Final

from kernel.notices.providers import Message, NotDelivered

# STARTTLS on the usual port, TLS from the first byte, or none for a server on this machine.
STARTTLS, TLS, PLAIN = "starttls", "tls", "none"
SECURITIES: Final = (STARTTLS, TLS, PLAIN)
_TIMEOUT_S = 15
_LONGEST_BODY = 20_000


@dataclass(frozen=True)
class Mailbox:
    """Where mail is handed in and in whose name; without ``user`` nobody signs in."""

    host: str
    port: int
    security: str
    user: str
    password: str
    sender: str
    sender_name: str


class SmtpProvider:
    """Hands each message to a mail server."""

    def __init__(self, mailbox: Mailbox, context: ssl.SSLContext | None = None) -> None:
        self.mailbox = mailbox
        self.context = context or ssl.create_default_context()

    def send(self, message: Message) -> str:
        """Hand the message over; a repeat carries the same Message-ID, by which mailboxes know it again."""
        mail = mail_of(message, self.mailbox)
        try:
            with self._connect() as server:
                if self.mailbox.user:
                    server.login(self.mailbox.user, self.mailbox.password)
                server.send_message(mail, self.mailbox.sender, [message.recipient])
        except smtplib.SMTPRecipientsRefused as error:
            # The answer repeats the address, so only its number is kept.
            (code, _), *_ = error.recipients.values()
            raise NotDelivered(f"the mail server refuses the recipient ({code})") from None
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(f"the mail server refuses ({error.smtp_code})") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"the mail server cannot be used: {type(error).__name__}") from None
        return str(mail["Message-ID"])

    def _connect(self) -> smtplib.SMTP:
        box = self.mailbox
        if box.security == TLS:
            return smtplib.SMTP_SSL(box.host, box.port, timeout=_TIMEOUT_S, context=self.context)
        server = smtplib.SMTP(box.host, box.port, timeout=_TIMEOUT_S)
        if box.security == STARTTLS:
            try:
                server.starttls(context=self.context)
            except BaseException:
                server.close()
                raise
        return server


def mail_of(message: Message, mailbox: Mailbox) -> EmailMessage:
    """The message as an e-mail in both forms; what is too long ends with an ellipsis."""
    body = message.body if len(message.body) <= _LONGEST_BODY else f"{message.body[: _LONGEST_BODY - 1]}…"
    mail = EmailMessage()
    mail["From"] = formataddr((_one_line(mailbox.sender_name), mailbox.sender))
    mail["To"] = message.recipient
    mail["Subject"] = _one_line(message.title)
    host = mailbox.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{sha256(message.key.encode()).hexdigest()[:32]}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body)
    words = "<br>\n".join(escape(line) for line in body.splitlines())
    mail.add_alternative(
        f'<!doctype html><html><meta charset="utf-8"><body><p>{words}</p></body></html>', subtype="html"
    )
    return mail


def _one_line(text: str) -> str:
    """Text for a header: a line break would begin the next one."""
    return " ".join(text.split())[:200]
