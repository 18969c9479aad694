"""What `npuport port` costs over git by hand, in one run, the two alternating.

    .venv/bin/python benchmarks/port.py [--port DIR] [--rounds N]

Three figures: a port with nothing to do, as a whole process, in seconds; a cold port (nothing cached, nothing
in out/) from a local mirror over clone, checkout and `git am` by hand, as a whole process and without
Python's start and imports; a series of 200 patches through npuport over one `git am`. All are medians.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import HAND, interleaved

from npuport import git
from npuport.base.places import HARNESS
from npuport.port import upstream
from npuport.port.build import apply_series, port
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.series import PatchFile, read_series


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=Path, default=HARNESS)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    layout = Layout(args.port.resolve())
    lock = read_lock(layout.lock)
    repository = upstream.ensure(layout, lock)
    with tempfile.TemporaryDirectory() as scratch:
        bench(layout, lock, repository, Path(scratch), args.rounds)


def bench(layout: Layout, lock: Lock, repository: Path, scratch: Path, rounds: int) -> None:
    """Measure in a scratch directory, on a copy of the port and a mirror of its upstream."""
    mirror = scratch / "mirror" / f"{lock.url.rstrip('/').removesuffix('.git').rsplit('/', 1)[-1]}.git"
    subprocess.run(["git", "clone", "--quiet", "--mirror", "--no-local", repository, mirror], check=True)
    copy = Layout(scratch / "port")
    copy.root.mkdir()
    shutil.copy(layout.lock, copy.lock)
    shutil.copytree(layout.patches, copy.patches)
    os.environ |= {"NPUPORT_MIRROR": str(mirror.parent), "NPUPORT_CACHE": str(scratch / "cache")}
    os.environ["PYTHONPATH"] = str(HARNESS / "tools")
    patches = read_series(copy.patches)
    print(f"{lock.url} at {lock.commit[:12]}, {len(patches)} patches, {os.cpu_count()} cores")

    def cold() -> None:
        shutil.rmtree(copy.out, ignore_errors=True)
        shutil.rmtree(scratch / "cache", ignore_errors=True)
        shutil.rmtree(scratch / "hand", ignore_errors=True)

    command = [sys.executable, "-m", "npuport", "--port", str(copy.root), "port"]

    def process() -> None:
        subprocess.run(command, check=True, capture_output=True)

    def hand() -> None:
        by_hand(mirror, lock, copy, scratch / "hand")

    by_process, in_process, manual = interleaved(rounds, cold, process, lambda: port(copy), hand)
    process()
    (nothing,) = interleaved(rounds, lambda: None, process)
    print(f"nothing to do, whole process      {nothing:6.3f} s")
    print(f"cold by hand                      {manual:6.3f} s")
    print(f"cold npuport, whole process       {by_process:6.3f} s  {by_process / manual:5.2f} x")
    print(f"cold npuport, without its imports {in_process:6.3f} s  {in_process / manual:5.2f} x")
    many, direct = series_of_200(repository, lock, scratch, rounds)
    print(f"200 patches, one git am           {direct:6.3f} s")
    print(f"200 patches, npuport              {many:6.3f} s  {many / direct:5.2f} x")


def by_hand(mirror: Path, lock: Lock, layout: Layout, directory: Path) -> None:
    """What npuport replaces."""
    patches = " ".join(str(layout.patches / entry.name) for entry in lock.patches)
    script = (
        f"git clone -q {mirror} {directory} && cd {directory} && git checkout -q --detach {lock.commit} "
        f"&& git am -q --committer-date-is-author-date {patches}"
    )
    subprocess.run(["sh", "-c", script], check=True, capture_output=True, env=os.environ | HAND)


def series_of_200(repository: Path, lock: Lock, scratch: Path, rounds: int) -> tuple[float, float]:
    """Two hundred commits of one file each, through npuport and through one `git am`."""
    tree = scratch / "many"
    tree.mkdir()
    git.work_tree(repository, tree, lock.commit)
    patches = tuple(PatchFile(f"{n:04}-add.patch", _patch(n)) for n in range(1, 201))
    mails = b"".join(patch.data for patch in patches)

    def reset() -> None:
        subprocess.run(["git", "reset", "--quiet", "--hard", lock.commit], cwd=tree, check=True)

    def direct() -> None:
        options = ["--quiet", "--committer-date-is-author-date"]
        subprocess.run(["git", "am", *options], cwd=tree, input=mails, check=True, env=os.environ | HAND)

    ours, theirs = interleaved(
        max(rounds // 3, 3), reset, lambda: apply_series(tree, lock.commit, patches), direct
    )
    return ours, theirs


def _patch(number: int) -> bytes:
    path = f"bench/file_{number % 20:02}_{number}.py"
    lines = "".join(f"+line_{n} = {n * number}\n" for n in range(30))
    return (
        "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
        "From: Bench <bench@localhost>\nDate: Mon, 2 Nov 2026 10:00:00 +0000\n"
        f"Subject: Add file {number}\n\nMeasured.\n\nForwarded: not-needed\n\n"
        f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex 0000000..1111111\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,30 @@\n{lines}"
    ).encode()


if __name__ == "__main__":
    main()
