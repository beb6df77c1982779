"""What tests of pages share: reading a form out of a page, and what no page may contain."""

from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.world import LiveOffer


class _Fields(HTMLParser):
    """Collects the values of inputs, selects and textareas."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._textarea: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_left_open = given.get("type") in ("checkbox", "radio") and "checked" not in given
        if tag == "input" and given.get("name") and not is_left_open:
            self.values[str(given["name"])] = given.get("value") or ""
        elif tag == "select":
            self._select = str(given.get("name"))
            self.values[self._select] = ""
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value") or ""
        elif tag == "textarea":
            self._textarea = str(given.get("name"))
            self.values[self._textarea] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self.values[self._textarea] += data


def fields_of(page: TestResponse) -> dict[str, str]:
    """What the page's fields hold."""
    reader = _Fields()
    reader.feed(page.text)
    return reader.values


def typed_order(client: FlaskClient, offer: LiveOffer, quantity: int = 1, **changes: str) -> dict[str, str]:
    """The order form as a buyer fills it in."""
    page = client.get(f"/live/{offer.stream_id}/buy?offer={offer.offer_id}&quantity={quantity}")
    assert page.status_code == 200
    return {
        **fields_of(page),
        "buyer.name": "张三",
        "buyer.phone": "13800008000",
        "address.province": "浙江省",
        "address.city": "丽水市",
        "address.detail": "示例路8号",
        **changes,
    }


def place_on_page(client: FlaskClient, offer: LiveOffer, quantity: int = 1, **changes: str) -> str:
    """Order on the page; returns the order's number."""
    answer = client.post(f"/live/{offer.stream_id}/orders", data=typed_order(client, offer, quantity, **changes))
    assert answer.status_code == 303, answer.text
    return answer.location.rsplit("/", 1)[-1]


class _Inline(HTMLParser):
    """Collects what the Content-Security-Policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        # Data for search engines is no script: nothing runs, and the policy lets it be.
        is_data = given.get("type") == "application/ld+json"
        if tag == "style" or (tag == "script" and not given.get("src") and not is_data):
            self.found.append(tag)
        for name, value in given.items():
            is_foreign = name in ("src", "href", "action") and (value or "").startswith(
                ("http:", "https:", "//", "javascript:")
            )
            # Names the page's own address, fetches nothing.
            is_name = given.get("rel") == "canonical"
            if name == "style" or name.startswith("on") or (is_foreign and not is_name):
                self.found.append(f"{tag} {name}={value}")


def assert_nothing_inline(page: TestResponse) -> None:
    """No inline script or style, no handler, no third-party file."""
    reader = _Inline()
    reader.feed(page.text)
    assert reader.found == []
