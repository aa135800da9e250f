"""The polynomials of src/tape/math: prints their coefficients, lowest power first, with the error of each fit.

Each is the Chebyshev interpolant of a smooth function on an interval, rounded to doubles; the error is the largest
relative one of the rounded polynomial, evaluated exactly, in units of 2^-53.
"""

import mpmath as mp

mp.mp.dps = 60
LN2 = mp.log(2)
HALF_LN_2PI = mp.log(2 * mp.pi) / 2
DIGAMMA_ROOT = mp.findroot(mp.digamma, mp.mpf("1.4616321449683623"))


def smooth(f, x, around=0, terms=16, radius=mp.mpf("1e-6")):
    """f(x); interpolated within the radius of a point where the formula is 0/0."""
    if abs(x - around) > radius:
        return f(x)
    step = mp.mpf("1e-3")
    nodes = [around + step * (k - terms / 2 + mp.mpf("0.5")) for k in range(terms)]
    total = mp.mpf(0)
    for node in nodes:
        others = [other for other in nodes if other != node]
        total += f(node) * mp.fprod((x - other) / (node - other) for other in others)
    return total


def fit(name, f, interval, degree):
    a, b = map(mp.mpf, interval)
    n = degree + 1
    nodes = [(a + b) / 2 + (b - a) / 2 * mp.cos(mp.pi * (k + mp.mpf("0.5")) / n) for k in range(n)]
    values = mp.matrix([f(x) for x in nodes])
    vandermonde = mp.matrix(n, n)
    for i, x in enumerate(nodes):
        for j in range(n):
            vandermonde[i, j] = x**j
    coefficients = [float(c) for c in mp.lu_solve(vandermonde, values)]
    exact = [mp.mpf(c) for c in reversed(coefficients)]
    points = [a + (b - a) * k / 500 for k in range(1, 500)]
    error = max(abs(mp.polyval(exact, x) / f(x) - 1) for x in points) * 2**53
    print(f"/// {name}, degree {degree} on [{mp.nstr(a, 6)}, {mp.nstr(b, 6)}]: {mp.nstr(error, 2)}")
    for c in coefficients:
        print(f"    {c!r},")
    print()


def inverse_square(f, limit):
    """As a function of t = 1 / x^2."""
    return lambda t: limit if t < mp.mpf(10) ** -24 else f(1 / mp.sqrt(t))


def erfcx(x):
    return mp.exp(x * x) * mp.erfc(x)


def main():
    fit("(e^r - 1 - r) / r^2", lambda r: smooth(lambda r: (mp.expm1(r) - r) / r**2, r),
        ("-0.3467", "0.3467"), 9)
    fit("(log((1 + s) / (1 - s)) - 2 s) / s^3, in s^2",
        lambda z: (2 * mp.atanh(mp.sqrt(z)) - 2 * mp.sqrt(z)) / mp.sqrt(z) ** 3, ("1e-12", "0.02945"), 6)
    fit("lgamma(z) / (z - 2), in z - 1.5",
        lambda u: smooth(lambda z: mp.loggamma(z) / (z - 2), u + mp.mpf("1.5"), 2), ("-0.25", "0.75"), 20)
    fit("the remainder of Stirling's formula, times x, in 1 / x^2",
        inverse_square(lambda x: (mp.loggamma(x) - ((x - 0.5) * mp.log(x) - x + HALF_LN_2PI)) * x, mp.mpf(1) / 12),
        (0, mp.mpf(1) / 64), 5)
    fit("z digamma(z) / (z - root), in z - 1.6",
        lambda u: smooth(lambda z: z * mp.digamma(z) / (z - DIGAMMA_ROOT), u + mp.mpf(1.6), DIGAMMA_ROOT),
        ("-0.6", "0.6"), 18)
    fit("(log x - 1 / (2 x) - digamma(x)) x^2, in 1 / x^2",
        inverse_square(lambda x: (mp.log(x) - 0.5 / x - mp.digamma(x)) * x**2, mp.mpf(1) / 12), (0, mp.mpf(1) / 16), 11)
    fit("(trigamma(x) - 1 / x - 1 / (2 x^2)) x^3, in 1 / x^2",
        inverse_square(lambda x: (mp.psi(1, x) - 1 / x - 1 / (2 * x**2)) * x**3, mp.mpf(1) / 6), (0, mp.mpf(1) / 25), 9)
    fit("(1 + 2 x) erfcx(x), in (x - 4) / (x + 4)", scaled_erfcx, (-1, 1), 24)
    fit("(1 + x) e^(x^2 / 2) Phi(-x), in (x - 6) / (x + 6)", scaled_mills, (-1, 1), 24)
    fit("(Phi(x) - 1/2) / x, in x^2", lambda s: (mp.ncdf(mp.sqrt(s)) - mp.mpf("0.5")) / mp.sqrt(s), ("1e-30", "0.42"), 8)
    fit("erf(x) / x, in x^2", lambda s: mp.erf(mp.sqrt(s)) / mp.sqrt(s), ("1e-30", 1), 11)


def asymptotic(square):
    """1 - 1/square + 3/square^2 - 15/square^3 ..., to 60 digits for large squares."""
    total, term = mp.mpf(1), mp.mpf(1)
    for k in range(1, 30):
        term *= -(2 * k - 1) / square
        total += term
    return total


def scaled_erfcx(t):
    x = 4 * (1 + t) / (1 - t)
    if x > 200:
        return (1 + 2 * x) * asymptotic(2 * x * x) / (x * mp.sqrt(mp.pi))
    return (1 + 2 * x) * erfcx(x)


def scaled_mills(t):
    x = 6 * (1 + t) / (1 - t)
    if x > 200:
        return (1 + x) * asymptotic(x * x) / (x * mp.sqrt(2 * mp.pi))
    return (1 + x) * mp.exp(x * x / 2) * mp.ncdf(-x)


if __name__ == "__main__":
    main()
