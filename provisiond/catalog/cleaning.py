"""Which characters of a human's text may reach a phone?

Text is cleaned once, when the context is built; no template construct can bring back what was
removed, so that a label cannot start a second assignment, whatever the template does with it.
"""

import re
import unicodedata
from collections.abc import Callable

from provisiond.catalog.manifest import Limits

_REMOVED = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # controls, CR, LF, NUL and the C1 set with U+0085
    "\u2028\u2029\ufeff"  # line and paragraph separator, byte order mark
    "\ud800-\udfff"  # surrogates
    "\ufdd0-\ufdef"  # non-characters, and the last two of each plane
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)

Cleaner = Callable[[str], str]

_JOINED = "\u200d\ufe0e\ufe0f"  # joins or styles its neighbours
_LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th",
        "ı": "i", "ħ": "h", "Ħ": "H", "ŋ": "n", "Ŋ": "N", "‘": "'", "’": "'", "‚": ",",
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'", "–": "-",
        "—": "-", "‐": "-", "‑": "-", "−": "-", "…": "...", "•": "*", "·": ".", "×": "x",
        "÷": "/", "€": "EUR", "£": "GBP", "¥": "JPY", "©": "(c)", "®": "(r)",
        "\u200b": "", "\u200c": "", "\u200d": "", "\u200e": "", "\u200f": "", "\u2060": "",
    }
)  # fmt: skip


def clean(text: str) -> str:
    """`text` without what could end a line or a document; a tab becomes a blank.

    Removed: C0 and C1 controls (NUL, CR, LF, U+0085), U+2028, U+2029, surrogates,
    non-characters and the byte order mark. Everything else stays as it is.
    """
    if text.isprintable():
        return text
    return _REMOVED.sub("", text.replace("\t", " "))


def is_clean(text: str) -> bool:
    """Whether `clean` would leave `text` alone."""
    return text.isprintable() or ("\t" not in text and _REMOVED.search(text) is None)


def clean_ascii(text: str) -> str:
    """What `clean` leaves, in ASCII: for files of ASCII, before a template looks at the text.

    Transliteration makes separators (a full-width `；` becomes `;`): done later, it would bring
    back what a label or a template's own filter had removed.
    """
    return to_ascii(clean(text))


def cleaner_of(*, ascii_only: bool) -> Cleaner:
    """What cleans texts for a file: of ASCII, or of all that can be printed."""
    return clean_ascii if ascii_only else clean


def clean_label(text: str, limits: Limits, cleaner: Cleaner = clean) -> str:
    """A label as this family can show it: cleaned, forbidden characters made blanks, cut.

    `cleaner` is `clean_ascii` in files of ASCII. The cut never separates a letter from its
    combining marks.
    """
    label = cleaner(text)
    if limits.forbidden_in_labels:
        blanks = {ord(c): " " for c in limits.forbidden_in_labels}
        label = " ".join(label.translate(blanks).split())
    most = limits.label_chars
    if most is None or len(label) <= most:
        return label
    while most > 0 and (unicodedata.combining(label[most]) or label[most] in _JOINED):
        most -= 1
    return label[:most].rstrip().rstrip(_JOINED)


def to_ascii(text: str) -> str:
    """`text` in ASCII, for phones that know no other letters: accents dropped, ligatures spelled
    out, `?` for each letter that has no likeness."""
    if text.isascii():
        return text
    spelled = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    kept = "".join(c for c in spelled if not unicodedata.combining(c)).translate(_LETTERS)
    return "".join(c if c.isascii() else "?" for c in kept)
