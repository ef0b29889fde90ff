"""Human text loses what could end a line or a document, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisiond.catalog.cleaning import clean, clean_ascii, clean_label, is_clean, to_ascii
from provisiond.catalog.manifest import Limits

ANY = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("plain text", "plain text"),
        ("a\r\nb", "ab"),
        ("tab\there", "tab here"),
        ("\x00\x07\x0b\x0c\x1b\x7f", ""),
        ("nel\x85 ls\u2028 ps\u2029", "nel ls ps"),
        ("\ufeffbom \ud800lone \ufdd0\ufffe\U0001ffff", "bom lone "),
        ("Ünï 日本 😀 \u202ertl\u202c \u200d", "Ünï 日本 😀 \u202ertl\u202c \u200d"),
        ("; = , | < > & \" ' ]]> {{ }} {% %NULL%", "; = , | < > & \" ' ]]> {{ }} {% %NULL%"),
    ],
)
def test_only_controls_separators_and_non_characters_go(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@given(ANY)
def test_cleaned_text_is_one_line_encodes_and_stays_clean(typed: str) -> None:
    cleaned = clean(typed)
    assert len(cleaned.splitlines()) <= 1
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned
    assert is_clean(cleaned)
    assert is_clean(typed) == (cleaned == typed)


@given(ANY.map(clean))
def test_ascii_is_ascii_and_leaves_ascii_alone(text: str) -> None:
    assert to_ascii(text).isascii()
    assert "\n" not in to_ascii(text)
    if text.isascii():
        assert to_ascii(text) == text


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Müller & Søn", "Muller & Son"),
        ("Łódź ß Æ", "Lodz ss AE"),
        ("„Zitat“ – it’s…", '"Zitat" - it\'s...'),
        ("日本", "??"),
        ("a\u200db", "ab"),
        ("10 €", "10 EUR"),
    ],
)
def test_letters_have_likenesses(text: str, spelled: str) -> None:
    assert to_ascii(text) == spelled


@pytest.mark.parametrize(
    ("limits", "typed", "shown"),
    [
        ({}, "Front\tdesk\n", "Front desk"),
        ({"label_chars": 5}, "Front desk", "Front"),
        ({"label_chars": 6}, "Front desk", "Front"),
        ({"label_chars": 2}, "Re\u0301", "R"),
        ({"label_chars": 10}, "Front desk", "Front desk"),
        ({"forbidden_in_labels": ";,"}, "a; b,c", "a b c"),
        ({"forbidden_in_labels": "-]^"}, "a-b]c^d", "a b c d"),
        ({"label_chars": 2}, "👩\u200d💻", "👩"),
    ],
)
def test_labels_are_cut_to_what_the_phone_shows(
    limits: dict[str, object], typed: str, shown: str
) -> None:
    assert clean_label(typed, Limits.model_validate(limits)) == shown


def test_a_letter_that_becomes_a_separator_in_ascii_is_removed_as_one() -> None:
    limits = Limits.model_validate({"forbidden_in_labels": ";=<$", "label_chars": 12})
    typed = "Bob\uff1bfnc\uff1ddnd \uff1c\uff04\uff1e\r"
    assert clean_label(typed, limits, clean_ascii) == "Bob fnc dnd"
    assert clean_ascii(typed) == "Bob;fnc=dnd <$>"


def test_a_label_is_cut_as_long_as_it_is_in_ascii() -> None:
    limits = Limits.model_validate({"label_chars": 4})
    assert clean_label("Größe", limits, clean_ascii) == "Gros"
