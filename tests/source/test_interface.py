"""Differences of the interface that an adapter uses."""

import pytest

from npuport.source.interface import difference

ADAPTER = b"""\
class Adapter:
    entry = ("encode",)

    def build(self, source):
        from lib import Config, Net, helper
        return Net(Config()).decode(1)
"""
NET = """\
class Base:
    def decode(self, z): ...

class Net(Base):
    def __init__(self, config, *, device=None): ...
    def forward(self, image, text=None): ...
    def encode(self, image, normalize: bool = True) -> "Tensor": ...
    def private(self, a): ...

def helper(a, b=1): ...
"""
CONFIG = """\
class Config:
    model_type = "net"
    def __init__(self, width=768, depth=12, **kwargs):
        self.width = width
        self.size = width * 2
"""
INIT = "from .net import Net, helper\nfrom .config import Config\n"


def changes(net: str = NET, config: str = CONFIG, init: str = INIT) -> tuple[str, ...]:
    def tree(*texts: str) -> dict[str, bytes]:
        return dict(
            zip(("lib/__init__.py", "lib/net.py", "lib/config.py"), map(str.encode, texts), strict=True)
        )

    return difference(tree(INIT, NET, CONFIG), tree(init, net, config), ADAPTER)


def test_the_same_is_no_difference() -> None:
    assert changes() == ()


def test_what_nobody_uses_may_change() -> None:
    assert changes(NET.replace("private(self, a)", "private(self)")) == ()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "normalize: bool = True",
            "normalize: bool",
            "Net.encode: parameter `normalize` lost its default True",
        ),
        (
            "normalize: bool = True",
            "normalize: bool = False",
            "Net.encode: parameter `normalize` has the default False, had True",
        ),
        (
            "normalize: bool = True",
            "normalize: int = True",
            "Net.encode: parameter `normalize` is of type int, was bool",
        ),
        (", normalize: bool = True", "", "Net.encode: parameter `normalize` is gone"),
        (
            "image, normalize",
            "image, *, normalize",
            "Net.encode: parameter `normalize` is keyword-only, was positional or keyword",
        ),
        (
            "image, text=None",
            "text, image=None",
            "Net.forward: the order of its parameters is text, image, was image, text",
        ),
        (
            "def forward(self, image, text",
            "def forward(self, image, mask, text",
            "Net.forward: parameter `mask` is new and required",
        ),
        ("device=None", "device=None, dtype=None", "Net: parameter `dtype` is new, default None"),
        ('-> "Tensor"', '-> "tuple"', "Net.encode: returns 'tuple', was 'Tensor'"),
        ("    def encode", "    @property\n    def encode", "Net.encode: is property, was a plain method"),
        ("    def encode", "    async def encode", "Net.encode: is async"),
        ("def encode", "def embed", "Net.encode is gone"),
        (
            "def decode(self, z)",
            "def decode(self, z, clamp)",
            "Net.decode: parameter `clamp` is new and required",
        ),
        ("class Net(Base)", "class Net(Base, Mixin)", "Net: its bases are (Base, Mixin), were (Base)"),
        ("b=1", "b=2", "helper: parameter `b` has the default 2, had 1"),
        ("def helper(a, b=1): ...", "class helper: ...", "lib.helper: was a function, is a class"),
    ],
)
def test_signatures(old: str, new: str, line: str) -> None:
    assert old in NET
    assert line in changes(NET.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("depth=12, ", "", "Config: parameter `depth` is gone"),
        ("width=768", "width=1024", "Config: parameter `width` has the default 1024, had 768"),
        ("self.size", "self.extent", "Config: field `size` is gone"),
        ('model_type = "net"', 'model_type = "net2"', "Config: field `model_type` is 'net2', was 'net'"),
    ],
)
def test_config_fields(old: str, new: str, line: str) -> None:
    assert line in changes(config=CONFIG.replace(old, new))


def test_a_dataclass_has_fields() -> None:
    old = "@dataclass\nclass Config:\n    width: int = 768\n    depth: int = 12\n"
    new = "@dataclass\nclass Config:\n    width: int = 384\n    heads: int\n"
    files = [
        {"lib/__init__.py": INIT.encode(), "lib/net.py": NET.encode(), "lib/config.py": c.encode()}
        for c in (old, new)
    ]
    assert difference(files[0], files[1], ADAPTER) == (
        "Config: field `depth` is gone",
        "Config: field `heads` is new, required",
        "Config: field `width` is 384, was 768",
    )


def test_what_is_gone_may_be_elsewhere() -> None:
    assert changes(init="from .config import Config\n") == (
        "lib.Net is gone; lib.net has one of that name",
        "lib.helper is gone; lib.net has one of that name",
    )


def test_unreadable_sources_are_no_crash() -> None:
    assert "lib.Net is gone" in changes(net="def (\n")
    assert difference({}, {}, b"def (\n") == ()
