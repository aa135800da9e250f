//! Linear regression with normal residuals.

use rand_chacha::ChaCha12Rng;

use super::{
    ByHand, Design, LN_2PI, Model, PREDICTORS, Simulated, dot, half_normal, native, normal, normals, real,
};

pub static MODEL: Model = Model {
    name: "Gaussian regression",
    text: "alpha ~ Normal(0, 5)\nbeta[20] ~ Normal(0, 1)\nsigma ~ HalfNormal(1)\ny ~ Normal(alpha + X @ beta, sigma)",
    sizes: &[1_000, 10_000, 100_000, 1_000_000],
    simulate,
};

struct Gaussian {
    x: Vec<[f64; PREDICTORS]>,
    y: Vec<f64>,
}

fn simulate(n: usize, rng: &mut ChaCha12Rng) -> Simulated {
    let design = Design::simulate(n, rng);
    let noise = normals(rng, n);
    let y: Vec<f64> = design.linear.iter().zip(noise).map(|(mean, noise)| mean + 0.7 * noise).collect();
    let variables = vec![design.variable(), real("y", &[n], y.clone())];
    Simulated { variables, baseline: Box::new(Gaussian { x: design.x, y }) }
}

impl ByHand for Gaussian {
    fn gradient(&mut self, z: &[f64], gradient: &mut [f64]) -> f64 {
        native(
            #[inline(always)]
            || {
                let (alpha, log_sigma) = (z[0], z[1 + PREDICTORS]);
                let mut beta = [0.0; PREDICTORS];
                beta.copy_from_slice(&z[1..1 + PREDICTORS]);
                let (mut to_alpha, mut squares) = (0.0, 0.0);
                let mut to_beta = [0.0; PREDICTORS];
                for (x, &y) in self.x.iter().zip(&self.y) {
                    let residual = y - alpha - dot(x, &beta);
                    squares += residual * residual;
                    to_alpha += residual;
                    for k in 0..PREDICTORS {
                        to_beta[k] += residual * x[k];
                    }
                }
                let n = self.y.len() as f64;
                let precision = (-2.0 * log_sigma).exp();
                let mut total = -0.5 * precision * squares - n * (log_sigma + 0.5 * LN_2PI);
                let (log_p, d) = normal(alpha, 5.0);
                total += log_p;
                gradient[0] = precision * to_alpha + d;
                for k in 0..PREDICTORS {
                    let (log_p, d) = normal(beta[k], 1.0);
                    total += log_p;
                    gradient[1 + k] = precision * to_beta[k] + d;
                }
                let (log_p, d) = half_normal(log_sigma);
                gradient[1 + PREDICTORS] = precision * squares - n + d;
                total + log_p
            },
        )
    }
}
