"""Writes the C++ file that refuses every aclnn function that the wheel names and the simulator lacks.

    python refused_ops.py LIBTORCH_NPU PROBED OUTPUT SOURCE...

Where a function is absent, torch_npu takes another path without a message. So each name in the wheel gets a
function that fails with that name. Three kinds of names stay absent, since torch_npu handles their absence:
those in the file PROBED; newer versions of an implemented function (without aclnnTopkV2 it calls aclnnTopk);
and aclnnForeach* (it loops over single ops). If torch_npu calls an absent function all the same, it raises an
error that names it.
"""

import re
import sys
from pathlib import Path

SUFFIX = "GetWorkspaceSize"


def named_in(library: Path) -> set[str]:
    """The aclnn functions whose names stand in `library`."""
    names = re.findall(rb"(?<!\w)aclnn\w+(?=\0)", library.read_bytes())
    return {name.decode().removesuffix(SUFFIX) for name in names}


def implemented(sources: list[Path]) -> set[str]:
    """The aclnn functions that `sources` define: the first one or two arguments of OP and similar macros."""
    defined = re.compile(r"^ *[A-Z_]+\((aclnn\w+)(?:, (aclnn\w+))?", re.M)
    return {
        name for source in sources for pair in defined.findall(source.read_text()) for name in pair if name
    }


def main(library: str, probed: str, output: str, *sources: str) -> None:
    """Write the refused functions to `output`."""
    available = implemented([Path(source) for source in sources])
    lines = (line.split("#")[0].strip() for line in Path(probed).read_text().splitlines())
    absent = {line for line in lines if line}
    refused = sorted(
        name
        for name in named_in(Path(library)) - available - absent
        if not name.startswith("aclnnForeach") and re.sub(r"V\d+$", "", name) not in available
    )
    body = "".join(f"REFUSE({name})\n" for name in refused)
    Path(output).write_text(f'#include "opapi/refuse.h"\n\n{body}')


if __name__ == "__main__":
    main(*sys.argv[1:])
