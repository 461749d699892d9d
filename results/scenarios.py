#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the strategies of FPU switching cost, from a report of lane user.

    scenarios.py page REPORT      every point of fpu/scenario, as Markdown: with what
                                  it did, and the sum of its bare instructions
    scenarios.py screen REPORT    one screen of it: registers dirty, AVX
    scenarios.py sums REPORT      the rows that are no sum of their instructions: exit 1
                                  if there are any. Timed, so no test asks for it
    scenarios.py check REPORT     TAP, for a report of lane vm: in instructions the
                                  parts add up exactly

A report without these points is told so in one line.
"""
import json
import math
import sys

STRATEGIES = ["eager", "eager_skip", "lazy_ts", "lazy_ts_mirror", "lazy_counter", "deferred",
              "refresh", "deferred_skip", "deferred_skip_owner"]
SCENES = ["pingpong", "kthread", "idle", "spin", "enter", "kernel1", "kernel2", "kernel8",
          "kernel64", "guest", "guest_other", "signal", "read", "use1", "use2", "use4", "use8", "use16"]
WIDTHS = ["avx", "avx512"]
STATES = ["init", "dirty", "unmodified"]


def name_of(scene, strategy, width, state):
    values = [v for v, first in ((scene, "pingpong"), (strategy, "eager"), (width, "avx"),
                                 (state, "init")) if v != first]
    return "fpu/scenario" + "".join(":" + v for v in values) + "@r3"


def bare(insn, width, *values):
    named = [v for v in values if v not in ("init", "same")]
    return f"fpu/{insn}:" + ":".join([width, *named]) + "@r3"


class Points:
    def __init__(self, path):
        with open(path) as f:
            self.report = json.load(f)
        self.figures = {f["name"]: f for f in self.report["figures"]}

    def get(self, name):
        """Where it was measured, and in rounds enough to have an error."""
        figure = self.figures.get(name)
        if not figure or figure["status"] not in ("ok", "not-resolvable"):
            return None
        return figure if figure["error"] is not None else None

    def all(self):
        for scene in SCENES:
            for strategy in STRATEGIES:
                for width in WIDTHS:
                    for state in STATES:
                        figure = self.get(name_of(scene, strategy, width, state))
                        if figure:
                            yield scene, strategy, width, state, figure


def did(figure):
    events = {e["name"]: e["value"] for e in figure["events"]}
    return [events[f"fpu-{what}"] for what in ("saves", "restores", "skips")]


def parts(scene, strategy, width, state, figure):
    """The bare instructions of a step: [(how many, row)]. First saves find registers as the
    user left them; later ones, of what the kernel loaded and nobody touched, unmodified."""
    saves, restores, _ = did(figure)
    touched = "init" if state == "init" else state
    left = "init" if state == "init" else "dirty"
    # a context that comes back to its own buffer, or to another's registers
    alone = scene in ("kthread", "idle", "enter", "read") or scene.startswith("kernel")
    untouched = "init" if state == "init" else "unmodified"
    first = {"guest": 1, "guest_other": 1}.get(scene, min(saves, 1))
    if scene == "spin":
        first = 0
    if scene == "read":
        # XSAVEOPT knows what changed since XRSTOR, not since the last XSAVEOPT
        first = saves
    if scene.startswith("use") and strategy not in ("lazy_ts", "lazy_ts_mirror"):
        # who did not touch what was loaded for it leaves it unmodified. What is still
        # loaded after a touch is not: lazily all saves are of modified registers, but for
        # the preloads of lazy_counter
        first = min(saves, 1 / int(scene[3:]))
    if scene == "signal":
        # XSAVE into the frame; the handler's initial configuration, and the frame again
        return [(saves, bare("xsave", width, touched)), (restores / 2, bare("xrstor", width)),
                (restores / 2, bare("xrstor", width, left))]
    came = "unmodified" if alone and state == "unmodified" and not scene.startswith("kernel") \
        else left
    sums = [(first, bare("xsaveopt", width, touched)),
            (saves - first, bare("xsaveopt", width, untouched)),
            (restores, bare("xrstor", width, came, "same" if alone else "other"))]
    return [(n, row) for n, row in sums if n > 0]


def added(points, scene, strategy, width, state, figure):
    """Sum of the bare instructions and its error; None where one was not measured."""
    total, square = 0, 0
    for n, row in parts(scene, strategy, width, state, figure):
        part = points.get(row)
        if not part:
            return None
        total += n * part["value"]
        square += (n * part["error"]) ** 2
    return total, math.sqrt(square)


# A stay is the sum of its instructions, and what the strategy itself does: so much at
# most, in cycles or of the sum, whichever is more. #NM adds two fences.
OWN_CYCLES = 30
OWN_SHARE = 0.15


def adds_up(value, found):
    """Whether a stay is within the tolerance of the sum of its instructions; None: no sum."""
    if not found:
        return None
    return abs(value - found[0]) <= max(OWN_CYCLES, OWN_SHARE * found[0]) + found[1]


def number(value):
    return f"{value:.3f}".rstrip("0").rstrip(".")


def head(points):
    environment = points.report["environment"]
    return (f"{environment['cpu']} (family {environment['family']}, model {environment['model']}), "
            f"{environment['kernel']}, {points.report['environment']['date'][:10]}")


def outside(points):
    """How many rows have a sum, and those that are not within its tolerance."""
    nr, rows = 0, []
    for scene, strategy, width, state, figure in points.all():
        found = added(points, scene, strategy, width, state, figure)
        good = adds_up(figure["value"], found)
        nr += good is not None
        if good is False:
            rows.append((figure, found[0]))
    return nr, rows


def sums_in_words(points):
    nr, rows = outside(points)
    return f"Of {nr} rows {len(rows)} do."


def sums(points):
    nr, rows = outside(points)
    for figure, bare_sum in rows:
        print(f"{figure['name']}: {figure['value']:.1f}, bare {bare_sum:.1f}")
    print(f"{nr} sums, {len(rows)} outside {OWN_CYCLES} {points.report['calibration']['unit']} "
          f"and {OWN_SHARE:.0%}")
    return 1 if rows or not nr else 0


def page(points):
    unit = points.report["calibration"]["unit"]
    print(f"""# What the strategies of FPU switching cost

Written by `make scenarios` from the reference report of lane user: {head(points)}.
In rehearsal: `mod/fpu_state.c` in ring 3, with what each row of the report's `left_out`
says left out. {unit.capitalize()} of one stay in the kernel; saves, restores and skipped
restores in one, as counted; the sum of the bare instructions (`fpu/xsaveopt`,
`fpu/xsave`, `fpu/xrstor`, isolated by fences); by how much the stay is dearer: the
strategy's own tests and stores, less what overlaps; and the ratio of the two, **bold**
where they differ by more than {OWN_CYCLES} {unit} and by more than {OWN_SHARE:.0%} of the sum.
{sums_in_words(points)}

| scenario | strategy | components | state | {unit} | saves | restores | skips | bare | dearer | ratio |
|---|---|---|---|---|---|---|---|---|---|---|""")
    for scene, strategy, width, state, figure in points.all():
        found = added(points, scene, strategy, width, state, figure)
        cells = ["-", "-", "-"]
        if found:
            error = math.hypot(found[1], figure["error"])
            ratio = f"{figure['value'] / found[0]:.2f}" if found[0] else "-"
            cells = [f"{found[0]:.1f}", f"{figure['value'] - found[0]:.1f} ± {error:.1f}",
                     ratio if adds_up(figure["value"], found) else f"**{ratio}**"]
        print("| " + " | ".join([scene, strategy, width, state,
                                 f"{figure['value']:.1f} ± {figure['error']:.1f}",
                                 *map(number, did(figure)), *cells]) + " |")


def screen(points):
    shown = [s for s in STRATEGIES if s != "lazy_ts_mirror"]
    print("| a stay in the kernel | " + " | ".join(shown) + " |")
    print("|---|" + "---|" * len(shown))
    for scene in SCENES:
        cells = []
        for strategy in shown:
            state = "unmodified" if scene == "spin" else "dirty"
            figure = points.get(name_of(scene, strategy, "avx", state))
            if not figure:
                cells.append("-")
                continue
            saves, restores, _ = map(number, did(figure))
            cells.append(f"{figure['value']:.0f} ({saves}/{restores})")
        print(f"| `{scene}` | " + " | ".join(cells) + " |")


def check(points):
    results = []

    def expect(what, left, right):
        results.append((abs(left - right) < 1e-6, what, f"{left} and {right}"))

    def value(scene, strategy, width="avx", state="dirty"):
        return points.get(name_of(scene, strategy, width, state))["value"]

    for strategy in STRATEGIES:
        a, b, c = (value(f"kernel{n}", strategy) for n in (2, 8, 64))
        expect(f"{strategy}: 56 more sections are 56 / 6 times what 6 more are", (c - b) * 6,
               (b - a) * 56)
        # the model runs the same path for both; HLT is left out
        expect(f"{strategy}: idle is kthread", value("idle", strategy), value("kthread", strategy))
    for scene, strategy, width, state, figure in points.all():
        saves, restores, _ = did(figure)
        if state != "dirty" and points.get(name_of(scene, strategy, width, "dirty")):
            expect(f"{scene}:{strategy}: {state} registers take the instructions of dirty ones",
                   figure["value"], value(scene, strategy, width, "dirty"))
        own = figure["value"] - saves - restores
        # eager has nothing to do; lazily, two stand for what the CPU asks CR0.TS
        idle = {"eager": 0, "eager_skip": 0, "lazy_ts": 2, "lazy_ts_mirror": 2, "lazy_counter": 2}
        known = idle.get(strategy) if scene == "enter" else None
        results.append((figure["unit"] == "insns" and (own > 0 if known is None else own == known),
                        f"{figure['name']}: {saves:g} + {restores:g} + {own:g} of its own",
                        figure["unit"]))
    # one XSAVEOPT and one XRSTOR, and the strategy's own: the same at whatever rate of uses
    for strategy in ("eager", "eager_skip", "deferred", "deferred_skip"):
        for m in (2, 4, 8, 16):
            expect(f"{strategy}: use{m} is use1", value(f"use{m}", strategy),
                   value("use1", strategy))
    for n, (good, what, why) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {n} - {what}")
        if not good:
            print(f"# {why}")
    print(f"1..{len(results)}")
    return 0 if len(results) > 100 and all(good for good, _, _ in results) else 1


MODES = {"page": page, "screen": screen, "sums": sums, "check": check}


def refuse(code, text):
    print(f"scenarios.py: {text}", file=sys.stderr)
    sys.exit(code)


def main():
    allowed = ", ".join(MODES)
    if len(sys.argv) < 2:
        refuse(2, f"what is asked for is missing; allowed: {allowed}, then a report.json")
    mode = sys.argv[1]
    if mode in ("-h", "--help"):
        print(__doc__)
        return 0
    if mode not in MODES:
        refuse(2, f"'{mode}' is not allowed; allowed: {allowed}")
    if len(sys.argv) != 3:
        refuse(2, f"{mode}: {len(sys.argv) - 2} reports; allowed: one, a report.json")
    try:
        points = Points(sys.argv[2])
    except OSError as e:
        refuse(6, f"{sys.argv[2]}: cannot read: {e.strerror}")
    except (ValueError, KeyError, TypeError):
        refuse(2, f"{sys.argv[2]} is no report of tollgate; allowed: a report.json")
    if not next(points.all(), None):
        print(f"{sys.argv[2]} has no figure of fpu/scenario: `make reference` takes them.")
        return 1 if mode == "check" else 0
    return MODES[mode](points) or 0


sys.exit(main())
