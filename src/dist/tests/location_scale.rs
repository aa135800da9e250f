//! Distributions are moved and stretched by the arguments that they say.

use super::*;

type LogDensity = Box<dyn Fn(&[f64], By) -> f64>;

/// Location and scale of a trial's distribution, and log p of one draw's unconstrained coordinates, log-Jacobian included,
/// by its own arguments and by those at location 0.
struct Moved {
    location: Vec<f64>,
    scale: Vec<f64>,
    constraint: &'static str,
    log_density: LogDensity,
    has_standard: bool,
}

/// Its own arguments, those at location 0, or those at location 0 and scale 1.
#[derive(Clone, Copy)]
enum By {
    Own,
    Centred,
    Standard,
}

fn constants(g: &Graph, node: Node, n: usize) -> Vec<f64> {
    let value = g.value(node).expect("a constant");
    (0..n).map(|i| value.iter().nth(if value.len() == 1 { 0 } else { i }).copied().expect("fits")).collect()
}

/// `None` where there is nothing to move.
fn moved(dist: &'static dyn Distribution, form: usize, args: &[Tensor], event: &[usize]) -> Option<Moved> {
    let mut g = Graph::new();
    let own: Vec<Node> = args.iter().map(|arg| g.constant(arg.clone())).collect();
    let LocationScale { location, scale, centred, standard } = dist.location_scale(&mut g, form, &own)?;
    let n: usize = event.iter().product();
    let (location, scale) = (constants(&g, location, n), constants(&g, scale, n));
    let Support::Continuous { constraint, .. } = dist.support(&mut g, form, &own) else {
        panic!("{} is discrete", dist.name())
    };
    let (event, has_standard) = (event.to_vec(), standard.is_some());
    let log_density = move |z: &[f64], by: By| {
        let mut g = g.clone();
        let args = match by {
            By::Own => &own,
            By::Centred => &centred,
            By::Standard => standard.as_ref().expect("a standard one"),
        };
        let Support::Continuous { constraint, bounds } = dist.support(&mut g, form, args) else {
            panic!("{} is discrete", dist.name())
        };
        let z = ndarray::ArrayD::from_shape_vec(event.clone(), z.to_vec()).expect("one draw");
        let z = g.constant(z.into_shared());
        let (x, log_jacobian) = constraint.constrain(&mut g, z, &bounds);
        let log_density = dist.log_density(&mut g, form, args, x);
        let [log_density, log_jacobian] = [log_density, log_jacobian].map(|node| g.sum_all(node));
        let total = g.add(log_density, log_jacobian);
        constants(&g, total, 1)[0]
    };
    Some(Moved {
        location,
        scale,
        constraint: constraint.name(),
        log_density: Box::new(log_density),
        has_standard,
    })
}

fn close(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-11 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

/// Continuous distributions with the arguments of their trials, and the shape of a draw.
fn for_each_continuous(mut f: impl FnMut(&'static dyn Distribution, usize, &[Tensor], &[usize])) {
    for &dist in ALL.iter().filter(|dist| dist.element() == ElementType::Real) {
        for trial in dist.trials() {
            let params = dist.forms()[trial.form];
            let args: Vec<Tensor> =
                trial.args.iter().zip(params).map(|(values, param)| argument(param.rank, values)).collect();
            let known: Vec<Argument<'_>> =
                args.iter().map(|a| Argument { shape: a.shape(), value: Some(a) }).collect();
            let event = dist.event_shape(trial.form, &known).expect("a trial");
            f(dist, trial.form, &args, &event);
        }
    }
}

/// Those that can be moved, with some points each.
fn for_each_moved(mut f: impl FnMut(&str, &'static dyn Distribution, usize, &[Tensor], &[usize], &[f64])) {
    for_each_continuous(|dist, form, args, event| {
        if moved(dist, form, args, event).is_none() {
            return;
        }
        let n: usize = event.iter().product();
        for k in 0..3 {
            let z: Vec<f64> = (0..n).map(|i| ((i * 5 + k * 3) % 7) as f64 * 0.6 - 1.8).collect();
            f(&format!("{} form {form} at {z:?}", dist.name()), dist, form, args, event, &z);
        }
    });
}

/// log p(z) = log p(z - location) at location 0 = log p((z - location) / scale) - log scale at scale 1
#[test]
fn at_their_location_they_are_at_zero() {
    let mut n_points = 0;
    for_each_moved(|what, dist, form, args, event, z| {
        let own = moved(dist, form, args, event).expect("movable");
        assert!(own.scale.iter().all(|&scale| scale > 0.0), "{what}");
        let from_location: Vec<f64> = z.iter().zip(&own.location).map(|(z, m)| z - m).collect();
        let expected = (own.log_density)(z, By::Own);
        close(what, (own.log_density)(&from_location, By::Centred), expected);
        if own.has_standard {
            let standardized: Vec<f64> =
                from_location.iter().zip(&own.scale).map(|(z, scale)| z / scale).collect();
            let log_scale: f64 = own.scale.iter().map(|scale| scale.ln()).sum();
            close(what, (own.log_density)(&standardized, By::Standard) - log_scale, expected);
        }
        n_points += 1;
    });
    assert!(n_points > 75, "{n_points}");
}

/// What moves and stretches draws: arguments added to, multiplied, divided, or multiplied by the square.
fn stretched(param: &Param, value: f64, by: f64) -> Option<f64> {
    match param.name {
        "loc" | "mean" | "meanlog" => Some(value * by),
        "scale" | "sd" | "sdlog" | "chol" => Some(value * by),
        "cov" => Some(value * by * by),
        "prec" => Some(value / (by * by)),
        _ => None,
    }
}

/// Of those on the real line, on the log and on the logit scale: with location and scale k times what they were, k z has the density of z.
#[test]
fn they_stretch_with_their_scale() {
    let mut n_points = 0;
    for_each_moved(|what, dist, form, args, event, z| {
        let params = dist.forms()[form];
        let own = moved(dist, form, args, event).expect("movable");
        // Of others the scale is that of the log, and no argument.
        if own.constraint != "real" && !["LogNormal", "LogitNormal"].contains(&dist.name()) {
            return;
        }
        for by in [0.4f64, 2.5] {
            let scaled: Vec<Tensor> = args
                .iter()
                .zip(params)
                .map(|(arg, param)| {
                    arg.mapv(|value| stretched(param, value, by).unwrap_or(value)).into_shared()
                })
                .collect();
            let other = moved(dist, form, &scaled, event).expect("movable");
            for (k, (other, own)) in
                [(&other.location, &own.location), (&other.scale, &own.scale)].into_iter().enumerate()
            {
                other
                    .iter()
                    .zip(own)
                    .for_each(|(other, own)| close(&format!("{what} {k}"), *other, own * by));
            }
            let z_scaled: Vec<f64> = z.iter().map(|z| z * by).collect();
            let found = (other.log_density)(&z_scaled, By::Own) + z.len() as f64 * by.ln();
            close(what, found, (own.log_density)(z, By::Own));
        }
        n_points += 1;
    });
    assert!(n_points > 50, "{n_points}");
}

/// Those that do not say so: with another scale, a support that moves, no scale at all.
#[test]
fn none_is_forgotten() {
    let mut silent: Vec<&str> = Vec::new();
    for_each_continuous(|dist, form, args, event| {
        let is_silent = moved(dist, form, args, event).is_none();
        let named = ["loc", "mean", "meanlog", "scale", "sd", "rate", "cov", "chol", "prec"];
        let looks_like_one = dist.forms()[form].iter().any(|param| named.contains(&param.name));
        if is_silent && looks_like_one && !silent.contains(&dist.name()) {
            silent.push(dist.name());
        }
    });
    let known = ["ExpModNormal", "GeneralizedExtremeValue", "Beta", "VonMises", "Wishart", "InverseWishart"];
    assert_eq!(silent, known);
}
