"""Devices, streams, events and errors of the simulator's runtime, seen through torch_npu."""

import threading
import time

import pytest
import torch


def test_the_device_says_that_it_is_simulated() -> None:
    assert torch.npu.is_available()
    assert torch.npu.get_device_name() == "Ascend910B4 (simulated)"
    assert torch.npu.get_device_name(0) == torch.npu.get_device_properties(0).name
    assert "Ascend910B4 (simulated)" in repr(torch.npu.get_device_properties(0))


def test_torch_npu_still_knows_the_soc() -> None:
    from torch_npu.npu import get_soc_version

    assert get_soc_version() == 224  # Ascend910B4
    assert torch.npu.is_bf16_supported()


def test_properties_are_the_chip_s() -> None:
    properties = torch.npu.get_device_properties(0)
    assert (properties.cube_core_num, properties.vector_core_num) == (20, 40)
    assert properties.L2_cache_size == 96 << 20
    assert properties.total_memory == 32 << 30


def test_an_index_out_of_range_is_refused() -> None:
    assert torch.npu.device_count() == 1
    with pytest.raises(RuntimeError, match=r"107001|invalid device|device 1 does not exist"):
        torch.ones(2, device="npu:1")
    assert torch.ones(2, device="npu:0").sum().item() == 2


def test_two_devices_have_memory_of_their_own(run) -> None:
    done = run(
        """
        import torch
        a, b = torch.ones(3, device="npu:0"), torch.full((3,), 2.0, device="npu:1")
        print(torch.npu.device_count(), b.device, (a + b.to("npu:0")).tolist(), (a.to("npu:1") + b).tolist())
        print(torch.npu.memory_allocated(0) > 0, torch.npu.memory_allocated(1) > 0)
        print(torch.npu.can_device_access_peer(0, 1))
        try:
            torch.npu.synchronize()
            print((a + b).tolist())
        except RuntimeError as error:
            print("refused")
        """,
        SOFTCANN_DEVICES="2",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-4:] == [
        "2 npu:1 [3.0, 3.0, 3.0] [3.0, 3.0, 3.0]",
        "True True",
        "True",
        "refused",
    ]


def test_events_measure_elapsed_time() -> None:
    start, end = (torch.npu.Event(enable_timing=True) for _ in range(2))
    start.record()
    torch.npu.synchronize()
    time.sleep(0.05)  # the time to measure
    end.record()
    end.synchronize()
    assert start.query()
    assert end.query()
    assert 50 <= start.elapsed_time(end) < 5000


def test_a_stream_waits_for_another() -> None:
    side = torch.npu.Stream()
    x = torch.zeros(1 << 16, device="npu")
    with torch.npu.stream(side):
        side.wait_stream(torch.npu.default_stream())
        x += 1
    event = side.record_event()
    torch.npu.current_stream().wait_event(event)
    assert side.query() or side.synchronize() is None
    assert side != torch.npu.default_stream()
    assert (x * 2).sum().item() == 2 * (1 << 16)


def test_threads_share_the_device() -> None:
    sums: list[float] = []

    def work(value: int) -> None:
        x = torch.full((1000,), float(value), device="npu")
        for _ in range(20):
            x = x + 1
        sums.append(x.sum().item())

    threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sums) == [(value + 20) * 1000.0 for value in range(4)]


def test_system_parameters_are_kept() -> None:
    try:
        torch.use_deterministic_algorithms(True)
        assert torch.ones(4, device="npu").sum().item() == 4
    finally:
        torch.use_deterministic_algorithms(False)


def test_launch_blocking(run) -> None:
    done = run(
        "import torch; print((torch.arange(4., device='npu') * 2).tolist())", ASCEND_LAUNCH_BLOCKING="1"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[0.0, 2.0, 4.0, 6.0]"


def test_a_process_ends_in_silence(run) -> None:
    done = run(
        """
        import sys, torch
        kept = [torch.randn(100, 100, device="npu") for _ in range(10)]
        stream, event = torch.npu.Stream(), torch.npu.Event()
        event.record(stream)
        pinned = torch.ones(10).pin_memory()
        torch.npu.synchronize()
        sys.stdout.flush(); print("last words", flush=True); print("last words", file=sys.stderr, flush=True)
        """
    )
    assert done.returncode == 0
    assert done.stdout.endswith("last words\n")
    assert done.stderr.endswith("last words\n")


def test_an_exit_code_passes_through(run) -> None:
    assert run("import torch; torch.ones(2, device='npu'); raise SystemExit(7)").returncode == 7


def test_a_switch_that_cannot_be_read_is_refused(run) -> None:
    done = run("import torch; torch.ones(2, device='npu')", SOFTCANN_MEMORY="much")
    assert done.returncode == 1
    assert "SOFTCANN_MEMORY='much': expected a number of bytes" in done.stderr
