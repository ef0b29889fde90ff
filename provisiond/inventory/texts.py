"""Which texts may stand in a record? Length, characters, host names, dialled numbers."""

import re
from collections.abc import Iterator

from provisiond.inventory.errors import Finding

_HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_IPV6 = re.compile(r"\[?[0-9a-f:.]*:[0-9a-f:.]*\]?", re.IGNORECASE)
_EXTENSION = re.compile(r"[0-9*#]{1,15}")
_DIALLED = re.compile(r"[0-9*#+,;()./ A-Da-dPpWwTt-]{1,64}")
_FEATURE_CODE = re.compile(r"[0-9A-Za-z*#+._@-]*(\{value\})?[0-9A-Za-z*#+._@-]*")
_SIP_USER = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,128}")  # RFC 3261 §25.1, user
_IPEI = re.compile(r"[0-9a-f]{10}", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?[eE][+-]?\d+")
_SHEET_ERROR = re.compile(r"#(REF|NAME\?|VALUE|N/A|DIV/0|NUM|NULL)!?|#{4,}")
_SHEET_DATE = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?|\d{1,2}:\d\d:\d\d( [AP]M)?|\d{1,2}/\d{1,2}/\d{2,4}"
    r"|\d{1,2}[-. ](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*([-. ]\d{2,4})?",
    re.IGNORECASE,
)
_PASSWORD_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def text_faults(
    where: str, text: str, most: int, *, lines: bool = False, needed: bool = False
) -> Iterator[Finding]:
    """What is wrong with a human's text: too long, missing, blanks around it, or characters that
    no phone can show. `lines` allows line breaks and tabs."""
    if needed and not text:
        yield Finding(where=where, message="it is missing.", remedy="Give a text.")
    if len(text) > most:
        yield Finding(
            where=where,
            message=f"it has {len(text)} characters; {most} are the most.",
            remedy="Shorten it.",
        )
    if text != text.strip():
        yield Finding(
            where=where,
            message=f"{shown(text)} begins or ends with a blank.",
            remedy="Remove the blank.",
        )
    bad = first_unprintable(text, lines=lines)
    if bad is not None:
        yield Finding(where=where, message=f"{shown(text)} holds {bad}.", remedy="Remove it.")


def first_unprintable(text: str, *, lines: bool = False) -> str | None:
    """The first character that a phone's file cannot carry, in words; None where there is none."""
    if text.isprintable():
        return None
    for at, character in enumerate(text, 1):
        point = ord(character)
        if lines and character in "\n\r\t":
            continue
        if character in "\n\r\x85\u2028\u2029":
            return f"a line break at character {at}"
        if character == "\t":
            return f"a tab at character {at}"
        if point < 0x20 or 0x7F <= point <= 0x9F:
            return f"the control character U+{point:04X} at character {at}"
        if 0xD800 <= point <= 0xDFFF:
            return f"half a character (U+{point:04X}) at character {at}"
        if point == 0xFEFF or 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE:
            return f"U+{point:04X}, which is no character, at character {at}"
    return None


def is_extension(text: str) -> bool:
    """Whether it is 1-15 of `0-9*#`."""
    return _EXTENSION.fullmatch(text) is not None


def is_dialled(text: str) -> bool:
    """Whether it can stand in a directory: digits, `*#+`, pauses, and what people write between."""
    return _DIALLED.fullmatch(text) is not None and any(c in "0123456789*#" for c in text)


def is_feature_code(text: str) -> bool:
    """Whether it can be dialled, with at most one `{value}` in it, and is not empty."""
    return bool(text) and len(text) <= 64 and _FEATURE_CODE.fullmatch(text) is not None


def is_sip_user(text: str) -> bool:
    """Whether it can be the user part of a SIP address without escaping (RFC 3261 §25.1)."""
    return _SIP_USER.fullmatch(text) is not None


def has_blank(text: str) -> bool:
    """Whether a password holds a blank or an unprintable character, which phones cut or refuse."""
    return _PASSWORD_FORBIDDEN.search(text) is not None


def is_ipei(text: str) -> bool:
    """Whether this is the serial number of a DECT handset as bases are told it: 10 hex digits."""
    return _IPEI.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether it is a host name (RFC 1123 §2.1) or an IP address, without port or scheme."""
    if len(text) > 253 or not text.isascii():
        return False
    if _IPV4.fullmatch(text):
        return all(int(part) <= 255 for part in text.split("."))
    if ":" in text:
        return _IPV6.fullmatch(text) is not None
    return all(_HOST_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))


def small_number(text: str) -> int | None:
    """The whole number of one to nine digits that the text is, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def shown(text: str) -> str:
    """A text as messages quote it: escaped, at most 60 characters."""
    quoted = ascii(text) if first_unprintable(text) else repr(text)
    return quoted if len(quoted) <= 60 else f"{quoted[:57]}…{quoted[-1]}"


def printable(text: str) -> str:
    """A text for a terminal or log: what is unprintable stands escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def is_sheet_error(text: str) -> bool:
    """Whether a spreadsheet wrote its own error, or that the column is too narrow."""
    return _SHEET_ERROR.fullmatch(text) is not None


def is_sheet_number(text: str) -> bool:
    """Whether a spreadsheet wrote a long number its own way: 1.56511E+11."""
    return _SCIENTIFIC.fullmatch(text) is not None


def is_sheet_date(text: str) -> bool:
    """Whether a spreadsheet took something for a day or time: 2026-03-01T00:00:00, 1-Mar."""
    return _SHEET_DATE.fullmatch(text) is not None


def spreadsheet_damage(mac: str) -> str | None:
    """What a spreadsheet did to a MAC address that it took for a number, in words, or None.

    It writes twelve digits as 1.56511E+11, drops leading zeros, and sees days and times; only the
    label knows the rest.
    """
    text = mac.strip()
    if _SHEET_ERROR.fullmatch(text):
        return f"a spreadsheet wrote its own error {text} in place of the MAC address"
    if _SHEET_DATE.fullmatch(text):
        return f"a spreadsheet turned the MAC address into the date or time {text}"
    if _SCIENTIFIC.fullmatch(text):
        return f"a spreadsheet turned the MAC address into the number {text}; its digits are lost"
    whole = re.sub(r"[.,]0+$", "", text)
    if whole.isascii() and whole.isdigit() and 6 <= len(whole) < 12:
        guess = whole.zfill(12)
        pairs = ":".join(guess[i : i + 2] for i in range(0, 12, 2))
        return (
            f"{text} has {len(whole)} digits; a spreadsheet probably dropped leading zeros, and "
            f"it was {pairs}"
        )
    return None
