"""How is provisiond asked at a prompt? The command tree, and faults told in one sentence."""

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from provisiond import __version__
from provisiond.cli_compare import compare
from provisiond.cli_destinations import app as destinations
from provisiond.cli_dhcp import dhcp_snippet
from provisiond.cli_directories import app as directories
from provisiond.cli_domains import app as domains
from provisiond.cli_emergency import app as emergency
from provisiond.cli_families import app as families
from provisiond.cli_imports import import_file, import_profiles
from provisiond.cli_inventory import export, render
from provisiond.cli_layouts import app as layouts
from provisiond.cli_numbers import app as numbers
from provisiond.cli_output import report, warn
from provisiond.cli_pending import app as pending
from provisiond.cli_people import admin
from provisiond.cli_people import app as people
from provisiond.cli_phones import app as phones
from provisiond.cli_resync import resync
from provisiond.cli_server import check, init, migrate, serve
from provisiond.cli_session import Config, Json, Session
from provisiond.cli_sites import app as sites
from provisiond.cli_sms import app as sms
from provisiond.cli_timeframes import app as timeframes
from provisiond.cli_tokens import app as tokens
from provisiond.cli_users import app as users
from provisiond.doctor import doctor
from provisiond.inventory.errors import ProvisiondError
from provisiond.simulator import simulate

app = typer.Typer(
    name="provisiond",
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


app.command("serve")(serve)
app.command("init")(init)
app.command("check")(check)
app.command("migrate")(migrate)
app.command("import")(import_file)
app.command("import-profiles")(import_profiles)
app.command("export")(export)
app.command("render")(render)
app.command("compare")(compare)
app.command("resync")(resync)
app.command("simulate")(simulate)
app.command("doctor")(doctor)
app.command("dhcp-snippet")(dhcp_snippet)
app.add_typer(phones, name="phones")
app.add_typer(layouts, name="layouts")
app.add_typer(pending, name="pending")
app.add_typer(numbers, name="numbers")
app.add_typer(sms, name="sms")
app.add_typer(timeframes, name="timeframes")
app.add_typer(destinations, name="destinations")
app.add_typer(users, name="users")
app.add_typer(directories, name="directories")
app.add_typer(sites, name="sites")
app.add_typer(domains, name="domains")
app.add_typer(emergency, name="emergency")
app.add_typer(families, name="families")
app.add_typer(people, name="people")
app.add_typer(tokens, name="tokens")
app.add_typer(admin, name="admin")


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
