//! The elements of an array that brackets name.

use super::CompileError;
use super::elements::Extents;
use super::positions::Positions;
use super::tracer::{Result, Tracer};
use super::value::{Axis, MAX_ELEMENTS, MAX_INDEX_RANK, Tuple, fits_in_memory};
use crate::ir::{Index, VariableId};
use crate::source::Span;

/// The elements that brackets name, for all rows of a domain.
#[derive(Clone)]
pub struct Selection {
    pub tuples: Vec<Tuple>,
    pub axes: Vec<Axis>,
    /// Dimensions that vector indices make.
    pub dims: Vec<usize>,
    pub rank: usize,
}

impl Tracer<'_> {
    /// The elements that brackets name. Where `read` gives the array, open slices reach to its extents; on the left
    /// of `=` trailing `:` stand for the dimensions of the value.
    pub fn selection(
        &mut self,
        variable: VariableId,
        indices: &[Index],
        read: Option<Extents>,
        at: Span,
    ) -> Result<Selection> {
        let call = self.call_of(variable);
        let n_before = usize::from(call.is_some());
        let rank = match read {
            Some(extents) => extents.rank,
            None => {
                let whole = |index: &&Index| matches!(index, Index::Slice { lower: None, upper: None, .. });
                n_before + indices.len() - indices.iter().rev().take_while(whole).count()
            }
        };
        if rank == n_before || rank > MAX_INDEX_RANK {
            return Err(CompileError::unsupported(format!("building up an array by {rank} indices"), at));
        }
        let mut positions = Vec::with_capacity(rank);
        positions.extend(call.map(|domain| Positions {
            values: (0..self.domains[domain].size as u32).collect(),
            axes: vec![Axis::Domain(domain)],
            dims: Vec::new(),
            label: None,
        }));
        for k in n_before..rank {
            let extent = read.map(|extents| extents.lens[k] as usize);
            positions.push(match indices.get(k - n_before) {
                // Which elements there are shows when they are looked up.
                Some(index @ (Index::At(_) | Index::Slice { upper: Some(_), .. })) => {
                    self.positions(index, None, None)?
                }
                Some(index) => self.positions(index, extent, None)?,
                None => Positions::whole(extent.unwrap_or(0), None),
            });
        }
        if positions
            .iter()
            .flat_map(|position| &position.axes)
            .any(|axis| matches!(axis, Axis::Enumeration(_)))
        {
            return Err(CompileError::unsupported("a built-up array indexed by a discrete latent", at));
        }
        self.refuse_slices_beside(&positions, at)?;
        let ragged = positions.iter().find_map(|position| self.ragged_axis(&position.axes));
        let domain = match (read, self.domain) {
            (None, Some(_)) if ragged.is_some() => {
                self.common_domain(positions.iter().map(|position| &position.axes), at)?
            }
            // A definition runs once per iteration whatever its index says.
            (None, Some(domain)) => Some(domain),
            _ => self.common_domain(positions.iter().map(|position| &position.axes), at)?,
        };
        if read.is_none() {
            let largest = positions.iter().flat_map(|position| position.values.iter().copied()).max();
            fits_in_memory("this array", &[largest.unwrap_or(0) as usize], MAX_ELEMENTS, at)?;
        }
        let axes: Vec<Axis> = domain.map(Axis::Domain).into_iter().collect();
        let n_rows = domain.map_or(1, |domain| self.domains[domain].size);
        let rows: Vec<Option<Vec<u32>>> = positions
            .iter()
            .map(|position| match (position.axes.first(), domain) {
                (Some(Axis::Domain(own)), Some(domain)) => Some(self.rows_between(*own, domain)),
                _ => None,
            })
            .collect();
        let dims: Vec<usize> = positions.iter().flat_map(|position| position.dims.iter().copied()).collect();
        let mut tuples = Vec::with_capacity(n_rows * dims.iter().product::<usize>());
        let (mut run, mut wider): (Vec<Tuple>, Vec<Tuple>) = (Vec::new(), Vec::new());
        for row in 0..n_rows {
            run.clear();
            run.push(Tuple::default());
            for (k, position) in positions.iter().enumerate() {
                let size: usize = position.dims.iter().product();
                let start = rows[k].as_ref().map_or(0, |map| map[row] as usize) * size;
                wider.clear();
                for tuple in &run {
                    for &p in &position.values[start..start + size] {
                        let mut tuple = *tuple;
                        tuple[k] = p + 1;
                        wider.push(tuple);
                    }
                }
                std::mem::swap(&mut run, &mut wider);
            }
            tuples.extend_from_slice(&run);
        }
        Ok(Selection { tuples, axes, dims, rank })
    }
}
