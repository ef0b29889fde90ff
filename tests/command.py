"""How does a test run a command in a process of its own, without Python loading it all anew?"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 120

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        *(f"provisiond.{path.stem}" for path in sorted((ROOT / "provisiond").glob("[a-z]*.py"))),
        *("aiosqlite", "pydantic.type_adapter"),
    ]
)


def run_command(
    arguments: Sequence[str],
    *,
    cwd: Path,
    stdin: str = "",
    environ: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """`python -m provisiond` with these arguments, and with `environ` beside what this process has.

    It is forked off a process that has loaded the program and done nothing else: loading takes
    more than most commands do. Where `environ` says more than settings, which Python may heed
    when it starts, it is started as a person would.
    """
    given = dict(environ or {})
    if not all(name.startswith("PROVISIOND_") for name in given):
        return subprocess.run(
            [sys.executable, "-m", "provisiond", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **given},
        )
    with tempfile.TemporaryDirectory() as folder:
        streams = Path(folder)
        (streams / "0").write_text(stdin)
        process = _FORKS.Process(
            target=_begin, args=(tuple(arguments), str(cwd), {**os.environ, **given}, folder)
        )
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), SECONDS)
        done = subprocess.CompletedProcess(
            list(arguments),
            process.exitcode,
            (streams / "1").read_text(),
            (streams / "2").read_text(),
        )
        process.close()
        return done


def _begin(arguments: tuple[str, ...], cwd: str, environ: dict[str, str], streams: str) -> None:
    for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        opened = os.open(f"{streams}/{number}", flags | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    sys.argv = ["provisiond", *arguments]
    from provisiond.cli import main

    main()
