//! How centred a latent should be: as much as the data, and not its prior, say where it is.

/// c_i = 1 - E[1/s_i^2] / E[-d^2 log p / dz_i^2], within [0, 1]: the part of the curvature in coordinate z_i, as written, that
/// is not that of a Gaussian prior of scale s_i. With a Gaussian likelihood of each element and units of the size of s_i,
/// z~_i is then independent of the prior's location given its scale (Papaspiliopoulos, Roberts & Sköld 2007, "A general
/// framework for the parametrization of hierarchical models", section 4).
///
/// A curvature of 0 or less, or below the prior's, gives 0: nothing but the prior holds the latent. What is not a number
/// leaves it as written.
pub fn centrings(prior_precision: &[f64], curvature: &[f64]) -> Vec<f64> {
    assert_eq!(prior_precision.len(), curvature.len(), "a prior and a curvature for each coordinate");
    let centring = |(&prior, &curvature): (&f64, &f64)| {
        if prior.is_nan() || curvature.is_nan() || curvature == f64::INFINITY {
            return 1.0;
        }
        if curvature <= prior { 0.0 } else { (1.0 - prior / curvature).clamp(0.0, 1.0) }
    };
    prior_precision.iter().zip(curvature).map(centring).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// theta ~ Normal(mu, tau), y ~ Normal(theta, sigma): the part of the precision that the likelihood has.
    #[test]
    fn conjugate_normal() {
        for (tau, sigma) in [(1.0f64, 1.0f64), (0.1, 2.0), (5.0, 0.3)] {
            let (prior, likelihood) = (tau.powi(-2), sigma.powi(-2));
            let [c] = centrings(&[prior], &[prior + likelihood])[..] else { panic!("one") };
            assert!((c - likelihood / (prior + likelihood)).abs() < 1e-15, "{c}");
            // In units of tau, z~ = theta - (1 - c) mu: its posterior mean given mu does not move with mu.
            let mean = |mu: f64| (prior * mu + likelihood * 0.7) / (prior + likelihood) - (1.0 - c) * mu;
            assert!((mean(3.0) - mean(0.0)).abs() < 1e-14);
        }
    }

    #[test]
    fn nothing_but_the_prior_and_nothing_but_data() {
        let none = f64::NAN;
        let prior = [1.0, 1.0, 2.0, 1.0, 0.0, 1.0, none];
        let curvature = [1.0, -3.0, 1.0, f64::INFINITY, 4.0, none, 1.0];
        assert_eq!(centrings(&prior, &curvature), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert!(centrings(&[], &[]).is_empty());
    }
}
