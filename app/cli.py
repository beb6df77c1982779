"""The command `gongfang`: exit 0 done, 1 refused (the reason on stderr), 2 misuse."""

import sys
from importlib import import_module

import click

from kernel.errors import Problem

# Command -> module in app/commands; loaded when called, so that `--help` and small commands start fast.
COMMANDS = {
    "run": "run",
    "crowd": "crowd",
    "demo-reset": "run",
    "import-orders": "orders",
    "show-orders": "orders",
    "export-shipments": "shipments",
    "import-quotes": "purchasing",
    "farmer-price": "purchasing",
    "piece-pay": "wages",
    "check-invariants": "care",
    "backup": "care",
    "restore": "care",
    "migrate": "care",
    "reconcile": "reconcile",
    "add-person": "people",
}


class LazyGroup(click.Group):
    """Finds a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click hands it in
        """Every command by name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click hands it in
        """The command, or ``None`` when there is no such one."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(f"app.commands.{module}"), cmd_name.replace("-", "_"))
        return command


@click.group(cls=LazyGroup)
def gongfang() -> None:
    """Gongfang, the shop and back office of a village workshop."""


def main() -> None:
    """Run the command; a refusal is one sentence on stderr and exit 1."""
    try:
        gongfang(standalone_mode=True)
    except Problem as problem:
        click.echo(str(problem), err=True)
        for field, text in problem.fields.items():
            click.echo(f"  {field}: {text.en}", err=True)
        sys.exit(1)
