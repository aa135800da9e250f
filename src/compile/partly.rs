//! Data with missing entries: arrays whose observed elements are there from the start, and whose missing ones are defined by
//! the statements that observe them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CompileError;
use super::elements::Elements;
use super::quantity::MAX_REPORTED;
use super::tracer::{Binding, Result, Tracer};
use super::uses::reads_of;
use super::value::{MAX_INDEX_RANK, Place, Traced, Tuple};
use crate::ir::{Expr, ExprKind, Role, Statement, StatementKind, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::{ElementType, unravel};

/// Rows that an error names.
const MOST_ROWS: usize = 5;

/// Data with missing entries, by variable.
pub type AllPartly = BTreeMap<VariableId, Partly>;

pub struct Partly {
    /// As the data have it, NaN where it is missing.
    pub given: Traced,
    /// Something other than the left side of `~` reads elements: what is missing matters beyond its own statement.
    pub is_read: bool,
}

/// Missing entries that nothing but their own statement mentions: they integrate to 1.
#[derive(Clone, Default)]
pub struct LeftOut {
    /// In the data.
    pub positions: BTreeSet<usize>,
}

impl LeftOut {
    /// Whether they are drawn when a fit is done.
    pub fn is_drawn(&self) -> bool {
        (1..=MAX_REPORTED).contains(&self.positions.len())
    }
}

/// The variable of which a left side names elements as they are, if it does: `y`, `y[i, :]`.
pub fn elements_named(left: &Expr) -> Option<VariableId> {
    match &left.kind {
        ExprKind::Variable(variable) => Some(*variable),
        ExprKind::Index { base, .. } => elements_named(base),
        _ => None,
    }
}

/// The 1-based indices of an element.
pub fn tuple_of(position: usize, dims: &[usize]) -> Tuple {
    let mut tuple = Tuple::default();
    for (own, at) in tuple.iter_mut().zip(unravel(position, dims)) {
        *own = at as u32 + 1;
    }
    tuple
}

impl Tracer<'_> {
    /// Binds the data that have missing entries, before any statement is traced.
    pub fn bind_partly(&mut self) {
        let model = self.model;
        let mut read = None;
        for (id, variable) in model.variables.iter().enumerate() {
            // New data have no missing entries.
            let is_data =
                variable.role == Role::Data || variable.role == Role::Observed && !self.makes_new_data();
            let Some(data) = self.data.get(&variable.name).filter(|_| is_data) else { continue };
            let Some(missing) = data.values.missing.clone() else { continue };
            if !(1..=MAX_INDEX_RANK).contains(&data.values.rank()) {
                continue;
            }
            let id = VariableId(id);
            let Ok(given) = self.given(&variable.name, variable.span) else { continue };
            let is_read = read.get_or_insert_with(|| reads_of(model)).contains(&id);
            self.bind_given(id, &given, missing.len());
            self.partly.insert(id, Partly { given, is_read });
        }
    }

    fn bind_given(&mut self, variable: VariableId, given: &Traced, n_missing: usize) {
        let Some(values) = self.constant(given).cloned() else { return };
        let mut elements = Elements {
            rank: given.rank(),
            dims: Vec::new(),
            element: given.element,
            pieces: Vec::new(),
            slots: Arc::default(),
        };
        let slots = Arc::make_mut(&mut elements.slots);
        let mut observed = Vec::with_capacity(values.len() - n_missing);
        for (position, &value) in values.iter().enumerate() {
            if !value.is_nan() {
                slots.insert(tuple_of(position, &given.dims), given.rank());
                observed.push(value);
            }
        }
        // The array reaches as far as in the data, whether its last elements are defined yet or not.
        slots.extents = tuple_of(0, &[]);
        slots.extents.iter_mut().zip(&given.dims).for_each(|(extent, &len)| *extent = len as u32);
        elements.pieces.push(self.graph.vector(&observed));
        self.env[variable.0] = Some(Binding::Elements(elements));
    }

    /// A name of the data, NaN where entries are missing.
    pub fn partly_given(&self, variable: VariableId) -> Option<&Traced> {
        self.partly.get(&variable).map(|partly| &partly.given)
    }

    /// Traces an expression over the data as they are, NaN where entries are missing.
    pub fn as_given<T>(&mut self, trace: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = std::mem::replace(&mut self.is_as_given, true);
        let traced = trace(self);
        self.is_as_given = outer;
        traced
    }

    /// The position in the data of each element that a left side names, in the order of the left side.
    pub fn positions_named(&mut self, variable: VariableId, left: &Expr) -> Result<Traced> {
        let Some(given) = self.partly_given(variable).cloned() else { return Err(CompileError::Poisoned) };
        let n: usize = given.dims.iter().product();
        let positions: Vec<f64> = (0..n).map(|position| position as f64).collect();
        let node = self.graph.vector(&positions);
        let node = self.graph.reshape(node, &given.dims);
        let Some(partly) = self.partly.get_mut(&variable) else { return Err(CompileError::Poisoned) };
        partly.given.node = node;
        let traced = self.as_given(|tracer| tracer.array(left));
        if let Some(partly) = self.partly.get_mut(&variable) {
            partly.given = given;
        }
        traced
    }

    /// The elements at these positions of the data, `[positions]`; all must be defined.
    pub fn rows_defined(&mut self, variable: VariableId, positions: &[usize], at: Span) -> Result<Node> {
        let (Some(given), Some(Binding::Elements(elements))) =
            (self.partly_given(variable).cloned(), self.env[variable.0].clone())
        else {
            return Err(CompileError::Poisoned);
        };
        let row = |&position: &usize| elements.slots.get(&tuple_of(position, &given.dims), elements.rank);
        let rows: Option<Vec<u32>> = positions.iter().map(row).collect();
        let Some(rows) = rows else { return Err(self.missing_value(variable, at)) };
        let all = self.all_rows(&elements);
        Ok(self.take_rows(all, &rows, &[], Place::Main))
    }

    /// Positions in the data of the missing entries that are defined.
    pub fn imputed_positions(&self, variable: VariableId) -> Vec<usize> {
        let (Some(given), Some(Binding::Elements(elements))) =
            (self.partly_given(variable), &self.env[variable.0])
        else {
            return Vec::new();
        };
        let Some(values) = self.constant(given) else { return Vec::new() };
        let is_imputed =
            |position: &usize| elements.slots.get(&tuple_of(*position, &given.dims), elements.rank).is_some();
        let missing = values.iter().enumerate().filter(|(_, value)| value.is_nan());
        missing.map(|(position, _)| position).filter(is_imputed).collect()
    }

    /// Positions in the data of all missing entries; `None` of what is no data, or without any.
    pub fn partly_missing(&self, variable: VariableId) -> Option<Vec<usize>> {
        let values = self.constant(self.partly_given(variable)?)?;
        let missing = values.iter().enumerate().filter(|(_, value)| value.is_nan());
        Some(missing.map(|(position, _)| position).collect())
    }

    /// The indices of entries at these positions of the data.
    pub fn partly_tuples(&self, variable: VariableId, positions: &[usize]) -> Vec<Tuple> {
        let dims = self.partly_given(variable).map_or(&[][..], |given| &given.dims);
        positions.iter().map(|&position| tuple_of(position, dims)).collect()
    }

    /// An element that is not defined, where it is one that the data lack.
    pub fn for_want_of_data(&self, variable: VariableId, error: CompileError) -> CompileError {
        match error {
            CompileError::UndefinedElement { at, .. } | CompileError::MissingElement { at, .. }
                if self.partly.contains_key(&variable) =>
            {
                self.missing_value(variable, at)
            }
            error => error,
        }
    }

    /// Missing entries are used at a place where nothing stands for them.
    pub fn missing_value(&self, variable: VariableId, at: Span) -> CompileError {
        let known = self.model.variable(variable);
        let name = &known.name;
        let mut statements = Vec::new();
        observing(&self.model.body, variable, false, &mut statements);
        let has = self.has_missing(name);
        let element = self.data.get(name).map(|data| data.values.element);
        let feeds_itself =
            statements.iter().find(|own| own.right.start <= at.start && at.end <= own.right.end);
        let (message, help) = match (statements.iter().map(|own| own.span.start).min(), feeds_itself) {
            (None, _) => {
                let own = match element {
                    Some(ElementType::Bool) => "Bernoulli(p)",
                    Some(ElementType::Category) => "Categorical(p)",
                    _ => "Normal(m, s)",
                };
                let of_counts = match element {
                    Some(ElementType::Int) => {
                        "; a count needs one with finitely many values, such as Binomial(n, p)"
                    }
                    _ => "",
                };
                (
                    has,
                    format!(
                        "remove these rows; or give the column a model of its own above this statement, such as `{name} ~ {own}`, \
                         and what is missing is imputed{of_counts}"
                    ),
                )
            }
            (Some(first), _) if first > at.start => (
                format!("{has}, and is used before the statement that imputes them"),
                format!(
                    "move `{name} ~ ...` above this statement; `{name}[!isnan({name})]` is what was observed"
                ),
            ),
            (_, Some(Observing { is_discrete: true, .. })) => (
                format!(
                    "{has}, and discrete values that depend on each other are summed out as latents only"
                ),
                match element {
                    Some(ElementType::Category) => "remove these rows".to_string(),
                    _ => format!(
                        "of a series of zeros and ones: let a latent `z` take the place of `{name}` in this statement, `z[t] ~ \
                         Bernoulli(... z[t - 1] ...)`, with one for `z[1]`; then `{name} ~ Bernoulli(z)` says what was observed of it"
                    ),
                },
            ),
            (_, Some(Observing { in_a_loop: false, .. })) => (
                format!("{has}, and this statement uses them before it has defined them"),
                format!(
                    "write a loop over single elements, such as `for t in 2:len({name}) {{ {name}[t] ~ ... {name}[t - 1] ... }}`: each may \
                     use those before it"
                ),
            ),
            (Some(_), _) => (
                format!("{has}, some of which no statement has on its left"),
                format!(
                    "each needs a distribution before it is used, as `{name}[1] ~ ...` in front of a loop"
                ),
            ),
        };
        CompileError::Data { message, help: Some(help), at }
    }

    /// `` `x` has 2 missing values in 30 rows (lines 4, 8 of data.csv) ``
    pub fn has_missing(&self, name: &str) -> String {
        let Some(data) = self.data.get(name) else { return format!("`{name}` has missing values") };
        let values = &data.values;
        let missing = values.missing.as_deref().unwrap_or_default();
        let in_file = !values.missing_lines.is_empty();
        let place = |&position: &usize| match values.shape() {
            [] | [_] => (position + 1).to_string(),
            dims => {
                let at: Vec<String> = unravel(position, dims).iter().map(|i| (i + 1).to_string()).collect();
                format!("[{}]", at.join(","))
            }
        };
        let places: Vec<String> = match in_file {
            true => values.missing_lines.iter().map(ToString::to_string).collect(),
            false => missing.iter().take(MOST_ROWS).map(place).collect(),
        };
        let unit = match in_file {
            true => "line",
            false if values.rank() == 1 => "row",
            false => "element",
        };
        let file = if in_file { format!(" of {}", data.origin.file) } else { String::new() };
        let shown = places.join(", ");
        let more = if missing.len() > places.len() { ", ..." } else { "" };
        let n_rows =
            if values.rank() == 1 { format!(" in {} rows", values.shape()[0]) } else { String::new() };
        match missing.len() {
            _ if values.rank() == 0 => format!("`{name}` is missing"),
            1 => format!("`{name}` has a missing value{n_rows} ({unit} {shown}{file})"),
            n => format!("`{name}` has {n} missing values{n_rows} ({unit}s {shown}{more}{file})"),
        }
    }
}

/// A statement with elements of a variable on its left.
struct Observing {
    span: Span,
    /// Its distribution.
    right: Span,
    is_discrete: bool,
    in_a_loop: bool,
}

fn observing(body: &[Statement], variable: VariableId, in_a_loop: bool, found: &mut Vec<Observing>) {
    for statement in body {
        match &statement.kind {
            StatementKind::Observe { value, distribution } if elements_named(value) == Some(variable) => {
                found.push(Observing {
                    span: statement.span,
                    right: distribution.span,
                    is_discrete: is_discrete(distribution),
                    in_a_loop,
                });
            }
            StatementKind::For { body, .. } => observing(body, variable, true, found),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, arm)| observing(arm, variable, in_a_loop, found));
                observing(otherwise, variable, in_a_loop, found);
            }
            _ => {}
        }
    }
}

/// Whether draws of what is written as a distribution are discrete.
fn is_discrete(distribution: &Expr) -> bool {
    match &distribution.kind {
        ExprKind::Distribution { dist, .. } => dist.element() != ElementType::Real,
        ExprKind::Wrapped { inner, .. } => inner.first().is_some_and(is_discrete),
        _ => false,
    }
}
