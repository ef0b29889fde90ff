"""How is provisiond asked at a prompt? The command tree, and faults told in one sentence."""

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from provisiond import __version__
from provisiond.cli_commands import Commands
from provisiond.cli_output import report, warn
from provisiond.cli_session import Config, Json, Session
from provisiond.inventory.errors import ProvisiondError

app = typer.Typer(
    name="provisiond",
    cls=Commands,
    help="Desk phones fetch their configuration here, rendered from one inventory.",
    epilog="Each command ends with 0 when it did what was asked, 1 when it could not or found "
    "faults, 2 when it was asked wrongly or the settings have faults.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"provisiond {__version__}")
        raise typer.Exit


@app.callback()
def _begin(
    context: typer.Context,
    config: Config = None,
    as_json: Json = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version
    context.obj = context.obj or Session(environ=os.environ)
    context.obj.begin(config, as_json)


def main() -> None:
    """Run the command line and end the process: 0, 1 or 2."""
    session = Session(environ=os.environ)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows no UTF-8 is no fault of ours
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="provisiond", obj=session)
    except ProvisiondError as fault:
        sys.exit(report(fault, as_json=session.as_json))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read us has gone (`| head`): nothing is left to say, not even at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as fault:
        place = f"{fault.filename}: " if fault.filename else ""
        warn(f"provisiond: {place}{fault.strerror or fault}.")
        sys.exit(1)
