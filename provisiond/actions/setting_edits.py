"""What does an edit of settings, as people type it, make of them? `vlan_phone=42`."""

from collections.abc import Iterable

from provisiond.actions.phone_edits import set_setting
from provisiond.actions.typed_edits import Attempts
from provisiond.inventory.domains import Settings


def edited_settings(settings: Settings, texts: Iterable[str]) -> Settings:
    """The settings with each `NAME=VALUE` over them. Raises RejectedAll with everything that
    cannot be read."""
    attempts = Attempts()
    for text in texts:
        settings = attempts.read(settings, set_setting, text, settings)
    attempts.finish()
    return settings
