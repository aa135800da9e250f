"""Prints means and standard deviations of truncated distributions, from quadrature with mpmath, as rows of
src/dist/tests/truncated_moments.rs."""

import math

from mpmath import exp, inf, log, mp, mpf, quad, sqrt

mp.dps = 40


def moments(density, edges):
    """Of a density that need not be normalised, by quadrature between `edges`."""
    mass = quad(density, edges)
    mean = quad(lambda x: (x - edges[0]) * density(x), edges) / mass
    square = quad(lambda x: (x - edges[0] - mean) ** 2 * density(x), edges) / mass
    return edges[0] + mean, sqrt(square)


def spread(low, high, n=40):
    return [low + (high - low) * mpf(k) / n for k in range(n + 1)]


def doubling(low, step, n=60):
    """Edges ever further apart, from `low` to infinity."""
    return [mpf(low)] + [low + step * mpf(2) ** k for k in range(n)]


def near_zero(high, n=200):
    return [mpf(0)] + [high * mpf(2) ** -k for k in range(n, -1, -1)]


normal = lambda m, s: lambda x: exp(-(((x - m) / s) ** 2) / 2)
gamma = lambda a, b: lambda x: x ** (a - 1) * exp(-b * x)
student = lambda df: lambda x: (1 + x * x / df) ** (-(df + 1) / 2)
laplace = lambda m, s: lambda x: exp(-abs(x - m) / s)

f, INF = mpf, math.inf
ROWS = [
    ("Normal", [0.0, 1.0], [40.0, 41.0], normal(0, 1), spread(f(40), f(41))),
    ("Normal", [0.0, 1.0], [40.0, INF], normal(0, 1), doubling(40, f(1) / 64, 10)),
    ("Normal", [-50.0, 2.0], [0.0, INF], normal(-50, 2), doubling(0, f(1) / 64, 12)),
    ("Normal", [3.0, 0.5], [0.0, INF], normal(3, f(0.5)), spread(f(0), f(20), 80)),
    ("Normal", [3.0, 0.5], [-1e6, 3.25], normal(3, f(0.5)), spread(f(-12), f(3.25), 80)),
    ("Normal", [0.0, 1e3], [0.5, 0.5 + 2.0**-10], normal(0, 1000), spread(f(0.5), f(0.5) + f(2) ** -10, 4)),
    ("Gamma", [2.5, 0.4], [1.0, 30.0], gamma(f(2.5), f(0.4)), spread(f(1), f(30), 80)),
    ("Gamma", [2.5, 0.4], [100.0, INF], gamma(f(2.5), f(0.4)), doubling(100, f(1) / 4, 14)),
    ("Gamma", [0.3, 1.0], [-1.0, 2.0], gamma(f(0.3), 1), near_zero(f(2))),
    ("Gamma", [1000.0, 1.0], [2000.0, INF], lambda x: exp(999 * log(x / 2000) - x), doubling(2000, f(1) / 4, 14)),
    ("StudentT", [4.5, 0.0, 1.0], [1.0, INF], student(f(4.5)), doubling(1, f(1) / 4, 200)),
    ("StudentT", [4.5, 0.0, 1.0], [-3.0, 1.5], student(f(4.5)), spread(f(-3), f(1.5), 40)),
    ("Laplace", [0.5, 2.0], [-1.0, 9.0], laplace(f(0.5), 2), spread(f(-1), f(0.5), 20) + spread(f(0.5), f(9), 20)[1:]),
    ("Laplace", [0.5, 2.0], [0.25, INF], laplace(f(0.5), 2), [f(0.25)] + doubling(0.5, f(1) / 4, 14)),
]

if __name__ == "__main__":
    for name, args, bounds, density, edges in ROWS:
        mean, sd = moments(density, edges)
        shown = ", ".join("INF" if b == INF else repr(b) for b in bounds)
        print(f'    ("{name}", &{args!r}, [{shown}], {float(mean)!r}, {float(sd)!r}),')
