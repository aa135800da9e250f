"""Formulas that the reference tables share: densities, and both tails of distribution functions, with mpmath."""

from mpmath import mp, mpf, exp, inf, log, log1p, loggamma, pi, sqrt

mp.dps = 50
LOWEST = mpf("-inf")


def when(condition, value):
    """`value()` where a condition holds, else -inf: the log density outside the support."""
    return value() if condition else LOWEST


def whole(x):
    return x == mp.floor(x)


def xlogy(x, y):
    return mpf(0) if x == 0 else x * log(y)


def lbeta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


# Tails: (log P(X <= x), log P(X > x))

BELOW = (LOWEST, mpf(0))
ABOVE = (mpf(0), LOWEST)


def log1m_exp(y):
    """log(1 - exp(y)), y <= 0; -inf at 0."""
    return LOWEST if y == 0 else log1p(-exp(y)) if y < -1 else log(-mp.expm1(y))


def lower(log_p):
    """Both tails from the lower one, which must not be within 1e-30 of 1 unless it is 1."""
    return (log_p, log1m_exp(log_p))


def upper(log_q):
    """Both tails from the upper one."""
    return (log1m_exp(log_q), log_q)


def within(low, x, high, tails):
    """Tails of a distribution on a range; `tails()` inside it."""
    if x <= low:
        return BELOW
    return ABOVE if x >= high else tails()


def positive(x, tails):
    """Tails of a distribution on the positive reals."""
    return within(0, x, inf, tails)


def counts(x, tails):
    """Tails of a distribution on 0, 1, 2, ..., at any x."""
    return BELOW if x < 0 else tails(mp.floor(x))


def normal_tails(m, s, x):
    z = (x - m) / s
    small = log(mp.erfc(abs(z) / sqrt(2)) / 2)
    return lower(small) if z < 0 else upper(small)


def cauchy_tails(m, s, x):
    z = (x - m) / s
    small = log(mpf(1) / 2 if z == 0 else mp.atan(1 / abs(z)) / pi)
    return lower(small) if z < 0 else upper(small)


def logistic_tails(z):
    return (-log1p(exp(-z)), -log1p(exp(z)))


def student_tails(df, m, s, x):
    z = (x - m) / s
    total = df + z * z
    small = beta_tails(df / 2, mpf(1) / 2, df / total, z * z / total)[0] - log(2)
    return lower(small) if z < 0 else upper(small)


def folded_tails(x, tails):
    """Tails of |X| from those of a symmetric X, `tails()` at x > 0."""
    return positive(x, lambda: upper(tails()[1] + log(2)))


def sum_of_ratios(ratio, max_terms, bits):
    """1 + r(1) + r(1) r(2) + ..., positive terms, r(n) a quotient of two integers; `None` if it takes too long."""
    one = 1 << bits
    term = total = one
    for n in range(1, max_terms):
        up, down = ratio(n)
        term = term * up // down
        total += term
        if term == 0 or (up < down and term * up < (down - up)):
            return mpf(total) / one
    return None


def fixed(x, bits):
    return int(mp.floor(mp.ldexp(x, bits)))


def gamma_tails(a, x):
    """log P(a, x), log Q(a, x): the series of P, or where x is far above a the continued fraction of Q."""
    if x <= 0:
        return BELOW
    if x > a + 60 * sqrt(a) + 60:
        with mp.workdps(80):
            # Lentz
            b, c = x + 1 - a, mpf(10) ** 400
            d = 1 / b
            h, i = d, 0
            while True:
                i += 1
                numerator = -i * (i - a)
                b += 2
                d = 1 / (numerator * d + b)
                c = b + numerator / c
                h *= d * c
                if abs(d * c - 1) < mpf(10) ** -75:
                    break
            return upper(a * log(x) - x - loggamma(a) + log(h))
    deviance = x - a - a * log(x / a) if x > a else 0
    with mp.workdps(90 + int(deviance / 2)):
        bits = mp.prec + 30
        top, start, one = fixed(x, bits), fixed(a, bits), 1 << bits
        total = sum_of_ratios(lambda n: (top, start + n * one), 10**7, bits)
        return lower(a * log(x) - x - loggamma(a + 1) + log(total))


def beta_tails(a, b, x, rest=None):
    """log I_x(a, b), log I_(1 - x)(b, a): the series of 2F1(a + b, 1; a + 1; x) of whichever side converges first."""
    rest = 1 - x if rest is None else rest
    if x <= 0:
        return BELOW
    if rest <= 0:
        return ABOVE
    dps = {False: 90, True: 90}
    for max_terms in [10**3, 10**4, 10**5, 10**6, 10**7]:
        for swapped in [False, True]:
            while dps[swapped] < 2000:
                with mp.workdps(dps[swapped]):
                    # The larger of x and 1 - x to all these digits
                    x, rest = (x, 1 - x) if x < rest else (1 - rest, rest)
                    p, q, y, z = (b, a, rest, x) if swapped else (a, b, x, rest)
                    bits = mp.prec + 30
                    one, fy, fn, fp = 1 << bits, fixed(y, bits), fixed(p + q, bits), fixed(p, bits)
                    total = sum_of_ratios(lambda n: ((fn + (n - 1) * one) * fy >> bits, fp + n * one), max_terms, bits)
                    if total is None:
                        break
                    small = p * log(y) + q * log(z) - log(p) - lbeta(p, q) + log(total)
                    lost = 0 if small == LOWEST else -mp.log10(abs(mp.expm1(small)) + mpf(10) ** -(dps[swapped] - 20))
                    if lost < dps[swapped] - 60:
                        tails = lower(small)
                        return tails[::-1] if swapped else tails
                    dps[swapped] *= 2
    raise ValueError(f"I_x({a}, {b}) at {x} does not converge")


def binomial_tails(n, p, q, x):
    if x < 0:
        return BELOW
    k = mp.floor(x)
    if k >= n:
        return ABOVE
    return beta_tails(n - k, k + 1, q, p)


def poisson_tails(rate, x):
    return counts(x, lambda k: gamma_tails(k + 1, rate)[::-1])


def neg_binomial_tails(m, phi, x):
    return counts(x, lambda k: beta_tails(phi, k + 1, phi / (m + phi), m / (m + phi)))
