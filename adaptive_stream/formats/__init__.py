"""IN: bytes of a channel become facts. One file per wire format; README.md has the keys."""

from adaptive_stream.formats.admission import Admission, ReadRule, admit
from adaptive_stream.formats.dead_letter import dead_letter
from adaptive_stream.formats.drop import parse_drop, parse_path
from adaptive_stream.formats.mapping import MappingError, compile_mapping
from adaptive_stream.formats.sniff import FORMATS, detect

__all__ = (
    "FORMATS",
    "Admission",
    "MappingError",
    "ReadRule",
    "admit",
    "compile_mapping",
    "dead_letter",
    "detect",
    "parse_drop",
    "parse_path",
)
