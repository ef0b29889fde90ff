"""The family that `docs/families.md` builds, taken out of the page."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "families.md"
_FILE = re.compile(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


def write_example(root: Path) -> Path:
    """Write it to `root/example/desk` and return that folder."""
    folder = root / "example" / "desk"
    folder.mkdir(parents=True)
    for name, text in _FILE.findall(PAGE.read_text(encoding="utf-8")):
        (folder / name).write_text(text, encoding="utf-8")
    return folder
