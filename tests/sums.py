#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whether parts add up to what they make together, within their errors.

    sums.py REPORT        one line a sum; exit 1 if one does not hold

Only sums whose parts are all in the report are looked at; none at all is a
failure.
"""
import json
import sys

SUMS = [
    ("irq/cli_sti@r0", ["irq/cli@r0", "irq/sti@r0"]),
    ("irq/local_irq_disable_enable@r0", ["irq/cli@r0", "irq/sti@r0"]),
    ("insn/imul_x4@r0", ["insn/imul@r0"] * 4),
    ("insn/imul_x16@r0", ["insn/imul_x4@r0"] * 4),
    ("insn/imul_x4@r3", ["insn/imul@r3"] * 4),
    ("insn/imul_x16@r3", ["insn/imul_x4@r3"] * 4),
]


def main():
    with open(sys.argv[1]) as f:
        figures = {f["name"]: f for f in json.load(f)["figures"] if f["value"] is not None}
    looked = bad = 0
    for whole, parts in SUMS:
        if not {whole, *parts} <= figures.keys():
            continue
        looked += 1
        total = sum(figures[p]["value"] for p in parts)
        # errors of the same figure taken k times add up; different ones too,
        # which is the cautious side
        error = figures[whole]["error"] + sum(figures[p]["error"] for p in parts)
        gap = abs(figures[whole]["value"] - total)
        holds = gap <= error
        bad += not holds
        print(f"{'ok' if holds else 'NOT OK'}: {whole} = {figures[whole]['value']:.3f}, "
              f"parts {total:.3f}, gap {gap:.3f}, error {error:.3f}")
    return 1 if bad or not looked else 0


sys.exit(main())
