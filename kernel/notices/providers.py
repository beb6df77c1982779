"""Who carries a message. The interface is small on purpose; the defaults need no account anywhere.

``console`` says in the log that a message would have gone out, without its words or its recipient; ``file`` writes it
whole into a file that only the program's own user may read, for the demo and for a person who sends them by hand.
"""

import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from kernel.notices.rules import EMAIL, SMS, masked

_log = logging.getLogger("gongfang.notices")

CONSOLE, FILE = "console", "file"
PROVIDERS: Final = (CONSOLE, FILE)


@dataclass(frozen=True)
class Message:
    """One message; ``key`` tells a repeat of it from another one, for a provider that counts them."""

    key: str
    channel: str
    recipient: str
    title: str
    body: str


class NotDelivered(Exception):
    """The provider did not take the message; trying again may help. Says why without naming the recipient."""


class Provider(Protocol):
    """Takes a message and returns the provider's own reference for it.

    Raises:
        NotDelivered: it was not taken.
    """

    def send(self, message: Message) -> str:
        """Hand the message over; called outside any transaction, and again with the same key when an answer was lost."""


class ConsoleProvider:
    """Only says that there was a message: personal data has no place in a log."""

    def send(self, message: Message) -> str:
        """Write one line into the log."""
        whom = masked(message.channel, message.recipient)
        _log.info("%s to %s, %d characters, key %s", message.channel, whom, len(message.body), message.key)
        return "console"


class FileProvider:
    """Adds each message as one line of JSON to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, message: Message) -> str:
        """Append the message; the file is made for its owner alone."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(opened, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(message), ensure_ascii=False) + "\n")
        except OSError as error:
            raise NotDelivered(f"the file cannot be written: {error.strerror}") from error
        return self.path.name


def provider_of(name: str, folder: Path, channel: str) -> Provider:
    """The provider that the settings name for a channel."""
    return FileProvider(folder / f"{channel}.jsonl") if name == FILE else ConsoleProvider()


@dataclass(frozen=True)
class Post:
    """Who carries what."""

    sms: Provider
    email: Provider

    def carrier(self, channel: str) -> Provider:
        """The provider of a channel."""
        return {SMS: self.sms, EMAIL: self.email}[channel]
