"""Where does a list go on? An opaque cursor that only this server can write."""

import base64
import hashlib
import hmac
import json

from pydantic import BaseModel

from provisiond.inventory.errors import Rejected
from provisiond.web.api.route import Call

_MAC_BYTES = 16


def next_cursor(call: Call, after: tuple[str, ...]) -> str | None:
    """The cursor for the records behind this place; None where there are none."""
    if not after:
        return None
    content = json.dumps(after, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_mac(call, content) + content).rstrip(b"=").decode()


def place_of(call: Call) -> tuple[str, ...]:
    """The place that the query's cursor names; empty without one.

    A cursor counts only for the list that gave it: the same path, filters and order. Raises
    Rejected(cursor).
    """
    text = call.query.cursor
    if text is None:
        return ()
    try:
        octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        mac, content = octets[:_MAC_BYTES], octets[_MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(call, content)):
            raise ValueError
        return tuple(json.loads(content))
    except ValueError as fault:
        message = "it is of no list, or of another one."
        raise Rejected("cursor", message, "Begin without a cursor.") from fault


def _mac(call: Call, content: bytes) -> bytes:
    query: BaseModel = call.query
    scope = json.dumps(
        [sorted(call.path.items()), query.model_dump(mode="json", exclude={"cursor", "limit"})],
        sort_keys=True,
    )
    keyed = hmac.new(call.desk.secret("cursor"), digestmod=hashlib.sha256)
    keyed.update(f"{type(query).__name__}\0{scope}\0".encode())
    keyed.update(content)
    return keyed.digest()[:_MAC_BYTES]
