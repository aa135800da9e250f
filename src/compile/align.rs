//! Brings values with different axes to one layout, so that broadcasting of their nodes is right.

use std::sync::Arc;

use super::CompileError;
use super::loops::DomainKind;
use super::tracer::{Result, Tracer};
use super::value::{Axis, Place, Traced};
use crate::source::Span;
use crate::tape::Node;

/// Nodes of one graph whose leading dimensions are `axes` (of length 1 where a value does not vary along one).
pub struct Aligned {
    pub axes: Vec<Axis>,
    pub nodes: Vec<Node>,
    pub place: Place,
}

/// What the dimensions of an operand mean to the operation that takes it.
#[derive(Clone, Copy)]
pub enum Layout {
    /// All its own: nothing is padded.
    Own,
    /// Broadcast against the others, by an operation that pads what it needs.
    Elementwise,
    /// Broadcast against the others, but for this many trailing dimensions.
    Batch { event: usize },
}

impl Tracer<'_> {
    pub fn align(&mut self, operands: &[(&Traced, Layout)], at: Span) -> Result<Aligned> {
        let mut values: Vec<Traced> = operands.iter().map(|(value, _)| (*value).clone()).collect();
        let layouts: Vec<Layout> = operands.iter().map(|(_, layout)| *layout).collect();
        let place =
            if values.iter().any(|value| value.place == Place::Step) { Place::Step } else { Place::Main };
        self.peel(&mut values, &layouts, at)?;
        if place == Place::Step {
            for value in &mut values {
                *value = self.import(value, at)?;
            }
        }
        self.level_ragged(&mut values, &layouts, at)?;
        if let Some(domain) = self.deepest(&values, at)? {
            for value in &mut values {
                self.lift(value, domain);
            }
        }
        let mut axes: Vec<Axis> = values.iter().flat_map(|value| value.axes.iter().copied()).collect();
        axes.sort_unstable();
        axes.dedup();
        self.refuse_many(&axes, at)?;
        let batch_rank = values.iter().zip(&layouts).map(|(value, layout)| layout.batch_rank(value)).max();
        let batch_rank = batch_rank.unwrap_or(0);
        let nodes = values
            .iter()
            .zip(&layouts)
            .map(|(value, layout)| self.laid_out(value, *layout, &axes, batch_rank, place))
            .collect();
        Ok(Aligned { axes, nodes, place })
    }

    fn laid_out(
        &mut self,
        value: &Traced,
        layout: Layout,
        axes: &[Axis],
        batch: usize,
        place: Place,
    ) -> Node {
        let mut shape = Vec::with_capacity(axes.len() + value.rank());
        for axis in axes {
            shape.push(if value.axes.contains(axis) { self.axis_len(*axis, place) } else { 1 });
        }
        if let Layout::Batch { event } = layout {
            let own = value.rank().saturating_sub(event);
            if !axes.is_empty() {
                shape.extend(std::iter::repeat_n(1, batch - own));
            }
            shape.extend(&value.dims[..own]);
            shape.extend(std::iter::repeat_n(1, event.saturating_sub(value.rank())));
            shape.extend(&value.dims[own..]);
        } else {
            shape.extend(&value.dims);
        }
        if axes.is_empty() && shape == value.dims {
            return value.node;
        }
        self.graph_at(place).reshape(value.node, &shape)
    }

    /// A whole discrete latent (`mu[z]`) lives on an implicit domain of its elements. Values that run along with it
    /// give up their first dimension to that domain.
    fn peel(&mut self, values: &mut [Traced], layouts: &[Layout], at: Span) -> Result<()> {
        let Some(domain) = values.iter().find_map(|value| self.implicit_of(value)) else { return Ok(()) };
        let lens = self.domains[domain].dims.clone();
        // Dimensions of each element, which those of the latent stand before.
        let own = values
            .iter()
            .zip(layouts)
            .filter(|(value, _)| self.implicit_of(value).is_some())
            .map(|(value, layout)| layout.batch_rank(value))
            .max()
            .unwrap_or(0);
        for (value, layout) in values.iter_mut().zip(layouts) {
            let along = layout.batch_rank(value).saturating_sub(own);
            if self.implicit_of(value).is_some() || along == 0 {
                continue;
            }
            let fits = along <= lens.len()
                && value.dims[..along].iter().zip(&lens[lens.len() - along..]).all(|(dim, len)| dim == len);
            if !fits || value.place != Place::Main {
                return Err(self.couples(domain, at));
            }
            let n_enumerated = value.axes.len();
            if along < lens.len() {
                // Repeated along the latent's first dimensions.
                let mut shape = self.full_shape(&value.axes, &[], Place::Main);
                shape.extend(&lens);
                shape.extend(&value.dims[along..]);
                let mut with_ones = self.full_shape(&value.axes, &[], Place::Main);
                with_ones.extend(std::iter::repeat_n(1, lens.len() - along));
                with_ones.extend(&value.dims);
                let node = self.graph.reshape(value.node, &with_ones);
                value.node = self.graph.broadcast(node, &shape);
            }
            value.dims.drain(..along);
            value.labels.drain(..along);
            let mut shape = self.full_shape(&value.axes, &[], Place::Main);
            shape.push(self.domains[domain].size);
            shape.extend(&value.dims);
            value.node = self.graph.reshape(value.node, &shape);
            if n_enumerated > 0 {
                let order: Vec<usize> = std::iter::once(n_enumerated)
                    .chain(0..n_enumerated)
                    .chain(n_enumerated + 1..=n_enumerated + value.rank())
                    .collect();
                value.node = self.graph.permute(value.node, &order);
            }
            value.axes.insert(0, Axis::Domain(domain));
        }
        Ok(())
    }

    /// The implicit domain that a value runs along, by an axis or through the elements that it enumerates.
    pub fn implicit_of(&self, value: &Traced) -> Option<usize> {
        let along = value.axes.iter().find(|axis| self.is_implicit(axis))?;
        self.domain_along(along)
    }

    /// The loop, or the elements of a whole discrete latent, that an axis runs along.
    pub fn domain_along(&self, axis: &Axis) -> Option<usize> {
        match axis {
            Axis::Domain(domain) => Some(*domain),
            Axis::Enumeration(e) => self.enumerations[*e].domain,
        }
    }

    pub fn is_implicit(&self, axis: &Axis) -> bool {
        self.domain_along(axis).is_some_and(|domain| self.domains[domain].kind == DomainKind::Implicit)
    }

    pub fn couples(&self, domain: usize, at: Span) -> CompileError {
        CompileError::Elimination {
            name: self.implicit_name(domain),
            reason: "it is used other than element by element".into(),
            help: "write the statement in a `for` loop where each pass reads one element, as in `y[i] ~ Normal(mu[z[i]], s)`; \
                   a function of all of them at once cannot be summed out"
                .into(),
            at,
        }
    }

    /// Some discrete latent that lives on the implicit domain, for messages.
    fn implicit_name(&self, domain: usize) -> String {
        let on_domain = self.enumerations.iter().find(|e| e.domain == Some(domain));
        on_domain.map_or_else(|| "z".into(), |e| self.discrete[e.discrete].name.clone())
    }

    /// The innermost of the values' domains; all others must enclose it.
    fn deepest(&self, values: &[Traced], at: Span) -> Result<Option<usize>> {
        let mut deepest: Option<usize> = None;
        for domain in values.iter().filter_map(Traced::domain) {
            deepest = Some(match deepest {
                None => domain,
                Some(other) => self.inner_of(domain, other, at)?,
            });
        }
        Ok(deepest)
    }

    /// The inner of two nested domains.
    pub fn inner_of(&self, a: usize, b: usize, at: Span) -> Result<usize> {
        if self.encloses(a, b) {
            Ok(b)
        } else if self.encloses(b, a) {
            Ok(a)
        } else {
            let implicit = |domain: usize| self.domains[domain].kind == DomainKind::Implicit;
            Err(CompileError::unsupported(
                if implicit(a) || implicit(b) {
                    "a whole discrete latent inside a loop over something else"
                } else {
                    "values of two loops that do not enclose each other"
                },
                at,
            ))
        }
    }

    pub fn encloses(&self, outer: usize, inner: usize) -> bool {
        let mut domain = Some(inner);
        while let Some(current) = domain {
            if current == outer {
                return true;
            }
            domain = self.domains[current].parent;
        }
        false
    }

    /// Rows of `outer` behind the rows of `inner`.
    pub fn rows_between(&self, outer: usize, inner: usize) -> Vec<u32> {
        let mut rows: Vec<u32> = (0..self.domains[inner].size as u32).collect();
        let mut domain = inner;
        while domain != outer {
            let map = &self.domains[domain].parent_rows;
            rows.iter_mut().for_each(|row| *row = map[*row as usize]);
            domain = self.domains[domain].parent.expect("outer encloses inner");
        }
        rows
    }

    /// Repeats a value's rows so that it varies along `domain` if it varies along a domain around it.
    pub fn lift(&mut self, value: &mut Traced, domain: usize) {
        let Some(own) = value.domain() else { return };
        if own == domain {
            return;
        }
        let mut rows = self.rows_between(own, domain);
        let place = value.place;
        if place == Place::Step {
            // Within a step the pattern is that of the first step.
            rows.truncate(self.axis_len(Axis::Domain(domain), place));
        }
        let rest = self.full_shape(&value.axes[1..], &value.dims, place);
        value.node = self.take_rows(value.node, &rows, &rest, place);
        value.axes[0] = Axis::Domain(domain);
    }

    /// `node[rows, rest...]`
    pub fn take_rows(&mut self, node: Node, rows: &[u32], rest: &[usize], place: Place) -> Node {
        let block: usize = rest.iter().product();
        if let Some(&first) = rows.first()
            && rows.iter().zip(first..).all(|(&row, next)| row == next)
        {
            let shape: Vec<usize> = std::iter::once(rows.len()).chain(rest.iter().copied()).collect();
            return self.graph_at(place).slice(node, first as usize * block, &shape);
        }
        let index: Vec<u32> =
            rows.iter().flat_map(|&row| (0..block as u32).map(move |k| row * block as u32 + k)).collect();
        let shape: Vec<usize> = std::iter::once(rows.len()).chain(rest.iter().copied()).collect();
        self.graph_at(place).gather(node, Arc::from(index), &shape)
    }
}

impl Layout {
    pub fn batch_rank(self, value: &Traced) -> usize {
        match self {
            Layout::Own | Layout::Elementwise => value.rank(),
            Layout::Batch { event } => value.rank().saturating_sub(event),
        }
    }
}
