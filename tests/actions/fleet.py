"""Which inventory is as large as a whole office tower? Made up by number, everything used."""

import json
from typing import Any

MODELS = ("Yealink SIP-T46S", "Yealink SIP-T54W", "Poly VVX 250", "Snom D785")
DOMAIN = "tower.example.test"


def fleet_file(*, users: int, phones: int, numbers: int) -> bytes:
    """An inventory file of one domain with so many of each; the same for the same counts."""
    tree: dict[str, Any] = {
        "domain": DOMAIN,
        "settings": {
            "sip_server": DOMAIN,
            "time_zone": "America/New_York",
            "feature_codes": {"pickup": "*8{value}", "park": "*5{value}"},
        },
        "sites": [{"name": f"Floor {floor}", "vlan_phone": 100 + floor} for floor in range(20)],
        "users": [_user(number) for number in range(users)],
        "directories": [
            {"name": "company", "entries": [{"name": "Réception", "number": "0"}]},
            {"name": "suppliers", "entries": [_entry(number) for number in range(200)]},
        ],
        "layouts": [{"name": "desk", "buttons": [_blf(key, users) for key in range(2, 4)]}],
        "time_frames": [
            {
                "name": "Office hours",
                "kind": "weekly",
                "hours": [{"days": ["mon", "tue"], "start": "08:00", "end": "17:30"}],
            }
        ],
        "destinations": [
            {"kind": "call_queue", "extension": f"8{number:03}", "name": f"Queue {number}"}
            for number in range(30)
        ],
        "phones": [_phone(number, users) for number in range(phones)],
        "numbers": [_number(number, users) for number in range(numbers)],
    }
    return json.dumps(tree).encode()


def _user(number: int) -> dict[str, Any]:
    return {
        "extension": str(10_000 + number),
        "first_name": ("Zoë", "Ann-Marie", "李", "O'Neil")[number % 4],
        "last_name": f"Example {number}",
        "sip_password": f"pw{number:06}Xy",
        "site": f"Floor {number % 20}",
        "in_directory": number % 7 != 0,
    }


def _entry(number: int) -> dict[str, Any]:
    return {"name": f"Supplier & Söhne {number}", "number": f"+1 212 555 {number:04}"}


def _blf(key: int, users: int) -> dict[str, Any]:
    return {"key": key, "kind": "blf", "value": str(10_000 + key % users), "line": 1}


def _phone(number: int, users: int) -> dict[str, Any]:
    return {
        "mac": f"0015{number:08x}",
        "model": MODELS[number % len(MODELS)],
        "name": f"Desk {number}",
        "site": f"Floor {number % 20}",
        "notes": "by the window" if number % 5 == 0 else "",
        "layout": "desk" if number % 3 == 0 else None,
        "directory": "suppliers" if number % 2 else "company",
        "lines": [
            {"line": 1, "extension": str(10_000 + number % users), "shared": number >= users},
            *([{"line": 2, "extension": "10000", "shared": True}] if number % users else []),
        ],
        "buttons": [{"key": 4, "kind": "speed_dial", "value": "911", "label": "Help"}],
        "settings": {"poll_minutes": 60} if number % 11 == 0 else {},
    }


def _number(number: int, users: int) -> dict[str, Any]:
    user = {"treatment": "user", "destination": str(10_000 + number % users)}
    queue = {"treatment": "call_queue", "destination": f"8{number % 30:03}"}
    return {
        "number": f"+1212555{number:04}",
        "default": user if number % 2 else queue,
        "rules": [{"frame": "Office hours", **queue}] if number % 4 == 0 else [],
        "notes": f"line {number}",
    }
