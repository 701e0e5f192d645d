"""How a file is read: as it stands, with its lines, and never as a trap."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_stream.catalog.faults import CatalogError
from adaptive_stream.catalog.yaml_lines import (
    BYTES_MAX,
    load,
    load_bytes,
    read_by_libyaml,
    read_by_pyyaml,
)

ROOT = Path(__file__).parents[2]


def test_words_stay_words() -> None:
    """`no` is a word, `on` a key, 21:00 a time and 007 a code: YAML 1.1 would change all four."""
    text = b"on: no\nfrom: 21:00\nsince: 2026-03-03\ncode: 007\nyes: true\nworth: 4.00\npage: 12\n"
    (node,) = load_bytes(text, "x.yaml")
    assert node.plain() == {
        "on": "no", "from": "21:00", "since": "2026-03-03", "code": "007", "yes": True,
        "worth": 4.0, "page": 12,
    }  # fmt: skip


def test_every_key_and_value_has_its_line() -> None:
    """A fault can point to the line that somebody has to change, in any document of a file."""
    first, second = load_bytes(b"a:\n  - b: 1\n\n  - b: 2\n---\nc: x\n", "x.yaml")
    entries = first.get("a")
    assert entries is not None
    assert [entry.line for entry in entries.entries()] == [2, 4]
    assert (second.line_of("c"), second.line_of("absent")) == (6, 6)


TRAPS = {
    "aliases": b"a: &x [1]\nb: *x\n",
    "a bomb of aliases": b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "a tag": b"a: !!python/object/apply:os.system ['true']\n",
    "a set": b"a: !!set {x, y}\n",
    "deep lists": b"[" * 200_000,
    "deep keys": b"? " * 50_000,
    "deep blocks": b"".join(b" " * n + b"a:\n" for n in range(600)),
    "a key twice": b"a: 1\nb: 2\na: 3\n",
    "a key that is a list": b"? [a, b]\n: 1\n",
    "a number without end": b"a: " + b"9" * 5000,
    "an open quote": b"a: 'x\n",
    "a tab": b"a:\n\tb: 1\n",
    "a character that is none": b"a: \x00\n",
    "bytes that are no text": b"a: \xff\n",
    "an escape beyond all characters": b'a: "\\UFFFFFFFF"\n',
    "too many bytes": b"a" * (BYTES_MAX + 1),
    "the same key 40,000 times": b"a: 1\n" * 40_000,
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_file_with_a_trap_is_refused_quickly(name: str) -> None:
    """A hostile or broken file costs a message, not the machine."""
    began = time.monotonic()
    with pytest.raises(CatalogError) as raised:
        load_bytes(TRAPS[name], "trap.yaml")
    assert time.monotonic() - began < 5
    assert all(fault.file == "trap.yaml" for fault in raised.value.faults)
    assert len(str(raised.value)) < 20_000


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_documents_or_faults(content: bytes) -> None:
    """No file ends in a traceback."""
    try:
        found: object = load_bytes(content, "any.yaml")
    except CatalogError as error:
        found = error.faults
    assert isinstance(found, list) or found


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A mistyped path is a message."""
    with pytest.raises(CatalogError, match="cannot be read"):
        load(tmp_path / "none.yaml")


def test_libyaml_reads_every_file_as_the_slow_parser_does() -> None:
    """Files are read by whichever parser is at hand, to the same values and lines."""
    folders = ("topics", "adaptive_stream", "deploy", "tests")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.yaml")]
    read = 0
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="replace")
        if fast := read_by_libyaml(text, path.name):
            assert fast == read_by_pyyaml(text, path.name), path
            read += 1
    assert read > 100
