//! Some rows of a statement that observes data with missing entries: a term of their own, or draws.

use super::align::Layout;
use super::distribution::{collect, skeleton};
use super::impute::Left;
use super::partly::tuple_of;
use super::recentre::Read;
use super::scan::Deferred;
use super::tracer::{Result, Tracer};
use super::value::{Place, Traced, TracedDistribution};
use crate::density::TermKind;
use crate::ir::Role;
use crate::source::Span;
use crate::tape::pick;

/// Some rows of a statement, with a term of their own.
pub struct Part {
    span: Span,
    /// The left side, for its axes and dimensions.
    left: Traced,
    rows: Vec<u32>,
    /// `[rows, event...]`
    x: Traced,
    role: PartRole,
    /// Of a prior: its coordinates, where they are in the order of the rows.
    read: Option<Read>,
}

/// What becomes of some rows.
#[derive(Clone, Copy, PartialEq)]
pub enum PartRole {
    /// Each is an observation.
    Observed,
    /// Counted with the likelihood, but not as observations.
    Joint,
    /// A prior of what is missing.
    Prior,
    /// Drawn when the fit is done.
    Draw,
}

impl Tracer<'_> {
    /// Some rows of a statement become a term, or draws.
    pub fn part(
        &mut self,
        left: &Left,
        distribution: &TracedDistribution,
        rows: &[u32],
        role: PartRole,
        read: Option<Read>,
    ) -> Result<()> {
        if rows.is_empty() || role == PartRole::Draw && !self.is_imputing() {
            return Ok(());
        }
        let x = match role {
            PartRole::Draw => self.missing_rows(left, rows),
            _ if self.is_imputing() => return Ok(()),
            PartRole::Joint if self.is_forwards() => {
                return self.refuse_forwards("a statement with missing entries", left.span);
            }
            _ => self.left_rows(left, rows)?,
        };
        let part = Part { span: left.span, left: left.given.clone(), rows: rows.to_vec(), x, role, read };
        let mut leaves = Vec::new();
        collect(distribution, 0, &mut leaves);
        if leaves.iter().any(|(leaf, _)| leaf.place == Place::Step) {
            let distribution = self.export_distribution(distribution);
            self.defer(Deferred::Part { distribution, part });
            return Ok(());
        }
        self.add_part(distribution, part)
    }

    /// Elements that are left out, to be drawn.
    fn missing_rows(&mut self, left: &Left, rows: &[u32]) -> Traced {
        let name = self.model.variable(left.variable).name.clone();
        let given = self.partly_given(left.variable).map(|given| given.dims.clone()).unwrap_or_default();
        let flat = rows.iter().flat_map(|&row| row as usize * left.block..(row as usize + 1) * left.block);
        let tuples = flat.map(|k| tuple_of(left.positions[k], &given)).collect();
        let dims = [&[rows.len()], &left.given.dims[left.given.rank() - left.event..]].concat();
        let node = self.forwards_input(&name, Role::Observed, &dims, Some((tuples, given.len())));
        Traced::new(node, dims, left.given.element)
    }

    /// Draws of rows that are left out of a statement which depends on discrete latents.
    pub fn draw_chosen(
        &mut self,
        left: &Left,
        distribution: &TracedDistribution,
        rows: &[u32],
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let chosen = self.chosen_distribution(distribution, &left.given, left.at)?;
        let x = self.missing_rows(left, rows);
        let part = Part {
            span: left.span,
            left: left.given.clone(),
            rows: rows.to_vec(),
            x,
            role: PartRole::Draw,
            read: None,
        };
        self.add_part(&chosen, part)
    }

    pub fn add_part(&mut self, distribution: &TracedDistribution, part: Part) -> Result<()> {
        let Part { span, left, rows, x, role, read } = part;
        let event = skeleton(distribution).event_rank();
        let own = self.restricted(distribution, event, &left, &rows, span)?;
        // Rows are counted here, whatever loops are around them.
        let outer = self.domain.take();
        let added = match role {
            PartRole::Observed => self.add_density(span, TermKind::Likelihood, &own, &x),
            PartRole::Prior => self.add_prior(span, &own, &x, read),
            PartRole::Draw => self.note_draw(span, &own, &x),
            PartRole::Joint => self.log_density(&own, &x, span).map(|density| {
                self.is_split = false;
                self.add_value(span, TermKind::Factor, density, false);
            }),
        };
        self.domain = outer;
        added
    }

    /// The prior of what is missing.
    fn add_prior(
        &mut self,
        span: Span,
        own: &TracedDistribution,
        x: &Traced,
        read: Option<Read>,
    ) -> Result<()> {
        let before = self.prior_term(span);
        self.add_density(span, TermKind::Prior, own, x)?;
        match read {
            Some(read) => self.note_recentrable(span, before, own, x, read),
            None => Ok(()),
        }
    }

    /// A distribution at some rows of its left side, with one dimension for them.
    pub fn restricted(
        &mut self,
        distribution: &TracedDistribution,
        event: usize,
        left: &Traced,
        rows: &[u32],
        at: Span,
    ) -> Result<TracedDistribution> {
        let mut leaves = Vec::new();
        collect(distribution, 0, &mut leaves);
        let mut operands: Vec<(&Traced, Layout)> =
            leaves.iter().map(|(leaf, event)| (*leaf, Layout::Batch { event: *event })).collect();
        operands.push((left, Layout::Batch { event }));
        let aligned = self.align(&operands, at)?;
        let batch = self.full_shape(&left.axes, &left.dims[..left.rank() - event], Place::Main);
        let mut own = Vec::with_capacity(leaves.len());
        for ((leaf, event), &node) in leaves.iter().zip(&aligned.nodes) {
            if aligned.place != Place::Main || leaf.is_enumerated() {
                // Only what does not vary can be told row by row.
                own.push((*leaf).clone());
                continue;
            }
            let shape = self.graph.shape(node).to_vec();
            let (outer, inner) = shape.split_at(shape.len().saturating_sub(*event));
            let mut dims = inner.to_vec();
            let node = if outer.iter().product::<usize>() == 1 {
                self.graph.reshape(node, inner)
            } else {
                let full = [&batch[..], inner].concat();
                let node = self.graph.broadcast(node, &full);
                dims.insert(0, rows.len());
                let node = match inner.iter().product::<usize>() {
                    1 => pick(&mut self.graph, node, rows),
                    _ => self.take_rows(node, rows, inner, Place::Main),
                };
                self.graph.reshape(node, &dims)
            };
            own.push(Traced::new(node, dims, leaf.element));
        }
        let mut own = own.into_iter();
        Ok(distribution.map(&mut |leaf| own.next().unwrap_or_else(|| leaf.clone())))
    }
}
