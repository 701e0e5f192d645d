"""The safe subset of expressions in which an engineer defines a condition.

Rule 1: subset.py lets through what it names and nothing else.
Rule 2: checked and compiled once, when the files are read. `run` never raises and its cost is
bounded by the text: two loops at most, over lists that the state bounds.
Rule 3: the time is asked of `now` alone, which tells the engine when to look again.
"""

import ast
import warnings
from collections.abc import Callable, Mapping

from adaptive_stream.catalog.faults import Fault
from adaptive_stream.catalog.subset import FUNCTIONS, OF_NOW, Check
from adaptive_stream.catalog.vocabulary import ATTRIBUTES, MOMENT, NUMBER
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.word import Expression

CHARS_MAX = 500
NODES_MAX = 100


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
    check = Check(text, node, takes)
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
    body = _OfNow().visit(tree)
    function = ast.fix_missing_locations(ast.Expression(ast.Lambda(args=arguments, body=body)))
    # Safe: the tree holds nothing but what Check has let through, and no builtins are at hand.
    judge = eval(compile(function, "<rule>", "eval"), {"__builtins__": {}, **FUNCTIONS})

    def run(scope: Mapping[str, object]) -> bool:
        try:
            return bool(judge(*[scope[name] for name in names]))
        except (KeyError, AttributeError, TypeError, ValueError, ArithmeticError):
            return False  # What is not known does not hold.

    return run


class _OfNow(ast.NodeTransformer):
    """`days_since(x)` is what the scope's `now` answers: no function has a clock of its own."""

    def visit_Call(self, call: ast.Call) -> ast.Call:
        self.generic_visit(call)
        if isinstance(call.func, ast.Name) and call.func.id in OF_NOW:
            call.func = ast.Attribute(ast.Name("now", ast.Load()), call.func.id, ast.Load())
        return call
