#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""validate_schema.py FILE...: check reports against results/schema.json.

Exit status 0 when all are valid; else 1, with a line for each fault.
"""

import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "results" / "schema.json"


def validator():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def main():
    check = validator()
    faults = 0
    for name in sys.argv[1:]:
        for fault in check.iter_errors(json.loads(pathlib.Path(name).read_text())):
            place = "/".join(str(part) for part in fault.absolute_path)
            print(f"{name}: {place}: {fault.message}", file=sys.stderr)
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
