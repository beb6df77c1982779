"""The hand-drawn pictures are safe to serve, light to load and named in Chinese."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

IMAGES = Path(__file__).parent.parent / "static" / "img"
DRAWN = sorted(
    [
        *(path for room in ("products", "scenes", "pictograms") for path in (IMAGES / room).glob("*.svg")),
        IMAGES / "logo.svg",
        IMAGES / "favicon.svg",
    ]
)
LARGEST_BYTES = 45_000
SVG = "{http://www.w3.org/2000/svg}"
VIEW_BOXES = {"products": "0 0 800 800", "scenes": "0 0 1200 600", "pictograms": "0 0 240 240"}
OWN_SHEETS = {"logo.svg": ("0 0 240 240",), "favicon.svg": ("0 0 64 64",)}
FORBIDDEN = {"script", "foreignObject", "image", "style", "a", "iframe"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LIGHT_CARD, DARK_CARD = "#ffffff", "#221c17"
MASK_GREYS = {"#000", "#fff"}


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_every_room_has_its_pictures() -> None:
    counts = {room: len(list((IMAGES / room).glob("*.svg"))) for room in VIEW_BOXES}
    assert counts == {"products": 10, "scenes": 6, "pictograms": 23}


every_picture = pytest.mark.parametrize("picture", DRAWN, ids=name_of)


@every_picture
def test_is_light_enough_for_a_phone_in_the_mountains(picture: Path) -> None:
    assert picture.stat().st_size < LARGEST_BYTES


@every_picture
def test_is_named_in_chinese_and_drawn_on_the_agreed_sheet(picture: Path) -> None:
    root = ET.parse(picture).getroot()
    assert root.tag == f"{SVG}svg"
    assert CHINESE.search(root.findtext(f"{SVG}title") or "")
    assert root.get("viewBox") in (VIEW_BOXES.get(picture.parent.name), *OWN_SHEETS.get(picture.name, ()))


@every_picture
def test_runs_nothing_and_reaches_for_nothing_outside_itself(picture: Path) -> None:
    ids: set[str] = set()
    pointers: set[str] = set()
    for element in ET.parse(picture).iter():
        assert element.tag.removeprefix(SVG) not in FORBIDDEN
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name != "style"
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


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (((part + 0.055) / 1.055) ** 2.4 if part > 0.04045 else part / 12.92 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("pictogram", sorted((IMAGES / "pictograms").glob("*.svg")), ids=name_of)
def test_a_pictogram_is_seen_on_the_light_and_on_the_dark_card(pictogram: Path) -> None:
    colours = set(re.findall(r'"(#[0-9a-f]{3,6})"', pictogram.read_text("utf-8"))) - MASK_GREYS
    assert colours
    for colour in colours:
        assert contrast(colour, LIGHT_CARD) >= 3
        assert contrast(colour, DARK_CARD) >= 3
