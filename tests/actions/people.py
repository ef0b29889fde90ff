"""Who logs in in the tests, through which door, and with what password?"""

from argon2 import PasswordHasher

from provisiond.actions.joining import join
from provisiond.actions.log_in import Door, LogIn
from provisiond.actions.login_throttle import LoginThrottle
from provisiond.actions.passwords import Passwords
from provisiond.actions.people import add_person
from provisiond.inventory.access import Role
from provisiond.inventory.accounts import Account
from provisiond.inventory.secret import Secret
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, NOW

PASSWORD = Secret("correct horse battery staple")
OTHER = Secret("wrong donkey battery staple")
ADDRESS = "192.0.2.7"


def quick() -> Passwords:
    """Hashes that take no time: the strength is the library's matter, not these tests'."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def door() -> Door:
    return Door(passwords=quick(), throttle=LoginThrottle())


async def joined(
    db: Database,
    name: str = "tess",
    role: Role = Role.ADMIN,
    domain: str | None = None,
    extension: str | None = None,
) -> Account:
    """An account whose owner has chosen PASSWORD."""
    account = Account(name=name, role=role, domain=domain, extension=extension)
    invitation = await add_person(db, ADMIN, account, NOW)
    return await join(db, quick(), invitation.key, "", PASSWORD, NOW)


def typed(
    name: str = "tess",
    password: Secret = PASSWORD,
    *,
    code: str = "",
    now: float = 0.0,
    address: str = ADDRESS,
    replaces: Secret | None = None,
) -> LogIn:
    return LogIn(
        name=name, password=password, address=address, now=now, code=code, replaces=replaces
    )


__all__ = [
    "ADDRESS",
    "ADMIN",
    "DOMAIN",
    "NOW",
    "OTHER",
    "PASSWORD",
    "door",
    "joined",
    "quick",
    "typed",
]
