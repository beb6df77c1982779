"""Private links: the key of a page is worked out from a secret, never stored."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256


def link_key(secret: str, purpose: str, subject: str) -> str:
    """A 192-bit key for ``subject``; whoever has it may see the page, and nobody can guess it."""
    digest = hmac.new(secret.encode(), f"{purpose}:{subject}".encode(), sha256).digest()
    return urlsafe_b64encode(digest[:24]).decode()


def is_link_key(secret: str, purpose: str, subject: str, offered: str) -> bool:
    """Whether the offered key is right, compared in constant time."""
    expected = link_key(secret, purpose, subject).encode()
    return hmac.compare_digest(expected, offered.encode("utf-8", "replace"))
