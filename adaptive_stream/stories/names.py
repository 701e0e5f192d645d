"""Several stories on one cluster at once: each has people of its own under names of its own.

Rule: only what names a person is changed, on the way in and back on the way out, so that a story
reads what it would read alone.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from adaptive_stream.stories.output import Output
from adaptive_stream.stories.phrases import CUSTOMER_STATE, DIFF, INSTANCES, METRIC, SOURCES
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.world import people

STORIES_MAX = 99  # Two digits fit behind the longest phone number of a story.


class Names:
    """The names of story number `number` (from 1) among those that are played together."""

    def __init__(self, story: Story, number: int) -> None:
        assert 1 <= number <= STORIES_MAX
        known = {name for row in story.rows for name in row.identifiers}
        known |= {name for profile in people(story).values() for name in profile.identifiers}
        self._own = {name: _renamed(name, number) for name in known}
        self._back = {own: name for name, own in self._own.items()}
        self._back |= {_value(own): _value(name) for name, own in self._own.items()}
        self._back |= {_hash(own): _hash(name) for name, own in self._own.items()}

    def value(self, value: bytes) -> bytes:
        """A channel record under this story's names."""
        try:
            message = json.loads(value)
        except ValueError:
            return value  # It names nobody.
        for named in (message.get("identifiers", {}), message.get("data", {}).get("contact", {})):
            for kind, names in named.items():
                several = names if isinstance(names, list) else [names]
                whole = [f"{kind}:{name}" for name in several]
                own = [_value(self._own.get(name, name)) for name in whole]
                named[kind] = own if isinstance(names, list) else own[0]
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()

    def mine(self, outputs: Iterable[Output]) -> list[Output]:
        """Those about this story's people, under the names that it has for them."""
        outputs = list(outputs)
        customers = set(self._customers(outputs))
        return [
            replace(output, value=self._restored(output.value))  # type: ignore[arg-type]
            for output in outputs
            if output.key in customers or _is_everybodys(output)
        ]

    def _customers(self, outputs: Iterable[Output]) -> Iterator[str]:
        own = set(self._own.values())
        for output in outputs:
            if output.topic == CUSTOMER_STATE and output.value:
                named = output.value.get("identifiers")
                for one in named if isinstance(named, list) else ():
                    if f"{one['type']}:{one['value']}" in own:
                        yield output.key

    def _restored(self, value: object) -> object:
        if isinstance(value, dict):
            return {self._back.get(key, key): self._restored(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._restored(each) for each in value]
        if not isinstance(value, str):
            return value
        return "/".join(self._back.get(part, part) for part in value.split("/"))


def _is_everybodys(output: Output) -> bool:
    """What the worker counts, and what is said of a journey or its rules: only stories that are
    played alone look at these, or bring them about."""
    if output.topic in (METRIC, SOURCES, DIFF, INSTANCES):
        return True
    return output.value is not None and output.value.get("scope") == "journey"


def _value(identifier: str) -> str:
    return identifier.partition(":")[2]


def _hash(identifier: str) -> str:
    """As advertising platforms are told an address."""
    return sha256(_value(identifier).encode()).hexdigest()


def _renamed(identifier: str, number: int) -> str:
    """Digits at the end, before the @ of an address: they are all that a telephone number takes."""
    kind, _, value = identifier.partition(":")
    local, at, domain = value.partition("@")
    return f"{kind}:{local}{number:02d}{at}{domain}"
