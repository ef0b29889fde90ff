"""Whose file is this, and what is in it? From a name to an answer, before admission."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from provisiond.actions.answers import Answer, EpochReader, Stamp, declared
from provisiond.actions.enrolment import AdmissionFacts, EnrolmentBook
from provisiond.actions.file_messages import FileRequest
from provisiond.actions.file_numbers import FileNumbers
from provisiond.actions.render_file import Place, place_of, render_phone_file
from provisiond.catalog.build import build_family_context
from provisiond.catalog.family import allows
from provisiond.catalog.manifest import FileRule
from provisiond.catalog.match import Match, ParsedName, candidates
from provisiond.catalog.render import Rendered
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import (
    AbsentFile,
    AmbiguousFile,
    NotAdmitted,
    Refused,
    TemplateFault,
    UnknownFile,
    UnknownPhone,
)
from provisiond.inventory.facts import KnownPhone, PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.urls import PublicUrls
from provisiond.store.facts import FactsReader


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSources:
    """Where answers come from. `shelf` gives the catalogue of the moment."""

    facts: FactsReader
    epochs: EpochReader
    shelf: Callable[[], Shelf]
    urls: PublicUrls
    book: EnrolmentBook
    numbers: FileNumbers
    etag_key: bytes


Finish = Callable[[int], Answer]
"""Renders the answer with the number of its version. Raises TemplateFault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whose file a name is. `answer` has no body yet: it is enough to decide on admission and to
    journal. `load()` reads what rendering needs. Raises UnknownPhone where the phone has gone
    meanwhile, and StoreUnavailable. `counts` says that the file bears the number of its version.
    `admission` is what was read of a known phone, so that deciding takes no statement more.
    """

    answer: Answer
    load: Callable[[], Awaitable[Finish]]
    counts: bool = False
    admission: AdmissionFacts | None = None


async def resolve_file(sources: FileSources, request: FileRequest, parsed: ParsedName) -> Found:
    """Whose file a name is, as design and inventory have it; nothing is rendered yet.

    A MAC without a token costs one statement, whether a phone has it or not, and nothing more
    before admission: how long a refusal takes must not tell which MACs are known. Raises
    UnknownFile and AmbiguousFile for names that are nobody's, and StoreUnavailable. What a known
    phone is refused, and unknown phones, are answers that refuse.
    """
    matches = candidates(sources.shelf().families.values(), parsed.path)
    # The stamp is taken before the facts are read: it can be too old, never too new.
    stamp = Stamp(
        catalog=sources.epochs.catalog, server=sources.epochs.server, year=request.at.year
    )
    world = sources.epochs.world
    macs = [match for match in matches if match.mac is not None]
    if parsed.token is None and not macs:
        return _family_file(sources, request, parsed, matches, stamp)
    facts, waiting = None, sources.book.waiting()
    if parsed.token is not None:
        facts = await sources.facts.for_token(parsed.token, directory=_wants_directory(matches))
        known = known_of(facts) if facts is not None else None
    else:
        known = await sources.facts.known(_macs_meant(macs))
    if known is None:
        return _unknown(parsed, macs, world)
    answer_of = partial(
        Answer,
        stamp=replace(stamp, domain_id=known.domain_id, domain=known.epoch),
        shown=parsed.masked,
        domain_id=known.domain_id,
        phone_id=known.phone_id,
        mac=known.mac,
        by_token=parsed.token is not None,
        by_old_token=facts is not None and facts.by_old_token,
    )
    admission = sources.book.learn(
        known.domain_id,
        known.phone_id,
        AdmissionFacts(enrolment=known.enrolment, enabled=known.enabled),
        waiting,
    )
    if not _is_same_phone(macs, known):
        other = macs[0].mac
        found = _refused(
            answer_of,
            lambda: NotAdmitted(f"the token is of {known.mac}, the name asks for {other}'s file"),
        )
    else:
        found = _phone_file(sources, request, matches, answer_of, known.model, facts)
    return replace(found, admission=admission)


async def numbered(sources: FileSources, found: Found, finish: Finish, answer: Answer) -> Answer:
    """What `finish` made as number 1, under the number that its content has.

    Raises TemplateFault, and StoreUnavailable where numbers cannot be read.
    """
    if not found.counts or answer.domain_id is None or answer.phone_id is None:
        return answer
    number = await sources.numbers.number(
        answer.domain_id, answer.phone_id, answer.file, answer.etag
    )
    return finish(number) if number != 1 else answer


def _unknown(parsed: ParsedName, macs: list[Match], world: int) -> Found:
    what = "token" if parsed.token is not None else "MAC"
    answer = Answer(
        stamp=Stamp(catalog=0, server=0, year=0, world=world),
        file="",
        shown=parsed.masked,
        mac=macs[0].mac if macs else None,
        refusal=lambda: UnknownPhone(f"no phone of the inventory has this {what}"),
        # Known phones that are refused are looked up each time, so MACs that nobody has are, too.
        keep=parsed.token is not None,
    )
    return _settled(answer)


def known_of(facts: PhoneFacts) -> KnownPhone:
    """What admission looks at, of facts that were read whole."""
    return KnownPhone(
        domain_id=facts.domain.domain_id,
        epoch=facts.epoch,
        phone_id=facts.phone_id,
        mac=facts.phone.mac,
        model=facts.phone.model,
        enrolment=facts.phone.enrolment,
        enabled=facts.phone.enabled,
    )


def _wants_directory(matches: tuple[Match, ...]) -> bool:
    return any(match.rule is not None and match.rule.needs for match in matches)


def _macs_meant(macs: list[Match]) -> list[Mac]:
    """The MACs that a name may be of, in the families' order, each once."""
    meant: dict[Mac, None] = {}
    for match in macs:
        assert match.mac is not None
        for offset in (0, *match.family.manifest.mac_offsets):
            meant[match.mac.shifted(-offset)] = None
    return list(meant)


def _is_same_phone(macs: list[Match], known: KnownPhone) -> bool:
    """Whether the MAC in the name, if there is one, is of the phone that was found."""
    for match in macs:
        offsets = (0, *match.family.manifest.mac_offsets)
        if match.mac in {known.mac.shifted(offset) for offset in offsets}:
            return True
    return not macs


def _refused(answer_of: Callable[..., Answer], refusal: Callable[[], Refused]) -> Found:
    return _settled(answer_of(file="", refusal=refusal, keep=False))


def _settled(answer: Answer) -> Found:
    async def load() -> Finish:
        return lambda _: answer

    return Found(answer=answer, load=load)


def _phone_file(
    sources: FileSources,
    request: FileRequest,
    matches: tuple[Match, ...],
    answer_of: Callable[..., Answer],
    model: str,
    facts: PhoneFacts | None,
) -> Found:
    """`answer_of` takes what the rule adds to an answer to this phone."""
    try:
        place = place_of(sources.shelf(), model)
        match, rule = _own_rule(place, matches, model)
    except UnknownFile as refusal:
        reason = str(refusal)
        return _refused(answer_of, lambda: UnknownFile(reason))
    except TemplateFault as fault:
        return Found(answer=answer_of(file=""), load=partial(_fail, fault))
    answer = answer_of(
        file=rule.id,
        kind=f"{place.family.name}/{place.model.name}/{rule.id}",
        secret=rule.secret,
        query_names=rule.query,
    )
    if rule.template is None:
        absent = replace(answer, refusal=_absent)
        return _settled(absent)

    async def load() -> Finish:
        read = facts
        if read is None:
            assert answer.mac is not None
            read = await sources.facts.for_mac(answer.mac, directory=bool(rule.needs))
        if read is None or read.phone_id != answer.phone_id:
            raise UnknownPhone("the phone has just left the inventory")
        if read.phone.model != model:  # changed since it was admitted
            again = _phone_file(sources, request, matches, answer_of, read.phone.model, read)
            return await again.load()
        return partial(_finished, sources, request, place, match, read, answer)

    return Found(answer=answer, load=load, counts=rule.revision)


def _finished(
    sources: FileSources,
    request: FileRequest,
    place: Place,
    match: Match,
    facts: PhoneFacts,
    answer: Answer,
    number: int,
) -> Answer:
    rule = match.rule
    assert rule is not None
    body = _render(sources, request, place, match, facts, number).body
    stamp = answer.stamp
    return replace(
        answer,
        stamp=stamp if stamp.domain == facts.epoch else replace(stamp, domain=facts.epoch),
        body=body,
        size=len(body),
        etag=etag(sources.etag_key, body),
        content_type=rule.content_type,
        conditional=rule.conditional,
        proves=rule.proves_current and not declared(request.query, rule.query),
    )


async def _fail(fault: TemplateFault) -> Finish:
    raise fault


def _own_rule(place: Place, matches: tuple[Match, ...], model: str) -> tuple[Match, FileRule]:
    """The rule of the phone's own family: the inventory decides it, the name only finds it."""
    for match in matches:
        if (
            match.family.name == place.family.name
            and match.rule is not None
            and allows(match.rule, place.model)
        ):
            return match, match.rule
    named = ", ".join(sorted({match.family.name for match in matches})) or "no family"
    raise UnknownFile(f"the inventory says {model} ({place.family.name}); the name is of {named}")


def _absent() -> AbsentFile:
    return AbsentFile("an optional file that is not served")


def _render(
    sources: FileSources,
    request: FileRequest,
    place: Place,
    match: Match,
    facts: PhoneFacts,
    number: int,
) -> Rendered:
    assert match.rule is not None
    if match.rule.scope == "family":
        context = build_family_context(
            family=place.family, rule=match.rule, urls=sources.urls, words=match.words
        )
        return place.family.renderer.render(match.rule, context)
    return render_phone_file(
        place=place,
        rule=match.rule,
        facts=facts,
        urls=sources.urls,
        year=request.at.year,
        revision=number,
        query=declared(request.query, match.rule.query),
    )


def _family_file(
    sources: FileSources,
    request: FileRequest,
    parsed: ParsedName,
    matches: tuple[Match, ...],
    stamp: Stamp,
) -> Found:
    """A file without token and MAC: the same for all, nothing secret, nothing of a tenant."""
    shared = [m for m in matches if m.rule is not None and m.rule.scope == "family"]
    names = {match.family.name for match in shared}
    if len(names) > 1:
        device = claimed_family(sources.shelf(), request.peer.user_agent)
        shared = [match for match in shared if match.family.name == device]
        if not shared:
            raise AmbiguousFile(
                f"{parsed.path!r} is a file of {', '.join(sorted(names))}, and the User-Agent "
                "does not tell which"
            )
    if not shared or shared[0].rule is None:
        raise UnknownFile("no family has a rule for this name without a token")
    match, rule = shared[0], shared[0].rule
    answer = Answer(
        stamp=stamp,
        file=rule.id,
        shown=parsed.masked,
        content_type=rule.content_type,
        conditional=rule.conditional,
        keep=len(names) == 1,
    )
    if rule.template is None:
        absent = replace(answer, refusal=_absent)
        return _settled(absent)

    def finish(_: int) -> Answer:
        context = build_family_context(
            family=match.family, rule=rule, urls=sources.urls, words=match.words
        )
        body = match.family.renderer.render(rule, context).body
        return replace(answer, body=body, size=len(body), etag=etag(sources.etag_key, body))

    async def load() -> Finish:
        return finish

    return Found(answer=answer, load=load)


def claimed_family(shelf: Shelf, user_agent: str | None) -> str | None:
    """The family a User-Agent claims, or None."""
    device = shelf.recognise(user_agent) if user_agent else None
    return device.family if device is not None else None


def etag(key: bytes, body: bytes) -> str:
    """A strong entity tag of a body, keyed so that it tells nothing of secrets in it."""
    return f'"{hashlib.blake2b(body, key=key, digest_size=16).hexdigest()}"'
