//! Multivariate Student t distribution.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::{draw, like, standard_normal};
use super::matrices::{column, factor_or_nan, log_rising, order, sum_log_diagonal};
use super::mv_normal::{length_mismatch, squared_distance, whitened_square};
use super::{Distribution, Elsewhere, Extent, LocationScale, Param, Range, Support, Trial};

/// Vectors loc + sqrt(df / u) L z, with u chi-squared of df degrees of freedom, z standard normal, and L L' = cov: a scale, which
/// the covariance exceeds by df / (df - 2).
pub struct MvStudentT;

const DF: Param = Param::scalar("df", Range::Positive, "degrees of freedom");
const LOC: Param = Param::vector("loc", Range::Real, "centre");

const FORMS: &[&[Param]] = &[
    &[DF, LOC, Param::matrix("cov", Range::Covariance, "scale matrix: the covariance times (df - 2) / df")],
    &[DF, LOC, Param::matrix("chol", Range::CholeskyFactor, "lower Cholesky factor of the scale matrix")],
];

const TRIALS: &[Trial] = &[
    Trial {
        form: 0,
        args: &[&[5.5], &[0.3, -1.0, 2.0], &[2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 1.5]],
        points: &[1.3, -2.0, 1.0, 0.3, -1.0, 2.1],
    },
    Trial { form: 0, args: &[&[40.0], &[0.4], &[2.0, 0.5, 0.5, 1.0]], points: &[1.3, -2.0] },
    Trial {
        form: 1,
        args: &[&[7.0], &[0.3, -1.0, 2.0], &[1.4, 0.0, 0.0, 0.5, 0.9, 0.0, -0.3, 0.2, 1.2]],
        points: &[1.3, -2.0, 1.0],
    },
];

impl Distribution for MvStudentT {
    fn name(&self) -> &'static str {
        "MvStudentT"
    }

    fn summary(&self) -> &'static str {
        "multivariate Student t distribution"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Last(2)]
    }

    fn event_mismatch(&self, form: usize, args: &[&[usize]]) -> Option<String> {
        length_mismatch("MvStudentT", [&FORMS[form][1], &FORMS[form][2]], [args[1], args[2]])
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Continuous { constraint: &constraint::Real, bounds: vec![] }
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let residual = g.sub(x, args[1]);
        let k = order(g, args[2]) as f64;
        let (squared_distance, log_root) = if form == 1 {
            (whitened_square(g, args[2], residual, false), sum_log_diagonal(g, args[2]))
        } else {
            let log_det = g.log_det_definite(args[2]);
            (squared_distance(g, args[2], residual), g.mul_scalar(log_det, 0.5))
        };
        let half_df = g.mul_scalar(args[0], 0.5);
        let half_k = g.scalar(0.5 * k);
        let gammas = log_rising(g, half_df, half_k);
        let log_df = g.log(args[0]);
        let log_scale = g.add_scalar(log_df, std::f64::consts::PI.ln());
        let log_scale = g.mul_scalar(log_scale, 0.5 * k);
        let log_normalizer = g.add(log_scale, log_root);
        let share = g.div(squared_distance, args[0]);
        let spread = g.log1p(share);
        let power = g.add(half_df, half_k);
        let exponent = g.mul(power, spread);
        let down = g.add(exponent, log_normalizer);
        g.sub(gammas, down)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let row = g.diagonal(args[2]);
        let mean = like(g, args[1], row);
        let (one, nan) = (g.scalar(1.0), g.scalar(f64::NAN));
        let exists = g.less(one, args[0]);
        let exists = column(g, exists);
        Some(g.select(exists, mean, nan))
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let variance = scale_diagonal(g, form, args);
        let (one, two) = (g.scalar(1.0), g.scalar(2.0));
        let (infinity, nan) = (g.scalar(f64::INFINITY), g.scalar(f64::NAN));
        let excess = g.add_scalar(args[0], -2.0);
        let factor = g.div(args[0], excess);
        let (finite, exists) = (g.less(two, args[0]), g.less(one, args[0]));
        let infinite_or_none = g.select(exists, infinity, nan);
        let factor = g.select(finite, factor, infinite_or_none);
        let factor = column(g, factor);
        let variance = g.mul(variance, factor);
        let variance = like(g, variance, args[1]);
        Some(g.sqrt(variance))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let k = out.len();
        let factor = if form == 1 { args[2].to_vec() } else { factor_or_nan(args[2], k) };
        let z: Vec<f64> = (0..k).map(|_| standard_normal(rng)).collect();
        let df = args[0][0];
        let stretch = (df / draw(rand_distr::ChiSquared::new(df), rng)).sqrt();
        for (i, x) in out.iter_mut().enumerate() {
            let whole: f64 = (0..=i).map(|j| factor[i * k + j] * z[j]).sum();
            *x = args[1][i % args[1].len()] + stretch * whole;
        }
    }

    fn location_scale(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let variances = scale_diagonal(g, form, args);
        let (scale, zero) = (g.sqrt(variances), g.full(&[1], 0.0));
        Some(LocationScale {
            location: args[1],
            scale,
            centred: vec![args[0], zero, args[2]],
            standard: None,
        })
    }

    fn formula(&self) -> &'static str {
        "lgamma((df + K) / 2) - lgamma(df / 2) - K log(df pi) / 2 - logdet(cov) / 2 - (df + K) / 2 log1p((x - loc)' inverse(cov) (x - loc) / df)"
    }

    fn example(&self) -> &'static str {
        "beta ~ MvStudentT(4, 0, cov = [[1, 0.5], [0.5, 1]])"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("multi_student_t(nu, mu, Sigma)"),
            pymc: Some("MvStudentT(nu, scale, mu)"),
            r: Some("mvtnorm::dmvt(delta, sigma, df)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// The diagonal of the scale matrix.
fn scale_diagonal(g: &mut Graph, form: usize, args: &[Node]) -> Node {
    if form == 1 {
        let squares = g.square(args[2]);
        super::formula::sum_last(g, squares)
    } else {
        g.diagonal(args[2])
    }
}
