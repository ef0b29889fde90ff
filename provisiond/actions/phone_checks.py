"""What is wrong with phones as they are to be, and what is only doubtful?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from provisiond.actions.emergency_references import EmergencyNames
from provisiond.actions.import_check import phone_findings
from provisiond.actions.import_merge import arranged
from provisiond.actions.inventory_load import load_server
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.phone_lines import taken_lines
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Finding
from provisiond.inventory.phones import Phone, PhoneOfLine
from provisiond.store.database import Read
from provisiond.store.phone_lists import phones_of_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneChecks:
    """What the checks of some phones need, read once. `others` are the lines that ring for an
    extension of theirs; `admin` says whether the asker may override what is the admin's."""

    shelf: Shelf
    contents: DomainContents
    server: Settings
    others: Mapping[str, tuple[PhoneOfLine, ...]]
    admin: bool

    def findings(self, phone: Phone, stood: Phone | None) -> tuple[Finding, ...]:
        """Every fault and warning; `stood` is what the phone takes the place of. It may take some
        milliseconds."""
        extensions = dict.fromkeys(line.extension for line in phone.lines)
        others = [other for one in extensions for other in self.others.get(one, ())]
        names = EmergencyNames(addresses=self.contents.emergency_addresses)
        return (
            *phone_findings(
                phone,
                self.contents,
                self.shelf,
                server=self.server,
                admin=self.admin,
                stood=stood,
            ),
            *taken_lines(phone, stood, others),
            *names.findings(phone.emergency_address),
        )

    def checked(self, phone: Phone, stood: Phone) -> tuple[Phone, tuple[Finding, ...]]:
        """The phone as it is stored, and every fault and warning."""
        phone = arranged(as_on_the_box(self.shelf, phone))
        return phone, self.findings(phone, stood)


async def phone_checks(
    read: Read, shelf: Shelf, contents: DomainContents, phones: Iterable[Phone], *, admin: bool
) -> PhoneChecks:
    """Read what these phones of a stored domain are held against."""
    assert contents.domain_id is not None
    extensions = [line.extension for phone in phones for line in phone.lines]
    others: dict[str, tuple[PhoneOfLine, ...]] = {}
    for other in await phones_of_lines(read, contents.domain_id, extensions):
        extension = other.line.extension
        others[extension] = (*others.get(extension, ()), other)
    return PhoneChecks(
        shelf=shelf,
        contents=contents,
        server=(await load_server(read)).settings,
        others=others,
        admin=admin,
    )


def as_on_the_box(shelf: Shelf, phone: Phone) -> Phone:
    """The phone with its model as the catalogue writes it; one that nobody knows stays."""
    found = shelf.find_model(phone.model) if phone.model else None
    if found is None:
        return phone
    return replace(phone, model=f"{found[0].manifest.vendor} {found[1].name}")
