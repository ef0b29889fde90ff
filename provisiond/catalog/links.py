"""Where does a value in a file lead? The names and URLs in it, as the phone would read them."""

import re
from collections.abc import Iterator, Mapping

from provisiond.catalog.manifest import Manifest, ModelRule
from provisiond.inventory.mac import Mac

_HOLE = re.compile(r"\{(=?)([^{}]+)\}")
_BETWEEN = re.compile(r"[\s,]+")


def targets(
    manifest: Manifest, model: ModelRule, mac: Mac, value: str, told: Mapping[str, str]
) -> Iterator[str]:
    """The words of a value, in order, with the vendor's macros put in.

    `told` is key to value of all that the phone has been told so far. A word with a macro that
    stands for nothing leads nowhere and is left out.
    """
    words = {"mac": mac.text, "MAC": mac.text.upper(), **model.names}
    for word in filter(None, _BETWEEN.split(value)):
        found = _put_in(manifest, word, words, told)
        if found is not None:
            yield found


def leads_to(pattern: re.Pattern[str], target: str) -> bool:
    """Whether a target, with whatever folders or host before it, is a name of this pattern."""
    parts = target.partition("?")[0].split("/")
    return any(pattern.fullmatch("/".join(parts[at:])) for at in range(len(parts)))


def _put_in(
    manifest: Manifest, word: str, words: Mapping[str, str], told: Mapping[str, str]
) -> str | None:
    for macro in sorted(manifest.macros, key=len, reverse=True):
        if macro not in word:
            continue
        text = _HOLE.sub(
            lambda hole: (told if hole.group(1) else words).get(hole.group(2), ""),
            manifest.macros[macro],
        )
        if not text:
            return None
        word = word.replace(macro, text)
    return word
