#!/usr/bin/env python3
"""Simulates the data of these models from the models themselves.

usage: python3 examples/posteriordb/make_data.py [NAME ...]        needs numpy; every run writes the same files

For each model NAME: NAME/data.csv or NAME/data.json, and NAME/truth.json, which holds for each parameter the value
that made the data. A function makes one model's data and truth; the seed belongs to the name.
"""
import csv, json, pathlib, sys, zlib
import numpy as np

HERE = pathlib.Path(__file__).parent


def inv_logit(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def logit(p):
    return np.log(p / (1 - np.asarray(p)))


def center(x):
    return x - x.mean()


def standardize(x):
    return center(x) / x.std(ddof=1)


def flip(rng, p):
    """0 or 1, with probability p of 1."""
    return (rng.random(np.shape(p)) < p).astype(int)


def spread(rng, n):
    """Quantiles of the standard normal distribution, in random order: a plausible set of n effects."""
    return rng.permutation(np.median(np.sort(rng.standard_normal((1001, n)), axis=1), axis=0))


def zero_sum(rng, n, sd):
    return center(rng.normal(0, sd, n))


def columns(*parts):
    n = max(np.size(p) for p in parts)
    return np.column_stack([np.broadcast_to(p, n) for p in parts])


def kernel(x, sd, length):
    return sd**2 * np.exp(-0.5 * (np.subtract.outer(x, x) / length) ** 2)


def curve(rng, x, sd, length):
    return np.linalg.cholesky(kernel(x, sd, length) + 1e-8 * np.eye(len(x))) @ rng.standard_normal(len(x))


def integrate(f, y, t0, times, pieces=200):
    """Runge and Kutta's method of order 4, with so many steps from one time to the next."""
    y, rows = np.array(y, float), []
    for t1 in times:
        h = (t1 - t0) / pieces
        for i in range(pieces):
            t = t0 + i * h
            k1 = f(t, y)
            k2 = f(t + h / 2, y + h / 2 * k1)
            k3 = f(t + h / 2, y + h / 2 * k2)
            k4 = f(t + h, y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t0 = t1
        rows.append(y)
    return np.array(rows)


# Lines


def children(rng, n=150):
    return flip(rng, np.full(n, 0.78)), np.round(rng.normal(100, 15, n), 1)


def kidscore_momhs(rng):
    hs, _ = children(rng)
    return dict(mom_hs=hs, score=rng.normal(77 + 12 * hs, 19)), dict(base=77, gain=12, sigma=19)


def kidscore_momiq(rng):
    _, iq = children(rng)
    return dict(mom_iq=iq, score=rng.normal(26 + 0.6 * iq, 18)), dict(base=26, slope=0.6, sigma=18)


def kidscore_momhsiq(rng):
    hs, iq = children(rng)
    score = rng.normal(26 + 6 * hs + 0.56 * iq, 18)
    return dict(mom_hs=hs, mom_iq=iq, score=score), dict(base=26, gain=6, slope=0.56, sigma=18)


def kidscore_mom_work(rng):
    level = dict(none=82.0, later=86.0, parttime=93.0, fulltime=87.0)
    work = rng.choice(list(level), 150, p=[0.18, 0.22, 0.25, 0.35])
    score = rng.normal([level[w] for w in work], 20)
    return dict(mom_work=list(work), score=score), dict(level=level, sigma=20, contrast=5)


def interaction(rng, transform, b):
    hs, iq = children(rng)
    u, v = transform(hs, iq)
    return dict(mom_hs=hs, mom_iq=iq, score=rng.normal(columns(1, u, v, u * v) @ b, 18)), dict(b=b, sigma=18)


def kidscore_interaction_c(rng):
    return interaction(rng, lambda hs, iq: (center(hs), center(iq)), np.array([87.5, 3, 0.6, -0.5]))


def kidscore_interaction_c2(rng):
    return interaction(rng, lambda hs, iq: (hs - 0.5, iq - 100), np.array([86.8, 2.8, 0.7, -0.5]))


def kidscore_interaction_z(rng):
    return interaction(rng, lambda hs, iq: (standardize(hs) / 2, standardize(iq) / 2), np.array([87.6, 2.3, 17.6, -12]))


def workers(rng, n=120):
    male = flip(rng, np.full(n, 0.4))
    return male, np.round(rng.normal(64.5 + 5 * male, 2.7))


def log10earn_height(rng):
    _, height = workers(rng)
    return dict(height=height, earn=10 ** rng.normal(2.5 + 0.026 * height, 0.4)), dict(base=2.5, slope=0.026, sigma=0.4)


def logearn_height(rng):
    _, height = workers(rng)
    return dict(height=height, earn=np.exp(rng.normal(5.8 + 0.06 * height, 0.9))), dict(base=5.8, slope=0.06, sigma=0.9)


def logearn_height_male(rng):
    male, height = workers(rng)
    earn = np.exp(rng.normal(8.1 + 0.02 * height + 0.4 * male, 0.88))
    return dict(height=height, male=male, earn=earn), dict(base=8.1, slope=0.02, step=0.4, sigma=0.88)


def logearn_interaction_z(rng):
    male, height = workers(rng)
    z, b = standardize(height), np.array([9.5, 0.07, 0.4, 0.03])
    earn = np.exp(rng.normal(columns(1, z, male, z * male) @ b, 0.88))
    return dict(height=height, male=male, earn=earn), dict(b=b, sigma=0.88)


def logearn_logheight_male(rng):
    male, height = workers(rng)
    earn = np.exp(rng.normal(3.6 + 1.4 * np.log(height) + 0.4 * male, 0.88))
    return dict(height=height, male=male, earn=earn), dict(base=3.6, power=1.4, step=0.4, sigma=0.88)


def bushes(rng, n=60):
    size = rng.normal(0, 0.45, n)
    tall = np.exp(size + rng.normal(0.35, 0.2, n))
    sizes = dict(diam1=np.exp(size + rng.normal(0.6, 0.2, n)), diam2=np.exp(size + rng.normal(0.35, 0.2, n)),
                 canopy_height=tall * rng.uniform(0.6, 0.95, n), total_height=tall, density=rng.integers(1, 6, n),
                 group=flip(rng, np.full(n, 0.55)))
    return {k: np.round(v, 3) for k, v in sizes.items()}


def weighed(rng, d, mean, sigma, truth, *unused):
    d = {k: v for k, v in d.items() if k not in unused}
    return d | dict(weight=np.exp(rng.normal(mean, sigma))), truth | dict(sigma=sigma)


def logmesquite(rng):
    d, p = bushes(rng), np.array([0.4, 1.1, 0.4, 0.4, 0.1])
    mean = 4.8 + np.log(columns(*list(d.values())[:5])) @ p + 0.6 * d["group"]
    return weighed(rng, d, mean, 0.33, dict(power=p, base=4.8, site=0.6))


def logmesquite_logva(rng):
    d = bushes(rng)
    area = d["diam1"] * d["diam2"]
    mean = 5.2 + 0.3 * np.log(area * d["canopy_height"]) + 0.5 * np.log(area) + 0.5 * d["group"]
    truth = dict(base=5.2, b_volume=0.3, b_area=0.5, site=0.5)
    return weighed(rng, d, mean, 0.35, truth, "total_height", "density")


def logmesquite_logvas(rng):
    d, b = bushes(rng), np.array([0.4, 0.4, -0.35, 0.3, 0.1])
    area = d["diam1"] * d["diam2"]
    sizes = np.log(columns(area * d["canopy_height"], area, d["diam1"] / d["diam2"], d["total_height"], d["density"]))
    return weighed(rng, d, 5 + sizes @ b + 0.6 * d["group"], 0.33, dict(base=5, b=b, site=0.6))


def logmesquite_logvash(rng):
    d, b = bushes(rng), np.array([0.4, 0.4, -0.35, 0.4])
    area = d["diam1"] * d["diam2"]
    sizes = np.log(columns(area * d["canopy_height"], area, d["diam1"] / d["diam2"], d["total_height"]))
    return weighed(rng, d, 5 + sizes @ b + 0.6 * d["group"], 0.33, dict(base=5, b=b, site=0.6), "density")


def logmesquite_logvolume(rng):
    d = bushes(rng)
    mean = 5.2 + 0.72 * np.log(d["diam1"] * d["diam2"] * d["canopy_height"])
    return weighed(rng, d, mean, 0.4, dict(base=5.2, power=0.72), "total_height", "density", "group")


def sesame_one_pred(rng):
    encouraged = flip(rng, np.full(120, 0.63))
    watched = rng.normal(2 + 0.9 * encouraged, 0.9)
    return dict(encouraged=encouraged, watched=watched), dict(base=2, gain=0.9, sigma=0.9)


def independent_potential_outcomes(rng):
    treated = flip(rng, np.full(150, 0.5))
    outcome = rng.normal(4 + 1.6 * treated, np.where(treated == 1, 2.5, 1.4))
    truth = dict(control=4, effect=1.6, sigma=np.array([1.4, 2.5]), upper_effect=1.6 + 0.67449 * (2.5 - 1.4))
    return dict(treated=treated, outcome=outcome), truth


def households(rng, n=250):
    return (np.round(rng.gamma(1.6, 30, n), 1), np.round(0.5 + rng.gamma(1.4, 0.9, n), 2), rng.integers(0, 15, n),
            flip(rng, np.full(n, 0.42)))


def wells_dist(rng):
    dist = households(rng)[0]
    return dict(dist=dist, switched=flip(rng, inv_logit(0.6 - 0.006 * dist))), dict(base=0.6, slope=-0.006)


def wells_dist100(rng):
    dist = households(rng)[0]
    return dict(dist=dist, switched=flip(rng, inv_logit(0.6 - 0.62 * dist / 100))), dict(base=0.6, slope=-0.62)


def wells_dist100ars(rng):
    dist, arsenic, *_ = households(rng)
    switched = flip(rng, inv_logit(-0.9 * dist / 100 + 0.46 * arsenic))
    return dict(dist=dist, arsenic=arsenic, switched=switched), dict(base=0, b_dist=-0.9, b_arsenic=0.46)


def wells(rng, inputs, b, used):
    """Answers of households to the inputs made of distance, arsenic, education and association."""
    dist, arsenic, educ, assoc = households(rng)
    switched = flip(rng, inv_logit(columns(1, *inputs(dist / 100, arsenic, educ / 4, assoc)) @ b))
    d = dict(dist=dist, arsenic=arsenic, educ=educ, assoc=assoc)
    return {k: d[k] for k in used} | dict(switched=switched), dict(b=np.array(b))


def wells_interaction(rng):
    return wells(rng, lambda d, a, e, s: (d, a, d * a), [-0.15, -0.6, 0.56, -0.18], ["dist", "arsenic"])


def wells_interaction_c(rng):
    def inputs(d, a, e, s):
        d, a = center(d), center(a)
        return d, a, d * a
    return wells(rng, inputs, [0.35, -0.88, 0.47, -0.18], ["dist", "arsenic"])


def wells_dae(rng):
    return wells(rng, lambda d, a, e, s: (d, a, e), [-0.2, -0.9, 0.47, 0.17], ["dist", "arsenic", "educ"])


def wells_dae_c(rng):
    def inputs(d, a, e, s):
        d, a = center(d), center(a)
        return d, a, d * a, e
    return wells(rng, inputs, [0.15, -0.92, 0.49, -0.16, 0.17], ["dist", "arsenic", "educ"])


def wells_dae_inter(rng):
    def inputs(d, a, e, s):
        d, a, e = center(d), center(a), center(e)
        return d, a, e, d * a, d * e, a * e
    return wells(rng, inputs, [0.36, -0.9, 0.5, 0.18, -0.12, 0.32, 0.07], ["dist", "arsenic", "educ"])


def wells_daae_c(rng):
    def inputs(d, a, e, s):
        d, a = center(d), center(a)
        return d, a, d * a, s, e
    return wells(rng, inputs, [0.2, -0.88, 0.48, -0.16, -0.12, 0.17], ["dist", "arsenic", "educ", "assoc"])


def nes_logit(rng):
    income = rng.choice(5, 250, p=[0.15, 0.18, 0.34, 0.27, 0.06]) + 1
    return dict(income=income, vote=flip(rng, inv_logit(-1.4 + 0.33 * income))), dict(base=-1.4, slope=0.33)


# Groups


COUNTIES = ["AITKIN", "ANOKA", "BECKER", "BROWN", "CARVER", "CLAY", "DAKOTA", "DODGE", "HENNEPIN",
            "MOWER", "RAMSEY", "WINONA"]


def houses(rng):
    n = rng.integers(8, 24, len(COUNTIES))
    county = np.repeat(np.arange(len(COUNTIES)), n)
    return county, flip(rng, np.full(len(county), 0.25))


def radon_data(county, floor, y):
    return dict(county=[COUNTIES[j] for j in county], first_floor=floor, log_radon=y)


def by_county(values):
    return dict(zip(COUNTIES, values))


def radon_pooled(rng):
    county, floor = houses(rng)
    y = rng.normal(1.36 - 0.6 * floor, 0.8)
    return dict(first_floor=floor, log_radon=y), dict(alpha=1.36, beta=-0.6, sigma=0.8)


def radon_county(rng):
    county, floor = houses(rng)
    alpha = rng.normal(1.3, 0.4, len(COUNTIES))
    d = radon_data(county, floor, rng.normal(alpha[county], 0.8))
    del d["first_floor"]
    return d, dict(mu=1.3, tau=0.4, sigma=0.8, alpha=by_county(alpha))


def radon_county_intercept(rng):
    county, floor = houses(rng)
    alpha = rng.normal(1.4, 0.5, len(COUNTIES))
    y = rng.normal(alpha[county] - 0.7 * floor, 0.75)
    return radon_data(county, floor, y), dict(alpha=by_county(alpha), beta=-0.7, sigma=0.75)


def radon_hierarchical_intercept(rng):
    county, floor = houses(rng)
    uranium = np.round(rng.normal(0, 0.4, len(COUNTIES)), 3)
    alpha = rng.normal(1.45 + 0.7 * uranium, 0.4)
    y = rng.normal(alpha[county] - 0.65 * floor, 0.75)
    truth = dict(mu=1.45, b_uranium=0.7, b_floor=-0.65, tau=0.4, sigma=0.75, alpha=alpha)
    return dict(county=county + 1, first_floor=floor, log_radon=y, uranium=uranium), truth


def radon_variable_intercept(rng):
    county, floor = houses(rng)
    alpha = rng.normal(1.45, 0.35, len(COUNTIES))
    y = rng.normal(alpha[county] - 0.7 * floor, 0.75)
    return radon_data(county, floor, y), dict(mu=1.45, tau=0.35, beta=-0.7, sigma=0.75, alpha=by_county(alpha))


def radon_variable_slope(rng):
    county, floor = houses(rng)
    beta = rng.normal(-0.7, 0.8, len(COUNTIES))
    y = rng.normal(1.35 + beta[county] * floor, 0.75)
    return radon_data(county, floor, y), dict(alpha=1.35, mu=-0.7, tau=0.8, sigma=0.75, beta=by_county(beta))


def radon_variable_intercept_slope(rng):
    county, floor = houses(rng)
    mu, tau = np.array([1.45, -0.7]), np.array([0.35, 0.8])
    line = rng.normal(mu, tau, (len(COUNTIES), 2))
    y = rng.normal(line[county, 0] + line[county, 1] * floor, 0.7)
    lines = {f"{c},{k + 1}": line[j, k] for j, c in enumerate(COUNTIES) for k in range(2)}
    return radon_data(county, floor, y), dict(mu=mu, tau=tau, sigma=0.7, line=lines)


def pilots(rng):
    g, a = rng.normal(3, 1.2, 5), rng.normal(-2, 3, 8)
    group, airport = np.repeat(np.arange(5), 8), np.tile(np.arange(8), 5)
    truth = dict(mu_group=0.3, mu_airport=-0.2, sd_group=1.2, sd_airport=3, sigma=1, group_effect=g, airport_effect=a,
                 level=1)
    return dict(group=group + 1, airport=airport + 1, success=rng.normal(g[group] + a[airport], 1)), truth


def election88_full(rng):
    n, b, tau = 300, np.array([-1.5, -1.6, -0.1, 3.5, -0.2]), np.array([0.6, 0.6])
    age, edu, state = rng.integers(0, 4, n), rng.integers(0, 4, n), rng.integers(0, 12, n)
    previous, both = np.round(rng.uniform(0.4, 0.65, 12), 3), age * 4 + edu
    black, female = flip(rng, np.full(n, 0.15)), flip(rng, np.full(n, 0.55))
    a = [rng.normal(0, t, k) for t, k in zip(tau, (16, 12))]
    eta = columns(1, black, female, previous[state], female * black) @ b + a[0][both] + a[1][state]
    d = dict(age_edu=both + 1, state=state + 1, black=black, female=female, previous=previous[state],
             vote=flip(rng, inv_logit(eta)))
    return d, dict(b=b, tau=tau, a_both=a[0], a_state=a[1])


def rats(rng):
    mu, tau, sigma = np.array([242.0, 6.2]), np.array([14.0, 0.5]), 6
    line = rng.normal(mu, tau, (15, 2))
    rat, day = np.repeat(np.arange(15), 5), np.tile([8, 15, 22, 29, 36], 15)
    weight = rng.normal(line[rat, 0] + line[rat, 1] * (day - 22), sigma)
    truth = dict(mu=mu, tau=tau, sigma=sigma, line=line, birth_weight=mu[0] - 22 * mu[1])
    return dict(rat=rat + 1, day=day, weight=np.round(weight, 1)), truth


def plates(rng, b, tau):
    kind, root = np.repeat([0, 0, 1, 1], 6), np.repeat([0, 1, 0, 1], 6)
    planted = rng.integers(20, 90, 24)
    eps = rng.normal(0, tau, 24)
    eta = columns(1, kind, root, kind * root) @ b + eps
    return dict(kind=kind, root=root, planted=planted, germinated=rng.binomial(planted, inv_logit(eta))), eps, eta


def seeds(rng):
    d, eps, _ = plates(rng, [-0.5, 0.1, 1.3, -0.8], 0.35)
    return d, dict(base=-0.5, b_kind=0.1, b_root=1.3, b_both=-0.8, tau=0.35, plate=eps)


def seeds_stanified(rng):
    b = np.array([-0.5, 0.1, 1.2, -0.7])
    d, _, eta = plates(rng, b, 0.5)
    return d, dict(b=b, tau=0.5, plate=eta)


def dugongs(rng):
    age = np.sort(np.round(rng.uniform(1, 30, 40), 1))
    length = rng.normal(2.65 - 0.97 * 0.87**age, 0.09)
    return dict(age=age, length=length), dict(limit=2.65, gap=0.97, keep=0.87, sigma=0.09)


def surgical(rng):
    n = rng.integers(50, 500, 12)
    b = rng.normal(-2.4, 0.45, 12)
    truth = dict(mu=-2.4, sigma2=0.45**2, b=b, typical=inv_logit(-2.4))
    return dict(operations=n, deaths=rng.binomial(n, inv_logit(b))), truth


def glm_poisson(rng):
    year, b = (np.arange(40) - 19.5) / 19.5, np.array([4.2, 1.3, 0.1, -0.8])
    return dict(year=year, pairs=rng.poisson(np.exp(columns(1, year, year**2, year**3) @ b))), dict(b=b)


def glm_binomial(rng):
    year, b = (np.arange(40) - 19.5) / 19.5, np.array([0.4, 0.3, -0.8])
    watched = rng.integers(20, 100, 40)
    succeeded = rng.binomial(watched, inv_logit(columns(1, year, year**2) @ b))
    return dict(year=year, watched=watched, succeeded=succeeded), dict(b=b)


def glmm_poisson(rng):
    year, b = np.round((np.arange(40) - 19.5) / 19.5, 3), np.array([4.2, 1.2, 0.1, -0.7])
    rate = rng.normal(columns(1, year, year**2, year**3) @ b, 0.15)
    return dict(year=year, pairs=rng.poisson(np.exp(rate))), dict(b=b, tau=0.15, log_rate=rate)


def glmm1(rng):
    alpha = rng.normal(2, 0.9, 20)
    site = np.repeat(np.arange(20), 9)
    site = np.sort(rng.choice(site, 150, replace=False))
    return dict(site=site + 1, birds=rng.poisson(np.exp(alpha[site]))), dict(mu=2, tau=0.9, alpha=alpha)


def rate_1(rng):
    return dict(n=10, k=rng.binomial(10, 0.6)), dict(theta=0.6)


def rate_2(rng):
    return dict(n=[12, 15], k=rng.binomial([12, 15], [0.5, 0.8])), dict(theta=np.array([0.5, 0.8]), difference=-0.3)


def rate_3(rng):
    return dict(n=[10, 12, 9], k=rng.binomial([10, 12, 9], 0.45)), dict(theta=0.45)


# Tests and questionnaires


def bones(rng):
    grades, age = rng.integers(2, 6, 20), rng.uniform(1, 17, 12)
    slope = np.round(rng.uniform(0.6, 2.5, 20), 2)
    cut = np.sort(np.round(rng.uniform(1, 17, (20, 4)), 2), axis=1)
    cut = np.where(np.arange(4) < grades[:, None] - 1, cut, 101.0 + np.arange(4))  # never reached
    child, feature = answers(rng, 12, 20)
    kept = rng.random(len(child)) > 0.05
    child, feature = child[kept], feature[kept]
    above = inv_logit(slope[feature] * (age[child] - cut[feature].T))
    grade = 1 + (rng.random(len(child)) < above).sum(0)
    return dict(slope=slope, cut=cut, child=child + 1, feature=feature + 1, grade=grade), dict(age=age)


def answers(rng, people, items):
    return np.repeat(np.arange(people), items), np.tile(np.arange(items), people)


def lsat(rng):
    hard, theta = np.array([-2.5, -1, -0.3, -1.3, -2]), rng.standard_normal(50)
    person, item = answers(rng, 50, 5)
    right = flip(rng, inv_logit(0.9 * theta[person] - hard[item]))
    truth = dict(slope=0.9, hard=hard, ability=theta, relative=center(hard))
    return dict(person=person + 1, item=item + 1, right=right), truth


def irt_2pl(rng):
    slope, hard, theta = np.exp(0.4 * spread(rng, 12)), rng.normal(0.3, 1, 12), rng.normal(0, 1.3, 40)
    person, item = answers(rng, 40, 12)
    right = flip(rng, inv_logit(slope[item] * (theta[person] - hard[item])))
    truth = dict(sd_ability=1.3, sd_slope=0.4, mu_hard=0.3, sd_hard=1, slope=slope, hard=hard, ability=theta)
    return dict(person=person + 1, item=item + 1, right=right), truth


def hier_2pl(rng):
    mu, tau, r = np.array([0.1, 0.2]), np.array([0.4, 1]), 0.4
    xi = mu + tau * (rng.standard_normal((12, 2)) @ np.array([[1, 0], [r, np.sqrt(1 - r * r)]]).T)
    theta = rng.standard_normal(40)
    person, item = answers(rng, 40, 12)
    right = flip(rng, inv_logit(np.exp(xi[item, 0]) * (theta[person] - xi[item, 1])))
    truth = dict(mu=mu, tau=tau, correlation=r, xi=xi, ability=theta)
    return dict(person=person + 1, item=item + 1, right=right), truth


def irt_2pl_latent_regression(rng):
    people, items = 40, 8
    country, hours = flip(rng, np.full(people, 0.5)), np.round(rng.gamma(4, 1, people), 1)
    lam, slope, hard = np.array([0.3, 0.8, 0.6]), np.exp(0.5 * spread(rng, items)), zero_sum(rng, items, 1.2)
    theta = rng.normal(columns(1, center(country), standardize(hours) / 2) @ lam, 1)
    person, item = answers(rng, people, items)
    right = flip(rng, inv_logit(slope[item] * theta[person] - hard[item]))
    d = dict(country=country, hours=hours, person=person + 1, item=item + 1, right=right)
    return d, {"lambda": lam} | dict(slope=slope, hard=hard, ability=theta)


def credit(rng, gain):
    p = np.exp(np.concatenate([[0], np.cumsum(gain)]))
    return rng.choice(len(p), p=p / p.sum())


def gpcm_latent_regression(rng):
    people, steps = 25, np.array([1, 2, 3, 2])
    hours = np.round(rng.gamma(4, 1, people), 1)
    lam, slope, hard = np.array([0.2, 0.8]), np.exp(0.5 * spread(rng, 4)), zero_sum(rng, steps.sum(), 1.2)
    first = np.cumsum(steps) - steps
    theta = rng.normal(columns(1, standardize(hours) / 2) @ lam, 1)
    person, item = answers(rng, people, 4)
    y = [credit(rng, slope[i] * theta[p] - hard[first[i]:first[i] + steps[i]]) for p, i in zip(person, item)]
    d = dict(steps=steps, hours=hours, person=person + 1, item=item + 1, credit=np.array(y))
    return d, {"lambda": lam} | dict(slope=slope, hard=hard, ability=theta)


def grsm_latent_regression(rng):
    people, items = 25, 5
    hours = np.round(rng.gamma(4, 1, people), 1)
    lam, slope, hard = np.array([-0.2, 0.7]), np.exp(0.5 * spread(rng, items)), zero_sum(rng, items, 1)
    step = np.array([-1.1, 0.1, 1.0])
    theta = rng.normal(columns(1, standardize(hours) / 2) @ lam, 1)
    person, item = answers(rng, people, items)
    y = [1 + credit(rng, slope[i] * theta[p] - hard[i] - step) for p, i in zip(person, item)]
    d = dict(hours=hours, person=person + 1, item=item + 1, rating=np.array(y))
    return d, {"lambda": lam} | dict(slope=slope, hard=hard, step=step, attitude=theta)


# Animals


def caught_by(rng, p, omega=0.6, animals=50):
    """Nights on which each animal is caught; `p` gives the chances on night t after what happened on the last one."""
    present = flip(rng, np.full(animals, omega))
    caught = np.zeros((animals, 5), int)
    for t in range(5):
        last = caught[:, t - 1] if t else np.zeros(animals)
        caught[:, t] = present * flip(rng, np.broadcast_to(p(t, last), animals))
    return caught


def capture_m0(rng):
    return dict(caught=caught_by(rng, lambda t, last: 0.4)), dict(omega=0.6, p=0.4, animals=30)


def capture_mt(rng):
    p = np.array([0.2, 0.45, 0.3, 0.5, 0.35])
    return dict(caught=caught_by(rng, lambda t, last: p[t])), dict(omega=0.6, p=p)


def capture_mb(rng):
    caught = caught_by(rng, lambda t, last: np.where(last == 1, 0.6, 0.35))
    return dict(caught=caught), dict(omega=0.6, p=0.35, c=0.6, response=0.25)


def capture_mh(rng):
    eps = rng.normal(logit(0.45), 0.8, 50)
    return dict(nights=caught_by(rng, lambda t, last: inv_logit(eps)).sum(1)), dict(omega=0.6, mean_p=0.45, sigma=0.8)


def capture_mth(rng):
    p, eps = np.array([0.3, 0.5, 0.4, 0.6, 0.45]), rng.normal(0, 0.8, 50)
    caught = caught_by(rng, lambda t, last: inv_logit(logit(p[t]) + eps))
    return dict(caught=caught), dict(omega=0.6, mean_p=p, sigma=0.8)


def capture_mtbh(rng):
    p, eps = np.array([0.4, 0.5, 0.45, 0.6, 0.5]), rng.normal(0, 0.7, 50)
    caught = caught_by(rng, lambda t, last: inv_logit(logit(p[t]) + eps + 0.8 * last))
    return dict(caught=caught), dict(omega=0.6, mean_p=p, gamma=0.8, sigma=0.7)


def survey(rng):
    return dict(returned=rng.binomial(45, 0.35, 5)), dict(theta=0.35)


def shocks(rng, chance, dogs=20, trials=20):
    y = np.zeros((dogs, trials), int)
    for t in range(trials):
        y[:, t] = flip(rng, chance(t - y[:, :t].sum(1), y[:, :t].sum(1)))
    return dict(shocked=y)


def dogs(rng):
    b = np.array([1.8, -0.35, -0.2])
    return shocks(rng, lambda a, s: inv_logit(b[0] + b[1] * a + b[2] * s)), dict(b=b)


def dogs_log(rng):
    return shocks(rng, lambda a, s: inv_logit(-0.3 * a + 0.15 * s)), dict(b_avoided=-0.3, b_shocks=0.15)


def dogs_hierarchical(rng):
    return shocks(rng, lambda a, s: 0.92**s * 0.79**a), dict(a=0.92, b=0.79)


def dogs_nonhierarchical(rng):
    mu, tau, r = np.array([2.4, 1.3]), np.array([0.5, 0.5]), 0.3
    pace = mu + tau * (rng.standard_normal((10, 2)) @ np.array([[1, 0], [r, np.sqrt(1 - r * r)]]).T)
    p = inv_logit(pace)
    return shocks(rng, lambda a, s: p[:, 0] ** s * p[:, 1] ** a, 10, 15), dict(mu=mu, tau=tau, correlation=r, pace=pace)


def multi_occupancy(rng):
    species, sites, visits = 24, 8, 8
    common, easy = rng.normal(0.2, 1.2, species), rng.normal(-0.6, 0.8, species)
    lives = flip(rng, np.full((species, 1), 0.7)) * flip(rng, inv_logit(np.outer(common, np.ones(sites))))
    found = rng.binomial(visits, lives * inv_logit(easy[:, None]))
    truth = dict(alpha=0.2, beta=-0.6, omega=0.7, tau=np.array([1.2, 0.8]), common=common, easy=easy)
    return dict(visits=visits, found=found), truth


# Curves


def gp_pois_regr(rng):
    x = np.linspace(-10, 10, 11)
    f = curve(rng, x, 1.3, 5.5)
    return dict(x=x, k=rng.poisson(np.exp(f))), dict(rho=5.5, alpha=1.3, f=f)


def kronecker_gp(rng):
    x, r = np.linspace(0, 3, 15), np.array([[1, 0.6], [0.6, 1]])
    k = 1.4 * np.exp(-1.2 * np.subtract.outer(x, x) ** 2)
    cov = np.kron(r, k) + 0.1 * np.eye(30)
    y = (np.linalg.cholesky(cov) @ rng.standard_normal(30)).reshape(2, 15)
    truth = dict(height=1.4, decay=1.2, sigma2=0.1, correlation=0.6)
    return dict(x=x, y=y), truth


def birthdays(rng):
    day = np.arange(1, 201) * 3
    t = standardize(day)
    edge, j = 1.5 * t.max(), np.arange(1, 7)
    phi = np.sin(np.outer(t + edge, j) * np.pi / (2 * edge)) / np.sqrt(edge)
    turn = 2 * np.pi * np.outer(day, [1, 2, 3]) / 365.25
    w = 0.8 * np.sqrt(np.sqrt(2 * np.pi) * 1.2) * np.exp(-((1.2 * np.pi * j / (2 * edge)) ** 2) / 4)
    trend, cycle = rng.normal(0, w), rng.normal(0, 0.4, 6)
    week = center(np.array([0.2, 0.4, 0.3, 0.3, 0.3, -0.6, -0.9]))
    weekday = day % 7
    mean = 0.1 + phi @ trend + np.hstack([np.cos(turn), np.sin(turn)]) @ cycle + week[weekday]
    truth = dict(level=0.1, height=0.8, trend=trend, cycle=cycle, week=week, sigma=0.3)
    return dict(day=day, weekday=weekday + 1, births=rng.normal(mean, 0.3)), truth


def logistic_gp(rng):
    x = np.linspace(-3, 3, 18)
    f = curve(rng, x, 2, 1.2)
    return dict(x=x, **{"class": flip(rng, inv_logit(f))}), dict(height=2, length=1.2, f=f)


def gp_regression_ard(rng):
    x1, x2 = np.round(rng.uniform(0, 3, (2, 50)), 3)
    cov = kernel(x1, 1.2, 0.8) * kernel(x2, 1, 1.2) + 0.2**2 * np.eye(50)
    y = np.linalg.cholesky(cov) @ rng.standard_normal(50)
    return dict(x1=x1, x2=x2, y=y), dict(height=1.2, length=np.array([0.8, 1.2]), sigma=0.2)


# Series


def chain(rng, P, n):
    z = [0]
    for _ in range(n - 1):
        z.append(rng.choice(len(P), p=P[z[-1]]))
    return np.array(z)


def hmm_drive_0(rng):
    P, phi, lam = np.array([[0.85, 0.15], [0.25, 0.75]]), np.array([0.6, 3]), np.array([0.5, 3.5])
    z = chain(rng, P, 150)
    d = dict(prior=[[8, 2], [2, 8]], u=rng.exponential(1 / phi[z]), v=rng.exponential(1 / lam[z]))
    return d, {"P": {"1,1": P[0, 0], "2,2": P[1, 1]}, "phi": phi, "lambda": lam}


def hmm_drive_1(rng):
    P, phi, lam = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.3, 2.2]), np.array([0.5, 2.8])
    z = chain(rng, P, 150)
    d = dict(prior=[[8, 2], [2, 8]], tau=0.8, rho=1.0, u=rng.normal(phi[z], 0.8), v=rng.normal(lam[z], 1.0))
    return d, {"P": {"1,1": P[0, 0], "2,2": P[1, 1]}, "phi": phi, "lambda": lam}


def hmm_gaussian(rng):
    P = np.array([[0.85, 0.1, 0.05], [0.1, 0.8, 0.1], [0.05, 0.1, 0.85]])
    mu, sigma = np.array([-5.0, 0, 4]), np.array([1, 0.7, 1.3])
    z = chain(rng, P, 120)
    return dict(y=rng.normal(mu[z], sigma[z])), dict(P=P, mu=mu, sigma=sigma)


def iohmm_reg(rng):
    u = columns(1, np.round(rng.normal(0, 1, 100), 2), np.round(rng.normal(0, 1, 100), 2))
    w, b, sigma = np.array([1.0, -1.2, 0.8]), np.array([[1, 2, -1], [-2, -1, 3]]), np.array([0.4, 1.1])
    z = flip(rng, inv_logit(u @ w))
    y = rng.normal((u * b[z]).sum(1), sigma[z])
    return dict(u=u, y=y), dict(b=b, sigma=sigma, w=w)


def arma11(rng):
    mu, phi, theta, sigma, y, e = 0.3, 0.7, 0.3, 0.5, [], []
    for t in range(200):
        m = mu + phi * (y[-1] if y else mu) + theta * (e[-1] if e else 0)
        y.append(rng.normal(m, sigma))
        e.append(y[-1] - m)
    return dict(y=np.array(y)), dict(mu=mu, phi=phi, theta=theta, sigma=sigma)


def sir(rng):
    beta, gamma, xi, delta, t, start = 0.8, 0.5, 12.0, 0.9, np.arange(1, 11), [3000.0, 5, 0, 20]
    def f(t, y):
        ill = beta * y[3] / (y[3] + 1000) * y[0]
        return np.array([-ill, ill - gamma * y[1], gamma * y[1], xi * y[1] - delta * y[3]])
    y = integrate(f, start, 0, t)
    new = -np.diff(np.concatenate([[start[0]], y[:, 0]]))
    d = dict(t=t, start=start, new_cases=rng.poisson(new), bacteria=rng.lognormal(np.log(y[:, 3]), 0.15))
    return d, dict(beta=beta, gamma=gamma, xi=xi, delta=delta)


def one_comp_mm_elim_abs(rng):
    ka, km, vm, dose, volume, times = 1.2, 0.8, 1.5, 10.0, 1.0, np.round(np.linspace(0.5, 10, 15), 2)
    y = integrate(lambda t, y: np.exp(-ka * t) * dose * ka / volume - vm / volume * y / (km + y), [0], 0, times)[:, 0]
    d = dict(dose=dose, volume=volume, times=times, measured=rng.lognormal(np.log(y), 0.1))
    return d, dict(ka=ka, km=km, vm=vm, sigma=0.1)


def losscurve_sislob(rng):
    premium = np.round(rng.uniform(1, 2, 8), 2)
    share = rng.lognormal(-0.4, 0.5, 8)
    cohort = np.concatenate([np.full(8 - c, c) for c in range(8)])
    year = np.concatenate([np.arange(1, 9 - c) for c in range(8)])
    grown = year**1.3 / (year**1.3 + 2.2**1.3)
    loss = rng.normal(share[cohort] * premium[cohort] * grown, 0.03 * premium[cohort])
    truth = dict(mu=-0.4, tau=0.5, share=share, noise=0.03, omega=1.3, theta=2.2)
    return dict(premium=premium, cohort=cohort + 1, year=year, loss=loss), truth


def lda(rng):
    prior = np.ones((2, 8))
    prior[0, :2], prior[1, -2:] = 5, 5
    words = np.array([rng.dirichlet(p) for p in prior])
    mix = rng.dirichlet([1, 1], 10)
    doc = np.repeat(np.arange(10), 30)
    topic = [rng.choice(2, p=mix[d]) for d in doc]
    word = np.array([rng.choice(8, p=words[t]) for t in topic])
    truth = dict(mix={f"{i + 1},1": m for i, m in enumerate(mix[:, 0])}, words=words)
    return dict(prior=prior, doc=doc + 1, word=word + 1), truth


def normal_mixture(rng):
    kind = flip(rng, np.full(150, 0.65))
    return dict(y=rng.normal(np.array([-1.5, 2.0])[kind], 1)), dict(theta=0.35, mu=np.array([-1.5, 2.0]))


def normal_mixture_k(rng):
    theta, mu, sigma = np.array([0.3, 0.5, 0.2]), np.array([-6.0, 0, 5]), np.array([1.5, 1, 0.8])
    kind = rng.choice(3, 180, p=theta)
    return dict(y=rng.normal(mu[kind], sigma[kind])), dict(theta=theta, mu=mu, sigma=sigma)


def bym2_offset_only(rng):
    side = 5
    at = np.arange(side * side).reshape(side, side)
    edges = np.array([(a, b) for a, b in zip(at[:, :-1].ravel(), at[:, 1:].ravel())]
                     + [(a, b) for a, b in zip(at[:-1].ravel(), at[1:].ravel())])
    q = np.zeros((side * side,) * 2)
    for a, b in edges:
        q[a, a] += 1; q[b, b] += 1; q[a, b] -= 1; q[b, a] -= 1
    cov = np.linalg.pinv(q)
    scaling = round(float(np.exp(np.log(np.diag(cov)).mean())), 4)
    value, vector = np.linalg.eigh(q)
    smooth = vector[:, 1:] @ (rng.standard_normal(len(q) - 1) / np.sqrt(value[1:]))
    own, exposure = rng.standard_normal(len(q)), np.round(rng.gamma(5, 8, len(q)), 1)
    effect = 0.6 * (np.sqrt(0.3) * own + np.sqrt(0.7 / scaling) * smooth)
    d = dict(scaling=scaling, node1=edges[:, 0] + 1, node2=edges[:, 1] + 1, exposure=exposure,
             accidents=rng.poisson(exposure * np.exp(-0.5 + effect)))
    return d, dict(level=-0.5, spread=0.6, rho=0.7, effect=effect)


def prophet(rng):
    n = 150
    t, change, bend = np.round(np.linspace(0, 1, n), 4), np.round(np.linspace(0.1, 0.8, 8), 3), rng.laplace(0, 0.3, 8)
    days = 450
    wave = 2 * np.pi * np.column_stack([days * t / 7, days * t / 365.25])
    weekly, yearly = np.array([0.1, -0.15]), np.array([-0.2, 0.12])
    mean = 0.3 + 0.8 * t + np.maximum(t[:, None] - change, 0) @ bend
    mean = mean + np.column_stack([np.sin(wave[:, 0]), np.cos(wave[:, 0])]) @ weekly
    mean = mean + np.column_stack([np.sin(wave[:, 1]), np.cos(wave[:, 1])]) @ yearly
    d = dict(days=days, change=change, t=t, y=rng.normal(mean, 0.1))
    return d, dict(growth=0.8, offset=0.3, bend=bend, weekly=weekly, yearly=yearly, sigma=0.1)


def logistic_regression_rhs(rng):
    x, beta = np.round(rng.standard_normal((120, 8)), 2), np.array([2.0, -1.5, 1.0] + [0] * 5)
    return dict(x=x, y=flip(rng, inv_logit(0.3 + x @ beta))), dict(base=0.3, beta=beta)


def semiconj_var(rng):
    phi, cov, y = np.array([[0.5, 0.2], [-0.1, 0.6]]), np.array([[0.5, 0.2], [0.2, 0.4]]), [np.zeros(2)]
    for _ in range(100):
        y.append(rng.multivariate_normal(phi @ y[-1], cov))
    return dict(y=np.array(y)), dict(phi=phi, S={"1,1": 0.5, "2,1": 0.2, "2,2": 0.4})


MODELS = [
    kidscore_momhs, kidscore_momiq, kidscore_momhsiq, kidscore_mom_work, kidscore_interaction_c,
    kidscore_interaction_c2, kidscore_interaction_z, log10earn_height, logearn_height, logearn_height_male,
    logearn_interaction_z, logearn_logheight_male, logmesquite, logmesquite_logva, logmesquite_logvas,
    logmesquite_logvash, logmesquite_logvolume, sesame_one_pred, independent_potential_outcomes, wells_dist,
    wells_dist100, wells_dist100ars, wells_interaction, wells_interaction_c, wells_dae, wells_dae_c, wells_dae_inter,
    wells_daae_c, nes_logit, radon_pooled, radon_county, radon_county_intercept, radon_hierarchical_intercept,
    radon_variable_intercept, radon_variable_slope, radon_variable_intercept_slope, pilots, election88_full, rats,
    seeds, seeds_stanified, dugongs, surgical, glm_poisson, glm_binomial, glmm_poisson, glmm1, rate_1, rate_2, rate_3,
    bones, lsat, irt_2pl, hier_2pl, irt_2pl_latent_regression, gpcm_latent_regression, grsm_latent_regression,
    capture_m0, capture_mt, capture_mb, capture_mh, capture_mth, capture_mtbh, survey, dogs, dogs_log,
    dogs_hierarchical, dogs_nonhierarchical, multi_occupancy, gp_pois_regr, kronecker_gp, birthdays, logistic_gp,
    gp_regression_ard, hmm_drive_0, hmm_drive_1, hmm_gaussian, iohmm_reg, arma11, sir, one_comp_mm_elim_abs,
    losscurve_sislob, lda, normal_mixture, normal_mixture_k, bym2_offset_only, prophet, logistic_regression_rhs,
    semiconj_var,
]


def cell(v, digits):
    return f"{v:.{digits}f}" if isinstance(v, (float, np.floating)) else str(v)


def plain(v, digits):
    v = np.asarray(v)
    return np.round(v, digits).tolist() if v.dtype.kind == "f" else v.tolist()


def write_data(folder, data, digits=4):
    """A table where all values are columns of one length, else an object of names and values."""
    if all(np.ndim(v) == 1 for v in data.values()) and len({len(v) for v in data.values()}) == 1 and len(data) > 1:
        with open(folder / "data.csv", "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(data)
            out.writerows([cell(v, digits) for v in row] for row in zip(*data.values()))
    else:
        lines = [f'  "{name}": {json.dumps(plain(v, digits))}' for name, v in data.items()]
        (folder / "data.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write_truth(folder, truth):
    flat = {}
    for name, v in truth.items():
        if isinstance(v, dict):
            flat |= {f"{name}[{level}]": x for level, x in v.items()}
        elif np.ndim(v):
            flat |= {f"{name}[{','.join(str(i + 1) for i in at)}]": x for at, x in np.ndenumerate(v)}
        else:
            flat[name] = v
    lines = [f'  "{name}": {float(f"{float(v):.5g}"):g}' for name, v in flat.items()]
    (folder / "truth.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    for model in MODELS:
        name = model.__name__
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            (HERE / name).mkdir(exist_ok=True)
            data, truth = model(np.random.default_rng(zlib.crc32(name.encode())))
            write_data(HERE / name, data)
            write_truth(HERE / name, truth)
