"""The parts of a finding besides its rule: level, guard, place, neutral form, shim; unreadable files."""

import pytest

from npuport.audit.finding import Finding
from npuport.audit.scan import scan, scan_file


def only(text: str, path: str = "m.py") -> Finding:
    """The one finding of a file."""
    (finding,) = scan_file(path, text.encode())
    return finding


def levels(text: str) -> list[tuple[int, str, str]]:
    return [(f.line, f.rule, f.level) for f in scan_file("m.py", text.encode())]


def test_a_finding_has_its_place_and_what_to_write() -> None:
    finding = only("import torch\n\nclass A:\n    def f(self):\n        x = 1; torch.cuda.synchronize()\n")
    assert (finding.line, finding.column, finding.scope) == (5, 16, "A.f")
    assert finding.code == "x = 1; torch.cuda.synchronize()"
    assert finding.what == "torch.cuda.synchronize"
    assert finding.neutral == "torch.accelerator.synchronize"
    assert (finding.level, finding.shim, finding.guarded) == ("error", "yes", False)


def test_columns_count_characters() -> None:
    assert only('é = "ü"; x.cuda()\n').column == 10


def test_a_method_has_its_own_line() -> None:
    assert only("x = f(\n    1,\n).cuda()\n").line == 3


@pytest.mark.parametrize(
    ("name", "shim"),
    [
        ("synchronize", "yes"),
        ("Stream", "yes"),
        ("nvtx.range_push", "no"),
        ("cudart", "no"),
        ("CUDAGraph", "partly"),
    ],
)
def test_the_shim_covers_what_torch_npu_has(name: str, shim: str) -> None:
    assert only(f"import torch\ntorch.cuda.{name}()\n").shim == shim


class TestGuards:
    def test_a_guarded_call_is_a_warning(self) -> None:
        text = "import torch\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\n"
        assert levels(text) == [(2, "cuda-available", "warning"), (3, "cuda-api", "warning")]

    def test_the_other_branch_is_not_guarded(self) -> None:
        text = "import torch\nif torch.cuda.is_available():\n    pass\nelse:\n    torch.cuda.synchronize()\n"
        assert levels(text)[1] == (5, "cuda-api", "error")

    def test_leaving_without_cuda_guards_the_rest(self) -> None:
        text = (
            "import torch\ndef f():\n    if not torch.cuda.is_available():\n        return\n"
            "    torch.cuda.synchronize()\n"
        )
        assert levels(text) == [(3, "cuda-available", "warning"), (5, "cuda-api", "warning")]

    def test_stopping_without_cuda_is_an_error_and_guards_nothing(self) -> None:
        refuses = "if not torch.cuda.is_available():\n    sys.exit(1)\n"
        text = f"import sys, torch\n{refuses}torch.cuda.synchronize()\n"
        assert levels(text) == [(2, "cuda-available", "error"), (4, "cuda-api", "error")]

    def test_an_assertion_is_an_error(self) -> None:
        assert levels("import torch\nassert torch.cuda.is_available()\n") == [(2, "cuda-available", "error")]

    def test_and_guards_what_follows_it(self) -> None:
        text = "import torch\nok = torch.cuda.is_available() and torch.cuda.get_device_name()\n"
        assert [level for *_, level in levels(text)] == ["warning", "warning"]

    @pytest.mark.parametrize("test", ["x.is_cuda", 'x.device.type == "cuda"', "use_cuda", "args.cuda"])
    def test_other_words_guard_as_well(self, test: str) -> None:
        finding = scan_file("m.py", f"import torch\nif {test}:\n    torch.cuda.synchronize()\n".encode())[-1]
        assert (finding.level, finding.guarded) == ("warning", True)

    def test_a_skipped_test_is_guarded(self) -> None:
        text = (
            "import unittest, torch\n@unittest.skipUnless(torch.cuda.is_available(), 'x')\n"
            "def test_f():\n    torch.cuda.synchronize()\n"
        )
        assert levels(text)[-1] == (4, "cuda-api", "warning")

    def test_an_optional_import_is_a_warning(self) -> None:
        assert only("try:\n    import triton\nexcept ImportError:\n    triton = None\n").level == "warning"
        assert only("try:\n    import triton\nexcept ImportError:\n    raise\n").level == "error"
        assert only("try:\n    import triton\nexcept ValueError:\n    pass\n").level == "error"

    def test_an_annotation_is_a_note(self) -> None:
        assert only("import torch\nx: torch.cuda.Stream | None = None\n").level == "note"


class TestNpu:
    """If the NPU has its own branch, CUDA's branch is no finding; code for both is one."""

    @pytest.mark.parametrize(
        "text",
        [
            "if torch.cuda.is_available():\n    x.cuda()\nelif torch.npu.is_available():\n    x.npu()\n",
            "if is_torch_npu_available():\n    x.npu()\nelse:\n    x.cuda()\n",
            "if not has_npu:\n    x.cuda()\n",
            "def f():\n    if has_npu:\n        return 1\n    torch.cuda.synchronize()\n",
            'd = "npu" if has_npu else "cuda"\n',
            "ok = torch.cuda.is_available() or torch.npu.is_available()\n",
            'ok = x.device.type in ("cuda", "npu")\n',
            'TYPES = ["cuda", "npu"]\n',
        ],
    )
    def test_own_branch(self, text: str) -> None:
        assert not scan_file("m.py", ("import torch\n" + text).encode())

    @pytest.mark.parametrize(
        "text",
        [
            "if torch.accelerator.is_available():\n    torch.cuda.synchronize()\n",
            "ok = torch.accelerator.is_available() and torch.cuda.is_bf16_supported()\n",
            'if x.device.type in ("cuda", "npu"):\n    torch.cuda.synchronize()\n',
        ],
    )
    def test_code_for_both(self, text: str) -> None:
        assert only("import torch\n" + text).rule == "cuda-api"


class TestUnreadable:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"print 'python 2'\n", "print"),
            (b"x = 1\0\n", "null"),
            (b"{% if x %}\n", "invalid"),
            (b"(" * 5000 + b")" * 5000, "nest"),
            (b"# coding: no-such\nx = 1\n", "encoding"),
        ],
    )
    def test_it_is_a_finding(self, data: bytes, reason: str) -> None:
        (finding,) = scan_file("m.py", data)
        assert (finding.rule, finding.level) == ("unparsed", "note")
        assert reason in finding.what.lower()

    def test_deep_expressions_are_read(self) -> None:
        text = "x = " + " + ".join(["1"] * 900) + "\ny.cuda()\n"
        assert [f.rule for f in scan({"m.py": text.encode()})] == ["cuda-method"]

    def test_latin_1_is_read(self) -> None:
        assert only_bytes(b'name = "caf\xe9"\nx.cuda()\n').line == 2
        assert only_bytes(b'# -*- coding: latin-1 -*-\nname = "caf\xe9"\nx.cuda()\n').line == 3

    def test_bom_and_crlf_are_read(self) -> None:
        assert only_bytes(b"\xef\xbb\xbfx = 1\r\ny.cuda()\r\n").line == 2

    def test_an_empty_file_is_fine(self) -> None:
        assert not scan_file("m.py", b"")


def only_bytes(data: bytes) -> Finding:
    (finding,) = scan_file("m.py", data)
    return finding


def test_the_trees_own_modules_are_not_packages() -> None:
    files = {
        "apex/__init__.py": b"",
        "run.py": b"import apex\n",
        "ops/triton.py": b"",
        "ops/x.py": b"import triton\n",
    }
    assert not scan(files)
    assert scan({"run.py": b"import apex\n"})


def test_several_processes_have_the_findings_of_one() -> None:
    files = {f"m{n}.py": b"import torch\nx.cuda()\n" * (n % 3) for n in range(40)}
    assert scan(files, jobs=2) == scan(files, jobs=1)
