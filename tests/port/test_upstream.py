"""The cache of upstream: fetched only when the pin is missing, from upstream or a mirror, never offline."""

import shutil
from pathlib import Path

import pytest

from npuport import git as npugit
from npuport.base.errors import PortError
from npuport.git import process
from npuport.port.build import port as make_port
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.upstream import absolute_url, cached, ensure, mirrors
from worlds.port import MODEL, Port, commit, edited, git


def pinned(port: Port, commit: str | None = None, url: str | None = None) -> Lock:
    port.write_lock(commit=commit, url=url)
    return read_lock(port.layout.lock)


@pytest.fixture
def bare(port: Port) -> Port:
    """The port without anything fetched yet."""
    shutil.rmtree(port.layout.root / "out")
    shutil.rmtree(port.layout.root.parent / "cache")
    return port


def test_fetches_once_and_then_needs_no_upstream(bare: Port) -> None:
    lock = pinned(bare)
    repository = ensure(bare.layout, lock)
    bare.upstream.rename(bare.upstream.with_name("gone"))
    assert ensure(bare.layout, lock) == repository
    assert ensure(bare.layout, lock, offline=True) == repository


def test_new_pin_is_fetched_into_the_same_clone(bare: Port) -> None:
    said: list[str] = []
    repository = ensure(bare.layout, pinned(bare), progress=said.append)
    new = commit(bare.upstream, {"model.py": edited(1, "0")})
    assert ensure(bare.layout, pinned(bare), progress=said.append) == repository
    assert npugit.has_commit(repository, new)
    assert [line.split()[0] for line in said] == ["cloning", "fetching"]


def test_offline_touches_nothing(bare: Port) -> None:
    with pytest.raises(PortError, match="not in the cache") as caught:
        ensure(bare.layout, pinned(bare), offline=True)
    assert "--offline" in caught.value.hint
    assert not cached(str(bare.upstream)).exists()


def test_pin_stays_when_upstream_moves_away(bare: Port) -> None:
    old = commit(bare.upstream, {"model.py": edited(1, "0")})
    repository = ensure(bare.layout, pinned(bare, old))
    git(bare.upstream, "reset", "--quiet", "--hard", "HEAD^")
    commit(bare.upstream, {"model.py": edited(2, "0")})
    ensure(bare.layout, pinned(bare))
    process.run("gc", "--prune=now", "--quiet", cwd=repository)
    assert ensure(bare.layout, pinned(bare, old), offline=True) == repository


def test_force_pushed_pin_is_had_by_its_id_or_named_as_gone(bare: Port) -> None:
    lost = commit(bare.upstream, {"model.py": edited(1, "0")})
    git(bare.upstream, "reset", "--quiet", "--hard", "HEAD^")
    repository = ensure(bare.layout, pinned(bare))
    assert npugit.has_commit(ensure(bare.layout, pinned(bare, lost)), lost)
    shutil.rmtree(repository)
    git(bare.upstream, "reflog", "expire", "--expire=now", "--all")
    git(bare.upstream, "gc", "--quiet", "--prune=now")
    with pytest.raises(PortError, match="force-pushed") as caught:
        ensure(bare.layout, pinned(bare, lost))
    assert lost in caught.value.message


def test_branch_that_became_a_directory(bare: Port) -> None:
    git(bare.upstream, "branch", "topic")
    ensure(bare.layout, pinned(bare))
    git(bare.upstream, "branch", "-D", "topic")
    git(bare.upstream, "branch", "topic/one")
    commit(bare.upstream, {"model.py": edited(1, "0")})
    ensure(bare.layout, pinned(bare))


def test_branch_and_tag_named_like_a_commit(bare: Port) -> None:
    real = git(bare.upstream, "rev-parse", "HEAD")
    other = commit(bare.upstream, {"model.py": edited(1, "'evil'")})
    git(bare.upstream, "branch", real, other)
    git(bare.upstream, "tag", real, other)
    absent = "ab" * 20
    git(bare.upstream, "branch", absent, other)
    bare.write_lock(commit=real)
    from npuport.edit.refresh import refresh

    refresh(bare.layout)
    result = make_port(bare.layout)
    assert "evil" not in (result.path / "model.py").read_text()
    assert git(result.path, "rev-parse", "HEAD~2") == real
    with pytest.raises(PortError, match=absent):
        ensure(bare.layout, pinned(bare, absent))


def test_unreachable_upstream(bare: Port) -> None:
    for url in ("/nowhere/at/all", "file:///nowhere/at/all", "https://127.0.0.1:1/owner/name"):
        with pytest.raises(PortError, match="cannot fetch") as caught:
            ensure(bare.layout, pinned(bare, url=url))
        assert "NPUPORT_MIRROR" in caught.value.hint
        assert "\n" not in caught.value.message
        assert not cached(url).exists()


def test_broken_cache_is_named(bare: Port) -> None:
    repository = cached(str(bare.upstream))
    repository.mkdir(parents=True)
    with pytest.raises(PortError, match="broken") as caught:
        ensure(bare.layout, pinned(bare))
    assert str(repository) in caught.value.hint


def test_no_transport_but_gits_own(bare: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's `insteadOf` may lead to `ext::`, which would run a program."""
    evil = tmp_path / "evil"
    config = tmp_path / "home/.gitconfig"
    config.write_text(
        f'[url "ext::touch {evil} #"]\n\tinsteadOf = {bare.upstream}\n[protocol]\n\tallow = always\n'
    )
    with pytest.raises(PortError, match="ext"):
        ensure(bare.layout, pinned(bare))
    assert not evil.exists()


def test_instead_of_is_honoured(bare: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://unreachable.example/owner/name"
    (tmp_path / "home/.gitconfig").write_text(f'[url "{bare.upstream}"]\n\tinsteadOf = {url}\n')
    assert ensure(bare.layout, pinned(bare, url=url)).is_dir()
    shutil.rmtree(cached(url))
    (tmp_path / "home/.gitconfig").unlink()
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{bare.upstream}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", url)
    assert ensure(bare.layout, pinned(bare, url=url)).is_dir()


@pytest.mark.parametrize("place", ["owner/name.git", "owner/name", "name.git", "name"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_mirror_serves_instead_of_upstream(
    bare: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, scheme: str
) -> None:
    base = tmp_path / "mirror"
    (base / place).parent.mkdir(parents=True)
    git(tmp_path, "clone", "--quiet", "--mirror", str(bare.upstream), str(base / place))
    monkeypatch.setenv("NPUPORT_MIRROR", f"{scheme}{base}")
    lock = pinned(bare, url="https://unreachable.example/owner/name.git")
    assert npugit.has_commit(ensure(bare.layout, lock), lock.commit)


def test_mirror_that_lacks_the_repository_or_the_commit(
    bare: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "mirror"
    monkeypatch.setenv("NPUPORT_MIRROR", str(base))
    with pytest.raises(PortError, match="NPUPORT_MIRROR") as caught:
        ensure(bare.layout, pinned(bare))
    assert "git clone --mirror" in caught.value.hint
    git(tmp_path, "clone", "--quiet", "--mirror", str(bare.upstream), str(base / "upstream.git"))
    new = commit(bare.upstream, {"model.py": MODEL + "\n"})
    with pytest.raises(PortError, match=new):  # upstream has it, and is not asked
        ensure(bare.layout, pinned(bare))


def test_mirror_that_borrows_its_objects(bare: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path / "mirror"
    base.mkdir()
    git(tmp_path, "clone", "--quiet", "--bare", "--shared", str(bare.upstream), str(base / "upstream.git"))
    monkeypatch.setenv("NPUPORT_MIRROR", str(base))
    lock = pinned(bare)
    repository = ensure(bare.layout, lock)
    shutil.rmtree(base)
    shutil.rmtree(bare.upstream)
    process.run("fsck", "--connectivity-only", cwd=repository)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host/owner/name", "https://host/owner/name"),
        ("git@host:owner/name.git", "git@host:owner/name.git"),
        ("/abs/name", "/abs/name"),
        ("out/upstream.git", "/port/out/upstream.git"),
        ("../name", "/name"),
    ],
)
def test_paths_are_relative_to_the_port(url: str, expected: str) -> None:
    assert absolute_url(url, Path("/port")) == expected


def test_mirror_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPUPORT_MIRROR", "https://mirror.example/git/")
    places = ["owner/name.git", "owner/name", "name.git", "name"]
    for url in ("https://host/owner/name", "git@host:owner/name.git", "ssh://git@host/owner/name/"):
        assert mirrors(url) == [f"https://mirror.example/git/{place}" for place in places]
    monkeypatch.delenv("NPUPORT_MIRROR")
    assert mirrors("https://host/owner/name") == []


def test_relative_url_works_from_anywhere(
    bare: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "home")
    assert ensure(bare.layout, pinned(bare, url="../upstream")).is_dir()
    assert isinstance(bare.layout, Layout)
