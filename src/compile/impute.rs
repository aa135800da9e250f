//! Statements that observe data with missing entries: what is missing is a latent of the same statement, or is left out of it.
//!
//! An entry that nothing else reads integrates to 1: leaving it out is exact, and it can be drawn once the fit is done. One
//! that something reads is a latent. Of a vector with some entries missing these are latents, too. Rows with and without
//! missing entries are terms of their own, so that what is observed folds and is left out in turn as if there were no others.

use std::collections::HashSet;
use std::sync::Arc;

use super::CompileError;
use super::align::Layout;
use super::allocate::Named;
use super::distribution::{collect, skeleton};
use super::part::PartRole;
use super::partly::tuple_of;
use super::recentre::Read;
use super::selection::Selection;
use super::support::Origin;
use super::tracer::{Binding, Result, Tracer};
use super::uses::read_in;
use super::value::{Place, Traced, TracedDistribution};
use crate::density::TermKind;
use crate::dist::Support;
use crate::ir::{Expr, Statement, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::ElementType;

/// The left side of a statement that observes data with missing entries.
pub struct Left {
    pub variable: VariableId,
    /// Its text.
    name: String,
    pub at: Span,
    pub span: Span,
    /// NaN where missing. It varies along the loop around the statement.
    pub given: Traced,
    pub values: Arc<[f64]>,
    /// The position in the data of each element.
    pub positions: Vec<usize>,
    /// Elements of one draw.
    pub block: usize,
    pub event: usize,
}

/// The rows of a statement, draws of its distribution, by what is missing of them.
#[derive(Default)]
struct Rows {
    complete: Vec<u32>,
    /// Vectors with some elements missing.
    mixed: Vec<u32>,
    missing: Vec<u32>,
}

/// What a statement made of its missing entries.
#[derive(Default)]
struct Imputed {
    log_jacobian: Option<Node>,
    /// The statement is the prior of what is missing.
    is_prior: bool,
    /// The coordinates of what is missing, one for each row.
    read: Option<Read>,
}

impl Tracer<'_> {
    /// `y ~ D` where `y` has missing entries in the data.
    pub fn observe_partly(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        value: &Expr,
        distribution: &Expr,
    ) -> Result<()> {
        let mut own = self.as_given(|tracer| tracer.array(value))?;
        let mut named = self.positions_named(variable, value)?;
        let help = "what is observed must come from the data; `factor lpdf(D, x)` adds any density";
        let values = self.known(&own, value.span, help)?;
        let distribution = self.distribution(distribution)?;
        let name = self.model.source.slice(value.span).to_string();
        let ragged = self.ragged_statement(&distribution, &mut own, statement.span)?;
        if let (Some(_), Some(domain)) = (ragged, self.domain) {
            named = self.ragged_within(&named, domain, value.span)?;
        }
        self.along(ragged, |tracer| {
            tracer.check_shape(&distribution, &own, &name, value.span)?;
            let is_summed_out = matches!(tracer.env[variable.0], Some(Binding::Discrete(_)));
            if !is_summed_out && !values.iter().any(|value| value.is_nan()) {
                tracer.check_observed(&distribution, &own, &name, value.span, None)?;
                return tracer.density_statement(statement.span, TermKind::Likelihood, &distribution, &own);
            }
            let mut given = own;
            if let Some(domain) = tracer.domain {
                (given, named) = (tracer.spread(given, domain), tracer.spread(named, domain));
            }
            let values = tracer.known(&given, value.span, help)?;
            let positions = tracer.known(&named, value.span, help)?.iter().map(|&at| at as usize).collect();
            let event = skeleton(&distribution).event_rank();
            let block = given.dims[given.rank() - event..].iter().product();
            let left = Left {
                variable,
                name,
                at: value.span,
                span: statement.span,
                given,
                values,
                positions,
                block,
                event,
            };
            tracer.observe_rows(&left, &distribution)
        })
    }

    /// What is computed of a missing value cannot be observed: `log(y) ~ D`.
    pub fn refuse_computed_missing(&self, left: &Expr) -> Result<()> {
        let Some(variable) = read_in(left).into_iter().find(|read| self.partly.contains_key(read)) else {
            return Ok(());
        };
        let name = &self.model.variable(variable).name;
        Err(CompileError::Data {
            message: format!("{}, and what is computed of it is not known", self.has_missing(name)),
            help: Some(format!(
                "put the column itself on the left: `log({name}) ~ Normal(m, s)` is `{name} ~ LogNormal(m, s)`; or remove \
                 these rows"
            )),
            at: left.span,
        })
    }

    fn observe_rows(&mut self, left: &Left, distribution: &TracedDistribution) -> Result<()> {
        let rows = left.rows();
        let is_read = self.partly.get(&left.variable).is_none_or(|partly| partly.is_read);
        let leaves_out = !is_read && rows.mixed.is_empty();
        let mut imputed = Imputed::default();
        if leaves_out {
            self.leave_out(left, distribution)?;
        } else if self.is_discrete(distribution) {
            self.check_rows(left, distribution, &rows.complete)?;
            return self.observe_discrete(left, distribution);
        } else {
            imputed = self.impute(left, distribution)?;
        }
        if self.plan.is_some() {
            return Ok(());
        }
        let mut leaves = Vec::new();
        collect(distribution, 0, &mut leaves);
        let is_whole =
            leaves.iter().any(|(leaf, _)| leaf.is_enumerated() || self.implicit_of(leaf).is_some());
        if is_whole {
            let left_out = if leaves_out { &rows.missing[..] } else { &[] };
            self.add_masked(left, distribution, left_out)?;
        } else {
            self.check_rows(left, distribution, &rows.complete)?;
            let missing = match (leaves_out, imputed.is_prior) {
                (true, _) => PartRole::Draw,
                (false, true) => PartRole::Prior,
                (false, false) => PartRole::Joint,
            };
            let parts = [
                (&rows.complete, PartRole::Observed),
                (&rows.mixed, PartRole::Joint),
                (&rows.missing, missing),
            ];
            for (rows, role) in parts {
                self.part(left, distribution, rows, role, imputed.read.clone())?;
            }
        }
        if let Some(log_jacobian) = imputed.log_jacobian {
            self.add_jacobian(left.span, log_jacobian);
        }
        Ok(())
    }

    /// Notes that the missing entries of a statement are left out of it.
    fn leave_out(&mut self, left: &Left, distribution: &TracedDistribution) -> Result<()> {
        let placed = self.place(distribution, None, distribution.span)?;
        let graph = self.graph_at(placed.place);
        if placed.instance.objection(graph).is_none() && !placed.instance.normalized(graph) {
            return Err(CompileError::Call {
                message: format!(
                    "{}, and {} is not normalised: they cannot be left out",
                    self.has_missing(&self.model.variable(left.variable).name),
                    placed.instance.describe()
                ),
                help: Some("remove these rows".into()),
                at: distribution.span,
            });
        }
        let own = self.left_out.entry(left.variable).or_default();
        for (_, position) in left.missing() {
            if !own.positions.insert(position) {
                return Err(CompileError::Data {
                    message: format!(
                        "{}, and several statements or iterations have them on their left",
                        self.has_missing(&self.model.variable(left.variable).name)
                    ),
                    help: Some(
                        "a missing value has one distribution: put them together in one statement".into(),
                    ),
                    at: left.at,
                });
            }
        }
        Ok(())
    }

    /// Coordinates for what is missing and has none.
    fn impute(&mut self, left: &Left, distribution: &TracedDistribution) -> Result<Imputed> {
        let variable = left.variable;
        let Some(Binding::Elements(elements)) = self.env[variable.0].clone() else {
            return Err(CompileError::Poisoned);
        };
        let dims = self.partly_given(variable).map(|given| given.dims.clone()).unwrap_or_default();
        let mut seen = HashSet::new();
        let fresh: Vec<usize> = left
            .missing()
            .map(|(k, _)| k)
            .filter(|&k| seen.insert(left.positions[k]))
            .filter(|&k| elements.slots.get(&tuple_of(left.positions[k], &dims), elements.rank).is_none())
            .collect();
        if fresh.is_empty() {
            return Ok(Imputed { is_prior: self.ahead.contains(&variable), ..Imputed::default() });
        }
        let name = self.model.variable(variable).name.clone();
        let n = fresh.len();
        let rows: Vec<u32> = fresh.iter().map(|&k| (k / left.block) as u32).collect();
        let own = self.restricted(distribution, left.event, &left.given, &rows, distribution.span)?;
        let placed = self.place(&own, None, distribution.span)?;
        if placed.place == Place::Step {
            return Err(CompileError::unsupported(
                format!("missing entries of `{name}`, whose support depends on values of the same recursion"),
                distribution.span,
            ));
        }
        let (constraint, bounds) = self.latent_support(&placed.instance, &name, distribution.span)?;
        self.refuse_enumerated(&placed.axes, &bounds, &name, distribution.span)?;
        if constraint.event_rank() > 0 {
            return Err(CompileError::Data {
                message: format!(
                    "{}, and the elements of a draw of {} depend on each other's ranges",
                    self.has_missing(&name),
                    placed.instance.describe()
                ),
                help: Some("remove these rows".into()),
                at: left.at,
            });
        }
        self.note_improper(&placed.instance);
        let bounds: Vec<Node> = bounds
            .into_iter()
            .map(|bound| match self.graph.size(bound) {
                1 => self.graph.reshape(bound, &[]),
                _ => self.graph.broadcast(bound, &[n]),
            })
            .collect();
        let tuples = fresh.iter().map(|&k| tuple_of(left.positions[k], &dims)).collect();
        let selection = Selection { tuples, axes: Vec::new(), dims: vec![n], rank: elements.rank };
        if self.plan.is_some() {
            self.plan_ahead(variable, &selection, constraint, &bounds, &[n], left.span);
        }
        let of_elements = Named { name: &name, tuples: &selection.tuples, rank: selection.rank, dims: &[] };
        let allocated = self.allocate_elements(&of_elements, constraint, &bounds, &[n], left.span);
        let per_row = left.given.dims.iter().product::<usize>().max(1);
        let of_domain: Vec<usize> = fresh.iter().map(|&k| k / per_row).collect();
        self.note_write_of_rows(variable, &selection, &of_domain);
        self.add_rows(variable, &selection, allocated.x, Vec::new(), ElementType::Real, left.span)?;
        // Coordinates in the order of the rows can be recentred.
        let is_by_row = left.block == 1 && n == left.missing().count();
        let read = is_by_row.then_some(Read { block: allocated.block, constraint, bounds });
        Ok(Imputed { log_jacobian: Some(allocated.log_jacobian), is_prior: true, read })
    }

    /// What is observed must be in the support.
    fn check_rows(&mut self, left: &Left, distribution: &TracedDistribution, rows: &[u32]) -> Result<()> {
        let mut leaves = Vec::new();
        collect(distribution, 0, &mut leaves);
        if rows.is_empty() || leaves.iter().any(|(leaf, _)| leaf.place != Place::Main || leaf.is_enumerated())
        {
            return Ok(());
        }
        let own = self.restricted(distribution, left.event, &left.given, rows, left.span)?;
        let x = self.left_rows(left, rows)?;
        let origin = Origin { x: &left.given, values: &left.values, rows, block: left.block };
        self.check_observed(&own, &x, &left.name, left.at, Some(&origin))
    }

    /// `[rows, event...]`: data, and what stands for what is missing.
    pub fn left_rows(&mut self, left: &Left, rows: &[u32]) -> Result<Traced> {
        let flat = rows.iter().flat_map(|&row| row as usize * left.block..(row as usize + 1) * left.block);
        let dims = [&[rows.len()], &left.given.dims[left.given.rank() - left.event..]].concat();
        self.left_elements(left, &flat.collect::<Vec<_>>(), dims, None)
    }

    /// Elements of the left side, in an array of these dimensions; `pad` where nothing stands for what is missing.
    fn left_elements(
        &mut self,
        left: &Left,
        flat: &[usize],
        dims: Vec<usize>,
        pad: Option<f64>,
    ) -> Result<Traced> {
        let value = |k: usize| if left.values[k].is_nan() { pad } else { Some(left.values[k]) };
        let known: Vec<f64> = flat.iter().filter_map(|&k| value(k)).collect();
        let imputed: Vec<usize> =
            flat.iter().filter(|&&k| value(k).is_none()).map(|&k| left.positions[k]).collect();
        let n_known = known.len() as u32;
        let mut node = self.graph.vector(&known);
        if !imputed.is_empty() {
            let missing = self.rows_defined(left.variable, &imputed, left.at)?;
            node = if known.is_empty() { missing } else { self.graph.concat(&[node, missing], 0) };
            let (mut next_known, mut next_imputed) = (0, n_known);
            let index: Vec<u32> = flat
                .iter()
                .map(|&k| {
                    let next = if value(k).is_some() { &mut next_known } else { &mut next_imputed };
                    *next += 1;
                    *next - 1
                })
                .collect();
            if !known.is_empty() {
                node = self.graph.gather(node, index.into(), &[flat.len()]);
            }
        }
        let node = self.graph.reshape(node, &dims);
        let mut x = Traced::new(node, dims, left.given.element);
        x.levels.clone_from(&left.given.levels);
        Ok(x)
    }

    /// A statement that depends on a discrete latent: one factor of all its rows, 0 at those that are left out.
    fn add_masked(&mut self, left: &Left, distribution: &TracedDistribution, left_out: &[u32]) -> Result<()> {
        if self.is_imputing() {
            return self.draw_chosen(left, distribution, left_out);
        }
        if self.is_forwards() && left_out.is_empty() {
            return self.refuse_forwards("a statement with missing entries", left.span);
        }
        let pad = if left_out.is_empty() { None } else { Some(self.inside(left, distribution)?) };
        let flat: Vec<usize> = (0..left.values.len()).collect();
        let shape = self.full_shape(&left.given.axes, &left.given.dims, Place::Main);
        let mut x = self.left_elements(left, &flat, shape, pad)?;
        x.axes.clone_from(&left.given.axes);
        x.dims.clone_from(&left.given.dims);
        x.labels = vec![None; x.dims.len()];
        if x.place == Place::Step || self.scan.is_some() {
            return Err(CompileError::unsupported(
                "missing entries in a recursion that depends on a discrete latent",
                left.at,
            ));
        }
        let density = self.log_density(distribution, &x, left.span)?;
        if left_out.is_empty() {
            self.is_split = false;
            self.add_value(left.span, TermKind::Likelihood, density, false);
            return Ok(());
        }
        let batch = &left.given.dims[..left.given.rank() - left.event];
        let mut counts = vec![1.0; left.values.len() / left.block.max(1)];
        left_out.iter().for_each(|&row| counts[row as usize] = 0.0);
        let shape = self.full_shape(&left.given.axes, batch, Place::Main);
        let node = self.graph.vector(&counts);
        let node = self.graph.reshape(node, &shape);
        let mut mask = Traced::new(node, batch.to_vec(), ElementType::Bool);
        mask.axes.clone_from(&left.given.axes);
        let zero = self.number(0.0);
        let operands = [&mask, &density, &zero].map(|value| (value, Layout::Elementwise));
        let aligned = self.align(&operands, left.at)?;
        let [mask, density, zero] = aligned.nodes[..] else { return Err(CompileError::Poisoned) };
        let node = self.graph.select(mask, density, zero);
        let dims = self.graph.shape(node)[aligned.axes.len()..].to_vec();
        let mut density = Traced::new(node, dims, ElementType::Real);
        density.axes = aligned.axes;
        self.add_value(left.span, TermKind::Likelihood, density, false);
        Ok(())
    }

    /// Some number in the support, to stand where nothing counts.
    fn inside(&mut self, left: &Left, distribution: &TracedDistribution) -> Result<f64> {
        let placed = self.place(distribution, None, left.at)?;
        let least = match placed.instance.support(&mut self.graph) {
            Support::Integers { lower: Some(lower), .. } => {
                self.graph.value(lower).and_then(|v| v.first().copied())
            }
            _ => None,
        };
        let observed = || left.values.iter().copied().find(|value| !value.is_nan());
        Ok(least.or_else(observed).unwrap_or(0.5))
    }
}

impl Left {
    /// Elements that are missing, with their positions in the data.
    fn missing(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let is_missing = |k: &usize| self.values[*k].is_nan();
        (0..self.values.len()).filter(is_missing).map(|k| (k, self.positions[k]))
    }

    fn rows(&self) -> Rows {
        let mut rows = Rows::default();
        for (row, draw) in (0..).zip(self.values.chunks(self.block.max(1))) {
            let n_missing = draw.iter().filter(|value| value.is_nan()).count();
            let own = match n_missing {
                0 => &mut rows.complete,
                n if n == draw.len() => &mut rows.missing,
                _ => &mut rows.mixed,
            };
            own.push(row);
        }
        rows
    }
}
