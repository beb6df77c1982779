"""Ids that sort by time, made without asking the database, and short codes that people can read out."""

import os
import time
from uuid import UUID

# Crockford's base 32: no I, L, O, U, so nothing is misread aloud or mistaken for another sign.
_READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def time_ordered_id() -> UUID:
    """A version 7 UUID (RFC 9562): milliseconds first, so that new rows share a page of the index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def readable_code(length: int) -> str:
    """A random code of ``length`` characters (5 bits each) that can be read out on the phone."""
    return "".join(_READABLE[byte & 31] for byte in os.urandom(length))
