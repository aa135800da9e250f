//! Gaussian random walk.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{real_line, standard_normal};
use super::matrices::{column, independent_normals, known_length, positions};
use super::{Distribution, Elsewhere, Extent, LocationScale, Param, Range, Support, Trial};

/// x[1] ~ Normal(0, sd), x[t] ~ Normal(x[t - 1], sd): the path that starts from 0 one step before x[1]. A level of its own,
/// `mu + x`, makes it start elsewhere.
pub struct RandomWalk;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("sd", Range::Positive, "standard deviation of a step"),
    Param::scalar("steps", Range::Ordinal, "number of values"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.7], &[4.0]], points: &[0.3, -0.5, -0.2, 1.4] },
    Trial { form: 0, args: &[&[1.6], &[1.0]], points: &[0.3] },
];

impl Distribution for RandomWalk {
    fn name(&self) -> &'static str {
        "RandomWalk"
    }

    fn summary(&self) -> &'static str {
        "Gaussian random walk: normal steps, the first from 0"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Value(1)]
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let before = lagged(g, x, 1);
        let shape = g.shape(x).to_vec();
        let before = g.reshape(before, &shape);
        let steps = g.sub(x, before);
        independent_normals(g, steps, args[0])
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let n = known_length(g, args[1])?;
        let shape = [g.shape(args[0]), &[n]].concat();
        Some(g.full(&shape, 0.0))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let n = known_length(g, args[1])?;
        let before = positions(g, n);
        let steps = g.add_scalar(before, 1.0);
        let root = g.sqrt(steps);
        let sd = column(g, args[0]);
        Some(g.mul(sd, root))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let mut at = 0.0;
        for x in out {
            at += args[0][0] * standard_normal(rng);
            *x = at;
        }
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        Some(LocationScale::of_vector(g, args, 0))
    }

    fn formula(&self) -> &'static str {
        "sum(-((x[t] - x[t - 1]) / sd)^2 / 2 - log(sd) - log(2 pi) / 2) with x[0] = 0"
    }

    fn example(&self) -> &'static str {
        "trend ~ RandomWalk(0.1, 52)"
    }

    fn elsewhere(&self) -> Elsewhere {
        let pymc = "GaussianRandomWalk(sigma, init_dist = Normal.dist(0, sigma), steps = steps - 1)";
        Elsewhere { stan: None, pymc: Some(pymc), r: None }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// The values up to `lags` steps before each, 0 before the first: `[.., T]` to `[.., T, lags]`, the latest first.
pub(super) fn lagged(g: &mut Graph, x: Node, lags: usize) -> Node {
    let shape = g.shape(x).to_vec();
    let axis = shape.len() - 1;
    let n = shape[axis];
    let mut edge = shape.clone();
    edge[axis] = 1;
    let zero = g.full(&edge, 0.0);
    let padded = g.concat(&[zero, x], axis);
    let batch: usize = shape[..axis].iter().product();
    let position = |t: usize, lag: usize| t.saturating_sub(lag);
    let row = |b: usize| {
        (0..n).flat_map(move |t| (0..lags).map(move |lag| (b * (n + 1) + position(t, lag)) as u32))
    };
    let index: Vec<u32> = (0..batch).flat_map(row).collect();
    let mut out = shape;
    out.push(lags);
    g.gather(padded, index.into(), &out)
}
