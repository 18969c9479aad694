"""The command line: exit codes, JSON, one line an error."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from npuport import __version__, cli, commands
from npuport.commands import COMMANDS
from worlds.port import Port, start_npuport

Capture = pytest.CaptureFixture[str]


def test_port_and_back(port: Port, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(port.layout.root / "patches")  # found upwards
    assert cli.main(["port"]) == 0
    assert capsys.readouterr().out.endswith(f"= {port.layout.ported.resolve().name[:12]}\n")
    assert cli.main(["port"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert cli.main(["status"]) == 0
    assert re.search(r"^ported +good", capsys.readouterr().out, re.M)
    assert cli.main(["verify"]) == 0
    assert "the same, file by file" in capsys.readouterr().out
    assert cli.main(["refresh", "--check"]) == 0


def test_json_is_one_object_on_stdout(port: Port, capsys: Capture) -> None:
    root = str(port.layout.root)
    assert cli.main(["--port", root, "--json", "port"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert set(first) == {"path", "commit", "tree", "upstream", "patches", "changed", "aside"}
    assert first["changed"] is True
    assert first["patches"] == ["0001-patch.patch", "0002-patch.patch"]
    assert cli.main(["port", "--json", "--port", root]) == 0
    assert json.loads(capsys.readouterr().out) == first | {"changed": False}
    for command in ("status", "verify", "refresh"):
        assert cli.main(["--port", root, command, "--json"]) == 0
        assert isinstance(json.loads(capsys.readouterr().out), dict)


def test_finding_exits_1(port: Port, capsys: Capture) -> None:
    root = str(port.layout.root)
    cli.main(["--port", root, "port"])
    (port.layout.ported / "model.py").write_text("mine\n")
    assert cli.main(["--port", root, "status"]) == 1
    assert cli.main(["--port", root, "verify"]) == 1
    capsys.readouterr()
    assert cli.main(["--port", root, "port"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"error: .* has local edits: model\.py\nhint: npuport refresh .*--force .*\n", err)
    assert cli.main(["--port", root, "port", "--json"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert set(json.loads(out)) == {"error", "hint"}
    assert cli.main(["--port", root, "port", "--force"]) == 0
    assert "the edited tree is now" in capsys.readouterr().out


def test_no_port_here(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["port"]) == 1
    assert "no upstream.lock" in capsys.readouterr().err
    assert cli.main(["--port", "nowhere", "port"]) == 1
    assert "nowhere/upstream.lock is missing" in capsys.readouterr().err


WRONG = {
    "no command": [],
    "unknown command": ["frobnicate"],
    "unknown option": ["port", "--frobnicate"],
    "abbreviated option": ["port", "--off"],
    "abbreviated command": ["por"],
    "too much": ["port", "extra"],
    "option without its value": ["port", "--port"],
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_exits_2(words: list[str], capsys: Capture) -> None:
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: npuport")
    assert cli.main([*words, "--json"]) == 2
    out, err = capsys.readouterr()
    assert set(json.loads(out)) == {"error", "hint"}
    assert err == ""


def test_help_and_version(capsys: Capture) -> None:
    for words in (["--help"], *([name, "--help"] for name in ("port", "status", "verify", "refresh"))):
        with pytest.raises(SystemExit) as caught:
            cli.main(words)
        assert caught.value.code == 0
    helped = capsys.readouterr().out
    assert all(name in helped for name in COMMANDS)
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"npuport {__version__}\n"


@pytest.fixture
def command(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command of our own, `strange`, to be written by the test."""
    monkeypatch.setattr(commands, "COMMANDS", {**COMMANDS, "strange": "a command"})
    monkeypatch.setattr(cli, "COMMANDS", commands.COMMANDS)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "npuport.commands.strange", raising=False)
    return tmp_path / "strange.py"


BODY = "from npuport.commands import Outcome\ndef add_arguments(parser): pass\ndef run_strange(args):\n    "


def test_bug_exits_3_with_its_traceback_in_a_log(command: Path, cache: Path, capsys: Capture) -> None:
    command.write_text(BODY + "raise KeyError('two\\nlines')\n")
    assert cli.main(["strange"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 2
    (log,) = (cache / "log").iterdir()
    assert str(log) in err
    assert "Traceback" in log.read_text()
    assert "KeyError" in log.read_text()
    assert cli.main(["strange", "--json"]) == 3
    assert set(json.loads(capsys.readouterr().out)) == {"error", "hint", "log"}


def test_bug_where_no_log_can_be_kept(
    command: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NPUPORT_CACHE", str(tmp_path / "file"))
    command.write_text(BODY + "raise KeyError\n")
    assert cli.main(["strange"]) == 3
    assert re.search(r"report it with \S+\.log", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        ("raise KeyboardInterrupt", 130, "interrupted"),
        ("raise OSError(28, 'No space left on device', '/a')", 1, "free some disk"),
        ("raise PermissionError(13, 'Permission denied', '/a')", 1, "/a"),
        ("raise OSError(5, 'Input/output error')", 3, "report it"),
    ],
    ids=["interrupt", "disk full", "not permitted", "other"],
)
def test_how_it_ends(command: Path, capsys: Capture, raised: str, code: int, says: str) -> None:
    command.write_text(BODY + raised + "\n")
    assert cli.main(["strange"]) == code
    assert says in capsys.readouterr().err


def test_exit_code_and_progress_are_the_commands(command: Path, capsys: Capture) -> None:
    command.write_text(BODY + "args.progress('half way'); return Outcome('käse', {'a': 'käse'}, 1)\n")
    assert cli.main(["strange"]) == 1
    assert capsys.readouterr() == ("käse\n", "half way\n")


def test_ascii_terminal(port: Port) -> None:
    environment = dict(os.environ) | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    process = start_npuport("--port", port.layout.root / "käse", "port", env=environment)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith(b"error: ")
    assert err.decode("ascii").count("\n") == 2


def test_reader_that_goes_away(port: Port) -> None:
    process = start_npuport("--port", port.layout.root, "port")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    assert port.layout.ported.is_dir()


def test_answer_that_cannot_be_written(port: Port) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        process = start_npuport("--port", port.layout.root, "port", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.decode().count("\n") == 1


def test_interrupt_of_the_process(port: Port) -> None:
    import fcntl

    (port.layout.out).mkdir(exist_ok=True)
    with (port.layout.out / ".lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = start_npuport("--port", port.layout.root, "port")
        assert process.stderr is not None
        assert process.stderr.readline() == b"waiting for another npuport\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == b"interrupted\n"


def test_nothing_slow_is_imported_when_nothing_is_to_do(port: Port, ported: object) -> None:
    code = (
        "import sys; from npuport import cli; code = cli.main(sys.argv[1:]);"
        "print([m for m in ('omegaconf', 'yaml', 'git', 'unidiff', 'filelock', 'torch') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--port", str(port.layout.root), "port"],
        env=dict(os.environ) | {"PYTHONPATH": str(Path(cli.__file__).parents[1])},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().endswith("nothing to do\n[]\n")


def test_streams_without_a_file_descriptor(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert cli.main(["--port", str(port.layout.root), "port"]) == 0
    assert out.getvalue()
