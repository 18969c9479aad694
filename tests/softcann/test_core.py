"""The core's C++ test, linked with the library that the other tests load."""

import os
import subprocess
from pathlib import Path

from npuport import simulator
from npuport.simulator.build import SOURCES


def test_core(directory: Path, tmp_path: Path) -> None:
    plan = simulator.plan()
    headers = Path(plan.inputs["torch_npu"]["directory"]) / "include/third_party/acl/inc"
    program, libraries = tmp_path / "core_test", directory / "lib"
    subprocess.run(
        [
            *(plan.tools["cxx"], "-std=c++20", "-Wall", "-Wextra", "-Werror", "-pthread"),
            *("-I", str(SOURCES), "-isystem", str(headers), str(SOURCES / "tests/core_test.cpp")),
            *("-o", str(program), f"-L{libraries}", "-lsoftcann_core", f"-Wl,-rpath,{libraries}"),
        ],
        check=True,
    )
    environment = {**os.environ, "SOFTCANN_DEVICES": "2", "SOFTCANN_MEMORY": "64M"}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 failures\n", "")
