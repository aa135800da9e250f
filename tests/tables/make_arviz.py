"""Writes arviz.json: smoothed importance weights and diagnostics of chains by ArviZ, on stored inputs.

pip install arviz==0.23.4; python3 make_arviz.py
"""

import json
import warnings
from pathlib import Path

import arviz as az
import numpy as np

rng = np.random.default_rng(20261123)


def weights(name, log_weights, reff=1.0):
    log_weights = np.asarray(log_weights, dtype=float)
    smoothed, k = az.psislw(log_weights.copy(), reff)
    k = float(k)
    return {
        "name": name,
        "log_weights": log_weights.tolist(),
        "relative_efficiency": reff,
        "smoothed": np.asarray(smoothed).tolist(),
        "k_hat": k if np.isfinite(k) else None,
    }


def pareto(n, shape):
    return np.log(rng.pareto(1 / shape, n) + 1)


def chains(name, x):
    x = np.asarray(x, dtype=float)
    return {
        "name": name,
        "draws": x.tolist(),
        "r_hat": float(az.rhat(x)) if len(x) > 1 else None,
        "ess_bulk": float(az.ess(x, method="bulk")),
        "ess_tail": float(az.ess(x, method="tail")),
        "ess_mean": float(az.ess(x, method="mean")),
        "mcse_mean": float(az.mcse(x, method="mean")),
        "mcse_sd": float(az.mcse(x, method="sd")),
        "quantiles": [
            {
                "p": p,
                "ess": float(az.ess(x, method="quantile", prob=p)),
                "mcse": float(az.mcse(x, method="quantile", prob=p)),
            }
            for p in (0.05, 0.5, 0.9)
        ],
        "e_bfmi": [float(b) for b in np.atleast_1d(az.bfmi(x))],
    }


def autoregressive(n_chains, n, rho):
    x = np.zeros((n_chains, n))
    x[:, 0] = rng.normal(size=n_chains)
    for t in range(1, n):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * rng.normal(size=n_chains)
    return x


def loo(name, log_likelihood, reff):
    """log_likelihood[chain][draw][observation]"""
    x = np.asarray(log_likelihood, dtype=float)
    data = az.from_dict(log_likelihood={"y": x}, posterior={"mu": x[:, :, 0]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = az.loo(data, pointwise=True, reff=reff)
    k = np.asarray(result.pareto_k)
    return data, result, {
        "name": name,
        # [observation][draw], chain after chain
        "log_likelihood": x.reshape(-1, x.shape[2]).T.tolist(),
        "relative_efficiency": reff,
        "elpd": float(result.elpd_loo),
        "se": float(result.se),
        "p_loo": float(result.p_loo),
        "pointwise": np.asarray(result.loo_i).tolist(),
        "k_hat": [float(k) if np.isfinite(k) else None for k in k],
    }


def normal_log_likelihood(y, mu, sd):
    return -0.5 * np.log(2 * np.pi * sd**2) - 0.5 * ((y - mu) / sd) ** 2


def leave_one_out():
    """A normal with its mean unknown, one with its sd unknown too, and one outlier that the first cannot explain."""
    y = np.append(rng.normal(1.0, 1.0, size=11), 6.0)
    mu = rng.normal(y.mean(), 1 / np.sqrt(len(y)), size=(2, 150, 1))
    wide = rng.normal(y.mean(), y.std() / np.sqrt(len(y)), size=(2, 150, 1))
    sd = y.std() * np.exp(rng.normal(0, 0.2, size=(2, 150, 1)))
    cases = [
        loo("mean unknown", normal_log_likelihood(y, mu, 1.0), 0.8),
        loo("mean and sd unknown", normal_log_likelihood(y, wide, sd), 0.8),
    ]
    elpds = {str(i): result for i, (_, result, _) in enumerate(cases)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = az.compare(elpds)
    last = table.iloc[-1]
    difference = {"best": int(table.index[0]), "elpd": float(last["elpd_diff"]), "se": float(last["dse"])}
    return {"models": [case for _, _, case in cases], "difference": difference}


shifted = autoregressive(4, 60, 0.3)
shifted[2] += 2.0

tables = {
    "weights": [
        weights("normal", 0.5 * rng.normal(size=400)),
        weights("wide normal", 3.0 * rng.normal(size=400)),
        weights("pareto 0.3", pareto(300, 0.3)),
        weights("pareto 0.8", pareto(1000, 0.8)),
        weights("pareto 1.5", pareto(200, 1.5), 0.4),
        weights("bounded", np.log(rng.random(200))),
        weights("large", 700.0 + rng.normal(size=100)),
        weights("few", rng.normal(size=26)),
        weights("too few", rng.normal(size=12)),
        weights("equal", np.zeros(100)),
        weights("two values", np.where(rng.random(100) < 0.5, 0.0, -1.0)),
        weights("far apart", np.linspace(-2000.0, 0.0, 80)),
    ],
    "chains": [
        chains("independent", rng.normal(size=(4, 100))),
        chains("slow", autoregressive(4, 120, 0.95)),
        chains("antithetic", autoregressive(4, 100, -0.6)),
        chains("one is elsewhere", shifted),
        chains("heavy tails", rng.standard_cauchy(size=(4, 100))),
        chains("odd length", autoregressive(3, 77, 0.5)),
        chains("one chain", autoregressive(1, 200, 0.5)),
        chains("ties", np.floor(3 * autoregressive(4, 100, 0.4))),
        chains("short", rng.normal(size=(2, 9))),
    ],
    "loo": leave_one_out(),
}

path = Path(__file__).with_name("arviz.json")
path.write_text(json.dumps(tables) + "\n")
