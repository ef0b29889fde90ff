"""What can go wrong, and who can act on it?

The whole tree; the journal keeps these names, the wire shows what the door decides:

    ProvisiondError
    ├── Refused                 the asker can act
    │   ├── UnknownPhone        no phone of the inventory has this MAC or token
    │   ├── UnknownFile         no family has a rule for this name
    │   ├── AbsentFile          a file that a family knows and does not serve
    │   ├── AmbiguousFile       two families claim the name and nothing decides
    │   ├── NotAdmitted         known, but not to this asker, not now, or not this way
    │   ├── LoginNeeded         a phone has to give its user and password first
    │   │   └── LoginRefused    it gave some, and they are not right
    │   ├── NotAllowed          this actor may not do that
    │   │   ├── WrongLogin      name, password or code are not right
    │   │   └── CodeNeeded      the password is right, and a time code is asked for too
    │   ├── TooManyGuesses      wrong log-ins are slowed down
    │   ├── TooOften            another system may not be asked that often
    │   ├── TooManyOpen         this asker has as many open as one may have
    │   ├── NotFound            the thing named does not exist
    │   ├── Conflict            something else stands against it: it is in use, or exists already
    │   │   └── Stale           somebody else changed it meanwhile
    │   ├── Rejected            one field's value cannot stand
    │   ├── RejectedAll         several faults, all listed
    │   └── TemplateRejected    a family or template with findings
    ├── Failed                  we must act
    │   ├── TemplateFault       a template failed while rendering
    │   ├── Overloaded          more is asked than can be held at once
    │   ├── StoreUnavailable    the store cannot be read or written now
    │   ├── StoreUnusable       the store is of a newer version, damaged or in use
    │   └── OutsideUnavailable  another system did not answer
    └── BadSettings             the daemon's settings have faults, all listed
"""

from dataclasses import dataclass


class ProvisiondError(Exception):
    """Root of the tree. `code` is stable and machine-readable, `str()` is for a person."""

    code = "error"


class Refused(ProvisiondError):
    """The asker can act on it."""

    code = "refused"


class UnknownPhone(Refused):
    """No phone of the inventory has this MAC or token."""

    code = "unknown_phone"


class UnknownFile(Refused):
    """No family has a rule for this file name."""

    code = "unknown_file"


class AbsentFile(Refused):
    """A name that a family lists as asked for but never served: a plain 404, not a miss."""

    code = "absent_file"


class AmbiguousFile(Refused):
    """Two families claim the name and neither record, name nor User-Agent decides."""

    code = "ambiguous_file"


class NotAdmitted(Refused):
    """The phone or file is known, but not for this asker, not now, or not over this transport."""

    code = "not_admitted"


class LoginNeeded(Refused):
    """A phone has to log in first; `challenges` are what it is told (RFC 9110 section 11.6.1).
    `proved`: its password was right, and it is to use another nonce."""

    code = "login_needed"

    def __init__(
        self, message: str, challenges: tuple[str, ...] = (), *, proved: bool = False
    ) -> None:
        super().__init__(message)
        self.challenges = challenges
        self.proved = proved


class LoginRefused(LoginNeeded):
    """A phone's log-in is not right; `unknown`: no phone of the inventory has its user."""

    code = "login_refused"

    def __init__(
        self, message: str, challenges: tuple[str, ...] = (), *, unknown: bool = False
    ) -> None:
        super().__init__(message, challenges)
        self.unknown = unknown


class NotAllowed(Refused):
    """This actor may not do that."""

    code = "not_allowed"


class WrongLogin(NotAllowed):
    """Name, password or code are not right; which of them is told to nobody."""

    code = "wrong_login"


class CodeNeeded(NotAllowed):
    """The password is right, and a time code is asked for beside it."""

    code = "code_needed"


class TooManyGuesses(Refused):
    """Too many wrong log-ins; `seconds` says how long to wait."""

    code = "too_many_guesses"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many wrong log-ins; try again in {seconds:.0f} s.")
        self.seconds = seconds


class TooOften(Refused):
    """Another system was asked too often; `seconds` says how long to wait."""

    code = "too_often"

    def __init__(self, message: str, seconds: float) -> None:
        self.seconds = max(seconds, 1.0)
        super().__init__(f"{message} try again in {self.seconds:.0f} s.")


class TooManyOpen(Refused):
    """This asker has as many of something open as one may have; one that ends makes room."""

    code = "too_many_open"


class NotFound(Refused):
    """The thing named does not exist, or not for this actor; `findings` are of several."""

    code = "not_found"

    def __init__(self, message: str, findings: "tuple[Finding, ...]" = ()) -> None:
        super().__init__(message)
        self.findings = findings


class Conflict(Refused):
    """Something else stands against it: it is in use, exists already, or was changed meanwhile."""

    code = "conflict"


class Stale(Conflict):
    """Somebody else changed it since it was looked at; `findings` are of several."""

    code = "stale"

    def __init__(self, message: str, findings: "tuple[Finding, ...]" = ()) -> None:
        super().__init__(message)
        self.findings = findings


class Rejected(Refused):
    """One field's value cannot stand. `field` is a dotted path, `remedy` says what to do."""

    code = "rejected"

    def __init__(self, field: str, message: str, remedy: str = "") -> None:
        super().__init__(f"{field}: {message}" + (f" {remedy}" if remedy else ""))
        self.field = field
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault or warning with its place; how imports, families and settings report.

    `where` is what a person looks up: a file and line, a row and column, a dotted field.
    """

    where: str
    message: str
    remedy: str = ""
    severity: str = "error"  # error | warning
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line is not None else self.where
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.remedy}" if self.remedy else text


class RejectedAll(Refused):
    """Several faults at once; nothing was changed. `early`: the rest was not looked at yet."""

    code = "rejected"

    def __init__(
        self, findings: tuple[Finding, ...], summary: str = "", *, early: bool = False
    ) -> None:
        self.findings = findings
        self.early = early
        self.summary = summary or f"{len(findings)} fault(s); nothing was changed"
        super().__init__("\n".join([self.summary, *(str(f) for f in findings)]))


class TemplateRejected(Refused):
    """A family or template that may not be used, with every finding."""

    code = "template_rejected"

    def __init__(self, family: str, findings: tuple[Finding, ...]) -> None:
        self.family = family
        self.findings = findings
        super().__init__("\n".join([f"family {family} is rejected:", *(str(f) for f in findings)]))


class Failed(ProvisiondError):
    """We must act on it."""

    code = "failed"


class TemplateFault(Failed):
    """A template failed while rendering; `family`, `file` and `line` say where."""

    code = "template_fault"

    def __init__(self, family: str, file: str, line: int | None, message: str) -> None:
        place = f"{family}/{file}" + (f":{line}" if line is not None else "")
        super().__init__(f"{place}: {message}")
        self.family = family
        self.file = file
        self.line = line
        self.message = message


class Overloaded(Failed):
    """More is asked than can be held at once; the same may succeed later."""

    code = "overloaded"


class StoreUnavailable(Failed):
    """The store cannot be read or written now; the same request may succeed later."""

    code = "store_unavailable"


class StoreUnusable(Failed):
    """The store is of a newer version, damaged, or in use by another process; says the remedy."""

    code = "store_unusable"


class OutsideUnavailable(Failed):
    """Another system did not answer."""

    code = "outside_unavailable"


class BadSettings(ProvisiondError):
    """The daemon's settings have faults; every one is listed."""

    code = "bad_settings"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("\n".join(["the settings have faults:", *(f"  {f}" for f in findings)]))
