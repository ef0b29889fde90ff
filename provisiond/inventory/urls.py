"""Under which URL does a phone find this server? From settings only, never from a request."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicUrls:
    """The server's public URLs by scheme, each with a trailing slash; None where there is none."""

    https: str | None = None
    http: str | None = None
    tftp: str | None = None

    def best(self, schemes: Sequence[str]) -> str:
        """The best URL among the schemes a phone can fetch over: https, then http, then tftp.

        Empty where no public URL is set for any of them.
        """
        for scheme, url in (("https", self.https), ("http", self.http), ("tftp", self.tftp)):
            if url and scheme in schemes:
                return url if url.endswith("/") else url + "/"
        return ""
