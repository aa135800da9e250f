//! Half Student t distribution: the absolute value of a centred t.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{above, draw, inside, non_negative, positive_reals, unscale};
use super::incomplete::log_beta_p_of_odds;
use super::student_t::{scaled_log_density, standard_variance};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// StudentT(df, 0, scale), folded at 0.
pub struct HalfStudentT;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("df", Range::Positive, "degrees of freedom"),
    Param::scalar("scale", Range::Positive, "scale"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[4.5], &[2.0]], points: &[0.3, 11.0] }];

impl Distribution for HalfStudentT {
    fn name(&self) -> &'static str {
        "HalfStudentT"
    }

    fn summary(&self) -> &'static str {
        "half Student t distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (df, scale) = (args[0], args[1]);
        let z = unscale(g, x, scale);
        let log_scale = g.log(scale);
        let folded = scaled_log_density(g, df, z, Some(log_scale));
        let value = g.add_scalar(folded, LN_2);
        let support = non_negative(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (half_df, half, log_odds) = tail(g, args, x);
        let log_odds = g.neg(log_odds);
        Some(log_beta_p_of_odds(g, half, half_df, log_odds))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (half_df, half, log_odds) = tail(g, args, x);
        Some(log_beta_p_of_odds(g, half_df, half, log_odds))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let mean = standard_mean(g, args[0]);
        let mean = g.mul(args[1], mean);
        Some(above(g, args[0], 1.0, mean, f64::INFINITY))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let mean = standard_mean(g, args[0]);
        let square = g.square(mean);
        let second = standard_variance(g, args[0]);
        let variance = g.sub(second, square);
        let sd = g.sqrt(variance);
        let sd = g.mul(args[1], sd);
        Some(above(g, args[0], 2.0, sd, f64::INFINITY))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[1][0] * draw(rand_distr::StudentT::new(args[0][0]), rng).abs();
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let scale = g.scalar(FRAC_1_SQRT_2);
        Some(LocationScale::of_log(g, args, 1, scale))
    }

    fn formula(&self) -> &'static str {
        "log(2) + the log density of StudentT(df, 0, scale) for x >= 0"
    }

    fn example(&self) -> &'static str {
        "tau ~ HalfStudentT(3, 10)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("student_t(df, 0, scale) with <lower = 0>"),
            pymc: Some("HalfStudentT"),
            r: Some("extraDistr::dht"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// P(|T| > z) is I_y(df / 2, 1 / 2), y = df / (df + z^2): its shapes and the log odds of y.
fn tail(g: &mut Graph, args: &[Node], x: Node) -> (Node, Node, Node) {
    let z = unscale(g, x, args[1]);
    let (log_df, log_z) = (g.log(args[0]), g.log(z));
    let log_square = g.mul_scalar(log_z, 2.0);
    (g.mul_scalar(args[0], 0.5), g.scalar(0.5), g.sub(log_df, log_square))
}

/// E |T| = 2 sqrt(df / pi) Gamma((df + 1) / 2) / (Gamma(df / 2) (df - 1)), for df > 1: twice the density at 0 times
/// df / (df - 1).
fn standard_mean(g: &mut Graph, df: Node) -> Node {
    let zero = g.scalar(0.0);
    let log_density = scaled_log_density(g, df, zero, None);
    let density = g.exp(log_density);
    let less = g.add_scalar(df, -1.0);
    let ratio = g.div(df, less);
    let product = g.mul(density, ratio);
    g.mul_scalar(product, 2.0)
}
