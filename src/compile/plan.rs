//! A dry run of a loop's body: which iteration defines and which reads which elements.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::CompileError;
use super::elements::{Slots, element_name};
use super::partly::AllPartly;
use super::selection::Selection;
use super::tracer::{Result, Tracer};
use super::uses::hold_up;
use super::value::{Axis, Tuple};
use crate::ir::{Statement, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::ElementType;

/// What a dry run of a loop's body finds out: which iteration defines and which reads which elements.
pub struct LoopPlan {
    /// The loop's domain in the dry run; its rows are the iterations.
    pub domain: usize,
    pub writes: BTreeMap<VariableId, Writes>,
    pub reads: BTreeMap<VariableId, Vec<(Tuple, u32)>>,
    /// Of these, what was read before it was defined.
    early: BTreeMap<VariableId, Vec<Early>>,
    /// Inputs that stand for elements that are not defined yet.
    pub placeholders: Vec<Node>,
    /// The branches that each iteration takes, as a number.
    pub arms: Vec<u64>,
}

/// An element that an iteration reads before it is defined by the statements so far.
struct Early {
    tuple: Tuple,
    iteration: u32,
    at: Span,
    /// By the loop itself, not by one within it.
    is_direct: bool,
}

/// Elements of one array that a loop defines. Latents are there before the loop where they can be.
#[derive(Default)]
pub struct Writes {
    pub slots: Slots,
    /// In the order of rows of `slots`.
    pub tuples: Vec<Tuple>,
    pub iterations: Vec<u32>,
    pub rank: usize,
    pub dims: Vec<usize>,
    pub element: Option<ElementType>,
    /// A latent: what can be allocated before the loop.
    pub ahead: Vec<super::allocate::Ahead>,
    /// A latent some of whose elements cannot be.
    pub late: Option<Span>,
    /// A discrete latent with these values.
    pub discrete: Option<Vec<f64>>,
}

impl Writes {
    fn is_latent(&self) -> bool {
        !self.ahead.is_empty() || self.late.is_some() || self.discrete.is_some()
    }
}

impl LoopPlan {
    /// Arrays that carry values from iteration to iteration of `body`: some iteration reads what another one defines, and
    /// not all iterations of what defines it can run before. Latents allocated ahead carry nothing.
    pub fn carried(&self, body: &[Statement], partly: &AllPartly) -> BTreeSet<VariableId> {
        let read_elsewhere = self.read_elsewhere();
        let mut held: BTreeSet<VariableId> =
            read_elsewhere.iter().copied().filter(|&variable| self.holds_up(variable)).collect();
        while hold_up(body, partly, &mut held) {}
        read_elsewhere.intersection(&held).copied().collect()
    }

    /// Arrays some iteration of which reads what another one defines.
    fn read_elsewhere(&self) -> BTreeSet<VariableId> {
        let carries = |variable: &VariableId, reads: &Vec<(Tuple, u32)>| {
            let Some(writes) = self.writes.get(variable) else { return false };
            if writes.is_latent() {
                return false;
            }
            reads.iter().any(|(tuple, iteration)| {
                let writer = writes.slots.get(tuple, writes.rank).map(|row| writes.iterations[row as usize]);
                writer.is_some_and(|writer| writer != *iteration)
            })
        };
        self.reads.iter().filter(|(variable, reads)| carries(variable, reads)).map(|(v, _)| *v).collect()
    }

    /// Whether elements of an array are read before the statement that defines them, or what a later iteration defines is.
    fn holds_up(&self, variable: VariableId) -> bool {
        let Some(writes) = self.writes.get(&variable) else { return false };
        let writer = |tuple: &Tuple| Some(writes.iterations[writes.slots.get(tuple, writes.rank)? as usize]);
        let mut early = self.early.get(&variable).into_iter().flatten();
        let mut reads = self.reads.get(&variable).into_iter().flatten();
        early.any(|early| writer(&early.tuple).is_some())
            || reads.any(|(tuple, iteration)| writer(tuple).is_some_and(|writer| writer > *iteration))
    }
}

impl Tracer<'_> {
    /// Traces a body for what it reads and defines, and takes everything back.
    pub fn dry_run(
        &mut self,
        order: &[(u32, i64)],
        variable: VariableId,
        body: &[Statement],
    ) -> Result<LoopPlan> {
        let saved = self.saved();
        let domain = self.domains.len();
        let arms = vec![0; order.len()];
        self.plan = Some(LoopPlan {
            domain,
            writes: BTreeMap::new(),
            reads: BTreeMap::new(),
            early: BTreeMap::new(),
            placeholders: Vec::new(),
            arms,
        });
        let traced = self.in_domain(order, variable, body);
        let plan = self.plan.take();
        self.restore(saved);
        traced?;
        Ok(plan.expect("set above, and nothing else takes it"))
    }

    /// In a dry run: these elements are defined here.
    pub fn note_write(
        &mut self,
        variable: VariableId,
        selection: &Selection,
        dims: &[usize],
        element: ElementType,
    ) {
        let Some(plan) = &self.plan else { return };
        let iterations = self.iterations_of(plan.domain, selection.tuples.len());
        self.note_writes(variable, selection, &iterations, dims, element);
    }

    /// In a dry run: the element defined in each of these rows of the current domain.
    pub fn note_write_of_rows(&mut self, variable: VariableId, selection: &Selection, rows: &[usize]) {
        let (Some(plan), Some(domain)) = (&self.plan, self.domain) else { return };
        let iterations = self.iterations_of(plan.domain, self.domains[domain].size);
        let iterations: Vec<u32> = rows.iter().map(|&row| iterations[row]).collect();
        self.note_writes(variable, selection, &iterations, &[], ElementType::Real);
    }

    fn note_writes(
        &mut self,
        variable: VariableId,
        selection: &Selection,
        iterations: &[u32],
        dims: &[usize],
        element: ElementType,
    ) {
        let Some(plan) = &mut self.plan else { return };
        let writes = plan.writes.entry(variable).or_default();
        writes.rank = selection.rank;
        writes.dims = dims.to_vec();
        writes.element = Some(element);
        for (tuple, &iteration) in selection.tuples.iter().zip(iterations) {
            // What is defined twice was reported by the definition itself.
            if writes.slots.insert(*tuple, selection.rank) {
                writes.tuples.push(*tuple);
                writes.iterations.push(iteration);
            }
        }
    }

    /// In a dry run: these elements are read here.
    pub fn note_read(&mut self, variable: VariableId, selection: &Selection, at: Span) {
        let Some(plan) = &self.plan else { return };
        let domain = plan.domain;
        let mut notes: Vec<(Tuple, u32)> = Vec::new();
        if selection.axes.is_empty() {
            // The same elements in every iteration: one reader that is not the first shows any conflict, two do surely.
            let last = self.domains[domain].size as u32 - 1;
            for tuple in &selection.tuples {
                notes.extend([(*tuple, 0), (*tuple, last)]);
            }
        } else {
            let own = selection.axes.iter().find_map(|axis| match axis {
                Axis::Domain(own) => Some(*own),
                Axis::Enumeration(_) => None,
            });
            let iterations = self.iterations_from(own, domain, selection.tuples.len());
            notes.extend(selection.tuples.iter().copied().zip(iterations));
        }
        let is_direct = self.domain == Some(domain);
        if let Some(plan) = &mut self.plan {
            let written = plan.writes.get(&variable);
            let defined = |tuple: &Tuple| written.is_some_and(|own| own.slots.get(tuple, own.rank).is_some());
            let early = notes.iter().filter(|(tuple, _)| !defined(tuple)).copied();
            let early = early.map(|(tuple, iteration)| Early { tuple, iteration, at, is_direct });
            plan.early.entry(variable).or_default().extend(early);
            plan.reads.entry(variable).or_default().extend(notes);
        }
    }

    /// In a dry run: which iterations take which branch.
    pub fn note_branches(&mut self, taken: &[(Vec<u32>, &[Statement])]) {
        let (Some(plan), Some(own)) = (&self.plan, self.domain) else { return };
        if taken.len() < 2 || !self.encloses(plan.domain, own) {
            return;
        }
        let iterations = self.rows_between(plan.domain, own);
        let Some(plan) = &mut self.plan else { return };
        for (arm, (rows, _)) in taken.iter().enumerate() {
            for &row in rows {
                let mut hasher = DefaultHasher::new();
                let taken = &mut plan.arms[iterations[row as usize] as usize];
                (*taken, arm).hash(&mut hasher);
                *taken = hasher.finish();
            }
        }
    }

    /// A latent is there before its loop, but an iteration may only read what earlier ones define.
    pub fn refuse_early(&self, plan: &LoopPlan) -> Result<()> {
        for (variable, reads) in &plan.early {
            let Some(writes) = plan.writes.get(variable) else { continue };
            let early = reads.iter().filter(|early| early.is_direct).find(|early| {
                let row = writes.slots.get(&early.tuple, writes.rank);
                let writer = row.map(|row| writes.iterations[row as usize]);
                writer.is_some_and(|writer| writer >= early.iteration)
            });
            if let Some(early) = early.filter(|_| writes.is_latent()) {
                let element = element_name(&self.model.variable(*variable).name, &early.tuple, writes.rank);
                let error = CompileError::UndefinedElement { element, at: early.at };
                return Err(self.for_want_of_data(*variable, error));
            }
        }
        Ok(())
    }

    /// Latents that are read before they can be allocated.
    pub fn refuse_late(&self, plan: &LoopPlan) -> Result<()> {
        let late = plan
            .writes
            .iter()
            .find(|(variable, writes)| writes.late.is_some() && plan.reads.contains_key(variable));
        let Some((variable, writes)) = late else { return Ok(()) };
        let name = &self.model.variable(*variable).name;
        let at = writes.late.unwrap_or_default();
        Err(CompileError::unsupported(
            format!("`{name}`, whose support depends on values of the same recursion"),
            at,
        ))
    }

    /// The iteration of the dry run's loop behind each of `n` rows of the current domain (or parts of rows).
    fn iterations_of(&self, domain: usize, n: usize) -> Vec<u32> {
        self.iterations_from(self.domain, domain, n)
    }

    fn iterations_from(&self, own: Option<usize>, domain: usize, n: usize) -> Vec<u32> {
        let rows: Vec<u32> = match own {
            Some(own) if self.encloses(domain, own) => self.rows_between(domain, own),
            // A loop around the dry run's: its rows read in all iterations; the first stands for them.
            _ => vec![0; own.map_or(1, |own| self.domains[own].size)],
        };
        let per_row = n / rows.len().max(1);
        rows.iter().flat_map(|&row| std::iter::repeat_n(row, per_row)).collect()
    }
}
