"""Faults in a manifest carry the line a person must go to."""

import pytest

from provisiond.catalog.toml_lines import line_of

TEXT = """\
vendor = "Acme"

[[file]]
id = "boot"

[[file]]
id = "mac"
path = "{mac}.cfg"

[buttons.line]
code = { type = 15 }

[[layouts.six.banks]]
keys = 6

[[layouts.six.banks]]
keys = 7
"""


@pytest.mark.parametrize(
    ("loc", "line"),
    [
        (("vendor",), 1),
        (("file", 0, "id"), 4),
        (("file", 1, "path"), 8),
        (("file", 1, "template"), 6),
        (("buttons", "line", "code"), 11),
        (("buttons", "line", "code", "type"), 11),
        (("layouts", "six", "banks", 1, "keys"), 17),
        (("model",), None),
    ],
)
def test_finds_the_line_of_a_value_or_of_what_is_around_it(
    loc: tuple[str | int, ...], line: int | None
) -> None:
    assert line_of(TEXT, loc) == line
