//! Location-scale families are what they say.

use super::*;

/// log p of an unconstrained coordinate: that of the draw, log-Jacobian included.
fn log_density(dist: &'static dyn Distribution, form: usize, args: &[f64], z: f64) -> f64 {
    let mut g = Graph::new();
    let args: Vec<Node> = args.iter().map(|&arg| g.scalar(arg)).collect();
    let Support::Continuous { constraint, bounds } = dist.support(&mut g, form, &args) else {
        panic!("{} is discrete", dist.name())
    };
    let z = g.scalar(z);
    let (x, log_jacobian) = constraint.constrain(&mut g, z, &bounds);
    let log_density = dist.log_density(&mut g, form, &args, x);
    let total = g.add(log_density, log_jacobian);
    *g.value(total).and_then(|value| value.first()).expect("a number")
}

/// log p(m + k z; m + k location, k scale) = log p(z; location, scale) - log k
#[test]
fn draws_move_and_stretch_with_their_arguments() {
    let mut n_families = 0;
    for &dist in ALL {
        for trial in dist.trials() {
            let Some([location, scale]) = dist.location_scale(trial.form) else { continue };
            n_families += 1;
            let params = dist.forms()[trial.form];
            assert_eq!(params[location].range, Range::Real, "{}", dist.name());
            assert_eq!(params[scale].range, Range::Positive, "{}", dist.name());
            let args: Vec<f64> = trial.args.iter().map(|arg| arg[0]).collect();
            for z in [-2.0, 0.1, 1.7] {
                let expected = log_density(dist, trial.form, &args, z);
                for (m, k) in [(0.0, 1.0), (1.3, 1.0), (0.0, 0.4), (-0.8, 2.5)] {
                    let mut moved = args.clone();
                    moved[location] = m + k * moved[location];
                    moved[scale] *= k;
                    let found = log_density(dist, trial.form, &moved, m + k * z) + f64::ln(k);
                    assert!(
                        (found - expected).abs() <= 1e-11 * expected.abs().max(1.0),
                        "{} at {z}, moved by {m}, stretched by {k}: {found}, not {expected}",
                        dist.name()
                    );
                }
            }
        }
    }
    assert!(n_families >= 10, "{n_families}");
}

/// Every distribution with a location and a scale says so, but for those with another scale, or a support that moves.
#[test]
fn no_family_is_forgotten() {
    let mut silent: Vec<&str> = Vec::new();
    for &dist in ALL {
        for (form, params) in dist.forms().iter().enumerate() {
            let named = |names: &[&str]| params.iter().any(|param| names.contains(&param.name));
            let looks_like_one = dist.event(form).is_empty()
                && named(&["loc", "mean", "meanlog"])
                && named(&["scale", "sd", "sdlog"]);
            if dist.location_scale(form).is_some() {
                assert!(looks_like_one, "{} form {form}", dist.name());
            } else if looks_like_one {
                silent.push(dist.name());
            }
        }
    }
    assert_eq!(silent, ["ExpModNormal", "Gamma", "GeneralizedExtremeValue"]);
}
