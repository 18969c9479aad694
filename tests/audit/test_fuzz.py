"""For any file content the audit ends, its findings are in the file, and its drafts can be parsed."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npuport.audit.draft import draft
from npuport.audit.match import added, paired
from npuport.audit.scan import scan, scan_file
from npuport.source.shell import commands

PATHS = ("m.py", "s.sh", "r.md", "n.ipynb", "c.yaml", "requirements.txt", "k.cu", "script")
WORDS = (
    *("cuda", "torch.cuda", ".cuda()", '"cuda"', "'cuda:0'", 'f"cuda:{i}"', "nvidia-smi"),
    *("import torch", "nccl", "if", "else", "not", "and", "or", "(", ")", "[", "]", "{", "}", ":"),
    *("=", ",", "\n", "\n    ", "\n\t", " ", "$(", "`", "<<EOF", "EOF", "'", '"', "#", "\\"),
    *("```python", "```", "- a: ", "|", "&&", ";", "${", "\r\n", "device", "x", "lambda", "def f"),
    *("class A", "return", "try", "except", "npu", "is_available", ".is_cuda", "é"),
)
STATEMENTS = (
    "x = x.cuda()",
    'y = y.to("cuda")',
    "if torch.cuda.is_available():\n    torch.cuda.synchronize()",
    "if not x.is_cuda:\n    x = x.cuda(0)",
    'd = torch.device(f"cuda:{rank}")',
    'with torch.autocast("cuda"):\n    pass',
    'def f(device="cuda"):\n    return device',
    "s = torch.cuda.amp.GradScaler()",
    'd = "cuda" if torch.cuda.is_available() else "cpu"',
    "torch.cuda.nvtx.mark('é')",
    "import torch",
    "import numpy as np",
    "x = 1",
)
programs = st.lists(st.sampled_from(STATEMENTS), max_size=8).map(lambda lines: "\n".join([*lines, ""]))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), st.lists(st.sampled_from(WORDS), max_size=40).map("".join) | st.text())
def test_anything_can_be_scanned(path: str, text: str) -> None:
    data = text.encode(errors="surrogatepass")
    for finding in scan_file(path, b"#!/bin/sh\n" * (path == "script") + data):
        assert 1 <= finding.line <= text.count("\n") + text.count("\r") + 2
        assert finding.column >= 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_can_be_scanned(data: bytes) -> None:
    for path in PATHS:
        scan_file(path, data)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab $(){}`'\"\\\n;|&<>#-=EOF"))
def test_shell_words_lie_in_the_script(text: str) -> None:
    data = text.encode()
    for command in commands(data):
        for word in command.words:
            assert 0 <= word.start < word.end <= len(data)


@settings(max_examples=150, deadline=None)
@given(programs)
def test_drafts_can_be_parsed_and_remove_their_findings(text: str) -> None:
    files = {"m.py": text.encode()}
    found = scan(files)
    made = draft(files, found, number=1, author=("Ada", "ada@example.org"), modes={})
    if made is None:
        return
    ast.parse(made.files["m.py"])
    assert len(scan_file("m.py", made.files["m.py"])) == len(found) - len(made.findings)


@settings(max_examples=150, deadline=None)
@given(programs, programs)
def test_what_is_new_and_what_is_old_add_up(old: str, new: str) -> None:
    before, after = scan_file("m.py", old.encode()), scan_file("m.py", new.encode())
    pairs = paired(before, after, old.encode(), new.encode())
    assert len(set(pairs.values())) == len(pairs)
    fresh = added(before, after, {"m.py": old.encode()}, {"m.py": new.encode()})
    assert len(fresh) <= len(after) - len(pairs)


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "[" * 150 + "]" * 150, "a" + ".b" * 5_000, "not " * 2_000 + "x", "-" * 9_000 + "1"]
)
def test_depth_is_no_crash(text: str) -> None:
    for path in PATHS:
        scan({path: f"x.cuda()\n{text}\n".encode()})
