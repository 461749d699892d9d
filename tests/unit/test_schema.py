#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""test_schema.py REPORT_TOOL: results/schema.json and the loader agree. TAP.

Reports that the writer made are valid; of changed ones the schema and the
loader accept and refuse the same. Every member of a sample is changed in turn,
to a value of each kind, so a field added to one side alone is found.
"""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

from validate_schema import SCHEMA, validator

VALUES = [None, True, False, 0, 1, -1, 2, 1.5, 4.0, -0.5, 2**31 - 1, 2**31, 1e18, "", "x", "ok",
          "skipped", "not-resolvable", "irq/cli@r0", "irq/cli@r1", "a/b/c@r0", "irq/cli@r0@r3",
          "2026-01-31T12:00:00Z", "2026-01-31", [], [{}], [1], [""], ["cli"], {}, {"x": "y"},
          {"": "y"}, {"x": 1}]


def places(tree, path=()):
    """Every member of the tree, arrays by their first two items only."""
    if isinstance(tree, dict):
        items = list(tree.items())
    elif isinstance(tree, list):
        items = list(enumerate(tree))[:2]
    else:
        return
    for key, value in items:
        yield path + (key,)
        yield from places(value, path + (key,))


def changes(sample, under=None):
    """Copies of the sample with one member (under this one) replaced or removed."""
    for path in places(sample):
        if under and path[0] != under:
            continue
        for value in VALUES + ["removed"]:
            tree = copy.deepcopy(sample)
            holder = tree
            for key in path[:-1]:
                holder = holder[key]
            if value != "removed":
                holder[path[-1]] = copy.deepcopy(value)
            elif isinstance(holder, dict):
                del holder[path[-1]]
            else:
                continue
            yield path, value, tree


def only_loader_knows(tree):
    """The rules beyond the schema: applied here so that the rest must agree."""
    try:
        for kind in ("figures", "counts", "histograms", "proofs"):
            names = [item["name"] for item in tree[kind]]
            if len(set(names)) < len(names):
                return True
        boots = [entry["boot"] for figure in tree["figures"] for entry in figure["rounds"]]
        return any(b >= tree["plan"]["boots"] for b in boots)
    except (KeyError, TypeError):
        return False


def shortened(report):
    """A figure of each status is enough, with two rounds each."""
    chosen = {}
    for figure in report["figures"]:
        if figure["left_out"] and "rehearsal" not in chosen:
            chosen["rehearsal"] = figure
        if "events" in figure:
            chosen.setdefault("events", figure)
        chosen.setdefault(figure["status"], figure)
    samples = []
    for figure in chosen.values():
        sample = copy.deepcopy(report)
        sample["figures"] = [copy.deepcopy(figure)]
        sample["figures"][0]["rounds"] = sample["figures"][0]["rounds"][:2]
        samples.append(sample)
    return samples


def disagreements(tool, samples, directory):
    check = validator()
    trees = list(changes(samples[0]))
    for sample in samples[1:]:
        trees += changes(sample, "figures")
    paths = []
    for number, (_, _, tree) in enumerate(trees):
        paths.append(f"{directory}/{number}")
        pathlib.Path(paths[-1]).write_text(json.dumps(tree))
    verdicts = []
    for start in range(0, len(paths), 500):
        run = subprocess.run([tool, "load"] + paths[start:start + 500], check=True,
                             capture_output=True, text=True)
        verdicts += run.stdout.splitlines()
    assert len(verdicts) == len(trees)
    accepted = 0
    for (path, value, tree), verdict in zip(trees, verdicts):
        valid = check.is_valid(tree) and not only_loader_knows(tree)
        accepted += valid
        if valid != (verdict == "ok"):
            yield f"{'.'.join(map(str, path))} = {value!r}: schema {valid}, loader: {verdict}"
    print(f"# {len(trees)} changed reports, {accepted} of them valid")


def missing_descriptions(node, path="", named=False):
    """Each property of the schema has a description, its own or a definition's."""
    if isinstance(node, dict):
        if named and "description" not in node and "$ref" not in node:
            yield path
        for key, value in node.items():
            if key in ("properties", "$defs"):
                for name, inner in value.items():
                    yield from missing_descriptions(inner, f"{path}/{name}", True)
            elif key not in ("allOf", "if", "then"):
                yield from missing_descriptions(value, f"{path}/{key}")


def unlisted(tree):
    """Members that the writer writes and the schema does not list."""
    schema = json.loads(SCHEMA.read_text())
    shapes = {"": schema, "environment": schema["$defs"]["environment"],
              "plan": schema["$defs"]["plan"], "calibration": schema["$defs"]["calibration"]}
    for name, shape in shapes.items():
        part = tree[name] if name else tree
        yield from (f"{name}.{key}" for key in part if key not in shape["properties"])
    for kind in ("figure", "count", "histogram", "proof"):
        for item in tree[kind + "s"]:
            yield from (key for key in item if key not in schema["$defs"][kind]["properties"])


def main():
    tool = sys.argv[1]
    failed = 0
    results = []
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([tool, "write", directory, "100"], check=True)
        check = validator()
        reports = sorted(pathlib.Path(directory).glob("*.json"))
        trees = {path.name: json.loads(path.read_text()) for path in reports}
        results.append(("what the writer writes is valid",
                        [f"{name}: {fault.message}" for name, tree in trees.items()
                         for fault in check.iter_errors(tree)]))
        results.append(("what the writer writes is listed",
                        [fault for tree in trees.values() for fault in unlisted(tree)]))
        results.append(("every property is described",
                        list(missing_descriptions(json.loads(SCHEMA.read_text())))))
        samples = shortened(trees["user.json"]) + shortened(trees["vm.json"])[:1]
        results.append(("schema and loader agree on changed reports",
                        list(disagreements(tool, samples, directory))))
    print(f"1..{len(results)}")
    for number, (name, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults[:20]:
            print(f"# {fault}")
        failed += bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
