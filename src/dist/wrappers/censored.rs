//! Distributions whose values are known only up to a limit.

use rand::Rng;

use crate::dist::formula::{between, choose, empty_range, inside, within};
use crate::dist::{Elsewhere, Instance, Param, Range, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::truncated::Truncated;

/// A draw of D, but what lies at or below `lower` is recorded as `lower`, and what lies at or above `upper` as `upper`.
pub struct Censored;

const PARAMS: &[Param] = &[
    Param::optional("lower", Range::Extended, f64::NEG_INFINITY, "values at or below it are recorded as it"),
    Param::optional("upper", Range::Extended, f64::INFINITY, "values at or above it are recorded as it"),
];

impl Wrapper for Censored {
    fn name(&self) -> &'static str {
        "censored"
    }

    fn summary(&self) -> &'static str {
        "a value at a limit means at or beyond it"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn outside_advice(&self) -> Option<&'static str> {
        Some(
            "a censored value is recorded as its limit, never beyond it: `min(x, upper)` or `max(x, lower)` in the data, or move the limit",
        )
    }

    fn remedy(&self) -> Option<&'static str> {
        Some("`lower` is to be below `upper`: values that were recorded at a limit lie at or beyond it")
    }

    fn support(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Support {
        let [lower, upper] = limits(g, args);
        let support = inner[0].support(g);
        let mut nearest = |bound: Option<Node>, else_infinite: f64| {
            let bound = bound.unwrap_or_else(|| g.scalar(else_infinite));
            let raised = lower.map_or(bound, |lower| g.max(bound, lower));
            upper.map_or(raised, |upper| g.min(raised, upper))
        };
        match &support {
            Support::Counts { .. } => support,
            Support::Integers { lower, upper } => Support::Integers {
                lower: Some(nearest(*lower, f64::NEG_INFINITY)),
                upper: Some(nearest(*upper, f64::INFINITY)),
            },
            Support::Continuous { .. } => {
                let [lower, upper] = support.bounds();
                let (lower, upper) = (nearest(lower, f64::NEG_INFINITY), nearest(upper, f64::INFINITY));
                between(g, Some(lower), Some(upper))
            }
        }
    }

    /// Limits inside the support of D; NaN where there is none.
    fn atoms(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Vec<Node> {
        let mut atoms = inner[0].atoms(g);
        if inner[0].element() != ElementType::Real {
            return atoms;
        }
        let ends = inner[0].support(g).bounds();
        for (side, limit) in limits(g, args).into_iter().enumerate() {
            let Some(limit) = limit else { continue };
            let infinite = g.scalar(ENDS[side]);
            let end = ends[side].unwrap_or(infinite);
            let binds = if side == 0 { g.less(end, limit) } else { g.less(limit, end) };
            let finite = g.not_equal(limit, infinite);
            let (binds, none) = (g.and(binds, finite), g.scalar(f64::NAN));
            atoms.push(choose(g, binds, limit, none));
        }
        atoms
    }

    fn takes_atoms(&self) -> bool {
        true
    }

    fn latent_advice(&self) -> &'static str {
        "only data are censored: write the distribution inside by itself for a latent"
    }

    fn log_density(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Node {
        let [lower, upper] = limits(g, args);
        let mut value = inner[0].log_density(g, x);
        if let Some(lower) = lower {
            let log_below = inner[0].log_cdf(g, lower).expect("censored has raised no objection");
            let at_limit = g.equal(x, lower);
            value = choose(g, at_limit, log_below, value);
        }
        if let Some(upper) = upper {
            let log_above = log_from(g, &inner[0], upper).expect("censored has raised no objection");
            let at_limit = g.equal(x, upper);
            value = choose(g, at_limit, log_above, value);
        }
        let lower = lower.unwrap_or_else(|| g.scalar(ENDS[0]));
        let upper = upper.unwrap_or_else(|| g.scalar(ENDS[1]));
        let recorded = within(g, x, lower, upper);
        inside(g, recorded, value)
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<String> {
        let who = inner[0].describe();
        if inner[0].event_rank() > 0 {
            return Some(format!("censored takes distributions of numbers, and a draw of {who} is an array"));
        }
        let [lower, upper] = limits(g, args);
        if lower.is_none() && upper.is_none() {
            return None;
        }
        if inner[0].improper() {
            return Some(format!(
                "censored takes distributions that integrate to 1, and {who} does not: nothing lies beyond a limit"
            ));
        }
        if let Some((lower, upper)) = empty_range(g, lower, upper, false) {
            return Some(format!("censored({who}) needs lower < upper, found {lower} and {upper}"));
        }
        if inner[0].element() != ElementType::Real {
            let split = |limit: &Node| {
                g.value(*limit)?.iter().copied().find(|limit| limit.is_finite() && limit.fract() != 0.0)
            };
            if let Some(limit) = [lower, upper].iter().flatten().find_map(split) {
                return Some(format!(
                    "the limits of censored({who}) must be whole numbers, as its values are, found {limit}"
                ));
            }
        }
        let known = lower.is_none_or(|lower| inner[0].log_cdf(g, lower).is_some())
            && upper.is_none_or(|upper| log_from(g, &inner[0], upper).is_some());
        (!known).then(|| {
            format!("censored({who}) is not supported with these arguments: its distribution function is not known")
        })
    }

    fn log_cdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let value = inner[0].log_cdf(g, x)?;
        let (nothing, all) = (g.scalar(f64::NEG_INFINITY), g.scalar(0.0));
        Some(beyond_limits(g, args, x, value, [nothing, all]))
    }

    fn log_ccdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let value = inner[0].log_ccdf(g, x)?;
        let (nothing, all) = (g.scalar(f64::NEG_INFINITY), g.scalar(0.0));
        Some(beyond_limits(g, args, x, value, [all, nothing]))
    }

    fn mean(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let parts = parts(g, &inner[0], args, false)?;
        Some(mean_of(g, &parts))
    }

    fn sd(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let parts = parts(g, &inner[0], args, true)?;
        let mean = mean_of(g, &parts);
        let mut variance = g.scalar(0.0);
        for part in &parts {
            let distance = g.sub(part.mean, mean);
            let mut square = g.square(distance);
            if let Some(sd) = part.sd {
                let own = g.square(sd);
                square = g.add(square, own);
            }
            let term = part.weighted(g, square);
            variance = g.add(variance, term);
        }
        Some(g.sqrt(variance))
    }

    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        let limit = |side: usize| args[side].map_or(ENDS[side], |limit| draw.argument(limit, 0)[0]);
        let (lower, upper) = (limit(0), limit(1));
        let x = inner[0].draw(draw, event, rng)?;
        Some(x.into_iter().map(|x| if x.is_nan() { x } else { x.max(lower).min(upper) }).collect())
    }

    fn formula(&self) -> &'static str {
        "log P(X <= lower) at lower, log P(X >= upper) at upper, log D(x) between them"
    }

    fn example(&self) -> &'static str {
        "months ~ censored(Weibull(shape, scale), upper = limit)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("target += weibull_lccdf(limit | ...) for the censored rows"),
            pymc: Some("Censored(dist, lower, upper)"),
            r: Some("survival::Surv(time, event), brms y | cens(c)"),
        }
    }
}

/// Limits that are none.
const ENDS: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// The limits that are given, and finite for some element.
fn limits(g: &Graph, args: &[Option<Node>]) -> [Option<Node>; 2] {
    [0, 1].map(|side| {
        let limit = args.get(side).copied().flatten()?;
        let none = g.value(limit).is_some_and(|v| v.iter().all(|&v| v == ENDS[side]));
        (!none).then_some(limit)
    })
}

/// log P(D >= limit)
fn log_from(g: &mut Graph, inner: &Instance, limit: Node) -> Option<Node> {
    if inner.element() != ElementType::Real {
        let before = g.add_scalar(limit, -1.0);
        return inner.log_ccdf(g, before);
    }
    let above = inner.log_ccdf(g, limit)?;
    let atoms = inner.atoms(g);
    let at_limit: Vec<Node> = atoms.into_iter().map(|atom| g.equal(atom, limit)).collect();
    let Some(any) = at_limit.into_iter().reduce(|any, at| g.or(any, at)) else { return Some(above) };
    let (log_mass, nothing) = (inner.log_density(g, limit), g.scalar(f64::NEG_INFINITY));
    let log_mass = choose(g, any, log_mass, nothing);
    Some(g.log_add_exp(above, log_mass))
}

/// `value` between the limits, `ends` below the lower and from the upper one on.
fn beyond_limits(g: &mut Graph, args: &[Option<Node>], x: Node, value: Node, ends: [Node; 2]) -> Node {
    let [lower, upper] = limits(g, args);
    let mut value = value;
    if let Some(lower) = lower {
        let below = g.less(x, lower);
        value = choose(g, below, ends[0], value);
    }
    if let Some(upper) = upper {
        let from = g.less_equal(upper, x);
        value = choose(g, from, ends[1], value);
    }
    value
}

/// One limit, or what lies between them.
struct Part {
    weight: Node,
    mean: Node,
    sd: Option<Node>,
}

impl Part {
    /// weight times `value`, 0 where the weight is.
    fn weighted(&self, g: &mut Graph, value: Node) -> Node {
        let zero = g.scalar(0.0);
        let counts = g.less(zero, self.weight);
        let product = g.mul(self.weight, value);
        g.select(counts, product, zero)
    }
}

/// What a censored distribution is a mixture of; `None` where moments between the limits are not known.
fn parts(g: &mut Graph, inner: &Instance, args: &[Option<Node>], with_sd: bool) -> Option<Vec<Part>> {
    let [lower, upper] = limits(g, args);
    let mut parts = Vec::new();
    let mut rest = g.scalar(1.0);
    let mut weigh = |g: &mut Graph, log_weight: Node, limit: Node, end: f64| {
        let weight = g.exp(log_weight);
        rest = g.sub(rest, weight);
        // Infinite where there is no limit, with weight 0.
        let (infinite, zero) = (g.scalar(end), g.scalar(0.0));
        let finite = g.not_equal(limit, infinite);
        let mean = choose(g, finite, limit, zero);
        parts.push(Part { weight, mean, sd: None });
    };
    if let Some(lower) = lower {
        let log_weight = inner.log_cdf(g, lower)?;
        weigh(g, log_weight, lower, ENDS[0]);
    }
    if let Some(upper) = upper {
        let log_weight = log_from(g, inner, upper)?;
        weigh(g, log_weight, upper, ENDS[1]);
    }
    let between = match (lower, upper) {
        (None, None) => inner.clone(),
        _ => {
            let discrete = inner.element() != ElementType::Real;
            let step = f64::from(discrete);
            let args = vec![lower.map(|n| g.add_scalar(n, step)), upper.map(|n| g.add_scalar(n, -step))];
            let between = Instance::Wrapped { wrapper: &Truncated, inner: vec![inner.clone()], args };
            if !inner.atoms(g).is_empty() {
                return None;
            }
            if between.objection(g).is_some() {
                // Nothing lies between neighbouring limits; other objections leave no moments.
                let (low, high) = (lower?, upper?);
                let neighbours = g.add_scalar(low, 1.0);
                let narrow = discrete && empty_range(g, Some(neighbours), Some(high), false).is_some();
                return narrow.then_some(parts);
            }
            between
        }
    };
    let sd = if with_sd { Some(between.sd(g)?) } else { None };
    let mean = between.mean(g)?;
    parts.push(Part { weight: rest, mean, sd });
    Some(parts)
}

fn mean_of(g: &mut Graph, parts: &[Part]) -> Node {
    let mut mean = g.scalar(0.0);
    for part in parts {
        let term = part.weighted(g, part.mean);
        mean = g.add(mean, term);
    }
    mean
}
