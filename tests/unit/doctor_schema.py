#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""doctor_schema.py DOCTOR_TOOL: results/doctor.schema.json and the writer agree. TAP.

Of every machine in sample_facts.c and of random ones the JSON is valid and every
member of it listed; without any of its members, or with one of another type, it is not.
"""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

from test_schema import missing_descriptions, places
from validate_schema import DOCTOR, validator

RANDOM = 200


def unlisted(tree, schema):
    """Members that the writer writes and the schema does not list."""
    defs = schema["$defs"]
    parts = [(tree, schema, ""), (tree["facts"], defs["facts"], "facts.")]
    parts += [(lane, defs["lane"], "lanes.") for lane in tree["lanes"].values()]
    parts += [(finding, defs["finding"], "findings.") for finding in tree["findings"]]
    for part, shape, place in parts:
        yield from (place + key for key in part if key not in shape["properties"])


def spoilt(tree):
    """Copies with one member removed, or of a type that none has there."""
    for path in places(tree):
        for value in ["removed", [[]], {"x": {}}, -7.5, "\t"]:
            copied = copy.deepcopy(tree)
            holder = copied
            for key in path[:-1]:
                holder = holder[key]
            if value != "removed":
                holder[path[-1]] = value
            elif isinstance(holder, dict):
                del holder[path[-1]]
            else:
                continue
            yield path, value, copied


def still_right(path, value):
    """What a schema cannot tell from a right value: a number, or a text of any kind."""
    number = path[0] == "facts" and path[1] in ("known", "state", "entry")
    text = path[0] == "facts" or path[-1] in ("fact", "topic", "tollgate")
    return value == -7.5 and number or value == "\t" and text


def main():
    tool = sys.argv[1]
    check = validator(DOCTOR)
    schema = json.loads(DOCTOR.read_text())
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([tool, directory, str(RANDOM)], check=True)
        trees = {path.name: json.loads(path.read_text())
                 for path in sorted(pathlib.Path(directory).glob("*.json"))}
    assert len(trees) > RANDOM
    results = [
        ("what the writer writes is valid",
         [f"{name}: {'/'.join(map(str, fault.absolute_path))}: {fault.message}"
          for name, tree in trees.items() for fault in check.iter_errors(tree)]),
        ("what the writer writes is listed",
         [fault for tree in trees.values() for fault in unlisted(tree, schema)]),
        ("every property is described", list(missing_descriptions(schema))),
        ("nothing else is valid",
         [f"{'.'.join(map(str, path))} = {value!r}"
          for path, value, tree in spoilt(trees["good0.json"])
          if check.is_valid(tree) and not still_right(path, value)]),
    ]
    print(f"1..{len(results)}")
    for number, (name, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults[:20]:
            print(f"# {fault}")
    return 1 if any(faults for _, faults in results) else 0


if __name__ == "__main__":
    sys.exit(main())
