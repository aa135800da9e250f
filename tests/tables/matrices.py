"""Points and textbook log densities of distributions of matrices and of vectors with structure, for make_tables.py."""

import itertools
import math

from mpmath import mp, mpf, log, log1p, loggamma, pi, matrix, det, lu_solve


def as_matrix(rows):
    return matrix([[mpf(v) for v in row] for row in rows])


def lkj_constant(k, eta):
    """Lewandowski, Kurowicka & Joe (2009), equation 16."""
    n = int(k)
    total = (n - 1) * loggamma(eta + mpf(n - 1) / 2)
    return total - sum(mpf(i) / 2 * log(pi) + loggamma(eta + mpf(n - 1 - i) / 2) for i in range(1, n))


def lkj_cholesky(k, eta, x):
    n = int(k)
    return lkj_constant(k, eta) + sum((n - i + 2 * eta - 2) * log(x[i - 1][i - 1]) for i in range(2, n + 1))


def lkj_corr(k, eta, x):
    return lkj_constant(k, eta) + (eta - 1) * log(det(as_matrix(x)))


def multivariate_log_gamma(k, a):
    return k * (k - 1) * log(pi) / 4 + sum(loggamma(a - mpf(i) / 2) for i in range(k))


def wishart(df, scale, x):
    k, s, w = len(x), as_matrix(scale), as_matrix(x)
    trace = sum(lu_solve(s, w[:, j])[j] for j in range(k))
    rest = df * k * log(2) / 2 + df * log(det(s)) / 2 + multivariate_log_gamma(k, df / 2)
    return (df - k - 1) / 2 * log(det(w)) - trace / 2 - rest


def inverse_wishart(df, scale, x):
    k, s, w = len(x), as_matrix(scale), as_matrix(x)
    trace = sum(lu_solve(w, s[:, j])[j] for j in range(k))
    rest = df * k * log(2) / 2 + multivariate_log_gamma(k, df / 2)
    return df * log(det(s)) / 2 - (df + k + 1) / 2 * log(det(w)) - trace / 2 - rest


def student(df, loc, cov, x):
    k = cov.rows
    r = matrix([x[i] - loc[i if len(loc) > 1 else 0] for i in range(k)])
    share = (r.T * lu_solve(cov, r))[0] / df
    gammas = loggamma((df + k) / 2) - loggamma(df / 2)
    return gammas - k * log(df * pi) / 2 - log(det(cov)) / 2 - (df + k) / 2 * log1p(share)


def normal(m, s, x):
    return -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2


def auto_regressive(coef, sd, x):
    def before(t):
        return sum(c * x[t - 1 - lag] for lag, c in enumerate(coef) if lag < t)

    return sum(normal(before(t), sd, x[t]) for t in range(len(x)))


def icar(node1, node2, x):
    """Log pseudo-determinant of the Laplacian Q by Q + 11' / N, which has 1 in the place of its zero eigenvalue."""
    n = len(x)
    q = matrix(n, n) + mp.ones(n, n) / n
    for a, b in zip(node1, node2):
        i, j = int(a) - 1, int(b) - 1
        q[i, i] += 1
        q[j, j] += 1
        q[i, j] -= 1
        q[j, i] -= 1
    squares = sum((x[int(a) - 1] - x[int(b) - 1]) ** 2 for a, b in zip(node1, node2))
    return log(det(q)) / 2 - squares / 2 - (n - 1) * log(2 * pi) / 2


def wave(n, phase, size=1.0):
    return [size * math.sin(phase + 1.7 * i) for i in range(n)]


def correlation_factor(k, phase, size):
    """Doubles close to a Cholesky factor of a correlation matrix."""
    rows = []
    for i in range(k):
        row, left = [], 1.0
        for z in wave(i, phase + i, size):
            row.append(math.tanh(z) * left)
            left /= math.cosh(z)
        rows.append(row + [left] + [0.0] * (k - 1 - i))
    return rows


def square(rows):
    k = len(rows)
    return [[sum(rows[max(i, j)][m] * rows[min(i, j)][m] for m in range(min(i, j) + 1)) for j in range(k)] for i in range(k)]


def scaled(rows, factor):
    return [[factor * v for v in row] for row in rows]


ETAS = [1e-3, 0.5, 1.0, 2.5, 60.0, 1e4, 1e6]


def lkj_points(of_factor, sizes):
    for k, eta, (phase, size) in itertools.product([1, 2, 3, 6, 15], ETAS, sizes):
        factor = correlation_factor(k, phase, size)
        x = square(factor) if of_factor else factor
        yield (float(k), eta, [[1.0 if i == j and of_factor else x[i][j] for j in range(k)] for i in range(k)])


def scales():
    yield [[2.0]]
    yield [[1.0, 0.5], [0.5, 2.0]]
    yield [[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 0.5]]
    yield square([[1.0 + 0.1 * i if i == j else 0.3 * math.sin(i + 2 * j) if j < i else 0.0 for j in range(6)] for i in range(6)])


def wishart_points(inverse):
    for scale in scales():
        k = len(scale)
        for df in [k - 1 + 1e-3, float(k), 2 * k + 0.5, 300.0, 1e6]:
            for factor, twist in [(1.0, 0.0), (1.3, 0.2), (1e-6, 0.1), (1e4, 0.3)]:
                middle = 1 / df if inverse else df
                twisted = square([[1.0 if i == j else twist if j < i else 0.0 for j in range(k)] for i in range(k)])
                x = [[middle * factor * scale[i][j] * twisted[i][j] for j in range(k)] for i in range(k)]
                yield (df, scale, x)


def student_points():
    for cov in scales():
        k = len(cov)
        for df, loc, far in itertools.product([0.5, 3.0, 30.0, 1e6], [[0.0], wave(k, 0.2)], [0.0, 1.0, -30.0, 1e20]):
            yield (df, loc, cov, [far * (0.5 + 0.1 * i) for i in range(k)])


def factor_points():
    for df, loc, cov, x in student_points():
        k = len(cov)
        yield (df, loc, [[cov[i][j] if j < i else abs(cov[i][j]) if i == j else 0.0 for j in range(k)] for i in range(k)], x)


def walk_points():
    for sd, n, size in itertools.product([1e-6, 0.3, 1.0, 250.0], [1, 2, 5, 40], [0.0, 1.0, -30.0, 1e4]):
        yield (sd, float(n), wave(n, 0.4, size * sd))


def auto_regressive_points():
    for coef in [[0.7], [1.0], [-1.3], [0.5, 0.3], [1.6, -0.9, 0.2]]:
        for sd, n, size in itertools.product([1e-6, 0.3, 250.0], [1, 2, 5, 40], [0.0, 1.0, -30.0]):
            yield (coef, sd, float(n), wave(n, 0.4, size * sd))


def centred(x):
    mean = sum(x) / len(x)
    return [v - mean for v in x]


def graphs():
    yield [(1, 2)]
    yield [(1, 2), (2, 3), (3, 4), (4, 1), (2, 4)]
    yield [(i, i + 1) for i in range(1, 12)]
    yield [(5 * r + c + 1, n) for r in range(5) for c in range(5) for n in
           ([5 * r + c + 2] if c < 4 else []) + ([5 * r + c + 6] if r < 4 else [])]
    yield list(itertools.combinations(range(1, 9), 2))


def icar_points():
    for edges in graphs():
        n = max(max(e) for e in edges)
        for size in [0.0, 1.0, -30.0, 1e4]:
            yield ([float(a) for a, _ in edges], [float(b) for _, b in edges], centred(wave(n, 0.6, size)))


# name: [(points, log density)] by form
TABLES = {
    "LkjCholesky": [(list(lkj_points(False, [(0.3, 0.0), (0.3, 0.6), (1.1, 3.0), (2.0, 20.0)])), lkj_cholesky)],
    "LkjCorr": [(list(lkj_points(True, [(0.3, 0.0), (0.3, 0.4), (1.1, 0.7)])), lkj_corr)],
    "MvStudentT": [
        (list(student_points()), lambda df, m, cov, x: student(df, m, as_matrix(cov), x)),
        (list(factor_points()), lambda df, m, l, x: student(df, m, as_matrix(l) * as_matrix(l).T, x)),
    ],
    "Wishart": [(list(wishart_points(False)), wishart)],
    "InverseWishart": [(list(wishart_points(True)), inverse_wishart)],
    "RandomWalk": [(list(walk_points()), lambda sd, n, x: auto_regressive([mpf(1)], sd, x))],
    "AutoRegressive": [(list(auto_regressive_points()), lambda coef, sd, n, x: auto_regressive(coef, sd, x))],
    "Icar": [(list(icar_points()), icar)],
}
