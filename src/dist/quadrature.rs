//! Integrals behind distribution functions that have no series for all of their arguments.

/// The integral of f over [0, end], for a smooth f >= 0 that varies on the scale `first` near 0 and ever more slowly beyond,
/// and falls in the end; `end` may be infinite.
///
/// Gauss-Legendre sums over [0, first], [first, 2 first], [2 first, 4 first] ... until nothing is added.
pub fn falling_integral(f: impl Fn(f64) -> f64, first: f64, end: f64) -> f64 {
    let (mut low, mut high) = (0.0, first.min(end));
    let mut sum = 0.0;
    for _ in 0..MAX_PANELS {
        let panel = panel(&f, low, high);
        sum += panel;
        // (also where it is NaN)
        let more = panel > NEGLIGIBLE * sum;
        if !more || high >= end {
            break;
        }
        (low, high) = (high, (2.0 * high).min(end));
    }
    sum
}

/// A share of the total that is lost in its rounding.
const NEGLIGIBLE: f64 = 1e-18;

/// Doublings from the smallest number to the largest.
const MAX_PANELS: usize = 2_100;

fn panel(f: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (centre, half) = (0.5 * (low + high), 0.5 * (high - low));
    let sum: f64 = NODES
        .iter()
        .map(|&(node, weight)| weight * (f(centre - half * node) + f(centre + half * node)))
        .sum();
    half * sum
}

/// Positive nodes and their weights of the rule with 16 nodes on [-1, 1].
pub const NODES: [(f64, f64); 8] = [
    (0.09501250983763744, 0.1894506104550685),
    (0.2816035507792589, 0.18260341504492358),
    (0.45801677765722737, 0.16915651939500254),
    (0.6178762444026438, 0.14959598881657674),
    (0.755404408355003, 0.12462897125553388),
    (0.8656312023878318, 0.09515851168249279),
    (0.9445750230732326, 0.062253523938647894),
    (0.9894009349916499, 0.027152459411754096),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrals_are_exact_to_rounding() {
        let close = |value: f64, expected: f64| {
            assert!((value - expected).abs() <= 1e-14 * expected, "{value:e} is not {expected:e}");
        };
        let inf = f64::INFINITY;
        close(falling_integral(|s| (-s).exp(), 1.0, inf), 1.0);
        close(falling_integral(|s| (-s).exp(), 1.0, 3.0), 0.950_212_931_632_136);
        close(falling_integral(|s| (-0.5 * s * s).exp(), 1.0, inf), (0.5 * std::f64::consts::PI).sqrt());
        close(falling_integral(|s| 1.0 / (1.0 + s * s), 1.0, 1e9), std::f64::consts::FRAC_PI_2 - 1e-9);
        assert_eq!(falling_integral(|_| 0.0, 1.0, inf), 0.0);
        assert!(falling_integral(|_| f64::NAN, 1.0, inf).is_nan());
    }
}
