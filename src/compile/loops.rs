//! Loops and branches over data: a loop becomes an axis of its iterations, or a scan where iterations feed each other.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::CompileError;
use super::elements::{Selection, Slots};
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, Place, Traced, Tuple, Value};
use crate::ir::{Expr, ExprKind, Index, Statement, StatementKind, VariableId};
use crate::source::Span;
use crate::tape::{Node, Tensor};
use crate::types::ElementType;

/// A recursion with an `if` is cut into at most this many parts, in each of which the branch is one.
const MAX_PARTS: usize = 32;

/// The iterations of a loop nest, flattened: one row each.
pub struct Domain {
    pub size: usize,
    pub parent: Option<usize>,
    /// Row of the parent that each row belongs to; empty without a parent.
    pub parent_rows: Vec<u32>,
    pub kind: DomainKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainKind {
    Loop,
    /// The iterations of a loop that take one arm of an `if`.
    Branch,
    /// The elements of a discrete latent that is used whole, rather than a loop.
    Implicit,
}

/// What a dry run of a loop's body finds out: which iteration defines and which reads which elements.
pub struct LoopPlan {
    /// The loop's domain in the dry run; its rows are the iterations.
    domain: usize,
    pub writes: HashMap<VariableId, Writes>,
    reads: HashMap<VariableId, Vec<(Tuple, u32)>>,
    /// Inputs that stand for elements that are not defined yet.
    pub placeholders: Vec<Node>,
    /// The branches that each iteration takes, as a number.
    arms: Vec<u64>,
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
    pub ahead: Vec<super::latent::Ahead>,
    /// A latent some of whose elements cannot be.
    pub late: Option<Span>,
    /// A discrete latent with these values.
    pub discrete: Option<Vec<f64>>,
}

impl LoopPlan {
    /// Arrays some iteration of which reads what another one defines. Latents allocated ahead carry nothing.
    fn carried(&self) -> HashSet<VariableId> {
        let carries = |variable: &VariableId, reads: &Vec<(Tuple, u32)>| {
            let Some(writes) = self.writes.get(variable) else { return false };
            if !writes.ahead.is_empty() || writes.late.is_some() || writes.discrete.is_some() {
                return false;
            }
            reads.iter().any(|(tuple, iteration)| {
                let writer = writes.slots.get(tuple, writes.rank).map(|row| writes.iterations[row as usize]);
                writer.is_some_and(|writer| writer != *iteration)
            })
        };
        self.reads.iter().filter(|(variable, reads)| carries(variable, reads)).map(|(v, _)| *v).collect()
    }
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
}

impl Tracer<'_> {
    pub fn for_loop(&mut self, variable: VariableId, range: &Expr, body: &[Statement]) -> Result<()> {
        let iterations = self.iterations(range)?;
        self.iterate(&iterations, variable, range.span, body)
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
        if self.plan.is_some() || self.scan.is_some() || !feeds_itself(body) {
            return self.in_domain(&order, variable, body);
        }
        let plan = self.dry_run(&order, variable, body)?;
        self.refuse_late(&plan)?;
        self.allocate_ahead(&plan)?;
        let carried = plan.carried();
        if carried.is_empty() {
            return self.in_domain(&order, variable, body);
        }
        let parts = iterations.split(&plan.arms);
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

    /// Latents that are read before they can be allocated.
    fn refuse_late(&self, plan: &LoopPlan) -> Result<()> {
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

    fn iterations(&mut self, range: &Expr) -> Result<Iterations> {
        let help = "the bounds of a loop must be known from the data";
        let mut ends = Vec::new();
        if let ExprKind::Call { builtin, args } = &range.kind
            && builtin.name() == "range"
        {
            for end in args.iter().flatten() {
                let mut value = self.array(end)?;
                if let Some(domain) = self.domain {
                    self.lift(&mut value, domain);
                }
                if value.rank() > 0 || value.is_enumerated() {
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
        let by_row = (0..rows).map(|row| at(lower, row)..at(upper, row).saturating_add(1)).collect();
        Ok(Iterations { by_row })
    }

    fn new_domain(&mut self, order: &[(u32, i64)], kind: DomainKind) -> usize {
        let parent_rows =
            if self.domain.is_some() { order.iter().map(|(row, _)| *row).collect() } else { Vec::new() };
        self.domains.push(Domain { size: order.len(), parent: self.domain, parent_rows, kind });
        self.domains.len() - 1
    }

    /// The implicit domain of `size` elements, on which whole discrete latents live.
    pub fn implicit_domain(&mut self, size: usize) -> usize {
        if let Some(found) =
            self.domains.iter().position(|domain| domain.kind == DomainKind::Implicit && domain.size == size)
        {
            return found;
        }
        self.domains.push(Domain { size, parent: None, parent_rows: Vec::new(), kind: DomainKind::Implicit });
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
    fn in_domain(&mut self, order: &[(u32, i64)], variable: VariableId, body: &[Statement]) -> Result<()> {
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

    /// Traces a body for what it reads and defines, and takes everything back.
    fn dry_run(
        &mut self,
        order: &[(u32, i64)],
        variable: VariableId,
        body: &[Statement],
    ) -> Result<LoopPlan> {
        let env = self.env.clone();
        let discrete = self.discrete.clone();
        let (terms, factors, enumerations) = (self.terms.len(), self.factors.len(), self.enumerations.len());
        let (blocks, coordinates) = (self.blocks.len(), self.coordinates.len());
        let (normalised, variables, quantities) =
            (self.normalised, self.variables.len(), self.quantities.len());
        let domain = self.domains.len();
        let arms = vec![0; order.len()];
        self.plan = Some(LoopPlan {
            domain,
            writes: HashMap::new(),
            reads: HashMap::new(),
            placeholders: Vec::new(),
            arms,
        });
        let traced = self.in_domain(order, variable, body);
        let plan = self.plan.take();
        self.env = env;
        self.discrete = discrete;
        self.terms.truncate(terms);
        self.factors.truncate(factors);
        self.enumerations.truncate(enumerations);
        self.blocks.truncate(blocks);
        self.coordinates.truncate(coordinates);
        self.variables.truncate(variables);
        self.quantities.truncate(quantities);
        self.normalised = normalised;
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
        let Some(plan) = &mut self.plan else { return };
        let writes = plan.writes.entry(variable).or_default();
        writes.rank = selection.rank;
        writes.dims = dims.to_vec();
        writes.element = Some(element);
        for (tuple, iteration) in selection.tuples.iter().zip(iterations) {
            // What is defined twice was reported by the definition itself.
            if writes.slots.insert(*tuple, selection.rank) {
                writes.tuples.push(*tuple);
                writes.iterations.push(iteration);
            }
        }
    }

    /// In a dry run: these elements are read here.
    pub fn note_read(&mut self, variable: VariableId, selection: &Selection) {
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
        if let Some(plan) = &mut self.plan {
            plan.reads.entry(variable).or_default().extend(notes);
        }
    }

    /// The iteration of the dry run's loop behind each of `n` rows of the current domain (or parts of rows).
    fn iterations_of(&self, domain: usize, n: usize) -> Vec<u32> {
        self.iterations_from(self.domain, domain, n)
    }

    fn iterations_from(&self, own: Option<usize>, domain: usize, n: usize) -> Vec<u32> {
        let rows: Vec<u32> = match own {
            Some(own) if self.is_within(own, domain) => self.rows_between(domain, own),
            // A loop around the dry run's: its rows read in all iterations; the first stands for them.
            _ => vec![0; own.map_or(1, |own| self.domains[own].size)],
        };
        let per_row = n / rows.len().max(1);
        rows.iter().flat_map(|&row| std::iter::repeat_n(row, per_row)).collect()
    }

    fn is_within(&self, inner: usize, outer: usize) -> bool {
        let mut domain = Some(inner);
        while let Some(current) = domain {
            if current == outer {
                return true;
            }
            domain = self.domains[current].parent;
        }
        false
    }

    /// `if`: the condition is data; where it changes over a loop, each arm is traced for its own iterations.
    pub fn branch(
        &mut self,
        arms: &[(Expr, Vec<Statement>)],
        otherwise: &[Statement],
    ) -> Result<Option<Value>> {
        let help = "a condition must be known from the data; `where(c, a, b)` chooses by a latent";
        let rows = self.domain.map_or(1, |domain| self.domains[domain].size);
        let mut left: Vec<u32> = (0..rows as u32).collect();
        let mut taken: Vec<(Vec<u32>, &[Statement])> = Vec::new();
        for (condition, body) in arms {
            if left.is_empty() {
                break;
            }
            let mut value = self.array(condition)?;
            if let Some(domain) = self.domain {
                self.lift(&mut value, domain);
            }
            if value.rank() > 0 {
                return Err(CompileError::Index {
                    message: "a condition must be a single truth value, and this is an array".into(),
                    help: Some(
                        "`any(...)` and `all(...)` reduce an array; `where` chooses element by element"
                            .into(),
                    ),
                    at: condition.span,
                });
            }
            let known = self.known(&value, condition.span, help)?;
            let holds = |row: u32| known[if known.len() == 1 { 0 } else { row as usize }] != 0.0;
            let (yes, no): (Vec<u32>, Vec<u32>) = left.iter().partition(|&&row| holds(row));
            left = no;
            if !yes.is_empty() {
                taken.push((yes, body));
            }
        }
        if !left.is_empty() {
            taken.push((left, otherwise));
        }
        self.note_branches(&taken);
        match taken.as_slice() {
            [(_, body)] => self.block(body),
            _ if self.scan.is_some() => Err(CompileError::NotSupportedYet {
                feature: "an `if` that changes from step to step of a recursion".into(),
                help: Some("`where(condition, a, b)` chooses by data as well".into()),
                at: arms[0].0.span,
            }),
            _ => self.split_arms(&taken, arms[0].0.span),
        }
    }

    /// In a dry run: which iterations take which branch.
    fn note_branches(&mut self, taken: &[(Vec<u32>, &[Statement])]) {
        let (Some(plan), Some(own)) = (&self.plan, self.domain) else { return };
        if taken.len() < 2 || !self.is_within(own, plan.domain) {
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

    fn split_arms(&mut self, taken: &[(Vec<u32>, &[Statement])], at: Span) -> Result<Option<Value>> {
        let outer = self.domain;
        let mut defined: HashMap<VariableId, Vec<Traced>> = HashMap::new();
        let mut returned = Vec::new();
        for (rows, body) in taken {
            let order: Vec<(u32, i64)> = rows.iter().map(|&row| (row, 0)).collect();
            let domain = self.new_domain(&order, DomainKind::Branch);
            self.domain = Some(domain);
            let traced = self.block(body);
            self.domain = outer;
            returned.extend(traced?.map(|value| (value, domain)));
            let mut names = HashSet::new();
            plain_names(body, &mut names);
            for name in names {
                if let Some(Binding::Value(Value::Array(value))) = self.env[name.0].take() {
                    let value = self.spread(value, domain);
                    defined.entry(name).or_default().push(value);
                }
            }
        }
        let rows: Vec<u32> = taken.iter().flat_map(|(rows, _)| rows.iter().copied()).collect();
        for (name, parts) in defined {
            if parts.len() == taken.len() {
                let merged = self.merge(&parts, &rows, at)?;
                self.env[name.0] = Some(Binding::Value(Value::Array(merged)));
            }
        }
        if returned.is_empty() {
            return Ok(None);
        }
        let mut parts = Vec::new();
        for (value, domain) in returned {
            match value {
                Value::Array(array) => parts.push(self.spread(array, domain)),
                _ => {
                    return Err(CompileError::unsupported(
                        "a branch over a loop that returns a distribution",
                        at,
                    ));
                }
            }
        }
        if parts.len() < taken.len() {
            return Err(CompileError::unsupported("a `return` in some iterations of a loop only", at));
        }
        self.merge(&parts, &rows, at).map(|merged| Some(Value::Array(merged)))
    }

    /// In an arm of an `if` only its own iterations count: in the others an index may be out of range.
    pub fn within_branch(&mut self, mut value: Traced) -> Traced {
        let (Some(own), Some(current), Place::Main) = (value.domain(), self.domain, value.place) else {
            return value;
        };
        if own == current || !self.is_within(current, own) {
            return value;
        }
        let mut domain = Some(current);
        while let Some(inner) = domain.filter(|&inner| inner != own) {
            if self.domains[inner].kind == DomainKind::Branch {
                self.lift(&mut value, inner);
                break;
            }
            domain = self.domains[inner].parent;
        }
        value
    }

    /// Makes a value vary along a domain, also where it is the same everywhere.
    pub fn spread(&mut self, mut value: Traced, domain: usize) -> Traced {
        self.lift(&mut value, domain);
        if value.domain().is_none() {
            let mut shape = self.full_shape(&value.axes, &value.dims, value.place);
            shape.insert(0, 1);
            let node = self.graph_at(value.place).reshape(value.node, &shape);
            value.axes.insert(0, Axis::Domain(domain));
            let full = self.full_shape(&value.axes, &value.dims, value.place);
            value.node = self.graph_at(value.place).broadcast(node, &full);
        }
        value
    }

    /// Values of parts of the rows, put together in the order of the current domain.
    fn merge(&mut self, parts: &[Traced], rows: &[u32], at: Span) -> Result<Traced> {
        let dims = parts[0].dims.clone();
        if parts.iter().any(|part| part.dims != dims || part.is_enumerated() || part.place != Place::Main) {
            return Err(CompileError::unsupported("branches that give a name different shapes", at));
        }
        let nodes: Vec<Node> = parts.iter().map(|part| part.node).collect();
        let all = self.graph.concat(&nodes, 0);
        let mut order = vec![0u32; rows.len()];
        for (at, &row) in rows.iter().enumerate() {
            order[row as usize] = at as u32;
        }
        let node = self.take_rows(all, &order, &dims, Place::Main);
        let mut merged = Traced::new(node, dims, parts[0].element);
        merged.axes.extend(self.domain.map(Axis::Domain));
        Ok(merged)
    }

    /// Shape and value checks of `data x: real[N, K] in (lo, hi)`.
    pub fn declared(
        &mut self,
        variable: VariableId,
        element: ElementType,
        dims: Option<&[Expr]>,
        range: Option<&(Expr, Expr)>,
    ) -> Result<()> {
        let known = self.model.variable(variable);
        let (name, at) = (known.name.clone(), known.span);
        let mut value = self.data_value(&name, at)?;
        let data_error =
            |message: String, help: &str| CompileError::Data { message, help: Some(help.into()), at };
        let fits = match element {
            ElementType::Real => value.element != ElementType::Category,
            ElementType::Category => matches!(value.element, ElementType::Category | ElementType::Int),
            ElementType::Int => {
                let whole = |tensor: &Tensor| tensor.iter().all(|x| x.fract() == 0.0);
                value.element == ElementType::Int || self.constant(&value).is_some_and(whole)
            }
            ElementType::Bool => {
                let binary = |tensor: &Tensor| tensor.iter().all(|x| *x == 0.0 || *x == 1.0);
                value.element == ElementType::Bool || self.constant(&value).is_some_and(binary)
            }
        };
        if !fits {
            let message = format!("`{name}` is declared {element}, but the data hold {}", value.element);
            return Err(data_error(message, "change the declaration or the data"));
        }
        value.element = element;
        let declared = dims.unwrap_or_default();
        if declared.len() != value.rank() {
            let message = format!(
                "`{name}` is declared with {} dimensions, but the data have {} (shape {:?})",
                declared.len(),
                value.rank(),
                value.dims
            );
            return Err(data_error(message, "write one length per dimension: `data X: real[N, K]`"));
        }
        for (k, dim) in declared.iter().enumerate() {
            let length = self.array(dim)?;
            let length = self.known(&length, dim.span, "a declared length must be known from the data")?;
            if length.len() != 1 || length[0] != value.dims[k] as f64 {
                let message = format!(
                    "dimension {} of `{name}` is declared {}, but the data have {}",
                    k + 1,
                    length.first().copied().unwrap_or(f64::NAN),
                    value.dims[k]
                );
                return Err(data_error(message, "change the declaration or the data"));
            }
        }
        if let Some((lower, upper)) = range {
            let mut bound = |expr: &Expr| -> Result<f64> {
                let value = self.array(expr)?;
                let known = self.known(&value, expr.span, "a declared range must be known from the data")?;
                Ok(known.first().copied().unwrap_or(f64::NAN))
            };
            let (lower, upper) = (bound(lower)?, bound(upper)?);
            let outside =
                self.constant(&value).and_then(|t| t.iter().position(|x| !(*x >= lower && *x <= upper)));
            if let Some(row) = outside {
                let found = self.constant(&value).and_then(|tensor| tensor.iter().nth(row).copied());
                let message = format!(
                    "element {} of `{name}` is {}, outside the declared range ({lower}, {upper})",
                    row + 1,
                    found.unwrap_or(f64::NAN)
                );
                return Err(data_error(message, "change the declaration or the data"));
            }
        }
        self.env[variable.0] = Some(Binding::Value(Value::Array(value)));
        Ok(())
    }
}

/// Whether a body defines elements of an array that it also reads, so that iterations may feed each other.
fn feeds_itself(body: &[Statement]) -> bool {
    let (mut defined, mut read) = (HashSet::new(), HashSet::new());
    uses(body, &mut defined, &mut read);
    defined.intersection(&read).next().is_some()
}

/// Names that a branch defines whole.
fn plain_names(body: &[Statement], names: &mut HashSet<VariableId>) {
    for statement in body {
        match &statement.kind {
            StatementKind::Define { variable, .. } => {
                names.insert(*variable);
            }
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, arm)| plain_names(arm, names));
                plain_names(otherwise, names);
            }
            _ => {}
        }
    }
}

fn uses(body: &[Statement], defined: &mut HashSet<VariableId>, read: &mut HashSet<VariableId>) {
    for statement in body {
        match &statement.kind {
            StatementKind::LatentElements { variable, indices, distribution: value }
            | StatementKind::DefineElements { variable, indices, value } => {
                defined.insert(*variable);
                indices_use(indices, read);
                expr_uses(value, read);
            }
            StatementKind::Observe { value, distribution } => {
                expr_uses(value, read);
                expr_uses(distribution, read);
            }
            StatementKind::Latent { distribution: value, .. }
            | StatementKind::Define { value, .. }
            | StatementKind::Factor { value }
            | StatementKind::Return { value } => expr_uses(value, read),
            StatementKind::For { range, body, .. } => {
                expr_uses(range, read);
                uses(body, defined, read);
            }
            StatementKind::If { arms, otherwise } => {
                for (condition, arm) in arms {
                    expr_uses(condition, read);
                    uses(arm, defined, read);
                }
                uses(otherwise, defined, read);
            }
            StatementKind::Data { .. } | StatementKind::Param { .. } => {}
        }
    }
}

fn indices_use(indices: &[Index], read: &mut HashSet<VariableId>) {
    for index in indices {
        match index {
            Index::At(expr) => expr_uses(expr, read),
            Index::Slice { lower, upper, .. } => {
                lower.iter().chain(upper).for_each(|end| expr_uses(end, read))
            }
        }
    }
}

/// Names that an expression reads.
fn expr_uses(expr: &Expr, read: &mut HashSet<VariableId>) {
    match &expr.kind {
        ExprKind::Variable(variable) => {
            read.insert(*variable);
        }
        ExprKind::Number(..) | ExprKind::Str(_) | ExprKind::Rows | ExprKind::Function(_) => {}
        ExprKind::Array(items)
        | ExprKind::Apply { args: items, .. }
        | ExprKind::ApplyVariable { args: items, .. } => {
            items.iter().for_each(|item| expr_uses(item, read));
        }
        ExprKind::Call { args, .. } | ExprKind::Distribution { args, .. } => {
            args.iter().flatten().for_each(|arg| expr_uses(arg, read));
        }
        ExprKind::Wrapped { inner, args, .. } => {
            inner.iter().chain(args.iter().flatten()).for_each(|arg| expr_uses(arg, read));
        }
        ExprKind::LogDensity { distribution, at } => {
            expr_uses(distribution, read);
            expr_uses(at, read);
        }
        ExprKind::Index { base, indices } => {
            expr_uses(base, read);
            indices_use(indices, read);
        }
    }
}
