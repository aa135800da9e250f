//! Discrete latents are summed out exactly at the end, one element after the other, by the sum-product rule in log space.
//!
//! A statement that reads discrete latents becomes a factor with one axis per element read (`discrete`). Its rows are tables
//! of log weights over sets of elements (`scopes`). The elements are eliminated in a good order (`order`): each is summed out of
//! all tables that hold it, which leaves a table over the elements that stood beside it. Elements that are alike go side by side,
//! and what repeats, chains, is a recursion (`schedule`, `recursion`, `emit`), so that the program does not grow with their number.

mod emit;
mod order;
mod recursion;
mod schedule;
mod scopes;

pub use order::{Addend, Elimination, Pool};
pub use scopes::Group;

use super::CompileError;
use super::elements::element_name;
use super::tracer::{Result, TermNode, Tracer, one_line};
use super::value::Axis;
use crate::density::{Term, TermKind};
use crate::source::Span;
use crate::tape::Node;
use order::TooLarge;

/// A statement's log density over enumerated axes.
pub struct Factor {
    pub axes: Vec<Axis>,
    /// One length per axis; without a domain axis it is the same in all rows of `domain`.
    pub node: Node,
    pub domain: Option<usize>,
    pub kind: TermKind,
    pub span: Span,
}

/// Discrete latents that were summed out together, and the tables that they were summed out of.
pub struct Eliminated {
    pub group: Group,
    pub elimination: Elimination,
    /// `[tables, values...]` of each pool.
    pub pools: Vec<Node>,
}

impl Tracer<'_> {
    /// Sums all discrete latents out of the factors; what remains are terms.
    pub fn eliminate(&mut self) -> Result<()> {
        let factors = std::mem::take(&mut self.factors);
        for discrete in self.coupled(&factors) {
            let mut first = vec![0u32];
            for &latent in &discrete {
                first.push(first[first.len() - 1] + self.discrete[latent].slots.rows as u32);
            }
            let group = Group { discrete, first };
            if group.n_variables() == 0 {
                continue;
            }
            let is_own = |factor: &&Factor| self.enumerated(factor).any(|d| group.discrete.contains(&d));
            let own: Vec<&Factor> = factors.iter().filter(is_own).collect();
            self.eliminate_group(group, &own)?;
        }
        Ok(())
    }

    fn enumerated<'t>(&'t self, factor: &'t Factor) -> impl Iterator<Item = usize> + 't {
        factor.axes.iter().filter_map(|axis| match axis {
            Axis::Enumeration(e) => Some(self.enumerations[*e].discrete),
            Axis::Domain(_) => None,
        })
    }

    /// The discrete latents that are read, in sets that no statement couples with each other.
    fn coupled(&self, factors: &[Factor]) -> Vec<Vec<usize>> {
        let mut set_of: Vec<Option<usize>> = vec![None; self.discrete.len()];
        for factor in factors {
            let own: Vec<usize> = self.enumerated(factor).collect();
            let Some(&first) = own.first() else { continue };
            let joined: Vec<usize> = own.iter().filter_map(|&latent| set_of[latent]).collect();
            let set = joined.iter().copied().min().unwrap_or(first);
            for (latent, of) in set_of.iter_mut().enumerate() {
                if own.contains(&latent) || of.is_some_and(|of| joined.contains(&of)) {
                    *of = Some(set);
                }
            }
        }
        let mut sets: Vec<(usize, Vec<usize>)> = Vec::new();
        for (latent, set) in set_of.iter().enumerate() {
            let Some(set) = *set else { continue };
            match sets.iter_mut().find(|(known, _)| *known == set) {
                Some((_, latents)) => latents.push(latent),
                None => sets.push((set, vec![latent])),
            }
        }
        sets.into_iter().map(|(_, latents)| latents).collect()
    }

    fn eliminate_group(&mut self, group: Group, factors: &[&Factor]) -> Result<()> {
        let (pools, nodes) = self.pools(&group, factors);
        let mut cards = Vec::with_capacity(group.n_variables());
        for (&latent, first) in group.discrete.iter().zip(group.first.windows(2)) {
            cards.resize(first[1] as usize, self.discrete[latent].values.len());
        }
        let elimination =
            Elimination::new(cards, pools).map_err(|too_large| self.refuse_too_large(&group, too_large))?;
        let pointwise = emit::emit(&mut self.graph, &elimination, &nodes);
        let names: Vec<&str> =
            group.discrete.iter().map(|&latent| self.discrete[latent].name.as_str()).collect();
        let texts: Vec<String> =
            factors.iter().map(|factor| one_line(self.model.source.slice(factor.span))).collect();
        let span = factors[0].span;
        let text = format!("{} ({} summed out)", texts.join("; "), names.join(", "));
        let node = self.graph.sum_all(pointwise);
        // A discrete latent's own prior goes with what it is a part of. A continuous latent's prior joined with a
        // likelihood belongs to neither part of the ELBO alone.
        let is_of_own = |factor: &Factor| {
            group.discrete.iter().any(|&d| self.discrete[d].statements.contains(&factor.span))
        };
        let others = || factors.iter().filter(|factor| !is_of_own(factor));
        let all_prior = others().count() > 0 && others().all(|factor| factor.kind == TermKind::Prior);
        if !all_prior && others().any(|factor| factor.kind == TermKind::Prior) {
            self.normalised = false;
        }
        let kind = if all_prior { TermKind::Prior } else { TermKind::Likelihood };
        self.terms.push(TermNode {
            term: Term { text, kind, span },
            node,
            pointwise: (!all_prior).then_some(pointwise),
            joined: factors.iter().map(|factor| factor.span).collect(),
        });
        self.eliminated.push(Eliminated { group, elimination, pools: nodes });
        Ok(())
    }

    fn refuse_too_large(&self, group: &Group, too_large: TooLarge) -> CompileError {
        let TooLarge { variable, n_coupled, numbers } = too_large;
        let (latent, element) = group.element(variable);
        let known = &self.discrete[group.discrete[latent]];
        let tuple = known.slots.in_order(known.rank).into_iter().find(|(_, row)| *row as usize == element);
        let name = match tuple {
            Some((tuple, _)) if known.rank > 0 => {
                element_name(&known.name, &tuple, known.rank).replace('`', "")
            }
            _ => known.name.clone(),
        };
        CompileError::Elimination {
            name,
            reason: format!(
                "in the best order found, its values have to be tabulated with those of {n_coupled} others that it is \
                 coupled with (a treewidth of {n_coupled}): {numbers:.1e} numbers"
            ),
            help: "statements that hold fewer discrete latents at a time, or that couple each element with few others, \
                   as in a chain, keep the tables small"
                .into(),
            at: known.span,
        }
    }
}
