"""What an expression may say: each piece of it with its kind, and why another is refused.

Rule 1: an allow-list. What is not named here is refused: no calls but those of FUNCTIONS and
OF_NOW, no attribute that vocabulary.py does not list: nothing reaches Python's own machinery.
Rule 2: kinds are known when the file is read, so that what could never hold is refused.
"""

import ast
from collections.abc import Callable, Mapping

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.vocabulary import (
    ABOUT,
    ATTRIBUTES,
    FLAG,
    MOMENT,
    NOW,
    NUMBER,
    RUN,
    SCOPE,
    TEXT,
    Kind,
    list_of,
)
from adaptive_stream.catalog.yaml_lines import Node

LOOPS_MAX = 2
NUMBER_MAX = 1_000_000_000_000

FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "any": any,
    "all": all,
    "count": lambda flags: sum(1 for flag in flags if flag),
    "len": len,
    "sum": sum,
}
OF_NOW = ("days_since", "hours_since")  # methods of engine/now.py
ALLOWED = (
    "use and, or, not, == != < <= > >=, in, not in, + - * /, any(…), all(…), count(…), sum(…), "
    "len(…), days_since(…) and hours_since(…)"
)

_SAME = (ast.Eq, ast.NotEq)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_WITHIN = (ast.In, ast.NotIn)
_COMPARABLE = (NUMBER, MOMENT, TEXT, FLAG)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)


class Check:
    """Walks the tree once; `kind` says what a piece is, None after a fault was noted."""

    def __init__(self, text: str, node: Node, takes: str | None) -> None:
        self.text = text
        self.node = node
        self.faults: list[Fault] = []
        self.names: set[str] = set()
        self.hers: set[str] = set()
        self.known = {**SCOPE, **({takes: TEXT} if takes else {})}
        self.loop_kinds: dict[str, Kind | None] = {}
        self.loops = 0

    def refuse(self, piece: ast.AST, says: str, remedy: str) -> None:
        value = ast.get_source_segment(self.text, piece) or self.text
        self.faults.append(self.node.fault(says, remedy, value))

    def kind(self, piece: ast.expr) -> Kind | None:
        match piece:
            case ast.BoolOp(values=values):
                for value in values:
                    self.kind(value)
                return FLAG
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.kind(operand)
                return FLAG
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)):
                return self.constant(piece, value)
            case ast.Compare():
                return self.comparison(piece)
            case ast.BinOp(op=op) if isinstance(op, _ARITHMETIC):
                return self.arithmetic(piece)
            case ast.Constant(value=value):
                return self.constant(piece, value)
            case ast.Tuple(elts=entries) | ast.List(elts=entries) if entries:
                return self.choice(piece, entries)
            case ast.Name(id=name):
                return self.name(piece, name)
            case ast.Attribute(value=owner, attr=attribute):
                return self.attribute(piece, owner, attribute)
            case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]):
                return self.call(piece, function, argument)
        self.refuse(piece, "is nothing that an expression may say", ALLOWED)
        return None

    def constant(self, piece: ast.expr, value: object) -> Kind | None:
        if isinstance(value, bool):
            return FLAG
        if isinstance(value, str):
            return TEXT
        if isinstance(value, int | float):
            if abs(value) <= NUMBER_MAX:
                return NUMBER
            self.refuse(piece, "is too large a number", f"stay below {NUMBER_MAX}")
            return None
        self.refuse(piece, "is neither a text nor a number", ALLOWED)
        return None

    def choice(self, piece: ast.expr, entries: list[ast.expr]) -> Kind | None:
        kinds = [self.kind(entry) for entry in entries]
        if None in kinds:
            return None
        if all(isinstance(entry, ast.Constant) for entry in entries) and len(set(kinds)) == 1:
            return list_of(kinds[0] or TEXT)
        self.refuse(piece, "is no list of texts or of numbers", "write ('completed', 'delivered')")
        return None

    def name(self, piece: ast.expr, name: str) -> Kind | None:
        if name in self.loop_kinds:
            return self.loop_kinds[name]
        if name in self.known:
            self.names.add(name)
            return self.known[name]
        known = [*self.known, *self.loop_kinds, "True", "False"]
        self.refuse(piece, f"{name!r} is nothing that a rule knows of", suggestion(name, known))
        return None

    def attribute(self, piece: ast.expr, owner: ast.expr, attribute: str) -> Kind | None:
        kind = self.kind(owner)
        if kind is None:
            return None
        attributes = ATTRIBUTES.get(kind.name)
        if attributes is None:
            self.refuse(piece, f"{kind.name} has no parts", "compare it as it is")
            return None
        if attribute in attributes:
            if kind.name == "customer":
                self.hers.add(attribute)
            return attributes[attribute]
        owner_name = f"`{kind.name}`" if kind in (ABOUT, RUN, NOW) else f"a {kind.name}"
        says = f"{attribute!r} is nothing that {owner_name} has"
        self.refuse(piece, says, suggestion(attribute, attributes))
        return None

    def arithmetic(self, piece: ast.BinOp) -> Kind | None:
        kinds = (self.kind(piece.left), self.kind(piece.right))
        if None not in kinds and kinds != (NUMBER, NUMBER):
            self.refuse(piece, "reckons with what is no number", "reckon with values and prices")
            return None
        return NUMBER

    def comparison(self, piece: ast.Compare) -> Kind:
        left = piece.left
        for op, right in zip(piece.ops, piece.comparators, strict=True):
            one, other = self.kind(left), self.kind(right)
            if one is not None and other is not None:
                self.refuse_mismatch(piece, op, one, other)
                self.spelling(one, right)
                self.spelling(other, left)
            left = right
        return FLAG

    def refuse_mismatch(self, piece: ast.Compare, op: ast.cmpop, one: Kind, other: Kind) -> None:
        if isinstance(op, _WITHIN):
            if other.each is None or other.each.name != one.name:
                says = f"looks for {one.name} in {other.name}"
                self.refuse(piece, says, "write `'boots-41' in cart.items`")
        elif isinstance(op, _SAME + _ORDER):
            comparable = (NUMBER, MOMENT) if isinstance(op, _ORDER) else _COMPARABLE
            if one.name != other.name or one.name not in {kind.name for kind in comparable}:
                says = f"compares {one.name} with {other.name}"
                self.refuse(piece, says, "compare a number with a number, a text with 'a text'")
        else:
            self.refuse(piece, "compares with `is`", "write == or !=")

    def spelling(self, kind: Kind, written: ast.expr) -> None:
        """A text that the other side can never be would silently never hold."""
        entries = written.elts if isinstance(written, ast.Tuple | ast.List) else [written]
        for entry in entries:
            word = entry.value if isinstance(entry, ast.Constant) else None
            if kind.words and isinstance(word, str) and word not in kind.words:
                says = f"{word!r} is none of the words that this can be"
                self.refuse(entry, says, suggestion(word, kind.words))

    def call(self, piece: ast.Call, function: str, argument: ast.expr) -> Kind | None:
        if function in OF_NOW:
            return self.since(piece, function, argument)
        if function not in FUNCTIONS:
            remedy = suggestion(function, (*FUNCTIONS, *OF_NOW))
            self.refuse(piece, f"{function!r} is nothing that can be asked", remedy)
            return None
        if function == "len":
            kind = self.kind(argument)
            if kind is not None and kind.each is None:
                self.refuse(piece, f"counts {kind.name}", "count a list, as in len(cart.items)")
            return NUMBER
        if not isinstance(argument, ast.GeneratorExp) or len(argument.generators) != 1:
            remedy = f"write {function}(… for line in order.lines)"
            self.refuse(piece, f"{function} needs one loop", remedy)
            return None
        kind = self.loop(argument)
        if function == "sum" and kind not in (NUMBER, None):
            self.refuse(piece, f"adds up {kind.name}", "add up numbers, as line.quantity")
        return NUMBER if function in ("count", "sum") else FLAG

    def since(self, piece: ast.Call, function: str, argument: ast.expr) -> Kind:
        kind = self.kind(argument)
        if kind not in (MOMENT, None):
            remedy = f"write {function}(order.time), or another moment"
            self.refuse(piece, f"{function} is told {kind.name}", remedy)
        self.names.add("now")
        return NUMBER

    def loop(self, loop: ast.GeneratorExp) -> Kind | None:
        """What each round of it says."""
        over = loop.generators[0]
        kind = self.kind(over.iter)
        if kind is not None and kind.each is None:
            self.refuse(over.iter, f"goes through {kind.name}", "go through a list of an entity")
            kind = None
        self.loops += 1
        if self.loops > LOOPS_MAX:
            self.refuse(loop, f"has more than {LOOPS_MAX} loops", "split it into conditions")
            return None
        target = over.target.id if isinstance(over.target, ast.Name) else ""
        taken = target in self.known or target in self.loop_kinds or target in (*FUNCTIONS, *OF_NOW)
        if not target or taken or target.startswith("_") or over.is_async:
            self.refuse(over.target, "is no name for a loop", "use a word of its own, as `line`")
            return None
        self.loop_kinds[target] = kind.each if kind else None
        for piece in over.ifs:
            self.kind(piece)
        says = self.kind(loop.elt)
        del self.loop_kinds[target]
        return says
