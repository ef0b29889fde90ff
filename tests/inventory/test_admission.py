"""Admission: tokens, open enrolments, alarms, plain transports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import (
    Decision,
    Mode,
    Policy,
    Verdict,
    asker_of,
    decide,
    is_open,
    opened,
)
from provisiond.inventory.phones import Enrolment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLICY = Policy(
    mode=Mode.TOKEN,
    plain_networks=(ip_network("10.0.0.0/8"),),
    enrol_networks=(ip_network("10.0.0.0/8"), ip_network("192.0.2.0/24")),
)
PEER = Peer(address=ip_address("10.1.1.1"), port=1000, transport=Transport.HTTP, user_agent="A 1")
CLOSED = Enrolment()


def ask(
    enrolment: Enrolment = CLOSED,
    *,
    peer: Peer = PEER,
    by_token: bool = False,
    secret: bool = True,
    enabled: bool = True,
    same_device: bool = True,
    at: datetime = NOW,
    policy: Policy = POLICY,
) -> Decision:
    return decide(
        mode=policy.mode,
        asker=asker_of(policy, peer),
        by_token=by_token,
        secret=secret,
        enabled=enabled,
        enrolment=enrolment,
        same_device=same_device,
        at=at,
    )


def test_without_token_and_enrolment_nothing_is_served() -> None:
    assert ask().verdict is Verdict.REFUSE
    assert ask(secret=False).verdict is Verdict.REFUSE


def test_open_mode_serves_without_token() -> None:
    assert ask(policy=replace(POLICY, mode=Mode.OPEN)).verdict is Verdict.SERVE


def test_an_open_enrolment_notes_the_first_and_serves_the_same_again() -> None:
    enrolment = opened(NOW - timedelta(hours=1))
    assert ask(enrolment).verdict is Verdict.SERVE_AND_NOTE_FIRST
    seen = replace(enrolment, first_address="10.1.1.1", first_user_agent="A 1")
    assert ask(seen).verdict is Verdict.SERVE


def test_the_token_closes_the_enrolment_and_then_the_mac_is_not_enough() -> None:
    enrolment = opened(NOW)
    assert ask(enrolment, by_token=True).verdict is Verdict.SERVE_AND_CLOSE
    closed = replace(enrolment, closed_at=NOW)
    assert ask(closed, by_token=True).verdict is Verdict.SERVE
    assert ask(closed).verdict is Verdict.REFUSE
    assert not is_open(closed, NOW)


def test_an_enrolment_ends_by_itself() -> None:
    enrolment = opened(NOW, hours=2)
    assert ask(enrolment, at=NOW + timedelta(hours=1, minutes=59)).verdict is not Verdict.REFUSE
    assert ask(enrolment, at=NOW + timedelta(hours=2)).verdict is Verdict.REFUSE


def test_a_second_address_or_another_device_holds_it() -> None:
    seen = replace(opened(NOW), first_address="10.1.1.1", first_user_agent="A 1")
    other = replace(PEER, address=ip_address("10.1.1.2"))
    assert ask(seen, peer=other).verdict is Verdict.REFUSE_AND_HOLD
    assert ask(seen, same_device=False).verdict is Verdict.REFUSE_AND_HOLD
    held = replace(seen, held_reason="a second address")
    assert ask(held).verdict is Verdict.REFUSE
    assert ask(held, by_token=True).verdict is Verdict.SERVE


def test_who_asks_after_another_came_aboard_holds_it_while_it_was_to_be_open() -> None:
    seen = replace(opened(NOW), first_address="10.1.1.1", first_user_agent="A 1", closed_at=NOW)
    phone = replace(PEER, address=ip_address("10.1.1.2"))
    late = ask(seen, peer=phone, at=NOW + timedelta(hours=23))
    assert late.verdict is Verdict.REFUSE_AND_HOLD
    assert "came aboard from 10.1.1.1; now 10.1.1.2 asks too" in late.reason
    device = ask(seen, same_device=False)
    assert device.verdict is Verdict.REFUSE_AND_HOLD
    assert "came aboard as 'A 1'; now 'A 1' asks too" in device.reason
    assert ask(seen, peer=phone, at=NOW + timedelta(hours=24)).verdict is Verdict.REFUSE
    held = replace(seen, held_reason=late.reason)
    assert ask(held, peer=phone).verdict is Verdict.REFUSE, "once"
    assert ask(held, by_token=True).verdict is Verdict.SERVE
    far = replace(PEER, address=ip_address("198.51.100.1"), transport=Transport.HTTPS)
    assert ask(seen, peer=far).verdict is Verdict.REFUSE, "it could not have come aboard"
    unseen = replace(seen, first_address=None)
    assert ask(unseen, peer=phone).verdict is Verdict.REFUSE
    over = replace(seen, closed_at=None)
    assert ask(over, peer=phone, at=NOW + timedelta(hours=24)).verdict is Verdict.REFUSE


def test_an_enrolment_works_from_its_networks_only() -> None:
    outside = replace(PEER, address=ip_address("198.51.100.1"), transport=Transport.HTTPS)
    assert ask(opened(NOW), peer=outside).verdict is Verdict.REFUSE


@pytest.mark.parametrize("transport", [Transport.HTTP, Transport.TFTP])
def test_secrets_go_plain_to_plain_networks_only(transport: Transport) -> None:
    outside = replace(PEER, address=ip_address("192.0.2.9"), transport=transport)
    refused = ask(by_token=True, peer=outside)
    assert refused.verdict is Verdict.REFUSE
    assert "plain_networks" in refused.reason
    assert ask(by_token=True, peer=replace(outside, transport=Transport.HTTPS)).verdict is (
        Verdict.SERVE
    )
    assert ask(by_token=True, secret=False, peer=outside).verdict is Verdict.SERVE


def test_a_disabled_phone_gets_nothing_even_with_its_token() -> None:
    assert ask(by_token=True, enabled=False).verdict is Verdict.REFUSE
