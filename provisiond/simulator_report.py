"""How did the virtual phones fare? A bar while they boot, a table by model, faults in words."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from provisiond.cli_output import emit, say, table, warn
from provisiond.simulator_boot import Outcome
from provisiond.simulator_fleet import Fleet

_SHOWN = 50  # kinds of fault told to people; --json has all


@contextmanager
def progress(total: int, *, shown: bool) -> Iterator[Callable[[], None]]:
    """A bar on standard error where a person looks; the function moves it by one phone."""
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("phones", total=total)
        yield lambda: bar.advance(task)


def report_outcomes(outcomes: Sequence[Outcome], fleet: Fleet, *, as_json: bool) -> None:
    """Tell people, or programs; `fleet` has who was left out."""
    good = sum(not outcome.faults for outcome in outcomes)
    requests = sum(outcome.requests for outcome in outcomes)
    if as_json:
        emit(
            {
                "phones": len(outcomes),
                "good": good,
                "requests": requests,
                "models": [
                    {"model": model, "phones": phones, "good": fine, "requests": asked}
                    for model, phones, fine, asked in _by_model(outcomes)
                ],
                "faults": [
                    {"mac": o.phone.mac, "model": _model(o), "faults": o.faults}
                    for o in outcomes
                    if o.faults
                ],
                "without_family": [{"mac": mac, "model": model} for mac, model in fleet.homeless],
                "disabled": fleet.disabled,
            }
        )
        return
    table(("model", "phones", "good", "requests"), _by_model(outcomes))
    _tell_faults(outcomes)
    for mac, model in fleet.homeless[:_SHOWN]:
        warn(f"{mac}: no loaded family has its model {model!r}; `provisiond check` says why.")
    if len(fleet.homeless) > _SHOWN:
        warn(f"… and {len(fleet.homeless) - _SHOWN} more of such models; --json lists all.")
    if fleet.disabled:
        say(f"{fleet.disabled} disabled phone(s) were left out.")
    say()
    say(f"{good} of {len(outcomes)} phones ended with the account of the inventory.")


def sequences(outcomes: Sequence[Outcome]) -> bytes:
    """What each phone asks at a boot, a line a phone, as `bench/http_storm.c` reads it.

    `name`, or `name=404` where nothing is to come; names start at the server's root. Names with
    a token are as good as passwords.
    """
    lines = (
        " ".join(name if status == 200 else f"{name}={status}" for name, status in outcome.asked)
        for outcome in outcomes
    )
    return ("\n".join(lines) + "\n").encode()


def _by_model(outcomes: Sequence[Outcome]) -> list[tuple[str, int, int, int]]:
    found: dict[str, list[int]] = {}
    for outcome in outcomes:
        counts = found.setdefault(_model(outcome), [0, 0, 0])
        counts[0] += 1
        counts[1] += not outcome.faults
        counts[2] += outcome.requests
    return [(model, c[0], c[1], c[2]) for model, c in sorted(found.items())]


def _tell_faults(outcomes: Sequence[Outcome]) -> None:
    """Each kind of fault of a model once, with a phone to look at."""
    kinds: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for outcome in outcomes:
        for fault in outcome.faults:
            kind = (_model(outcome), fault)
            kinds[kind] += 1
            first.setdefault(kind, str(outcome.phone.mac))
    for (model, fault), count in kinds.most_common(_SHOWN):
        more = f" and {count - 1} more" if count > 1 else ""
        warn(f"{model}, {first[model, fault]}{more}: {fault}.")
    if len(kinds) > _SHOWN:
        warn(f"… and {len(kinds) - _SHOWN} more kinds of fault; --json lists all.")


def _model(outcome: Outcome) -> str:
    return f"{outcome.phone.family.manifest.vendor} {outcome.phone.model.name}"
