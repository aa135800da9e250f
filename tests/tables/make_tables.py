"""Writes the reference tables of distributions, computed with mpmath to 50 digits from the textbook formulas.

Run in this directory: `pip install mpmath && python3 make_tables.py`; `python3 make_tables.py Normal Gamma` writes those
alone. Other files beside this one export TABLES of their own, which are merged here; formulas.py holds what they share.

TABLES gives a list for each distribution, one entry for each form: (points, log density) or (points, log density, tails).
A point is a tuple of the arguments and x; `tails(*args, x)` gives (log P(X <= x), log P(X > x)) for any x, outside the
support too, or `None` where the two cells are to stay empty: such rows are not compared.

Columns: form, arg1, ..., x, log_density, and where a form has tails also log_cdf, log_ccdf. A cell holds a number, a vector
(`a b c`) or a matrix (rows separated by `;`). Arguments and x are doubles, taken exactly; values are rounded to 25 digits.
"""

import csv
import itertools
import math
import sys

from mpmath import mp, mpf, log, log1p, loggamma, pi, exp, matrix, det, lu_solve

import continuous
import discrete
import matrices
import small_shapes
from formulas import LOWEST, lbeta, when, whole, xlogy
from tails import TAILS


def normal(m, s, x):
    return -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2


def student(df, m, s, x):
    z = (x - m) / s
    return loggamma((df + 1) / 2) - loggamma(df / 2) - log(df * pi) / 2 - log(s) - (df + 1) / 2 * log1p(z * z / df)


def cauchy(m, s, x):
    return -log(pi * s * (1 + ((x - m) / s) ** 2))


def gamma(a, b, x):
    return a * log(b) - loggamma(a) + (a - 1) * log(x) - b * x


def beta(a, b, x):
    return (a - 1) * log(x) + (b - 1) * log(1 - x) - lbeta(a, b)


def logistic(m, s, x):
    z = (x - m) / s
    return -z - 2 * log1p(exp(-z)) - log(s)


def weibull(k, s, x):
    return log(k / s) + (k - 1) * log(x / s) - (x / s) ** k


def binom(n, p, x):
    choose = loggamma(n + 1) - loggamma(x + 1) - loggamma(n - x + 1)
    return choose + xlogy(x, p) + xlogy(n - x, 1 - p)


def binom_logit(n, eta, x):
    choose = loggamma(n + 1) - loggamma(x + 1) - loggamma(n - x + 1)
    return choose - x * log1p(exp(-eta)) - (n - x) * log1p(exp(eta))


def poisson_log(eta, x):
    return x * eta - exp(eta) - loggamma(x + 1)


def neg_binomial(m, phi, x):
    return (loggamma(x + phi) - loggamma(phi) - loggamma(x + 1) + xlogy(x, m / (m + phi)) + phi * log(phi / (m + phi)))


def mvn(mean, cov, x):
    k = cov.rows
    r = matrix([x[i] - mean[i if len(mean) > 1 else 0] for i in range(k)])
    return -(r.T * lu_solve(cov, r))[0] / 2 - log(det(cov)) / 2 - k * log(2 * pi) / 2


def dirichlet(a, x):
    a = list(a) * (len(x) if len(a) == 1 else 1)
    if any(xi < 0 or (xi == 0 and ai != 1) for ai, xi in zip(a, x)):
        return LOWEST
    return loggamma(sum(a)) - sum(loggamma(ai) for ai in a) + sum(xlogy(ai - 1, xi) for ai, xi in zip(a, x))


def interpolated(low, high, shares):
    return [low + (high - low) * s for s in shares]


def product(*columns):
    return list(itertools.product(*columns))


SCALES = [1e-8, 0.01, 0.5, 1.0, 3.0, 250.0, 1e8]
FAR = [0.0, 1e-8, 0.3, -1.0, 2.5, -8.0, 40.0, -40.0, 1e4]


def location_scale(far=FAR):
    return [(m, s, m + z * s) for m in [0.0, -1.5, 1e3] for s in SCALES for z in far]


def folded(far=FAR):
    return [(s, z * s) for s in SCALES for z in far]


def around(mean, sd):
    """Points near a mode and far out in both tails."""
    return [mean + z * sd for z in [0, 0.01, -0.5, 1, -2, 5, -8, 40, 1000]]


SHAPES = [1e-3, 0.1, 0.5, 1.0, 1.0000001, 2.0, 7.5, 14.9, 15.0, 120.0, 1e3, 1e5, 1e6]


def gamma_points():
    rows = []
    for a in SHAPES:
        for b in [1e-3, 1.0, 40.0]:
            for x in around(a / b, math.sqrt(a) / b) + [1e-300, 1e-10 / b, a / b * 30]:
                rows.append((a, b, x))
            rows += [(a, b, -1.0), (a, b, 0.0)]
    return rows


def gamma_edge(a, b, x):
    if x == 0:
        return log(b) if a == 1 else LOWEST
    return when(x > 0, lambda: gamma(a, b, x))


def beta_edge(a, b, x):
    if (x == 0 and a == 1) or (x == 1 and b == 1):
        return -lbeta(a, b) if a == 1 and b == 1 else (log(b) if x == 0 else log(a))
    return when(0 < x < 1, lambda: beta(a, b, x))


def beta_points():
    rows = []
    shapes = [1e-3, 0.5, 1.0, 3.0, 40.0, 1e5, 1e6]
    for a, b in product(shapes, shapes):
        mean, sd = a / (a + b), math.sqrt(a * b / (a + b + 1)) / (a + b)
        points = around(mean, sd) + [1e-300, 1e-8, 0.25, 0.5, 0.999, 1 - 2.0**-53]
        rows += [(a, b, x) for x in points if 0 < x < 1]
        rows += [(a, b, -0.1), (a, b, 1.1), (a, b, 0.0), (a, b, 1.0)]
    return rows


def binomial_points():
    rows = []
    for n in [0, 1, 7, 100, 10**4, 10**6]:
        for p in [1e-9, 0.03, 0.5, 0.7, 1 - 1e-6]:
            sd = math.sqrt(n * p * (1 - p)) + 1
            points = {round(x) for x in around(n * p, sd)} | {0, 1, n // 2, n - 1, n, n + 1, -1}
            rows += [(float(n), p, float(x)) for x in sorted(points)] + [(float(n), p, 0.5)]
    return rows


def binomial_logit_points():
    rows = []
    for n in [0, 1, 7, 100, 10**4, 10**6]:
        for eta in [-800.0, -40.0, -29.0, -3.0, 0.0, 0.4, 12.0, 31.0, 750.0]:
            p = 1 / (1 + math.exp(-eta)) if eta > -700 else 0.0
            sd = math.sqrt(n * p * (1 - p)) + 1
            points = {round(x) for x in around(n * p, sd)} | {0, 1, n // 2, n - 1, n, n + 1, -1}
            rows += [(float(n), eta, float(x)) for x in sorted(points)]
    return rows


def poisson_points(rates):
    rows = []
    for rate in rates:
        points = {round(x) for x in around(rate, math.sqrt(rate) + 1)} | {0, 1, 2, 3, 1000, -1}
        rows += [(rate, float(x)) for x in sorted(points)] + [(rate, 1.5)]
    return rows


def poisson_log_points():
    rows = []
    for eta in [-800.0, -20.0, -1.0, 0.0, 1.3, 6.0, 11.5, 13.8]:
        rate = math.exp(eta)
        points = {round(x) for x in around(rate, math.sqrt(rate) + 1)} | {0, 1, 2, 3, 1000, -1}
        rows += [(eta, float(x)) for x in sorted(points)]
    return rows


def neg_binomial_points(log_mean):
    rows = []
    for mean in [1e-6, 0.3, 4.0, 250.0, 1e6]:
        for phi in [1e-3, 0.5, 1.0, 10.0, 1e4, 1e8]:
            sd = math.sqrt(mean + mean * mean / phi) + 1
            points = {round(x) for x in around(mean, sd) if x < 1e9} | {0, 1, 5, -1}
            rows += [(math.log(mean) if log_mean else mean, phi, float(x)) for x in sorted(points)]
    return rows


def probability_vectors():
    return [[0.2, 0.5, 0.3], [1.0], [1e-300, 0.25, 0.25, 0.5], [0.0, 1.0]]


def simplexes(k):
    yield [1.0 / k] * k
    weights = [(i + 1.0) ** 2 for i in range(k)]
    yield [w / sum(weights) for w in weights]
    yield [1e-200] + [1.0 / (k - 1)] * (k - 1)
    yield [0.0] + [1.0 / (k - 1)] * (k - 1)


def dirichlet_points():
    for a in [[1.0, 1.0], [0.5, 3.0], [1e-3, 1e-3, 5.0], [2.0, 1.0, 40.0, 1e3], [1e5, 2e5, 1e5], [1.0] * 10]:
        for x in simplexes(len(a)):
            yield (a, x)


def covariances():
    yield [[2.0]]
    yield [[1.0, 0.5], [0.5, 2.0]]
    yield [[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 1e-4 + 0.5]]
    yield [[math.exp(-0.5 * (0.7 * (i - j)) ** 2) + (0.01 if i == j else 0.0) for j in range(8)] for i in range(8)]


def mvn_points():
    for cov in covariances():
        k = len(cov)
        for mean in [[0.0], [0.3 * i - 1 for i in range(k)]]:
            for scale in [0.0, 1.0, -30.0]:
                yield (mean, cov, [scale * (0.5 + 0.1 * i) for i in range(k)])


def lower_triangle(m):
    k = len(m)
    return [[m[i][j] if j < i else abs(m[i][j]) if i == j else 0.0 for j in range(k)] for i in range(k)]


def chol_points():
    for mean, m, x in mvn_points():
        yield (mean, lower_triangle(m), x)


def as_matrix(rows):
    return matrix([[mpf(v) for v in row] for row in rows])


# name: [(points, log density)] by form
TABLES = {
    "Normal": [(location_scale(), normal)],
    "HalfNormal": [(folded(), lambda s, x: when(x >= 0, lambda: log(2) + normal(0, s, x)))],
    "StudentT": [
        (
            [(df, *row) for df in [0.5, 1.0, 3.0, 30.0, 1e3, 1e6] for row in location_scale(FAR + [1e20, 1e200])],
            student,
        )
    ],
    "HalfStudentT": [
        (
            [(df, *row) for df in [0.5, 1.0, 3.0, 30.0, 1e6] for row in folded()],
            lambda df, s, x: when(x >= 0, lambda: log(2) + student(df, 0, s, x)),
        )
    ],
    "Cauchy": [(location_scale(FAR + [1e20, 1e200]), cauchy)],
    "HalfCauchy": [(folded(FAR + [1e20, 1e200]), lambda s, x: when(x >= 0, lambda: log(2) + cauchy(0, s, x)))],
    "Laplace": [(location_scale(), lambda m, s, x: -abs(x - m) / s - log(2 * s))],
    "Logistic": [(location_scale(), logistic)],
    "LogNormal": [
        (
            [
                (m, s, x)
                for m in [0.0, -1.5, 12.0]
                for s in [0.05, 0.5, 1.0, 4.0, 30.0]
                for x in [1e-300, 1e-8, 0.5, 1.0, 2.0, 1e5, 1e300, 0.0, -1.0]
            ],
            lambda m, s, x: when(x > 0, lambda: normal(m, s, log(x)) - log(x)),
        )
    ],
    "Exponential": [
        (
            product([1e-8, 0.3, 1.0, 40.0, 1e8], [0.0, 1e-300, 1e-3, 1.0, 3.0, 700.0, 1e6, -1.0]),
            lambda r, x: when(x >= 0, lambda: log(r) - r * x),
        )
    ],
    "Gamma": [
        (gamma_points(), gamma_edge),
        (
            [
                (m, s, x)
                for m in [0.01, 1.0, 300.0]
                for s in [m * 0.003, m * 0.5, m, m * 20]
                for x in around(m, s) + [1e-200, m / 1000, m * 30]
            ],
            lambda m, s, x: gamma_edge((m / s) ** 2, m / s**2, x),
        ),
    ],
    "InverseGamma": [
        (
            [
                (a, b, x)
                for a in SHAPES
                for b in [1e-3, 1.0, 40.0]
                for x in [b / (a + 1) * q for q in [1, 0.99, 1.1, 0.3, 2, 1e3, 1e30]] + [1e-2 * b, 1e200, 0.0, -1.0]
            ],
            lambda a, b, x: when(x > 0, lambda: a * log(b) - loggamma(a) - (a + 1) * log(x) - b / x),
        )
    ],
    "Weibull": [
        (
            [
                (k, s, x)
                for k in [0.1, 0.7, 1.0, 2.0, 15.0]
                for s in [1e-3, 1.0, 300.0]
                for x in [s * q for q in [1e-8, 0.1, 0.9, 1, 1.5, 4]] + [-1.0, 0.0]
            ],
            lambda k, s, x: (log(1 / s) if k == 1 else LOWEST)
            if x == 0
            else when(x > 0, lambda: weibull(k, s, x)),
        )
    ],
    "Beta": [
        (beta_points(), beta_edge),
        (
            [
                (m, n, x)
                for m in [1e-4, 0.2, 0.5, 0.99]
                for n in [0.1, 2.0, 30.0, 1e5]
                for x in [1e-9, 0.01, 0.2, 0.5, 0.75, 0.9999] + [p for p in around(m, math.sqrt(m * (1 - m) / (n + 1)))]
            ],
            lambda m, n, x: beta_edge(m * n, (1 - m) * n, x),
        ),
    ],
    "Uniform": [
        (
            [
                (a, b, x)
                for a, b in [(0.0, 1.0), (-3.0, 1e6), (1.0, 1.0 + 1e-9)]
                for x in interpolated(a, b, [0, 0.25, 1, -0.1, 1.2])
            ],
            lambda a, b, x: when(a <= x <= b, lambda: -log(b - a)),
        )
    ],
    "Flat": [
        (
            [
                (a, b, x)
                for a, b in [(-math.inf, math.inf), (0.0, math.inf), (-math.inf, 2.0), (0.0, 1.0)]
                for x in [-1e300, -0.5, 0.0, 0.3, 1.0, 2.5]
            ],
            lambda a, b, x: when(a <= x <= b, lambda: mpf(0)),
        )
    ],
    "Bernoulli": [
        (
            product([1e-300, 1e-9, 0.2, 0.5, 0.999999], [0.0, 1.0, 2.0, 0.5, -1.0]),
            lambda p, x: log(p) if x == 1 else when(x == 0, lambda: log1p(-p)),
        ),
        (
            product([-1000.0, -40.0, -1.3, 0.0, 0.2, 5.0, 50.0, 1000.0], [0.0, 1.0, 2.0]),
            lambda eta, x: -log1p(exp(-eta)) if x == 1 else when(x == 0, lambda: -log1p(exp(eta))),
        ),
    ],
    "Binomial": [
        (binomial_points(), lambda n, p, x: when(0 <= x <= n and whole(x), lambda: binom(n, p, x))),
        (binomial_logit_points(), lambda n, eta, x: when(0 <= x <= n, lambda: binom_logit(n, eta, x))),
    ],
    "Poisson": [
        (
            poisson_points([1e-300, 1e-9, 0.4, 3.0, 50.0, 1234.5, 1e6]),
            lambda r, x: when(x >= 0 and whole(x), lambda: poisson_log(log(r), x)),
        ),
        (poisson_log_points(), lambda eta, x: when(x >= 0, lambda: poisson_log(eta, x))),
    ],
    "NegBinomial": [
        (neg_binomial_points(False), lambda m, phi, x: when(x >= 0, lambda: neg_binomial(m, phi, x))),
        (neg_binomial_points(True), lambda m, phi, x: when(x >= 0, lambda: neg_binomial(exp(m), phi, x))),
    ],
    "Geometric": [
        (
            product([1e-9, 0.3, 0.5, 0.999], [0.0, 1.0, 5.0, 1e6, 0.5, -1.0]),
            lambda p, x: when(x >= 0 and whole(x), lambda: log(p) + x * log1p(-p)),
        )
    ],
    "Categorical": [
        (
            [(p, x) for p in probability_vectors() for x in [*map(float, range(0, len(p) + 2)), 1.5]],
            lambda p, x: when(1 <= x <= len(p) and whole(x) and p[int(x) - 1] > 0, lambda: log(p[int(x) - 1])),
        ),
        (
            [
                (l, float(x))
                for l in [[0.0, 0.0], [-1.0, 2.0, 700.0], [1e5, 1e5 + 3, -1e5], [0.3]]
                for x in range(0, len(l) + 2)
            ],
            lambda l, x: when(1 <= x <= len(l), lambda: l[int(x) - 1] - log(sum(exp(v) for v in l))),
        ),
    ],
    "DiscreteUniform": [
        (
            [(a, b, x) for a, b in [(0.0, 1.0), (-3.0, 1e6), (5.0, 5.0)] for x in [a, b, a + 1, a - 1, b + 1, a + 0.5]],
            lambda a, b, x: when(a <= x <= b and whole(x), lambda: -log(b - a + 1)),
        )
    ],
    "MvNormal": [
        (list(mvn_points()), lambda m, cov, x: mvn(m, as_matrix(cov), x)),
        (list(chol_points()), lambda m, l, x: mvn(m, as_matrix(l) * as_matrix(l).T, x)),
        (list(mvn_points()), lambda m, prec, x: mvn(m, as_matrix(prec) ** -1, x)),
    ],
    "Dirichlet": [(list(dirichlet_points()), dirichlet)],
}


def exact(value):
    """The double as mpmath sees it, lists elementwise."""
    return [exact(v) for v in value] if isinstance(value, list) else mpf(value)


def cell(value):
    if isinstance(value, list):
        return (";" if isinstance(value[0], list) else " ").join(cell(v) for v in value)
    return repr(float(value))


def merged(*others):
    """The tables of this file with their tails, and those of other files."""
    own = {
        name: [(*form, TAILS[name][k]) if name in TAILS else form for k, form in enumerate(forms)]
        for name, forms in TABLES.items()
    }
    return own | {name: forms for tables in others for name, forms in tables.items()}


def number(value):
    return "" if value is None else mp.nstr(value, 25)


def write(name, forms):
    width = max(len(points[0]) for points, *_ in forms) - 1
    has_tails = any(len(form) == 3 for form in forms)
    with open(f"{name}.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        columns = ["form", *(f"arg{k + 1}" for k in range(width)), "x", "log_density"]
        out.writerow(columns + ["log_cdf", "log_ccdf"] * has_tails)
        for k, (points, log_density, *tails) in enumerate(forms):
            for *args, x in points:
                point = (*exact(list(args)), exact(x))
                values = [log_density(*point)]
                if has_tails:
                    values += (tails[0](*point) if tails else None) or [None, None]
                cells = [cell(a) for a in args] + [""] * (width - len(args))
                out.writerow([k, *cells, cell(x), *map(number, values)])


def main():
    tables = small_shapes.extended(merged(continuous.TABLES, matrices.TABLES, discrete.TABLES))
    for name in sys.argv[1:] or tables:
        write(name, tables[name])


if __name__ == "__main__":
    main()
