"""`gongfang migrate`, `check-invariants`, `backup`, `restore`."""

import sys
from json import dumps
from pathlib import Path

import click

from app import migrate as migrations
from app.care import backups, rounds
from app.commands.connect import database_url, open_database
from config import load_settings
from kernel.clock import utc_now

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")


@click.command()
@_JSON
def migrate(as_json: bool) -> None:
    """Bring the database to the schema of this program; what is up to date stays as it is."""
    database = open_database()
    before = migrations.revision(database)
    migrations.upgrade(database.url)
    after = migrations.revision(database)
    if as_json:
        click.echo(dumps({"from": before, "to": after}))
    else:
        click.echo(f"{before or 'empty'} -> {after}" if before != after else f"up to date ({after})")


@click.command("check-invariants")
@_JSON
def check_invariants(as_json: bool) -> None:
    """Count again whether everything adds up; exit 1 when something does not."""
    report = rounds.check_invariants(open_database(), utc_now())
    if as_json:
        click.echo(dumps(report.as_json(), ensure_ascii=False))
    else:
        for name, rows in report.checked.items():
            click.echo(f"{'!!' if name in report.counts else 'ok'}  {name}  ({rows} rows)")
        for each in report.violations:
            click.echo(f"{each['invariant']}: {each['says']}; {each['subject']}: {each['found']}", err=True)
    if report.found:
        click.echo(f"{report.found} violations", err=True)
        sys.exit(1)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_JSON
def backup(file: Path, as_json: bool) -> None:
    """Write a backup of the whole database to FILE, while work goes on. It holds people's data: keep it safe."""
    done = backups.back_up(open_database(), file, utc_now())
    click.echo(dumps(done.as_json()) if as_json else f"{done.file}: {done.size_bytes:,} bytes")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Restore into a scratch database, count everything again, drop it.")
@click.option("--replace", is_flag=True, help="Put the present database aside (it keeps its data under another name).")
@_JSON
def restore(file: Path, verify: bool, replace: bool, as_json: bool) -> None:
    """Bring the backup in FILE back into an empty database; with --verify only prove that it could be."""
    if verify and replace:
        raise click.UsageError("--verify leaves the present database alone; --replace does not. Choose one.")
    backups.check_file(file)
    url = database_url(load_settings())
    done = backups.verify(url, file) if verify else backups.restore(url, file, utc_now(), put_aside=replace)
    if as_json:
        click.echo(dumps(done.as_json(), ensure_ascii=False))
    else:
        click.echo(done.said)
    if done.report.found:
        click.echo(f"{done.report.found} violations in {file}", err=True)
        sys.exit(1)
