#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""validate_schema.py [--claims] FILE...: check reports against results/schema.json, and
what `tollgate doctor --json` printed against results/doctor.schema.json; or what
`tollgate claims --json` prints against results/claims.schema.json.

Exit status 0 when all are valid; else 1, with a line for each fault.
"""

import json
import pathlib
import sys

import jsonschema

RESULTS = pathlib.Path(__file__).resolve().parents[2] / "results"
SCHEMA = RESULTS / "schema.json"
DOCTOR = RESULTS / "doctor.schema.json"
CLAIMS = RESULTS / "claims.schema.json"


def validator(path=SCHEMA):
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def main():
    names = sys.argv[1:]
    report, doctor = validator(), validator(DOCTOR)
    if names[:1] == ["--claims"]:
        report = doctor = validator(CLAIMS)
        del names[0]
    faults = 0
    for name in names:
        tree = json.loads(pathlib.Path(name).read_text())
        check = doctor if isinstance(tree, dict) and "doctor" in tree else report
        for fault in check.iter_errors(tree):
            place = "/".join(str(part) for part in fault.absolute_path)
            print(f"{name}: {place}: {fault.message}", file=sys.stderr)
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
