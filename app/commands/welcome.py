"""What `gongfang run` says when the doors are open: where everything is and who may sign in."""

from collections.abc import Sequence
from unicodedata import east_asian_width

from app.demo import demo_sign_ins
from app.workshop.beginning import link_to_begin
from config import Settings
from fulfillment.bench.grower_door import private_path
from fulfillment.purchasing.own.queries import first_links
from kernel.db import Database
from kernel.people.models import Person
from shop.streams.queries import public_streams

Row = Sequence[str]


def welcome(settings: Settings, database: Database) -> str:
    """Addresses and, in the demo, sign-ins, in aligned columns."""
    base = settings.public_url
    with database.transaction() as session:
        streams = public_streams(session)
        links = first_links(session)
        has_people = session.query(Person.id).first() is not None
    pages = [
        ("商店", "Shop", f"{base}/"),
        *((("直播", "Live page", f"{base}/live/{streams[0].id}"),) if streams else ()),
        ("打包", "Bench", f"{base}/bench/sign-in"),
        ("组长", "Packing lead", f"{base}/bench/lead"),
        ("过磅", "Weigher", f"{base}/bench/weigh"),
        ("主播和老板", "Console", f"{base}/console"),
    ]
    if settings.uses_sandbox:
        pages.append(("演示付款", "Demo payments", f"{settings.sandbox_url}/  4242 4242 4242 4242"))
    parts = ["", "  工坊开门了 · Gongfang is open    Ctrl-C 停止 · Ctrl-C stops it", "", _columns(pages)]
    if not settings.is_production and has_people:
        rows = [(who, how, f"{base}{page}") for page, who, how in demo_sign_ins()]
        rows += [
            (f"{link.farmer.name} (farmer)", "", f"{base}{private_path(settings.secret_key, link.id)}")
            for link in links
        ]
        parts += ["", "  演示登录 · Demo sign-ins", "", _columns(rows)]
    if not has_people:
        link = link_to_begin(base, settings.secret_key)
        parts += ["", f"  还没有人，从这里开张 · Nobody works here yet, begin here:\n    {link}"]
    parts += ["", f"  数据和日志 · Data and logs    {settings.var_dir}", ""]
    return "\n".join(parts)


def _columns(rows: Sequence[Row]) -> str:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  " + "   ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
