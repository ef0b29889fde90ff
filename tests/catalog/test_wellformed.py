"""XML is read without network, DTD or entities, and every refusal has its line."""

from pathlib import Path

import pytest

from provisiond.catalog.wellformed import parse_xml


def test_a_good_document_has_a_root_and_no_findings() -> None:
    root, findings = parse_xml(b'<?xml version="1.0" encoding="UTF-8"?>\n<a>x</a>', "f")
    assert root is not None
    assert root.tag == "a"
    assert findings == ()


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        (b"<a>\n<b>\n</a>", 3, "mismatch"),
        (b"<a x='1'\nx='2'/>", 2, "redefined"),
        (b"<a>\n&nbsp;</a>", 2, "nbsp"),
        (b"<a>\n& b</a>", 2, ""),
        (b"<a/>\n<b/>", 2, "Extra content"),
        (b"", 1, ""),
        (b"   ", 1, ""),
        (b"<a>\n\x00</a>", 2, ""),
        (b"<a>\xff</a>", 1, ""),
        ("<a>\ufffe</a>".encode(), 1, ""),
    ],
)
def test_what_is_not_well_formed_is_one_finding(body: bytes, line: int, said: str) -> None:
    root, findings = parse_xml(body, "f")
    assert root is None
    assert len(findings) == 1
    assert findings[0].line == line
    assert said in findings[0].message


def test_a_dtd_is_refused_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("fetched")
    body = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a>&x;</a>'.encode()
    root, findings = parse_xml(body, "f")
    assert root is None
    assert "DTD" in findings[0].message
    assert "fetched" not in str(findings)


def test_an_entity_bomb_is_refused_at_once() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    body = f'<!DOCTYPE a [<!ENTITY l0 "x">{levels}]><a>&l11;</a>'.encode()
    root, findings = parse_xml(body, "f")
    assert root is None
    assert len(findings) == 1
