//! AR(1) with GARCH(1, 1) residuals: a recursion over time.

use rand_chacha::ChaCha12Rng;

use super::{ByHand, LN_2PI, Model, Simulated, half_normal, normal, normals, real};

pub static MODEL: Model = Model {
    name: "AR(1)-GARCH(1, 1)",
    text: "mu ~ Normal(0, 1)\nphi ~ Normal(0, 0.5)\nomega ~ HalfNormal(1)\na ~ Uniform(0, 1)\nb ~ Uniform(0, 1)\n\
           m[1] = mu\nh[1] = 1\n\
           for t in 2:len(y) {\n\
             m[t] = mu + phi * y[t - 1]\n\
             h[t] = omega + a * (y[t - 1] - m[t - 1])^2 + b * h[t - 1]\n\
           }\n\
           y ~ Normal(m, sqrt(h))",
    sizes: &[1_000, 10_000, 100_000],
    simulate,
};

struct Garch {
    y: Vec<f64>,
    /// Residuals and variances, for the way back.
    e: Vec<f64>,
    h: Vec<f64>,
}

fn simulate(n: usize, rng: &mut ChaCha12Rng) -> Simulated {
    let noise = normals(rng, n);
    let (mut h, mut e) = (1.0, 0.0);
    let mut y: Vec<f64> = Vec::with_capacity(n);
    for (t, noise) in noise.iter().enumerate() {
        if t > 0 {
            h = 0.1 + 0.2 * e * e + 0.6 * h;
        }
        e = noise * f64::sqrt(h);
        let before = y.last().copied().unwrap_or(0.0);
        y.push(0.1 + 0.3 * before + e);
    }
    let variables = vec![real("y", &[n], y.clone())];
    Simulated { variables, baseline: Box::new(Garch { y, e: vec![0.0; n], h: vec![0.0; n] }) }
}

impl ByHand for Garch {
    fn gradient(&mut self, z: &[f64], gradient: &mut [f64]) -> f64 {
        let &[mu, phi, log_omega, logit_a, logit_b] = z else { return f64::NAN };
        let omega = log_omega.exp();
        let [a, b] = [logit_a, logit_b].map(|logit| 1.0 / (1.0 + (-logit).exp()));
        let Garch { y, e, h } = self;
        let n = y.len();
        let mut total = -0.5 * n as f64 * LN_2PI;
        for t in 0..n {
            if t == 0 {
                e[t] = y[t] - mu;
                h[t] = 1.0;
            } else {
                e[t] = y[t] - mu - phi * y[t - 1];
                h[t] = omega + a * e[t - 1] * e[t - 1] + b * h[t - 1];
            }
            total -= 0.5 * (h[t].ln() + e[t] * e[t] / h[t]);
        }
        let (mut to_mu, mut to_phi, mut to_omega, mut to_a, mut to_b) = (0.0, 0.0, 0.0, 0.0, 0.0);
        // The derivative by h[t + 1].
        let mut dh = 0.0;
        for t in (0..n).rev() {
            let inverse = 1.0 / h[t];
            let scaled = e[t] * inverse;
            let de = 2.0 * a * e[t] * dh - scaled;
            dh = 0.5 * (scaled * scaled - inverse) + b * dh;
            to_mu -= de;
            if t > 0 {
                to_phi -= de * y[t - 1];
                to_omega += dh;
                to_a += dh * e[t - 1] * e[t - 1];
                to_b += dh * h[t - 1];
            }
        }
        let (log_p_mu, d_mu) = normal(mu, 1.0);
        let (log_p_phi, d_phi) = normal(phi, 0.5);
        let (log_p_omega, d_omega) = half_normal(log_omega);
        gradient[0] = to_mu + d_mu;
        gradient[1] = to_phi + d_phi;
        gradient[2] = to_omega * omega + d_omega;
        // log p of a uniform with its log-Jacobian: log(a (1 - a))
        gradient[3] = to_a * a * (1.0 - a) + 1.0 - 2.0 * a;
        gradient[4] = to_b * b * (1.0 - b) + 1.0 - 2.0 * b;
        total + log_p_mu + log_p_phi + log_p_omega + (a * (1.0 - a)).ln() + (b * (1.0 - b)).ln()
    }
}
