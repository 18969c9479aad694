"""What upstream may hold, and what it may not make us do."""

from pathlib import Path

from npuport.edit.refresh import refresh
from npuport.port.build import port as make_port
from worlds.port import Port, commit, edited, git


def test_upstream_attributes_do_nothing(port: Port, tmp_path: Path) -> None:
    """Files land as they are stored, whatever upstream's .gitattributes and a user's filters say."""
    evil = tmp_path / "evil"
    (tmp_path / "home/.gitconfig").write_text(
        f'[filter "x"]\n\tsmudge = touch {evil}\n\tclean = touch {evil}\n\trequired = true\n'
        "[core]\n\tautocrlf = true\n"
    )
    commit(
        port.upstream,
        {
            ".gitattributes": "*.py filter=x text eol=crlf ident\nREADME working-tree-encoding=latin-1\n",
            "README": "Käse\n".encode("latin-1"),
            "id.py": "# $Id$\n",
            ".lfsconfig": "[lfs]\n\turl = https://example.org\n",
        },
    )
    port.write_lock()
    refresh(port.layout)
    result = make_port(port.layout)
    assert (result.path / "model.py").read_bytes() == edited(5, "55").encode()
    assert (result.path / "id.py").read_bytes() == b"# $Id$\n"
    assert (result.path / "README").read_bytes() == "Käse\n".encode()  # as it is stored
    assert not evil.exists()
    assert not make_port(port.layout).changed


def test_gitlinks_are_left_empty(port: Port) -> None:
    """A submodule of upstream's is neither cloned nor fetched."""
    pin = git(port.upstream, "rev-parse", "HEAD")
    modules = '[submodule "sub"]\n\tpath = sub\n\turl = https://unreachable.example/sub\n'
    (port.upstream / ".gitmodules").write_text(modules)
    git(port.upstream, "add", ".gitmodules")
    git(port.upstream, "update-index", "--add", "--cacheinfo", f"160000,{pin},sub")
    git(port.upstream, "commit", "--quiet", "-m", "Add a submodule")
    port.write_lock()
    refresh(port.layout)
    result = make_port(port.layout)
    assert list((result.path / "sub").iterdir()) == []
    assert not make_port(port.layout).changed
