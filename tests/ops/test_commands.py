"""The command line: help, exit 0, 1 and 2, reasons on stderr, `--json` alone on stdout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.cli import COMMANDS, gongfang
from app.demo import load_demo
from app.processes import ROOT
from kernel.clock import utc_now
from kernel.db import Database


def command(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `gongfang` as its own process."""
    code = "import sys; sys.argv[0] = 'gongfang'; from app.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_and_refuses_what_it_does_not_know(name: str) -> None:
    helped = CliRunner().invoke(gongfang, [name, "--help"])
    assert helped.exit_code == 0
    assert "--help" in helped.stdout
    found = gongfang.get_command(click.Context(gongfang), name)
    assert found is not None
    assert found.help
    assert CliRunner().invoke(gongfang, [name, "--no-such-option"]).exit_code == 2


def test_the_list_of_commands_loads_none_of_them() -> None:
    listed = command("--help")
    assert listed.returncode == 0
    for name, (_, sentence) in COMMANDS.items():
        assert name in listed.stdout
        assert sentence.split()[0] in listed.stdout
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, app.cli; print('sqlalchemy' in sys.modules, 'flask' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split() == ["False", "False"]


def test_an_unknown_command_is_a_misuse() -> None:
    assert command("fly").returncode == 2


def test_a_refusal_is_said_in_both_languages_on_stderr_and_leaves_stdout_empty(database: Database) -> None:
    refused = command("restore", "/no/such/file", "--json", DATABASE_URL=database.url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "没有" in refused.stderr
    assert "There is no file" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_json_is_one_value_and_nothing_else(database: Database) -> None:
    load_demo(database, utc_now())
    checked = command("check-invariants", "--json", DATABASE_URL=database.url)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert json.loads(checked.stdout)["ok"]
    assert len(checked.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", ["check-invariants", "migrate", "show-orders"])
def test_a_database_that_is_away_is_said_without_a_traceback_or_a_password(name: str, tmp_path: Path) -> None:
    arguments = [name, "--channel", "douyin", "--json"] if name == "show-orders" else [name, "--json"]
    url = "postgresql://someone:top-secret@127.0.0.1:9/none"
    away = command(*arguments, DATABASE_URL=url, VAR_DIR=str(tmp_path))
    assert (away.returncode, away.stdout) == (1, "")
    assert "DATABASE_URL" in away.stderr
    assert "Traceback" not in away.stderr
    assert "top-secret" not in away.stderr


def test_an_unmigrated_database_says_which_command_helps(database: Database) -> None:
    from sqlalchemy import text

    with database.transaction() as session:
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    early = command("check-invariants", DATABASE_URL=database.url)
    assert early.returncode == 1
    assert "gongfang migrate" in early.stderr
    assert "Traceback" not in early.stderr
    moved = command("migrate", "--json", DATABASE_URL=database.url)
    assert json.loads(moved.stdout)["from"] is None
    assert command("check-invariants", DATABASE_URL=database.url).returncode == 0


def test_a_wrong_setting_ends_a_command_before_it_does_anything() -> None:
    wrong = command("migrate", DATABASE_URL="mysql://x", PORT="eighty")
    assert wrong.returncode == 1
    assert "DATABASE_URL" in wrong.stderr
    assert "PORT" in wrong.stderr


@pytest.mark.parametrize("arguments", [["--buyers", "0"], ["--buyers", "201"], ["--seconds", "3601"], ["--port", "0"]])
def test_a_crowd_is_bounded(arguments: list[str]) -> None:
    assert CliRunner().invoke(gongfang, ["crowd", *arguments]).exit_code == 2


def test_a_crowd_comes_to_no_shop_where_payments_are_real_and_says_when_none_is_open(tmp_path: Path) -> None:
    elsewhere = command("crowd", "--json", STRIPE_API_URL="https://api.stripe.com", VAR_DIR=str(tmp_path))
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    assert "for the demo only" in elsewhere.stderr
    closed = command("crowd", "--port", "9", "--json", VAR_DIR=str(tmp_path))
    assert (closed.returncode, closed.stdout) == (1, "")
    assert "gongfang run" in closed.stderr


def test_demo_reset_refuses_production_and_a_server_of_ones_own(database: Database, tmp_path: Path) -> None:
    own = command("demo-reset", DATABASE_URL=database.url, VAR_DIR=str(tmp_path))
    assert own.returncode == 1
    assert "DATABASE_URL" in own.stderr
    (tmp_path / "postgres").mkdir()
    empty = command("demo-reset", VAR_DIR=str(tmp_path), DATABASE_URL="")
    assert empty.returncode == 0
    assert (tmp_path / "postgres.before-reset").is_dir()
    assert not (tmp_path / "postgres").exists()
