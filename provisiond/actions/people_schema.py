"""Which fields has a user in an inventory file?"""

from typing import Annotated

from pydantic import AfterValidator

from provisiond.actions.emergency_schema import read_e164
from provisiond.actions.inventory_values import Entry, Password, Text
from provisiond.inventory.secret import Secret


class UserTerms(Entry):
    """What users can have in common."""

    site: str | None = None
    in_directory: bool = True
    emergency_address: str | None = None
    emergency_caller_id: Annotated[str | None, AfterValidator(read_e164)] = None


class UserEntry(UserTerms):
    """A user with the SIP account."""

    extension: str
    first_name: Text = ""
    last_name: Text = ""
    sip_user: Text = ""
    sip_auth_user: Text = ""
    sip_password: Password = Secret("")
