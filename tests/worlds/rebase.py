"""A port of the stand-in upstream, and what every rebase of it has to keep to."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from npuport import cli
from npuport.edit.refresh import refresh
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from worlds.expect import Expected
from worlds.histories import History, make_repository, make_series
from worlds.lumen import START, Tree
from worlds.port import git
from worlds.standin import SERIES, Edit

Json = dict[str, Any]
CHANGELOG = "# Changelog\n\n## Unreleased\n\n### Added\n- The first port.\n"


@dataclass(frozen=True)
class Answer:
    """What a command ended with: its exit code, its JSON, its stderr."""

    code: int
    data: Json
    errors: str


@dataclass
class World:
    """An upstream, a port of it, and a user at the command line.

    Args:
        root: the directory of both.
        capture: where the commands' output goes.
        series: what the port's patches do.
        history: what upstream does next.
    """

    root: Path
    capture: pytest.CaptureFixture[str]
    series: Sequence[Edit]
    history: History

    @property
    def upstream(self) -> Path:
        """Upstream's repository, bare."""
        return self.root / "upstream.git"

    @property
    def layout(self) -> Layout:
        """The port."""
        return Layout(self.root / "port")

    @property
    def tree(self) -> Path:
        """The work tree of the session that stands."""
        return self.layout.out / "rebase/session/tree"

    @property
    def patches(self) -> dict[str, bytes]:
        """The patches on disk, in the series' order."""
        names = (self.layout.patches / "series").read_text().split()
        return {name: (self.layout.patches / name).read_bytes() for name in names}

    def npuport(self, *arguments: str) -> Answer:
        """Run a command in this process, with `--json`."""
        self.capture.readouterr()
        code = cli.main(["--port", str(self.layout.root), *arguments, "--json"])
        out, errors = self.capture.readouterr()
        assert code in (0, 1), f"{arguments}: {out} {errors}"
        return Answer(code, json.loads(out), errors)

    def carry(self, edits: Sequence[Edit]) -> None:
        """Write upstream's history so far; the port is pinned to it and has another series."""
        self.history.write()
        shutil.rmtree(self.layout.patches)
        self.series = edits
        write_port(self.layout, self.root / "workshop.git", self.history.files, edits)

    def state(self) -> dict[str, bytes]:
        """Every file of the port but what commands make."""
        return files_below(self.layout.root, but="out")

    def everything(self) -> dict[str, bytes]:
        """The same, and what rebases have left in out/rebase."""
        return self.state() | {f"out/{p}": d for p, d in files_below(self.layout.out / "rebase").items()}

    def rebase(
        self, *expected: Expected, to: str = "main", tree: Tree | None = None, options: Sequence[str] = ()
    ) -> Json:
        """Write upstream's history, rebase on it, check everything that holds whatever happens.

        Args:
            expected: a verdict a patch, to the first that needs a decision.
            tree: what the ported tree then holds; worked out from the series where it is left out.
            options: more of the command's.
        """
        self.history.write()
        names, before, everything = list(self.patches), self.state(), self.everything()
        dry = self.npuport("rebase", "--to", to, "--dry-run", *options)
        assert self.everything() == everything, "a dry run changed something"
        self._check_verdicts(dry, names, expected)
        assert dry.data["dry_run"]
        assert not dry.data["published"]
        assert dry.data["session"] is None
        answer = self.npuport("rebase", "--to", to, *options)
        self._check_verdicts(answer, names, expected)
        assert answer.data["verdicts"] == dry.data["verdicts"]
        assert not answer.data["dry_run"]
        if expected and expected[-1].needs_person:
            assert self.state() == before
            self.check_session(answer)
        else:
            self.prove(answer.data, expected, self.old_patches(before), tree)
            again = self.npuport("rebase", "--to", to, *options)
            assert (again.code, again.data["changed"]) == (0, False)
        return answer.data

    def attempt(self, *options: str, to: str = "main") -> Answer:
        """Write upstream's history and rebase on it: for what `rebase` cannot foretell."""
        self.history.write()
        return self.npuport("rebase", "--to", to, *options)

    def go_on(self, how: str, *expected: Expected, tree: Tree | None = None) -> Json:
        """`--continue` or `--skip`: the verdicts, then a session or a proven port."""
        names, before = list(self.patches), self.state()
        answer = self.npuport("rebase", how)
        self._check_verdicts(answer, names, expected)
        if expected[-1].needs_person:
            assert self.state() == before
            self.check_session(answer)
        else:
            self.prove(answer.data, expected, self.old_patches(before), tree)
        return answer.data

    def resolve(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write, or with None delete, files of the session's tree."""
        for name, content in files.items():
            path = self.tree / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def prove(
        self, data: Json, expected: Sequence[Expected], old: Mapping[str, bytes], tree: Tree | None
    ) -> None:
        """The port is the new one, and means what it should."""
        assert data["published"]
        assert data["changed"]
        assert data["session"] is None
        assert not self.tree.exists()
        lock = read_lock(self.layout.lock)
        assert lock.commit == data["new"]["commit"]["id"]
        kept = [name for name, verdict in zip(old, expected, strict=True) if verdict.kept]
        now = self.patches
        assert len(now) == len(kept)
        for verdict in data["verdicts"]:
            if verdict["kind"] == "clean":
                assert old[verdict["patch"]] in now.values(), (
                    f"{verdict['patch']} is clean, its bytes are not"
                )
        assert self.npuport("verify").code == 0
        assert self.npuport("refresh", "--check").code == 0
        assert self.npuport("port").code == 0
        assert self.ported() == (self.means(expected) if tree is None else tree)
        changelog = (self.layout.root / "CHANGELOG.md").read_text()
        assert lock.commit[:7] in changelog
        assert "- The first port." in changelog
        assert (self.layout.out / "rebase/report.md").is_file()

    def means(self, expected: Sequence[Expected]) -> Tree:
        """Upstream's files with what the kept patches do, each where its file is now."""
        tree = dict(self.history.files)
        for edit, verdict in zip(self.series, expected, strict=True):
            tree = edit.apply(tree, verdict.renames) if verdict.kept else tree
        return tree

    def ported(self) -> Tree:
        """The files of the ported tree."""
        return {p: d for p, d in files_below(self.layout.ported).items() if not p.startswith(".git/")}

    def check_session(self, answer: Answer) -> None:
        """A session stands: its tree shows every clash, as markers where they have a line."""
        assert not answer.data["published"]
        assert answer.data["session"]
        for clash in answer.data["verdicts"][-1]["clashes"]:
            if clash["line"]:
                lines = (self.tree / clash["path"]).read_bytes().split(b"\n")
                assert lines[clash["line"] - 1].startswith(b"<<<<<<<"), clash
        status = self.npuport("rebase", "--status")
        assert status.data["verdicts"] == answer.data["verdicts"]
        assert status.data["waiting"] == answer.data["waiting"]

    def old_patches(self, state: Mapping[str, bytes]) -> dict[str, bytes]:
        """The patches of a state, in order."""
        names = state["patches/series"].decode().split()
        return {name: state[f"patches/{name}"] for name in names}

    def _check_verdicts(self, answer: Answer, names: Sequence[str], expected: Sequence[Expected]) -> None:
        data = answer.data
        assert "error" not in data, data
        names_of_verdicts = [verdict["patch"] for verdict in data["verdicts"]]
        assert names_of_verdicts == list(names[: len(expected)]), data["verdicts"]
        assert data["waiting"] == list(names[len(expected) :])
        for verdict, wanted in zip(data["verdicts"], expected, strict=True):
            wanted.check(verdict)
        stops = bool(expected) and expected[-1].needs_person
        assert (answer.code, data["good"]) == (int(stops), not stops), data
        assert bool(data["decisions"]) == stops, data["decisions"]


def files_below(directory: Path, but: str = "") -> dict[str, bytes]:
    """Files and links by their path; one directory left out."""
    found = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if but and (name == but or name.startswith(f"{but}/")):
            continue
        if path.is_symlink():
            found[name] = str(path.readlink()).encode()
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def make_world(root: Path) -> None:
    """The stand-in upstream and a port of it with the usual series."""
    make_repository(root / "upstream.git", START)
    write_port(Layout(root / "port"), root / "workshop.git", START, SERIES)


def write_port(layout: Layout, workshop: Path, files: Tree, edits: Sequence[Edit]) -> None:
    """Lock, series and changelog of a port at the tip of `../upstream.git`, refreshed."""
    layout.patches.mkdir(parents=True)
    commit = git(layout.root.parent / "upstream.git", "rev-parse", "main")
    layout.lock.write_text(
        f'format: 1\nupstream:\n  url: "../upstream.git"\n  branch: "main"\n  commit: "{commit}"\n'
    )
    names = []
    for number, (edit, data) in enumerate(
        zip(edits, make_series(workshop, files, tuple(edits)), strict=True), 1
    ):
        names.append(f"{number:04}-{re.sub('[^A-Za-z0-9]+', '-', edit.subject)}.patch")
        (layout.patches / names[-1]).write_bytes(data)
    (layout.patches / "series").write_text("".join(f"{name}\n" for name in names))
    (layout.root / "CHANGELOG.md").write_text(CHANGELOG)
    refresh(layout)
    shutil.rmtree(workshop, ignore_errors=True)
