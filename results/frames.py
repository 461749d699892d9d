#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the pieces of a crossing cost: of an armed task's entry, and in rehearsal.

    frames.py screen REPORT...      a table, a row a piece, as Markdown
    frames.py waterfall REPORT...   a picture of how an entry is put together, as SVG

Takes at most one report of each: lane user (cycles, in rehearsal), lane vm (instructions,
exact) and lane host or vm on real hardware (cycles of an armed task). "-" is what was not
measured, or not there; a row that no report has is left out. "quick": fewer than 12 rounds.
"""
import json
import math
import signal
import sys

# A column: what heads it, and the names of its figures.
COLUMNS = {
    "insns": ("insns", "frame/point{}@cross"),
    "armed": ("cycles, armed", "frame/point{}@cross"),
    "lfence": ("cycles, rehearsed, LFENCE between", "frame/rehearsal{}:lfence@r3"),
    "hot": ("cycles, rehearsed, overlapping", "frame/rehearsal{}@r3"),
}
# What no rehearsal has a point of, though ring 3 has the rest of it.
ALONE = {":swapgs", ":stack", ":fence:swapgs"}

QUICK = 12	# rounds that a figure needs to count for claims

# A piece: what it is, the point that has it, and the one that lacks it alone.
PIECES = [
    ("**SYSCALL and SYSRET**, nothing between", "", None),
    ("SWAPGS in and out", ":swapgs", ""),
    ("the task's stack, user RSP in a per-CPU slot", ":stack", ":swapgs"),
    ("a whole `pt_regs`, registers cleared", ":full", ":stack"),
    ("or the frame of 3.19", ":partial", ":stack"),
    ("(a) RSP into its place", ":rsp", ":partial"),
    ("(a), what it does at entry alone", ":rsp:slot", ":partial"),
    ("(b) RFLAGS into their place", ":flags", ":partial"),
    ("(c) CS, SS, RCX, too", ":rest", ":partial"),
    ("(a) and (b), fast path", ":rsp_flags", ":partial"),
    ("(a) and (b), slow path, without RESTORE_TOP_OF_STACK", ":rsp_flags:slow", ":partial:slow"),
    ("FIXUP_TOP_OF_STACK", ":partial:fixup", ":partial"),
    ("RESTORE_TOP_OF_STACK", ":partial:slow", ":partial:fixup"),
    ("STI after entry", ":full:sti", ":full"),
    ("CLI before exit, behind STI", ":full:sti:cli", ":full:sti"),
    ("SYSCALL_MASK without IF", ":full:unmasked", ":full"),
    ("IRET in place of SYSRET", ":full:iret", ":full"),
    ("exit work: flags as read", ":full:read", ":full"),
    ("exit work: LOCK BTR", ":full:locked", ":full"),
    ("exit work: TEST in memory", ":full:tested", ":full"),
    ("exit work: a word of its own", ":full:status", ":full"),
    ("LFENCE behind SWAPGS", ":full:fence", ":full"),
    ("STAC and CLAC", ":full:stac", ":full"),
    ("preemption count", ":full:preempt", ":full"),
    ("a test for context tracking", ":full:context", ":full"),
    ("the stack's random offset", ":full:offset", ":full"),
    ("CR3 twice", ":full:cr3", ":full"),
    ("CR3 twice, NOFLUSH", ":full:noflush", ":full"),
    ("the call by comparing its number", ":full:compare", ":full"),
    ("... by a table and an indirect call, and back", ":full:indirect", ":full"),
    ("... by a retpoline", ":full:retpoline", ":full"),
    ("... behind LFENCE", ":full:lfence_call", ":full"),
    ("VERW", ":full:verw", ":full"),
    ("RSB filled", ":full:rsb", ":full"),
    ("BHB cleared (as on Intel)", ":full:bhb", ":full"),
    ("returns untrained, one by the thunk (as on Zen 1 and 2)", ":full:untrain", ":full"),
    ("SPEC_CTRL twice", ":full:spec_ctrl", ":full"),
    ("IBPB", ":full:ibpb", ":full"),
    ("**like Linux 3.19**, all together (cycles: without what is privileged)", ":partial:sti:cli:read:context", None),
    ("**like Linux 4.2**, all together (likewise)", ":rsp_flags_rest:sti:cli:read:context", None),
    ("**like Linux 6.12**, all together (likewise)", ":full:sti:cli:read:offset:compare", None),
]

# How Linux 6.12's is put together: steps of PIECES, each once.
STEPS = ["", ":swapgs", ":stack", ":full", ":full:offset", ":full:sti", ":full:sti:cli",
         ":full:compare", ":full:read"]
WHOLE = ":full:sti:cli:read:offset:compare"


def refuse(code, text):
    print(f"frames.py: {text}", file=sys.stderr)
    sys.exit(code)


class Reports:
    """The figures of every column."""

    def __init__(self, paths):
        self.figures, self.heads = {}, {}
        for path in paths:
            try:
                with open(path) as f:
                    report = json.load(f)
                lane, unit = report["lane"], report["calibration"]["unit"]
                figures = {f["name"]: f for f in report["figures"]}
                where = f"{report['environment']['cpu']}, {report['environment']['kernel']}"
            except OSError as e:
                refuse(6, f"{path}: cannot read: {e.strerror}")
            except (ValueError, KeyError, TypeError):
                refuse(2, f"{path} is no report of tollgate; allowed: a report.json")
            columns = ["hot", "lfence"] if lane == "user" else \
                ["insns" if unit == "insns" else "armed"]
            for column in columns:
                if column in self.figures:
                    refuse(2, f"{path}: a second report of lane {lane} in {unit}; allowed: one")
                self.figures[column], self.heads[column] = figures, where

    def columns(self):
        return [c for c in COLUMNS if c in self.figures]

    def value(self, column, point):
        """(value, error) of a point, or None."""
        figure = self.figures[column].get(COLUMNS[column][1].format(point))
        if not figure or figure["status"] not in ("ok", "not-resolvable") or \
                figure["error"] is None or figure["unit"] == "tsc":
            return None
        return figure["value"], figure["error"]

    def quick(self, column, point):
        """Whether a point has too few rounds for claims; a count needs none."""
        figure = self.figures[column].get(COLUMNS[column][1].format(point))
        return column != "insns" and bool(self.value(column, point)) and \
            len(figure["rounds"]) < QUICK

    def asked(self, column, point):
        """Whether the report has the point, measured or not."""
        return COLUMNS[column][1].format(point) in self.figures[column]

    def piece(self, column, point, base):
        """What a piece adds; of the first, what it takes."""
        if base in ALONE and column in ("hot", "lfence"):
            base = ""
        has, lacks = self.value(column, point), (0, 0)
        if base is not None:
            lacks = self.value(column, base)
        elif point == "" and column in ("hot", "lfence"):
            return None		# jumps stand for it
        if not has or not lacks:
            return None
        return has[0] - lacks[0], math.hypot(has[1], lacks[1])


def cell(column, found):
    if not found:
        return "-"
    value, error = found
    if column == "insns":
        return f"{value:g}"
    digits = 2 if error < 0.1 else 1 if error < 1 else 0
    return f"{value:.{digits}f} ± {max(error, 10 ** -digits):.{digits}f}"


def screen(reports):
    columns = reports.columns()
    if not any(reports.piece(c, p, b) for _, p, b in PIECES for c in columns):
        refuse(1, "no report has a piece and what lacks it: run 'frame/*'")
    print("| a piece | " + " | ".join(COLUMNS[c][0] for c in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for what, point, base in PIECES:
        cells = [cell(c, reports.piece(c, point, base)) +
                 (" quick" if reports.quick(c, point) or base and reports.quick(c, base) else "")
                 for c in columns]
        if any(reports.asked(c, point) for c in columns):
            print(f"| {what} | " + " | ".join(cells) + " |")


def bars(reports, column):
    """(what, from, to) of every step, and the whole. A figure that lacks ends it."""
    found, at = [], 0.0
    privileged = () if column != "lfence" else ("", ":swapgs", ":stack", ":full:sti",
                                                ":full:sti:cli")
    for point in STEPS:
        if point in privileged:
            continue
        what, base = next((w, b) for w, p, b in PIECES if p == point)
        added = reports.piece(column, point, base)
        if not added:
            lacks = [COLUMNS[column][1].format(p) for p in (point, base or "")
                     if not reports.value(column, p)]
            refuse(1, f"a waterfall of {COLUMNS[column][0]} lacks {' and '.join(lacks)}")
        found.append((what.replace("*", "").replace("`", ""), at, at + added[0]))
        at += added[0]
    whole = reports.value(column, WHOLE)
    if not whole:
        refuse(1, f"a waterfall of {COLUMNS[column][0]} lacks {COLUMNS[column][1].format(WHOLE)}")
    return found + [("measured together", 0.0, whole[0])]


def text(x, y, words, anchor="start"):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def waterfall(reports):
    left, wide, high, y, body = 300, 380, 18, 0, []
    for column in [c for c in ("insns", "armed", "lfence") if c in reports.figures]:
        steps = bars(reports, column)
        unit = "instructions" if column == "insns" else "cycles"
        what = "armed:" if column != "lfence" else "in rehearsal, LFENCE between:"
        y += high * 2
        body.append(text(8, y, f"{what} an entry like Linux 6.12's, {unit} ({reports.heads[column]})"))
        scale = wide / max(max(a, b) for _, a, b in steps)
        for what, begin, end in steps:
            y += high
            low, size = min(begin, end) * scale, abs(end - begin) * scale
            last = what == steps[-1][0]
            body.append(text(left - 8, y, what, "end"))
            body.append(f'<rect x="{left + low:.1f}" y="{y - 11:.1f}" width="{max(size, 1):.1f}" '
                        f'height="13" fill="{"#666" if last else "#4a7fb5"}"/>')
            body.append(text(left + low + max(size, 1) + 6, y,
                             f"{round(end - begin, 1) + 0.0:g}"))
    y += high
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{y}" '
          f'font-family="sans-serif" font-size="12">\n'
          f'<rect width="760" height="{y}" fill="#fff"/>')
    print("\n".join(body))
    print("</svg>")


MODES = {"screen": screen, "waterfall": waterfall}


def main():
    allowed = ", ".join(MODES)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if "-h" in sys.argv[1:] or "--help" in sys.argv[1:]:
        print(__doc__)
        return 0
    if len(sys.argv) < 2:
        refuse(2, f"what is asked for is missing; allowed: {allowed}, then report.json files")
    if sys.argv[1] not in MODES:
        refuse(2, f"'{sys.argv[1]}' is not allowed; allowed: {allowed}")
    if len(sys.argv) < 3:
        refuse(2, f"{sys.argv[1]}: no report; allowed: one of each lane, report.json files")
    return MODES[sys.argv[1]](Reports(sys.argv[2:])) or 0


sys.exit(main())
