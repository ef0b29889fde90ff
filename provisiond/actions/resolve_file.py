"""Whose file is this, and what is in it? From a name to an answer, before admission."""

import hashlib
from collections.abc import Callable
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
from provisiond.inventory.facts import PhoneFacts
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whose file a name is. `answer` has no body yet: it is enough to decide on admission and to
    journal; `finish(number)` renders, and raises TemplateFault. `counts` says that the file
    bears the number of its version."""

    answer: Answer
    finish: Callable[[int], Answer]
    counts: bool = False


async def resolve_file(sources: FileSources, request: FileRequest, parsed: ParsedName) -> Found:
    """Whose file a name is, as design and inventory have it; nothing is rendered yet.

    Raises UnknownFile and AmbiguousFile for names that are nobody's, and StoreUnavailable. What
    a known phone is refused, and unknown phones, are answers that refuse.
    """
    shelf = sources.shelf()
    matches = candidates(shelf.families.values(), parsed.path)
    # The stamp is taken before the facts are read: it can be too old, never too new.
    stamp = Stamp(
        catalog=sources.epochs.catalog, server=sources.epochs.server, year=request.at.year
    )
    world = sources.epochs.world
    macs = [match for match in matches if match.mac is not None]
    if parsed.token is None and not macs:
        return _family_file(sources, request, parsed, matches, stamp)
    facts = await _identify(sources, parsed, matches)
    if facts is None:
        what = "token" if parsed.token is not None else "MAC"
        unknown = Answer(
            stamp=Stamp(catalog=0, server=0, year=0, world=world),
            file="",
            shown=parsed.masked,
            mac=macs[0].mac if macs else None,
            refusal=lambda: UnknownPhone(f"no phone of the inventory has this {what}"),
        )
        return _settled(unknown)
    answer = Answer(
        stamp=replace(stamp, domain_id=facts.domain.domain_id, domain=facts.epoch),
        file="",
        shown=parsed.masked,
        domain_id=facts.domain.domain_id,
        phone_id=facts.phone_id,
        mac=facts.phone.mac,
        by_token=parsed.token is not None,
    )
    sources.book.learn(
        facts.domain.domain_id,
        facts.phone_id,
        AdmissionFacts(enrolment=facts.phone.enrolment, enabled=facts.phone.enabled),
    )
    if not _is_same_phone(macs, facts):
        other = macs[0].mac
        return _refused(
            answer,
            lambda: NotAdmitted(
                f"the token is of {facts.phone.mac}, the name asks for {other}'s file"
            ),
        )
    return _phone_file(sources, request, matches, facts, answer)


async def _identify(
    sources: FileSources, parsed: ParsedName, matches: tuple[Match, ...]
) -> PhoneFacts | None:
    directory = any(match.rule is not None and match.rule.needs for match in matches)
    if parsed.token is not None:
        return await sources.facts.for_token(parsed.token, directory=directory)
    for match in matches:
        if match.mac is None:
            continue
        for offset in (0, *match.family.manifest.mac_offsets):
            facts = await sources.facts.for_mac(match.mac.shifted(-offset), directory=directory)
            if facts is not None:
                return facts
    return None


def _is_same_phone(macs: list[Match], facts: PhoneFacts) -> bool:
    """Whether the MAC in the name, if there is one, is of the phone that was found."""
    for match in macs:
        offsets = (0, *match.family.manifest.mac_offsets)
        if match.mac in {facts.phone.mac.shifted(offset) for offset in offsets}:
            return True
    return not macs


def _refused(answer: Answer, refusal: Callable[[], Refused]) -> Found:
    refused = replace(answer, refusal=refusal, keep=False)
    return _settled(refused)


def _settled(answer: Answer) -> Found:
    return Found(answer=answer, finish=lambda _: answer)


def _phone_file(
    sources: FileSources,
    request: FileRequest,
    matches: tuple[Match, ...],
    facts: PhoneFacts,
    answer: Answer,
) -> Found:
    try:
        place = place_of(sources.shelf(), facts)
        match, rule = _own_rule(place, matches, facts)
    except UnknownFile as refusal:
        reason = str(refusal)
        return _refused(answer, lambda: UnknownFile(reason))
    except TemplateFault as fault:
        return Found(answer=answer, finish=partial(_raise, fault))
    answer = replace(
        answer,
        file=rule.id,
        kind=f"{place.family.name}/{place.model.name}/{rule.id}",
        secret=rule.secret,
        query_names=rule.query,
    )
    if rule.template is None:
        absent = replace(answer, refusal=_absent)
        return _settled(absent)

    def finish(number: int) -> Answer:
        body = _render(sources, request, place, match, facts, number).body
        return replace(
            answer,
            body=body,
            size=len(body),
            etag=etag(sources.etag_key, body),
            content_type=rule.content_type,
            conditional=rule.conditional,
            proves=rule.proves_current and not declared(request.query, rule.query),
        )

    return Found(answer=answer, finish=finish, counts=rule.revision)


def _raise(fault: TemplateFault, _number: int) -> Answer:
    raise fault


def _own_rule(
    place: Place, matches: tuple[Match, ...], facts: PhoneFacts
) -> tuple[Match, FileRule]:
    """The rule of the phone's own family: the inventory decides it, the name only finds it."""
    for match in matches:
        if (
            match.family.name == place.family.name
            and match.rule is not None
            and allows(match.rule, place.model)
        ):
            return match, match.rule
    named = ", ".join(sorted({match.family.name for match in matches})) or "no family"
    raise UnknownFile(
        f"the inventory says {facts.phone.model} ({place.family.name}); the name is of {named}"
    )


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

    return Found(answer=answer, finish=finish)


def claimed_family(shelf: Shelf, user_agent: str | None) -> str | None:
    """The family a User-Agent claims, or None."""
    device = shelf.recognise(user_agent) if user_agent else None
    return device.family if device is not None else None


def etag(key: bytes, body: bytes) -> str:
    """A strong entity tag of a body, keyed so that it tells nothing of secrets in it."""
    return f'"{hashlib.blake2b(body, key=key, digest_size=16).hexdigest()}"'
