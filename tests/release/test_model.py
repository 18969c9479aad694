"""release.toml: what a port releases."""

from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.port.layout import Layout
from npuport.release.model import Release, read_release

GOOD = """
[[model]]
name = "Toy-Small"
title = "Toy-Small-p8"
size = "small"

[source]
include = ["LICENSE", "toy/**"]
"""


def read(tmp_path: Path, text: str) -> Release:
    (tmp_path / "release").mkdir(exist_ok=True)
    (tmp_path / "release/release.toml").write_text(text)
    return read_release(Layout(tmp_path))


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    release = read(tmp_path, GOOD)
    assert release.model(None).title == "Toy-Small-p8"
    assert (release.scripts, release.picture, release.requires) == (("inference.py",), "", ())


@pytest.mark.parametrize("port", [".", "examples/patchtok"])
def test_the_repository_s_own_are_sound(port: str) -> None:
    layout = Layout((HARNESS / port).resolve())
    release = read_release(layout)
    assert all((layout.release / script).is_file() for script in release.scripts)
    assert {"torch", "torch_npu"} <= set(release.requires)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[source]", "[sauce]", "no key sauce"),
        ('size = "small"', "", "a model has no size"),
        ('size = "small"', "size = 3", "model.size is no str"),
        ('include = ["LICENSE", "toy/**"]', "", "no source"),
        ('include = ["LICENSE", "toy/**"]', "include = [1]", "include is a list of strings"),
        ('title = "Toy-Small-p8"', 'title = "../up"', "no file name"),
        ("[[model]]", "[model]", "names no model"),
        ('name = "Toy-Small"', 'name = "Toy', "release.toml"),
        ('size = "small"', 'size = "small"\ncolour = "red"', "no key model.colour"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(PortError, match=said.replace(".", r"\.")):
        read(tmp_path, GOOD.replace(old, new))


def test_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"release\.toml is missing"):
        read_release(Layout(tmp_path))


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="no model 'Toy-Huge'") as caught:
        read(tmp_path, GOOD).model("Toy-Huge")
    assert "Toy-Small" in caught.value.hint
