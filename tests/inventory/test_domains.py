"""Settings go down from server to phone; the nearest that is set wins."""

from provisiond.inventory.domains import BUILT_IN, Settings, inherit


def test_the_nearest_layer_wins_and_none_is_no_value() -> None:
    merged = inherit(
        BUILT_IN,
        Settings(sip_server="a.test", poll_minutes=60),
        Settings(poll_minutes=0),
        Settings(language=None),
    )
    assert (merged.sip_server, merged.poll_minutes, merged.language) == ("a.test", 0, "en")


def test_feature_codes_and_firmware_merge_by_key() -> None:
    merged = inherit(
        Settings(feature_codes=(("park", "70{value}"), ("pickup", "*8{value}"))),
        Settings(feature_codes=(("park", "{value}"),), firmware=(("Acme D-6", "d6.rom"),)),
    )
    assert dict(merged.feature_codes or ()) == {"park": "{value}", "pickup": "*8{value}"}
    assert dict(merged.firmware or ()) == {"Acme D-6": "d6.rom"}
