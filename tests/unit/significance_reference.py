#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Expected values for test_significance.c, as a C header on standard output.

Nothing here shares code with bench/significance.c. Exact p-values come from
listing every way to deal the ranks to two sides; the approximation from
Python's NormalDist; Student's tail from Simpson's rule on its density; medians
and intervals from the full list of differences. Seeded: the header never
changes by itself.
"""
import itertools
import math
import random
import statistics
from collections import Counter

DEALT = {}


def u_of(a, b):
    return sum((x > y) + 0.5 * (x == y) for x in a for y in b)


def dealt(n, m):
    """How often each U occurs among all ways to deal n + m ranks."""
    if (n, m) not in DEALT:
        counts = Counter()
        for side in itertools.combinations(range(n + m), n):
            # each rank held by a lies above those below it that are not a's
            counts[sum(rank - i for i, rank in enumerate(side))] += 1
        DEALT[n, m] = counts
    return DEALT[n, m]


def exact(a, b):
    counts = dealt(len(a), len(b))
    u = u_of(a, b)
    u = min(u, len(a) * len(b) - u)
    ways = math.comb(len(a) + len(b), len(a))
    return min(1.0, 2 * sum(c for k, c in counts.items() if k <= u) / ways)


def approximate(a, b):
    n, m = len(a), len(b)
    total = n + m
    ties = sum(t**3 - t for t in Counter(a + b).values())
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance == 0:
        return 1.0
    z = max(0.0, abs(u_of(a, b) - n * m / 2) - 0.5) / math.sqrt(variance)
    return min(1.0, 2 * (1 - statistics.NormalDist().cdf(z))) if z < 5 else math.erfc(
        z / math.sqrt(2))


def simpson(f, low, high, steps):
    h = (high - low) / steps
    inner = sum((4 if i % 2 else 2) * f(low + i * h) for i in range(1, steps))
    return (f(low) + inner + f(high)) * h / 3


def welch(a, b):
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    t = abs(statistics.fmean(a) - statistics.fmean(b)) / math.sqrt(va + vb)
    df = (va + vb)**2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    front = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)

    # t = sqrt(df) tan(w): the density becomes a power of a cosine
    def density(w):
        return front * math.sqrt(df) * max(math.cos(w), 0.0)**(df - 1)
    return 2 * simpson(density, math.atan(t / math.sqrt(df)), math.pi / 2, 20000)


def benjamini_hochberg(p):
    return [min([1.0] + [q * len(p) / sum(r <= q for r in p) for q in p if q >= own])
            for own in p]


def shift(a, b):
    differences = sorted(y - x for x in a for y in b)
    n, m = len(a), len(b)
    middle = statistics.median(differences)
    if n > 25 or m > 25:
        rank = math.floor(n * m / 2 - statistics.NormalDist().inv_cdf(0.975) *
                          math.sqrt(n * m * (n + m + 1) / 12))
    elif n + m <= 18:
        counts, ways, below = dealt(n, m), math.comb(n + m, n), 0
        if counts[0] / ways > 0.025:
            return middle, None, None
        rank = 0
        while (below + counts[rank]) / ways < 0.025:
            below += counts[rank]
            rank += 1
        rank = max(rank, 1)
    else:
        return None
    if rank < 1:
        return middle, None, None
    return middle, differences[rank - 1], differences[n * m - rank]


def samples():
    rng = random.Random(20261121)
    yield [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]
    yield [1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]
    yield [5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 5.0]
    yield [1.0, 2.0, 2.0, 3.0], [2.0, 3.0, 4.0, 4.0, 9.0]
    for n, m, gap in ((4, 7, 0), (5, 5, 1), (8, 8, 0.5), (9, 9, 2), (3, 12, 1), (1, 9, 0),
                      (6, 9, -3)):
        yield ([rng.gauss(100, 1) for _ in range(n)], [rng.gauss(100 + gap, 1) for _ in range(m)])
    for n, m, gap in ((26, 20, 0.4), (40, 40, 0.2), (30, 60, 3)):
        yield ([rng.gauss(100, 1) for _ in range(n)], [rng.gauss(100 + gap, 1) for _ in range(m)])
    yield [float(rng.randrange(6)) for _ in range(20)], [float(rng.randrange(7)) for _ in range(20)]
    yield [rng.expovariate(1) for _ in range(8)], [rng.expovariate(0.5) for _ in range(7)]


def number(v):
    return "NAN" if v is None else repr(v)


def array(name, values):
    print(f"static const double {name}[] = {{")
    for v in values:
        print(f"\t{v!r},")
    print("};")


def main():
    print("/* Made by significance_reference.py. */")
    rows = []
    for i, (a, b) in enumerate(samples()):
        array(f"a_{i}", a)
        array(f"b_{i}", b)
        distinct = len(set(a + b)) == len(a) + len(b)
        small = max(len(a), len(b)) <= 25
        p = exact(a, b) if distinct and small else approximate(a, b)
        spread = len(set(a)) > 1 and len(set(b)) > 1
        w = welch(a, b) if spread else None
        s = shift(a, b)
        middle, low, high = s or (statistics.median(y - x for x in a for y in b), None, None)
        rows.append((i, len(a), len(b), p, w, middle, low, high, int(s is not None)))
    print("static const struct pair_case pair_cases[] = {")
    for i, n, m, p, w, middle, low, high, interval in rows:
        print(f"\t{{ a_{i}, b_{i}, {n}, {m}, {p!r}, {number(w)}, {middle!r}, {number(low)}, "
              f"{number(high)}, {interval} }},")
    print("};")
    rng = random.Random(5)
    p = [rng.random()**3 for _ in range(40)] + [0.01, 0.01, 0.01, 1.0, 1.0, 0.0]
    rng.shuffle(p)
    array("raw", p)
    array("adjusted", benjamini_hochberg(p))


main()
