"""The rows of the cards' tables, and what was not run."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypedDict

from npuport.bench.format import BenchResults
from npuport.bench.plan import DTYPES
from npuport.bench.tables import PUBLISHED
from npuport.parity.case import PolicyName
from npuport.parity.verdict import CommonMetrics, Word, worst
from npuport.release.facts import CardFacts
from npuport.suite.results import CheckResult, Results, largest_ratio

#: The policy that carries the verdict; the one that users run, torch_npu's defaults; the same without HF32.
VERDICT: PolicyName = "tight"
USED: PolicyName = "shipped-hf32"
WITHOUT_HF32: PolicyName = "shipped"


class Sentence(NamedTuple):
    """One sentence in the two languages of the cards."""

    en: str
    zh: str


class AccuracyRow(TypedDict):
    """The worst figures of an entry point over all inputs and outputs.

    Args:
        ratios: by policy.
        measured: whether the policy that users run was; the figures below are its.
        cosine: against the CPU's float32.
        psnr_db: against the CPU's float32; None where all outputs are bitwise equal.
        normalised_max: against the CPU's float32.
        mere, mare: against the golden.
        without_hf32: `normalised_max` without HF32 in convolutions.
    """

    entry: str
    word: Word
    ratios: dict[str, float]
    measured: bool
    cosine: float | None
    psnr_db: float | None
    normalised_max: float | None
    mere: float | None
    mare: float | None
    without_hf32: float | None


class PolicyRow(TypedDict):
    """A policy: number of its cases, their worst verdict, their largest ratio."""

    name: str
    title: str
    cases: int
    word: Word
    ratio: float | None


def accuracy(parity: Results, size: str) -> list[AccuracyRow]:
    """A row for each entry point."""
    cases: dict[str, list[CheckResult]] = {}
    for result in parity["results"]:
        if result["entry"] and result["size"] == size:
            cases.setdefault(result["entry"], []).append(result)
    return [_row(entry, results) for entry, results in cases.items()]


def _row(entry: str, results: list[CheckResult]) -> AccuracyRow:
    ratios: dict[str, float] = {}
    for result in results:
        if result["policy"] and result["ratio"] is not None:
            ratios[result["policy"]] = max(ratios.get(result["policy"], 0.0), result["ratio"])
    used, without = _metrics(results, USED), _metrics(results, WITHOUT_HF32)
    return {
        "entry": entry,
        "word": worst(result["word"] for result in results),
        "ratios": ratios,
        "measured": bool(used),
        "cosine": min(_known(one["cosine"] for one in used), default=None),
        "psnr_db": min(_known(one["psnr_db"] for one in used), default=None),
        "normalised_max": max(_known(one["normalised_max"] for one in used), default=None),
        "mere": max(_known(one["mere"] for one in used), default=None),
        "mare": max(_known(one["mare"] for one in used), default=None),
        "without_hf32": max(_known(one["normalised_max"] for one in without), default=None),
    }


def _metrics(results: Iterable[CheckResult], policy: PolicyName) -> list[CommonMetrics]:
    outputs = (output for result in results if result["policy"] == policy for output in result["outputs"])
    return [output["field"] for output in outputs if output["field"]]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def policies(parity: Results, size: str) -> list[PolicyRow]:
    rows: list[PolicyRow] = []
    for policy in parity["policies"]:
        results = [r for r in parity["results"] if r["policy"] == policy["name"] and r["size"] == size]
        word = worst(result["word"] for result in results)
        rows.append({**policy, "cases": len(results), "word": word, "ratio": largest_ratio(results)})
    return rows


def checks(parity: Results, size: str) -> list[CheckResult]:
    """Every check that is not of an entry point: identity, seeding, promises."""
    return [r for r in parity["results"] if not r["entry"] and r["size"] in (size, None)]


def not_run(facts: CardFacts) -> Iterator[Sentence]:
    """What the results do not cover."""
    parity, bench, size = facts["parity"], facts["bench"], facts["model"]["size"]
    if facts["simulated"]:
        yield Sentence(
            "**An Ascend chip.** Everything ran on a simulator: the real torch_npu on a CPU implementation "
            "of CANN. The chip's own rounding, latency and memory were not tested.",
            "**昇腾芯片。** 一切都在模拟器上运行：真实的 torch_npu 运行在 CANN 的 CPU 实现之上。"
            "芯片自身的舍入、时延和显存没有测试。",
        )
    if not parity["weights"]:
        yield Sentence(
            f"**Trained weights in the accuracy tables.** They are random, seed {parity['seed']}; every "
            "parameter was moved off its initial value, so that no fault is hidden. "
            "`verify.py --weights DIR` judges trained weights.",
            f"**精度表中没有用训练好的权重。** 权重为随机值（种子 {parity['seed']}），"
            "每个参数都偏离了初始值，使错误不会被掩盖。"
            "`verify.py --weights DIR` 可检验训练好的权重。",
        )
    if not bench["weights"]:
        yield Sentence(
            "**Trained weights in the performance tables.** They are random; time and memory do not "
            "depend on their values.",
            "**性能表中没有用训练好的权重。** 权重为随机值；时间和内存与其数值无关。",
        )
    yield from _dtypes(bench)
    yield from _not_in_benchmark(parity, bench, size)
    for result in parity["results"]:
        if result["word"] == "skip" and result["size"] in (size, None):
            skipped = f"`{result['id']}`: {result['reason']}"
            yield Sentence(f"**A check.** {skipped}", f"**一项检查。** {skipped}")
    yield Sentence(
        "**Task metrics on a data set** (zero-shot accuracy, reconstruction FID and similar), "
        "training, and more than one device.",
        "**数据集上的任务指标**（零样本准确率、重建 FID 等）、训练，以及多卡。",
    )


def _dtypes(bench: BenchResults) -> Iterator[Sentence]:
    measured = {run["dtype"] for run in bench["runs"] if run["state"] == "measured"}
    refused: dict[tuple[str, str], list[str]] = {}
    for run in bench["runs"]:
        if run["state"] == "refused":
            refused.setdefault((run["dtype"], run["reason"]), []).append(f"`{run['entry']}`")
    for (dtype, reason), entries in refused.items():
        names = dict.fromkeys(entries)
        yield Sentence(
            f"**{dtype}** for {', '.join(names)}: {reason}", f"**{dtype}**：{'、'.join(names)}：{reason}"
        )
    missing = ", ".join(name for name in DTYPES if name not in {*measured, *(dtype for dtype, _ in refused)})
    if missing:
        yield Sentence(f"**{missing}**: not measured.", f"**{missing}**：未测量。")


def _not_in_benchmark(parity: Results, bench: BenchResults, size: str) -> Iterator[Sentence]:
    """The published batch sizes and the entry points that a short benchmark (`--quick`) leaves out."""
    measured = [run for run in bench["runs"] if run["state"] == "measured"]
    batches = ", ".join(str(size) for size in PUBLISHED if size not in {run["batch"] for run in measured})
    judged = {result["entry"] for result in parity["results"] if result["entry"] and result["size"] == size}
    entries = ", ".join(f"`{name}`" for name in sorted(judged - {run["entry"] for run in measured}))
    if batches:
        yield Sentence(f"**Batch size {batches}** in the benchmark.", f"**基准测试中的批大小 {batches}。**")
    if entries:
        yield Sentence(f"**In the benchmark:** {entries}.", f"**基准测试未包括：**{entries}。")
