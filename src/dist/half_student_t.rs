//! Half Student t distribution: the absolute value of a centred t.

use std::f64::consts::LN_2;

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{draw, inside, non_negative, positive_reals, unscale};
use super::incomplete::student_log_cdf;
use super::student_t::scaled_log_density;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

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

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let tail = self.log_ccdf(g, form, args, x)?;
        Some(g.log1m_exp(tail))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = unscale(g, x, args[1]);
        let negative = g.neg(z);
        let tail = student_log_cdf(g, args[0], negative)?;
        Some(g.add_scalar(tail, LN_2))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[1][0] * draw(rand_distr::StudentT::new(args[0][0]), rng).abs();
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
