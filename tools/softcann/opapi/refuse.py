"""Writes the C++ file that refuses every aclnn function of a torch_npu wheel that the simulator lacks.

    python refuse.py LIBTORCH_NPU PROBED OUTPUT SOURCE...

A function that is absent makes torch_npu take another path in silence, so every name in the wheel gets a
body that fails and says its name; except where absence is what torch_npu asks for: the names in the file
PROBED, later versions of an implemented function (without aclnnTopkV2 it takes aclnnTopk), and aclnnForeach*,
without which it loops over single ops. What is absent and called all the same, torch_npu itself refuses.
"""

import re
import sys
from pathlib import Path

SUFFIX = "GetWorkspaceSize"


def asked_for(library: Path) -> set[str]:
    """The aclnn functions that `library` names."""
    names = re.findall(rb"(?<!\w)aclnn\w+(?=\0)", library.read_bytes())
    return {name.decode().removesuffix(SUFFIX) for name in names}


def implemented(sources: list[Path]) -> set[str]:
    """The functions that `sources` define: what OP and its kin name first, and second where that is one."""
    defined = re.compile(r"^ *[A-Z_]+\((aclnn\w+)(?:, (aclnn\w+))?", re.M)
    return {
        name for source in sources for pair in defined.findall(source.read_text()) for name in pair if name
    }


def main(library: str, probed: str, output: str, *sources: str) -> None:
    """Write `output`."""
    here = implemented([Path(source) for source in sources])
    lines = (line.split("#")[0].strip() for line in Path(probed).read_text().splitlines())
    absent = {line for line in lines if line}
    refused = sorted(
        name
        for name in asked_for(Path(library)) - here - absent
        if not name.startswith("aclnnForeach") and re.sub(r"V\d+$", "", name) not in here
    )
    body = "".join(f"REFUSE({name})\n" for name in refused)
    Path(output).write_text(f'#include "opapi/refuse.h"\n\n{body}')


if __name__ == "__main__":
    main(*sys.argv[1:])
