"""The safe subset of expressions in which an engineer defines a condition.

Rule 1: an allow-list. What is not named here is refused: no calls but any, all and len, no
attribute that vocabulary.py does not list, so nothing reaches Python's own machinery.
Rule 2: checked and compiled once, when the files are read. `run` never raises and its cost is
bounded by the text: two loops at most, over lists that the state bounds.
Rule 3: no clock. Lengths of time belong in `for`, `at_most`, `after`.
"""

import ast
import warnings
from collections.abc import Callable, Mapping

from adaptive_stream.catalog.faults import Fault, suggestion
from adaptive_stream.catalog.vocabulary import (
    ATTRIBUTES,
    FLAG,
    MOMENT,
    NUMBER,
    SCOPE,
    TEXT,
    Kind,
    list_of,
)
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.journey import Expression

CHARS_MAX = 500
NODES_MAX = 100
LOOPS_MAX = 2
NUMBER_MAX = 1_000_000_000_000

FUNCTIONS: Mapping[str, Callable[..., object]] = {"any": any, "all": all, "len": len}
ALLOWED = "use and, or, not, == != < <= > >=, in, not in, + - * /, any(…), all(…) and len(…)"

_SAME = (ast.Eq, ast.NotEq)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_WITHIN = (ast.In, ast.NotIn)
_COMPARABLE = (NUMBER, MOMENT, TEXT, FLAG)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def read_expression(node: Node, faults: list[Fault], takes: str | None = None) -> Expression | None:
    """The compiled expression, or None with its faults added. `takes`: the argument's name."""
    if not isinstance(node.value, str | bool) or node.value == "":
        remedy = "write something like `cart.value >= 20`"
        faults.append(node.fault("is no expression", remedy, str(node.plain())))
        return None
    text = str(node.value).replace("\n", " ").strip()
    if len(text) > CHARS_MAX:
        says = f"is an expression of {len(text)} characters, more than {CHARS_MAX}"
        faults.append(node.fault(says, "split it into several conditions"))
        return None
    tree = _parse(text, node, faults)
    if tree is None:
        return None
    check = _Check(text, node, takes)
    kind = check.kind(tree)
    if kind in (NUMBER, MOMENT) or (kind and kind.name in ATTRIBUTES):
        check.refuse(tree, f"says {kind.name}, not yes or no", "compare it with something")
    faults.extend(check.faults)
    if check.faults:
        return None
    run = _compile(tree, sorted(check.names))
    return Expression(text, frozenset(check.names), run, frozenset(check.hers))


def _parse(text: str, node: Node, faults: list[Fault]) -> ast.expr | None:
    try:
        with warnings.catch_warnings():  # Python warns about odd escapes; they are harmless here.
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        says = f"is no expression that can be read: {error.msg}"
        faults.append(node.fault(says, "check its quotes and brackets, and compare with `==`"))
        return None
    except (ValueError, MemoryError, RecursionError):
        says = "is nested too deeply, or has a character that no text has"
        faults.append(node.fault(says, "write it simpler"))
        return None
    size = sum(isinstance(part, ast.expr | ast.comprehension) for part in ast.walk(tree))
    if size > NODES_MAX:
        says = f"is an expression of {size} pieces, more than {NODES_MAX}"
        faults.append(node.fault(says, "split it into several conditions"))
        return None
    return tree


def _compile(tree: ast.expr, names: list[str]) -> Callable[[Mapping[str, object]], bool]:
    """A function of the scope. The names become arguments, so that loops inside see them too."""
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(arg=name) for name in names], vararg=None, kwonlyargs=[],
        kw_defaults=[], kwarg=None, defaults=[],
    )  # fmt: skip
    function = ast.fix_missing_locations(ast.Expression(ast.Lambda(args=arguments, body=tree)))
    # Safe: the tree holds nothing but what _Check has let through, and no builtins are at hand.
    judge = eval(compile(function, "<rule>", "eval"), {"__builtins__": {}, **FUNCTIONS})

    def run(scope: Mapping[str, object]) -> bool:
        try:
            return bool(judge(*[scope[name] for name in names]))
        except (KeyError, AttributeError, TypeError, ArithmeticError):
            return False  # What is not known does not hold.

    return run


class _Check:
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
        says = f"{attribute!r} is nothing that a {kind.name} has"
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
        if function not in FUNCTIONS:
            self.refuse(piece, f"{function!r} is nothing that can be asked", ALLOWED)
            return None
        if function == "len":
            kind = self.kind(argument)
            if kind is not None and kind.each is None:
                self.refuse(piece, f"counts {kind.name}", "count a list, as in len(cart.items)")
            return NUMBER
        if not isinstance(argument, ast.GeneratorExp) or len(argument.generators) != 1:
            self.refuse(piece, f"{function} needs one loop", "write any(… for line in order.lines)")
            return None
        self.loop(argument)
        return FLAG

    def loop(self, loop: ast.GeneratorExp) -> None:
        over = loop.generators[0]
        kind = self.kind(over.iter)
        if kind is not None and kind.each is None:
            self.refuse(over.iter, f"goes through {kind.name}", "go through a list of an entity")
            kind = None
        self.loops += 1
        if self.loops > LOOPS_MAX:
            self.refuse(loop, f"has more than {LOOPS_MAX} loops", "split it into conditions")
            return
        target = over.target.id if isinstance(over.target, ast.Name) else ""
        taken = target in self.known or target in self.loop_kinds or target in FUNCTIONS
        if not target or taken or target.startswith("_") or over.is_async:
            self.refuse(over.target, "is no name for a loop", "use a word of its own, as `line`")
            return
        self.loop_kinds[target] = kind.each if kind else None
        for piece in (loop.elt, *over.ifs):
            self.kind(piece)
        del self.loop_kinds[target]
