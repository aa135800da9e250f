//! Intercepts that vary between 100 groups.

use rand_chacha::ChaCha12Rng;
use vippl::data::{Values, Variable};

use super::{ByHand, LN_2PI, Model, Simulated, half_normal, native, normal, normals, real};

const GROUPS: usize = 100;

pub static MODEL: Model = Model {
    name: "varying intercepts",
    text: "mu ~ Normal(0, 5)\ntau ~ HalfNormal(1)\nsigma ~ HalfNormal(1)\nbeta ~ Normal(0, 1)\n\
           a[g] ~ Normal(mu, tau)\ny ~ Normal(a[g] + beta * x, sigma)",
    sizes: &[1_000, 10_000, 100_000, 1_000_000],
    simulate,
};

struct Groups {
    group: Vec<u32>,
    x: Vec<f64>,
    y: Vec<f64>,
}

fn simulate(n: usize, rng: &mut ChaCha12Rng) -> Simulated {
    let intercepts = normals(rng, GROUPS);
    let (x, noise) = (normals(rng, n), normals(rng, n));
    // Steps that meet every group equally often, in no order of theirs.
    let group: Vec<u32> = (0..n).map(|i| (i * 37 % GROUPS) as u32).collect();
    let y: Vec<f64> = (0..n).map(|i| intercepts[group[i] as usize] + 0.5 * x[i] + 0.7 * noise[i]).collect();
    let codes: Vec<i64> = group.iter().map(|&g| i64::from(g) + 1).collect();
    let variables = vec![
        Variable::in_memory("g", Values::int(&[n], &codes)),
        real("x", &[n], x.clone()),
        real("y", &[n], y.clone()),
    ];
    Simulated { variables, baseline: Box::new(Groups { group, x, y }) }
}

impl ByHand for Groups {
    fn gradient(&mut self, z: &[f64], gradient: &mut [f64]) -> f64 {
        native(
            #[inline(always)]
            || {
                let &[mu, log_tau, log_sigma, beta, ref a @ ..] = z else { return f64::NAN };
                let mut to_a = [0.0; GROUPS];
                let (mut to_beta, mut squares) = (0.0, 0.0);
                for ((&g, &x), &y) in self.group.iter().zip(&self.x).zip(&self.y) {
                    let residual = y - a[g as usize] - beta * x;
                    squares += residual * residual;
                    to_beta += residual * x;
                    to_a[g as usize] += residual;
                }
                let n = self.y.len() as f64;
                let precision = (-2.0 * log_sigma).exp();
                let mut total = -0.5 * precision * squares - n * (log_sigma + 0.5 * LN_2PI);
                let between = (-2.0 * log_tau).exp();
                let (mut to_mu, mut squares_between) = (0.0, 0.0);
                for k in 0..GROUPS {
                    let deviation = a[k] - mu;
                    squares_between += deviation * deviation;
                    to_mu += between * deviation;
                    gradient[4 + k] = precision * to_a[k] - between * deviation;
                }
                total -= 0.5 * between * squares_between + GROUPS as f64 * (log_tau + 0.5 * LN_2PI);
                let (log_p_mu, d_mu) = normal(mu, 5.0);
                let (log_p_tau, d_tau) = half_normal(log_tau);
                let (log_p_sigma, d_sigma) = half_normal(log_sigma);
                let (log_p_beta, d_beta) = normal(beta, 1.0);
                gradient[0] = to_mu + d_mu;
                gradient[1] = between * squares_between - GROUPS as f64 + d_tau;
                gradient[2] = precision * squares - n + d_sigma;
                gradient[3] = precision * to_beta + d_beta;
                total + log_p_mu + log_p_tau + log_p_sigma + log_p_beta
            },
        )
    }
}
