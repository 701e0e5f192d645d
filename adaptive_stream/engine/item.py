"""Lines of carts and orders: which item, how many, at what price a piece.

Rule 1: a broken price or quantity never costs the line: what she bought still silences the mail.
Rule 2: an item is its `sku` as it stands; where only the bar code is known, `gtin:` and digits.
"""

import re
from collections.abc import Mapping

from adaptive_stream.engine.fact import Line
from adaptive_stream.engine.money import minor_units
from adaptive_stream.engine.refusal import Flaw

LINES_MAX = 200  # A till roll of two hundred lines is a wholesaler's; carts end well below.
QUANTITY_MAX = 100_000
CODE_CHARACTERS_MAX = 100

CODES = ("sku", "item", "gtin", "ean", "upc", "product_id", "id")  # the first that is usable
FLAT_CODES = frozenset(CODES[:-1])  # An `id` beside the lines is somebody else's.
PRICES = ("price", "unit_price")  # of one piece
BAR_CODE = "gtin:"  # Before the digits of one.
_BAR_CODES = frozenset(("gtin", "ean", "upc"))
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}(?:\.0{1,6})?")
_NOBODY = frozenset(("", "null", "undefined", "none", "nan", "n/a", "-"))


def read_lines(
    data: Mapping[str, object], currency: str, returned: bool, flaws: list[Flaw]
) -> tuple[Line, ...]:
    """The lines under `items` or `products`, or the one item that `data` names itself.

    `returned`: the fact takes items back, so a negative quantity counts as that many; in any
    other fact such a line is one that was brought back at the same till, and is left out.
    """
    said = data.get("items")
    if said is None:
        said = data.get("products")
    if said is None:
        flat = data.get("item")
        said = flat if type(flat) in (dict, list) else data
        if said is data and (
            FLAT_CODES.isdisjoint(data) or all(data.get(name) is None for name in FLAT_CODES)
        ):
            return ()
    rows = said if type(said) is list else [said]
    if len(rows) > LINES_MAX:
        flaws.append(Flaw.DATA_CUT)
        rows = rows[:LINES_MAX]
    lines = [_line(row, currency, returned, flaws, flat=row is data) for row in rows]
    return tuple([line for line in lines if line is not None])


def read_codes(data: Mapping[str, object]) -> list[str]:
    """Every code under which `data` names its one item, the one that stands for it first."""
    said = ((data.get(name), name) for name in CODES[:-1])
    found = (item_code(value, name) for value, name in said if value is not None)
    return list(dict.fromkeys(code for code in found if code is not None))


def item_code(value: object, name: str = "sku") -> str | None:
    """An item's code as written under `name` (sku, gtin, …), None when it names nothing."""
    if type(value) is int and abs(value) < 10**18:
        value = str(value)
    if type(value) is not str:
        return None
    text = value.strip()
    if name not in _BAR_CODES:
        name, colon, digits = text.partition(":")
        if not colon or name.lower() not in _BAR_CODES:
            unusable = text.lower() in _NOBODY or len(text) > CODE_CHARACTERS_MAX
            return None if unusable else text
        text = digits.strip()
    if not _GTIN.fullmatch(text):
        return None
    # UPC-12 and GTIN-14 are other spellings of the EAN-13 on the same box.
    return BAR_CODE + (text[1:] if len(text) == 14 and text[0] == "0" else text.rjust(13, "0"))


def _line(row: object, currency: str, returned: bool, flaws: list[Flaw], flat: bool) -> Line | None:
    if type(row) is not dict:
        row = {"sku": row}
    item = None
    for name in CODES[:-1] if flat else CODES:  # An `id` beside the lines is somebody else's.
        if (said := row.get(name)) is not None and (item := item_code(said, name)) is not None:
            break
    quantity = _quantity(row.get("quantity"), flaws)
    if returned:
        quantity = abs(quantity)
    if item is None or quantity < 1:
        flaws.append(Flaw.ITEM_UNREADABLE)
        return None
    price = None
    for name in PRICES:
        if (said := row.get(name)) is not None:
            price = minor_units(said, currency)
            if price is None:
                flaws.append(Flaw.PRICE_UNREADABLE)
            break
    return Line(item, quantity, price)


def _quantity(value: object, flaws: list[Flaw]) -> int:
    """Whole pieces; what is weighed, broken or beyond belief is one piece with a flaw."""
    if value is None:
        return 1
    if type(value) is str and _WHOLE.fullmatch(value.strip()):
        value = float(value)
    if type(value) is float and value.is_integer() and abs(value) <= QUANTITY_MAX:
        value = int(value)
    if type(value) is not int or abs(value) > QUANTITY_MAX:
        flaws.append(Flaw.QUANTITY_UNREADABLE)
        return 1
    return value
