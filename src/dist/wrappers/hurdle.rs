//! Zeros of their own, and a distribution for all other values.

use rand::Rng;

use crate::dist::formula::{choose, inside, open_unit};
use crate::dist::{Elsewhere, Instance, Param, Range, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::zero_inflated::{
    LATENT_ADVICE, OUTSIDE_ADVICE, atoms_with_zero, is_negative, log_mass_at_zero, log_shares, objection,
    sd_with_zeros, support_with_zero,
};

/// 0 with probability p, else a draw of D given that it is not 0.
pub struct Hurdle;

const PARAMS: &[Param] = &[Param::scalar("p", Range::UnitInterval, "probability of a zero")];

impl Wrapper for Hurdle {
    fn name(&self) -> &'static str {
        "hurdle"
    }

    fn summary(&self) -> &'static str {
        "zeros with a probability of their own, instead of those that a distribution has"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn inner_position(&self) -> usize {
        1
    }

    fn support(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Support {
        support_with_zero(g, &inner[0])
    }

    fn atoms(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Vec<Node> {
        atoms_with_zero(g, &inner[0])
    }

    fn takes_atoms(&self) -> bool {
        true
    }

    fn latent_advice(&self) -> &'static str {
        LATENT_ADVICE
    }

    fn outside_advice(&self) -> Option<&'static str> {
        Some(OUTSIDE_ADVICE)
    }

    fn log_density(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Node {
        let (log_p, log_rest) = log_shares(g, args);
        let density = inner[0].log_density(g, x);
        let elsewhere = given_not_zero(g, &inner[0], density);
        let elsewhere = g.add(log_rest, elsewhere);
        let zero = g.scalar(0.0);
        let is_zero = g.equal(x, zero);
        choose(g, is_zero, log_p, elsewhere)
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Option<String> {
        let words = objection(self.name(), &inner[0]);
        if words.is_some() {
            return words;
        }
        let log_rest = log_not_zero(g, &inner[0])?;
        let always = g.value(log_rest)?.iter().any(|&v| v == f64::NEG_INFINITY);
        let who = inner[0].describe();
        always.then(|| format!("hurdle({who}) has nothing but zeros: {who} gives nothing else a probability"))
    }

    fn log_cdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let below = inner[0].log_cdf(g, x)?;
        let negative = is_negative(g, x);
        Some(tail(g, &inner[0], args, below, negative, true))
    }

    fn log_ccdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let above = inner[0].log_ccdf(g, x)?;
        let negative = is_negative(g, x);
        Some(tail(g, &inner[0], args, above, negative, false))
    }

    fn mean(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let mean = inner[0].mean(g)?;
        let share = share(g, &inner[0], args);
        Some(g.mul(share, mean))
    }

    fn sd(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let share = share(g, &inner[0], args);
        sd_with_zeros(g, &inner[0], share)
    }

    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        let p = draw.argument(args[0]?, 0)[0];
        if open_unit(rng) < p {
            return Some(vec![0.0]);
        }
        for attempt in 0..MAX_ATTEMPTS {
            let x = inner[0].draw(draw, event, rng)?;
            if x[0] != 0.0 {
                return Some(x);
            }
            if attempt == FEW_ATTEMPTS
                && let Some(x) = first_counts(draw, &inner[0], rng)
            {
                return Some(vec![x]);
            }
        }
        None
    }

    fn formula(&self) -> &'static str {
        "log(p) at 0, log1p(-p) + log D(x) - log1p(-D(0)) elsewhere; D(0) is 0 where D is continuous"
    }

    fn example(&self) -> &'static str {
        "spent ~ hurdle(p, LogNormal(mu, sigma))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: None,
            pymc: Some(
                "HurdlePoisson(psi = 1 - p, mu), HurdleGamma, HurdleLogNormal, HurdleNegativeBinomial",
            ),
            r: Some("brms hurdle_lognormal(), whose hu is p"),
        }
    }
}

/// log P(D is not 0); `None` where that is 1.
fn log_not_zero(g: &mut Graph, inner: &Instance) -> Option<Node> {
    let log_mass = log_mass_at_zero(g, inner)?;
    if inner.element() != ElementType::Real {
        let lower = inner.support(g).bounds()[0];
        let starts_at_zero = lower.and_then(|n| g.value(n)).is_some_and(|v| v.iter().all(|&v| v == 0.0));
        let zero = g.scalar(0.0);
        // Where D is nearly always 0 its upper tail says how far from always.
        if starts_at_zero && let Some(above) = inner.log_ccdf(g, zero) {
            return Some(above);
        }
    }
    Some(g.log1m_exp(log_mass))
}

/// A log probability of values other than 0, given that D is not 0.
fn given_not_zero(g: &mut Graph, inner: &Instance, value: Node) -> Node {
    let Some(log_rest) = log_not_zero(g, inner) else { return value };
    let nothing = g.scalar(f64::NEG_INFINITY);
    let possible = g.less(nothing, log_rest);
    let value = g.sub(value, log_rest);
    inside(g, possible, value)
}

/// A tail from that of D at the same x: zeros belong to the lower one where x is not negative, else to the upper one.
fn tail(
    g: &mut Graph,
    inner: &Instance,
    args: &[Option<Node>],
    own: Node,
    negative: Node,
    is_lower: bool,
) -> Node {
    let (log_p, log_rest) = log_shares(g, args);
    let without = given_not_zero(g, inner, own);
    let without = g.add(log_rest, without);
    let others = match log_mass_at_zero(g, inner) {
        Some(log_mass) => log_difference(g, own, log_mass),
        None => own,
    };
    let others = given_not_zero(g, inner, others);
    let others = g.add(log_rest, others);
    let with = g.log_add_exp(log_p, others);
    if is_lower { choose(g, negative, without, with) } else { choose(g, negative, with, without) }
}

/// log(exp(a) - exp(b)); -inf, and constant, where a is not above b.
fn log_difference(g: &mut Graph, a: Node, b: Node) -> Node {
    let some = g.less(b, a);
    let (zero, below) = (g.scalar(0.0), g.scalar(-1.0));
    let level = g.select(some, a, zero);
    let log_ratio = g.sub(b, level);
    let log_ratio = g.select(some, log_ratio, below);
    let log_share = g.log1m_exp(log_ratio);
    let value = g.add(level, log_share);
    inside(g, some, value)
}

/// (1 - p) / P(D is not 0): how much more often values other than 0 come than under D.
fn share(g: &mut Graph, inner: &Instance, args: &[Option<Node>]) -> Node {
    let (_, log_rest) = log_shares(g, args);
    let log_share = given_not_zero(g, inner, log_rest);
    g.exp(log_share)
}

/// Draws that are all 0 before the search below takes over, and where it cannot, before giving up.
const FEW_ATTEMPTS: usize = 100;
const MAX_ATTEMPTS: usize = 100_000;

/// Probabilities taken at once in the search, and how many times.
const BLOCK: usize = 100;
const MAX_BLOCKS: usize = 10_000;

/// A draw of 1, 2, ... by inversion, of a distribution of counts that is nearly always 0.
fn first_counts(draw: &Sampler<'_>, inner: &Instance, rng: &mut dyn Rng) -> Option<f64> {
    let Instance::Plain { dist, form, args } = inner else { return None };
    if inner.element() == ElementType::Real || dist.event_rank() > 0 {
        return None;
    }
    let mut g = Graph::new();
    let args: Vec<Node> = args
        .iter()
        .zip(dist.forms()[*form])
        .map(|(&arg, param)| {
            let value = draw.argument(arg, param.rank);
            if param.rank == 0 { g.scalar(value[0]) } else { g.vector(&value) }
        })
        .collect();
    let here = Instance::Plain { dist: *dist, form: *form, args };
    let log_rest = log_not_zero(&mut g, &here)?;
    let log_rest = g.value(log_rest)?.iter().next().copied()?;
    let mut left = open_unit(rng);
    for block in 0..MAX_BLOCKS {
        let values: Vec<f64> = (0..BLOCK).map(|i| (block * BLOCK + i + 1) as f64).collect();
        let x = g.vector(&values);
        let log_p = here.log_density(&mut g, x);
        for (&value, log_p) in values.iter().zip(g.value(log_p)?) {
            left -= (log_p - log_rest).exp();
            if left <= 0.0 {
                return Some(value);
            }
        }
    }
    None
}
