"""The keys of `--json` are those in docs/reference/cli.md."""

import json
import os
import re
import subprocess
import sys

import pytest

from npuport.base.places import HARNESS
from worlds.repository import copy_example

#: The commands that take about a second, in the order in which they run, and the row that describes each.
COMMANDS = {
    "port": "port",
    "status": "status",
    "verify": "verify",
    "refresh": "refresh",
    "audit": "audit",
    "lint": "lint",
    "watch": "watch",
    "rebase --bisect 0001 --to v0.3.0": "rebase --bisect",
    "rebase --to 390ec9b --dry-run": "rebase",
    "weights list": "weights list",
    "edit 0002": "edit",
}
_NESTED = re.compile(r" ?\([^()]*\)")


def documented() -> dict[str, tuple[set[str], set[str]]]:
    """For each command, the keys that are always present and those that may be."""
    text = (HARNESS / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+`) \| (.+) \|$", text.partition("## The keys of `--json`")[2], re.M)
    keys_of = {}
    for names, keys in rows:
        always, _, sometimes = _NESTED.sub("", keys).partition(";")
        for name in re.findall(r"`([^`]+)`", names):
            keys_of[name] = (set(re.findall(r"`(\w+)`", always)), set(re.findall(r"`(\w+)`", sometimes)))
    return keys_of


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """The JSON that each command prints in a copy of the example."""
    work = tmp_path_factory.mktemp("json")
    port = copy_example(work / "patchtok").root
    environment = {
        **os.environ,
        "NPUPORT_CACHE": str(work / "cache"),
        "PYTHONPATH": os.pathsep.join([str(HARNESS / "tools"), os.environ.get("PYTHONPATH", "")]),
    }
    printed = {}
    for command in COMMANDS:
        words = [sys.executable, "-m", "npuport", "--port", str(port), "--json", *command.split()]
        done = subprocess.run(words, capture_output=True, text=True, env=environment)
        printed[command] = json.loads(done.stdout)
        assert "error" not in printed[command], printed[command]
    return printed


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_keys_are_the_documented_ones(command: str, answers: dict[str, dict[str, object]]) -> None:
    always, sometimes = documented()[COMMANDS[command]]
    keys = set(answers[command])
    assert always <= keys, f"missing: {always - keys}"
    assert keys <= always | sometimes, f"not documented: {keys - always - sometimes}"
