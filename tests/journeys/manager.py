"""An office manager's program: it asks the API of a real server with a token."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tests.journeys.server import ServerProcess

_OF_NO_DOMAIN = {"models", "webhooks"}


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the ETag, and the JSON (None where there is none)."""

    status: int
    etag: str
    body: Any


@dataclass(frozen=True)
class Manager:
    """Asks for one domain; paths are given below it, part by part."""

    server: ServerProcess
    token: str
    domain: str

    def ask(
        self, method: str, *path: str, body: Any = None, etag: str = "", **query: Any
    ) -> Answer:
        """Ask, whatever comes of it."""
        parts = path if path[0] in _OF_NO_DOMAIN else ("domains", self.domain, *path)
        below = "/".join(quote(part, safe="") for part in parts)
        asked = f"?{urlencode(query)}" if query else ""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.server.web}/api/v1/{below}{asked}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **({"If-Match": etag} if etag else {}),
            },
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read()
                tag = answer.headers.get("ETag", "")
                return Answer(answer.status, tag, json.loads(text) if text else None)
        except urllib.error.HTTPError as fault:
            return Answer(fault.code, "", json.loads(fault.read()))

    def get(self, *path: str, **query: Any) -> Any:
        """A record, or an answer of another kind."""
        return self._good(self.ask("GET", *path, **query), 200)

    def rows(self, *path: str, **query: Any) -> list[Any]:
        """The rows of a list."""
        items: list[Any] = self.get(*path, **query)["items"]
        return items

    def add(self, *path: str, **fields: Any) -> Any:
        """Add a record; what it is now."""
        return self._good(self.ask("POST", *path, body=fields), 201)

    def do(self, *path: str, **fields: Any) -> Any:
        """Ask for what is no record."""
        return self._good(self.ask("POST", *path, body=fields), 200)

    def save(self, *path: str, **fields: Any) -> Any:
        """Change fields of a record as it was last seen; what it is now."""
        return self._good(self._save(path, fields), 200)

    def refused(self, *path: str, **fields: Any) -> str:
        """Change what must be refused: every fault with its field, in one text."""
        return faults(self._save(path, fields))

    def _save(self, path: tuple[str, ...], fields: Any) -> Answer:
        seen = self.ask("GET", *path)
        assert seen.status == 200, seen
        return self.ask("PATCH", *path, body=fields, etag=seen.etag)

    @staticmethod
    def _good(answer: Answer, status: int) -> Any:
        assert answer.status == status, answer
        return answer.body


def faults(answer: Answer) -> str:
    """The faults of a refusal, each as `field: what. remedy`."""
    assert answer.status == 422, answer
    told = [f"{one['field']}: {one['message']} {one['remedy']}" for one in answer.body["errors"]]
    return "\n".join(told)
