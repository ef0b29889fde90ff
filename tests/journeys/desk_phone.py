"""A desk phone that asks a server for its files as it would on a desk."""

import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.journeys.server import ServerProcess

_URL = re.compile(r"^static\.auto_provision\.server\.url = (\S+)$", re.MULTILINE)
_DIRECTORY = re.compile(r"^remote_phonebook\.data\.1\.url = (\S+)$", re.MULTILINE)


@dataclass
class DeskPhone:
    """Boots without a token first, and from then on where its file says."""

    server: ServerProcess
    mac: str
    model: str = "SIP-T46U"
    folder: str = field(default="", init=False)
    settings: str = field(default="", init=False)

    def boot(self) -> None:
        """Fetch the file, and remember what it says."""
        self.settings = self._get(f"{self.folder}{self.mac}.cfg")
        found = _URL.search(self.settings)
        assert found is not None, self.settings[:500]
        self.folder = urlsplit(found.group(1)).path.lstrip("/")

    def boots_with(self, *lines: str) -> None:
        """Fetch the file until it has these lines, as it must within a second or so."""
        missing = list(lines)
        for _ in range(100):
            self.boot()
            missing = [line for line in lines if line not in self.settings.splitlines()]
            if not missing:
                return
            time.sleep(0.1)
        near = [line for line in self.settings.splitlines() if line[:9] in {m[:9] for m in missing}]
        raise AssertionError(f"{missing} is not in the file; it has {near}")

    def directory(self) -> str:
        """What the phone shows as its remote directory."""
        found = _DIRECTORY.search(self.settings)
        assert found is not None, "the phone is told of no directory"
        return self._get(urlsplit(found.group(1)).path.lstrip("/"))

    def _get(self, name: str) -> str:
        mac = ":".join(self.mac[at : at + 2] for at in range(0, 12, 2))
        agent = {"User-Agent": f"Yealink {self.model} 108.86.0.20 {mac}"}
        status, body = self.server.get(name, headers=agent)
        assert status == 200, (name, status)
        return body.decode()
