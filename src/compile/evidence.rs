//! Discrete data with missing entries that other statements use: a discrete latent, most of whose elements are known.
//!
//! All elements get an axis for their values, and one more factor that is 0 where a value was observed and -inf elsewhere. What
//! is missing is summed out with the others.

use std::collections::BTreeSet;

use super::CompileError;
use super::eliminate::Factor;
use super::impute::Left;
use super::partly::tuple_of;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, TracedDistribution};
use crate::density::TermKind;
use crate::ir::VariableId;
use crate::source::Span;

/// Discrete data with missing entries.
#[derive(Clone)]
pub struct Evidence {
    pub variable: VariableId,
    /// Positions that some statement has on its left.
    given_a_prior: BTreeSet<usize>,
    at: Span,
}

impl Tracer<'_> {
    /// `x ~ D` of discrete data with missing entries that something else reads.
    pub fn observe_discrete(&mut self, left: &Left, distribution: &TracedDistribution) -> Result<()> {
        let name = self.model.variable(left.variable).name.clone();
        let dims = self.partly_given(left.variable).map(|given| given.dims.clone()).unwrap_or_default();
        let refuse = |tracer: &Self, why: &str| {
            CompileError::Data {
            message: format!("{}, and other statements use the column: {why}", tracer.has_missing(&name)),
            help: Some(
                "remove these rows; values are finitely many under Bernoulli, Categorical, Binomial and DiscreteUniform".into(),
            ),
            at: left.at,
        }
        };
        if left.event > 0 || dims.len() != 1 {
            return Err(refuse(self, "only a vector of numbers can have missing values summed out"));
        }
        let values = match self.finite_values(distribution, left.variable) {
            Ok(values) => values,
            Err(CompileError::Elimination { reason, .. }) => {
                return Err(refuse(self, &format!("what is missing cannot be summed out, because {reason}")));
            }
            Err(error) => return Err(error),
        };
        let tuples: Vec<_> = (0..dims[0]).map(|position| tuple_of(position, &dims)).collect();
        let discrete = match self.env[left.variable.0] {
            Some(Binding::Discrete(discrete)) if self.discrete[discrete].values == values => discrete,
            Some(Binding::Discrete(_)) => {
                return Err(CompileError::unsupported(
                    format!("`{name}`, whose elements take different values in different statements"),
                    left.at,
                ));
            }
            _ => {
                self.env[left.variable.0] = None;
                self.register_discrete(left.variable, &tuples, 1, values, left.span)?;
                let Some(Binding::Discrete(discrete)) = self.env[left.variable.0] else {
                    return Err(CompileError::Poisoned);
                };
                self.add_evidence(left, discrete, dims[0])?;
                let (variable, at) = (left.variable, left.at);
                self.evidence.push(Evidence { variable, given_a_prior: BTreeSet::new(), at });
                discrete
            }
        };
        if let Some(own) = self.evidence.iter_mut().find(|own| own.variable == left.variable) {
            own.given_a_prior.extend(&left.positions);
        }
        let domain = match (left.given.axes.first(), left.given.dims.as_slice()) {
            (Some(Axis::Domain(domain)), []) => Some(*domain),
            (None, []) => None,
            (None, dims @ [_]) => Some(self.implicit_domain(dims)),
            _ => return Err(refuse(self, "write one element for each iteration on the left of `~`")),
        };
        let map: Vec<u32> = left.positions.iter().map(|&position| position as u32).collect();
        let x = self.enumerate(discrete, domain, map.into())?;
        self.density_statement(left.span, TermKind::Likelihood, distribution, &x)
    }

    /// What was observed, as a factor of all elements.
    fn add_evidence(&mut self, left: &Left, discrete: usize, n: usize) -> Result<()> {
        let Some(given) = self.partly_given(left.variable).cloned() else {
            return Err(CompileError::Poisoned);
        };
        let observed = self.known(&given, left.at, "")?;
        let values = self.discrete[discrete].values.clone();
        let log_indicator =
            |x: f64, value: f64| if x.is_nan() || x == value { 0.0 } else { f64::NEG_INFINITY };
        let table: Vec<f64> =
            observed.iter().flat_map(|&x| values.iter().map(move |&value| log_indicator(x, value))).collect();
        let domain = self.implicit_domain(&[n]);
        self.enumerate(discrete, Some(domain), (0..n as u32).collect::<Vec<_>>().into())?;
        let own =
            self.enumerations.iter().position(|own| own.discrete == discrete && own.domain == Some(domain));
        let Some(enumeration) = own else { return Err(CompileError::Poisoned) };
        let node = self.graph.vector(&table);
        let node = self.graph.reshape(node, &[n, values.len()]);
        self.factors.push(Factor {
            axes: vec![Axis::Domain(domain), Axis::Enumeration(enumeration)],
            node,
            domain: Some(domain),
            kind: TermKind::Likelihood,
            span: left.span,
        });
        Ok(())
    }

    /// Whether each missing entry that is summed out has a distribution.
    pub fn check_evidence(&self) -> Result<()> {
        for Evidence { variable, given_a_prior, at } in &self.evidence {
            let mut missing = self.partly_missing(*variable).into_iter().flatten();
            if missing.any(|position| !given_a_prior.contains(&position)) {
                return Err(self.missing_value(*variable, *at));
            }
        }
        Ok(())
    }
}
