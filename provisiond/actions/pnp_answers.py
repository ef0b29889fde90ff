"""What is a phone told that looks for its provisioning by SIP multicast? A URL without secrets.

The URL is the server's own, without a token: a phone of the inventory comes aboard there by its
enrolment like one that learned it by DHCP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from provisiond.actions.guesses import GuessWatch
from provisiond.actions.miss_notes import MissNotes
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Policy, contains
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.urls import PublicUrls
from provisiond.store.facts import FactsReader

_SCHEMES = ("https", "http", "tftp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeker:
    """A phone that asks where its configuration is, with its own claims about itself."""

    mac: Mac | None
    vendor: str = ""
    model: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PnpTerms:
    """Whom to answer: `unknown` says that phones of no inventory are told the URL, too."""

    policy: Policy
    unknown: bool = False


class PnpAnswers:
    """Decides what phones that look for their provisioning are told."""

    def __init__(
        self,
        *,
        terms: PnpTerms,
        facts: FactsReader,
        shelf: Callable[[], Shelf],
        urls: PublicUrls,
        watch: GuessWatch,
        journal: Callable[[RequestEntry], None],
        stranger: Callable[[RequestEntry], None],
    ) -> None:
        self._terms = terms
        self._facts = facts
        self._shelf = shelf
        self._urls = urls
        self._watch = watch
        self._journal = journal
        self._misses = MissNotes(watch, journal, stranger)

    async def url_for(self, seeker: Seeker, peer: Peer, at: datetime) -> str | None:
        """The URL to tell, or None to be silent: another server on the network may know the phone.

        Answered are phones of the inventory that are enabled, from `admission.enrol_networks`, and
        others where the terms say so. To an address that guesses all are silent, its phones too: an
        answer tells that a phone is known. Raises StoreUnavailable.
        """
        address = str(peer.address)
        if not contains(self._terms.policy.enrol_networks, peer):
            self._note(seeker, peer, at, "not_admitted", "outside admission.enrol_networks")
            return None
        if self._watch.pause(Transport.PNP, address, at):
            return None
        known = await self._facts.known([seeker.mac]) if seeker.mac is not None else None
        if known is not None:
            if not known.enabled:
                self._note(seeker, peer, at, "not_admitted", "the phone is disabled")
                self._watch.refused(Transport.PNP, address, at)
                return None
            url = self._url(known.model)
        else:
            url = self._unknown(seeker, peer, at)
        if not url:
            self._watch.refused(Transport.PNP, address, at)
            return None
        self._note(seeker, peer, at, "pnp_answered", f"told {url}")
        return url

    def _unknown(self, seeker: Seeker, peer: Peer, at: datetime) -> str:
        name = str(seeker.mac) if seeker.mac is not None else f"{seeker.vendor} {seeker.model}"
        entry = self._entry(seeker, peer, at, "unknown_phone", "asked by SIP multicast")
        self._misses.note(entry, name, stranger=True)
        return self._url(f"{seeker.vendor} {seeker.model}") if self._terms.unknown else ""

    def _url(self, model: str) -> str:
        """The best URL that such a phone can fetch over, with a slash at its end."""
        found = self._shelf().find_model(model)
        if found is None:
            return self._urls.best(_SCHEMES)
        family, rule = found
        return self._urls.best(rule.schemes or family.manifest.provisioning_url.schemes)

    def _note(self, seeker: Seeker, peer: Peer, at: datetime, outcome: str, detail: str) -> None:
        self._journal(self._entry(seeker, peer, at, outcome, detail))

    def _entry(
        self, seeker: Seeker, peer: Peer, at: datetime, outcome: str, detail: str
    ) -> RequestEntry:
        return RequestEntry(
            at=at,
            transport=peer.transport.value,
            address=str(peer.address),
            method="SUBSCRIBE",
            name="ua-profile",
            outcome=outcome,
            detail=detail,
            mac=seeker.mac,
            user_agent=peer.user_agent,
            device_model=seeker.model or None,
            device_version=seeker.version or None,
        )
