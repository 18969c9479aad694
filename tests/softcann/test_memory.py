"""Device memory is counted, bounded, and not accessible to the host."""

import signal

import pytest
import torch

MIB = 1 << 20


def test_memory_is_counted() -> None:
    torch.npu.empty_cache()
    free, total = torch.npu.mem_get_info()
    allocated = torch.npu.memory_allocated()
    x = torch.empty(64 * MIB, dtype=torch.uint8, device="npu")
    assert torch.npu.memory_allocated() - allocated == pytest.approx(64 * MIB, abs=MIB)
    assert free - torch.npu.mem_get_info()[0] == pytest.approx(64 * MIB, abs=4 * MIB)
    assert total == 32 << 30
    del x
    assert torch.npu.memory_allocated() == allocated
    torch.npu.empty_cache()
    assert torch.npu.mem_get_info() == (free, total)


def test_out_of_memory_is_torch_s_own_error_and_the_process_goes_on(run) -> None:
    done = run(
        """
        import torch
        kept = torch.ones(16 << 18, device="npu")  # 16 MiB
        try:
            torch.empty(1 << 30, dtype=torch.uint8, device="npu")
        except torch.OutOfMemoryError as error:
            print("NPU out of memory" in str(error), type(error).__name__)
        print((kept + 1).sum().item() == 2 * kept.numel(), torch.npu.mem_get_info()[1] >> 20)
        """,
        SOFTCANN_MEMORY="256M",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["True OutOfMemoryError", "True 256"]


def test_more_than_the_default_is_refused() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        torch.empty(33 << 30, dtype=torch.uint8, device="npu")


def test_an_allocation_can_be_made_to_fail(run) -> None:
    done = run(
        """
        import torch
        try:
            torch.ones(3, device="npu")
        except torch.OutOfMemoryError:
            print("refused")
        print(torch.ones(3).tolist())
        """,
        SOFTCANN_FAULT="oom:call=every",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["refused", "[1.0, 1.0, 1.0]"]


def test_the_host_cannot_read_device_memory(run) -> None:
    done = run(
        """
        import ctypes, torch
        x = torch.ones(4, device="npu")
        torch.npu.synchronize()
        print("about to read", flush=True)
        print(ctypes.c_float.from_address(x.data_ptr()).value)
        """
    )
    assert done.returncode == -signal.SIGSEGV
    assert done.stdout.splitlines()[-1] == "about to read"
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("[softcann] the host touched device memory at 0x")
    assert "npu:0" in last


def test_another_segmentation_fault_is_left_alone(run) -> None:
    done = run("import ctypes, torch; torch.ones(4, device='npu'); ctypes.string_at(8)", "-X", "x")
    assert done.returncode == -signal.SIGSEGV
    assert "[softcann]" not in done.stderr


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool], ids=str)
@pytest.mark.parametrize("shape", [(0,), (1,), (7, 5), (2, 0, 3), (1 << 20,)], ids=str)
def test_a_copy_to_the_device_and_back_changes_nothing(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x = torch.randint(0, 2, shape).to(dtype)
    there = x.to("npu")
    assert there.shape == x.shape
    assert there.dtype == dtype
    assert torch.equal(there.cpu(), x)
    assert torch.equal(there.clone().cpu(), x)


def test_pinned_memory() -> None:
    x = torch.arange(1000.0).pin_memory()
    assert x.is_pinned()
    assert torch.equal(x.to("npu", non_blocking=True).cpu(), x)


def test_views_and_strides_survive() -> None:
    x = torch.arange(24.0).reshape(4, 6)
    there = x.to("npu")
    assert torch.equal(there.t()[1:4, ::2].cpu(), x.t()[1:4, ::2])
    there[1:3, 2] = -1
    x[1:3, 2] = -1
    assert torch.equal(there.cpu(), x)
