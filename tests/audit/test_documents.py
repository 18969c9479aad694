"""Shell, Markdown, notebooks, YAML, requirements, CUDA sources."""

import json

from npuport.audit.scan import scan_file


def found(path: str, text: str) -> list[tuple[int, str, str]]:
    return [(f.line, f.rule, f.level) for f in scan_file(path, text.encode())]


def test_markdown_examples_are_notes_at_their_own_lines() -> None:
    code = 'import torch\nwith torch.autocast("cuda"):\n    pass\n'
    text = f"# Run on cuda\n\n```python\n{code}```\n\nmodel.cuda()\n"
    assert found("README.md", text) == [(5, "autocast-cuda", "note")]


def test_markdown_has_dialogues_shell_and_excerpts() -> None:
    text = (
        "- list:\n\n  ```py\n  x.cuda()\n  ```\n\n~~~pycon\n>>> x.cuda()\n~~~\n\n"
        "```bash\n$ CUDA_VISIBLE_DEVICES=0 python x.py\n```\n\n"
        "```python\nx = ...(\n```\n\n```text\nx.cuda()\n```\n"
    )
    assert found("a.md", text) == [
        (4, "cuda-method", "note"),
        (8, "cuda-method", "note"),
        (12, "cuda-visible-devices", "note"),
    ]


def test_findings_of_notebook_cells_have_the_files_lines() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["x.cuda()\n"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!nvidia-smi\n", 'y = x.to("cuda")']},
        {"cell_type": "code", "source": "z = x.cuda()\n"},
        {"cell_type": "code", "source": ["import torch as t\n"]},
        {"cell_type": "code", "source": ["x = (\n"]},
        {"cell_type": "code", "source": ["t.cuda.synchronize()\n"]},
    ]
    text = json.dumps({"cells": cells, "nbformat": 4}, indent=1)
    lines = text.split("\n")
    assert [(lines[line - 1].strip(), rule) for line, rule, _ in found("a.ipynb", text)] == [
        ('"!nvidia-smi\\n",', "nvidia-smi"),
        ('"y = x.to(\\"cuda\\")"', "cuda-device"),
        ('"source": "z = x.cuda()\\n"', "cuda-method"),
        ('"t.cuda.synchronize()\\n"', "cuda-api"),
    ]


def test_a_broken_notebook_is_a_finding() -> None:
    assert found("a.ipynb", "{}") == [(1, "unparsed", "note")]


def test_yaml_settings() -> None:
    settings = "  device: cuda\n  name: cuda\n  backend: nccl\n"
    text = f"# cuda\ntrain:\n{settings}env: {{CUDA_VISIBLE_DEVICES: '0'}}\nnote: for cuda\n"
    assert [(line, rule) for line, rule, _ in found("c.yaml", text)] == [
        (3, "cuda-device"),
        (5, "nccl"),
        (6, "cuda-visible-devices"),
    ]
    assert not found("c.yaml", "device: {{ cuda }}\n{% raw %}: cuda\n")


def test_requirements() -> None:
    text = "# flash-attn\ntorch==2.2.0+cu121\nflash_attn>=2\nnumpy  # cupy\n--find-links https://x.example/whl/cu121\n"
    assert [(line, rule) for line, rule, _ in found("requirements-gpu.txt", text)] == [
        (2, "cuda-library"),
        (3, "flash-attn"),
        (5, "cuda-library"),
    ]
    assert not found("notes.txt", "flash-attn\n")


def test_a_cuda_source_is_itself_a_finding() -> None:
    assert found("ops/k.cu", "__global__ void k() {}") == [(1, "cuda-extension", "error")]


def test_the_first_line_decides_for_a_script_without_extension() -> None:
    assert found("run", "#!/usr/bin/env bash\nnvidia-smi\n") == [(2, "nvidia-smi", "error")]
    assert found("run", "#!/usr/bin/python3\nx.cuda()\n") == [(2, "cuda-method", "error")]
    assert not found("run", "nvidia-smi\n")


def test_asking_for_nvidia_smi_is_less_than_running_it() -> None:
    assert found("a.sh", "command -v nvidia-smi\n") == [(1, "nvidia-smi", "warning")]


def test_shell_lines_inside_substitutions_and_continuations() -> None:
    text = 'A="x\ny"\nrun \\\n  --gpus "$(\n    nvidia-smi -L |\n    wc -l)"\n'
    assert found("a.sh", text) == [(5, "nvidia-smi", "error")]


def test_unended_shell_is_read_to_its_end() -> None:
    for text in (
        'echo "',
        "echo '",
        "x=${",
        "a=$(",
        "cat <<EOF\nnvidia-smi",
        "`",
        "$(" * 300,
        "((((",
        ")",
        "a\\",
    ):
        scan_file("a.sh", text.encode())
