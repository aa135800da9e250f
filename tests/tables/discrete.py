"""Tables of the discrete distributions of counts, ordered outcomes and count vectors; read by make_tables.py."""

import math

from mpmath import mp, mpf, erfc, exp, fsum, inf, log, loggamma, sqrt

from formulas import ABOVE, BELOW, LOWEST, lbeta, whole

# Longer sums are left out of the tables: here, and where the engine would add them up in every test.
MAX_TERMS = 300


def log_choose(n, k):
    return loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)


def sums(log_density, ends):
    """Tails as sums of the probabilities between ends(*args)."""

    def tails(*point):
        *args, x = point
        low, high = ends(*args)
        if high - low > MAX_TERMS:
            return None
        if x < low or x >= high:
            return BELOW if x < low else ABOVE
        low, middle, high = int(low), int(mp.floor(x)), int(high)
        total = lambda first, last: log(fsum(exp(log_density(*args, mpf(k))) for k in range(first, last + 1)))
        return (total(low, middle), total(middle + 1, high))

    return tails


def near(mean, sd, lower, upper):
    """Whole numbers about a mean, far out, at both ends and beyond them."""
    points = {round(mean + z * sd) for z in [0, 0.5, -1, 2, -4, 9]} | {lower, lower + 1, upper - 1, upper}
    inside = [float(x) for x in sorted(points) if lower <= x <= upper]
    return inside + [lower - 1.0, upper + 1.0, lower + 0.5]


# Beta-binomial


def beta_binomial(n, a, b, x):
    if not (0 <= x <= n and whole(x)):
        return LOWEST
    return log_choose(n, x) + lbeta(x + a, n - x + b) - lbeta(a, b)


def beta_binomial_points():
    shapes = [(1e-3, 1e-3), (1e-3, 40.0), (0.5, 3.0), (3.0, 0.5), (1.0, 1.0), (40.0, 1e5), (1e8, 2e8), (1e-8, 1.0)]
    for n in [0, 1, 7, 100, 10**4, 10**6]:
        for a, b in shapes:
            mean = n * a / (a + b)
            sd = math.sqrt(n * a * b * (a + b + n) / (a + b + 1)) / (a + b) + 1
            for x in near(mean, sd, 0, n):
                yield (float(n), a, b, x)


# Hypergeometric


def hypergeometric(n, k, m, x):
    if not (max(0, n - m) <= x <= min(n, k) and whole(x)):
        return LOWEST
    return log_choose(k, x) + log_choose(m, n - x) - log_choose(k + m, n)


def hypergeometric_points():
    sizes = [0, 1, 6, 250, 10**6]
    for k in sizes:
        for m in sizes:
            for n in sorted({0, 1, (k + m) // 3, k + m - 1, k + m}):
                if not 0 <= n <= k + m:
                    continue
                mean = n * k / max(k + m, 1)
                sd = math.sqrt(mean * m / max(k + m, 1)) + 1
                for x in near(mean, sd, max(0, n - m), min(n, k)):
                    yield (float(n), float(k), float(m), x)


# Ordered outcomes


def upper_logistic(z):
    return exp(-z) / (1 + exp(-z)) if z > 0 else 1 / (1 + exp(z))


def upper_normal(z):
    return erfc(z / sqrt(mpf(2))) / 2


def interval(upper, low, high):
    """log(F(high) - F(low)) of a symmetric distribution with this upper tail, from the smaller tails."""
    if low + high < 0:
        low, high = -high, -low
    above = upper(high) if high < inf else mpf(0)
    return log(upper(low) - above) if low > -inf else log(1 - above) if above > 0 else mpf(0)


def ordered(upper):
    def log_density(eta, cutpoints, x):
        edges = [-inf, *cutpoints, inf]
        if not (whole(x) and 1 <= x <= len(edges) - 1):
            return LOWEST
        low, high = edges[int(x) - 1], edges[int(x)]
        return interval(upper, low - eta if low > -inf else low, high - eta if high < inf else high)

    return log_density


def ordered_tails(upper):
    def tails(eta, cutpoints, x):
        if x < 1 or x >= len(cutpoints) + 1:
            return BELOW if x < 1 else ABOVE
        z = cutpoints[int(mp.floor(x)) - 1] - eta
        return tuple(log(upper(side * z)) for side in [-1, 1])

    return tails


CUTPOINTS = [[0.3], [-1.5, 0.3, 2.0], [-30.0, -1.0, -1.0 + 1e-7, 4.0, 300.0], [1.0, 1.0 + 1e-12, 1.5, 2.9]]


def ordered_points(far):
    for cutpoints in CUTPOINTS:
        for eta in [0.0, 0.4, -1.0, 1.2, 3.0, -6.0, 9.0, -40.0, 40.0, -far, far]:
            for x in [float(k) for k in range(0, len(cutpoints) + 3)] + [1.5]:
                yield (eta, cutpoints, x)


# Vectors of counts


def counts_of(n, x):
    return all(xi >= 0 and whole(xi) for xi in x) and sum(x) == n


def multinomial(n, p, x):
    if not counts_of(n, x) or any(xi > 0 and pi_ == 0 for xi, pi_ in zip(x, p)):
        return LOWEST
    return loggamma(n + 1) - sum(loggamma(xi + 1) for xi in x) + sum(xi * log(pi_) for xi, pi_ in zip(x, p) if xi > 0)


def dirichlet_multinomial(n, a, x):
    if not counts_of(n, x):
        return LOWEST
    a = list(a) * (len(x) if len(a) == 1 else 1)
    total = sum(a)
    cells = sum(loggamma(xi + ai) - loggamma(xi + 1) - loggamma(ai) for xi, ai in zip(x, a))
    return loggamma(n + 1) + loggamma(total) - loggamma(n + total) + cells


def splits(n, p):
    """Counts that sum to n: about the mean, all of one kind, even; and two that are no such counts."""
    mean = [math.floor(n * share) for share in p]
    mean[-1] += n - sum(mean)
    first = [n] + [0] * (len(p) - 1)
    even = [n // len(p)] * len(p)
    even[0] += n - sum(even)
    rows = [mean, first, first[::-1], even]
    moved = [mean[0] + 1.0, *map(float, mean[1:])]
    halves = [mean[0] + 0.5, *map(float, mean[1:-1]), mean[-1] - 0.5]
    return [[float(v) for v in row] for row in rows] + [moved, halves]


def multinomial_points():
    for p in [[0.2, 0.5, 0.3], [0.5, 0.5], [1e-9, 0.25, 0.75 - 1e-9], [0.0, 0.25, 0.75], [0.0625] * 16, [1.0]]:
        for n in [0, 1, 8, 1000, 10**6]:
            for x in splits(n, p):
                yield (float(n), p, x)


def dirichlet_multinomial_points():
    for a in [[0.7, 2.0, 3.5], [1.0, 1.0], [1e-3, 1e-8, 5.0], [1e8, 3e8], [40.0, 25.0, 1e5], [0.25] * 8]:
        share = [ai / sum(a) for ai in a]
        for n in [0, 1, 8, 1000, 10**6]:
            for x in splits(n, share):
                yield (float(n), a, x)


TABLES = {
    "BetaBinomial": [
        (list(beta_binomial_points()), beta_binomial, sums(beta_binomial, lambda n, a, b: (0, n)))
    ],
    "OrderedLogistic": [(list(ordered_points(750.0)), ordered(upper_logistic), ordered_tails(upper_logistic))],
    "OrderedProbit": [(list(ordered_points(150.0)), ordered(upper_normal), ordered_tails(upper_normal))],
    "Hypergeometric": [
        (
            list(hypergeometric_points()),
            hypergeometric,
            sums(hypergeometric, lambda n, k, m: (max(0, n - m), min(n, k))),
        )
    ],
    "Multinomial": [(list(multinomial_points()), multinomial)],
    "DirichletMultinomial": [(list(dirichlet_multinomial_points()), dirichlet_multinomial)],
}
