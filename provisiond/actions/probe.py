"""Can a phone be served right now? Asked by the watchdog and by /readyz, never journaled."""

from datetime import datetime
from ipaddress import IPv4Address

from provisiond.actions.file_messages import FileRequest, ServeFile
from provisiond.actions.render_file import current_rule, place_of, render_phone_file
from provisiond.actions.resolve_file import FileSources
from provisiond.catalog.family import file_name
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.domains import BUILT_IN
from provisiond.inventory.errors import NotFound, ProvisiondError, Refused, TemplateFault
from provisiond.inventory.facts import DomainFacts, PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.store import domains, phones
from provisiond.store.database import Database

_LOOPBACK = Peer(address=IPv4Address("127.0.0.1"), port=0, transport=Transport.HTTPS)
_MADE_UP = Mac("020000000001")


class Probe:
    """Serves one phone of the inventory to itself, past the cache: the store is read, the file
    is rendered. An empty inventory is probed with a phone that exists nowhere."""

    def __init__(self, *, serve: ServeFile, sources: FileSources, database: Database) -> None:
        self._serve = serve
        self._sources = sources
        self._database = database
        self._mac: Mac | None = None

    async def ask(self, at: datetime) -> None:
        """Raises what a phone would have met: StoreUnavailable, TemplateFault, Refused."""
        facts = await self._some_phone()
        if facts is None:
            self.render_made_up(at)
            return
        try:
            await self._serve_one(facts, at)
        except (TemplateFault, Refused):
            # One phone or family at fault is journaled and told when it asks; others are served.
            self._mac = None
            self.render_made_up(at)

    async def _serve_one(self, facts: PhoneFacts, at: datetime) -> None:
        place = place_of(self._sources.shelf(), facts.phone.model)
        name = file_name(current_rule(place), place.model, facts.phone.mac)
        await self._serve(
            FileRequest(
                name=f"p/{facts.phone.token.reveal()}/{name}", peer=_LOOPBACK, at=at, probe=True
            )
        )

    async def _some_phone(self) -> PhoneFacts | None:
        facts = await self._sources.facts.for_mac(self._mac) if self._mac is not None else None
        if facts is None or not facts.phone.enabled:
            self._mac = await self._first_mac()
            facts = await self._sources.facts.for_mac(self._mac) if self._mac is not None else None
        return facts

    async def _first_mac(self) -> Mac | None:
        async with self._database.read() as read:
            for domain_id, _ in await domains.list_domains(read, limit=20):
                for phone in await phones.list_phones(read, domain_id, limit=20):
                    if phone.enabled:
                        return phone.mac
        return None

    def render_made_up(self, at: datetime) -> None:
        """Render a phone that exists nowhere, of any family that can; the store is not asked.

        Raises NotFound where no family is loaded, and the last TemplateFault where none can.
        """
        shelf = self._sources.shelf()
        fault: ProvisiondError = NotFound("no family is loaded: no phone can be served")
        for family in shelf.families.values():
            model = family.manifest.model[0]
            try:
                self._render(f"{family.manifest.vendor} {model.name}", at)
            except TemplateFault as raised:
                fault = raised
            else:
                return
        raise fault

    def _render(self, name: str, at: datetime) -> None:
        shelf = self._sources.shelf()
        facts = PhoneFacts(
            domain=DomainFacts(domain_id=0, name="probe.invalid", epoch=0, settings=BUILT_IN),
            phone=Phone(mac=_MADE_UP, model=name),
            phone_id=0,
            epoch=0,
        )
        place = place_of(shelf, name)
        render_phone_file(
            place=place,
            rule=current_rule(place),
            facts=facts,
            urls=self._sources.urls,
            year=at.year,
        )
