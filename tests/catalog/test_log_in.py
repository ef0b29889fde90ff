"""Where phones log in, their files say as whom, in parameters of the family's own."""

from dataclasses import replace

import pytest

from provisiond.actions.render_file import Place, current_rule, render_phone_file
from provisiond.catalog.samples import URLS, sample_facts
from provisiond.catalog.structure import check_structure
from tests.catalog.hostile import FAMILIES, shipped


@pytest.mark.parametrize("name", FAMILIES)
def test_a_file_says_how_to_log_in_where_the_server_wants_it(name: str) -> None:
    family = shipped(name)
    for model in family.manifest.model:
        place = Place(family=family, model=model)
        rule = current_rule(place)
        facts = sample_facts(family.manifest, model, "plain")
        for urls in (replace(URLS, passwords=b"key"), URLS):
            body = render_phone_file(place=place, rule=rule, facts=facts, urls=urls, year=2026)
            password = replace(URLS, passwords=b"key").password(facts.phone.token).reveal()
            told = password.encode() in body.body
            assert told is (urls is not URLS), model.name
            assert not list(check_structure(body.body, rule, body.record)), model.name
