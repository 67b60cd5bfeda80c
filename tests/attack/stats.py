# SPDX-License-Identifier: BSD-2-Clause
"""Whether two series of measurements can be told apart.

No distribution is taken for granted: logins have long tails.
"""
import math


def mann_whitney(a, b):
    """Two-sided p that a and b come of one distribution; ties averaged,
    normal approximation (both sides 20 and more)."""
    n, m = len(a), len(b)
    assert n >= 20 and m >= 20
    values = sorted([(x, 0) for x in a] + [(x, 1) for x in b])
    total = n + m
    rank_sum, ties, i = 0.0, 0.0, 0
    while i < total:
        k = i
        while k < total and values[k][0] == values[i][0]:
            k += 1
        rank = (i + 1 + k) / 2
        rank_sum += rank * sum(1 for _, side in values[i:k] if side == 0)
        ties += (k - i) ** 3 - (k - i)
        i = k
    u = rank_sum - n * (n + 1) / 2
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    z = max(0.0, abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def median(a):
    a = sorted(a)
    half = len(a) // 2
    return a[half] if len(a) % 2 else (a[half - 1] + a[half]) / 2


def median_bounds(differences, z=2.576):
    """Where the median lies with 99 % confidence: order statistics of the
    sign test, no assumption but independent pairs."""
    d = sorted(differences)
    n = len(d)
    reach = math.ceil(z * math.sqrt(n) / 2)
    low = max(0, n // 2 - reach)
    high = min(n - 1, n // 2 + reach)
    return d[low], d[high]


def _selftest():
    import random
    random.seed(4)
    a = [random.lognormvariate(0, 1) for _ in range(2000)]
    b = [random.lognormvariate(0, 1) for _ in range(2000)]
    assert mann_whitney(a, b) > 0.001, mann_whitney(a, b)
    assert mann_whitney(a, [x * 1.2 for x in b]) < 1e-4
    assert abs(mann_whitney(a, a) - 1) < 0.01
    # U = 100 of 200 pairs... equal sides with ties: nothing to see
    assert mann_whitney([1] * 30, [1] * 30) == 1.0
    low, high = median_bounds([x - y for x, y in zip(a, b)])
    assert low < 0 < high
    low, high = median_bounds([x - y + 1 for x, y in zip(a, b)])
    assert 0 < low < 1 < high < 2, (low, high)


_selftest()
