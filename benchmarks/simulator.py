"""Forward of each entry point on the simulator over the same forward on the CPU, in one run.

    .venv/bin/python benchmarks/simulator.py [--port DIR] [--size NAME] [--batch N] [--rounds N]

HF32 is off, the runs of the two devices alternate, and the figure is the ratio of their medians. It says what
the simulator adds to the CPU's own work. It says nothing about the chip.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from npuport import simulator
from npuport.adapter import load_adapter
from npuport.port.layout import Layout


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--size", help="default: the largest that the parity suite runs")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    return parser.parse_args()


def seconds(run: Callable[[], Any], synchronize: Callable[[], None]) -> float:
    """Wall time of one run, the device idle before and after it."""
    synchronize()
    started = time.perf_counter()
    run()
    synchronize()
    return time.perf_counter() - started


def main() -> None:
    """Print one line an entry point, then the largest ratio."""
    args = arguments()
    layout = Layout(args.port.resolve())
    simulator.activate(simulator.ensure_built())
    sys.path.insert(0, str(layout.ported))
    import torch

    npu: Any = torch.npu  # type: ignore[attr-defined]
    npu.conv.allow_hf32 = npu.matmul.allow_hf32 = False
    adapter = load_adapter(layout.adapter)
    size = args.size or adapter.default_sizes[-1]
    torch.manual_seed(0)
    cpu_model = adapter.build(size)
    torch.manual_seed(0)
    npu_model = adapter.build(size).to("npu:0")
    cpu_inputs = adapter.random_inputs(cpu_model, 0, args.batch)
    npu_inputs = {name: tensor.to("npu:0") for name, tensor in cpu_inputs.items()}

    threads = torch.get_num_threads()
    print(f"{adapter.name} {size}, batch {args.batch}, {npu.get_device_name(0)}, {threads} threads")
    ratios = []
    with torch.no_grad():
        for entry in adapter.entry_points:
            times: dict[str, list[float]] = {"cpu": [], "npu": []}
            for round_number in range(args.rounds + 2):
                one = {
                    "cpu": seconds(lambda run=entry.run: run(cpu_model, cpu_inputs), lambda: None),
                    "npu": seconds(lambda run=entry.run: run(npu_model, npu_inputs), npu.synchronize),
                }
                if round_number >= 2:  # the first two warm up
                    for name, value in one.items():
                        times[name].append(value)
            cpu, device = (statistics.median(values) for values in times.values())
            ratios.append(device / cpu)
            print(f"  {entry.name:50} {cpu * 1e3:8.1f} ms  {device * 1e3:8.1f} ms  {device / cpu:5.2f}")
    print(f"largest ratio: {max(ratios):.2f}")


if __name__ == "__main__":
    main()
