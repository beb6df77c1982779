"""The hand-drawn pictures are safe to serve, light to load and named in Chinese."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

IMAGES = Path(__file__).parent.parent / "static" / "img"
DRAWN = sorted(
    [*(path for room in ("products", "scenes", "pictograms") for path in (IMAGES / room).glob("*.svg"))]
    + [IMAGES / "logo.svg", IMAGES / "favicon.svg"]
)
LARGEST_BYTES = 45_000
SVG = "{http://www.w3.org/2000/svg}"
VIEW_BOXES = {"products": "0 0 800 800", "scenes": "0 0 1200 600", "pictograms": "0 0 240 240"}
FORBIDDEN = {"script", "foreignObject", "image", "style", "a", "iframe"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.fixture(params=DRAWN, ids=name_of)
def picture(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_room_has_its_pictures() -> None:
    counts = {room: len(list((IMAGES / room).glob("*.svg"))) for room in VIEW_BOXES}
    assert counts == {"products": 10, "scenes": 6, "pictograms": 23}


def test_is_light_enough_for_a_phone_in_the_mountains(picture: Path) -> None:
    assert picture.stat().st_size < LARGEST_BYTES


def test_is_named_in_chinese_and_drawn_on_the_agreed_sheet(picture: Path) -> None:
    root = ElementTree.parse(picture).getroot()
    assert root.tag == f"{SVG}svg"
    assert CHINESE.search(root.findtext(f"{SVG}title") or "")
    expected = VIEW_BOXES.get(picture.parent.name)
    assert root.get("viewBox") == expected if expected else root.get("viewBox")


def test_runs_nothing_and_reaches_for_nothing_outside_itself(picture: Path) -> None:
    ids: set[str] = set()
    pointers: set[str] = set()
    for element in ElementTree.parse(picture).iter():
        assert element.tag.removeprefix(SVG) not in FORBIDDEN
        for name, value in element.attrib.items():
            assert not name.startswith("on") and name != "style"
            if name.endswith("href"):
                assert value.startswith("#")
                pointers.add(value[1:])
            for target in re.findall(r"url\(([^)]*)\)", value):
                assert target.startswith("#")
                pointers.add(target[1:])
        if "id" in element.attrib:
            assert element.attrib["id"] not in ids, "an id stands for one thing"
            ids.add(element.attrib["id"])
    assert pointers <= ids
