"""release.toml: what a port releases."""

import re
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
    assert (release.source.scripts, release.trial.picture, release.source.requires) == (
        ["inference.py"],
        "",
        [],
    )


@pytest.mark.parametrize("port", [".", "examples/patchtok"])
def test_the_repository_s_own_are_sound(port: str) -> None:
    layout = Layout((HARNESS / port).resolve())
    release = read_release(layout)
    assert all((layout.release / script).is_file() for script in release.source.scripts)
    assert {"torch", "torch_npu"} <= set(release.source.requires)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[source]", "[sauce]", "sauce is unknown; the keys are model, source, try, card"),
        ('size = "small"', "", "model[0].size is missing"),
        ('size = "small"', "size = 3", "model[0].size is not text in quotes: '3'"),
        ('include = ["LICENSE", "toy/**"]', "", "source.include is missing"),
        (
            'include = ["LICENSE", "toy/**"]',
            "include = [1]",
            "source.include is not a list of text",
        ),
        ('title = "Toy-Small-p8"', 'title = "../up"', "model[0].title is not a file name: '../up'"),
        ("[[model]]", "[model]", "model is not a list"),
        ('name = "Toy-Small"', 'name = "Toy', "release.toml"),
        ('size = "small"', 'size = "small"\ncolour = "red"', "model[0].colour is unknown"),
    ],
)
def test_an_error_names_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(PortError, match=re.escape(message)):
        read(tmp_path, GOOD.replace(old, new))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"release\.toml is missing"):
        read_release(Layout(tmp_path))


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="no model 'Toy-Huge'") as caught:
        read(tmp_path, GOOD).model("Toy-Huge")
    assert "Toy-Small" in caught.value.hint
