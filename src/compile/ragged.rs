//! Slices and filters whose length changes from pass to pass of a loop: their elements are rows of a domain of their own.
//!
//! A value of such a length has one row for each pass and position, and all that is done element by element stays as flat as
//! that. A recursion needs the same shape in every step: there each pass has as many rows as the longest one, and what is
//! beyond its length repeats an element that is there.

use std::sync::Arc;

use super::CompileError;
use super::align::Layout;
use super::distribution::collect;
use super::loops::{Domain, DomainKind};
use super::tracer::{Result, Tracer};
use super::value::{Axis, MAX_ELEMENTS, Place, Traced, TracedDistribution, fits_in_memory};
use crate::source::Span;
use crate::types::ElementType;

/// How long a dimension is in each row of the domain around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths {
    pub by_row: Arc<[u32]>,
    /// Rows that each row of the domain around has, where all have the same number.
    pub width: Option<usize>,
}

/// What cannot be traced for passes of several lengths at once: each length has to be traced by itself.
#[derive(Clone, Debug)]
pub struct Varies {
    /// The domain along which something changes that has to stay the same.
    pub domain: usize,
    /// Rows of the domain with one number belong together.
    pub by_row: Arc<[u32]>,
    /// What there is to say where the passes cannot be told apart.
    pub error: CompileError,
}

impl Lengths {
    /// Rows that the given row of the domain around has.
    fn n_rows(&self, row: usize) -> usize {
        self.width.unwrap_or(self.by_row[row] as usize)
    }

    /// The first row of each row of the domain around.
    pub fn starts(&self) -> Vec<u32> {
        let mut next = 0;
        (0..self.by_row.len())
            .map(|row| {
                let own = next;
                next += self.n_rows(row) as u32;
                own
            })
            .collect()
    }

    pub fn longest(&self) -> usize {
        self.by_row.iter().copied().max().unwrap_or(0) as usize
    }

    /// Whether each row of the domain is one that is there, rather than beyond the length.
    pub fn is_there(&self) -> Vec<bool> {
        let of_row = |(row, &len): (usize, &u32)| (0..self.n_rows(row)).map(move |k| k < len as usize);
        self.by_row.iter().enumerate().flat_map(of_row).collect()
    }
}

impl Tracer<'_> {
    /// The domain of a value whose first dimension changes over a loop.
    pub fn ragged_of(&self, value: &Traced) -> Option<usize> {
        value.domain().filter(|&domain| self.is_ragged(domain))
    }

    /// The ragged domain along which a value has elements of discrete latents, `z[1:n[j]]`.
    pub fn ragged_elements(&self, value: &Traced) -> Option<usize> {
        let along = value.axes.iter().filter_map(|axis| self.domain_along(axis));
        along.into_iter().find(|&domain| self.is_ragged(domain))
    }

    pub fn is_ragged(&self, domain: usize) -> bool {
        self.domains[domain].lengths.is_some()
    }

    /// The domain of elements that brackets name, where their number changes over a loop.
    pub fn ragged_axis(&self, axes: &[Axis]) -> Option<usize> {
        axes.iter().find_map(|axis| match axis {
            Axis::Domain(domain) => Some(*domain).filter(|&domain| self.is_ragged(domain)),
            Axis::Enumeration(_) => None,
        })
    }

    /// How long the passes of a ragged domain are, and the domain around it.
    pub fn lengths(&self, ragged: usize) -> (Lengths, usize) {
        let domain = &self.domains[ragged];
        match (&domain.lengths, domain.parent) {
            (Some(lengths), Some(parent)) => (lengths.clone(), parent),
            _ => (Lengths { by_row: [].into(), width: None }, ragged),
        }
    }

    /// The domain of so many elements in each row of `parent`; the same one each time it is asked for.
    pub fn ragged_domain(&mut self, parent: usize, by_row: &[u32], at: Span) -> Result<usize> {
        let longest = by_row.iter().copied().max().unwrap_or(0) as usize;
        let lengths = Lengths { by_row: by_row.into(), width: self.scan.is_some().then_some(longest) };
        let known = self
            .domains
            .iter()
            .position(|domain| domain.parent == Some(parent) && domain.lengths.as_ref() == Some(&lengths));
        if let Some(known) = known {
            return Ok(known);
        }
        let size = (0..by_row.len()).map(|row| lengths.n_rows(row)).fold(0, usize::saturating_add);
        fits_in_memory("this slice, over all passes of the loop,", &[size], MAX_ELEMENTS, at)?;
        let parent_rows =
            (0..by_row.len()).flat_map(|row| std::iter::repeat_n(row as u32, lengths.n_rows(row))).collect();
        self.domains.push(Domain {
            size,
            parent: Some(parent),
            parent_rows,
            kind: DomainKind::Loop,
            lengths: Some(lengths),
            dims: Vec::new(),
        });
        Ok(self.domains.len() - 1)
    }

    /// `values(row, k)` for each element k of each row; what is beyond a length repeats the last one, and `of_empty` stands
    /// where there is none.
    pub fn ragged_values<T: Copy>(
        &self,
        ragged: usize,
        values: impl Fn(usize, usize) -> T,
        of_empty: T,
    ) -> Vec<T> {
        let (lengths, _) = self.lengths(ragged);
        let mut all = Vec::with_capacity(self.domains[ragged].size);
        for (row, &len) in lengths.by_row.iter().enumerate() {
            let last = (len as usize).checked_sub(1);
            all.extend(
                (0..lengths.n_rows(row)).map(|k| last.map_or(of_empty, |last| values(row, k.min(last)))),
            );
        }
        all
    }

    /// `from:to` where its length changes over a loop; `None` where it does not, or is not known.
    pub fn ragged_range(&mut self, from: &Traced, to: &Traced, at: Span) -> Result<Option<Traced>> {
        let is_number =
            |value: &Traced| value.rank() == 0 && !value.is_enumerated() && self.ragged_of(value).is_none();
        if !is_number(from) || !is_number(to) {
            return Ok(None);
        }
        let Some(domain) = self.common_domain([&from.axes, &to.axes].into_iter(), at)? else {
            return Ok(None);
        };
        let (Some(from), Some(to)) = (self.by_row(from, domain), self.by_row(to, domain)) else {
            return Ok(None);
        };
        let len = |(from, to): (&f64, &f64)| (to - from + 1.0).max(0.0);
        let lens: Vec<f64> = from.iter().zip(&to).map(len).collect();
        let total: f64 = lens.iter().sum();
        if lens.windows(2).all(|pair| pair[0] == pair[1]) || !total.is_finite() {
            return Ok(None);
        }
        fits_in_memory("this slice", &[total as usize], MAX_ELEMENTS, at)?;
        let lens: Vec<u32> = lens.iter().map(|&len| len as u32).collect();
        let ragged = self.ragged_domain(domain, &lens, at)?;
        let values = self.ragged_values(ragged, |row, k| from[row] + k as f64, 1.0);
        let mut traced = Traced::new(self.graph.vector(&values), Vec::new(), ElementType::Int);
        traced.axes.push(Axis::Domain(ragged));
        Ok(Some(traced))
    }

    /// A number in each row of a domain, where it is known.
    pub fn by_row(&self, value: &Traced, domain: usize) -> Option<Vec<f64>> {
        let values: Vec<f64> = self.constant(value)?.iter().copied().collect();
        Some(match value.domain() {
            None => vec![*values.first()?; self.domains[domain].size],
            Some(own) => self.rows_between(own, domain).iter().map(|&row| values[row as usize]).collect(),
        })
    }

    /// A ragged value as it is in the rows of a domain within the one around it.
    pub fn ragged_within(&mut self, value: &Traced, domain: usize, at: Span) -> Result<Traced> {
        let Some(ragged) = self.ragged_of(value) else { return Ok(value.clone()) };
        let (lengths, parent) = self.lengths(ragged);
        if parent == domain || !self.encloses(parent, domain) {
            return Ok(value.clone());
        }
        let passes = self.rows_between(parent, domain);
        let lens: Vec<u32> = passes.iter().map(|&pass| lengths.by_row[pass as usize]).collect();
        let starts = lengths.starts();
        let within = self.ragged_domain(domain, &lens, at)?;
        let mut rows = self.ragged_values(within, |row, k| starts[passes[row] as usize] + k as u32, 0);
        let mut value = value.clone();
        if value.place == Place::Step {
            rows.truncate(self.axis_len(Axis::Domain(within), Place::Step));
        }
        let rest = self.full_shape(&value.axes[1..], &value.dims, value.place);
        value.node = self.take_rows(value.node, &rows, &rest, value.place);
        value.axes[0] = Axis::Domain(within);
        Ok(value)
    }

    /// Brings ragged values to one domain, and refuses what does not go along with them element by element.
    pub fn level_ragged(&mut self, values: &mut [Traced], layouts: &[Layout], at: Span) -> Result<()> {
        let Some(first) = values.iter().find_map(|value| self.ragged_of(value)) else { return Ok(()) };
        for (value, layout) in values.iter().zip(layouts) {
            let Some(own) = self.ragged_of(value) else { continue };
            let is_part = match layout {
                Layout::Own => true,
                Layout::Elementwise => false,
                Layout::Batch { event } => value.rank() < *event,
            };
            if is_part {
                return Err(self.varies(own, "a vector whose length changes over the loop, here", at));
            }
        }
        // The dimension that changes is in front of the value's own.
        let rank = |value: &Traced, layout: &Layout| layout.batch_rank(value);
        let with: Vec<usize> = values
            .iter()
            .zip(layouts)
            .filter(|(value, _)| self.ragged_of(value).is_some())
            .map(|(value, layout)| rank(value, layout))
            .collect();
        let least = with.iter().copied().min().unwrap_or(0);
        let most = values.iter().zip(layouts).map(|(value, layout)| rank(value, layout)).max().unwrap_or(0);
        if most > least {
            let what = "a slice whose length changes over the loop, with an array of other dimensions";
            return Err(self.varies(first, what, at));
        }
        self.on_one_ragged(values, at)
    }

    /// Brings ragged values, whatever else they are beside, to one domain.
    pub fn on_one_ragged(&mut self, values: &mut [Traced], at: Span) -> Result<()> {
        let mut around: Option<usize> = None;
        for value in values.iter() {
            let Some(mut own) = value.domain() else { continue };
            if self.is_ragged(own) {
                own = self.lengths(own).1;
            }
            around = Some(match around {
                None => own,
                Some(other) => self.inner_of(own, other, at)?,
            });
        }
        let Some(around) = around else { return Ok(()) };
        let mut common: Option<usize> = None;
        for value in values.iter_mut() {
            *value = self.ragged_within(value, around, at)?;
            let Some(own) = self.ragged_of(value) else { continue };
            match common {
                Some(other) if other != own => return Err(self.lengths_differ(other, own, at)),
                _ => common = Some(own),
            }
        }
        Ok(())
    }

    pub fn lengths_differ(&self, a: usize, b: usize, at: Span) -> CompileError {
        let (a, b) = (self.lengths(a).0, self.lengths(b).0);
        let pass = a.by_row.iter().zip(b.by_row.iter()).position(|(a, b)| a != b).unwrap_or(0);
        let len = |lengths: &Lengths| lengths.by_row.get(pass).copied().unwrap_or(0);
        CompileError::Call {
            message: format!("slices of {} and {} elements, in pass {}", len(&a), len(&b), pass + 1),
            help: Some("slices that go together have one length in every pass of the loop".into()),
            at,
        }
    }

    /// The ragged domain over which a statement runs whose left side is `x`, under the loop around it.
    pub fn ragged_statement(
        &mut self,
        distribution: &TracedDistribution,
        x: &mut Traced,
        at: Span,
    ) -> Result<Option<usize>> {
        let mut leaves = Vec::new();
        collect(distribution, 0, &mut leaves);
        let among = leaves.iter().find_map(|(leaf, _)| self.ragged_elements(leaf));
        let (Some(own), Some(domain)) = (self.ragged_of(x), self.domain) else {
            return match among {
                None => Ok(None),
                Some(ragged) => {
                    Err(self.varies(ragged, "a distribution of a length that changes over the loop", at))
                }
            };
        };
        if self.scan.is_some() {
            let what = "a statement over a slice whose length changes, in a recursion; put it into a loop of its own";
            return Err(self.varies(own, what, at));
        }
        *x = self.ragged_within(x, domain, at)?;
        Ok(self.ragged_of(x))
    }

    /// Traces something once for each element of a ragged domain, if there is one.
    pub fn along<T>(
        &mut self,
        ragged: Option<usize>,
        trace: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer = self.domain;
        self.domain = ragged.or(outer);
        let traced = trace(self);
        self.domain = outer;
        traced
    }

    /// What goes wrong because a number changes from pass to pass.
    pub fn varying(&self, value: &Traced, error: CompileError) -> CompileError {
        let Some(domain) = value.domain().filter(|_| value.rank() == 0) else { return error };
        let Some(values) = self.by_row(value, domain) else { return error };
        let mut kinds: Vec<u64> = values.iter().map(|value| value.to_bits()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kind = |value: &f64| kinds.binary_search(&value.to_bits()).unwrap_or(0) as u32;
        let by_row: Vec<u32> = values.iter().map(kind).collect();
        CompileError::Varies(Box::new(Varies { domain, by_row: by_row.into(), error }))
    }

    /// An array whose length changes, where there has to be one of the same shape in every pass.
    pub fn varies(&self, ragged: usize, what: &str, at: Span) -> CompileError {
        let (lengths, parent) = self.lengths(ragged);
        let error = CompileError::unsupported(what, at);
        CompileError::Varies(Box::new(Varies { domain: parent, by_row: lengths.by_row, error }))
    }
}
