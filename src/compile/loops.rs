//! Loops and branches over data: a loop becomes an axis of its iterations, or a scan where iterations feed each other.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::CompileError;
use super::ragged::{Lengths, Varies};
use super::saved::Saved;
use super::tracer::{Binding, Result, Tracer};
use super::uses::feeds_itself;
use super::value::{Axis, MAX_ELEMENTS, Traced, Value, fits_in_memory};
use crate::ir::{Expr, ExprKind, Statement, VariableId};
use crate::source::Span;
use crate::types::ElementType;

/// A recursion with an `if` is cut into at most this many parts, in each of which the branch is one.
const MAX_PARTS: usize = 32;

/// Passes of at most so many lengths are compiled one length at a time, where something takes one length only.
const MAX_KINDS: usize = 64;

/// Loops of at most so many passes are compiled pass by pass, where they can be neither an axis nor a recursion.
const MAX_PASSES: usize = 64;

/// The iterations of a loop nest, flattened: one row each.
pub struct Domain {
    pub size: usize,
    pub parent: Option<usize>,
    /// Row of the parent that each row belongs to; empty without a parent.
    pub parent_rows: Vec<u32>,
    pub kind: DomainKind,
    /// Of a slice whose length changes over the loop: the rows are its elements, pass by pass.
    pub lengths: Option<Lengths>,
    /// Of the elements of a discrete latent: the dimensions of its array.
    pub dims: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainKind {
    Loop,
    /// The iterations of a loop that take one arm of an `if`.
    Branch,
    /// The elements of a discrete latent that is used whole, rather than a loop.
    Implicit,
}

/// The values of the loop variable, row by row of the enclosing domain.
struct Iterations {
    by_row: Vec<std::ops::Range<i64>>,
}

impl Iterations {
    /// (parent row, value) in the parent's order.
    fn parent_major(&self) -> Vec<(u32, i64)> {
        self.by_row
            .iter()
            .enumerate()
            .flat_map(|(row, range)| range.clone().map(move |i| (row as u32, i)))
            .collect()
    }

    /// (parent row, value) step by step: only where all rows run equally long.
    fn step_major(&self) -> Option<(usize, Vec<(u32, i64)>)> {
        let len = self.by_row.first().map_or(0, |range| range.clone().count());
        if self.by_row.iter().any(|range| range.clone().count() != len) {
            return None;
        }
        let order = (0..len as i64)
            .flat_map(|t| {
                self.by_row.iter().enumerate().map(move |(row, range)| (row as u32, range.start + t))
            })
            .collect();
        Some((len, order))
    }

    /// Parts in which all iterations take the same branches, by how far they are from the start of their row.
    fn split(&self, arms: &[u64]) -> Vec<Iterations> {
        let mut cuts = BTreeSet::new();
        let mut first = 0;
        for range in &self.by_row {
            let len = range.clone().count();
            cuts.extend((1..len).filter(|&t| arms[first + t] != arms[first + t - 1]));
            first += len;
        }
        let longest = self.by_row.iter().map(|range| range.clone().count()).max().unwrap_or(0);
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([longest]);
        starts
            .zip(ends)
            .map(|(from, to)| {
                let part = |range: &std::ops::Range<i64>| {
                    let at = |t: usize| (range.start + t as i64).min(range.end.max(range.start));
                    at(from)..at(to)
                };
                Iterations { by_row: self.by_row.iter().map(part).collect() }
            })
            .collect()
    }

    /// [`Iterations::split`]; where rows take different branches at the same time, parts of one row each, one after the other.
    fn parts(&self, arms: &[u64]) -> Vec<Iterations> {
        let mut rows = Vec::with_capacity(self.by_row.len());
        let mut rest = arms;
        for range in &self.by_row {
            let (own, after) = rest.split_at(range.clone().count());
            rows.push(own);
            rest = after;
        }
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let differs = |t: usize| {
            let mut own = rows.iter().filter_map(|row| row.get(t));
            let first = own.next();
            own.any(|arm| Some(arm) != first)
        };
        if !(0..longest).any(differs) {
            return self.split(arms);
        }
        let mut parts = Vec::new();
        for (k, (range, arms)) in self.by_row.iter().zip(&rows).enumerate() {
            let mut from = 0;
            for run in arms.chunk_by(|a, b| a == b) {
                let mut by_row = vec![0..0; self.by_row.len()];
                by_row[k] = range.start + from..range.start + from + run.len() as i64;
                from += run.len() as i64;
                parts.push(Iterations { by_row });
            }
        }
        parts
    }
}

impl Tracer<'_> {
    pub fn for_loop(&mut self, variable: VariableId, range: &Expr, body: &[Statement]) -> Result<()> {
        let iterations = self.iterations(range)?;
        if self.scan.is_some() {
            return self.iterate(&iterations, variable, range.span, body);
        }
        let saved = self.saved();
        match self.iterate(&iterations, variable, range.span, body) {
            Err(CompileError::Varies(varies)) if self.scan.is_none() => {
                self.by_kind(saved, &iterations.parent_major(), variable, body, *varies)
            }
            Err(error @ (CompileError::NotSupportedYet { .. } | CompileError::Varies(_))) => {
                self.one_by_one(saved, &iterations.parent_major(), variable, body, error)
            }
            other => other,
        }
    }

    /// Traces the passes of a loop one after the other, where they cannot be steps of one recursion: the program is as long as
    /// there are passes.
    fn one_by_one(
        &mut self,
        saved: Saved,
        order: &[(u32, i64)],
        variable: VariableId,
        body: &[Statement],
        error: CompileError,
    ) -> Result<()> {
        if self.plan.is_some() || self.is_one_by_one || order.len() > MAX_PASSES {
            return Err(error);
        }
        self.scan = None;
        self.restore(saved);
        self.is_one_by_one = true;
        let traced = order.iter().try_for_each(|&pass| self.in_domain(&[pass], variable, body));
        self.is_one_by_one = false;
        // What is said of one pass alone says less.
        traced.map_err(|_| error)
    }

    /// Passes side by side; where that cannot be, those of each kind.
    fn side_by_side(&mut self, order: &[(u32, i64)], variable: VariableId, body: &[Statement]) -> Result<()> {
        let saved = self.saved();
        match self.in_domain(order, variable, body) {
            Err(CompileError::Varies(varies)) => self.by_kind(saved, order, variable, body, *varies),
            other => other,
        }
    }

    /// Traces the passes of a loop again, those together in which an array has one length.
    fn by_kind(
        &mut self,
        saved: Saved,
        order: &[(u32, i64)],
        variable: VariableId,
        body: &[Statement],
        varies: Varies,
    ) -> Result<()> {
        let mut domain = Some(varies.domain);
        let is_own = |known: usize| {
            let own = &self.domains[known];
            known >= saved.n_domains && own.parent == self.domain && own.size == order.len()
        };
        while let Some(inner) = domain.filter(|&inner| !is_own(inner)) {
            domain = self.domains[inner].parent;
        }
        // What changes does so over another loop.
        let Some(domain) = domain else { return Err(CompileError::Varies(Box::new(varies))) };
        let mut kinds: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
        for (pass, &kind) in self.rows_between(domain, varies.domain).iter().zip(varies.by_row.iter()) {
            kinds[*pass as usize].push(kind);
        }
        let mut places: HashMap<&[u32], usize> = HashMap::new();
        let mut groups: Vec<Vec<(u32, i64)>> = Vec::new();
        for (kind, &pass) in kinds.iter().zip(order) {
            let group = *places.entry(kind).or_insert(groups.len());
            if group == groups.len() {
                groups.push(Vec::new());
            }
            groups[group].push(pass);
        }
        if groups.len() < 2 {
            return Err(varies.error);
        }
        if groups.len() > MAX_KINDS {
            let CompileError::NotSupportedYet { feature, at, .. } = varies.error else {
                return Err(varies.error);
            };
            let help = format!(
                "it would be compiled {} times, once for each length; at most {MAX_KINDS} are possible",
                groups.len()
            );
            return Err(CompileError::NotSupportedYet { feature, help: Some(help), at });
        }
        self.restore(saved);
        for group in &groups {
            match self.side_by_side(group, variable, body) {
                // The passes need an order, which groups of them do not have.
                Err(CompileError::UndefinedElement { .. }) => return Err(varies.error),
                other => other?,
            }
        }
        Ok(())
    }

    fn iterate(
        &mut self,
        iterations: &Iterations,
        variable: VariableId,
        at: Span,
        body: &[Statement],
    ) -> Result<()> {
        let order = iterations.parent_major();
        if order.is_empty() {
            return Ok(());
        }
        if self.scan.is_some() && iterations.step_major().is_none() {
            return Err(CompileError::unsupported(
                "a loop whose length changes, inside a loop that carries a recursion",
                at,
            ));
        }
        if self.plan.is_some() || self.scan.is_some() || !feeds_itself(body, &self.partly) {
            return self.in_domain(&order, variable, body);
        }
        let plan = self.dry_run(&order, variable, body)?;
        self.refuse_late(&plan)?;
        self.refuse_early(&plan)?;
        self.allocate_ahead(&plan)?;
        let carried = plan.carried(body, &self.partly);
        if carried.is_empty() {
            return self.in_domain(&order, variable, body);
        }
        let parts = iterations.parts(&plan.arms);
        if parts.len() > MAX_PARTS {
            return Err(CompileError::NotSupportedYet {
                feature: "an `if` that changes often from step to step of a recursion".into(),
                help: Some("`where(condition, a, b)` chooses by data as well".into()),
                at,
            });
        }
        if parts.len() > 1 {
            return parts.iter().try_for_each(|part| self.iterate(part, variable, at, body));
        }
        let (base, steps, scan_order) = match (self.domain, iterations.step_major()) {
            (Some(domain), Some((len, order))) => (Some(domain), len, order),
            _ => (None, order.len(), order.clone()),
        };
        let domain = self.new_domain(&scan_order, DomainKind::Loop);
        self.begin_scan(domain, base, steps, &carried, &plan)?;
        self.bind_loop_variable(variable, domain, &scan_order);
        let outer = self.domain.replace(domain);
        let traced = self.block(body);
        self.domain = outer;
        traced?;
        self.finish_scan(at)
    }

    fn iterations(&mut self, range: &Expr) -> Result<Iterations> {
        let help = "the bounds of a loop must be known from the data";
        let mut ends = Vec::new();
        if let ExprKind::Range { from, to } = &range.kind {
            for end in [from, to] {
                let mut value = self.array(end)?;
                if let Some(domain) = self.domain.filter(|_| self.ragged_of(&value).is_none()) {
                    self.lift(&mut value, domain);
                }
                if value.rank() > 0 || value.is_enumerated() || self.ragged_of(&value).is_some() {
                    return Err(CompileError::Index {
                        message: "the ends of a loop's range must be single ints".into(),
                        help: None,
                        at: end.span,
                    });
                }
                ends.push(self.known(&value, end.span, help)?);
            }
        }
        let [lower, upper] = ends.as_slice() else {
            return Err(CompileError::unsupported(
                "a loop over anything but a range; write `for k in 1:len(x) { ... x[k] ... }`",
                range.span,
            ));
        };
        let rows = self.domain.map_or(1, |domain| self.domains[domain].size);
        let at = |end: &[f64], row: usize| if end.len() == 1 { end[0] } else { end[row] } as i64;
        let by_row: Vec<Range<i64>> =
            (0..rows).map(|row| at(lower, row)..at(upper, row).saturating_add(1)).collect();
        let len = |range: &Range<i64>| usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        let total = by_row.iter().map(len).fold(0, usize::saturating_add);
        fits_in_memory("this loop", &[total], MAX_ELEMENTS, range.span)?;
        Ok(Iterations { by_row })
    }

    pub fn new_domain(&mut self, order: &[(u32, i64)], kind: DomainKind) -> usize {
        let parent_rows =
            if self.domain.is_some() { order.iter().map(|(row, _)| *row).collect() } else { Vec::new() };
        self.domains.push(Domain {
            size: order.len(),
            parent: self.domain,
            parent_rows,
            kind,
            lengths: None,
            dims: Vec::new(),
        });
        self.domains.len() - 1
    }

    /// The implicit domain of the elements of an array, on which whole discrete latents live.
    pub fn implicit_domain(&mut self, dims: &[usize]) -> usize {
        let is_it = |domain: &Domain| domain.kind == DomainKind::Implicit && domain.dims == dims;
        if let Some(found) = self.domains.iter().position(is_it) {
            return found;
        }
        self.domains.push(Domain {
            size: dims.iter().product(),
            parent: None,
            parent_rows: Vec::new(),
            kind: DomainKind::Implicit,
            dims: dims.to_vec(),
            lengths: None,
        });
        self.domains.len() - 1
    }

    fn bind_loop_variable(&mut self, variable: VariableId, domain: usize, order: &[(u32, i64)]) {
        let values: Vec<f64> = order.iter().map(|(_, value)| *value as f64).collect();
        let node = self.graph.vector(&values);
        let mut traced = Traced::new(node, Vec::new(), ElementType::Int);
        traced.axes.push(Axis::Domain(domain));
        self.env[variable.0] = Some(Binding::Value(Value::Array(traced)));
    }

    /// Traces a body once for all its iterations, side by side.
    pub fn in_domain(
        &mut self,
        order: &[(u32, i64)],
        variable: VariableId,
        body: &[Statement],
    ) -> Result<()> {
        let domain = self.new_domain(order, DomainKind::Loop);
        self.bind_loop_variable(variable, domain, order);
        let outer = self.domain.replace(domain);
        let traced = self.block(body);
        self.domain = outer;
        if traced?.is_some() {
            return Err(CompileError::unsupported("`return` inside a loop", body[0].span));
        }
        Ok(())
    }
}
