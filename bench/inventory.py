"""The inventory that is measured: N phones, each the reference phone with two lines and 27 keys.

The reference phone is a Yealink T46U with two lines, 27 keys and the company directory. Every
phone has two users of its own; a domain holds at most `PER_DOMAIN` phones, as a large tenant does.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

PER_DOMAIN = 1000
DOMAINS_A_FILE = 10
TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
REFERENCE = "Yealink SIP-T46U"
XML_REFERENCE = "Cisco 8851"
KEYS = {REFERENCE: 27, XML_REFERENCE: 10}


def macs(count: int) -> list[str]:
    """Distinct MACs, the same on every run."""
    return [f"805ec0{number:06x}" for number in range(1, count + 1)]


def tokens(count: int) -> list[str]:
    """Distinct tokens, the same on every run."""
    chosen = random.Random(20261122)
    return ["".join(chosen.choice(TOKEN_ALPHABET) for _ in range(26)) for _ in range(count)]


def domains(
    count: int, model: str = REFERENCE, opened_at: str = "", open_until: str = ""
) -> list[dict]:
    """Inventory documents, one a domain, that hold `count` phones together."""
    addresses, secrets = macs(count), tokens(count)
    documents = []
    for first in range(0, count, PER_DOMAIN):
        numbers = range(first, min(first + PER_DOMAIN, count))
        documents.append(
            {
                "domain": f"d{first // PER_DOMAIN}.bench.test",
                "settings": {
                    "sip_server": "pbx.bench.test",
                    "outbound_proxy": "proxy.bench.test",
                    "time_zone": "America/New_York",
                    "voicemail_number": "*97",
                    "feature_codes": {"pickup": "*8{value}", "park": "{value}"},
                },
                "users": [_user(2 * (n - first) + side) for n in numbers for side in (0, 1)],
                "phones": [
                    _phone(addresses[n], secrets[n], n - first, model, opened_at, open_until)
                    for n in numbers
                ],
            }
        )
    return documents


def write(folder: Path, documents: list[dict]) -> list[Path]:
    """Inventory files of all the domains, each small enough to be imported."""
    paths = []
    for first in range(0, len(documents), DOMAINS_A_FILE):
        path = folder / f"inventory-{first}.json"
        path.write_text(json.dumps({"domains": documents[first : first + DOMAINS_A_FILE]}))
        paths.append(path)
    return paths


def _user(index: int) -> dict:
    return {
        "extension": str(1000 + index),
        "first_name": f"Person{index}",
        "last_name": "Benchmark",
        "sip_password": f"s3cret-{index:05d}",
    }


def _phone(mac: str, token: str, index: int, model: str, opened_at: str, open_until: str) -> dict:
    phone: dict = {
        "mac": mac,
        "model": model,
        "token": token,
        "lines": [
            {"line": 1, "extension": str(1000 + 2 * index)},
            {"line": 2, "extension": str(1001 + 2 * index)},
        ],
        "buttons": [
            {
                "module": 0,
                "key": key,
                "kind": "blf" if key % 3 else "speed_dial",
                "line": 1,
                "value": str(1000 + key),
                "label": f"Colleague {key}",
            }
            for key in range(3, KEYS[model] + 1)
        ],
    }
    if open_until:
        phone["enrolment"] = {"opened_at": opened_at, "open_until": open_until}
    return phone
