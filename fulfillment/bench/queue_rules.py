"""Passes for a device's queue, and what time it was when something happened on a device."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

# A tablet may lie in a drawer over a weekend with something waiting; after that its person signs in there once more.
PASS_LASTS: Final = timedelta(days=4)
# No device has waited longer than this; a number beyond it is a broken clock.
LONGEST_AGE: Final = timedelta(days=14)
_PURPOSE: Final = "gongfang bench queue"
_LONGEST_PASS: Final = 400


@dataclass(frozen=True)
class Pass:
    """Leave to send one person's actions from one device; it opens nothing else."""

    person_id: int
    device: str
    issued_at: datetime


def sign_pass(secret: str, leave: Pass) -> str:
    """The pass as the device keeps it."""
    return _signer(secret).dumps([leave.person_id, leave.device, int(leave.issued_at.timestamp() * 1000)])


def read_pass(secret: str, offered: str, now: datetime) -> Pass | None:
    """The pass, when we signed it and its time is not over."""
    if len(offered) > _LONGEST_PASS:
        return None
    try:
        person_id, device, issued_ms = _signer(secret).loads(offered)
    except BadSignature:
        return None
    leave = Pass(person_id, device, datetime.fromtimestamp(issued_ms / 1000, UTC))
    return leave if leave.issued_at <= now + timedelta(minutes=1) and now - leave.issued_at <= PASS_LASTS else None


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_PURPOSE)


def reckon(received_at: datetime, age_ms: int) -> datetime:
    """When something happened: the time of receipt less the age that the device measured.

    The device's clock may be wrong by years, but what passed between a press and its sending it knows well. Whoever
    uses the result bounds it by facts of the server, such as when the work was taken.
    """
    return received_at - min(timedelta(milliseconds=age_ms), LONGEST_AGE)
