#!/usr/bin/env python3
"""Simulates the data of the examples, with the parameters that made them.

usage: python3 examples/make_data.py [NAME ...]        needs numpy; every run writes the same files

For each example NAME: examples/NAME/data.csv or data.json, tables that are joined with it, and examples/NAME/truth.json, which holds for each
parameter the value that made the data, and how far from it the posterior mean may be: about three posterior
standard deviations.
"""
import csv, json, pathlib, sys
import numpy as np

HERE = pathlib.Path(__file__).parent


def write_csv(name, columns, digits=3, file="data.csv"):
    def cell(v):
        if isinstance(v, (float, np.floating)):
            return "NA" if np.isnan(v) else f"{v:.{digits}f}"
        return str(v)
    with open(HERE / name / file, "w", newline="") as opened:
        out = csv.writer(opened, lineterminator="\n")
        out.writerow(columns)
        out.writerows([cell(v) for v in row] for row in zip(*columns.values()))


def write_json(name, values, digits=3):
    def plain(v):
        v = np.asarray(v)
        return np.round(v, digits).tolist() if v.dtype.kind == "f" else v.tolist()
    lines = [f'  "{key}": {json.dumps(plain(v))}' for key, v in values.items()]
    (HERE / name / "data.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write_truth(name, truth):
    lines = [f'  "{key}": [{value}, {tolerance}]' for key, (value, tolerance) in truth.items()]
    (HERE / name / "truth.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def linear_regression(rng, name):
    n = 120
    hours, sleep = rng.uniform(0, 20, n), rng.normal(7, 1.2, n)
    score = 41 + 1.8 * hours + 2.5 * sleep + rng.normal(0, 6, n)
    write_csv(name, dict(hours=hours, sleep=sleep, score=score), digits=1)
    middle = round(41 + 1.8 * hours.mean() + 2.5 * sleep.mean(), 2)
    write_truth(name, {"typical": (middle, 1.7), "b_hours": (1.8, 0.3), "b_sleep": (2.5, 1.4), "sigma": (6, 1.2)})


def radon(rng, name):
    counties = ["AITKIN", "ANOKA", "BECKER", "BELTRAMI", "BLUE EARTH", "CARVER", "CASS", "CLAY", "DAKOTA", "DODGE",
                "FREEBORN", "GOODHUE", "HENNEPIN", "HOUSTON", "KANDIYOHI", "LAC QUI PARLE", "MOWER", "OLMSTED",
                "OTTER TAIL", "RAMSEY", "RICE", "ST LOUIS", "STEARNS", "WASHINGTON", "WINONA", "WRIGHT"]
    houses = rng.integers(3, 30, len(counties))
    houses[counties.index("HENNEPIN")] = 60
    mu, tau, sigma, beta = 1.4, 0.35, 0.75, -0.7
    alpha = mu + tau * rng.standard_normal(len(counties))
    county = np.repeat(np.arange(len(counties)), houses)
    first_floor = (rng.random(len(county)) < 0.2).astype(int)
    y = alpha[county] + beta * first_floor + rng.normal(0, sigma, len(county))
    write_csv(name, dict(county=[counties[j] for j in county], first_floor=first_floor, log_radon=y))
    truth = {"mu": (mu, 0.25), "tau": (tau, 0.2), "sigma": (sigma, 0.1), "beta": (beta, 0.3)}
    sd = 1 / np.sqrt(1 / tau**2 + houses / sigma**2)
    write_truth(name, truth | {f"alpha[{c}]": (round(a, 3), round(3 * s, 3)) for c, a, s in zip(counties, alpha, sd)})


def pupils(rng, name):
    districts = ["north", "harbour", "old town", "hills", "west"]
    n = 30
    schools = [f"S{j:02d}" for j in range(1, n + 1)]
    district = rng.integers(0, len(districts), n)
    funding = rng.normal(0, 1, n)
    extra = np.array([-3.0, 2.5, 4.0, -1.5, -2.0])
    base, b_funding, tau, sigma, b_hours = 60, 2.5, 1.5, 7.0, 1.2
    level = base + extra[district] + b_funding * funding + rng.normal(0, tau, n)
    pupil = np.repeat(np.arange(n), rng.integers(8, 25, n))
    rng.shuffle(pupil)
    hours = rng.uniform(0, 6, len(pupil))
    score = level[pupil] + b_hours * hours + rng.normal(0, sigma, len(pupil))
    write_csv(name, dict(school=[schools[j] for j in pupil], hours=hours, score=score), digits=1)
    order = rng.permutation(n)
    table = dict(school=[schools[j] for j in order], district=[districts[district[j]] for j in order],
                 funding=funding[order])
    write_csv(name, table, digits=2, file="schools.csv")
    write_truth(name, {"b_funding": (b_funding, 1.2), "b_hours": (b_hours, 0.5), "sigma": (sigma, 0.8),
                       "tau": (tau, 1.5)})


def wells(rng, name):
    n = 600
    arsenic, distance = rng.lognormal(0.3, 0.5, n), rng.gamma(2, 25, n)
    eta = -0.3 + 0.6 * arsenic - 1.1 * distance / 100
    switched = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    write_csv(name, dict(arsenic=arsenic, distance=distance, switched=switched), digits=2)
    write_truth(name, {"b_arsenic": (0.6, 0.4), "b_distance": (-1.1, 0.75)})


def hospitals(rng, name):
    names = [f"h{j + 1:02}" for j in range(30)]
    tau, effect = 0.6, 0.6 * rng.standard_normal(30)
    j = np.repeat(np.arange(30), rng.integers(8, 45, 30))
    age, emergency = rng.normal(64, 14, len(j)).round(), (rng.random(len(j)) < 0.4).astype(int)
    eta = -1.2 + 0.3 * (age - age.mean()) / 10 + 0.8 * emergency + effect[j]
    came_back = (rng.random(len(j)) < 1 / (1 + np.exp(-eta))).astype(int)
    write_csv(name, dict(hospital=[names[k] for k in j], age=age.astype(int), emergency=emergency, came_back=came_back))
    truth = {"typical": (-1.2, 0.55), "b_age": (0.3, 0.2), "b_emergency": (0.8, 0.5), "tau": (tau, 0.4)}
    write_truth(name, truth | {f"effect[{k}]": (round(e, 3), 1.1) for k, e in zip(names, effect)})


def accidents(rng, name):
    roads, years = 40, 6
    kinds = ["motorway", "rural", "urban"]
    road = np.repeat(np.arange(roads), years)
    kind = rng.integers(0, 3, roads)[road]
    km = rng.gamma(4, 5, roads)[road]
    rate = np.array([-0.7, -1.2, 0.4])[kind] - 0.08 * (np.tile(np.arange(years), roads) - 2.5)
    count = rng.poisson(km * np.exp(rate))
    year = np.tile(np.arange(2015, 2015 + years), roads)
    write_csv(name, dict(kind=[kinds[k] for k in kind], year=year, km=km, accidents=count), digits=1)
    write_truth(name, {"rate[motorway]": (-0.7, 0.12), "rate[rural]": (-1.2, 0.16), "rate[urban]": (0.4, 0.08),
                       "trend": (-0.08, 0.04)})


def robust_regression(rng, name):
    n = 100
    x = rng.uniform(-2, 2, n)
    y = 1.5 + 2 * x + rng.normal(0, 0.4, n)
    wild = rng.choice(n, 9, replace=False)
    y[wild] += rng.normal(0, 12, 9)
    write_csv(name, dict(x=x, y=y))
    write_truth(name, {"intercept": (1.5, 0.15), "slope": (2, 0.15)})


def eight_schools(rng, name):
    """The data of Rubin (1981); nothing is simulated."""
    write_json(name, dict(school=list("ABCDEFGH"), y=[28, 8, -3, 7, -1, 1, 18, 12],
                          sigma=[15, 10, 16, 11, 9, 11, 10, 18]))


def autoregression(rng, name):
    t, a, b1, b2, s = 200, 1.0, 0.55, 0.3, 0.8
    y = [a / (1 - b1 - b2)] * 2
    for _ in range(t + 50):
        y.append(a + b1 * y[-1] + b2 * y[-2] + rng.normal(0, s))
    write_csv(name, dict(y=np.array(y[-t:])))
    write_truth(name, {"mu": (round(a / (1 - b1 - b2), 3), 1.2), "phi[1]": (b1, 0.22), "phi[2]": (b2, 0.22), "sigma": (s, 0.12)})


def garch(rng, name):
    t, mu, omega, a, b = 500, 0.1, 0.15, 0.25, 0.6
    h, y = omega / (1 - a - b), []
    for _ in range(t + 100):
        y.append(mu + rng.normal(0, np.sqrt(h)))
        h = omega + a * (y[-1] - mu) ** 2 + b * h
    write_csv(name, dict(returns=np.array(y[-t:])))
    write_truth(name, {"mu": (mu, 0.12), "omega": (omega, 0.2), "a": (a, 0.2), "b": (b, 0.3)})


def local_level(rng, name):
    t = 80
    level = 20 + np.cumsum(rng.normal(0, 0.5, t))
    y = level + rng.normal(0, 1.0, t)
    write_csv(name, dict(week=np.arange(1, t + 1), y=y), digits=2)
    truth = {"drift_sd": (0.5, 0.45), "sigma": (1.0, 0.4)}
    write_truth(name, truth | {f"level[{i + 1}]": (round(level[i], 2), 1.8) for i in range(t)})


def geyser(rng, name):
    n, w, mu, sd = 270, 0.36, (54.5, 80.0), (6.0, 5.5)
    short = rng.random(n) < w
    wait = np.where(short, rng.normal(mu[0], sd[0], n), rng.normal(mu[1], sd[1], n))
    write_csv(name, dict(waiting=wait), digits=1)
    write_truth(name, {"w": (w, 0.1), "mu[1]": (mu[0], 1.9), "mu[2]": (mu[1], 1.3), "sigma[1]": (sd[0], 1.4), "sigma[2]": (sd[1], 1)})


def clusters(rng, name):
    n, w, mu, s = 240, [0.25, 0.45, 0.3], np.array([-3.0, 0.5, 4.0]), 0.8
    z = rng.choice(3, n, p=w)
    write_csv(name, dict(size=rng.normal(mu[z], s)))
    truth = {f"mu[{k + 1}]": (m, 0.35) for k, m in enumerate(mu)} | {f"w[{k + 1}]": (p, 0.1) for k, p in enumerate(w)}
    write_truth(name, truth | {"sigma": (s, 0.15)})


def hidden_markov(rng, name):
    t, p, mu, s = 300, np.array([[0.93, 0.07], [0.15, 0.85]]), np.array([0.5, 3.0]), 0.9
    z = [0]
    for _ in range(t - 1):
        z.append(rng.choice(2, p=p[z[-1]]))
    write_csv(name, dict(day=np.arange(1, t + 1), activity=rng.normal(mu[z], s)))
    write_truth(name, {"P[1,1]": (0.93, 0.06), "P[2,2]": (0.85, 0.14), "mu[1]": (0.5, 0.2), "mu[2]": (3.0, 0.35),
                       "sigma": (s, 0.12)})


def gaussian_process(rng, name):
    n = 30
    x = np.sort(rng.uniform(0, 10, n))
    y = 1.5 * np.sin(x) + 0.3 * x - 1.5 + rng.normal(0, 0.3, n)
    write_csv(name, dict(x=x, y=y))
    write_truth(name, {"sigma": (0.3, 0.14)})


def batting(rng, name):
    players = ["Alvarez", "Boone", "Chen", "Dawson", "Ellis", "Fujita", "Garcia", "Hughes", "Ito", "Jones", "Kelly",
               "Lopez", "Moore", "Nolan", "Ortiz", "Price", "Quinn", "Reyes", "Stone", "Tanaka", "Usher", "Vega",
               "Walsh", "Young"]
    p = rng.beta(0.27 * 150, 0.73 * 150, len(players))
    at_bats = rng.integers(45, 400, len(players))
    write_csv(name, dict(player=players, at_bats=at_bats, hits=rng.binomial(at_bats, p)))
    sd = np.sqrt(p * (1 - p) / (at_bats + 150))
    truth = {f"ability[{who}]": (round(v, 3), round(3 * s, 3)) for who, v, s in zip(players, p, sd)}
    write_truth(name, truth | {"centre": (0.27, 0.03)})


def dose_response(rng, name):
    dose = np.tile([0.3, 1, 3, 10, 30, 100], 8)
    mean = 5 + 30 * dose ** 1.2 / (12 ** 1.2 + dose ** 1.2)
    y = mean + rng.normal(0, 2, len(dose))
    write_csv(name, dict(dose=dose, response=y), digits=1)
    # Two posterior sds of `top`, which doses up to 100 hardly tell from `ed50`: NUTS has it at 34.0, with an sd of 4.1.
    write_truth(name, {"base": (5, 1.5), "top": (30, 8), "ed50": (12, 4), "hill": (1.2, 0.4), "sigma": (2, 0.7)})


def survival(rng, name):
    n = 150
    treated = rng.integers(0, 2, n)
    t = 8 * np.exp(0.5 * treated) * rng.weibull(1.6, n)
    limit = rng.uniform(4, 20, n)
    write_csv(name, dict(treated=treated, months=np.maximum(np.minimum(t, limit), 0.01),
                         died=np.where(t <= limit, "true", "false")), digits=2)
    write_truth(name, {"shape": (1.6, 0.36), "log_scale": (round(float(np.log(8)), 3), 0.3), "effect": (0.5, 0.45)})


def ppca(rng, name):
    n, k, s = 500, 2, 0.5
    loadings = np.array([[1.5, 1.2, -0.9, 0.3, 0.0, 0.6], [0.2, -0.5, 0.4, 1.1, 0.9, -0.3]])
    x = rng.normal(0, 1, (n, k)) @ loadings + np.array([2, 0, -1, 3, 0.5, 0]) + rng.normal(0, s, (n, 6))
    write_csv(name, {f"x{j + 1}": x[:, j] for j in range(6)})
    write_truth(name, {"s": (s, 0.03)})


def factor_analysis(rng, name):
    tests = ["vocabulary", "reading", "grammar", "arithmetic", "geometry", "algebra"]
    n, psi = 400, np.array([0.5, 0.7, 0.6, 0.4, 0.8, 0.5])
    loadings = np.array([[0.9, 0.8, 0.7, 0.2, 0.1, 0.2], [0.0, 0.2, 0.1, 0.9, 0.6, 0.8]])
    x = rng.normal(0, 1, (n, 2)) @ loadings + rng.normal(0, psi, (n, 6))
    write_csv(name, dict(zip(tests, x.T)))
    write_truth(name, {f"psi[{j + 1}]": (p, 0.15) for j, p in enumerate(psi)})


def decoder(rng, name):
    """A curve in five dimensions: t -> (t, 0.7 (t^2 - 1), sin 2t, cos 2t, tanh 3t), seen with noise of sd 0.15."""
    n, s = 1000, 0.15
    t = rng.standard_normal(n)
    curve = np.column_stack([t, 0.7 * (t ** 2 - 1), np.sin(2 * t), np.cos(2 * t), np.tanh(3 * t)])
    x = curve + rng.normal(0, s, (n, 5))
    write_csv(name, {f"x{j + 1}": x[:, j] for j in range(5)})
    write_truth(name, {"s": (s, 0.02)})


def ab_test(rng, name):
    page, visitors, rate = ["a", "b"], [1200, 1180], np.array([0.062, 0.083])
    bought = rng.binomial(visitors, rate)
    write_csv(name, dict(page=page, visitors=visitors, bought=bought))
    write_truth(name, {"rate[a]": (0.062, 0.022), "rate[b]": (0.083, 0.025), "lift": (0.021, 0.033)})


def customers(rng, name):
    n, phi = 180, 8.0
    temperature, weekend = rng.normal(15, 7, n), (np.arange(n) % 7 >= 5).astype(int)
    mean = np.exp(4.1 + 0.15 * (temperature - 15) / 10 + 0.5 * weekend)
    y = rng.poisson(rng.gamma(phi, mean / phi))
    write_csv(name, dict(temperature=temperature, weekend=weekend, customers=y), digits=1)
    write_truth(name, {"typical": (4.1, 0.1), "warmth": (0.15, 0.13), "weekend_effect": (0.5, 0.2), "dispersion": (phi, 3)})


def item_response(rng, name):
    people, questions = 80, 12
    ability, difficulty = rng.normal(0, 1, people), rng.normal(0, 1.2, questions)
    discrimination = np.exp(rng.normal(0.2, 0.35, questions))
    p = 1 / (1 + np.exp(-discrimination * (ability[:, None] - difficulty)))
    right = rng.random((people, questions)) < p
    person, question = np.meshgrid(np.arange(people) + 1, np.arange(questions) + 1, indexing="ij")
    write_csv(name, dict(person=person.ravel(), question=question.ravel(), right=right.ravel().astype(int)))
    truth = {f"difficulty[{k + 1}]": (round(v, 3), 0.9) for k, v in enumerate(difficulty)}
    write_truth(name, truth | {f"discrimination[{k + 1}]": (round(v, 3), 0.9) for k, v in enumerate(discrimination)})


def measurement_error(rng, name):
    n = 120
    truth, error = rng.normal(2, 1.5, n), rng.uniform(0.3, 1.2, n)
    measured, y = truth + rng.normal(0, error), 1 - 0.8 * truth + rng.normal(0, 0.4, n)
    write_csv(name, dict(measured=measured, error=error, y=y))
    write_truth(name, {"intercept": (1, 0.4), "slope": (-0.8, 0.15), "sigma": (0.4, 0.2), "centre": (2, 0.5),
                       "spread": (1.5, 0.4)})


def blood_pressure(rng, name):
    n = 200
    height = rng.normal(172, 9, n)
    weight = 74 + 0.8 * (height - 172) + rng.normal(0, 8, n)
    pressure = 124 + 0.6 * (weight - 74) + rng.normal(0, 9, n)
    unknown = weight.copy()
    # The tall are weighed less often: those with a weight are no random sample.
    weight[rng.uniform(size=n) < 0.15 + 0.01 * (height - 172).clip(0)] = np.nan
    pressure[rng.uniform(size=n) < 0.1] = np.nan
    write_csv(name, dict(height=height, weight=weight, pressure=pressure), digits=1)
    gaps = {f"weight[{k + 1}]": (round(unknown[k], 1), 20) for k in np.flatnonzero(np.isnan(weight))}
    write_truth(name, {"growth": (0.8, 0.25), "slope": (0.6, 0.25), "usual_weight": (74, 2), "usual": (124, 2.5),
                       "spread": (8, 1.5), "sigma": (9, 1.5)} | gaps)


def spline(rng, name):
    n = 200
    x = np.sort(rng.uniform(0, 10, n))
    curve = lambda x: 2 * np.sin(x) * np.exp(-x / 8) + 0.2 * x
    write_csv(name, dict(x=x, y=curve(x) + rng.normal(0, 0.4, n)))
    knots = np.linspace(0, 10, 21)
    truth = {f"height[{k + 1}]": (round(curve(v), 3), 0.6) for k, v in enumerate(knots)}
    write_truth(name, truth | {"sigma": (0.4, 0.1)})


def travel(rng, name):
    n = 300
    km = rng.gamma(3, 2, n)
    eta = np.column_stack([np.zeros(n), 0.3 - 0.5 * (km - 5), 0.5 + 0.15 * (km - 5)])
    p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    mode = [rng.choice(3, p=row) + 1 for row in p]
    write_csv(name, dict(km=km, mode=mode), digits=1)
    write_truth(name, {"bicycle": (0.3, 0.6), "bicycle_km": (-0.5, 0.3), "car": (0.5, 0.45), "car_km": (0.15, 0.17)})


def change_point(rng, name):
    week = np.arange(1, 101)
    write_csv(name, dict(week=week, faults=rng.poisson(np.where(week <= 63, 3.1, 1.4))))
    write_truth(name, {"before": (3.1, 0.7), "after": (1.4, 0.6)})


def growth(rng, name):
    children, visits = 24, 8
    mean, spread, r = np.array([5.5, 0.55]), np.array([0.7, 0.12]), 0.6
    cov = np.outer(spread, spread) * np.array([[1, r], [r, 1]])
    line = rng.multivariate_normal(mean, cov, children)
    child = np.repeat(np.arange(children), visits)
    month = np.tile(np.arange(visits), children)
    weight = line[child, 0] + line[child, 1] * month + rng.normal(0, 0.2, len(child))
    write_csv(name, dict(child=[f"c{c + 1:02}" for c in child], month=month, weight=weight), digits=2)
    truth = {"centre[1]": (5.5, 0.4), "centre[2]": (0.55, 0.08), "spread[1]": (0.7, 0.25), "spread[2]": (0.12, 0.06),
             "correlation": (r, 0.4), "sigma": (0.2, 0.04)}
    lines = {f"line[c{c + 1:02},{k + 1}]": (round(line[c, k], 3), [0.4, 0.13][k]) for c in range(children) for k in (0, 1)}
    write_truth(name, truth | lines)


def sleep(rng, name):
    people, nights = 20, 8
    start, loss, r = 250 + 28 * rng.standard_normal(people), 11 + 6 * rng.standard_normal(people), 25
    person, night = np.repeat(np.arange(people), nights), np.tile(np.arange(nights), people)
    coffee = rng.integers(0, 3, people)[person]
    reaction = start[person] + loss[person] * night - 9 * coffee + rng.normal(0, r, len(person))
    cups = np.array(["none", "one", "two"])[coffee]
    write_csv(name, dict(person=[f"p{p + 1:02}" for p in person], night=night, coffee=cups, reaction=reaction), digits=1)
    write_truth(name, {"b[night]": (11, 4), "b[coffeeone]": (-9, 40), "b[coffeetwo]": (-18, 40), "sd_person[Intercept]": (28, 16),
                       "sd_person[night]": (6, 3.5), "sigma": (r, 5)})


def pharmacokinetics(rng, name):
    n, ts = 5, np.array([0.5, 1, 2, 3, 5, 8, 12])
    dose = np.array([40, 60, 80, 100, 120])
    ka, mu, tau, km, sigma = 1.2, 2.1, 0.25, 12, 1.0
    vmax = np.exp(mu + tau * rng.standard_normal(n))
    slope = lambda y: np.column_stack([-ka * y[:, 0], ka * y[:, 0] - vmax * y[:, 1] / (km + y[:, 1])])
    y, now, h, blood = np.column_stack([dose, np.zeros(n)]), 0, 1 / 512, []
    for t in ts:
        while now < t:
            k1 = slope(y)
            k2 = slope(y + h / 2 * k1)
            k3 = slope(y + h / 2 * k2)
            y, now = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(y + h * k3)), now + h
        blood.append(y[:, 1])
    measured = np.transpose(blood) + sigma * rng.standard_normal((n, len(ts)))
    write_json(name, dict(hours=ts, dose=dose, measured=measured))
    truth = {"ka": (ka, 0.2), "mu": (mu, 0.4), "tau": (tau, 0.3), "sigma": (sigma, 0.4)}
    write_truth(name, truth | {f"vmax[{i + 1}]": (round(v, 3), round(0.1 * v, 3)) for i, v in enumerate(vmax)})


def predator_prey(rng, name):
    """Pelts sold by the Hudson's Bay Company, in thousands (Howard 2009); nothing is simulated."""
    hare = [30, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22, 25.4, 27.1, 40.3, 57, 76.6, 52.3, 19.5, 11.2, 7.6, 14.6, 16.2, 24.7]
    lynx = [4, 6.1, 9.8, 35.2, 59.4, 41.7, 19, 13, 8.3, 9.1, 7.4, 8, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6]
    write_csv(name, dict(year=np.arange(1900, 1921), hare=hare, lynx=lynx), digits=1)


def disease_map(rng, name):
    rows, columns = 7, 8
    place = lambda r, c: r * columns + c + 1
    right = [(place(r, c), place(r, c + 1)) for r in range(rows) for c in range(columns - 1)]
    down = [(place(r, c), place(r + 1, c)) for r in range(rows - 1) for c in range(columns)]
    edges = np.array(right + down)
    n = rows * columns
    laplacian = np.zeros((n, n))
    for a, b in edges - 1:
        laplacian[[a, b], [a, b]] += 1
        laplacian[[a, b], [b, a]] -= 1
    values, vectors = np.linalg.eigh(laplacian)
    smooth = vectors[:, 1:] @ (rng.normal(size=n - 1) / np.sqrt(values[1:]))
    level, spread = 0.2, 0.5
    expected = rng.gamma(6, 4, n).round(1)
    cases = rng.poisson(expected * np.exp(level + spread * smooth))
    write_json(name, dict(node1=edges[:, 0], node2=edges[:, 1], expected=expected, cases=cases), digits=1)
    truth = {"level": (level, 0.1), "spread": (spread, 0.25)}
    sd = np.sqrt(1 / (expected + 4 / spread**2)) / spread
    write_truth(name, truth | {f"smooth[{i + 1}]": (round(smooth[i], 3), round(4 * sd[i] + 0.3, 2)) for i in range(n)})


def trend(rng, name):
    days, level, drift, effect = 60, 5.0, 0.15, -0.6
    walk = np.cumsum(rng.normal(0, drift, days))
    weekend = (np.arange(days) % 7 >= 5).astype(int)
    visits = rng.poisson(np.exp(level + walk + effect * weekend))
    write_csv(name, dict(day=np.arange(1, days + 1), weekend=weekend, visits=visits))
    write_truth(name, {"drift": (drift, 0.06), "weekend_effect": (effect, 0.12)})


def fishing(rng, name):
    n = 300
    persons = rng.integers(1, 6, n)
    idle = rng.random(n) < 0.4
    caught = np.where(idle, 0, rng.poisson(np.exp(0.7 + 0.35 * (persons - persons.mean()))))
    write_csv(name, dict(persons=persons, caught=caught))
    write_truth(name, {"typical": (0.7, 0.2), "b_persons": (0.35, 0.13), "share_idle": (0.4, 0.11)})


def ratings(rng, name):
    n, genres, liking = 800, np.array(["comedy", "drama", "horror"]), np.array([0.2, 0.7, -0.9])
    cuts, b = np.array([-2.0, -0.8, 0.6, 2.2]), 0.8
    which, hours = rng.integers(0, 3, n), rng.uniform(1.2, 3.2, n).round(2)
    hidden = liking[which] + b * (hours - 2) + rng.logistic(size=n)
    write_csv(name, dict(genre=genres[which], hours=hours, rating=1 + np.searchsorted(cuts, hidden)), digits=2)
    truth = {f"cuts[{k + 1}]": (c, 0.45) for k, c in enumerate(cuts)} | {"b_length": (b, 0.45)}
    write_truth(name, truth | {f"liking[{g}]": (v, 0.4) for g, v in zip(genres, liking)})


def detection_limit(rng, name):
    n = 160
    depth, limit = rng.uniform(2, 60, n).round(1), rng.choice([0.5, 1.0, 2.0], n)
    lead = np.round(np.exp(1.2 - 0.35 * depth / 10 + rng.normal(0, 0.8, n)), 3)
    write_csv(name, dict(depth=depth, limit=limit, lead=np.maximum(lead, limit)))
    write_truth(name, {"surface": (1.2, 0.5), "b_depth": (-0.35, 0.17), "sigma": (0.8, 0.22)})


def rainfall(rng, name):
    season = np.repeat(["summer", "winter"], 180)
    winter = season == "winter"
    dry, mean, cv = np.where(winter, 0.35, 0.7), np.where(winter, 4.0, 9.0), 1.2
    shape = 1 / cv ** 2
    mm = np.where(rng.random(360) < dry, 0, np.maximum(rng.gamma(shape, mean / shape), 0.01))
    write_csv(name, dict(season=season, mm=mm), digits=2)
    write_truth(name, {"p_dry[summer]": (0.7, 0.11), "p_dry[winter]": (0.35, 0.11), "wet[summer]": (9.0, 5.0),
                       "wet[winter]": (4.0, 1.5), "cv": (cv, 0.25)})


# Each with the seed of its random numbers.
EXAMPLES = {
    linear_regression: 2026,
    radon: 2027,
    wells: 2028,
    hospitals: 2054,
    accidents: 2029,
    robust_regression: 2030,
    eight_schools: 2031,
    autoregression: 2032,
    garch: 2033,
    local_level: 2034,
    geyser: 2035,
    clusters: 2036,
    hidden_markov: 2037,
    gaussian_process: 2038,
    batting: 2039,
    dose_response: 2040,
    survival: 2041,
    ab_test: 2042,
    customers: 2043,
    item_response: 2044,
    measurement_error: 2045,
    blood_pressure: 2053,
    spline: 2046,
    travel: 2047,
    change_point: 2048,
    growth: 3001,
    sleep: 3005,
    disease_map: 3002,
    trend: 3003,
    fishing: 2049,
    ratings: 2050,
    detection_limit: 2051,
    rainfall: 2052,
    pharmacokinetics: 2049,
    predator_prey: 2055,
    ppca: 2042,
    factor_analysis: 2043,
    decoder: 2044,
    pupils: 3004,
}

if __name__ == "__main__":
    for example, seed in EXAMPLES.items():
        if len(sys.argv) == 1 or example.__name__ in sys.argv[1:]:
            (HERE / example.__name__).mkdir(exist_ok=True)
            example(np.random.default_rng(seed), example.__name__)
