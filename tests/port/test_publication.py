"""Several files of a port, together or not at all, whoever is killed in between."""

from pathlib import Path

import pytest

from npuport.base import files as fsio
from npuport.base.errors import PortError
from npuport.port import publication
from npuport.port.layout import Layout
from npuport.port.publication import finish, publish_files

OLD = {"upstream.lock": b"old\n", "patches/series": b"a\n", "patches/0001-a.patch": b"1\n"}
NEW = {"upstream.lock": b"new\n", "patches/series": b"b\n", "patches/0002-b.patch": b"2\n"}
CHANGES: dict[str, bytes | None] = {**NEW, "patches/0001-a.patch": None}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    for path, data in OLD.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return Layout(tmp_path)


def there(layout: Layout) -> dict[str, bytes]:
    files = (path for path in layout.root.rglob("*") if path.is_file() and layout.out not in path.parents)
    return {str(path.relative_to(layout.root)): path.read_bytes() for path in files}


def test_all_of_it(layout: Layout) -> None:
    session = layout.rebase / "session"
    session.mkdir(parents=True)
    publish_files(layout, CHANGES, [session])
    assert there(layout) == NEW
    assert not session.exists()
    assert list(layout.out.glob(".staging-*")) == []


def stopped(monkeypatch: pytest.MonkeyPatch, layout: Layout, name: str, call: int) -> None:
    """Publish, but break off at the n-th time that a path is renamed, or removed."""
    real = getattr(Path, name)
    count = 0

    def deadly(self: Path, *arguments: object) -> object:
        nonlocal count
        count += 1
        if count == call:
            raise KeyboardInterrupt
        return real(self, *arguments)

    with monkeypatch.context() as context:
        context.setattr(Path, name, deadly)
        publish_files(layout, CHANGES)


@pytest.mark.parametrize("call", range(1, 6))
@pytest.mark.parametrize("name", ["rename", "replace", "unlink"])
def test_stopped_anywhere(layout: Layout, monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    """Before the journal has its name it is the old port, afterwards the new one."""
    try:
        stopped(monkeypatch, layout, name, call)
    except KeyboardInterrupt:
        decided = layout.publication.exists()
        finish(layout)
        assert there(layout) == (NEW if decided or there(layout) != OLD else OLD)
    else:
        assert there(layout) == NEW
    assert not layout.publication.exists()


def test_finish_without_anything_to_finish(layout: Layout) -> None:
    finish(layout)
    assert there(layout) == OLD


def test_an_edit_in_between_is_not_lost(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        stopped(monkeypatch, layout, "replace", 1)
    layout.lock.write_bytes(b"mine\n")
    with pytest.raises(PortError, match=r"upstream\.lock was edited while") as error:
        finish(layout)
    assert "rm -r" in error.value.hint
    assert layout.lock.read_bytes() == b"mine\n"


def test_out_may_be_on_another_disk(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the journal is built beside its name; renames do not cross file systems."""
    monkeypatch.setattr(publication, "_staging", lambda layout: layout.root)
    publish_files(layout, CHANGES)
    assert there(layout) == NEW
    assert list(layout.root.glob(f"{fsio.STAGING}*")) == []
