"""Writes the C++ file that refuses every runtime function that the wheel needs and the simulator lacks.

The wheel needs the symbols that its libraries leave undefined, and the functions of CANN's headers whose
names stand in its libraries as strings, since it looks those up with dlsym. Each function sets a recent error
that names it, and returns an error code, or null where CANN's headers declare a pointer. CMake runs this
script; it uses the standard library only.
"""

import argparse
import re
import subprocess
from pathlib import Path

HEADER = """// Written by generators/refused_calls.py from the names in the installed torch_npu.
#include <cstddef>

#include "core/export.h"
#include "core/refuse.h"

"""


def symbols(nm: str, path: Path, kind: str) -> set[str]:
    """The symbols of an object file or library, of the kind that an option of nm selects."""
    dynamic = ["-D"] if path.suffix == ".so" else []
    listing = subprocess.run(
        [nm, *dynamic, kind, str(path)], check=True, capture_output=True, text=True
    ).stdout
    return {line.split()[-1].split("@")[0] for line in listing.splitlines() if line.strip()}


def strings(path: Path, names: re.Pattern[str]) -> set[str]:
    """The NUL-terminated identifiers in a file that match `names`: those that it may look up with dlsym."""
    identifiers = re.findall(rb"(?<![\w.])[A-Za-z_]\w{3,}(?=\0)", path.read_bytes())
    return {name for name in map(bytes.decode, identifiers) if names.match(name)}


def return_types(headers: Path) -> dict[str, str]:
    """The return type of each function that CANN's headers in the wheel declare."""
    declaration = re.compile(
        r"(?:ACL_FUNC_VISIBILITY|extern|MSVP_PROF_API)\s+((?:const\s+)?\w+(?:\s*\*+|\s+))\s*(\w+)\s*\("
    )
    types = {}
    for header in sorted(headers.rglob("*.h")):
        for returned, name in declaration.findall(header.read_text(encoding="utf-8", errors="replace")):
            types[name] = returned.strip()
    return types


def refusal(name: str, returned: str, code: str) -> str:
    """The C++ of one refused function."""
    if returned.endswith("*"):
        body = f'softcann::refuse("{name}");\n  return nullptr;'
        returned = "void*"
    elif returned == "void":
        body = f'softcann::refuse("{name}");'
    elif returned == "size_t":
        body = f'softcann::refuse("{name}");\n  return 0;'
        returned = "std::size_t"
    else:
        body = f'return softcann::refuse("{name}"{code});'
        returned = "int"
    return f"SOFTCANN_C {returned} {name}();\n{returned} {name}() {{\n  {body}\n}}\n"


def main() -> None:
    """Write the file, unless its content is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-npu", type=Path, required=True, help="the installed package's directory")
    parser.add_argument("--names", required=True, help="regular expression: the names of this library")
    parser.add_argument("--absent", type=Path, required=True, help="file of names that must not be defined")
    parser.add_argument("--code", default="", help="the error code, by default the runtime's")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("implemented", nargs="*", type=Path, help="object files that define functions")
    arguments = parser.parse_args()

    names = re.compile(f"(?:{arguments.names})")
    types = return_types(arguments.torch_npu / "include" / "third_party")
    wheel = [*arguments.torch_npu.glob("lib/*.so"), *arguments.torch_npu.glob("_C*.so")]
    wanted: set[str] = set()
    for library in wheel:
        wanted |= {name for name in symbols(arguments.nm, library, "--undefined-only") if names.match(name)}
        wanted |= strings(library, names) & types.keys()
    for path in arguments.implemented:
        wanted -= symbols(arguments.nm, path, "--defined-only")
    lines = arguments.absent.read_text(encoding="utf-8").splitlines()
    wanted -= {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}

    code = f", {arguments.code}" if arguments.code else ""
    text = HEADER + "\n".join(refusal(name, types.get(name, "int"), code) for name in sorted(wanted))
    if not arguments.output.is_file() or arguments.output.read_text(encoding="utf-8") != text:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
