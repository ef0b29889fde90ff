"""Exports of other systems, faulty rows and another server's files, at the prompt."""

import json
import stat
from pathlib import Path

import pytest

from tests.test_cli import CONFIG, provisiond, told

EXPORTS = Path(__file__).parent / "actions" / "exports_of_others"
GOOD, BAD = "001565aabb01", "001565aabb0g"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a configuration and a domain with two people."""
    (tmp_path / "provisiond.toml").write_text(CONFIG)
    provisiond(tmp_path, "init")
    users = [{"extension": one, "sip_password": "CANARY-pw"} for one in ("1000", "1001")]
    tree = {"domain": "acme.example.test", "settings": {"sip_server": "x.test"}, "users": users}
    provisiond(tmp_path, "import", "-", stdin=json.dumps(tree))
    return tmp_path


def test_the_profiles_are_listed_and_one_is_known_by_its_headings(own: Path) -> None:
    assert "wazo-provd devices" in provisiond(own, "import-profiles").stdout
    export = str(EXPORTS / "yeastar-phones.csv")
    dry = provisiond(own, "import", export, "--dry-run")
    assert "it was read as Yeastar phones." in dry.stderr
    assert "this was a dry run" in dry.stdout
    assert told(own, "phones", "list") == []


def test_faulty_rows_are_written_corrected_and_imported(own: Path) -> None:
    table, faulty = own / "phones.csv", own / "faulty.csv"
    table.write_text(
        "mac,model,extension\n"
        f"{GOOD},Yealink SIP-T46S,1000\n"
        f"{BAD},Yealink SIP-T46S,1001\n"
        "001565aabb03,Yealink SIP-T46X,1002\n"
    )
    provisiond(own, "import", str(table), "--skip-faulty", code=1)
    done = provisiond(own, "import", str(table), "--faults", str(faulty), "--skip-faulty")
    assert "2 row(s) with faults were written to" in done.stderr
    assert len(told(own, "phones", "list")) == 1
    assert stat.S_IMODE(faulty.stat().st_mode) == 0o600
    lines = faulty.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "mac,model,extension,fault"
    assert lines[1].startswith(f"{BAD},Yealink SIP-T46S,1001,mac: ")
    assert "no model we know" in lines[2]
    assert "there is no user" in lines[2]
    corrected = faulty.read_text(encoding="utf-8-sig").replace(BAD, "001565aabb02")
    faulty.write_text("\n".join(corrected.splitlines()[:2]) + "\n")
    provisiond(own, "import", str(faulty))
    assert len(told(own, "phones", "list")) == 2


def test_a_file_of_faults_is_not_made_where_there_are_none(own: Path) -> None:
    table, faulty = own / "phones.csv", own / "faulty.csv"
    table.write_text(f"mac,model,extension\n{GOOD},Yealink SIP-T46S,1000\n")
    provisiond(own, "import", str(table), "--faults", str(faulty))
    assert not faulty.exists()
    (own / "broken.csv").write_text("colour\nred\n")
    done = provisiond(own, "import", str(own / "broken.csv"), "--faults", str(faulty), code=1)
    assert "not those of rows" in done.stderr
    assert not faulty.exists()


def test_another_servers_files_are_compared(own: Path) -> None:
    table = "mac,model,extension\n001565aabb01,Yealink SIP-T46S,1000\n"
    (own / "phones.csv").write_text(table)
    provisiond(own, "import", str(own / "phones.csv"))
    there = own / "theirs"
    there.mkdir()
    body = provisiond(own, "render", GOOD, "--show-secrets").stdout
    (there / f"{GOOD.upper()}.cfg").write_text(body)
    (there / f"{GOOD.upper()}.cfg").write_text(
        body.replace("CANARY-pw", "CANARY-other") + "theirs.only = 7\n"
    )
    one = provisiond(own, "compare", str(there), GOOD, code=1)
    assert "only there" in one.stdout
    assert "theirs.only" in one.stdout
    assert "account.1.password" in one.stdout
    assert "CANARY" not in one.stdout
    fleet = provisiond(own, "compare", str(there), "--json", code=1)
    answer = json.loads(fleet.stdout)
    assert answer["phones"][0]["only_there"] == 1
    assert {one["difference"]["key"] for one in answer["parameters"]} >= {
        "theirs.only",
        "account.1.password",
    }
