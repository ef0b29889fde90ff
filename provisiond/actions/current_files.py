"""Of which version are a phone's files now? Their hashes, as the phone would be sent them."""

from datetime import datetime
from ipaddress import IPv4Address

from provisiond.actions.file_messages import FileRequest
from provisiond.actions.render_file import place_of
from provisiond.actions.resolve_file import FileSources, numbered, resolve_file
from provisiond.catalog.family import file_name
from provisiond.catalog.match import parse_name
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.facts import PhoneFacts

_NOBODY = Peer(address=IPv4Address("127.0.0.1"), port=0, transport=Transport.HTTPS)


async def current_hashes(sources: FileSources, facts: PhoneFacts, at: datetime) -> tuple[str, ...]:
    """The ETags of every file that proves the phone current.

    They are rendered by the phones' own path, so that what the journal keeps of a fetch can be
    compared with them. Raises TemplateFault and StoreUnavailable.
    """
    place = place_of(sources.shelf(), facts.phone.model)
    found = []
    for rule in place.family.rules_for(place.model):
        if not rule.proves_current or rule.template is None:
            continue
        name = file_name(rule, place.model, facts.phone.mac)
        parsed = parse_name(f"p/{facts.phone.token.reveal()}/{name}")
        request = FileRequest(name=parsed.path, peer=_NOBODY, at=at, probe=True)
        whose = await resolve_file(sources, request, parsed)
        finish = await whose.load()
        answer = await numbered(sources, whose, finish, finish(1))
        if answer.etag:
            found.append(answer.etag)
    return tuple(found)
