"""Amounts as integer minor units: 89.00 GBP is 8900, 89 JPY is 89. No float ever adds up money."""

import re
from decimal import Decimal

# ISO 4217: the currencies whose minor unit is not a hundredth.
EXPONENTS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
MINOR_UNITS_MAX = 10**15  # Ten trillion pounds: more is a slip, and sums stay far below 2**63.
CHARACTERS_MAX = 32

_CURRENCY_MARK = re.compile(r"^(?:[A-Z]{3}|[$£€¥])\s*|\s*(?:[A-Z]{3}|[$£€¥])$")
_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_COMMA_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+")  # 1,234.50
_DOT_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+")  # 1.234,50
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]{1,2}")  # 89,00; 1,234 could be either: unreadable.


def minor_units(amount: object, currency: str = "") -> int | None:
    """An amount in major units (89.0, 89, "89.00") as minor units, None when it cannot be read.

    An unknown currency has hundredths; half a minor unit is rounded to even.
    """
    exponent = EXPONENTS.get(currency, 2)
    units = None
    if type(amount) is float:
        units = _of_float(amount, exponent)
    elif type(amount) is int:
        units = amount * 10**exponent
    elif type(amount) is str and len(amount) <= CHARACTERS_MAX:
        text = _plain(amount)
        units = None if text is None else _of_decimal(text, exponent)
    return units if units is not None and abs(units) <= MINOR_UNITS_MAX else None


def major_units(units: int, currency: str = "") -> int | float:
    """Minor units as a JSON number in major units, for outputs: 8900 GBP is 89.0."""
    exponent = EXPONENTS.get(currency, 2)
    return units / 10**exponent if exponent else units


def _of_float(amount: float, exponent: int) -> int | None:
    scale = 10**exponent
    if not -MINOR_UNITS_MAX < amount < MINOR_UNITS_MAX:  # NaN and the infinities are here too.
        return None
    units = round(amount * scale)
    if units / scale == amount:  # Division rounds correctly: this float is the nearest to units.
        return units
    return _of_decimal(repr(amount), exponent)


def _of_decimal(text: str, exponent: int) -> int:
    return int(Decimal(text).scaleb(exponent).to_integral_value())


def _plain(text: str) -> str | None:
    """Digits, at most one point and a sign, from what a till or a person writes."""
    text = text.strip()
    if not _PLAIN.fullmatch(text):
        text = _CURRENCY_MARK.sub("", text, count=1)
    if _PLAIN.fullmatch(text):
        return text
    if _COMMA_GROUPS.fullmatch(text):
        return text.replace(",", "")
    if _DOT_GROUPS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else None
