"""The same lock gives the same commit, whoever the user is and whatever their git is told."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from npuport.git.process import GitFailed, run
from npuport.port.lock import read_lock
from worlds.port import Port, git, start_npuport


def hooks(home: Path) -> dict[str, str]:
    """Every hook, in a hooks directory and in a template, leaves a trace."""
    for directory in (home / "hooks", home / "template/hooks"):
        directory.mkdir(parents=True)
        for name in (
            *("applypatch-msg", "pre-applypatch", "post-applypatch", "post-checkout", "post-commit"),
            *("commit-msg", "prepare-commit-msg", "pre-commit", "reference-transaction", "post-index-change"),
        ):
            (directory / name).write_text(f"#!/bin/sh\necho {name} >> {home}/trace\nexit 1\n")
            (directory / name).chmod(0o755)
    monitor = home / "monitor"
    monitor.write_text(f"#!/bin/sh\necho monitor >> {home}/trace\n")
    monitor.chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {home}/hooks\n\tfsmonitor = {monitor}\n"
        f"[init]\n\ttemplateDir = {home}/template\n"
    )
    return {"GIT_TEMPLATE_DIR": str(home / "template")}


def conversions(home: Path) -> dict[str, str]:
    (home / ".config/git").mkdir(parents=True)
    (home / ".config/git/attributes").write_text("*.py text eol=crlf ident\n")
    (home / ".config/git/ignore").write_text("*\n")
    (home / ".gitconfig").write_text(
        "[core]\n\tautocrlf = true\n\teol = crlf\n\tsafecrlf = true\n\tfileMode = false\n"
        "\tquotePath = false\n\twhitespace = cr-at-eol,tab-in-indent\n"
        "[apply]\n\twhitespace = fix\n\tignoreWhitespace = change\n"
        "[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n\trenames = copies\n"
    )
    return {}


def am_options(home: Path) -> dict[str, str]:
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Eve\n\temail = eve@example.org\n\tsigningKey = nobody\n[commit]\n\tgpgSign = true\n"
        "[gpg]\n\tprogram = /bin/false\n[am]\n\tthreeWay = true\n\tkeepcr = false\n\tmessageid = true\n"
        "[format]\n\tsignOff = true\n[mailinfo]\n\tscissors = true\n[i18n]\n\tcommitEncoding = latin1\n"
        "\tlogOutputEncoding = latin1\n[log]\n\tshowSignature = true\n\tdate = relative\n"
        "[alias]\n\tam = !false\n\tstatus = !false\n[color]\n\tui = always\n[core]\n\tpager = false\n"
        "[status]\n\tshowUntrackedFiles = no\n\tshort = true\n\tbranch = true\n\trelativePaths = true\n"
    )
    return {}


def identity(home: Path) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": "Eve",
        "GIT_AUTHOR_EMAIL": "eve@example.org",
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_COMMITTER_NAME": "Eve",
        "GIT_COMMITTER_EMAIL": "eve@example.org",
        "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
        "EMAIL": "eve@example.org",
    }


def places(home: Path) -> dict[str, str]:
    """What leaks in when npuport is run from a git hook, say."""
    other = home / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    return {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(home / "index"),
        "GIT_OBJECT_DIRECTORY": str(home / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(home / "objects"),
        "GIT_NAMESPACE": "x",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_ATTR_SOURCE": "HEAD",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_EDITOR": "false",
        "GIT_PREFIX": "x/",
    }


def locale(home: Path) -> dict[str, str]:
    return {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "de", "LANG": "de_DE.ISO-8859-1", "TZ": "Asia/Kathmandu"}


def plain_c(home: Path) -> dict[str, str]:
    return {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def nobody(home: Path) -> dict[str, str]:
    home.rmdir()
    return {"HOME": str(home / "missing"), "USER": "", "LOGNAME": ""}


USERS = [hooks, conversions, am_options, identity, places, locale, plain_c, nobody]


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.__name__)
def test_commit_does_not_depend_on_the_user(
    port: Port, tmp_path: Path, user: Callable[[Path], dict[str, str]]
) -> None:
    shutil.rmtree(port.layout.out)
    shutil.rmtree(tmp_path / "cache")
    home = tmp_path / "home"
    environment = dict(os.environ) | user(home)
    for words in (("port",), ("verify",)):
        process = start_npuport("--port", port.layout.root, *words, env=environment)
        _, problem = process.communicate(timeout=60)
        assert process.returncode == 0, problem.decode()
    tree = port.layout.ported
    assert git(tree, "rev-parse", "HEAD") == read_lock(port.layout.lock).ported_commit
    assert not (home / "trace").exists()
    assert not (tree / ".git/hooks").exists()


def test_monitor_in_the_trees_own_config_does_not_run(port: Port, tmp_path: Path) -> None:
    from npuport.port.build import port as make_port

    tree = make_port(port.layout).path
    git(tree, "config", "core.fsmonitor", f"touch {tmp_path}/trace; true")
    git(tree, "config", "core.hooksPath", str(tmp_path))
    assert not make_port(port.layout).changed
    assert not (tmp_path / "trace").exists()


def test_no_path_of_the_machine_is_in_what_is_tracked(port: Port) -> None:
    port.write_lock(url="../upstream")
    from npuport.edit.refresh import refresh

    refresh(port.layout)
    root = str(port.layout.root.parent)
    for path in (port.layout.lock, *port.layout.patches.iterdir()):
        assert root not in path.read_text()


def test_hint_of_a_failed_command_deletes_nothing(port: Port) -> None:
    """`out/` and the cache may hold the only copy of edits, or of a rebase in progress."""
    with pytest.raises(GitFailed) as caught:
        run("cat-file", "-p", "nonsense", cwd=port.upstream)
    assert "npuport doctor" in caught.value.hint
    assert not {"delete", "remove", "rm"} & set(caught.value.hint.split())
