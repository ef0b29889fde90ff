"""What came of a re-sync is said in a sentence that leaves no state out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisiond.cli_output import outcome_text
from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import TOLD_AGAIN, Resync, ResyncState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAC = Mac("001565aabbcc")
TOLD = Resync(
    resync_id=1,
    domain="pbx.example.test",
    mac=MAC,
    reboot=False,
    even_if_shared=False,
    state=ResyncState.ANSWERED,
    requested_by="tess",
    requested_at=NOW,
    code=200,
)


@pytest.mark.parametrize("state", ResyncState)
def test_every_state_is_told(state: ResyncState) -> None:
    text = outcome_text(replace(TOLD, state=state, reason="Forbidden. Ask."))
    assert text.startswith(f"{MAC} ")
    wants_reason = state in (ResyncState.REFUSED, ResyncState.SILENT, ResyncState.FAILED)
    assert text.endswith("Forbidden. Ask.") is wants_reason
    assert outcome_text(replace(TOLD, state=state, confirmed_at=NOW)).endswith("is current.")


def test_one_that_answered_and_never_fetched_is_told_apart() -> None:
    assert outcome_text(TOLD).endswith("answered 200 and has not fetched its file yet.")
    assert "answered 200 and did not fetch its file: power-cycle" in outcome_text(
        replace(TOLD, closed=True)
    )
    again = replace(TOLD, closed=True, reason=f"OK. {TOLD_AGAIN}")
    assert outcome_text(again).endswith(
        "answered 200 and was told again before it fetched its file."
    )
