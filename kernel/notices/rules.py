"""Pure rules of messages: whom they may go to, what is shown of it, how often they are tried."""

import re
from typing import Final

SMS, EMAIL = "sms", "email"
WAITING, SENT, FAILED = "waiting", "sent", "failed"

# Tried again after 2, 4, 8, 16 and 32 seconds by the outbox, then a person looks.
MOST_ATTEMPTS: Final = 6

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{2,24}", re.ASCII)


def can_receive(channel: str, recipient: str) -> bool:
    """Whether a message of this kind can go there: a mobile phone of the mainland, or an e-mail address."""
    return (_MOBILE if channel == SMS else _ADDRESS).fullmatch(recipient) is not None


def masked(channel: str, recipient: str) -> str:
    """What is left of a recipient once nobody needs it: enough to tell two apart, too little to write to."""
    if channel == SMS:
        return f"{recipient[:3]}******{recipient[-2:]}" if len(recipient) >= 7 else "***"
    name, _, host = recipient.partition("@")
    return f"{name[:1]}***@{host}"
