"""What a slip hides: at least a character of the name, six digits of the phone, unit and room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.labels.rules import mask_detail, mask_name, mask_note, mask_phone

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三", "张*"), ("欧阳娜娜", "欧***"), ("陈", "*"), ("", "*"), ("𠮷野家", "𠮷**"), ("Lucy Wang", "L*****")],
)
def test_names_keep_their_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(max_size=60))
def test_a_character_of_every_name_is_hidden(name: str) -> None:
    masked = mask_name(name)
    assert masked.endswith("*")
    assert len(masked) <= 6
    assert len(masked.replace("*", "")) <= 1


@pytest.mark.parametrize(
    ("phone", "extension", "masked"),
    [
        ("13800008000", None, "138******00"),
        ("0578-6120000", None, "0578-****00"),
        ("18400913965", "7576", "18400913965-7576"),
        ("138****8000", None, "138******00"),
        ("+8613800008000", None, "861********00"),
        ("1234567", None, "*******"),
        ("123456789", None, "1******89"),
        ("", None, ""),
    ],
)
def test_phones_are_masked(phone: str, extension: str | None, masked: str) -> None:
    assert mask_phone(phone, extension) == masked


@given(MOBILES)
def test_six_digits_of_a_mobile_number_are_hidden(phone: str) -> None:
    masked = mask_phone(phone)
    assert len(masked) == 11
    assert masked.count("*") == 6


@given(st.from_regex(r"[+]?[0-9][0-9 ]{0,18}", fullmatch=True))
def test_at_least_six_digits_or_all_of_any_number_are_hidden(phone: str) -> None:
    digits = sum(c.isdigit() for c in phone)
    shown = sum(c.isdigit() for c in mask_phone(phone))
    assert digits - shown >= min(6, digits)


@pytest.mark.parametrize(
    ("detail", "masked"),
    [
        ("示例路8号示例花园3幢2单元501室", "示例路8号示例花园3幢****"),
        ("松源街道同心社区1幢2单元301", "松源街道同心社区1幢****"),
        ("张江路88弄3号楼502", "张江路88弄3号楼****"),
        ("望京西园四区410号楼2门1201", "望京西园四区410号楼****"),
        ("示例大厦A座1203", "示例大厦A座****"),
        ("示例花园3幢 501室", "示例花园3幢****"),
        ("幸福里3-2-501", "幸福里3****"),
        ("幸福里二单元501", "幸福里****"),
        ("人民路9号 1203房", "人民路9号 ****"),
        ("No. 8 Example Road, Room 501", "No. 8 Example Road, ****"),
        ("示例路8号", "示例路8号"),
        ("康乐大道15号", "康乐大道15号"),
        ("濛洲街18-1号", "濛洲街18-1号"),
    ],
)
def test_street_and_building_stay_and_the_door_does_not(detail: str, masked: str) -> None:
    assert mask_detail(detail) == masked


@given(
    building=st.integers(1, 99),
    word=st.sampled_from(["幢", "栋", "座", "号楼"]),
    unit=st.integers(1, 9),
    room=st.integers(101, 9999),
    ending=st.sampled_from(["", "室", "房"]),
    form=st.sampled_from(["{b}{w}{u}单元{r}{e}", "{b}{w}{r}{e}", "{u}单元{r}{e}", "{b}-{u}-{r}{e}", "{r}{e}"]),
)
def test_no_room_number_survives(building: int, word: str, unit: int, room: int, ending: str, form: str) -> None:
    door = form.format(b=building, w=word, u=unit, r=room, e=ending)
    masked = mask_detail(f"示例花园{door}")
    assert masked.startswith("示例花园")
    assert str(room) not in masked.removeprefix(f"示例花园{building}")


def test_a_phone_in_a_note_is_masked_and_the_rest_stays() -> None:
    assert mask_note("到了打13800008000，谢谢") == "到了打138******00，谢谢"
    assert mask_note("要 100 克的，编号 2026112400001") == "要 100 克的，编号 2026112400001"
