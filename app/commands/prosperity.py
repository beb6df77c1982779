"""`gongfang prosperity-report` and `gongfang prosperity-merge`: the figures of one workshop, and of a county's."""

from collections.abc import Callable, Mapping
from json import JSONDecodeError, dumps, loads
from pathlib import Path
from typing import cast

import click

from app.commands.connect import open_database
from app.console.prosperity import tables
from app.console.prosperity.figures import prosperity_of
from app.console.prosperity.rules import Period, Prosperity, merged, read_file
from app.drawing.paper import draw_pdf
from app.workshop.service import workshop_of
from app.workshop.watch import overlaid
from config import load_settings
from kernel.clock import utc_now
from kernel.errors import Invalid, Refused
from kernel.text import Locale, current_locale
from kernel.workbook import workbook

# No workshop's file is larger: a few hundred bytes of sums.
_LARGEST_FILE = 1_000_000
_FORMS: Mapping[str, Callable[[Prosperity], bytes]] = {
    ".json": lambda report: dumps(report.as_file(), ensure_ascii=False, indent=2).encode(),
    ".xlsx": lambda report: workbook(tables.sheets(report)),
    ".pdf": lambda report: draw_pdf(tables.paper_of(report)),
}


class PeriodType(click.ParamType[Period]):
    """A month such as 2026-11, or a year such as 2026."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        """The period, or a misuse."""
        found = value if isinstance(value, Period) else Period.read(str(value))
        if found is None:
            self.fail(f"{value!r} is neither a month such as 2026-11 nor a year such as 2026.", param, ctx)
        return found


def _write(report: Prosperity, to: Path | None, lang: str) -> None:
    """Write the report in the form that the file's name asks for, or as JSON to standard output."""
    current_locale.set(cast("Locale", lang))
    if to is None:
        click.echo(dumps(report.as_file(), ensure_ascii=False))
        return
    make = _FORMS.get(to.suffix.lower())
    if make is None:
        raise Refused(
            f"不认得 {to.name}，文件名要以 .json、.xlsx 或 .pdf 结尾。",
            f"{to.name} should end in .json, .xlsx or .pdf.",
        )
    to.write_bytes(make(report))
    click.echo(f"{to.name}: {', '.join(report.workshops)}, {report.period.name}")


_TO = click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="File to write: .json, .xlsx or .pdf.")
_LANG = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of .xlsx and .pdf."
)


@click.command("prosperity-report")
@click.argument("period", type=PeriodType())
@_TO
@_LANG
def prosperity_report(period: Period, to: Path | None, lang: str) -> None:
    """Count who earned and what growers got in PERIOD, a month (2026-11) or a year (2026); changes nothing."""
    settings = load_settings()
    database = open_database(settings)
    with database.transaction() as session:
        name = overlaid(settings, workshop_of(session)).workshop_name
        report = prosperity_of(session, name, period, utc_now(), settings.workshop_zone)
    database.dispose()
    _write(report, to, lang)


@click.command("prosperity-merge")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_TO
@_LANG
def prosperity_merge(files: tuple[Path, ...], to: Path | None, lang: str) -> None:
    """Put several workshops' FILES of one period together; needs no database."""
    _write(merged([(file.name, read_file(file.name, _json_of(file))) for file in files]), to, lang)


def _json_of(file: Path) -> object:
    if file.stat().st_size > _LARGEST_FILE:
        raise Invalid(f"{file.name} 太大了，不是共富报告的文件。", f"{file.name} is too large for such a file.")
    try:
        return loads(file.read_text("utf-8-sig"))
    except (UnicodeDecodeError, JSONDecodeError, RecursionError) as error:
        raise Invalid(f"{file.name} 读不出来，不是 JSON。", f"{file.name} cannot be read as JSON.") from error
