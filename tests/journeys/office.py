"""Which office do the journeys of the portal begin with? People and places, and no phones yet."""

from typing import Any

DOMAIN = "pbx.example.test"
OFFICE: dict[str, Any] = {
    "domain": DOMAIN,
    "settings": {
        "sip_server": DOMAIN,
        "time_zone": "America/New_York",
        "tone_country": "US",
        "feature_codes": {
            "pickup": "*8{value}", "queue_login": "*81{value}", "queue_logout": "*82{value}",
        },
    },
    "sites": [{"name": "HQ"}],
    "users": [
        {"extension": "101", "first_name": "Alice", "last_name": "Example", "site": "HQ"},
        {"extension": "102", "first_name": "Bob", "last_name": "Sample"},
        {"extension": "103", "first_name": "Carol", "last_name": "Example"},
        {"extension": "104", "first_name": "Dan", "last_name": "Sample"},
    ],
    "directories": [{"name": "suppliers", "entries": [{"name": "Taxi", "number": "5550142"}]}],
}  # fmt: skip
KEYS = (
    *("linekey.3.type = 16", "linekey.3.value = 104", "linekey.3.label = Dan"),
    *("linekey.3.extension = *8104", "linekey.4.type = 13", "linekey.4.value = +12125550142"),
    *("linekey.4.label = Taxi", "linekey.5.value = *81300", "linekey.5.label = In"),
    *("linekey.6.value = *82300", "linekey.6.label = Out"),
)
"""What a phone is told of four keys: a colleague, a speed dial, into a queue and out of it."""
