"""The JSON Schemas of the output topics, made from the payloads themselves.

`python -m adaptive_stream.outputs.schemas [DIR]` writes them, into topics/schemas unless told.
Objects are open: a consumer must take a field that it does not know.
"""

import json
import sys
from pathlib import Path

import msgspec

from adaptive_stream.outputs import customer_state, opportunities, state_changed, suppressions

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Name (the annotation adaptive-stream.io/schema of the topics) -> the payloads that it may hold.
SCHEMAS: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "customer.state-changed.v1": (state_changed.Payload,),
    "customer.state.v1": (customer_state.Payload, customer_state.MergedPayload),
    "opportunities.v1": (opportunities.Payload,),
    "suppressions.v1": (suppressions.Payload,),
}


def schema_text(name: str) -> str:
    """The file of one schema, byte for byte."""
    schemas, parts = msgspec.json.schema_components(SCHEMAS[name], ref_template="#/$defs/{name}")
    for part in parts.values():  # Python 3.13 keeps other white space in a docstring than 3.12.
        part["description"] = " ".join(part["description"].split())
    values = list(schemas)
    schema = {
        "$schema": DIALECT,
        "$id": f"{name}.json",
        "title": f"The value of {name}",
        **(values[0] if len(values) == 1 else {"anyOf": values}),
        "$defs": parts,
    }
    return json.dumps(schema, indent=2) + "\n"


def main(words: list[str]) -> None:
    """Writes every schema into the directory named by the first word."""
    directory = Path(words[0] if words else "topics/schemas")
    directory.mkdir(parents=True, exist_ok=True)
    for name in SCHEMAS:
        path = directory / f"{name}.json"
        path.write_text(schema_text(name), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
