"""How many watched, from a file: good rows kept, the others named; the same file twice; two files at once; streams as a list."""

import csv
import re
from datetime import date, timedelta
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kernel.sheets import FileUnreadable
from shop.streams import service as streams
from shop.streams.audience import StreamAudience, Taken, Watched, take_audiences, watched
from shop.streams.audience_file import COLUMNS, MOST_ROWS, Streamed, read_audience_file
from tests.console.conftest import Desk
from tests.packing.races import REPLACING, all_look_first, told_at_once, without
from tests.streams.evening import XIANG, Evening, make_evening
from tests.world import NOW

DAY = date(2026, 11, 20)
STREAMS = (
    Streamed(7, DAY, "山货夜市"),
    Streamed(8, DAY + timedelta(days=1), "早市"),
    Streamed(9, DAY + timedelta(days=1), "夜市"),
)
PLATFORMS = {"抖音": "douyin", "douyin": "douyin", "本店": "own"}
HEAD = ",".join(COLUMNS) + "\n"


def read(text: str, head: str = HEAD):
    return read_audience_file((head + text).encode(), STREAMS, PLATFORMS)


def test_a_stream_is_found_by_number_by_day_or_by_day_and_title() -> None:
    found = read(
        '7,2026-11-20,x,抖音,"12,345",6000\n,2026/11/20,,本店,10,10\n,2026-11-21,夜市,Douyin,5,4\n8,,,抖音,3,2\n'
        "9,2026-11-21,夜市,本店,,\n"
    )
    assert found.seen == {
        (7, "douyin"): Watched(12_345, 6_000),
        (7, "own"): Watched(10, 10),
        (9, "douyin"): Watched(5, 4),
        (8, "douyin"): Watched(3, 2),
    }
    assert (found.read, found.refused) == (4, []), "a row that is not filled in yet is no mistake"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("77,,,抖音,5,4", "场次"),
        ("x,,,抖音,5,4", "场次"),
        ("7,2026-11-21,,抖音,5,4", "日期"),
        (",2026-11-21,,抖音,5,4", "日期"),
        (",2026-11-21,市,抖音,5,4", "日期"),
        (",2026-11-30,,抖音,5,4", "日期"),
        (",,,抖音,5,4", "日期"),
        ("8,,,斗鱼,5,4", "平台"),
        ("8,,,,5,4", "平台"),
        ("8,,,抖音,0,4", "观看次数"),
        ("8,,,抖音,-5,4", "观看次数"),
        ("8,,,抖音,1.5万,4", "观看次数"),
        ("8,,,抖音,=5+5,4", "观看次数"),
        ("8,,,抖音,9999999999,4", "观看次数"),
        ("8,,,抖音,5,", "观看人数"),
        ("8,,,抖音,5,6", "观看人数"),
        ("7,,,抖音,6,5", "观看次数"),
        ("8", None),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_stay(line: str, column: str | None) -> None:
    found = read(f"7,,,抖音,5,5\n{line}\n9,,,抖音,5,5\n")
    assert [(row.row, row.column) for row in found.refused] == ([(3, column)] if column else [])
    assert set(found.seen) == {(7, "douyin"), (9, "douyin")}


@pytest.mark.parametrize(
    "raw", [b"", b"PK\x03\x04", b"a,b\n1,2\n", b"\xff\xff", HEAD.encode() + b"7,,,x,1,1\n" * (MOST_ROWS + 1)]
)
def test_a_file_that_is_none_is_refused_whole(raw: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read_audience_file(raw, STREAMS, PLATFORMS)


@given(st.text(max_size=300))
def test_whatever_a_file_says_it_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except FileUnreadable:
        return
    assert found.read >= len(found.seen)


def send(desk: Desk, raw: bytes, status: int = 200) -> str:
    data = {"file": (BytesIO(raw), "views.csv")}
    answer = desk.browser.post("/console/streams/audience?lang=zh", data=data, content_type="multipart/form-data")
    assert answer.status_code == status, answer.text[:2000]
    return answer.text


def test_the_table_is_filled_in_and_sent_and_the_report_knows(desk: Desk, evening: Evening) -> None:
    lines = list(csv.reader(StringIO(desk.look("/console/streams/audience/audience.csv").lstrip("\ufeff"))))
    assert tuple(lines[0]) == COLUMNS
    assert lines[1][:1] == [str(evening.stream_id)]
    lines[1][3:] = ["抖音", "2000", "500"]
    raw = "\n".join(",".join(line) for line in lines).encode("gb18030")
    page = send(desk, raw + b"\n999,,,x,1,1\n")
    assert "新的 1，更新 0，没变 0，不能用 1" in page
    assert "新的 0，更新 0，没变 1" in send(desk, raw)
    assert "新的 0，更新 1，没变 0" in send(desk, raw.replace(b"2000", b"2500"))
    assert len(desk.audit("stream.audience")) == 2
    assert "2,500" in desk.look("/console/streams/audience?lang=zh")
    assert "2,500" in desk.look(f"/console/streams/{evening.stream_id}/report?lang=zh")
    again = list(csv.reader(StringIO(desk.look("/console/streams/audience/audience.csv").lstrip("\ufeff"))))
    assert again[1][3:] == ["抖音", "2500", "500"], "what is exported can be sent again"
    assert "请选一个文件" in send(desk, b"", status=422)
    assert "缺少这些列" in send(desk, b"a,b\n", status=422)


def test_two_files_at_once_do_not_wait_in_a_ring(desk: Desk, evening: Evening) -> None:
    with desk.database.transaction() as session:
        other = make_evening(session, offers=0).stream_id
    keys = [(evening.stream_id, "douyin"), (other, "douyin")]

    def taking(order: list[tuple[int, str]], views: int):
        seen = {key: Watched(views, 1) for key in order}
        return lambda session: take_audiences(session, seen, now=NOW, by=XIANG)

    told = told_at_once(desk.database, taking(keys, 10), taking(keys[::-1], 20), taking(keys, 30))
    assert told == ["written"] * 3
    with desk.database.transaction() as session:
        stands = {watched(session, stream)["douyin"].views for stream, _ in keys}
        assert len(stands) == 1, "one file's figures stand, not some of each"
        assert take_audiences(session, {keys[0]: Watched(stands.pop(), 1)}, now=NOW, by=XIANG) == Taken(same=1)
    with without(desk.database, REPLACING), all_look_first(desk.database, "INSERT INTO stream_audiences", hands=1):
        broken = told_at_once(desk.database, taking(keys, 40))
    assert any("pk_stream_audiences" in each for each in broken), "the control: the key holds what replacing hides"


def test_streams_are_found_by_a_part_of_their_title_and_kept_as_a_file(desk: Desk, evening: Evening) -> None:
    with desk.database.transaction() as session:
        for title in ("100%_香菇", "银耳 <b>"):
            stream = streams.plan_stream(
                session, title_zh=title, title_en=title, starts_at=NOW, hold_minutes=10, now=NOW, by=XIANG
            )
            streams.start_stream(session, stream.id, now=NOW, by=XIANG)
            streams.end_stream(session, stream.id, now=NOW, by=XIANG)
    page = desk.look("/console/streams?lang=zh&q=%25_")
    assert "100%_香菇" in page
    assert "银耳" not in page
    assert "没有这样的直播" in desk.look("/console/streams?lang=zh&q=没有的")
    assert desk.browser.get("/console/streams?q=%00x").status_code == 200
    rows = list(csv.reader(StringIO(desk.look("/console/streams/streams.csv?lang=zh").lstrip("\ufeff"))))
    assert [row[1] for row in rows[1:]] == ["银耳 <b>", "100%_香菇"]
    assert re.search(r'href="(/console/streams/streams\.csv\?q=[^"]+)"', page)
    with desk.database.transaction() as session:
        assert session.scalars(select(StreamAudience)).all() == []
