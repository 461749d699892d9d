#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Reports made from real ones, for the tests of `tollgate compare`.

    compare_reports.py IN OUT EDIT...

An EDIT is one of
    scale NAME FACTOR     that figure's rounds, value and ns times FACTOR (NAME may
                          be a glob; several such edits add up)
    set PATH JSON         the value at PATH, as environment.microcode, becomes JSON
    only GLOB             no other figures
    drop GLOB             these figures go
    skip GLOB STATUS WHY  these figures become skipped, refused or failed
    rounds N              the first N rounds alone, marked quick below 12
    shake SEED SHARE      every figure times 1 + SHARE * (uniform from -1 to 1): another
                          boot of the same thing, whose rounds agree among themselves
"""
import fnmatch
import json
import random
import sys

LENGTHS = {"scale": 2, "set": 2, "only": 1, "drop": 1, "skip": 3, "rounds": 1, "shake": 2}


def matching(report, glob):
    found = [f for f in report["figures"] if fnmatch.fnmatchcase(f["name"], glob)]
    if not found:
        sys.exit(f"compare_reports.py: no figure matches {glob}")
    return found


def scale(figure, factor):
    for r in figure["rounds"]:
        r["value"] *= factor
        r["median"] *= factor
    for key in ("value", "error", "ns"):
        if figure[key] is not None:
            figure[key] *= factor


def edit(report, what, args):
    if what == "scale":
        for f in matching(report, args[0]):
            scale(f, float(args[1]))
    elif what == "set":
        *path, last = args[0].split(".")
        place = report
        for part in path:
            place = place[part]
        place[last] = json.loads(args[1])
    elif what == "only":
        report["figures"] = matching(report, args[0])
    elif what == "drop":
        gone = matching(report, args[0])
        report["figures"] = [f for f in report["figures"] if f not in gone]
    elif what == "skip":
        for f in matching(report, args[0]):
            f.update(value=None, error=None, ns=None, rounds=[], samples=0, status=args[1],
                     reason=args[2])
    elif what == "rounds":
        for f in report["figures"]:
            f["rounds"] = f["rounds"][:int(args[0])]
            f["quick"] = int(args[0]) < 12 and f["unit"] != "insns"
    elif what == "shake":
        generator = random.Random(int(args[0]))
        for f in report["figures"]:
            if f["value"] is not None:
                scale(f, 1 + float(args[1]) * generator.uniform(-1, 1))


def main():
    source, target, *words = sys.argv[1:]
    with open(source) as f:
        report = json.load(f)
    while words:
        what = words.pop(0)
        edit(report, what, [words.pop(0) for _ in range(LENGTHS[what])])
    with open(target, "w") as f:
        json.dump(report, f, indent=1)


main()
