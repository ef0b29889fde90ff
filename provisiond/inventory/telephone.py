"""Which number did a person type? Stored as E.164, read in any form, shown as the country does."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisiond.inventory.errors import Rejected

if TYPE_CHECKING:  # the library is loaded when the first number is read
    from phonenumbers import PhoneNumber

_WHY = (  # by NumberParseException's error types
    "its country code does not exist",
    "it is no telephone number",
    "nothing stands behind the international prefix",
    "it is too short",
    "it is too long",
)


@dataclass(frozen=True, slots=True, order=True)
class E164:
    """A telephone number as ITU-T E.164 has it: `+`, country code, number; at most 15 digits."""

    text: str

    @classmethod
    def parse(cls, written: str, country: str, field: str = "number") -> "E164":
        """Read a number in any form; one without `+` is of `country` (ISO 3166-1 alpha-2).

        Raises Rejected(field) for what cannot be a number: letters, `*`, `#`, an extension behind
        it, no area code, too few or too many digits for its country.
        """
        import phonenumbers

        try:
            parsed = phonenumbers.parse(written, country)
        except phonenumbers.NumberParseException as fault:
            raise _rejected(field, written, _WHY[fault.error_type]) from None
        if parsed.extension:
            raise _rejected(field, written, f"an extension ({parsed.extension}) stands behind it")
        if any(character.isalpha() for character in written):
            raise _rejected(field, written, "it has letters")
        if "#" in written or "*" in written:
            raise _rejected(field, written, "it has signs that only a phone's keys have")
        possible = phonenumbers.is_possible_number_with_reason(parsed)
        if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            raise _rejected(field, written, "it is not whole: its area code or its end is missing")
        if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
            raise _rejected(field, written, "no number of its country has so many digits")
        return cls(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))

    @property
    def is_assigned(self) -> bool:
        """Whether its country's numbering plan has a range for it, as far as the library knows: new
        ranges come to it with some delay."""
        import phonenumbers

        return phonenumbers.is_valid_number(self._parsed)

    @property
    def national(self) -> str:
        """As people of its own country write it: `(800) 555-0100`."""
        import phonenumbers

        return phonenumbers.format_number(self._parsed, phonenumbers.PhoneNumberFormat.NATIONAL)

    @property
    def international(self) -> str:
        """As the rest of the world writes it: `+1 800-555-0100`."""
        import phonenumbers

        form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
        return phonenumbers.format_number(self._parsed, form)

    @property
    def _parsed(self) -> "PhoneNumber":
        import phonenumbers

        return phonenumbers.parse(self.text)

    def __str__(self) -> str:
        """`+18005550100`."""
        return self.text


def _rejected(field: str, written: str, reason: str) -> Rejected:
    return Rejected(
        field,
        f"{written!r} is no telephone number: {reason}.",
        "Write it with country code (+1 800 555 0100), or as your country does.",
    )
