"""Tables of the univariate continuous distributions that make_tables.py does not hold itself: densities and both tails."""

import formulas as f
from formulas import ABOVE, BELOW, LOWEST, lower, positive, upper, when, within
from mpmath import besseli, cos, erfc, exp, inf, log, log1p, loggamma, mp, mpf, pi, quad, sqrt

Z = [0.0, 1e-8, 0.3, -1.0, 2.5, -8.0, 40.0, -40.0, 300.0, -300.0]


def placed(zs=Z, scales=(1e-8, 0.5, 1.0, 250.0)):
    """Location, scale and points."""
    return [(m, s, m + z * s) for m in [0.0, -1.5] for s in scales for z in zs]


def shaped(shapes, zs=Z):
    return [(m, s, a, m + z * s) for m, s in [(0.0, 1.0), (-1.5, 0.25)] for a in shapes for z in zs]


def normal(z):
    return -z * z / 2 - log(2 * pi) / 2


def phi(z):
    """P(Z <= z)"""
    return erfc(-z / sqrt(2)) / 2


def outward(density, step, length=inf):
    """The integral of density(s) over s in [0, length], by panels that double from `step`."""
    total, low, high = mpf(0), mpf(0), min(step, length)
    while True:
        panel = quad(density, [low, high])
        total += panel
        if high >= length or (low > 0 and panel < total * mpf(10) ** -40):
            return total
        low, high = high, min(2 * high, length)


def asymmetric_laplace(m, s, k, x):
    z = (x - m) / s
    return -log(s * (k + 1 / k)) - (z * k if z >= 0 else -z / k)


def asymmetric_laplace_tails(m, s, k, x):
    z = (x - m) / s
    if z < 0:
        return lower(z / k + log(k * k / (1 + k * k)))
    return upper(-z * k - log(1 + k * k))


def maximum_tails(hazard):
    """P(X <= x) = exp(-hazard)"""
    return lower(-hazard) if hazard > 1 else (-hazard, log(-mp.expm1(-hazard)))


def skew_normal(m, s, a, x):
    z = (x - m) / s
    return log(2 * phi(a * z)) + normal(z) - log(s)


def skew_normal_tails(m, s, a, x):
    def below(z, a):
        step = 1 / (1 + abs(a) + abs(z) * (1 + a * a))
        return log(outward(lambda t: 2 * exp(normal(z - t)) * phi(a * (z - t)), step))

    z = (x - m) / s
    return lower(below(z, a)) if z < 0 else upper(below(-z, -a))


def exp_mod_normal(m, s, r, x):
    z, k = (x - m) / s, r * s
    return log(r) + k * k / 2 - k * z + log(phi(z - k))


def exp_mod_normal_tails(m, s, r, x):
    with mp.workdps(200):
        z, k = (x - m) / s, r * s
        late = exp(k * k / 2 - k * z) * phi(z - k)
        return (log(phi(z) - late), log(phi(-z) + late))


def logit_normal(m, s, x):
    return normal((log(x / (1 - x)) - m) / s) - log(s) - log(x) - log(1 - x)


def chi_squared(df, x):
    if x == 0:
        return -log(mpf(2)) if df == 2 else LOWEST
    return when(x > 0, lambda: (df / 2 - 1) * log(x) - x / 2 - loggamma(df / 2) - df / 2 * log(2))


def inverse_chi_squared(df, x):
    return when(x > 0, lambda: -(df / 2 + 1) * log(x) - 1 / (2 * x) - loggamma(df / 2) - df / 2 * log(2))


def frechet(a, s, x):
    return when(x > 0, lambda: log(a / s) - (a + 1) * log(x / s) - (x / s) ** -a)


def rayleigh(s, x):
    return when(x > 0, lambda: log(x / s**2) - (x / s) ** 2 / 2)


def inverse_gaussian(m, l, x):
    return when(x > 0, lambda: log(l / (2 * pi * x**3)) / 2 - l * (x - m) ** 2 / (2 * m * m * x))


def inverse_gaussian_tails(m, l, x):
    with mp.workdps(400):
        a, b = sqrt(l / x) * (x / m - 1), sqrt(l / x) * (x / m + 1)
        reflected = exp(2 * l / m) * phi(-b)
        return (log(phi(a) + reflected), log(phi(-a) - reflected))


def pareto(m, a, x):
    return when(x >= m, lambda: log(a / m) - (a + 1) * log(x / m))


def lomax(a, s, x):
    return when(x >= 0, lambda: log(a / s) - (a + 1) * log1p(x / s))


def gev_u(m, s, c, x):
    """x on the scale of the Gumbel distribution; infinite outside."""
    z = (x - m) / s
    if c == 0:
        return z
    return log(1 + c * z) / c if c * z > -1 else -inf if c > 0 else inf


def gev(m, s, c, x):
    u = gev_u(m, s, c, x)
    return when(abs(u) < inf, lambda: -log(s) - (1 + c) * u - exp(-u))


def gev_tails(m, s, c, x):
    u = gev_u(m, s, c, x)
    return BELOW if u == -inf else ABOVE if u == inf else maximum_tails(exp(-u))


def gev_points():
    for m, s in [(0.0, 1.0), (-1.5, 30.0)]:
        for c in [0.0, 1e-12, -1e-12, 1e-6, -1e-3, 0.01, 0.07, -0.2, 0.5, 1.0, -1.0, 3.0]:
            zs = [0.0, 1e-8, 0.3, -0.9, 2.5, 40.0, 1e6, -40.0]
            if c != 0 and abs(1 / c) < 1e4:
                zs += [-0.999 / c, -1.001 / c, -0.9 / c]
            for z in zs:
                yield (m, s, c, m + z * s)


def kumaraswamy(a, b, x):
    if x == 0:
        return log(b) if a == 1 else LOWEST
    if x == 1:
        return log(a) if b == 1 else LOWEST
    return when(0 < x < 1, lambda: log(a * b) + (a - 1) * log(x) + (b - 1) * log(1 - x**a))


def triangular(a, c, b, x):
    if not a <= x <= b:
        return LOWEST
    share = (x - a) / (c - a) if x < c else (b - x) / (b - c) if x > c else mpf(1)
    return LOWEST if share == 0 else log(2 * share / (b - a))


def triangular_tails(a, c, b, x):
    if x <= c:
        return lower(2 * log(x - a) - log(b - a) - log(c - a))
    return upper(2 * log(b - x) - log(b - a) - log(b - c))


def von_mises(m, k, x):
    return k * cos(x - m) - log(2 * pi * besseli(0, k))


def von_mises_tails(m, k, x):
    def below(d):
        """log of the probability of angles from -pi to d <= 0"""
        step = 1 / (1 + sqrt(k) - k * mp.sin(d))
        return log(outward(lambda t: exp(k * (cos(d - t) - 1)), step, pi + d)) + k - log(2 * pi * besseli(0, k))

    d = x - m
    return within(-pi, d, pi, lambda: lower(below(d)) if d < 0 else upper(below(-d)))


def von_mises_points():
    for m in [0.0, 2.5]:
        for k in [0.0, 1e-6, 0.3, 2.0, 15.0, 700.0, 1e5]:
            for d in [0.0, 1e-9, 0.01, -0.2, -1.5, 1.6, -3.0, 3.1, -3.141]:
                yield (m, k, m + d)
            yield (m, k, m + 4.0)
            yield (m, k, m - 11.0)


POWERS = [0.05, 0.7, 1.0, 2.0, 3.5, 60.0]

# As in make_tables.py
TABLES = {
    "AsymmetricLaplace": [(shaped([0.01, 0.6, 1.0, 1.7, 300.0]), asymmetric_laplace, asymmetric_laplace_tails)],
    "Gumbel": [
        (
            placed(),
            lambda m, s, x: -(x - m) / s - exp(-(x - m) / s) - log(s),
            lambda m, s, x: maximum_tails(exp(-(x - m) / s)),
        )
    ],
    "SkewNormal": [
        (
            shaped([0.0, 1e-3, -0.5, 1.0, -2.0, 7.0, -50.0, 1e4], [0.0, 1e-8, 0.3, -0.01, -1.0, 2.5, -8.0, 40.0, -100.0]),
            skew_normal,
            skew_normal_tails,
        )
    ],
    "ExpModNormal": [
        (
            shaped([1e-8, 1e-3, 0.09, 0.11, 0.7, 3.0, 40.0, 1e4], [*Z, 0.9, -0.09, -1e-8]),
            exp_mod_normal,
            exp_mod_normal_tails,
        )
    ],
    "LogitNormal": [
        (
            [
                (m, s, x)
                for m in [0.0, -1.5, 12.0]
                for s in [0.05, 0.5, 1.0, 4.0, 30.0]
                for x in [1e-300, 1e-8, 0.25, 0.5, 0.9, 1 - 2.0**-53, 0.0, 1.0, -0.1, 1.1]
            ],
            lambda m, s, x: when(0 < x < 1, lambda: logit_normal(m, s, x)),
            lambda m, s, x: within(0, x, 1, lambda: f.normal_tails(m, s, log(x / (1 - x)))),
        )
    ],
    "ChiSquared": [
        (
            [
                (df, x)
                for df in [0.02, 0.5, 1.0, 2.0, 3.0, 17.0, 400.0, 1e5]
                for x in [df * q for q in [1e-8, 0.3, 0.9, 1, 1.1, 2, 8, 40]] + [1e-300, 0.0, -1.0]
            ],
            chi_squared,
            lambda df, x: f.gamma_tails(df / 2, x / 2),
        )
    ],
    "InverseChiSquared": [
        (
            [
                (df, x)
                for df in [0.02, 0.5, 1.0, 2.0, 3.0, 17.0, 400.0, 1e5]
                for x in [q / df for q in [0.05, 0.3, 0.9, 1, 1.1, 2, 8, 1e8]] + [1e200, 0.0, -1.0]
            ],
            inverse_chi_squared,
            lambda df, x: positive(x, lambda: f.gamma_tails(df / 2, 1 / (2 * x))[::-1]),
        )
    ],
    "Frechet": [
        (
            [
                (a, s, x)
                for a in POWERS
                for s in [1e-3, 1.0, 300.0]
                for x in [s * q for q in [1e-8, 0.1, 0.9, 1, 1.5, 40, 1e30]] + [-1.0, 0.0]
            ],
            frechet,
            lambda a, s, x: positive(x, lambda: maximum_tails((x / s) ** -a)),
        )
    ],
    "Rayleigh": [
        (
            [
                (s, x)
                for s in [1e-8, 0.5, 3.0, 250.0]
                for x in [s * q for q in [1e-200, 1e-12, 0.01, 0.5, 1, 3, 40]] + [0.0, -1.0]
            ],
            rayleigh,
            lambda s, x: positive(x, lambda: upper(-((x / s) ** 2) / 2)),
        )
    ],
    "InverseGaussian": [
        (
            [
                (m, l, x)
                for m in [0.01, 1.0, 40.0]
                for l in [1e-3, 0.5, 3.0, 250.0, 1e5]
                for x in [m * q for q in [1e-6, 0.05, 0.9, 1, 1.01, 3, 40, 1e4]] + [0.0, -1.0]
            ],
            inverse_gaussian,
            lambda m, l, x: positive(x, lambda: inverse_gaussian_tails(m, l, x)),
        )
    ],
    "Pareto": [
        (
            [
                (m, a, x)
                for m in [1e-3, 1.0, 300.0]
                for a in [*POWERS, 1e5]
                for x in [m * q for q in [1, 1 + 2.0**-40, 1.001, 1.5, 40, 1e30, 0.9]] + [-1.0]
            ],
            pareto,
            lambda m, a, x: within(m, x, inf, lambda: upper(-a * log(x / m))),
        )
    ],
    "Lomax": [
        (
            [
                (a, s, x)
                for a in [*POWERS, 1e5]
                for s in [1e-3, 1.0, 300.0]
                for x in [s * q for q in [0, 1e-300, 1e-12, 0.01, 1.5, 40, 1e30]] + [-1.0]
            ],
            lomax,
            lambda a, s, x: positive(x, lambda: upper(-a * log1p(x / s))),
        )
    ],
    "GeneralizedExtremeValue": [(list(gev_points()), gev, gev_tails)],
    "Kumaraswamy": [
        (
            [
                (a, b, x)
                for a in [*POWERS, 1e3]
                for b in [*POWERS, 1e3]
                for x in [1e-300, 1e-12, 0.2, 0.7, 0.98, 1 - 2.0**-53, 0.0, 1.0, -0.1, 1.1]
            ],
            kumaraswamy,
            lambda a, b, x: within(0, x, 1, lambda: upper(b * f.log1m_exp(a * log(x)))),
        )
    ],
    "Triangular": [
        (
            [
                (a, c, b, x)
                for a, c, b in [(0.0, 0.3, 1.0), (-3.0, 5.0, 1e6), (0.0, 0.0, 2.0), (-1.0, 4.0, 4.0), (1.0, 1.25, 1.5)]
                for x in [a, a + 1e-9 * (b - a), (a + c) / 2, c, (c + b) / 2, b - 1e-7 * (b - a), b, a - 0.1, b + 0.1]
            ],
            triangular,
            lambda a, c, b, x: within(a, x, b, lambda: triangular_tails(a, c, b, x)),
        )
    ],
    "VonMises": [(list(von_mises_points()), von_mises, von_mises_tails)],
}
