"""The catalogue as a whole: models by any spelling, devices by User-Agent, faults contained."""

import shutil
from pathlib import Path

import pytest

from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import TemplateRejected
from provisiond.inventory.mac import Mac

MODELS = Path(__file__).parent.parent / "models"


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf.load([MODELS])


@pytest.mark.parametrize("text", ["Acme D-6", "acme d6", "ACME  Desk6", "acme-d.6", "D-6", "desk6"])
def test_a_model_is_found_by_any_spelling(shelf: Shelf, text: str) -> None:
    found = shelf.find_model(text)
    assert found is not None
    assert (found[0].name, found[1].name) == ("acme/desk", "D-6")


def test_an_unknown_model_has_near_ones(shelf: Shelf) -> None:
    assert shelf.find_model("Acme D-7") is None
    assert "Acme D-6" in shelf.near_models("Acme D-7")
    assert shelf.near_models("zzzzzzzz") == ()


def test_a_device_is_recognised_and_nothing_else_is(shelf: Shelf) -> None:
    device = shelf.recognise("Acme D6 1.2 02:ac:3e:00:00:01")
    assert device is not None
    assert (device.model, device.version, device.mac) == ("D-6", "1.2", Mac("02ac3e000001"))
    assert shelf.recognise("curl/8.0") is None
    unknown_model = shelf.recognise("Acme X9 2.0")
    assert unknown_model is not None
    assert (unknown_model.model, unknown_model.mac) == ("X9", None)


def test_a_broken_family_is_listed_and_harms_no_other(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "acme", tmp_path / "acme")
    broken = tmp_path / "bent" / "desk"
    broken.mkdir(parents=True)
    (broken / "family.toml").write_text("vendor = 1\n")
    shelf = Shelf.load([tmp_path])
    assert list(shelf.families) == ["acme/desk"]
    assert [fault.family for fault in shelf.rejected] == ["bent/desk"]


@pytest.mark.parametrize("text", ["Acme D-6", "acme d6", "D-6", "desk6"])
def test_a_broken_neighbour_harms_nobody_who_renders_nothing(tmp_path: Path, text: str) -> None:
    shutil.copytree(MODELS / "acme", tmp_path / "acme")
    other = tmp_path / "acme" / "other"
    shutil.copytree(MODELS / "acme/desk", other)
    manifest = (other / "family.toml").read_text()
    (other / "family.toml").write_text(manifest.replace('"D-6"', '"D-66"').replace("Desk", "Wall"))
    next(other.glob("*.j2")).write_text("{% if %}")
    assert [fault.family for fault in Shelf.load([tmp_path]).rejected] == ["acme/other"]
    shelf = Shelf.load([tmp_path], compiled=False)
    assert (list(shelf.families), shelf.rejected) == (["acme/desk", "acme/other"], ())
    found = shelf.find_model(text)
    assert found is not None
    assert found[0].name == "acme/desk"
    assert shelf.find_model("Acme Q-1") is None


def test_templates_are_compiled_at_once_or_when_they_are_asked_for(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "acme", tmp_path / "acme")
    (tmp_path / "acme/desk/mac.cfg.j2").write_text("{% if %}\n")
    assert [fault.family for fault in Shelf.load([tmp_path]).rejected] == ["acme/desk"]
    later = Shelf.load([tmp_path], compiled=False)
    assert later.find_model("Acme D-6") is not None
    with pytest.raises(TemplateRejected, match=r"mac\.cfg\.j2"):
        later.families["acme/desk"].renderer.keys()
    whole = Shelf.load([MODELS], compiled=False).families["acme/desk"].renderer
    assert whole.keys() == Shelf.load([MODELS]).families["acme/desk"].renderer.keys()
