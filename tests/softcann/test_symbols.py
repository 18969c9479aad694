"""The README's tables list exactly the functions of the libraries."""

import ctypes
import re
import subprocess
from pathlib import Path

from npuport.simulator.build import SOURCES

README = (SOURCES / "README.md").read_text(encoding="utf-8")


def exported(library: Path) -> set[str]:
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], check=True, capture_output=True, text=True
    ).stdout
    return {line.split()[-1] for line in listing.splitlines() if not line.split()[-1].startswith("_")}


def documented_in(heading: str) -> set[str]:
    """The functions in the first table below a line of the README."""
    table = README.split(heading, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0]
    return {name for row in table.splitlines() for name in re.findall(r"`(acl\w+)`", row.split("|")[-3])}


def refuses(library: Path, name: str) -> bool:
    """Whether a function refuses; a refused function needs no arguments."""
    loaded = ctypes.CDLL(str(library))
    loaded.aclGetRecentErrMsg.restype = ctypes.c_char_p
    loaded.aclGetRecentErrMsg()
    getattr(loaded, name)()
    message = loaded.aclGetRecentErrMsg() or b""
    return f"{name} is not implemented by the simulator".encode() in message


def test_the_tables_name_every_implemented_call(directory: Path) -> None:
    library = directory / "lib/libascendcl.so"
    documented = documented_in("Implemented, with CANN's error codes:") | documented_in(
        "These need no effect"
    )
    everything = exported(library) | exported(directory / "lib/libacl_op_compiler.so")
    assert documented - everything == set()
    others = everything - documented
    assert {name for name in others if not refuses(library, name)} == set()
    hccl = exported(directory / "lib/libhccl.so")
    assert f"({len(others)} of the runtime's and {len(hccl)} of HCCL's" in " ".join(README.split())


def test_no_call_is_in_both_tables() -> None:
    assert (
        documented_in("Implemented, with CANN's error codes:") & documented_in("These need no effect")
        == set()
    )


def test_the_table_of_ops_names_every_op(directory: Path) -> None:
    table = README.split("## Ops", 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0]
    named = {f"aclnn{name}" for row in table.splitlines()[2:] for name in row.split("|")[2].split()}
    library = ctypes.CDLL(str(directory / "lib/libopapi.so"))
    library.softcann_op_name.restype = ctypes.c_char_p
    library.softcann_op_name.argtypes = [ctypes.c_size_t]
    names = set()
    while (name := library.softcann_op_name(len(names))) is not None:
        names.add(name.decode())
    assert names == named
