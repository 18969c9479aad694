"""`upstream.lock`: what is written is read again, and what is wrong is refused with its line or key."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npuport.base.errors import PortError
from npuport.port.lock import Lock, PatchEntry, format_lock, parse_lock, read_lock, write_lock

GOOD = Lock(
    url="https://example.org/owner/name",
    branch="main",
    commit="1" * 40,
    tree="2" * 40,
    license_file="LICENSE",
    license_sha256="3" * 64,
    series_digest="4" * 64,
    patches=(PatchEntry("0001-one.patch", "5" * 64), PatchEntry("0002-two.patch", "6" * 64)),
    ported_commit="7" * 40,
    ported_tree="8" * 40,
)
TEXT = format_lock(GOOD)


def oid(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=size, max_size=size)


word = st.text("abcdefghijklmnopqrstuvwxyzäé0123456789_-", min_size=1, max_size=12).filter(
    lambda w: w[0] != "-"
)
locks = st.builds(
    Lock,
    url=word.map(lambda w: f"https://example.org/{w}.git"),
    branch=st.lists(word, min_size=1, max_size=3).map("/".join),
    commit=oid(40),
    tree=oid(40) | st.just(""),
    license_file=st.lists(word, min_size=1, max_size=3).map("/".join),
    license_sha256=oid(64) | st.just(""),
    series_digest=oid(64) | st.just(""),
    patches=st.lists(
        st.builds(
            PatchEntry, name=st.from_regex(r"[0-9]{4}-[a-z]{1,9}\.patch", fullmatch=True), sha256=oid(64)
        ),
        max_size=4,
        unique_by=lambda entry: entry.name,
    ).map(tuple),
    ported_commit=oid(40) | st.just(""),
    ported_tree=oid(40) | st.just(""),
)


@pytest.mark.usefixtures("cache")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(locks)
def test_what_is_written_is_read_again(lock: Lock) -> None:
    text = format_lock(lock)
    assert parse_lock(text) == lock
    assert format_lock(parse_lock(text)) == text


def test_file_round_trip(tmp_path: Path, cache: Path) -> None:
    write_lock(tmp_path / "upstream.lock", GOOD)
    assert read_lock(tmp_path / "upstream.lock") == GOOD


def test_second_reading_gives_the_same_without_the_schema(tmp_path: Path, cache: Path) -> None:
    first = parse_lock(TEXT)
    assert list((cache / "locks").iterdir())
    assert parse_lock(TEXT) == first == GOOD


def test_a_lock_that_is_not_filled_in_is_read_and_is_not_complete(cache: Path) -> None:
    lock = parse_lock(f'format: 1\nupstream:\n  url: "../up"\n  branch: main\n  commit: "{"a" * 40}"\n')
    assert not lock.complete
    assert (lock.tree, lock.patches, lock.license_file) == ("", (), "LICENSE")
    assert GOOD.complete


BAD = {
    "empty": ("", "holds no keys"),
    "list": ("- a\n- b\n", "holds no keys"),
    "no yaml": (TEXT.replace('branch: "main"', 'branch: "main'), "line"),
    "key twice": (
        TEXT.replace('  branch: "main"\n', '  branch: "main"\n  branch: "main"\n'),
        "duplicate key",
    ),
    "unknown key": (TEXT + 'extra: "x"\n', "extra"),
    "missing key": (TEXT.replace('  branch: "main"\n', ""), "upstream.branch"),
    "missing pin": (TEXT.replace(f'  commit: "{"1" * 40}"\n', ""), "upstream.commit"),
    "number for an id": (TEXT.replace(f'"{"1" * 40}"', "1" * 40), "upstream.commit"),
    "null": (TEXT.replace('"main"', "null"), "upstream.branch"),
    "section of another kind": (TEXT.replace("license:\n", "license: 3\nx:\n"), "upstream.lock"),
    "interpolation": (TEXT.replace('"main"', '"${oc.env:HOME}"'), "line 6"),
    "code": (TEXT.replace('"main"', "!!python/object/apply:os.getcwd []"), "line 6"),
    "another format": (TEXT.replace("format: 1", "format: 2"), "format 2"),
    "short commit": (TEXT.replace("1" * 40, "1" * 12), "upstream.commit"),
    "capitals": (TEXT.replace("1" * 40, "A" * 40), "upstream.commit"),
    "branch for a commit": (TEXT.replace("1" * 40, "main"), "upstream.commit"),
    "short tree": (TEXT.replace("2" * 40, "2" * 39), "upstream.tree"),
    "long sum": (TEXT.replace("3" * 64, "3" * 65), "license.sha256"),
    "program for a url": (TEXT.replace("https://", "ext::sh -c "), "upstream.url"),
    "unknown scheme": (TEXT.replace("https://", "gopher://"), "upstream.url"),
    "option for a url": (TEXT.replace("https://example.org", "--upload-pack=x"), "upstream.url"),
    "password in the url": (TEXT.replace("https://", "https://me:secret@"), "password"),
    "option for a branch": (TEXT.replace('"main"', '"--orphan"'), "upstream.branch"),
    "impossible branch": (TEXT.replace('"main"', '"a..b"'), "upstream.branch"),
    "licence outside": (TEXT.replace('"LICENSE"', '"../LICENSE"'), "license.file"),
    "patch outside": (TEXT.replace("0001-one.patch", "../0001-one.patch"), "series.patches[0].name"),
    "patch twice": (TEXT.replace("0002-two", "0001-one"), "twice"),
    "patch without a sum": (TEXT.replace(f'      sha256: "{"5" * 64}"\n', ""), "series.patches[0].sha256"),
}


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(("text", "names"), BAD.values(), ids=BAD.keys())
def test_malformed_lock_is_refused(text: str, names: str) -> None:
    with pytest.raises(PortError) as caught:
        parse_lock(text)
    assert names in caught.value.message
    assert "\n" not in caught.value.message + caught.value.hint
    assert caught.value.hint


@pytest.mark.usefixtures("cache")
def test_missing_and_unreadable_lock(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="missing"):
        read_lock(tmp_path / "upstream.lock")
    (tmp_path / "upstream.lock").write_bytes(TEXT.replace("main", "mäin").encode("latin-1"))
    with pytest.raises(PortError, match="not UTF-8"):
        read_lock(tmp_path / "upstream.lock")
