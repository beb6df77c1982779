"""Numbers of people that must not lie open in the database: sealed with a key that only the running program has."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest

from cryptography.fernet import Fernet, InvalidToken


def _box(secret: str) -> Fernet:
    """A key of its own, worked out from the installation's secret, so that no other use of the secret opens it."""
    return Fernet(urlsafe_b64encode(digest(secret.encode(), b"gongfang: sealed facts of people", sha256)))


def seal(text: str, secret: str) -> bytes:
    """The text, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _box(secret).encrypt(text.encode())


def unseal(sealed: bytes, secret: str) -> str | None:
    """The text again; ``None`` when it was sealed with another secret or was changed."""
    try:
        return _box(secret).decrypt(sealed).decode()
    except InvalidToken:
        return None
