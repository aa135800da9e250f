//! Logistic regression.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use vippl::data::{Values, Variable};

use super::{ByHand, Design, Model, PREDICTORS, Simulated, dot, native, normal};

pub static MODEL: Model = Model {
    name: "logistic regression",
    text: "alpha ~ Normal(0, 5)\nbeta[20] ~ Normal(0, 1)\ny ~ Bernoulli(logit = alpha + X @ beta)",
    sizes: &[1_000, 10_000, 100_000, 1_000_000],
    simulate,
};

struct Logistic {
    x: Vec<[f64; PREDICTORS]>,
    y: Vec<f64>,
}

fn simulate(n: usize, rng: &mut ChaCha12Rng) -> Simulated {
    let design = Design::simulate(n, rng);
    let mut outcome = |eta: &f64| i64::from(rng.random::<f64>() < 1.0 / (1.0 + (-eta).exp()));
    let y: Vec<i64> = design.linear.iter().map(&mut outcome).collect();
    let variables = vec![design.variable(), Variable::in_memory("y", Values::int(&[n], &y))];
    let y = y.iter().map(|&y| y as f64).collect();
    Simulated { variables, baseline: Box::new(Logistic { x: design.x, y }) }
}

impl ByHand for Logistic {
    fn gradient(&mut self, z: &[f64], gradient: &mut [f64]) -> f64 {
        native(
            #[inline(always)]
            || {
                let alpha = z[0];
                let mut beta = [0.0; PREDICTORS];
                beta.copy_from_slice(&z[1..]);
                let (mut total, d_alpha) = normal(alpha, 5.0);
                let mut to_alpha = d_alpha;
                let mut to_beta = [0.0; PREDICTORS];
                for (x, &y) in self.x.iter().zip(&self.y) {
                    let eta = alpha + dot(x, &beta);
                    let e = (-eta.abs()).exp();
                    total += y * eta - eta.max(0.0) - e.ln_1p();
                    let p = if eta > 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
                    let rest = y - p;
                    to_alpha += rest;
                    for k in 0..PREDICTORS {
                        to_beta[k] += rest * x[k];
                    }
                }
                gradient[0] = to_alpha;
                for k in 0..PREDICTORS {
                    let (log_p, d) = normal(beta[k], 1.0);
                    total += log_p;
                    gradient[1 + k] = to_beta[k] + d;
                }
                total
            },
        )
    }
}
