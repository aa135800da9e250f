//! A posterior made by hand, for tests of what is said about it.

use std::sync::Arc;

use super::*;
use crate::compile::QuantityKind;
use crate::data::{Dataset, Levels, Values, Variable};
use crate::density::{Coordinate, Term};
use crate::family::{Family, MeanField};
use crate::inference::{Elbo, Fit, Optimizer};
use crate::types::ElementType;

pub const MU: f64 = 1.5;
pub const SD: f64 = 0.4;
/// Mean and sd of log tau.
pub const LOG_TAU: (f64, f64) = (-0.5, 0.8);
/// Unconstrained point estimate of w.
pub const LOG_W: f64 = 0.7;

/// z -> mu = z0, tau = exp z1, alpha = (z2, z3) by level, w = exp z4 (a point estimate), total = mu + tau.
pub struct Toy {
    coordinates: Vec<Coordinate>,
}

impl Default for Toy {
    fn default() -> Self {
        let latent = crate::density::Role::Latent;
        let coordinate = |name: &str, role| Coordinate::new(name, role);
        let coordinates = vec![
            coordinate("mu", latent),
            coordinate("tau", latent),
            coordinate("alpha[AITKIN]", latent),
            coordinate("alpha[HENNEPIN]", latent),
            coordinate("w", crate::density::Role::PointEstimate),
        ];
        Toy { coordinates }
    }
}

impl LogDensity for Toy {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    fn statements(&self) -> &[Term] {
        &[]
    }

    fn value(&self, _: usize, _: &[f64], _: &mut [f64]) {
        unreachable!("summaries need no density")
    }

    fn gradient(&self, _: usize, _: &[f64], _: &mut [f64], _: &mut [f64]) {
        unreachable!("summaries need no density")
    }

    fn hessian_vector(&self, _: usize, _: &[f64], _: &[f64], _: &mut [f64], _: &mut [f64]) {
        unreachable!("summaries need no density")
    }

    fn terms(&self, _: usize, _: &[f64], _: &mut [f64]) {
        unreachable!("summaries need no density")
    }

    fn n_constrained(&self) -> usize {
        6
    }

    fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        for l in 0..lanes {
            let at = |i: usize| z[i * lanes + l];
            let values = [at(0), at(1).exp(), at(2), at(3), at(4).exp(), at(0) + at(1).exp()];
            for (row, value) in values.into_iter().enumerate() {
                out[row * lanes + l] = value;
            }
        }
    }

    fn n_pointwise(&self) -> usize {
        0
    }

    fn pointwise(&self, _: usize, _: &[f64], _: &mut [f64]) {}
}

pub fn quantities() -> Vec<Quantity> {
    let levels = Arc::new(Levels::new(vec!["AITKIN".to_string(), "HENNEPIN".to_string()]));
    let scalar = |name: &str, kind, offset, marginal: Option<usize>| Quantity {
        name: name.to_string(),
        kind,
        dims: vec![],
        labels: vec![],
        element: ElementType::Real,
        doc: None,
        offset,
        marginals: vec![marginal],
    };
    let mut mu = scalar("mu", QuantityKind::Latent, 0, Some(0));
    mu.doc = Some("grand mean".to_string());
    vec![
        mu,
        scalar("tau", QuantityKind::Latent, 1, Some(1)),
        Quantity {
            dims: vec![2],
            labels: vec![Some(levels)],
            marginals: vec![Some(2), Some(3)],
            ..scalar("alpha", QuantityKind::Latent, 2, None)
        },
        scalar("w", QuantityKind::PointEstimate, 4, Some(4)),
        scalar("total", QuantityKind::Deterministic, 5, None),
    ]
}

pub fn fit() -> Fit {
    Fit {
        family: MeanField.name().to_string(),
        optimizer: Optimizer::Newton,
        seed: 7,
        latent: vec![0, 1, 2, 3],
        point_estimated: vec![4],
        lambda: MeanField.centred_at(&[MU, LOG_TAU.0, 0.25, -1.0 / 3.0], &[SD, LOG_TAU.1, 0.1, 0.2]),
        theta: vec![LOG_W],
        elbo: Some(Elbo { value: -12.345, se: 0.0123, log_likelihood: -10.1, kl: 2.245 }),
        n_draws: 32,
        iterations: 9,
        gradient_evaluations: 1234,
        batched_evaluations: 40,
        converged: true,
        warnings: vec![],
        trace: vec![-20.0, -12.345],
        centring: None,
        recentred: vec![],
        why: String::new(),
        k_hat: None,
        evidence: None,
    }
}

pub fn marginals() -> Marginals {
    Marginals { mean: vec![MU, LOG_TAU.0, 0.25, -1.0 / 3.0, LOG_W], sd: vec![SD, LOG_TAU.1, 0.1, 0.2, 0.0] }
}

pub fn posterior(n_draws: usize) -> Posterior {
    let (density, quantities, fit) = (Toy::default(), quantities(), fit());
    let summarised = summarise(&density, &quantities, &marginals(), n_draws, |n| {
        fit.sample_unconstrained(n, fit.seed).unwrap()
    });
    let dataset = Dataset::from_variables([
        Variable::in_memory("county", Values::category(&["HENNEPIN", "AITKIN", "HENNEPIN"])),
        Variable::in_memory("J", Values::int(&[], &[2])),
        Variable::in_memory("y", Values::real(&[3], [0.5, 1.0, 1.5])),
    ]);
    Posterior {
        model: Source::new(
            "toy.vim",
            "## grand mean\nmu ~ Normal(0, 10)\ntau ~ HalfNormal(1)\nparam w in (0, inf)\n\
             alpha[county] ~ Normal(mu, tau)\ntotal = mu + tau\ny ~ Normal(alpha[county], w)\n",
        ),
        data: DataRecord::new(&dataset.unwrap(), vec!["toy.csv".to_string()], vec![]),
        coordinates: FittedCoordinate::all_of(&density),
        quantities,
        training_constants: vec![("mean(y)".to_string(), Tensor::from_elem(vec![], 1.0))],
        evidence: true,
        is_split: true,
        method: Method::Variational(Box::new(fit)),
        summaries: summarised.summaries,
        verdicts: vec![],
        basis: Basis::Approximation,
        draws: summarised.draws,
        states: vec![],
        loo: None,
        warnings: summarised.warnings,
        approximation_warnings: vec![],
        seconds: Seconds {
            load: Some(0.001),
            compile: Some(0.002),
            fit: Some(0.009),
            audit: None,
            evidence: None,
            loo: None,
            total: Some(0.012),
        },
    }
}
