"""Points with shapes near 0 and infinite degrees of freedom: more rows for tables of make_tables.py."""

import math

import formulas as f
from mpmath import inf, log, pi

TINY = [1e-12, 1e-9, 3e-7, 1e-5, 1e-3, 0.05, 0.0999]
XS = [1e-300, 1e-40, 1e-13, 1e-8, 0.01, 0.3, 0.9, 1.0, 1.05, 1.2, 4.0, 60.0]


def beta_points():
    for a in TINY:
        for other in [a, 1e-7, 0.02, 0.7, 6.5, 1e4]:
            for x in [1e-300, a / (a + other) * 0.99, a / (a + other) * 1.5, 0.3, 1 - 1e-10]:
                if x < 1:
                    yield (a, other, x)
                    yield (other, a, x)


def student(df, m, s, x):
    return -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2


# name: points by form, of the table's own formulas
POINTS = {
    "Gamma": [[(a, 2.0, x / 2.0) for a in TINY for x in XS]],
    "InverseGamma": [[(a, 2.0, 2.0 / x) for a in TINY for x in XS]],
    "ChiSquared": [[(2.0 * a, 2.0 * x) for a in TINY for x in XS]],
    "Beta": [list(beta_points())],
    "NegBinomial": [[(m, a, x) for a in TINY for m in [1e-4, 0.7, 30.0, 1e5] for x in [0.0, 1.0, 7.0, 1000.0]]],
    "StudentT": [
        [(df, 0.5, 2.0, 0.5 + 2.0 * z) for df in [1e-9, 1e-4, 1e10, 1e13, 1e16] for z in [0.0, 1e-5, -0.7, 2.0, -9.0, 40.0]]
    ],
}

# name: (points, log density, tails), the first form at the limit of its formula
LIMITS = {
    "StudentT": (
        [(math.inf, 0.5, 2.0, 0.5 + 2.0 * z) for z in [0.0, 1e-5, -0.7, 2.0, -9.0, 40.0, -300.0]],
        student,
        lambda df, m, s, x: f.normal_tails(m, s, x),
    )
}


def chosen(own, limit):
    """The formula for finite and infinite first arguments."""
    return lambda *point: (limit if point[0] == inf else own)(*point)


def extended(tables):
    """The tables with these points in their forms."""
    tables = dict(tables)
    for name, forms in POINTS.items():
        whole = list(tables[name])
        for k, points in enumerate(forms):
            known, log_density, tails = whole[k]
            known = [*known, *points]
            if k == 0 and name in LIMITS:
                limits, limit_density, limit_tails = LIMITS[name]
                known += limits
                log_density = chosen(log_density, limit_density)
                tails = chosen(tails, limit_tails)
            whole[k] = (known, log_density, tails)
        tables[name] = whole
    return tables
