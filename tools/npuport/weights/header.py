"""Check that a safetensors file, or a sharded one's index, is complete, by the headers alone.

The format: 8 bytes, the header's length as a little-endian integer; the header, JSON; the tensors' bytes.
https://huggingface.co/docs/safetensors
"""

import json
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError

SUFFIX = ".safetensors"
INDEX = ".safetensors.index.json"
#: The longest header that the format allows, in bytes.
_LONGEST = 100_000_000


def tensors(path: Path) -> frozenset[str]:
    """Return the names of a file's tensors; check that the header describes exactly the bytes that follow.

    Raises:
        PortError: the file is truncated, corrupt, or not a safetensors file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _LONGEST):
            raise _corrupt(path, f"the header is truncated, or not a header: {size} bytes in all")
        text = file.read(length)
    try:
        header = json.loads(text)
        entries = {name: entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"}
        spans = sorted((int(begin), int(end)) for begin, end in entries.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _corrupt(path, "the header does not have the format's shape") from error
    end = 0
    for begin, stop in spans:
        if begin != end or stop < begin:
            raise _corrupt(path, f"the tensors overlap or leave a gap at byte {end}")
        end = stop
    if end != size - 8 - length:
        raise _corrupt(path, f"the header describes {end} bytes of tensors, the file has {size - 8 - length}")
    return frozenset(entries)


def check_index(path: Path, shards: dict[str, frozenset[str]]) -> None:
    """Check an index against the files beside it.

    Args:
        path: `*.safetensors.index.json`.
        shards: the tensors of every safetensors file beside it.

    Raises:
        PortError: the index is malformed, names a file that is missing, or a tensor that its file lacks.
    """
    try:
        placed: Any = json.loads(path.read_bytes())["weight_map"]
        wanted = {str(tensor): str(shard) for tensor, shard in placed.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _corrupt(path, "the weight_map is missing") from error
    for tensor, shard in sorted(wanted.items()):
        if shard not in shards:
            raise _corrupt(path, f"it names {shard[:80]!r}, which is missing")
        if tensor not in shards[shard]:
            raise _corrupt(path, f"it places {tensor[:80]!r} in {shard}, which lacks it")


def _corrupt(path: Path, why: str) -> PortError:
    return PortError(
        f"{path.name} is not a complete checkpoint file: {why}", hint=f"download {path.name} again"
    )
