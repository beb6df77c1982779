"""What may stand in an address: ASCII digits that fit a bigint, no control characters, proper UTF-8. Else 404."""

from flask import Flask, request
from werkzeug.routing import IntegerConverter, ValidationError

from kernel.errors import NotFound

LARGEST_ID = 2**62 - 1


class BoundedId(IntegerConverter):
    """``<int:…>``: Werkzeug's own takes ``１``, ``٣`` and 400 digits."""

    regex = r"[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """The number, when a row could have it."""
        number = int(value)
        if number > LARGEST_ID:
            raise ValidationError
        return number


def install(app: Flask) -> None:
    """Bound the numbers of every rule that is added from now on; refuse paths that nobody types."""
    app.url_map.converters["int"] = BoundedId

    @app.before_request
    def refuse_odd_paths() -> None:
        # U+FFFD stands where bytes were no UTF-8.
        if not request.path.isprintable() or "\ufffd" in request.path:
            raise NotFound("没有找到这个页面。", "There is no such page.")
