//! Autoregressive process.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{real_line, standard_normal, sum_last};
use super::matrices::{column, independent_normals, known_length};
use super::random_walk::lagged;
use super::{Distribution, Elsewhere, Extent, LocationScale, Param, Range, Support, Trial};

/// x[t] ~ Normal(coef[1] x[t - 1] + ... + coef[p] x[t - p], sd), with zeros before x[1]: the process starts at rest, whether it
/// is stationary or not. With one coefficient of 1 it is a [`RandomWalk`](super::random_walk::RandomWalk).
pub struct AutoRegressive;

const FORMS: &[&[Param]] = &[&[
    Param::vector("coef", Range::Real, "coefficients of the last p values, the latest first"),
    Param::scalar("sd", Range::Positive, "standard deviation of an innovation"),
    Param::scalar("steps", Range::Ordinal, "number of values"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.6, -0.3], &[0.7], &[5.0]], points: &[0.3, -0.5, -0.2, 1.4, 0.9] },
    Trial { form: 0, args: &[&[0.8], &[1.2], &[3.0]], points: &[0.3, -0.5, 1.1] },
    Trial { form: 0, args: &[&[0.4, 0.2, 0.1], &[1.2], &[2.0]], points: &[0.3, -0.5] },
];

/// Steps up to which standard deviations are worked out: they take a matrix of steps x steps.
const MAX_SD_STEPS: usize = 2000;

impl Distribution for AutoRegressive {
    fn name(&self) -> &'static str {
        "AutoRegressive"
    }

    fn summary(&self) -> &'static str {
        "autoregressive process: normal innovations, zeros before the first value"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Value(2)]
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let coef = coefficients(g, args[0]);
        let lags = g.shape(coef).last().copied().unwrap_or(0);
        let before = lagged(g, x, lags);
        let mut row = g.shape(coef).to_vec();
        row.insert(row.len() - 1, 1);
        let row = g.reshape(coef, &row);
        let products = g.mul(before, row);
        let expected = sum_last(g, products);
        let innovations = g.sub(x, expected);
        independent_normals(g, innovations, args[1])
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let n = known_length(g, args[2])?;
        let shape = [g.shape(args[1]), &[n]].concat();
        Some(g.full(&shape, 0.0))
    }

    /// A unit impulse, followed through the recursion: x = (I - C)^-1 innovations.
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let n = known_length(g, args[2]).filter(|&n| n <= MAX_SD_STEPS)?;
        let coef = coefficients(g, args[0]);
        let mut shape = g.shape(coef).to_vec();
        let lags = shape.pop()?;
        let batch: usize = shape.iter().product();
        let places: Vec<(usize, usize)> =
            (0..n).flat_map(|t| (0..lags.min(t)).map(move |lag| (lag, t * n + t - 1 - lag))).collect();
        let within = |rows: usize, pick: fn(&(usize, usize)) -> usize| -> Vec<u32> {
            (0..batch).flat_map(|b| places.iter().map(move |place| (b * rows + pick(place)) as u32)).collect()
        };
        let entries = [&shape[..], &[places.len()]].concat();
        let entries = g.gather(coef, within(lags, |p| p.0).into(), &entries);
        let matrix = [&shape[..], &[n, n]].concat();
        let recursion = g.scatter_add(entries, within(n * n, |p| p.1).into(), &matrix);
        let identity = super::matrices::identity(g, n);
        let system = g.sub(identity, recursion);
        let mut impulse = vec![0.0; n];
        impulse[0] = 1.0;
        let impulse = g.vector(&impulse);
        let impulse = column(g, impulse);
        let response = g.solve_triangular(system, impulse, false);
        let response = g.reshape(response, &[&shape[..], &[n]].concat());
        let squares = g.square(response);
        let variance = g.cumsum(squares, shape.len(), false);
        let root = g.sqrt(variance);
        let sd = column(g, args[1]);
        Some(g.mul(sd, root))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        for t in 0..out.len() {
            let expected: f64 = args[0].iter().zip(out[..t].iter().rev()).map(|(c, x)| c * x).sum();
            out[t] = expected + args[1][0] * standard_normal(rng);
        }
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        Some(LocationScale::of_vector(g, args, 1))
    }

    fn formula(&self) -> &'static str {
        "sum(-((x[t] - coef[1] x[t - 1] - ... - coef[p] x[t - p]) / sd)^2 / 2 - log(sd) - log(2 pi) / 2) with x[0] = x[-1] = ... = 0"
    }

    fn example(&self) -> &'static str {
        "noise ~ AutoRegressive([0.6, 0.2], 1, 52)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: None,
            pymc: Some("AR(rho, sigma, steps = steps - p)"),
            r: Some("stats::arima.sim(ar)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// A single coefficient may be a number.
fn coefficients(g: &mut Graph, coef: Node) -> Node {
    if g.shape(coef).is_empty() { g.reshape(coef, &[1]) } else { coef }
}
