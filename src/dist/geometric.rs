//! Geometric distribution: failures before the first success.

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::formula::{count, counts, inside, open_unit};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// As in R: x counts the failures.
pub struct Geometric;

const FORMS: &[&[Param]] = &[&[Param::scalar("p", Range::UnitInterval, "probability of a success")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.3]], points: &[0.0, 4.0] }];

impl Distribution for Geometric {
    fn name(&self) -> &'static str {
        "Geometric"
    }

    fn summary(&self) -> &'static str {
        "geometric distribution on 0, 1, 2, ..."
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        counts(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let p = args[0];
        let log_p = g.log(p);
        let negative = g.neg(p);
        let failures = g.xlog1py(x, negative);
        let value = g.add(log_p, failures);
        let support = count(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let tail = self.log_ccdf(g, form, args, x)?;
        Some(g.log1m_exp(tail))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let next = g.add_scalar(x, 1.0);
        let negative = g.neg(args[0]);
        Some(g.xlog1py(next, negative))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let odds = g.recip(args[0]);
        Some(g.add_scalar(odds, -1.0))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let negative = g.neg(args[0]);
        let q = g.add_scalar(negative, 1.0);
        let root = g.sqrt(q);
        Some(g.div(root, args[0]))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = (open_unit(rng).ln() / (-args[0][0]).ln_1p()).floor();
    }

    fn formula(&self) -> &'static str {
        "log(p) + x log1p(-p), x = 0, 1, 2, ..."
    }

    fn example(&self) -> &'static str {
        "y ~ Geometric(p)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("neg_binomial(1, p / (1 - p))"),
            pymc: Some("Geometric, counting from 1"),
            r: Some("dgeom"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
