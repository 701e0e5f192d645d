"""Times and lists as a person says them."""

from collections.abc import Sequence

from adaptive_stream.engine.span import UNITS_MS, Span

_UNITS = {"h": "hour", "m": "minute", "s": "second"}


def spoken(span: Span) -> str:
    """`3 days`, `72 hours`, `1 minute`."""
    parts = [_counted(span.days, "day")] if span.days else []
    if span.ms or not parts:
        unit = next((unit for unit in ("h", "m", "s") if span.ms % UNITS_MS[unit] == 0), "s")
        parts.append(_counted(span.ms // UNITS_MS[unit], _UNITS[unit]))
    return " and ".join(parts)


def listed(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
