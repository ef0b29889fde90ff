"""A template reaches its context and nothing else, and cannot build what does not fit memory."""

from pathlib import Path

import pytest

from provisiond.inventory.errors import TemplateFault, TemplateRejected
from tests.catalog.made_up import rendered, rule


def text(folder: Path, template: str) -> str:
    return rendered(folder, template, rule("text")).body.decode()


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ phone.__class__.__mro__ }}",
        "{{ phone['__class__'] }}",
        "{{ param.__globals__ }}",
        "{{ range.__self__ }}",
        "{{ self.__init__ }}",
        "{{ [].append(1) }}",
        "{{ tables.clear() }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ loop }}",
        "{{ lipsum() }}",
        "{{ cycler }}",
        "{{ joiner }}",
        "{{ dict() }}",
        "{{ 'x'.format(1) }}",
        "{{ 'x'.format_map({}) }}",
        "{{ 'x'.encode() }}",
        "{{ 'x'.translate({}) }}",
        "{{ 'x'.join(['a']) }}",
        "{{ 'x'.expandtabs(9) }}",
        "{{ phone.replace }}",
        "{{ keys[0].code.pop('type') }}",
        "{{ (1).bit_length() }}",
        "{{ (accounts | map(attribute='__class__') | list)[0].x }}",
        "{{ keys | map('attr', '__class__') | list }}",
        "{{ namespace(a=1).__dict__ }}",
        "{{ key.__call__ }}",
        "{{ '%s' % 1 }}",
    ],
)
def test_what_is_not_allowed_fails(tmp_path: Path, template: str) -> None:
    with pytest.raises((TemplateFault, TemplateRejected)):
        text(tmp_path, template)


@pytest.mark.parametrize(
    "name", ["format", "attr", "center", "indent", "pprint", "random", "safe", "tojson",
             "wordwrap", "xmlattr", "filesizeformat", "slice", "striptags", "urlize", "groupby"]
)  # fmt: skip
def test_other_filters_do_not_exist(tmp_path: Path, name: str) -> None:
    with pytest.raises(TemplateRejected, match="No filter named"):
        text(tmp_path, f"{{{{ 'x' | {name} }}}}")


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 1000000000 }}",
        "{{ 1000000000 * 'x' }}",
        "{{ [1] * 1000000000 }}",
        "{{ 10 ** 100 }}",
        "{{ 2 ** 65 * 2 ** 65 }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ 'x'.rjust(1000000000) }}",
        "{{ 'x'.zfill(1000000000) }}",
        "{{ ('x' * 60000).replace('x', 'y' * 60000) }}",
        "{{ ('x' * 60000).replace('', 'y' * 60000) }}",
        "{{ ('x' * 60000) | replace('x', 'y' * 60000) }}",
        "{{ range(10001) | list }}",
        "{{ range(9000) | join('x' * 60000) }}",
        "{{ range(9999) | map('string') | map('replace', '1', 'y' * 60000) | join }}",
        "{{ range(9999) | join('y' * 60000) }}",
        "{{ [1] | batch(1000000000, 'x') | list }}",
        "{{ 1.5 | round(1000000) }}",
        "{% set n = namespace(x='x' * 1000) %}{% for i in range(60) %}"
        "{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='x' * 1000) %}{% for i in range(60) %}"
        "{% set n.x = n.x + n.x %}{% endfor %}",
    ],
)
def test_nothing_huge_is_built(tmp_path: Path, template: str) -> None:
    with pytest.raises(TemplateFault):
        text(tmp_path, template)


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("{{ accounts | selectattr('used') | map(attribute='number') | join(',') }}", "1"),
        ("{{ accounts | length }} {{ keys[-1].kind | upper }}", "2 BLF"),
        ("{{ keys[1].code.type }} {{ keys[1].code['type'] }}", "16 16"),
        ("{{ tables.language.get('xx', 'none') }}", "none"),
        ("{{ tables.language.xx | default('English') }}", "English"),
        ("{% if model.features.screen is defined %}yes{% endif %}", "yes"),
        ("{% if model.features.colour is defined %}yes{% endif %}", ""),
        ("{{ settings.codecs.index('pcmu') }}", "1"),
        ("{{ 'a-b'.split('-')[1].replace('b', 'c').zfill(3) }}", "00c"),
        ("{{ zone.offset // 60 }}:{{ zone.start.minute % 60 }}", "1:0"),
        ("{% set n = namespace(i=1) %}{% for k in keys %}{% set n.i = n.i + k.number %}"
         "{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}={{ n.i }}", "1,2=4"),
        ("{{ '%02d' ~ 3 * 2 }}", "%02d6"),
        ("{{ [3, 1, 2] | sort | first }}{{ [1, 2] | sum }}{{ 7.5 | round | int }}", "138"),
        ("{{ 'jörg' | title }} {{ 'abcdef' | truncate(4, true, '', 0) }}", "Jörg abcd"),
        ("{{ ['a', 'b', 'c'] | batch(2) | map('join') | join('/') }}", "ab/c"),
        ("{{ 'a.b/c d' | urlencode }}", "a.b/c%20d"),
    ],
)  # fmt: skip
def test_what_templates_need_works(tmp_path: Path, template: str, printed: str) -> None:
    assert text(tmp_path, template) == printed


def test_a_mapping_item_wins_over_a_method_of_its_name(tmp_path: Path) -> None:
    got = rendered(
        tmp_path, "{{ tables.t.values }}", rule("text"), tables={"t": {"values": "mine"}}
    )
    assert got.body == b"mine"
