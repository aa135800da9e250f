//! Indices whose number changes from pass to pass of a loop, and elements of slices of such lengths.

use super::CompileError;
use super::positions::Positions;
use super::tracer::{Result, Tracer};
use super::value::{Axis, Place, Traced};
use crate::ir::{Expr, Index};
use crate::source::Span;
use crate::types::ElementType;

impl Tracer<'_> {
    /// Positions chosen in each row of a domain, as many in each or not.
    fn in_each_pass(&mut self, domain: usize, chosen: &[Vec<u32>], at: Span) -> Result<Positions> {
        let len = chosen.first().map_or(0, Vec::len);
        if chosen.iter().all(|own| own.len() == len) {
            let values = chosen.iter().flatten().copied().collect();
            return Ok(Positions { values, axes: vec![Axis::Domain(domain)], dims: vec![len], label: None });
        }
        let lens: Vec<u32> = chosen.iter().map(|own| own.len() as u32).collect();
        let ragged = self.ragged_domain(domain, &lens, at)?;
        let values = self.ragged_values(ragged, |row, k| chosen[row][k], 0);
        Ok(Positions { values, axes: vec![Axis::Domain(ragged)], dims: Vec::new(), label: None })
    }

    /// A filter: a truth value for each element of a dimension, in each row of a loop.
    pub fn filter(&mut self, value: &Traced, len: Option<usize>, at: Span) -> Result<Positions> {
        let known = self.known(value, at, "a filter must be known from the data")?;
        let own = value.dims[0];
        if let Some(len) = len.filter(|&len| len != own) {
            let message = format!("a filter of {own} elements for {len} elements");
            let help = "true and false pick elements of an array of the same length; to look up one of two write `b[1 + x]`";
            return Err(CompileError::Index { message, help: Some(help.into()), at });
        }
        let holds =
            |row: &[f64]| -> Vec<u32> { (0..own as u32).filter(|&k| row[k as usize] != 0.0).collect() };
        let Some(domain) = value.domain() else {
            let values = holds(&known);
            return Ok(Positions { dims: vec![values.len()], values, axes: Vec::new(), label: None });
        };
        let rows = self.domains[domain].size;
        let chosen: Vec<Vec<u32>> = (0..rows).map(|row| holds(&known[row * own..][..own])).collect();
        self.in_each_pass(domain, &chosen, at)
    }

    /// `from:to` along a dimension of `len` elements, with ends that change over a loop.
    pub fn moving_slice(&mut self, ends: [&Traced; 2], len: usize, at: Span) -> Result<Positions> {
        let [from, to] = ends;
        let axes = [&from.axes, &to.axes];
        let (Some(domain), 0, 0) = (self.common_domain(axes.into_iter(), at)?, from.rank(), to.rank()) else {
            let message = "the ends of a slice must be single ints".into();
            return Err(CompileError::Index { message, help: None, at });
        };
        if self.is_ragged(domain) {
            return Err(self.varies(domain, "a slice whose ends are slices", at));
        }
        let help = "the ends of a slice must be known from the data";
        let (Some(from), Some(to)) = (self.by_row(from, domain), self.by_row(to, domain)) else {
            return Err(CompileError::DataOnly { help: help.into(), at });
        };
        let mut chosen = Vec::with_capacity(from.len());
        for (pass, (&from, &to)) in from.iter().zip(&to).enumerate() {
            let (from, to) = (from as i64, to as i64);
            let outside = [from, to].into_iter().find(|&end| end < 1 || end > len as i64);
            if let Some(index) = outside.filter(|_| from <= to) {
                let place = format!(" (in iteration {})", pass + 1);
                return Err(CompileError::IndexRange { index, length: len, place, at });
            }
            chosen.push((from..=to).map(|k| (k - 1) as u32).collect());
        }
        self.in_each_pass(domain, &chosen, at)
    }

    /// A slice whose length changes takes the place of one dimension, the first of what is selected.
    pub fn refuse_slices_beside(&self, positions: &[Positions], at: Span) -> Result<()> {
        let ragged = |position: &Positions| self.ragged_axis(&position.axes);
        let mut before = 0;
        let mut first = None;
        for position in positions {
            if let Some(own) = ragged(position) {
                if before > 0 || first.is_some() {
                    let what = "a slice whose length changes over the loop, behind another one";
                    return Err(self.varies(own, what, at));
                }
                first = Some(own);
            } else {
                before += position.dims.len();
            }
        }
        Ok(())
    }

    /// Elements of a value whose first dimension changes over a loop.
    pub fn index_ragged(&mut self, base: &Traced, indices: &[Index], at: Span) -> Result<Traced> {
        let base = &self.within_branch(base.clone(), at)?;
        let Some(ragged) = self.ragged_of(base) else { return Ok(base.clone()) };
        if indices.len() > base.rank() + 1 {
            let message = format!("{} indices for an array of {} dimensions", indices.len(), base.rank() + 1);
            return Err(CompileError::Index { message, help: None, at });
        }
        let Some((first, rest)) = indices.split_first() else { return Ok(base.clone()) };
        let taken = match first {
            Index::Slice { lower: None, upper: None, .. } => base.clone(),
            Index::Slice { lower, upper, span } => {
                let (from, to) = self.ends_within(ragged, lower.as_ref(), upper.as_ref())?;
                let chosen = match self.ragged_range(&from, &to, *span)? {
                    Some(range) => range,
                    None => self.call_traced(crate::builtin::RANGE, &[Some(from), Some(to)], &[], *span)?,
                };
                self.take_from(base, ragged, &chosen, *span)?
            }
            Index::At(expr) => {
                let chosen = self.array(expr)?;
                let chosen = if chosen.element == ElementType::Bool {
                    self.filter_within(ragged, &chosen, expr.span)?
                } else {
                    chosen
                };
                self.take_from(base, ragged, &chosen, expr.span)?
            }
        };
        if rest.is_empty() {
            return Ok(taken);
        }
        let n_taken = taken.rank() - base.rank();
        let mut positions: Vec<Positions> =
            taken.dims[..n_taken].iter().map(|&len| Positions::whole(len, None)).collect();
        for (k, index) in rest.iter().enumerate() {
            positions.push(self.positions(index, Some(base.dims[k]), base.labels[k].as_ref())?);
        }
        self.refuse_slices_beside(&positions, at)?;
        self.select(&taken, positions, at)
    }

    /// The ends of a slice of a slice.
    fn ends_within(
        &mut self,
        ragged: usize,
        lower: Option<&Expr>,
        upper: Option<&Expr>,
    ) -> Result<(Traced, Traced)> {
        let (lengths, parent) = self.lengths(ragged);
        let lens: Vec<f64> = lengths.by_row.iter().map(|&len| f64::from(len)).collect();
        let mut last = Traced::new(self.graph.vector(&lens), Vec::new(), ElementType::Int);
        last.axes.push(Axis::Domain(parent));
        let one = self.graph.scalar(1.0);
        let from = match lower {
            Some(lower) => self.array(lower)?,
            None => Traced::new(one, Vec::new(), ElementType::Int),
        };
        let to = upper.map(|upper| self.array(upper)).transpose()?.unwrap_or(last);
        Ok((from, to))
    }

    /// A filter of a slice, as positions within it.
    fn filter_within(&mut self, ragged: usize, filter: &Traced, at: Span) -> Result<Traced> {
        let known = self.known(filter, at, "a filter must be known from the data")?;
        let (lengths, parent) = self.lengths(ragged);
        if self.ragged_of(filter) != Some(ragged) || filter.rank() > 0 {
            let message = "a filter of another length than the slice".into();
            return Err(CompileError::Index { message, help: None, at });
        }
        let starts = lengths.starts();
        let chosen: Vec<Vec<u32>> = lengths
            .by_row
            .iter()
            .zip(&starts)
            .map(|(&len, &start)| {
                (0..len).filter(|k| known[(start + k) as usize] != 0.0).map(|k| k + 1).collect()
            })
            .collect();
        let chosen = self.in_each_pass(parent, &chosen, at)?;
        let values: Vec<f64> = chosen.values.iter().map(|&k| f64::from(k)).collect();
        let shape = self.full_shape(&chosen.axes, &chosen.dims, Place::Main);
        let node = self.graph.vector(&values);
        let mut traced = Traced::new(self.graph.reshape(node, &shape), chosen.dims, ElementType::Int);
        traced.axes = chosen.axes;
        Ok(traced)
    }

    /// The elements of a ragged value at 1-based positions within its passes.
    fn take_from(&mut self, base: &Traced, ragged: usize, chosen: &Traced, at: Span) -> Result<Traced> {
        let known = self.known(chosen, at, "an index must be an int of the data")?;
        if base.place == Place::Step {
            let what = "an element of a slice whose length changes, in a recursion";
            return Err(self.varies(ragged, what, at));
        }
        if base.axes.len() > 1 && chosen.rank() > 0 {
            let what = "elements of a slice whose length changes, of a discrete latent";
            return Err(self.varies(ragged, what, at));
        }
        let (lengths, parent) = self.lengths(ragged);
        let starts = lengths.starts();
        let target = match chosen.domain() {
            None => parent,
            // Within a slice of the same loop the passes are those of its own loop.
            Some(own) => self.inner_of(own, parent, at)?,
        };
        let passes = self.rows_between(parent, target);
        let own_rows = match chosen.domain() {
            Some(own) => self.rows_between(own, target),
            None => vec![0; passes.len()],
        };
        let size: usize = chosen.dims.iter().product();
        let mut rows = Vec::with_capacity(passes.len() * size);
        for (&pass, &own) in passes.iter().zip(&own_rows) {
            let len = lengths.by_row[pass as usize];
            for &index in &known[own as usize * size..][..size] {
                let is_within = index >= 1.0 && index <= f64::from(len) && index.fract() == 0.0;
                // What is beyond a length stands for nothing.
                let stands_for_nothing = self.is_ragged(target) && len == 0;
                if !is_within && !stands_for_nothing {
                    let place = format!(" (in iteration {})", pass + 1);
                    let length = len as usize;
                    return Err(CompileError::IndexRange { index: index as i64, length, place, at });
                }
                let first = starts[pass as usize].min(self.domains[ragged].size.saturating_sub(1) as u32);
                rows.push(if is_within { first + index as u32 - 1 } else { first });
            }
        }
        let rest = self.full_shape(&base.axes[1..], &base.dims, Place::Main);
        let node = self.take_rows(base.node, &rows, &rest, Place::Main);
        let mut taken = base.clone();
        taken.axes[0] = Axis::Domain(target);
        taken.dims = chosen.dims.iter().chain(&base.dims).copied().collect();
        taken.labels = vec![None; chosen.rank()].into_iter().chain(base.labels.iter().cloned()).collect();
        let shape = match base.axes.len() {
            1 => self.full_shape(&taken.axes, &taken.dims, Place::Main),
            _ => [&[rows.len()], &rest[..]].concat(),
        };
        taken.node = self.graph.reshape(node, &shape);
        Ok(taken)
    }

    /// Of tuples along a padded domain, which stand for elements that are there; `None` where all do.
    pub fn elements_there(&self, axes: &[Axis], n: usize) -> Option<Vec<bool>> {
        let ragged = self.ragged_axis(axes)?;
        let (lengths, _) = self.lengths(ragged);
        lengths.width?;
        let is_there = lengths.is_there();
        let each = n / is_there.len().max(1);
        Some(is_there.into_iter().flat_map(|there| std::iter::repeat_n(there, each)).collect())
    }
}
