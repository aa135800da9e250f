"""Reference values of the elementwise functions of src/tape, from mpmath: writes elementary.csv beside this file.

Columns: function; x; high and low, whose sum is the value to 106 bits. With a number as argument, writes that many points
of each function to standard output instead, for a longer test.
"""

import math
import pathlib
import random
import struct
import sys

import mpmath as mp

mp.mp.dps = 50
SEED = 20261122
EDGES = [0.0, -0.0, 5e-324, -5e-324, 1e-310, -1e-310, 2.2250738585072014e-308, 1e-300, 1e-20, -1e-20, math.inf, -math.inf, math.nan]


def from_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def any_number(rng):
    """A number of any size, each binade as likely as another."""
    return from_bits(rng.getrandbits(64))


def between(low, high):
    return lambda rng: rng.uniform(low, high)


def near(point, spread=1e-3):
    """Close to a point, at distances of all sizes below the spread."""
    return lambda rng: point + rng.choice([-1, 1]) * spread * 10 ** rng.uniform(-12, 0)


def positive(draw):
    return lambda rng: abs(draw(rng))


def sized(low, high):
    """Of either sign, with the logarithm of its size uniform."""
    return lambda rng: rng.choice([-1, 1]) * 10 ** rng.uniform(low, high)


def near_turns(rng):
    """The double closest to a multiple of pi / 2."""
    return float(rng.randint(1, 500_000) * mp.pi / 2)


def clipped(f):
    """mpmath cannot take the ends of these."""
    return lambda x: f(max(-mp.mpf(10) ** 4, min(mp.mpf(10) ** 4, x)))


FUNCTIONS = {
    "exp": (mp.exp, [between(-746, 710), between(-2, 2), sized(-20, 0)], [-745.2, -745.1, -708.4, 709.78, 709.79, 1e300]),
    "expm1": (mp.expm1, [between(-45, 710), between(-1.1, 1.1), sized(-20, 0), near(-0.3466), near(0.3466)], [709.78, 709.79, -800.0]),
    "log": (mp.log, [positive(any_number), near(1.0, 0.5), between(0, 3)], [-1.0, -1e-310, 1.7976931348623157e308]),
    "log1p": (mp.log1p, [positive(any_number), near(-1.0, 1.0), between(-1, 3), sized(-20, 0)], [-1.0, -1.5, -0.9999999999999999, 1.7976931348623157e308]),
    "logistic": (lambda x: 1 / (1 + mp.exp(-x)), [between(-745, 40), between(-5, 5), sized(-20, 0)], [-800.0, 800.0]),
    "log1p_exp": (lambda x: mp.log1p(mp.exp(x)), [between(-745, 800), between(-5, 5), sized(-20, 0)], [-800.0, 1e300]),
    "log1m_exp": (lambda x: mp.log(-mp.expm1(x)), [between(-745, 0), between(-2, 0), lambda rng: -10 ** rng.uniform(-300, 0)], [-800.0, 0.5]),
    "tanh": (mp.tanh, [between(-25, 25), between(-1, 1), sized(-20, 0)], [1e300]),
    "sinh": (mp.sinh, [between(-710, 710), between(-2, 2), sized(-20, 0), near(1.0)], [710.47, 711.0]),
    "cosh": (mp.cosh, [between(-710, 710), between(-2, 2)], [710.47, 711.0]),
    "lgamma": (mp.loggamma, [between(0, 12), near(1.0, 0.5), near(2.0, 0.5), lambda rng: 10 ** rng.uniform(-300, 300)], [1.0, 2.0, 3.0, 8.0, 2.5e305, 2.6e305]),
    "digamma": (mp.digamma, [between(0, 12), near(1.4616321449683622, 0.5), lambda rng: 10 ** rng.uniform(-300, 300)], [1.0, 2.0, 3.0, 8.0, 1.4616321449683622]),
    "trigamma": (lambda x: mp.psi(1, x), [between(0, 12), lambda rng: 10 ** rng.uniform(-150, 300)], [1.0, 2.0, 3.0, 8.0]),
    "erf": (clipped(mp.erf), [between(-6, 6), between(-1, 1), sized(-300, 0)], [30.0, 1e300]),
    "erfc": (clipped(mp.erfc), [between(-6, 27.3), between(-1, 1)], [30.0, 1e300, -1e300]),
    "normal_cdf": (clipped(mp.ncdf), [between(-38.5, 9), between(-1, 1)], [-40.0, 1e300, -1e300]),
    "normal_log_cdf": (clipped(lambda x: mp.log1p(-mp.ncdf(-x)) if x > 0 else mp.log(mp.ncdf(x))), [between(-38.5, 39), between(-1, 1), lambda rng: -10 ** rng.uniform(1, 3)], [40.0, 1e300, -1e300]),
    "normal_hazard": (clipped(lambda x: mp.npdf(x) / mp.ncdf(x)), [between(-38.5, 39), between(-1, 1), lambda rng: -10 ** rng.uniform(1, 3)], [40.0, 1e300]),
    "sin": (mp.sin, [between(-10, 10), between(-8e5, 8e5), near_turns, sized(-20, 0), sized(0, 300)], [1e22]),
    "cos": (mp.cos, [between(-10, 10), between(-8e5, 8e5), near_turns, sized(-20, 0), sized(0, 300)], [1e22]),
    "tan": (mp.tan, [between(-10, 10), between(-8e5, 8e5), near_turns, sized(-20, 0), sized(0, 300)], [1e22]),
}
OUTSIDE = {
    "log": lambda x: x < 0,
    "log1p": lambda x: x < -1,
    "log1m_exp": lambda x: x > 0,
    "digamma": lambda x: x == 0,
    "trigamma": lambda x: x == 0,
    "sin": math.isinf,
    "cos": math.isinf,
    "tan": math.isinf,
}
LIMITS = {
    "exp": {math.inf: math.inf, -math.inf: 0.0},
    "expm1": {math.inf: math.inf, -math.inf: -1.0},
    "log": {math.inf: math.inf, 0.0: -math.inf},
    "log1p": {math.inf: math.inf, -1.0: -math.inf},
    "logistic": {math.inf: 1.0, -math.inf: 0.0},
    "log1p_exp": {math.inf: math.inf, -math.inf: 0.0},
    "log1m_exp": {0.0: -math.inf, -math.inf: -0.0},
    "tanh": {math.inf: 1.0, -math.inf: -1.0},
    "sinh": {math.inf: math.inf, -math.inf: -math.inf},
    "cosh": {math.inf: math.inf, -math.inf: math.inf},
    "lgamma": {math.inf: math.inf, 0.0: math.inf},
    "digamma": {math.inf: math.inf},
    "trigamma": {math.inf: 0.0},
    "erf": {math.inf: 1.0, -math.inf: -1.0},
    "erfc": {math.inf: 0.0, -math.inf: 2.0},
    "normal_cdf": {math.inf: 1.0, -math.inf: 0.0},
    "normal_log_cdf": {math.inf: -0.0, -math.inf: -math.inf, -1e300: -math.inf},
    "normal_hazard": {math.inf: 0.0, -math.inf: math.inf},
}
ODD = ["expm1", "log1p", "tanh", "sinh", "erf", "sin", "tan"]
POSITIVE = ["lgamma", "digamma", "trigamma"]  # other arguments are another matter


def value(name, f, x):
    """The value as the sum of two doubles."""
    if math.isnan(x) or OUTSIDE.get(name, lambda x: False)(x):
        return math.nan, 0.0
    if x in LIMITS.get(name, {}):
        return LIMITS[name][x], 0.0
    if x == 0 and name in ODD:
        return x, 0.0
    # digits enough where the formula cancels
    with mp.workdps(50 + min(400, int(abs(math.log10(abs(x) or 1))) + int(min(abs(x), 800)))):
        exact = f(mp.mpf(x))
        high = float(exact)
        if high == 0.0:
            return (-0.0 if exact < 0 else 0.0), 0.0
        return (high, float(exact - mp.mpf(high))) if math.isfinite(high) else (high, 0.0)


def rows(count):
    for name, (f, draws, extremes) in FUNCTIONS.items():
        rng = random.Random(f"{SEED} {name}")
        points = EDGES + extremes + [draws[i % len(draws)](rng) for i in range(count)]
        for x in points:
            if name in POSITIVE and x < 0:
                continue
            high, low = value(name, f, x)
            yield f"{name},{x!r},{high!r},{low!r}"


def main():
    header = "function,x,high,low"
    if len(sys.argv) > 1:
        print("\n".join([header, *rows(int(sys.argv[1]))]))
    else:
        path = pathlib.Path(__file__).with_name("elementary.csv")
        path.write_text("\n".join([header, *rows(100)]) + "\n")


if __name__ == "__main__":
    main()
