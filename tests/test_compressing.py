"""What goes over the line is compressed for browsers that take it, and means the same."""

import gzip

import brotli
import pytest
from flask.testing import FlaskClient

from kernel.db import Database
from tests.storefront.pages import place_on_page
from tests.world import make_live_offer

READERS = {"br": brotli.decompress, "gzip": gzip.decompress}
PATHS = ["/search", "/static/css/parts.css", "/static/js/live.js", "/static/img/icons.svg"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("way", READERS)
def test_a_page_and_a_file_are_shorter_and_say_the_same(client: FlaskClient, path: str, way: str) -> None:
    with client.get(path) as answer:
        plain = answer.text
    short = client.get(path, headers={"Accept-Encoding": way})
    assert short.headers["Content-Encoding"] == way
    assert "Accept-Encoding" in short.headers["Vary"]
    assert len(short.data) * 2 < len(plain.encode())
    assert int(short.headers["Content-Length"]) == len(short.data)
    told = READERS[way](short.data).decode()
    # A page's token is another one each time.
    assert told.splitlines()[:3] == plain.splitlines()[:3]
    assert len(told) == len(plain)


def test_a_file_that_is_known_is_not_sent_again(client: FlaskClient) -> None:
    asked = {"Accept-Encoding": "br"}
    first = client.get(PATHS[1], headers=asked)
    again = client.get(PATHS[1], headers={**asked, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_pictures_and_whoever_cannot_read_it_get_it_as_it_is(client: FlaskClient) -> None:
    for path, way in (("/static/img/icon-192.png", "br"), (PATHS[1], "identity")):
        with client.get(path, headers={"Accept-Encoding": way}) as answer:
            assert "Content-Encoding" not in answer.headers
            assert len(answer.data) == int(answer.headers["Content-Length"])


def test_somebodys_own_page_is_not_compressed(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        offer = make_live_offer(session)
    number = place_on_page(client, offer)
    page = client.get(f"/orders/{number}", headers={"Accept-Encoding": "br, gzip"})
    assert page.status_code == 200
    assert "Content-Encoding" not in page.headers
