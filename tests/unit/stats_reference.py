#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Expected values for test_stats.c, as a C header on standard output.

Nothing here shares code with bench/stats.c: quantiles come from Python's
statistics module, whose "inclusive" method is Hyndman and Fan's type 7, and
the resampling is written from the words in bench/stats.h. The Makefile runs
this at each build; the data are seeded, so the header never changes by itself.
"""

import random
import statistics

SEED = 0x746F6C6C67617465
RESAMPLES = 2000
MASK = (1 << 64) - 1

# Quantile -> (parts, which cut point), as statistics.quantiles() wants it.
CUTS = {0.025: (40, 1), 0.05: (20, 1), 0.25: (4, 1), 0.5: (2, 1), 0.75: (4, 3),
        0.975: (40, 39)}


def quantile(values, q):
    parts, which = CUTS[q]
    return statistics.quantiles(values, n=parts, method="inclusive")[which - 1]


def lower_mean(values):
    return statistics.fmean(sorted(values)[:(len(values) + 1) // 2])


class Generator:
    """xorshift64*, from the words in stats.h."""

    def __init__(self, state):
        self.state = state

    def next(self):
        x = self.state
        x ^= x >> 12
        x ^= (x << 25) & MASK
        x ^= x >> 27
        self.state = x
        return (x * 0x2545F4914F6CDD1D) & MASK

    def below(self, n):
        return ((self.next() >> 32) * n) >> 32


def half_width(rounds):
    values = sorted(rounds)
    generator = Generator(SEED)
    means = []
    for _ in range(RESAMPLES):
        drawn = [values[generator.below(len(values))] for _ in values]
        means.append(lower_mean(drawn))
    return (quantile(means, 0.975) - quantile(means, 0.025)) / 2


def low_ticks(ticks, step):
    first = sorted(ticks)[(len(ticks) - 1) // 20]
    return statistics.fmean(t for t in ticks if first <= t <= first + step + step // 2)


def mid_ticks(ticks, step):
    middle = sorted(ticks)[(len(ticks) - 1) // 2]
    return statistics.fmean(t for t in ticks if abs(t - middle) <= step + step // 2)


def round_sets():
    rng = random.Random(20260131)
    yield [3.0, 1.0]
    yield [5.0, 5.0, 5.0]
    yield [-2.5, 0.0, 1e-3, 4.0, 1e6]
    yield [float(i) for i in range(20)]
    for n in (2, 5, 12, 20, 21, 60):
        yield [rng.gauss(291.3, 0.8) for _ in range(n)]
    yield [210 + rng.expovariate(0.2) for _ in range(20)]
    yield [rng.choice((38.0, 38.5, 44.0)) for _ in range(24)]


def tick_sets():
    rng = random.Random(42)
    for step in (1, 2, 26, 36):
        for n in (1, 7, 20, 21, 500):
            ticks = [step * int(rng.gauss(60, 2)) for _ in range(n)]
            ticks += [step * rng.randrange(100, 10000) for _ in range(n // 10)]
            rng.shuffle(ticks)
            yield ticks, step
    yield [1 << 62, (1 << 62) + 1, (1 << 62) + 1, (1 << 62) + 900], 1


def array(kind, name, values):
    print(f"static const {kind} {name}[] = {{")
    for value in values:
        print(f"\t{value!r}{'ULL' if kind == 'uint64_t' else ''},")
    print("};")


def main():
    print("/* Made by stats_reference.py. */")
    rows, estimates = [], []
    for i, values in enumerate(round_sets()):
        array("double", f"rounds_{i}", values)
        for q in CUTS:
            rows.append((i, len(values), q, quantile(values, q)))
        estimates.append((i, len(values), lower_mean(values), half_width(values)))
    print("static const struct quantile_case quantile_cases[] = {")
    for i, n, q, expected in rows:
        print(f"\t{{ rounds_{i}, {n}, {q!r}, {expected!r} }},")
    print("};\nstatic const struct estimate_case estimate_cases[] = {")
    for i, n, value, error in estimates:
        print(f"\t{{ rounds_{i}, {n}, {value!r}, {error!r} }},")
    print("};")

    rows = []
    for i, (ticks, step) in enumerate(tick_sets()):
        array("uint64_t", f"ticks_{i}", ticks)
        rows.append((i, len(ticks), step, low_ticks(ticks, step), mid_ticks(ticks, step)))
    print("static const struct ticks_case ticks_cases[] = {")
    for i, n, step, low, mid in rows:
        print(f"\t{{ ticks_{i}, {n}, {step}, {low!r}, {mid!r} }},")
    print("};")

    generator = Generator(SEED)
    array("uint64_t", "random_values", [generator.next() for _ in range(16)])
    generator = Generator(1)
    order = list(range(32))
    for i in range(31, 0, -1):
        other = generator.below(i + 1)
        order[i], order[other] = order[other], order[i]
    array("size_t", "shuffled", order)


main()
