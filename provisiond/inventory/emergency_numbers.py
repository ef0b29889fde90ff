"""Does a site or phone leave out emergency numbers that hold for it otherwise?"""

from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Finding


def left_out(own: Settings, stood: Settings | None, below: Settings) -> tuple[Finding, ...]:
    """A fault where `own` has emergency numbers, and not all that it would inherit from `below`.

    Dial plans are tried with these numbers: who leaves one out may keep it in on phones that look
    fine. Leaving one out is an admin's. What `stood` before left out already is nobody's fault now.
    """
    if own.emergency_numbers is None:
        return ()
    settled = stood.emergency_numbers if stood is not None else None
    wanted = (below.emergency_numbers or ()) if settled is None else settled
    inherited = below.emergency_numbers or ()
    missing = [one for one in inherited if one in wanted and one not in own.emergency_numbers]
    if not missing:
        return ()
    numbers = ", ".join(missing)
    return (
        Finding(
            where="settings.emergency_numbers",
            message=f"{numbers} would be no emergency number here any more.",
            remedy=f"Add to {numbers} what else is dialled here; only an admin may leave them out.",
        ),
    )
