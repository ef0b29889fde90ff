"""Can a layer of settings stand as it was typed, and what of it may be shown?"""

from dataclasses import replace

from provisiond.actions.import_check import unknown_model
from provisiond.actions.import_plan import boxed_firmware
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Finding
from provisiond.inventory.faults import MASK
from provisiond.inventory.secret import Secret


def checked_settings(
    settings: Settings, shelf: Shelf, prefix: str = "settings."
) -> tuple[Settings, list[Finding]]:
    """The settings with models as on the box; models nobody knows are warnings."""
    settings = boxed_firmware(settings, shelf)
    findings = [
        replace(unknown_model(model, shelf), where=f"{prefix}firmware.{model}", severity="warning")
        for model, _ in settings.firmware or ()
        if shelf.find_model(model) is None
    ]
    return settings, findings


def masked_settings(settings: Settings) -> Settings:
    """The settings with `***` for a secret, which a change leaves alone."""
    if not settings.phone_admin_password:
        return settings
    return replace(settings, phone_admin_password=Secret(MASK))


def unmasked_settings(settings: Settings, stood: Settings) -> Settings:
    """The settings with the stored secret where `***` stands."""
    given = settings.phone_admin_password
    if given is None or given.reveal() != MASK:
        return settings
    return replace(settings, phone_admin_password=stood.phone_admin_password)
