//! What the tracer has collected, to be taken back: after a dry run of a loop, and where a loop is traced in another way.

use std::collections::{BTreeMap, HashSet};

use super::discrete::Discrete;
use super::evidence::Evidence;
use super::partly::LeftOut;
use super::tracer::{Binding, Tracer};
use crate::ir::VariableId;
use crate::tape::Node;

/// The state of a tracer outside recursions. Nodes and domains stay: what nothing refers to costs nothing.
pub struct Saved {
    env: Vec<Option<Binding>>,
    discrete: Vec<Discrete>,
    left_out: BTreeMap<VariableId, LeftOut>,
    evidence: Vec<Evidence>,
    ahead: HashSet<VariableId>,
    terms: Vec<(Node, Option<Node>)>,
    normalised: bool,
    forwards: Option<[usize; 3]>,
    n_factors: usize,
    n_enumerations: usize,
    n_blocks: usize,
    n_coordinates: usize,
    n_variables: usize,
    n_quantities: usize,
    n_training_constants: usize,
    n_jacobians_ahead: usize,
    n_reads_ahead: usize,
    n_recentrable: usize,
    /// Domains from here on are newer.
    pub n_domains: usize,
}

impl Tracer<'_> {
    pub fn saved(&self) -> Saved {
        Saved {
            env: self.env.clone(),
            discrete: self.discrete.clone(),
            left_out: self.left_out.clone(),
            evidence: self.evidence.clone(),
            ahead: self.ahead.clone(),
            terms: self.terms.iter().map(|term| (term.node, term.pointwise)).collect(),
            normalised: self.normalised,
            forwards: self.forwards.as_ref().map(|forwards| forwards.counts()),
            n_factors: self.factors.len(),
            n_enumerations: self.enumerations.len(),
            n_blocks: self.blocks.len(),
            n_coordinates: self.coordinates.len(),
            n_variables: self.variables.len(),
            n_quantities: self.quantities.len(),
            n_training_constants: self.training_constants.len(),
            n_jacobians_ahead: self.jacobians_ahead.len(),
            n_reads_ahead: self.reads_ahead.len(),
            n_recentrable: self.recentrable.len(),
            n_domains: self.domains.len(),
        }
    }

    pub fn restore(&mut self, saved: Saved) {
        self.env = saved.env;
        self.discrete = saved.discrete;
        self.left_out = saved.left_out;
        self.evidence = saved.evidence;
        self.ahead = saved.ahead;
        self.terms.truncate(saved.terms.len());
        for (term, (node, pointwise)) in self.terms.iter_mut().zip(saved.terms) {
            (term.node, term.pointwise) = (node, pointwise);
        }
        self.normalised = saved.normalised;
        if let (Some(forwards), Some(counts)) = (&mut self.forwards, saved.forwards) {
            forwards.truncate(counts);
        }
        self.factors.truncate(saved.n_factors);
        self.enumerations.truncate(saved.n_enumerations);
        self.blocks.truncate(saved.n_blocks);
        if self.coordinates.len() > saved.n_coordinates {
            self.coordinates.truncate(saved.n_coordinates);
            for known in self.built_up.values_mut() {
                known.coordinates.retain(|_, &mut coordinate| coordinate < saved.n_coordinates);
            }
        }
        self.variables.truncate(saved.n_variables);
        self.quantities.truncate(saved.n_quantities);
        self.training_constants.truncate(saved.n_training_constants);
        self.jacobians_ahead.truncate(saved.n_jacobians_ahead);
        self.reads_ahead.truncate(saved.n_reads_ahead);
        self.recentrable.truncate(saved.n_recentrable);
    }
}
