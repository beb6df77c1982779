"""Named errors that say what to do next and know their HTTP status (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

from kernel.text import Text


class Problem(Exception):
    """Something a person can put right; ``code`` is stable for programs, the sentences are for people."""

    status = 400
    code = "bad_request"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        code: str | None = None,
        fields: Mapping[str, Text] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(en)
        self.text = Text(zh, en)
        self.code = code or type(self).code
        self.fields = dict(fields or {})
        self.extra = dict(extra or {})

    def as_json(self) -> dict[str, Any]:
        """The RFC 9457 body: type, title, status, code, and ``errors`` for fields."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.text.pick(),
            "status": self.status,
            "code": self.code,
            **self.extra,
        }
        if self.fields:
            body["errors"] = [{"field": name, "message": text.pick()} for name, text in self.fields.items()]
        return body


class BadRequest(Problem):
    """The request itself cannot be read."""


class NotSignedIn(Problem):
    """Nobody is signed in, and the page needs a person."""

    status = 401
    code = "not_signed_in"


class Forbidden(Problem):
    """Signed in, but not in a role that may do this."""

    status = 403
    code = "forbidden"


class NotFound(Problem):
    """No such thing, or it is somebody else's."""

    status = 404
    code = "not_found"

    def __init__(self, zh: str = "没有找到。", en: str = "Not found.", **details: Any) -> None:
        super().__init__(zh, en, **details)


class Refused(Problem):
    """Understood, but the state of things does not allow it."""

    status = 409
    code = "conflict"


class Invalid(Problem):
    """Some fields need another look; ``fields`` names them."""

    status = 422
    code = "invalid"


class TooMany(Problem):
    """Tried too often; wait and try again."""

    status = 429
    code = "too_many"


class Unavailable(Problem):
    """Busy or cut off for the moment; the same request may succeed soon."""

    status = 503
    code = "unavailable"
