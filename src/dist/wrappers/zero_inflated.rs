//! Zeros more often than a distribution has them.

use rand::Rng;

use crate::dist::formula::{choose, like, one_minus, open_unit};
use crate::dist::{Elsewhere, Instance, Param, Range, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};
use crate::types::ElementType;

/// 0 with probability p, else a draw of D, which may be 0 too. For a continuous D every zero is an extra one, as under
/// `hurdle`.
pub struct ZeroInflated;

const PARAMS: &[Param] = &[Param::scalar("p", Range::UnitInterval, "probability of an extra zero")];

impl Wrapper for ZeroInflated {
    fn name(&self) -> &'static str {
        "zero_inflated"
    }

    fn summary(&self) -> &'static str {
        "zeros on top of those that a distribution has"
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
        let elsewhere = g.add(log_rest, density);
        let at_zero = match log_mass_at_zero(g, &inner[0]) {
            Some(log_mass) => {
                let own = g.add(log_rest, log_mass);
                g.log_add_exp(log_p, own)
            }
            None => log_p,
        };
        let zero = g.scalar(0.0);
        let is_zero = g.equal(x, zero);
        choose(g, is_zero, at_zero, elsewhere)
    }

    fn objection(&self, _g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Option<String> {
        objection(self.name(), &inner[0])
    }

    fn log_cdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let (log_p, log_rest) = log_shares(g, args);
        let below = inner[0].log_cdf(g, x)?;
        let without = g.add(log_rest, below);
        let with = g.log_add_exp(log_p, without);
        let negative = is_negative(g, x);
        Some(choose(g, negative, without, with))
    }

    fn log_ccdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let (log_p, log_rest) = log_shares(g, args);
        let above = inner[0].log_ccdf(g, x)?;
        let without = g.add(log_rest, above);
        let with = g.log_add_exp(log_p, without);
        let negative = is_negative(g, x);
        Some(choose(g, negative, with, without))
    }

    fn mean(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let rest = one_minus(g, args[0]?);
        let mean = inner[0].mean(g)?;
        Some(g.mul(rest, mean))
    }

    fn sd(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let rest = one_minus(g, args[0]?);
        sd_with_zeros(g, &inner[0], rest)
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
        if open_unit(rng) < p { Some(vec![0.0]) } else { inner[0].draw(draw, event, rng) }
    }

    fn formula(&self) -> &'static str {
        "log(p + (1 - p) D(0)) at 0, log1p(-p) + log D(x) elsewhere"
    }

    fn example(&self) -> &'static str {
        "caught ~ zero_inflated(psi, Poisson(log = alpha + beta * hours))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: None,
            pymc: Some(
                "ZeroInflatedPoisson(psi = 1 - p, mu), ZeroInflatedBinomial, ZeroInflatedNegativeBinomial",
            ),
            r: Some("brms zero_inflated_poisson(), whose zi is p"),
        }
    }
}

/// What to write for a latent that is exactly 0 with some probability.
pub(super) const LATENT_ADVICE: &str = "for a latent that may be exactly 0, give it an indicator: `z ~ Bernoulli(1 - p)`, `u ~ D`, and `z * u` where it is used";

/// What to do about an observed value that the distribution inside does not take.
pub(super) const OUTSIDE_ADVICE: &str = "all values but the zeros are of the distribution inside: whole numbers of a count such as Poisson, amounts of a continuous one, as in `hurdle(p, Gamma(shape, rate))`";

/// log p, log(1 - p)
pub(super) fn log_shares(g: &mut Graph, args: &[Option<Node>]) -> (Node, Node) {
    let p = args[0].expect("the probability of a zero is required");
    let negative = g.neg(p);
    (g.log(p), g.log1p(negative))
}

pub(super) fn is_negative(g: &mut Graph, x: Node) -> Node {
    let zero = g.scalar(0.0);
    g.less(x, zero)
}

/// log P(D = 0) where D is discrete or 0 is an atom of it; `None` where that is 0 for every element.
pub(super) fn log_mass_at_zero(g: &mut Graph, inner: &Instance) -> Option<Node> {
    let zero = g.scalar(0.0);
    let log_mass = if inner.element() != ElementType::Real {
        inner.log_density(g, zero)
    } else {
        let atoms = inner.atoms(g);
        let at_zero: Vec<Node> = atoms.into_iter().map(|atom| g.equal(atom, zero)).collect();
        let any = at_zero.into_iter().reduce(|any, at| g.or(any, at))?;
        let (density, nothing) = (inner.log_density(g, zero), g.scalar(f64::NEG_INFINITY));
        choose(g, any, density, nothing)
    };
    let never = g.value(log_mass).is_some_and(|v| v.iter().all(|&v| v == f64::NEG_INFINITY));
    (!never).then_some(log_mass)
}

/// The support of D, and 0.
pub(super) fn support_with_zero(g: &mut Graph, inner: &Instance) -> Support {
    let zero = g.scalar(0.0);
    match inner.support(g) {
        Support::Integers { lower, upper } => Support::Integers {
            lower: lower.map(|bound| g.min(bound, zero)),
            upper: upper.map(|bound| g.max(bound, zero)),
        },
        other => other,
    }
}

/// The atoms of D, and 0 where D is continuous.
pub(super) fn atoms_with_zero(g: &mut Graph, inner: &Instance) -> Vec<Node> {
    let mut atoms = inner.atoms(g);
    if inner.element() == ElementType::Real {
        atoms.push(g.scalar(0.0));
    }
    atoms
}

/// What has zeros added to it is a proper distribution of numbers.
pub(super) fn objection(name: &str, inner: &Instance) -> Option<String> {
    let who = inner.describe();
    if inner.event_rank() > 0 {
        return Some(format!("{name} takes distributions of numbers, and a draw of {who} is an array"));
    }
    inner.improper().then(|| {
        format!(
            "{name} takes distributions that integrate to 1, and {who} does not: nothing weighs it against 0"
        )
    })
}

/// sd of a draw of D with probability `share`, else 0.
pub(super) fn sd_with_zeros(g: &mut Graph, inner: &Instance, share: Node) -> Option<Node> {
    let (mean, sd) = (inner.mean(g)?, inner.sd(g)?);
    let rest = one_minus(g, share);
    let (within, between) = (g.square(sd), g.square(mean));
    let between = g.mul(rest, between);
    let sum = g.add(within, between);
    let variance = g.mul(share, sum);
    let sd = g.sqrt(variance);
    Some(like(g, sd, mean))
}
