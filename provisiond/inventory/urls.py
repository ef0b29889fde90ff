"""Under which URL does a phone find this server? From settings only, never from a request."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from provisiond.inventory.digest import phone_password
from provisiond.inventory.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicUrls:
    """The server's public URLs by scheme, each with a trailing slash; None where there is none.

    `passwords` is the key of the passwords that phones log in with; empty where they do not.
    """

    https: str | None = None
    http: str | None = None
    tftp: str | None = None
    passwords: bytes = field(default=b"", repr=False)

    def password(self, token: Secret) -> Secret:
        """What the phone with this token logs in with; empty where phones do not."""
        return phone_password(self.passwords, token) if self.passwords and token else Secret("")

    def best(self, schemes: Sequence[str]) -> str:
        """The best URL among the schemes a phone can fetch over: https, then http, then tftp.

        Empty where no public URL is set for any of them.
        """
        for scheme, url in (("https", self.https), ("http", self.http), ("tftp", self.tftp)):
            if url and scheme in schemes:
                return url if url.endswith("/") else url + "/"
        return ""
