"""People and tokens at the prompt, as an admin meets them."""

import shutil
from pathlib import Path

import pytest

from tests.test_cli import provisiond, told


@pytest.fixture
def own(tmp_path: Path, demo_folder: Path) -> Path:
    """A folder with a configuration and the demo's store."""
    return Path(shutil.copytree(demo_folder, tmp_path / "own"))


def test_init_prints_a_link_for_the_first_admin_until_there_is_one(own: Path) -> None:
    again = provisiond(own, "init")
    assert "nobody can log in yet" in again.stdout
    assert "http://127.0.0.1:18081/join/" in again.stdout
    assert told(own, "init")["admin_link"] != told(own, "init")["admin_link"]


def test_the_link_is_under_the_url_that_people_use(own: Path) -> None:
    link = told(own, "admin", "create", PROVISIOND_WEB__URL="https://phones.example.test/")["link"]
    assert link.startswith("https://phones.example.test/join/")


def test_people_are_added_listed_changed_and_deleted(own: Path) -> None:
    added = provisiond(own, "people", "add", "Olga", "--role", "manager", "-d", "pbx.example.test")
    assert "/join/" in added.stdout
    assert "It works once, until" in added.stdout
    listed = provisiond(own, "people", "list", "--search", "OLG", "--sort", "logged_in_at")
    assert "invited" in listed.stdout
    user = told(own, "people", "edit", "olga", "--role", "user", "--extension", "101")
    assert (user["role"], user["extension"]) == ("user", "101")
    assert "disabled" in provisiond(own, "people", "disable", "olga").stdout
    enabled = told(own, "people", "edit", "olga", "--enable")
    assert enabled["state"] == "invited"
    assert told(own, "people", "reset", "olga")["account"] == "olga"
    refused = provisiond(own, "people", "delete", "olga", code=1, stdin="n\n")
    assert "nothing was changed" in refused.stderr
    provisiond(own, "people", "delete", "olga", "--yes")
    assert told(own, "people", "list") == []


def test_every_fault_of_a_person_is_told(own: Path) -> None:
    done = provisiond(own, "people", "add", "a b", "--role", "user", code=1)
    for text in ("no login name", "Name the domain", "Name the extension"):
        assert text in done.stderr
    provisiond(own, "people", "add", "x", "--role", "king", code=2)
    assert "nobody is called" in provisiond(own, "people", "disable", "nobody", code=1).stderr


def test_tokens_are_made_listed_and_revoked(own: Path) -> None:
    made = told(own, "tokens", "create", "billing", "--role", "tech", "--read-only", "--days", "30")
    assert made["text"].startswith(f"pvd_{made['token']['token_id']}_")
    listed = provisiond(own, "tokens", "list", "-s", "BILL", "--sort", "expires_at").stdout
    assert "billing" in listed
    assert made["text"] not in listed
    provisiond(own, "tokens", "revoke", made["token"]["token_id"])
    assert told(own, "tokens", "list") == []
    assert told(own, "tokens", "list", "--all")[0]["revoked_at"] is not None
    never = provisiond(own, "tokens", "create", "monitor", "--role", "tech", "--days", "0")
    assert "never ends" in never.stdout
    assert "no token" in provisiond(own, "tokens", "revoke", "nonesuch", code=1).stderr
