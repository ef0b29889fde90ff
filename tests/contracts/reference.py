"""Which parts of the docs are made from code? `python -m tests.contracts.reference` does it."""

import tomllib
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from provisiond.settings import PRIVATE_NETWORKS, all_keys
from provisiond.settings_sources import Key
from tests.contracts.source import ROOT


def settings_table() -> str:
    """Every setting with its default and its meaning, as Markdown."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    rows += [f"| `{key.name}` | {shown_default(key)} | {key.description} |" for key in all_keys()]
    return "\n".join(rows)


def shown_default(key: Key) -> str:
    """The default as it would stand in the TOML file."""
    default = key.default
    if default == PRIVATE_NETWORKS:
        return "loopback and private ranges"
    if default is None or key.name in {"models_dir", "boot.tftp_networks"}:
        return "unset"
    if key.name == "admission.enrol_networks":
        return "unset"
    return f"`{toml_value(default)}`"


def toml_value(value: object) -> str:
    """One value in TOML's spelling."""
    if isinstance(value, Enum):
        return toml_value(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    return f'"{value}"'


def dialling_table() -> str:
    """Which parameters of each shipped family decide about dialled numbers, as Markdown."""
    rows = ["| family | judged | an admin's, and not judged |", "|---|---|---|"]
    for path in sorted((ROOT / "templates/models").glob("*/*/family.toml")):
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
        judged, rules = manifest.get("dial_plans", {}), manifest.get("dial_rules", [])
        cells = [", ".join(f"`{key}`" for key in keys) or "–" for keys in (judged, rules)]
        rows.append(f"| {path.parent.parent.name}/{path.parent.name} | {' | '.join(cells)} |")
    return "\n".join(rows)


MADE: dict[str, dict[str, Callable[[], str]]] = {
    "docs/configuration.md": {"settings": settings_table},
    "docs/emergency.md": {"dialling": dialling_table},
}
"""File → marker → what stands between `<!-- made: marker -->` and `<!-- end -->`."""


def rewritten(path: Path) -> str:
    """The file's text with its made parts made anew."""
    text = path.read_text(encoding="utf-8")
    for marker, make in MADE[str(path.relative_to(ROOT))].items():
        begin, end = f"<!-- made: {marker} -->\n", "<!-- end -->"
        head, found, rest = text.partition(begin)
        assert found, f"{path} has no {marker}"
        text = f"{head}{begin}{make()}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    for name in MADE:
        (ROOT / name).write_text(rewritten(ROOT / name), encoding="utf-8")
