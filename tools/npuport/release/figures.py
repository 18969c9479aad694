"""What the cards say of results: the rows of their tables, and what was not run. Pure: no torch, no clock."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from npuport.parity.verdict import worst

#: The policy that carries the verdict; the one that users run, torch_npu's own defaults; that without HF32.
VERDICT, USED, WITHOUT_HF32 = "tight", "shipped-hf32", "shipped"
#: What the field quotes, and which of two values is the worse one. A figure that is not finite is None.
_FIGURES: Mapping[str, Callable[..., Any]] = {
    "cosine": min,
    "psnr_db": min,
    **dict.fromkeys(("normalised_max", "normalised_mean", "max_abs", "mere", "mare"), max),
}


class Said(NamedTuple):
    """One sentence in the cards' two languages."""

    en: str
    zh: str


def accuracy(parity: Mapping[str, Any], size: str) -> list[dict[str, Any]]:
    """A row for each entry point, its worst figures over all inputs and outputs.

    Returns:
        `entry`, `word`, `ratios` (by policy); and where the policy that users run was `measured`: against the
        CPU's float32 `cosine`, `psnr_db` (None where all outputs are the same to the bit), `normalised_max`,
        `normalised_mean`, `max_abs`; against the golden `mere`, `mare`; and `ecosystem`, whether Ascend's
        standard of that name holds; `without_hf32`, the `normalised_max` without HF32 in convolutions.
    """
    cases: dict[str, list[Mapping[str, Any]]] = {}
    for result in parity["results"]:
        if result["entry"] and result["size"] == size:
            cases.setdefault(result["entry"], []).append(result)
    return [_row(entry, results) for entry, results in cases.items()]


def _row(entry: str, results: list[Mapping[str, Any]]) -> dict[str, Any]:
    ratios: dict[str, float] = {}
    for result in results:
        if result["ratio"] is not None:
            ratios[result["policy"]] = max(ratios.get(result["policy"], 0.0), result["ratio"])
    fields = _fields(results, USED)
    without = [field["normalised_max"] for field in _fields(results, WITHOUT_HF32)]
    found = {name: [field[name] for field in fields if field[name] is not None] for name in _FIGURES}
    return {
        "entry": entry,
        "word": worst(result["word"] for result in results),
        "ratios": ratios,
        "measured": bool(fields),
        **{name: _FIGURES[name](values, default=None) for name, values in found.items()},
        "without_hf32": max((value for value in without if value is not None), default=None),
        "ecosystem": all(field["ecosystem"] for field in fields),
    }


def _fields(results: Iterable[Mapping[str, Any]], policy: str) -> list[Mapping[str, Any]]:
    outputs = (output for result in results if result["policy"] == policy for output in result["outputs"])
    return [output["field"] for output in outputs if output["field"]]


def policies(parity: Mapping[str, Any], size: str) -> list[dict[str, Any]]:
    """A row for each policy: `name`, `title`, `cases`, `word`, `ratio` (the largest)."""
    rows = []
    for policy in parity["policies"]:
        of = [r for r in parity["results"] if r["policy"] == policy["name"] and r["size"] == size]
        ratios = [result["ratio"] for result in of if result["ratio"] is not None]
        word = worst(result["word"] for result in of)
        rows.append({**policy, "cases": len(of), "word": word, "ratio": max(ratios, default=None)})
    return rows


def checks(parity: Mapping[str, Any], size: str) -> list[Mapping[str, Any]]:
    """Every check that is not of an entry point: identity, seeding, promises."""
    return [r for r in parity["results"] if not r["entry"] and r["size"] in (size, None)]


def not_run(facts: Mapping[str, Any]) -> list[Said]:
    """What the results do not cover, read from the results."""
    parity, bench, size = facts["parity"], facts["bench"], facts["model"]["size"]
    said: list[Said] = []
    if facts["simulated"]:
        said.append(
            Said(
                "**An Ascend chip.** Everything ran on a simulator: the real torch_npu over a CPU "
                "implementation of CANN. The chip's own rounding, its latency and its memory were not met.",
                "**昇腾芯片。** 一切都在模拟器上运行：真实的 torch_npu 之下是 CANN 的 CPU 实现。"
                "没有接触到芯片自身的舍入、时延和显存限制。",
            )
        )
    if not parity["weights"]:
        said.append(
            Said(
                f"**Trained weights in the accuracy tables.** They are random, seed {parity['seed']}, every "
                "parameter moved off its initial value so that no fault hides. "
                "`verify.py --weights DIR` judges trained ones.",
                f"**精度表中没有用训练好的权重。** 权重为随机值（种子 {parity['seed']}），"
                "每个参数都偏离了初始值，使任何错误都无处隐藏。"
                "`verify.py --weights DIR` 可检验训练好的权重。",
            )
        )
    if not bench["weights"]:
        said.append(
            Said(
                "**Trained weights in the performance tables.** They are random; time and memory do not "
                "depend on their values.",
                "**性能表中没有用训练好的权重。** 权重为随机值；时间和内存与其数值无关。",
            )
        )
    said += _dtypes(bench)
    said += _short(parity, bench, size)
    for result in parity["results"]:
        if result["word"] == "skip" and result["size"] in (size, None):
            skipped = f"`{result['id']}`: {result['reason']}"
            said.append(Said(f"**A check.** {skipped}", f"**一项检查。** {skipped}"))
    said.append(
        Said(
            "**Task metrics on a data set** (zero-shot accuracy, reconstruction FID and their like), "
            "training, and more than one device.",
            "**数据集上的任务指标**（零样本准确率、重建 FID 等）、训练，以及多卡。",
        )
    )
    return said


def _short(parity: Mapping[str, Any], bench: Mapping[str, Any], size: str) -> list[Said]:
    """What a look (`--quick`) leaves out of the published form: batch sizes, entry points."""
    measured = [run for run in bench["runs"] if run["state"] == "measured"]
    batches = [str(size) for size in (1, 2, 4, 8) if size not in {run["batch"] for run in measured}]
    judged = {result["entry"] for result in parity["results"] if result["entry"] and result["size"] == size}
    entries = ", ".join(f"`{name}`" for name in sorted(judged - {run["entry"] for run in measured}))
    said = []
    if batches:
        names = ", ".join(batches)
        said.append(Said(f"**Batch size {names}** in the benchmark.", f"**基准测试中的批大小 {names}。**"))
    if entries:
        said.append(Said(f"**In the benchmark:** {entries}.", f"**基准测试未包括：**{entries}。"))
    return said


def _dtypes(bench: Mapping[str, Any]) -> list[Said]:
    measured = {run["dtype"] for run in bench["runs"] if run["state"] == "measured"}
    refused: dict[tuple[str, str], list[str]] = {}
    for run in bench["runs"]:
        if run["state"] == "refused":
            refused.setdefault((run["dtype"], run["reason"]), []).append(run["entry"])
    said = [
        Said(
            f"**{dtype}** for {', '.join(f'`{name}`' for name in dict.fromkeys(entries))}: {reason}",
            f"**{dtype}**：{'、'.join(f'`{name}`' for name in dict.fromkeys(entries))}：{reason}",
        )
        for (dtype, reason), entries in refused.items()
    ]
    missing = [name for name in ("float32", "bfloat16", "float16") if name not in measured]
    missing = [name for name in missing if name not in {dtype for dtype, _ in refused}]
    if missing:
        names = ", ".join(missing)
        said.append(Said(f"**{names}**: not measured.", f"**{names}**：未测量。"))
    return said
