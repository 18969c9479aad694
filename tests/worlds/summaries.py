"""Summaries of rebases that never were, with everything in them, and with everything hostile in them."""

from dataclasses import replace

from npuport.git.history import UpstreamCommit
from npuport.port.pin import Pin
from npuport.rebase.summary import LicenseChange, Proof, Summary
from npuport.rebase.verdict import Clash, Offset, Rename, Verdict


def commit(number: int, subject: str = "Change the mask", author: str = "Ada") -> UpstreamCommit:
    return UpstreamCommit(f"{number:x}".ljust(40, "0"), "2026-04-15", author, subject)


def proof(verdict: str = "pass", device: str = "Ascend910B4 (simulated)", **changes: object) -> Proof:
    state_dict = {"tiny": {"a.weight": [4, 4], "b.weight": [8]}}
    made = Proof(verdict, device, {"pass": 76, "fail": 0, "skip": 0}, 1.04, (), state_dict)
    return replace(made, **changes)  # type: ignore[arg-type]


def summary(text: str = "Change the mask", path: str = "vtp/mask.py", **changes: object) -> Summary:
    """One of each kind of verdict; `text` and `path` stand wherever upstream has the word."""
    by = commit(7, text, text)
    lines = (f"{text} = 1", "b = 2")
    clash = Clash(path, 2, 40, (*lines, "c"), lines, ("d = 4",), f"{text} changed them", by, f"{path}:12")
    gone = Clash(path, 0, 0, (), (), (), "upstream deleted the file", by)
    verdicts = (
        Verdict("0001-Clean.patch", "clean"),
        Verdict("0002-Moved.patch", "moved", offsets=(Offset(path, 1, 200), Offset(path, 2, -3))),
        Verdict("0003-Renamed.patch", "renamed", renames=(Rename(path, f"new/{path}", by),)),
        Verdict("0004-Merged.patch", "merged"),
        Verdict("0005-Upstreamed.patch", "upstreamed", commit=by),
        Verdict("0006-Resolved.patch", "resolved", clashes=(clash,)),
        Verdict("0007-Skipped.patch", "skipped", clashes=(gone,)),
        Verdict("0008-Conflict.patch", "conflict", clashes=(clash, gone)),
    )
    before = proof()
    shapes = {"tiny": {"a.weight": [4, 8], "c.weight": [8]}}
    after = proof("fail", counts={"pass": 75, "fail": 1}, worst=9.5, red=(f"test_{text}",), state_dict=shapes)
    made = Summary(
        old=Pin("main", commit(1), "1" * 40),
        new=Pin(text, commit(2, text, text), "2" * 40),
        log=tuple(commit(number, text, text) for number in range(2, 9)),
        history=f"upstream rewrote its history: {text}",
        verdicts=verdicts,
        waiting=("0009-Waiting.patch", "0010-Waiting.patch"),
        ahead=(
            Verdict("0009-Waiting.patch", "conflict", clashes=(clash,)),
            Verdict("0010-Waiting.patch", "clean"),
        ),
        license=LicenseChange(
            path, "a" * 64, "b" * 64, f"--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-{text}\n+{text}!\n"
        ),
        api=(f"get_latents: {text}",),
        assumptions=(f"{path}:3: {text}",),
        before=before,
        after=after,
        decisions=(f"0008-Conflict.patch: {path}, hunk 2: {text}", f"{text} has changed"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def quiet() -> Summary:
    """A rebase without findings."""
    same = LicenseChange("LICENSE", "a" * 64, "a" * 64, "")
    verdicts = (Verdict("0001-Clean.patch", "clean"),)
    pins = (Pin("main", commit(number), f"{number:040x}") for number in (1, 2))
    return Summary(*pins, (commit(2),), "", verdicts, (), same, published=True)
