"""How are layered settings kept? As one JSON object a layer, its secrets sealed."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from provisiond.inventory.domains import Dtmf, ResyncRoute, Settings, SipTransport, Srtp
from provisiond.inventory.secret import Secret
from provisiond.store.sealing import SecretKey

Json = dict[str, Any]

_FROM_JSON: Mapping[str, Callable[[Any], object]] = {
    "transport": SipTransport,
    "srtp": Srtp,
    "dtmf": Dtmf,
    "resync_route": ResyncRoute,
    "codecs": tuple,
    "emergency_numbers": tuple,
    "feature_codes": lambda stored: tuple(stored.items()),
    "firmware": lambda stored: tuple(stored.items()),
}
_PAIRS = ("feature_codes", "firmware")


def settings_to_json(settings: Settings, key: SecretKey, where: str) -> Json:
    """The object to store; what is None is left out. `where` is the row (table/domain/id)."""
    stored: Json = {}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if value is None:
            continue
        if isinstance(value, Secret):
            sealed = key.seal(value, f"{where}/{field.name}")
            value = base64.b64encode(sealed).decode()
        elif field.name in _PAIRS:
            value = dict(value)
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, SipTransport | Srtp | Dtmf | ResyncRoute):
            value = value.value
        stored[field.name] = value
    return stored


def settings_from_json(stored: Mapping[str, Any], key: SecretKey, where: str) -> Settings:
    """The settings of a stored object. Raises StoreUnusable where a secret does not open."""
    if not stored:
        return _NOTHING_SET
    values: dict[str, Any] = {}
    for name, value in stored.items():
        if name == "phone_admin_password":
            values[name] = key.open(base64.b64decode(value), f"{where}/{name}")
        else:
            convert = _FROM_JSON.get(name)
            values[name] = convert(value) if convert is not None else value
    return Settings(**values)


_NOTHING_SET = Settings()
