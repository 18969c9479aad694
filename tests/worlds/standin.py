"""A port's series of patches for the stand-in upstream.

A patch is described by what it does, text for text, so that the tree it should give on any upstream can be
worked out without git: see `Edit.apply`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from worlds.lumen import Tree


@dataclass(frozen=True)
class Edit:
    """A patch: a subject, and in each file which text (it occurs once) becomes which.

    Args:
        texts: by path; a pair (old, new) each.
        whole: files that are written whole; None deletes one.
        renames: old path to new, before the texts, which name the new one.
        modes: new modes by path; no part of `apply`.
    """

    subject: str
    texts: Mapping[str, tuple[tuple[str, str], ...]]
    whole: Mapping[str, str | None] | None = None
    renames: Mapping[str, str] | None = None
    modes: Mapping[str, str] | None = None

    def apply(self, tree: Tree, moved: Mapping[str, str] | None = None) -> Tree:
        """The tree with this change, `moved` telling where its files are now."""
        now = moved or {}
        result = dict(tree)
        for old, new in (self.renames or {}).items():
            result[new] = result.pop(now.get(old, old))
        for path, pairs in self.texts.items():
            target = now.get(path, path)
            for old, new in pairs:
                assert result[target].count(old.encode()) == 1, f"{target}: {old!r}"
                result[target] = result[target].replace(old.encode(), new.encode())
        for path, text in (self.whole or {}).items():
            if text is None:
                del result[now.get(path, path)]
            else:
                result[now.get(path, path)] = text.encode()
        return result


SEED = Edit(
    "Seed the accelerator that is present",
    {
        "lumen/seeding.py": (
            (
                "    torch.cuda.manual_seed_all(seed)\n",
                "    if torch.cuda.is_available():\n        torch.cuda.manual_seed_all(seed)\n"
                '    if hasattr(torch, "npu") and torch.npu.is_available():\n'
                "        torch.npu.manual_seed_all(seed)\n",
            ),
        )
    },
)
TABLES = Edit(
    "Build the tables on the accelerator",
    {
        "lumen/rotary.py": (
            ('count, device="cuda") / count', "count, device=accelerator()) / count"),
            ('rows, device="cuda")', "rows, device=accelerator())"),
            ('columns, device="cuda")', "columns, device=accelerator())"),
        )
    },
)
TOOLS = Edit(
    "Run the tools on any accelerator",
    {
        "tools/rebuild.py": (('default="cuda")', 'default="npu")'), (").cuda()\n", ").to(args.device)\n")),
        "tools/evaluate.py": (('("nccl")', '("hccl")'), ("torch.cuda.set_device", "torch.npu.set_device")),
    },
)
NAME = Edit(
    "Name the accelerator in one place",
    {},
    whole={
        "lumen/accelerator.py": "import torch\n\n\ndef accelerator():\n"
        '    """The accelerator that is present, else the CPU."""\n'
        "    found = torch.accelerator.current_accelerator()\n"
        '    return "cpu" if found is None else found\n'
    },
)
#: The series that most tests carry.
SERIES = (SEED, TABLES, TOOLS, NAME)
