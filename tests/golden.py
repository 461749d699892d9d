#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Golden counts: what the bodies cost in instructions, exactly.

    golden.py write REPORT BUILD KIND   writes the golden file, prints its name
    golden.py check REPORT BUILD KIND   TAP: the report against its golden file
    golden.py same REPORT               TAP: every round of every boot alike

REPORT is a lane vm report, for KIND bodies of all experiments of the default
run, for KIND frames of every point of frame/point; BUILD the folder of the
kernel's headers, which says whether it has IBT. The file's name says for
which QEMU CPU model and kernel kind it holds. Regenerate by `make golden`,
review the diff, never edit.
"""
import json
import os
import sys

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")


def golden_path(report, build, kind):
    with open(os.path.join(build, "include/config/auto.conf")) as conf:
        ibt = "CONFIG_X86_KERNEL_IBT=y\n" in conf
    cpu = report["environment"]["qemu_cpu"]
    return os.path.join(GOLDEN, f"{kind}-{cpu}-{'ibt' if ibt else 'noibt'}.txt")


def line(figure):
    """name<TAB>insns or name<TAB>skip:reason"""
    if figure["name"].startswith("crossing/"):
        # Not a body of ours: its count belongs to a kernel's build.
        value = "skip:the kernel's own path, which changes with its build"
    elif figure["name"].startswith("fpu/scenario"):
        value = "skip:compiled, so that its count changes with the compiler"
    elif figure["status"] == "ok" and figure["unit"] == "insns":
        value = repr(figure["value"])
        value = value[:-2] if value.endswith(".0") else value
    elif figure["status"] == "skipped":
        value = "skip:" + figure["reason"]
    else:
        value = f"{figure['status']} in {figure['unit']}: {figure['reason']}"
    return f"{figure['name']}\t{value}"


def tap(results):
    for number, (good, name, why) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        for text in why if not good else []:
            print(f"# {text}")
    print(f"1..{len(results)}")
    return 0 if results and all(good for good, _, _ in results) else 1


def check(report, path):
    with open(path) as f:
        golden = dict(text.rstrip("\n").split("\t", 1) for text in f)
    found = dict(line(f).split("\t", 1) for f in report["figures"])
    results = [
        (sorted(golden) == sorted(found), "golden file and report name the same experiments",
         sorted(set(golden) ^ set(found))),
    ]
    results += [
        (golden[name] == found[name], f"{name} is as in {os.path.basename(path)}",
         [f"golden: {golden[name]}", f"now:    {found[name]}"])
        for name in golden if name in found
    ]
    return tap(results)


def same(report):
    results = []
    for figure in report["figures"]:
        if figure["status"] == "skipped":
            continue
        seen = {(r["value"], r["median"]) for r in figure["rounds"]}
        boots = {r["boot"] for r in figure["rounds"]}
        if figure["name"].endswith("@r3"):
            # Interrupts come in ring 3: p5 is what must repeat there.
            seen = {p5 for p5, _ in seen}
        alike = len(seen) == 1
        if figure["name"].startswith(("crossing/fault_anon", "crossing/switch_")):
            # The kernel's memory and clock have a say: a page may come from the
            # allocator or this CPU's list, a switch may find the tick due.
            alike = max(seen) < 1.02 * min(seen)
        good = figure["unit"] == "insns" and alike and \
            len(boots) == report["plan"]["boots"]
        results.append((good, f"{figure['name']} is the same in {len(figure['rounds'])} rounds "
                              f"of {report['plan']['boots']} boots",
                        [f"{figure['unit']}: {sorted(map(str, seen))}"]))
    return tap(results)


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("write", "check", "same"):
        sys.exit(__doc__)
    with open(sys.argv[2]) as f:
        report = json.load(f)
    if sys.argv[1] == "same":
        return same(report)
    path = golden_path(report, *sys.argv[3:5])
    if sys.argv[1] == "check":
        return check(report, path)
    lines = [line(f) for f in report["figures"]]
    if any("\tfailed" in text or "\trefused" in text for text in lines):
        sys.exit("golden.py: a figure failed; nothing written")
    with open(path + ".new", "w") as f:
        f.write("".join(text + "\n" for text in lines))
    os.rename(path + ".new", path)
    print(path)
    return 0


sys.exit(main())
