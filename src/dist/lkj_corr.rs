//! LKJ distribution of correlation matrices.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::inside;
use super::lkj_cholesky::{FORMS, log_normalizer, off_diagonal_sd, sample_factor};
use super::matrices::{block, identity, known_length, lower_square, order, sum_log_diagonal};
use super::{Distribution, Elsewhere, Extent, Param, Support, Trial};

/// K x K correlation matrices R with density proportional to det(R)^(eta - 1).
pub struct LkjCorr;

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[2.0], &[2.5]], points: &[1.0, -0.4, -0.4, 1.0] },
    Trial { form: 0, args: &[&[3.0], &[0.7]], points: &[1.0, 0.3, -0.2, 0.3, 1.0, 0.5, -0.2, 0.5, 1.0] },
];

impl Distribution for LkjCorr {
    fn name(&self) -> &'static str {
        "LkjCorr"
    }

    fn summary(&self) -> &'static str {
        "LKJ distribution of correlation matrices"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Value(0), Extent::Value(0)]
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Continuous { constraint: &constraint::Correlation, bounds: vec![] }
    }

    /// Relative to Lebesgue measure on the elements below the diagonal, which alone are read, with the diagonal.
    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let factor = g.cholesky(x);
        let log_root = sum_log_diagonal(g, factor);
        let log_det = g.mul_scalar(log_root, 2.0);
        let power = g.add_scalar(args[1], -1.0);
        let varying = g.mul(power, log_det);
        let constant = log_normalizer(g, order(g, x), args[1]);
        let value = g.add(varying, constant);
        let definite = g.equal(log_root, log_root);
        inside(g, definite, value)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let k = known_length(g, args[0])?;
        let identity = identity(g, k);
        let shape = [g.shape(args[1]), &[k, k]].concat();
        Some(g.broadcast(identity, &shape))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let k = known_length(g, args[0])?;
        let sd = off_diagonal_sd(g, k, args[1]);
        let sd = block(g, sd);
        let identity = identity(g, k);
        let negative = g.neg(identity);
        let mask = g.add_scalar(negative, 1.0);
        Some(g.mul(mask, sd))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let k = out.len().isqrt();
        let mut factor = vec![0.0; out.len()];
        sample_factor(args[1][0], rng, &mut factor);
        lower_square(&factor, k, out);
        out.iter_mut().step_by(k + 1).for_each(|x| *x = 1.0);
    }

    fn formula(&self) -> &'static str {
        "(eta - 1) logdet(R) + sum(lgamma(eta + (K - 1) / 2) - lgamma(eta + (K - 1 - k) / 2) - k log(pi) / 2, k from 1 to K - 1), over the elements below the diagonal"
    }

    fn example(&self) -> &'static str {
        "R ~ LkjCorr(3, 2)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("lkj_corr(eta)"), pymc: Some("LKJCorr(n, eta)"), r: None }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
