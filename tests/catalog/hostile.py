"""Phones full of hostile text, and what their files must still be: exactly what was recorded."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from provisiond.catalog.build import build_context
from provisiond.catalog.family import Family, load_family
from provisiond.catalog.manifest import ModelRule
from provisiond.catalog.overrides import Applied, choose
from provisiond.catalog.samples import SAMPLES, URLS, YEAR, sample_facts
from provisiond.catalog.structure import check_structure
from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import CODECS, FEATURE_CODES, Dtmf, Settings, SipTransport, Srtp
from provisiond.inventory.errors import TemplateFault
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.secret import Secret

ROOT = Path(__file__).parents[2] / "templates" / "models"
FAMILIES = tuple(
    sorted(f"{p.parent.parent.name}/{p.parent.name}" for p in ROOT.glob("*/*/family.toml"))
)
ALPHABET = (
    "abcXYZ019 ;=#,|<>&\"'[]{}()%$!\\/:?*@~^`+-_.\t\r\n\x00\x07\x0b\x1b\x7f\x85\xa0\xad"
    "\u2028\u2029\u200b\u202e\ufeff\ufffe\ud800éÜß日عִ\u0301😀\U0001ffff"
    "\uff1b\uff1c\uff06"
)
FRAGMENTS = (
    "\naccount.1.password = x", "\r\n[x]", "#!version:1.0.0.1", "]]>", "<!--", "-->",
    "</flat-profile>", "<X>1</X>", "&amp;", "&#10;", "&nbsp;", "%NULL%", "$PROXY", "$MA",
    "{{ 1 }}", "{% raw %}",
    " = ", "key = value", "' a='1", "\" b=\"2", "<?xml?>", "<!DOCTYPE x>", "\\n", "\\u000a",
)  # fmt: skip
_ZONES = ("Etc/UTC", "America/St_Johns", "Asia/Jerusalem", "Africa/Casablanca", "Pacific/Chatham")


@functools.cache
def shipped(name: str) -> Family:
    """A family of `templates/models`; loading one takes a while, and none ever changes."""
    return load_family(ROOT / name, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A phone with hostile texts in every field, and hostile overrides."""

    model: ModelRule
    facts: PhoneFacts
    overrides: tuple[Applied, ...]


def random_texts(dice: Random, count: int = 8) -> list[str]:
    """Texts of the alphabet and the fragments."""
    return [
        "".join(
            dice.choice(FRAGMENTS) if dice.random() < 0.15 else dice.choice(ALPHABET)
            for _ in range(dice.randrange(0, 24))
        )
        for _ in range(count)
    ]


def attack(family: Family, texts: Sequence[str], dice: Random) -> Attack:
    """A phone of a random model, its fields filled from `texts`."""
    model = dice.choice(family.manifest.model)
    base = sample_facts(family.manifest, model, dice.choice(SAMPLES), directory=True)

    def text() -> str:
        return dice.choice(texts)

    users = {
        extension: replace(
            user,
            first_name=text(),
            last_name=text(),
            sip_user=text(),
            sip_auth_user=text(),
            sip_password=Secret(text()),
        )
        for extension, user in base.users.items()
    }
    phone = replace(
        base.phone,
        name=text(),
        lines=tuple(replace(line, label=text()) for line in base.phone.lines),
        buttons=tuple(replace(b, value=text(), label=text()) for b in base.phone.buttons),
        settings=_settings(text(), text(), text(), dice),
    )
    facts = replace(
        base,
        domain=replace(base.domain, users=users),
        users=users,
        phone=phone,
        directory=tuple(DirectoryEntry(name=text(), number=text()) for _ in range(4)),
    )
    return Attack(model=model, facts=facts, overrides=_overrides(family, texts, dice))


def broken(family: Family, attacked: Attack) -> Iterator[str]:
    """Every fault, and every difference between the bytes and the record, in all files."""
    for rule in family.rules_for(attacked.model):
        if rule.scope == "family":
            continue
        context = build_context(
            family=family,
            model=attacked.model,
            facts=attacked.facts,
            rule=rule,
            urls=URLS,
            year=YEAR,
            query=[(name, attacked.facts.phone.name) for name in rule.query],
        )
        try:
            rendered = family.renderer.render(rule, context, attacked.overrides)
        except TemplateFault as fault:
            yield str(fault)
            continue
        for finding in check_structure(rendered.body, rule, rendered.record):
            if finding.severity == "error":
                yield f"{attacked.model.name}: {finding}"


def _settings(one: str, two: str, three: str, dice: Random) -> Settings:
    return Settings(
        outbound_proxy=one,
        transport=dice.choice(tuple(SipTransport)),
        codecs=tuple(dice.sample(CODECS, dice.randrange(1, len(CODECS) + 1))),
        srtp=dice.choice(tuple(Srtp)),
        dtmf=dice.choice(tuple(Dtmf)),
        vlan_phone=dice.choice((None, 0, 1, 4094)),
        vlan_pc=dice.choice((None, 0, 1, 4094)),
        time_zone=dice.choice(_ZONES),
        language=dice.choice(("en", "fr-CA", two)),
        tone_country=dice.choice(("US", "DE", three)),
        ntp_server=two,
        poll_minutes=dice.choice((0, 1, 59, 1440, 100_000)),
        voicemail_number=three,
        feature_codes=tuple((n, dice.choice((one, f"*8{{value}}{two}"))) for n in FEATURE_CODES),
        phone_admin_password=Secret(three),
        emergency_numbers=(one, two),
    )


def _overrides(family: Family, texts: Sequence[str], dice: Random) -> tuple[Applied, ...]:
    """A few of the templates' own keys and one that nobody knows, with hostile values."""
    patterns = sorted(family.renderer.keys())
    keys = [p.replace("{}", "1") for p in dice.sample(patterns, min(3, len(patterns)))]
    values = [*((key, dice.choice((None, dice.choice(texts)))) for key in keys)]
    return choose((), family.name, "", None, [*values, ("zz_unknown", dice.choice(texts))])
