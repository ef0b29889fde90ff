"""Commands at a prompt, run in this process as `main` runs them."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from provisiond import cli


class Prompt:
    """Runs commands with a configuration file. A fresh process for each of so many takes long."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def __call__(self, *arguments: str, code: int = 0, given: str = "") -> str:
        """What the command says, with the text given on its standard input; asserts on its exit
        code."""
        before, sys.argv = sys.argv, ["provisiond", "-c", str(self.config), *arguments]
        keyboard, sys.stdin = sys.stdin, io.StringIO(given)
        said, faults = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        try:
            with redirect_stdout(said), redirect_stderr(faults), pytest.raises(SystemExit) as ended:
                cli.main()
        finally:
            sys.argv, sys.stdin = before, keyboard
        text = ""
        for stream in (said, faults):
            stream.seek(0)
            text += stream.read()
        assert (ended.value.code or 0) == code, (arguments, text)
        return text

    def told(self, *arguments: str, code: int = 0, given: str = "") -> Any:
        """The JSON that the command prints."""
        return json.loads(self(*arguments, "--json", code=code, given=given))
