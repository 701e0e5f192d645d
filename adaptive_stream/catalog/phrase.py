"""An expression in words, where it is simple enough to have any."""

import ast

from adaptive_stream.catalog.spoken import listed
from adaptive_stream.engine.word import Expression

_COMPARED = {
    ast.Eq: "is", ast.NotEq: "is not", ast.Gt: "is above", ast.GtE: "is at least",
    ast.Lt: "is below", ast.LtE: "is at most", ast.In: "is", ast.NotIn: "is not",
}  # fmt: skip
_AGO = {
    ast.Eq: "exactly", ast.Gt: "more than", ast.GtE: "at least", ast.Lt: "less than",
    ast.LtE: "at most",
}  # fmt: skip
_FLAGS = {
    "gift": "a gift",
    "in_stock": "in stock",
    "solved": "solved",
    "standing": "a standing one",
}
_MONEY = ("value", "price", "price_then")
_MOMENTS = {
    "time": "was", "viewed_at": "was looked at", "added_at": "was filled",
    "touched_at": "was touched", "abandoned_at": "was left", "last_at": "was last asked about",
}  # fmt: skip
_UNITS = {"days_since": "days", "hours_since": "hours"}


def phrase(expression: Expression) -> str:
    """In words, or as it is written where that would be no clearer."""
    tree = ast.parse(expression.text, mode="eval").body
    return _phrase(tree) or f"`{expression.text}`"


def _phrase(tree: ast.expr) -> str | None:
    match tree:
        case ast.BoolOp(op=op, values=values):
            parts = [part for part in map(_phrase, values) if part]
            joined = listed(parts, "and" if isinstance(op, ast.And) else "or")
            return joined if len(parts) == len(values) else None
        case ast.UnaryOp(op=ast.Not(), operand=ast.Attribute() as flag):
            return _flag(flag, "is not")
        case ast.Attribute():
            return _flag(tree, "is")
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _comparison(left, op, right)
    return None


def _flag(tree: ast.Attribute, verb: str) -> str | None:
    owner = _owner(tree)
    return f"{owner} {verb} {_FLAGS[tree.attr]}" if owner and tree.attr in _FLAGS else None


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr) -> str | None:
    attribute = left.attr if isinstance(left, ast.Attribute) else ""
    said = _value(right, money=attribute in _MONEY)
    if said is None:
        return None
    match left:
        case ast.Attribute(value=ast.Name(id="now"), attr="hour"):
            return f"the hour on her clock {_COMPARED[type(op)]} {said}"
        case ast.Attribute(value=ast.Name(id="now"), attr="weekday"):
            return f"it {_COMPARED[type(op)]} {said} where she is"
        case ast.Attribute():
            owner = _owner(left)
            noun = attribute.replace("_", " ")
            return f"the {noun} of {owner} {_COMPARED[type(op)]} {said}" if owner else None
        case ast.Call(func=ast.Name(id="len"), args=[ast.Attribute() as counted]):
            owner = _owner(counted)
            noun = counted.attr.replace("_", " ")
            return f"the number of {noun} of {owner} {_COMPARED[type(op)]} {said}"
        case ast.Call(func=ast.Name(id=since), args=[ast.Attribute() as moment]) if (
            since in _UNITS and type(op) in _AGO and moment.attr in _MOMENTS
        ):
            ago = f"{_AGO[type(op)]} {said} {_UNITS[since]} ago"
            return f"{_owner(moment)} {_MOMENTS[moment.attr]} {ago}"
    return None


def _owner(tree: ast.Attribute) -> str | None:
    match tree.value:
        case ast.Name(id="customer"):
            return "the customer"
        case ast.Name(id=owner):
            return f"the {owner.replace('_', ' ')}"
    return None


def _value(tree: ast.expr, *, money: bool) -> str | None:
    match tree:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as number):
            return f"{number:.2f}" if money else f"{number:g}"
        case ast.Constant(value=str() as word):
            return f"*{word}*"
        case ast.Tuple(elts=entries) | ast.List(elts=entries):
            words = [word for word in (_value(entry, money=money) for entry in entries) if word]
            return listed(words, "or") if len(words) == len(entries) else None
    return None
