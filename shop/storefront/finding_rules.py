"""The one-time code that proves that a phone is somebody's own: six digits, worked out, never stored. Pure."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

SLOT: Final = timedelta(minutes=5)
# A code of the slot before is still good: it may have been sent in its last second.
GOOD_FOR: Final = 2 * SLOT
DIGITS: Final = 6


def slot_of(now: datetime) -> int:
    """The number of the five minutes that ``now`` lies in."""
    return int(now.timestamp() // SLOT.total_seconds())


def code_for(secret: str, phone: str, slot: int) -> str:
    """The code of a phone in one slot (HMAC-SHA-256, cut as in RFC 4226)."""
    digest = hmac.new(secret.encode(), f"find-orders:{phone}:{slot}".encode(), sha256).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def is_code(secret: str, phone: str, typed: str, now: datetime) -> bool:
    """Whether this is the phone's code, of now or of the slot before; compared in constant time."""
    slot = slot_of(now)
    # Both are compared, so that the time says nothing about which one it was.
    is_new, is_old = (
        hmac.compare_digest(typed.encode(), code_for(secret, phone, slot - back).encode()) for back in (0, 1)
    )
    return is_new or is_old


def bucket_of(secret: str, phone: str) -> str:
    """A name for the phone in counters and keys that does not tell the number."""
    return hmac.new(secret.encode(), f"find-orders-of:{phone}".encode(), sha256).hexdigest()[:24]
