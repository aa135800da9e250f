"""Both tails of the distribution functions of the distributions in make_tables.py, by form; as `tails` there."""

import formulas as f
from formulas import ABOVE, BELOW, LOWEST, lower, positive, upper, within
from mpmath import exp, log, log1p, mp, mpf, sqrt


def half_normal(s, x):
    z = x / s / sqrt(2)
    return positive(x, lambda: (log(mp.erf(z)), log(mp.erfc(z))))


def laplace(m, s, x):
    z = (x - m) / s
    small = -abs(z) - log(2)
    return lower(small) if z < 0 else upper(small)


def gamma(a, b, x):
    return positive(x, lambda: f.gamma_tails(a, b * x))


def binomial_logit(n, eta, x):
    return f.binomial_tails(n, 1 / (1 + exp(-eta)), 1 / (1 + exp(eta)), x)


def bernoulli(log_p, log_q, x):
    if x < 0:
        return BELOW
    return (log_q, log_p) if x < 1 else ABOVE


def geometric(p, x):
    return f.counts(x, lambda k: upper((k + 1) * log1p(-p)))


def categorical(p, x):
    """Any positive weights."""
    if x < 1:
        return BELOW
    k = int(mp.floor(x))
    below, above, total = sum(p[:k]), sum(p[k:]), sum(p)
    logarithm = lambda share: LOWEST if share == 0 else log(share)
    return (logarithm(below / total), logarithm(above / total))


def discrete_uniform(a, b, x):
    k = mp.floor(x)
    return BELOW if k < a else ABOVE if k >= b else (log((k - a + 1) / (b - a + 1)), log((b - k) / (b - a + 1)))


TAILS = {
    "Normal": [f.normal_tails],
    "HalfNormal": [half_normal],
    "StudentT": [f.student_tails],
    "HalfStudentT": [lambda df, s, x: f.folded_tails(x, lambda: f.student_tails(df, 0, s, x))],
    "Cauchy": [f.cauchy_tails],
    "HalfCauchy": [lambda s, x: f.folded_tails(x, lambda: f.cauchy_tails(0, s, x))],
    "Laplace": [laplace],
    "Logistic": [lambda m, s, x: f.logistic_tails((x - m) / s)],
    "LogNormal": [lambda m, s, x: positive(x, lambda: f.normal_tails(m, s, log(x)))],
    "Exponential": [lambda r, x: positive(x, lambda: upper(-r * x))],
    "Gamma": [gamma, lambda m, s, x: gamma((m / s) ** 2, m / s**2, x)],
    "InverseGamma": [lambda a, b, x: positive(x, lambda: f.gamma_tails(a, b / x)[::-1])],
    "Weibull": [lambda k, s, x: positive(x, lambda: upper(-((x / s) ** k)))],
    "Beta": [f.beta_tails, lambda m, n, x: f.beta_tails(m * n, (1 - m) * n, x)],
    "Uniform": [lambda a, b, x: within(a, x, b, lambda: (log((x - a) / (b - a)), log((b - x) / (b - a))))],
    "Bernoulli": [
        lambda p, x: bernoulli(log(p), log1p(-p), x),
        lambda eta, x: bernoulli(-log1p(exp(-eta)), -log1p(exp(eta)), x),
    ],
    "Binomial": [lambda n, p, x: f.binomial_tails(n, p, 1 - p, x), binomial_logit],
    "Poisson": [f.poisson_tails, lambda eta, x: f.poisson_tails(exp(eta), x)],
    "NegBinomial": [f.neg_binomial_tails, lambda m, phi, x: f.neg_binomial_tails(exp(m), phi, x)],
    "Geometric": [geometric],
    "Categorical": [categorical, lambda logits, x: categorical([exp(v) for v in logits], x)],
    "DiscreteUniform": [discrete_uniform],
}
