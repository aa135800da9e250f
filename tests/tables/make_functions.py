"""Reference values of the language's functions, from mpmath, NumPy and SciPy: writes functions.csv beside this file.

Columns: name; args, a JSON list in the order of the function's parameters (null where not given); vary, the positions of
the arguments at which derivatives are compared with finite differences; expected, the value. inf and nan are strings.
"""

import csv
import json
import math
import pathlib

import mpmath as mp
import numpy as np
import scipy.linalg
import scipy.special
import scipy.stats

mp.mp.dps = 400  # log(1 - exp(-700)) loses 304 of them
ROWS = []


def plain(x):
    """JSON without inf and nan."""
    if isinstance(x, np.ndarray):
        return plain(x.tolist())
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, np.generic):
        x = x.item()
    if isinstance(x, mp.mpf):
        x = float(x)
    if isinstance(x, float) and not math.isfinite(x):
        return "nan" if math.isnan(x) else ("inf" if x > 0 else "-inf")
    return x


def row(name, args, expected, vary=()):
    ROWS.append([name, json.dumps(plain(args)), json.dumps(list(vary)), json.dumps(plain(expected))])


def unary(name, f, points, extremes=()):
    """`points` are far from kinks and poles, for derivatives; `extremes` are for values alone."""
    points = [float(x) for x in points]
    row(name, [points], [f(mp.mpf(x)) for x in points], [0])
    row(name, [points[0]], f(mp.mpf(points[0])), [0])
    if extremes:
        extremes = [float(x) for x in extremes]
        row(name, [extremes], [f(mp.mpf(x)) for x in extremes])


def elementwise():
    one = mp.mpf(1)
    real = [-2.5, -1.1, -0.3, 0.4, 1.2, 3.7]
    positive = [0.05, 0.3, 1.1, 2.5, 9.0, 31.5]
    unit = [0.02, 0.3, 0.5, 0.71, 0.96]
    both = [-0.9, -0.4, 0.1, 0.6, 0.85]
    tiny = [1e-300, 1e-17, 1e-8]
    far = [-700, -40, -1e-12, 1e-12, 40, 700]
    unary("exp", mp.exp, real, far)
    unary("expm1", mp.expm1, real, far)
    unary("log", mp.log, positive, tiny + [1e300])
    unary("log1p", lambda x: mp.log1p(x), [-0.7, -0.2, 0.3, 4.0], [-0.999999, 1e-300, -1e-17, 1e-8, 1e300])
    unary("log10", lambda x: mp.log(x, 10), positive, tiny + [1e300])
    unary("sqrt", mp.sqrt, positive, [0.0] + tiny + [1e300])
    unary("log1p_exp", lambda x: mp.log1p(mp.exp(x)), real, far)
    unary("softplus", lambda x: mp.log1p(mp.exp(x)), real, far)
    unary("log1m", lambda x: mp.log1p(-x), [-3.0, -0.2, 0.3, 0.9], [1e-300, 1e-17, 0.9999999])
    unary("log1m_exp", lambda x: mp.log(-mp.expm1(x)), [-4.0, -1.0, -0.6, -0.1], [-700, -40, -1e-8, -1e-300])
    unary("sin", mp.sin, real, [1e-9, 100.0])
    unary("cos", mp.cos, real, [1e-9, 100.0])
    unary("tan", mp.tan, [-1.1, -0.3, 0.4, 1.2, 3.7], [1e-9, 100.0])
    unary("asin", mp.asin, both, [1e-9, 1.0, -1.0])
    unary("acos", mp.acos, both, [1e-9, 1.0, -1.0])
    unary("atan", mp.atan, real, [1e-9, 1e9])
    unary("sinh", mp.sinh, real, [1e-9, 20.0])
    unary("cosh", mp.cosh, real, [1e-9, 20.0])
    unary("tanh", mp.tanh, real, [1e-9, 20.0])
    unary("inv", lambda x: one / x, real, [1e-200, 1e200])
    unary("inv_logit", lambda x: one / (one + mp.exp(-x)), real, far)
    unary("sigmoid", lambda x: one / (one + mp.exp(-x)), real, far)
    unary("logit", lambda x: mp.log(x) - mp.log1p(-x), unit, [1e-300, 1e-17, 0.9999999])
    unary("probit", lambda p: -mp.sqrt(2) * mp.erfinv(1 - 2 * p), unit, [1e-12, 1e-5, 0.99999])
    unary("inv_probit", mp.ncdf, real, [-37.0, -10.0, 8.0])
    unary("gelu", lambda x: x * mp.ncdf(x), real, [-10.0, 20.0])
    unary("relu", lambda x: max(x, mp.mpf(0)), real, [-1e300, 1e300])
    unary("erf", mp.erf, real, [1e-9, 6.0])
    unary("erfc", mp.erfc, real, [-6.0, 5.0, 26.0])
    unary("lgamma", mp.loggamma, positive, [1e-12, 1.0, 2.0, 1e5, 1e12])
    unary("digamma", mp.digamma, positive, [1e-9, 1.0, 1e5, 1e12])
    unary("abs", abs, real, [0.0, -1e300])
    unary("square", lambda x: x * x, real, [0.0, -1e100])
    unary("neg", lambda x: -x, real, [0.0, 1e300])
    unary("sign", mp.sign, real, [0.0, -1e300])
    unary("floor", mp.floor, real, [-2.0, 3.0, -0.0])
    unary("ceil", mp.ceil, real, [-2.0, 3.0])
    unary("round", lambda x: mp.sign(x) * mp.floor(abs(x) + one / 2), [-2.4, -1.1, -0.3, 0.6, 1.2], [2.5, -2.5, 0.5, 0.49999999999999994, 3.0])
    row("abs", [[-3, 2, 0]], [3, 2, 0])
    row("square", [[-3, 2]], [9, 4])
    row("isnan", [[1.0, float("nan"), float("inf")]], [False, True, False])
    row("!", [[True, False]], [False, True])
    row("!", [[2, 0]], [False, True])

    a, b = np.array([-1.5, 0.7, 2.2]), np.array([0.4, -1.3, 2.9])
    m = np.array([[0.3, -1.2, 2.5], [1.7, 0.6, -0.8]])
    for name, f in [("+", np.add), ("-", np.subtract), ("*", np.multiply), ("/", np.divide)]:
        row(name, [a, b], f(a, b), [0, 1])
        row(name, [a, 2], f(a, 2), [0])
        row(name, [0.3, m], f(0.3, m), [0, 1])
        row(name, [m, b], f(m, b), [0, 1])
        row(name, [b, m], f(b, m), [0, 1])
        row(name, [7, 2], f(7, 2))
    row("+", [[True, False], 1], [2, 1])
    row("^", [2, 10], 1024)
    row("^", [2.0, -2], 0.25)
    row("^", [[0.5, 1.5, 2.5], 2], [0.25, 2.25, 6.25], [0])
    row("^", [[-0.5, -1.5, 2.5], 3], [-0.125, -3.375, 15.625], [0])
    row("^", [[0.5, 1.5, 2.5], [0.7, -1.2, 3.1]], np.power([0.5, 1.5, 2.5], [0.7, -1.2, 3.1]), [0, 1])
    row("^", [4.0, [0.5, -0.5]], [2.0, 0.5], [1])
    row("^", [0.0, [0, 1, 2]], [1.0, 0.0, 0.0])
    row("div", [[7, -7, 7, -7], [2, 2, -2, -2]], [3, -4, -4, 3])
    row("div", [[7.5, -0.5], 2.0], [3, -1], [0])
    row("mod", [[7, -7, 7, -7], [2, 2, -2, -2]], [1, 1, -1, -1])
    row("mod", [[7.5, -0.5], 2.0], [1.5, 1.5], [0, 1])
    row("lbeta", [[0.3, 2.5, 7.0, 0.5], [1.2, 4.5, 25.0, 60.0]],
        [mp.log(mp.beta(mp.mpf(x), mp.mpf(y))) for x, y in [(0.3, 1.2), (2.5, 4.5), (7.0, 25.0), (0.5, 60.0)]], [0, 1])
    pairs = [(1e-10, 1e-10), (1e5, 1e5), (1e-3, 1e6), (9.99, 10.01), (1.0, 1e12), (3e8, 2.0), (50.0, 1e3)]
    def log_beta(x, y):
        x, y = mp.mpf(x), mp.mpf(y)
        return mp.loggamma(x) + mp.loggamma(y) - mp.loggamma(x + y)
    row("lbeta", [[x for x, _ in pairs], [y for _, y in pairs]], [log_beta(x, y) for x, y in pairs])
    for name, f in [("<", np.less), ("<=", np.less_equal), (">", np.greater), (">=", np.greater_equal),
                    ("==", np.equal), ("!=", np.not_equal)]:
        row(name, [a, 0.7], f(a, 0.7))
        row(name, [m, b], f(m, b), [0])
        row(name, [[1, 2, 3], 2], f([1, 2, 3], 2))
    row("&&", [[True, True, False, False], [True, False, True, False]], [True, False, False, False])
    row("||", [[True, True, False, False], [True, False, True, False]], [True, True, True, False])
    row("&&", [[2, 0], True], [True, False])
    row("where", [[True, False, True], a, b], np.where([True, False, True], a, b), [1, 2])
    row("where", [[True, False, True], m, 0.5], np.where([True, False, True], m, 0.5), [1, 2])
    row("where", [2 > 1, 10, 20], 10)
    row("clamp", [m, -1.0, b], np.clip(m, -1.0, np.maximum(b, -1.0)), [0])
    row("clamp", [5, 0, 1], 1)
    row("min", [None, a, b], np.minimum(a, b), [1, 2])
    row("max", [None, a, b], np.maximum(a, b), [1, 2])
    row("max", [None, m, b, 0.65], np.maximum(np.maximum(m, b), 0.65), [1, 2, 3])
    row("max", [None, 2, 7], 7)


def reductions():
    v = np.array([1.3, -0.4, 2.2, 0.9, -1.7])
    m = np.array([[0.3, -1.2, 2.5], [1.7, 0.6, -0.8]])
    cube = np.arange(24).reshape(2, 3, 4) * 0.37 - (np.arange(24).reshape(2, 3, 4) % 5) * 0.9 + 0.11
    functions = {
        "sum": np.sum, "prod": np.prod, "mean": np.mean, "logsumexp": scipy.special.logsumexp,
        "sd": lambda x, axis=None: np.std(x, axis=axis, ddof=1), "var": lambda x, axis=None: np.var(x, axis=axis, ddof=1),
        "norm": lambda x, axis=None: np.sqrt(np.sum(np.square(x), axis=axis)),
    }
    for name, f in functions.items():
        row(name, [v, None], f(v), [0])
        row(name, [m, None], f(m), [0])
        for axis in (1, 2):
            row(name, [m, axis], f(m, axis=axis - 1), [0])
        for axis in (1, 2, 3):
            row(name, [cube, axis], f(cube, axis=axis - 1), [0])
    for name, f in [("min", np.min), ("max", np.max)]:
        row(name, [None, v], f(v), [1])
        row(name, [None, m], f(m), [1])
        for axis in (1, 2):
            row(name, [axis, m], f(m, axis=axis - 1), [1])
        row(name, [None, [3, 1, 2]], f([3, 1, 2]))
    row("sum", [[1, 2, 3], None], 6)
    row("sum", [[], None], 0)
    row("prod", [[], None], 1)
    row("prod", [[2.0, 0.0, 3.0], None], 0.0, [0])
    row("prod", [[7.5], None], 7.5, [0])
    row("logsumexp", [[1000.0, 1000.0], None], 1000 + math.log(2))
    row("logsumexp", [["-inf", "-inf"], None], float("-inf"))
    row("logsumexp", [["-inf", 0.5], None], 0.5)
    row("sum", [2.5, None], 2.5, [0])
    row("mean", [1e15 + np.arange(4.0), None], 1e15 + 1.5)
    row("var", [1e8 + np.arange(5.0), None], 2.5)
    bools = [[True, False, True], [False, False, True]]
    for name, f in [("any", np.any), ("all", np.all)]:
        row(name, [bools, None], f(bools))
        row(name, [bools, 1], f(bools, axis=0))
        row(name, [bools, 2], f(bools, axis=1))
        row(name, [[], None], f(np.array([])))
    row("any", [[0, 2], None], True)
    row("cumsum", [v, None], np.cumsum(v), [0])
    row("cumsum", [m, None], np.cumsum(m).reshape(m.shape), [0])
    row("cumsum", [m, 1], np.cumsum(m, axis=0), [0])
    row("cumsum", [m, 2], np.cumsum(m, axis=1), [0])
    row("cumsum", [[1, 2, 3], None], [1, 3, 6])


def vectors():
    v = np.array([1.3, -0.4, 2.2])
    w = np.array([0.5, 1.9, -2.4])
    m = np.array([[0.3, -1.2, 2.5], [1.7, 0.6, -0.8]])
    row("len", [v], 3)
    row("len", [m], 2)
    row("len", [4.0], 1)
    row("nrow", [m], 2)
    row("nrow", [v], 3)
    row("ncol", [m], 3)
    row("zeros", [3], [0, 0, 0])
    row("zeros", [2, 1], [[0], [0]])
    row("ones", [2, 3], [[1, 1, 1], [1, 1, 1]])
    row("eye", [3], np.eye(3, dtype=int))
    row("eye", [1], [[1]])
    row("one_hot", [[2, 1], 3], [[0, 1, 0], [1, 0, 0]])
    row("one_hot", [3, 3], [0, 0, 1])
    row("range", [2, 5], [2, 3, 4, 5])
    row("range", [2, 1], [])
    row("range", [-1, 1], [-1, 0, 1])
    row("seq", [1, 4, None, None], [1, 2, 3, 4])
    row("seq", [3, 1, None, None], [3, 2, 1])
    row("seq", [0, 1, None, 5], [0.0, 0.25, 0.5, 0.75, 1.0])
    row("seq", [0.0, 1.0, 0.1, None], np.arange(11) * 0.1)
    row("seq", [10, 1, -3, None], [10, 7, 4, 1])
    row("seq", [2.5, 9.5, None, 1], [2.5])
    row("seq", [2.5, 2.5, None, None], [2.5])
    row("rep", [1.5, 3], [1.5, 1.5, 1.5], [0])
    row("rep", [[1.5, 2.5], 2], [1.5, 2.5, 1.5, 2.5], [0])
    row("rep", [v, [2, 0, 1]], [1.3, 1.3, 2.2], [0])
    row("rep", [[4, 5], 0], [])
    row("cbind", [1, [2, 3]], [[1, 2], [1, 3]])
    row("cbind", [v, 0.5, w], np.column_stack([v, np.full(3, 0.5), w]), [0, 1, 2])
    row("cbind", [m, [0.1, 0.2], 7.0], np.column_stack([m, [0.1, 0.2], [7.0, 7.0]]), [0, 1, 2])
    row("cbind", [1.5, 2.5], [[1.5, 2.5]], [0, 1])
    row("rbind", [v, w], np.vstack([v, w]), [0, 1])
    row("rbind", [m, 0.5, w], np.vstack([m, np.full(3, 0.5), w]), [0, 1, 2])
    row("concat", [v, 0.5, w], np.concatenate([v, [0.5], w]), [0, 1, 2])
    row("concat", [m, m + 1], np.concatenate([m, m + 1]), [0, 1])
    row("concat", [[1, 2], 3], [1, 2, 3])
    row("[]", [1.5, 2, True], [1.5, 2, 1], [0])
    row("[]", [v, w], [v, w], [0, 1])
    row("[]", [m, m * 2], [m, m * 2], [0, 1])
    row("[]", [1, 2, 3], [1, 2, 3])
    row("reverse", [v, None], v[::-1], [0])
    row("reverse", [m, None], m[::-1], [0])
    row("reverse", [m, 2], m[:, ::-1], [0])
    row("sort", [[3.5, -1.0, 2.25], None], [-1.0, 2.25, 3.5])
    row("sort", [[3, 1, 2], None], [1, 2, 3])
    row("sort", [m, None], np.sort(m))
    row("sort", [m, 1], np.sort(m, axis=0))
    cube = np.arange(24.0).reshape(2, 3, 4) * 5 % 7
    for axis in (1, 2, 3):
        row("sort", [cube, axis], np.sort(cube, axis=axis - 1))
        row("reverse", [cube, axis], np.flip(cube, axis=axis - 1), [0])
        row("softmax", [cube, axis], scipy.special.softmax(cube, axis=axis - 1), [0])
        row("cumsum", [cube, axis], np.cumsum(cube, axis=axis - 1), [0])
        for name, f in [("sum", np.sum), ("mean", np.mean), ("prod", np.prod), ("logsumexp", scipy.special.logsumexp)]:
            shifted = cube / 4 - 0.6
            row(name, [shifted, axis], f(shifted, axis=axis - 1), [0])
    row("levels", [[1979, 1974, 1979, 1990]], np.unique([1979, 1974, 1990]))
    row("levels", [[0.5, -2.0, 0.5]], [-2.0, 0.5])
    for columns in ([[3, 1, 3, 2]], [[2, 1, 2, 1], [5, 7, 5, 5]], [[1, 2, 2, 1], [1, 1, 2, 1], [4, 3, 3, 4]]):
        _, codes = np.unique(np.transpose(columns), axis=0, return_inverse=True)
        row("interaction", columns, codes.ravel() + 1)
    groups = np.array([2, 1, 2, 4, 1])
    for value in (np.array([0.3, -1.2, 2.5, 1.7, 0.6]), np.arange(10.0).reshape(5, 2) / 3, cube[:, 0, :].repeat(3, 0)[:5]):
        for n in (None, 4, 6):
            total = np.zeros((n or 4,) + value.shape[1:])
            np.add.at(total, groups - 1, value)
            row("segment_sum", [value, groups, n], total, [0])
    row("segment_sum", [1, groups, None], [2, 2, 0, 1])
    row("segment_sum", [2.5, groups, 5], np.bincount(groups, minlength=6)[1:] * 2.5, [0])
    row("segment_sum", [[], [], 2], [0.0, 0.0])
    row("rank", [[30.0, 10.0, 20.0]], [3.0, 1.0, 2.0])
    tied = [2, 1, 2, 5, 1, 2]
    row("rank", [tied], scipy.stats.rankdata(tied))
    row("center", [v], v - v.mean(), [0])
    row("center", [m], m - m.mean(axis=0), [0])
    tall = np.array([[0.3, -1.2], [1.7, 0.6], [2.9, 0.1], [-0.4, 1.1]])
    row("standardize", [v], (v - v.mean()) / v.std(ddof=1), [0])
    row("standardize", [tall], (tall - tall.mean(axis=0)) / tall.std(axis=0, ddof=1), [0])
    row("col_means", [m], m.mean(axis=0), [0])
    row("col_means", [v], v.mean(), [0])
    row("softmax", [v, None], scipy.special.softmax(v), [0])
    row("softmax", [m, 1], scipy.special.softmax(m, axis=0), [0])
    row("log_softmax", [m, 1], scipy.special.log_softmax(m, axis=0), [0])
    row("softmax", [m, None], scipy.special.softmax(m, axis=1), [0])
    row("softmax", [[1000.0, 0.0, -1000.0], None], [1.0, 0.0, 0.0])
    row("log_softmax", [v, None], scipy.special.log_softmax(v), [0])
    row("log_softmax", [m, None], scipy.special.log_softmax(m, axis=1), [0])
    row("log_softmax", [[1000.0, 0.0, -1000.0], None], [0.0, -1000.0, -2000.0])


def linear():
    a = np.array([[0.3, -1.2, 2.5], [1.7, 0.6, -0.8]])
    b = np.array([[1.1, 0.4], [-0.7, 2.3], [0.2, -1.6]])
    v, w = np.array([1.3, -0.4, 2.2]), np.array([0.5, 1.9, -2.4])
    s = np.array([[2.0, 0.3, -0.4], [0.5, 1.5, 0.2], [-0.1, 0.6, 3.0]])
    s4 = np.array([[0.2, 1.3, -0.4, 0.7], [0.5, -1.5, 0.2, 0.1], [-2.1, 0.6, 1.0, 0.4], [0.3, 0.8, -0.9, 1.7]])
    spd = np.array([[2.0, 0.3, -0.4], [0.3, 1.5, 0.2], [-0.4, 0.2, 3.0]])
    for x, y in [(a, b), (a, v), (v, w), (v, b), (b, a)]:
        row("@", [x, y], x @ y, [0, 1])
    row("@", [[[1, 2], [3, 4]], [1, 1]], [3, 7])
    row("dot", [v, w], v @ w, [0, 1])
    row("dot", [[1, 2], [3, 4]], 11)
    row("outer", [v, [0.5, -1.5]], np.outer(v, [0.5, -1.5]), [0, 1])
    row("kron", [a, b], np.kron(a, b), [0, 1])
    row("quad_form", [s, v], v @ s @ v, [0, 1])
    row("quad_form", [s, b], b.T @ s @ b, [0, 1])
    row("transpose", [a], a.T, [0])
    row("transpose", [v], v, [0])
    row("transpose", [2.5], 2.5, [0])
    row("diag", [v], np.diag(v), [0])
    row("diag", [s], np.diag(s), [0])
    row("diag_matrix", [v], np.diag(v), [0])
    row("trace", [s], np.trace(s), [0])
    for matrix in ([[2.5]], [[0.3, 1.2], [-0.7, 0.4]], s, s4, s4[[1, 0, 2, 3]]):
        matrix = np.array(matrix)
        det = mp.det(mp.matrix(matrix.tolist()))
        row("det", [matrix], det, [0])
        row("logdet", [matrix], mp.log(abs(det)), [0])
    row("det", [[[1.0, 2.0], [2.0, 4.0]]], 0.0, [0])
    row("det", [[[0, 1], [1, 0]]], -1.0)
    row("inverse", [s], np.linalg.inv(s), [0])
    row("inverse", [s4], np.linalg.inv(s4), [0])
    row("solve", [s, v], np.linalg.solve(s, v), [0, 1])
    row("solve", [s, b], np.linalg.solve(s, b), [0, 1])
    row("cholesky", [spd], scipy.linalg.cholesky(spd, lower=True), [0])
    values, vectors = np.linalg.eigh(spd)
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(3)])
    row("eigen_sym", [spd], values, [0])
    row("eigen_sym", [spd, True], vectors, [0])
    row("eigen_sym", [[[2, 1], [1, 2]]], [1.0, 3.0])
    row("eigen_sym", [[[7.5]]], [7.5], [0])


def stacks():
    a = np.array([[[0.3, -1.2, 2.5], [1.7, 0.6, -0.8]], [[0.9, 0.1, -0.5], [-1.1, 0.2, 0.7]]])
    b = np.array([[[1.1, 0.4], [-0.7, 2.3], [0.2, -1.6]], [[0.5, -0.3], [1.2, 0.8], [-0.6, 0.1]]])
    s = np.array([[[2.0, 0.3], [0.5, 1.5]], [[-0.4, 1.2], [0.6, 3.0]], [[1.5, -0.2], [0.7, 0.9]]])
    spd = np.array([[[2.0, 0.3], [0.3, 1.5]], [[1.4, -0.2], [-0.2, 3.0]], [[1.5, 0.6], [0.6, 0.9]]])
    v, w = np.array([1.3, -0.4, 2.2]), np.array([0.5, 1.9])
    row("@", [a, b], a @ b, [0, 1])
    row("@", [a[0], b], a[0] @ b, [0, 1])
    row("@", [a, b[1]], a @ b[1], [0, 1])
    row("@", [a, v], a @ v, [0, 1])
    row("@", [v, b], v @ b, [0, 1])
    row("quad_form", [s, w], np.einsum("i,sij,j->s", w, s, w), [0, 1])
    row("quad_form", [s, a[0]], np.einsum("ia,sij,jb->sab", a[0], s, a[0]), [0, 1])
    row("quad_form", [s[0], a], np.einsum("sia,ij,sjb->sab", a, s[0], a), [0, 1])
    row("transpose", [a], a.transpose(0, 2, 1), [0])
    row("diag", [s], np.array([np.diag(m) for m in s]), [0])
    row("diag_matrix", [s[0]], np.array([np.diag(m) for m in s[0]]), [0])
    row("trace", [s], np.trace(s, axis1=1, axis2=2), [0])
    row("det", [s], np.linalg.det(s), [0])
    row("logdet", [s], np.linalg.slogdet(s)[1], [0])
    row("inverse", [s], np.linalg.inv(s), [0])
    row("solve", [s, w], np.array([np.linalg.solve(m, w) for m in s]), [0, 1])
    row("solve", [s[0], a], np.array([np.linalg.solve(s[0], m) for m in a]), [0, 1])
    row("solve", [s[:2], a], np.linalg.solve(s[:2], a), [0, 1])
    row("cholesky", [spd], np.linalg.cholesky(spd), [0])
    values, vectors = np.linalg.eigh(spd)
    vectors = vectors * np.sign(np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1))
    row("eigen_sym", [spd], values, [0])
    row("eigen_sym", [spd, True], vectors, [0])


def kernels():
    line = np.array([0.0, 1.1, 3.2, 1.1])
    plane = np.array([[0.0, 0.5], [1.1, -0.3], [3.2, 0.9]])
    sd, length, period = 1.7, 1.4, 4.3

    def distances(x):
        x = x.reshape(len(x), -1)
        return np.sqrt(((x[:, None] - x[None]) ** 2).sum(axis=2))

    def kernel(name, r, l):
        if name == "gp_exp_quad":
            return sd**2 * np.exp(-(r**2) / (2 * l**2))
        a = math.sqrt(3 if name == "gp_matern32" else 5) * r / l
        return sd**2 * (1 + a if name == "gp_matern32" else 1 + a + a**2 / 3) * np.exp(-a)

    for name in ("gp_exp_quad", "gp_matern32", "gp_matern52"):
        for x in (line, plane):
            row(name, [x, sd, length], kernel(name, distances(x), length), [1, 2])
        row(name, [plane, sd, length], kernel(name, distances(plane), length), [0, 1, 2])
        lengths = np.array([0.8, 1.9])
        row(name, [plane, sd, lengths], kernel(name, distances(plane / lengths), 1.0), [0, 1, 2])
    for x in (line, plane):
        r = distances(x)
        value = sd**2 * np.exp(-2 * np.sin(np.pi * r / period) ** 2 / length**2)
        row("gp_periodic", [x, sd, length, period], value, [0, 1, 2, 3])
        columns = x.reshape(len(x), -1)
        row("gp_linear", [x, sd, length], sd**2 * columns @ columns.T / length**2, [0, 1, 2])
    row("gp_exp_quad", [line, sd, length], kernel("gp_exp_quad", distances(line), length), [0])


elementwise()
reductions()
vectors()
linear()
stacks()
kernels()
path = pathlib.Path(__file__).with_name("functions.csv")
with path.open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["name", "args", "vary", "expected"])
    writer.writerows(ROWS)
