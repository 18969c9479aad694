"""The workflow for GitHub Actions: what it may do, and its scripts run for real, with a `gh` that only notes.

Its steps are run in order, as the runner would: each script in bash, outputs handed on, conditions kept.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from npuport.base.places import HARNESS
from npuport.port.lock import read_lock
from worlds.port import MODEL, TOOLS, Port, commit, edited, git

WORKFLOW = HARNESS / "examples/github/upstream-watch.yml"
FLOW: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
(JOB,) = FLOW["jobs"].values()
SCRIPTS = {step["name"]: step["run"] for step in JOB["steps"] if "run" in step}

GH = """\
import json, os, pathlib, sys
words = sys.argv[1:]
here = pathlib.Path(os.environ["GH_NOTES"])
body = words[words.index("--body-file") + 1] if "--body-file" in words else None
assert os.environ["GH_TOKEN"] == "secret"
note = {"words": words, "body": pathlib.Path(body).read_text() if body else None}
with (here / "notes").open("a") as notes:
    notes.write(json.dumps(note) + "\\n")
answer = here / "-".join(words[:2])
print(answer.read_text() if answer.exists() else "", end="")
"""


def test_is_pinned_and_asks_for_little() -> None:
    assert FLOW["permissions"] == {}
    assert JOB["permissions"] == {"contents": "write", "pull-requests": "write", "issues": "write"}
    for step in JOB["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    assert re.findall(r"uses: .*@[0-9a-f]{40}(?! # v\d+\.\d+\.\d+$)", WORKFLOW.read_text(), re.M) == []


def test_nothing_is_pasted_into_a_script() -> None:
    """Expressions are put into a script before bash reads it; so none may stand in one."""
    for script in SCRIPTS.values():
        assert "${{" not in script
        assert "eval" not in script
    for step in JOB["steps"]:
        if "npuport" in step.get("run", ""):
            assert "GH_TOKEN" not in step.get("env", {})


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_bash(name: str) -> None:
    subprocess.run(["bash", "-n"], input=SCRIPTS[name].encode(), check=True)


@dataclass
class Runner:
    """A machine with the port checked out, and what its runs have left."""

    port: Port
    root: Path
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What `gh` was asked to do."""
        path = self.root / "notes/notes"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def did(self, *words: str) -> list[dict[str, Any]]:
        """Those that begin with some words."""
        return [note for note in self.notes if note["words"][: len(words)] == list(words)]

    def answer(self, words: str, text: str) -> None:
        """What `gh` says to two words."""
        (self.root / "notes" / words.replace(" ", "-")).write_text(text)

    def run(self) -> int:
        """Run the job; returns the exit code of the step that ended it."""
        for name in ("notes/notes", "output", "summary"):
            (self.root / name).unlink(missing_ok=True)
        for step in JOB["steps"]:
            if "run" not in step or step["name"].startswith("Install") or not self._wanted(step):
                continue
            code = self._step(step)
            if code:
                return code
        return 0

    def _wanted(self, step: dict[str, Any]) -> bool:
        return self._filled(step.get("if", "'' == ''")) in ("'10' == '10'", "'' == ''")

    def _filled(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            return repr(self.outputs[found[1]].get(found[2], ""))

        return re.sub(r"steps\.(\w+)\.outputs\.(\w+)", value, text)

    def _step(self, step: dict[str, Any]) -> int:
        output = self.root / "output"
        output.write_text("")
        environment = {
            **{name: os.environ[name] for name in ("HOME", "NPUPORT_CACHE")},
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE")},
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.root / "temp"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.root / "summary"),
            "GH_NOTES": str(self.root / "notes"),
            **{name: str(value) for name, value in FLOW["env"].items()},
        }
        for name, value in step.get("env", {}).items():
            inner = value.removeprefix("${{ ").removesuffix(" }}")
            environment[name] = "secret" if inner == "github.token" else self._filled(inner).strip("'")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.port.layout.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += done.stdout
        pairs = [line.partition("=") for line in output.read_text().splitlines()]
        self.outputs[step.get("id", step["name"])] = {name: value for name, _, value in pairs}
        summary = self.root / "summary"
        self.summary = summary.read_text() if summary.exists() else ""
        return done.returncode


@pytest.fixture
def runner(port: Port, tmp_path: Path) -> Runner:
    """The port as a repository of its own, pushed to `origin`; npuport and gh on the path."""
    root = tmp_path / "runner"
    for name in ("bin", "temp", "notes"):
        (root / name).mkdir(parents=True)
    (root / "gh.py").write_text(GH)
    commands = {
        "gh": f'exec "{sys.executable}" "{root / "gh.py"}" "$@"',
        "python": f'exec "{sys.executable}" "$@"',
        "npuport": f'PYTHONPATH="{TOOLS}" exec "{sys.executable}" -m npuport "$@"',
    }
    for name, line in commands.items():
        (root / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (root / "bin" / name).chmod(0o755)
    git(root, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    commands_of_a_person = (
        ("init", "--quiet", "--initial-branch=main"),
        ("remote", "add", "origin", str(root / "origin.git")),
    )
    for words in commands_of_a_person:
        git(port.layout.root, *words)
    shutil.rmtree(port.layout.out, ignore_errors=True)
    commit(port.layout.root, {".gitignore": "out/\n"}, "Port")
    git(port.layout.root, "push", "--quiet", "origin", "main")
    return Runner(port, root)


def pushed(runner: Runner) -> list[str]:
    lines = git(runner.root / "origin.git", "for-each-ref", "--format=%(refname:short)", "refs/heads")
    return [name for name in lines.splitlines() if name != "main"]


def test_up_to_date_does_nothing(runner: Runner) -> None:
    assert runner.run() == 0, runner.log
    assert runner.summary == "Up to date.\n"
    assert [note["words"][:2] for note in runner.notes] == [["issue", "list"]]
    assert pushed(runner) == []


def test_newer_and_clean_opens_a_pull_request(runner: Runner) -> None:
    tip = commit(runner.port.upstream, {"model.py": "# one\n" + MODEL}, "Say one")
    assert runner.run() == 0, runner.log
    assert pushed(runner) == [f"upstream-{tip[:12]}"]
    (made,) = runner.did("pr", "create")
    assert made["words"][4:6] == ["--title", f"Rebase on upstream {tip[:12]}"]
    assert made["body"].splitlines()[0].endswith(f"to {tip[:12]}: published")
    assert "Say one" in made["body"]
    assert made["body"].splitlines()[0].replace("published", "applies") == runner.summary.splitlines()[0]
    work = runner.root / "work"
    git(runner.root, "clone", "--quiet", "--branch", pushed(runner)[0], "origin.git", "work")
    assert read_lock(work / "upstream.lock").commit == tip
    assert tip[:12] in (work / "CHANGELOG.md").read_text()
    assert git(work, "status", "--porcelain") == ""
    assert git(work, "log", "-1", "--format=%s %an") == f"Rebase on upstream {tip[:12]} github-actions[bot]"
    changed = git(work, "diff", "--name-only", "origin/main", "HEAD").splitlines()
    assert changed == ["CHANGELOG.md", "patches/0002-patch.patch", "upstream.lock"]


def test_pull_request_that_is_there_is_left_alone(runner: Runner) -> None:
    commit(runner.port.upstream, {"model.py": "# one\n" + MODEL})
    runner.answer("pr list", "12\n")
    assert runner.run() == 0, runner.log
    assert runner.did("pr", "create") == []
    assert pushed(runner) == []


def test_newer_and_in_conflict_opens_an_issue_once(runner: Runner) -> None:
    commit(runner.port.upstream, {"model.py": edited(5, "'upstream'")}, "Change value 5")
    assert runner.run() == 0, runner.log
    (made,) = runner.did("issue", "create")
    assert "**Decisions needed:**" in made["body"]
    assert "Change value 5" in made["body"]
    assert made["body"] == runner.summary
    assert pushed(runner) == []
    assert git(runner.port.layout.root, "status", "--porcelain") == ""
    runner.answer("issue list", "7\n")
    assert runner.run() == 0, runner.log
    assert runner.did("issue", "create") == []
    (made,) = runner.did("issue", "edit")
    assert made["words"][2] == "7"
    assert "**Decisions needed:**" in made["body"]


def test_issue_is_closed_when_nothing_needs_a_person(runner: Runner) -> None:
    runner.answer("issue list", "7\n")
    assert runner.run() == 0, runner.log
    assert runner.did("issue", "close")[0]["words"][2] == "7"


def test_error_fails_the_job(runner: Runner) -> None:
    git(runner.port.upstream, "branch", "--quiet", "-m", "main", "trunk")
    assert runner.run() == 1
    assert runner.notes == []
    assert '"error":' in runner.log


def test_upstreams_words_are_no_commands(runner: Runner) -> None:
    """Neither to a shell, nor to the runner, nor to the code host."""
    evil = (
        "$(touch pwned) `touch pwned` '; touch pwned; ' ::error::x ##[add-mask]y @everyone fixes #1 ${{ x }}"
    )
    tip = commit(runner.port.upstream, {"model.py": "# one\n" + MODEL}, evil)
    assert runner.run() == 0, runner.log
    assert list(runner.root.parent.rglob("pwned")) == []
    (made,) = runner.did("pr", "create")
    assert made["words"][5] == f"Rebase on upstream {tip[:12]}"
    assert re.search(r"<code>[^<]*everyone[^<]*</code>", made["body"])
    # Between these two lines the runner takes nothing for a command.
    inside = re.findall(r"::stop-commands::(\w{64})\n(.*?)::\1::\n", runner.log, re.DOTALL)
    outside = re.sub(r"::stop-commands::(\w{64})\n(.*?)::\1::\n", "", runner.log, flags=re.DOTALL)
    assert len(inside) == 2
    assert "everyone" not in outside
