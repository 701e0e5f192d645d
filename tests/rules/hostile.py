"""Files and expressions that were written to do harm, and a program that tries each of them.

python -m tests.rules.hostile       one JSON object: by name the milliseconds and what was said,
                                    and how far the memory of the process grew over all of them
"""

import json
import resource
import sys
import time

from adaptive_stream.catalog.rules import read_contents
from tests.machine import slowness
from tests.rules.rule_files import CHANNELS, SHIPPED

RUNS = 4  # The least of them counts: the machine has other things to do.
PROMPT_MS = 50.0  # What takes less is not worth asking how slow the machine is.
HEAD = b"journey: x\nsays: x\nowner: x\npurpose: marketing\n"


def expression(text: str) -> bytes:
    """A condition with this `where`."""
    return b"bad:\n  says: x\n  hears: [order.completed]\n  where: " + json.dumps(text).encode()


EXPRESSIONS = {
    "an import": "__import__('os').system('true')",
    "the way to every class": "().__class__.__bases__[0].__subclasses__()",
    "an attribute with two underscores": "cart.__class__",
    "the globals of a method": "cart.__init__.__globals__",
    "a hidden attribute": "cart._secret",
    "getattr": "getattr(cart, 'value')",
    "a lambda": "(lambda: 1)()",
    "a walrus": "(x := 1)",
    "a power": "9 ** 9 ** 9 ** 9 > cart.value",
    "a shift": "1 << 10 ** 9 > cart.value",
    "a huge number": "1" * 400 + " > cart.value",
    "a huge float": "1e999 > cart.value",
    "a huge product": "*".join(["999999999999"] * 60) + " > cart.value",
    "a long text": "'x' * 1000000000 == cart.id",
    "a long list": "len([0] * 1000000000) > 1",
    "a huge range": "any(x > 1 for x in range(1000000000000))",
    "a format": "'{:>1000000000}'.format('x') == cart.id",
    "an f-string": "f'{cart.value:>1000000000}' == cart.id",
    "loops within loops": "any(any(any(a == b for a in cart.items) for b in cart.items)"
    " for c in cart.items)",
    "a comprehension": "len([a for a in cart.items]) > 1",
    "brackets": "(" * 450,
    "lists in lists": "[" * 240 + "]" * 240,
    "minus signs": "-" * 480 + "1 > cart.value",
    "nots": "not " * 120 + "order.gift",
    "attributes of attributes": "cart" + ".id" * 150,
    "calls of calls": "len(" * 100 + ")" * 100,
    "a sum of two hundred": "1" + "+1" * 200 + " > cart.value",
    "two thousand ors": " or ".join(["order.gift"] * 2000),
    "a megabyte": "x" * 50_000,
    "a zero byte": "\x00",
    "half a surrogate": "'\ud800' == cart.id",
    "an escape without end": "'\\N{' == cart.id",
    "an await": "await cart",
    "a star": "any(*cart.items)",
    "a keyword": "sum(cart.items, start=1) > 1",
    "a loop that takes a name away": "any(cart for cart in customer.carts)",
}
LAUGHS = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % (b, b, *[a] * 9)
    for a, b in zip(b"abcdefgh", b"bcdefghi", strict=True)
)
WORDS = b", ".join(b"bougth_these_itesm_%d" % n for n in range(2500))
FILES = {
    "a billion laughs": LAUGHS,
    "an alias to itself": b"a: &a [*a]\n",
    "a merge": b"a: {<<: {b: 1}}\nb: &x 1\n",
    "twenty thousand anchors": b"".join(b"- &a%d x\n" % n for n in range(5_000)),
    "a tag that makes an object": b"a: !!python/object/apply:os.system ['true']\n",
    "a tag that makes a range": b"a: !!python/object/apply:builtins.range [1000000000]\n",
    "brackets": b"[" * 60_000,
    "braces": b"{a: " * 15_000,
    "brackets that close": b"[" * 30_000 + b"]" * 30_000,
    "dashes": b"- " * 30_000,
    "question marks": b"? " * 30_000,
    "ever deeper": b"".join(b" " * n + b"a:\n" for n in range(300)),
    "a list without end": b"- a\n" * 15_000,
    "a list in brackets without end": b"[" + b"a," * 30_000 + b"]",
    "keys without end": b"".join(b"k%d: 1\n" % n for n in range(6_000)),
    "one key a thousand times": b"a: 1\n" * 10_000,
    "documents without end": b"---\n" * 15_000,
    "journeys without end": (HEAD + b"---\n") * 1_000,
    "a line of nothing but spaces": b" " * 65_000,
    "empty lines": b"\n" * 65_000,
    "a comment": b"#" * 65_000,
    "a word without end": b"a: " + b"x " * 32_000,
    "a text without end": b'a: "' + b"x" * 65_000 + b'"',
    "a text that never ends": b'a: "' + b"x\n" * 32_000,
    "escapes": b'a: "' + b"\\U0001F600" * 6_000 + b'"',
    "a number without end": b"a: " + b"1" * 65_000,
    "ten megabytes": b"a: b\n" * 2_000_000,
    "no text at all": bytes(range(256)) * 200,
    "an hour of colons": b"a: " * 20_000,
    "tabs": b"\ta:\t" * 15_000,
    "conditions that do not exist": HEAD + b"stop_when: [" + WORDS + b"]\n",
    "keys that do not exist": HEAD + b"".join(b"stpo_when_%d: a\n" % n for n in range(1_400)),
    "steps without end": HEAD + b"steps:\n" + b"- wait: 1x\n" * 1_400,
    "many steps and then a tab": HEAD + b"steps:\n" + b"- wait: 1x\n" * 650 + b"\t- wait: 1x\n",
    "examples without end": HEAD + b"examples:\n" + b"- {it: a}\n" * 900,
    "a time without end": HEAD + b"ends: {after: " + b"9" * 60_000 + b"d}\n",
    "a time of a billion years": HEAD + b"ends: {after: 999999999999d}\n",
}


def attempts() -> dict[str, dict[str, bytes]]:
    """Name -> the files of a directory of rules, by path."""
    shipped = (SHIPPED / "conditions.yaml").read_bytes()
    found = {
        f"expression: {name}": {"conditions.yaml": expression(text)}
        for name, text in EXPRESSIONS.items()
    }
    for name, content in FILES.items():
        found[f"journey: {name}"] = {"conditions.yaml": shipped, "journeys/x.yaml": content}
        found[f"conditions: {name}"] = {"conditions.yaml": content}
        found[f"standing: {name}"] = {"conditions.yaml": shipped, "policy/standing.yaml": content}
    return found


def _ms(contents: dict[str, bytes]) -> tuple[float, int]:
    """-> the least that it takes, in the milliseconds of a machine that is not slow; the faults"""
    least = float("inf")
    for _ in range(RUNS):
        began = time.process_time()
        faults = len(read_contents(contents, CHANNELS).faults)
        ms = (time.process_time() - began) * 1000
        least = min(least, ms / slowness() if ms > PROMPT_MS else ms)
    return least, faults


def main() -> None:
    """Try them all."""
    tried = attempts()
    read_contents({"conditions.yaml": b"a: {says: a, hears: [app.opened]}\n"}, CHANNELS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {}
    for name, contents in tried.items():
        ms, faults = _ms(contents)
        told[name] = {"ms": ms, "faults": faults}
    unit = 1 if sys.platform == "darwin" else 1024
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    print(json.dumps({"told": told, "grown_bytes": grown}))


if __name__ == "__main__":
    main()
