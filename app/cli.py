"""The command `gongfang`: exit 0 done, 1 refused (the reason on stderr), 2 misuse."""

import sys
from importlib import import_module

import click

from kernel.errors import Problem
from kernel.text import Text

# Command -> its module in app/commands and what it does. The module is loaded when the command is called, so that
# `--help` and small commands start fast.
COMMANDS = {
    "run": ("run", "Run shop, worker, demo payments and database; Ctrl-C stops them."),
    "crowd": ("crowd", "Send a bounded crowd of demo buyers to the running shop."),
    "demo-reset": ("run", "Put the demo's data aside; the next run starts afresh."),
    "import-orders": ("orders", "Take in the orders of another platform from its export."),
    "show-orders": ("orders", "Show the imported orders of a platform."),
    "export-shipments": ("shipments", "Fill the shipping sheet that a platform takes back."),
    "import-quotes": ("purchasing", "Take market prices in from a file."),
    "farmer-price": ("purchasing", "Work out what a farmer is paid for one case, storing nothing."),
    "plan-work": ("routing", "Route a day's packing work, storing nothing."),
    "piece-pay": ("wages", "Work out piece pay for one case, storing nothing."),
    "courier-fee": ("fees", "Work out what a courier charges for one box, storing nothing."),
    "check-invariants": ("care", "Count again whether everything adds up."),
    "backup": ("care", "Write a backup of the database to a file."),
    "restore": ("care", "Bring a backup back, or prove that it can be."),
    "migrate": ("care", "Bring the database to the schema of this program."),
    "recall": ("recall", "List every buyer of a lot; changes nothing."),
    "buyers": ("buyers", "Copy or erase what is kept of a buyer, by phone number."),
    "prosperity-report": ("prosperity", "Count who earned and what growers got in a month or a year."),
    "prosperity-merge": ("prosperity", "Put several workshops' common-prosperity files together."),
    "reconcile": ("reconcile", "Compare with Stripe and mend what was missed."),
    "add-person": ("people", "Add somebody who works here."),
}


class LazyGroup(click.Group):
    """Finds a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click hands it in
        """Every command by name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click hands it in
        """The command, or ``None`` when there is no such one."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"app.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the help, without loading a single one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup)
def gongfang() -> None:
    """Gongfang, the shop and back office of a village workshop.

    Every command: exit 0 done, 1 refused with the reason on stderr, 2 misuse.
    """


def main() -> None:
    """Run the command; a refusal is one sentence on stderr and exit 1."""
    try:
        gongfang(standalone_mode=True)
    except Problem as problem:
        _refuse(_both(problem.text), *(f"  {field}: {_both(text)}" for field, text in problem.fields.items()))
    except Exception as error:
        why = _database_trouble(error)
        if why is None:
            raise
        _refuse(why)


def _both(text: Text) -> str:
    return f"{text.zh} · {text.en}"


def _refuse(*lines: str) -> None:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)


def _database_trouble(error: Exception) -> str | None:
    """What to do about a database that is away or too old; ``None`` for any other error."""
    if type(error).__module__ != "sqlalchemy.exc":
        return None
    from sqlalchemy.exc import DBAPIError, OperationalError

    if isinstance(error, OperationalError):
        return f"连不上数据库 · The database does not answer: {error.orig}\nStart it, or look at DATABASE_URL."
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in ("42P01", "42703"):
        return "数据库还没有升级 · The database has not the schema of this program. Run `gongfang migrate` first."
    return None
