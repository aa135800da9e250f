//! Functions of slices whose length changes over a loop: passes are filled up to a common length with what changes nothing.

use std::sync::Arc;

use super::CompileError;
use super::loops::{Domain, DomainKind};
use super::ragged::Lengths;
use super::tracer::{Result, Tracer};
use super::value::{Axis, Place, Traced};
use crate::builtin::elementwise::exponential::sqrt_at_zero;
use crate::builtin::{self, Builtin, OfRagged};
use crate::ir::Expr;
use crate::source::Span;
use crate::tape::Node;
use crate::types::{Dim, ElementType, Type};

/// Passes are filled up to the longest where that makes at most so many times as many elements; else to powers of two.
const MOST_FILLED: usize = 4;

/// Passes that are filled up to one length.
struct Filled {
    domain: usize,
    passes: Vec<u32>,
    len: usize,
}

/// A slice whose length changes, over the rows of a domain.
struct Slice {
    ragged: usize,
    parent: usize,
    lengths: Lengths,
}

impl Tracer<'_> {
    /// A function of arrays, the length of at least one of which changes over a loop.
    pub fn call_ragged(
        &mut self,
        builtin: &'static dyn Builtin,
        traced: &[Option<Traced>],
        args: &[Option<&Expr>],
        at: Span,
    ) -> Result<Traced> {
        let mut given: Vec<Traced> = traced.iter().flatten().cloned().collect();
        self.on_one_ragged(&mut given, at)?;
        let Some(ragged) = given.iter().find_map(|value| self.ragged_of(value)) else {
            return Err(CompileError::Internal { at });
        };
        let mut given = given.into_iter();
        let traced: Vec<Option<Traced>> =
            traced.iter().map(|value| value.as_ref().and_then(|_| given.next())).collect();
        let (lengths, parent) = self.lengths(ragged);
        let slice = Slice { ragged, parent, lengths };
        let first = traced.iter().flatten().next();
        let is_vector = first.is_some_and(|first| first.rank() == 0) && traced.iter().flatten().count() == 1;
        match builtin::of_ragged(builtin) {
            Some(OfRagged::Length) => Ok(self.length_of(&slice)),
            Some(OfRagged::Mean) if is_vector => {
                self.lengths_suffice(builtin, &slice, &traced, at)?;
                self.ragged_mean(&slice, &traced[0], at)
            }
            Some(OfRagged::Variance { is_root }) if is_vector => {
                self.lengths_suffice(builtin, &slice, &traced, at)?;
                self.ragged_variance(&slice, &traced[0], is_root, at)
            }
            Some(OfRagged::Fill(filler)) => self.call_filled(builtin, &slice, filler, &traced, args, at),
            _ => {
                let what = format!("an array whose length changes over the loop, in `{}`", builtin.name());
                Err(self.varies(ragged, &what, at))
            }
        }
    }

    /// The type of the result where the slice has a given length.
    fn type_at(
        &self,
        builtin: &dyn Builtin,
        traced: &[Option<Traced>],
        len: usize,
        at: Span,
    ) -> Result<Type> {
        let exact = |value: &Traced| {
            let mut ty = self.exact_type(value);
            if let (Some(_), Some(dims)) = (self.ragged_of(value), &mut ty.shape.0) {
                dims.insert(0, Dim::Known(len));
                ty.size = None;
            }
            ty
        };
        let types: Vec<Option<Type>> = traced.iter().map(|value| value.as_ref().map(exact)).collect();
        builtin.result(&types).map_err(|error| CompileError::call(error, at))
    }

    fn lengths_suffice(
        &self,
        builtin: &dyn Builtin,
        slice: &Slice,
        traced: &[Option<Traced>],
        at: Span,
    ) -> Result<()> {
        let shortest = slice.lengths.by_row.iter().copied().min().unwrap_or(0) as usize;
        self.type_at(builtin, traced, shortest, at).map(|_| ())
    }

    fn length_of(&mut self, slice: &Slice) -> Traced {
        let lens: Vec<f64> = slice.lengths.by_row.iter().map(|&len| f64::from(len)).collect();
        let mut traced = Traced::new(self.graph.vector(&lens), Vec::new(), ElementType::Int);
        traced.axes.push(Axis::Domain(slice.parent));
        traced
    }

    fn ragged_mean(&mut self, slice: &Slice, x: &Option<Traced>, at: Span) -> Result<Traced> {
        let total = self.call_filled(&builtin::SUM, slice, 0.0, &[x.clone(), None], &[], at)?;
        let n = self.length_of(slice);
        self.call_traced(&builtin::DIVIDED, &[Some(total), Some(n)], &[], at)
    }

    fn ragged_variance(
        &mut self,
        slice: &Slice,
        x: &Option<Traced>,
        is_root: bool,
        at: Span,
    ) -> Result<Traced> {
        let mean = self.ragged_mean(slice, x, at)?;
        let apart = self.call_traced(&builtin::MINUS, &[x.clone(), Some(mean)], &[], at)?;
        let squares = self.call_traced(&builtin::TIMES, &[Some(apart.clone()), Some(apart)], &[], at)?;
        let total = self.call_filled(&builtin::SUM, slice, 0.0, &[Some(squares), None], &[], at)?;
        let (n, one) = (self.length_of(slice), self.number(1.0));
        let n = self.call_traced(&builtin::MINUS, &[Some(n), Some(one)], &[], at)?;
        let mut variance = self.call_traced(&builtin::DIVIDED, &[Some(total), Some(n)], &[], at)?;
        if is_root {
            variance.node = sqrt_at_zero(self.graph_at(variance.place), variance.node);
        }
        Ok(variance)
    }

    fn call_filled(
        &mut self,
        builtin: &'static dyn Builtin,
        slice: &Slice,
        filler: f64,
        traced: &[Option<Traced>],
        args: &[Option<&Expr>],
        at: Span,
    ) -> Result<Traced> {
        // Whether the result is as long as the slice shows at two lengths.
        let lens = [slice.lengths.by_row.iter().copied().min(), slice.lengths.by_row.iter().copied().max()]
            .map(|len| len.unwrap_or(0) as usize);
        let [short, long] =
            [self.type_at(builtin, traced, lens[0], at)?, self.type_at(builtin, traced, lens[1], at)?]
                .map(|ty| ty.shape.0.unwrap_or_default());
        let is_as_long = short != long;
        let follows = |dims: &[Dim], len: usize| dims.first() == Some(&Dim::Known(len));
        if is_as_long
            && !(follows(&short, lens[0]) && follows(&long, lens[1]) && short.get(1..) == long.get(1..))
        {
            let what = format!("an array whose length changes over the loop, in `{}`", builtin.name());
            return Err(self.varies(slice.ragged, &what, at));
        }
        if let Some(width) = slice.lengths.width {
            return self.call_in_width(builtin, slice, width, (filler, is_as_long), traced, args, at);
        }
        let groups = self.filled(slice);
        let mut results = Vec::with_capacity(groups.len());
        for group in &groups {
            let arguments: Vec<Option<Traced>> = traced
                .iter()
                .map(|value| {
                    let value = value.as_ref()?;
                    let is_slice = self.ragged_of(value).is_some();
                    Some(if is_slice { self.fill_up(value, slice, group, filler) } else { value.clone() })
                })
                .collect();
            let result = self.call_traced(builtin, &arguments, args, at)?;
            results.push(self.spread(result, group.domain));
        }
        Ok(self.put_together(slice, &groups, results, is_as_long))
    }

    /// Passes that are filled up together: all of them, or those of about the same length.
    fn filled(&mut self, slice: &Slice) -> Vec<Filled> {
        let by_row = &slice.lengths.by_row;
        let total: usize = by_row.iter().map(|&len| len as usize).sum();
        let all = || (0..by_row.len() as u32).collect::<Vec<u32>>();
        let longest = slice.lengths.longest();
        if by_row.len() * longest <= MOST_FILLED * total {
            return vec![Filled { domain: slice.parent, passes: all(), len: longest }];
        }
        let mut groups: Vec<Filled> = Vec::new();
        let power = |len: u32| len.max(1).next_power_of_two() as usize;
        for len in (0..=longest.next_power_of_two().trailing_zeros()).map(|k| 1usize << k) {
            let passes: Vec<u32> =
                all().into_iter().filter(|&pass| power(by_row[pass as usize]) == len).collect();
            if passes.is_empty() {
                continue;
            }
            self.domains.push(Domain {
                size: passes.len(),
                parent: Some(slice.parent),
                parent_rows: passes.clone(),
                kind: DomainKind::Branch,
                lengths: None,
                dims: Vec::new(),
            });
            groups.push(Filled { domain: self.domains.len() - 1, passes, len });
        }
        groups
    }

    /// A slice of a group of passes as vectors of one length.
    fn fill_up(&mut self, value: &Traced, slice: &Slice, group: &Filled, filler: f64) -> Traced {
        let starts = slice.lengths.starts();
        let rest = self.full_shape(&value.axes[1..], &value.dims, Place::Main);
        let size = self.domains[slice.ragged].size as u32;
        let row = |pass: u32, k: usize| {
            let is_there = k < slice.lengths.by_row[pass as usize] as usize;
            if is_there { starts[pass as usize] + k as u32 } else { size }
        };
        let rows: Vec<u32> =
            group.passes.iter().flat_map(|&pass| (0..group.len).map(move |k| row(pass, k))).collect();
        let mut all = value.node;
        if rows.contains(&size) {
            let one = self.graph.full(&[&[1], &rest[..]].concat(), filler);
            all = self.graph.concat(&[all, one], 0);
        }
        let node = self.take_rows(all, &rows, &rest, Place::Main);
        let shape = [&[group.passes.len(), group.len], &rest[..]].concat();
        let node = self.graph.reshape(node, &shape);
        self.as_vectors(value, node, group.len, Axis::Domain(group.domain))
    }

    /// A node `[passes, len, other axes, dims]` as vectors along axes.
    fn as_vectors(&mut self, value: &Traced, node: Node, len: usize, axis: Axis) -> Traced {
        let n_axes = value.axes.len();
        let order: Vec<usize> = std::iter::once(0)
            .chain(2..=n_axes)
            .chain([1])
            .chain(n_axes + 1..n_axes + 1 + value.rank())
            .collect();
        let graph = self.graph_at(value.place);
        let node = if n_axes > 1 { graph.permute(node, &order) } else { node };
        let dims: Vec<usize> = std::iter::once(len).chain(value.dims.iter().copied()).collect();
        let mut axes = value.axes.clone();
        axes[0] = axis;
        let labels = vec![None; dims.len()];
        Traced { node, axes, dims, labels, levels: None, ..value.clone() }
    }

    /// The results of all groups in the order of the passes.
    fn put_together(
        &mut self,
        slice: &Slice,
        groups: &[Filled],
        mut results: Vec<Traced>,
        is_as_long: bool,
    ) -> Traced {
        let mut merged = results[0].clone();
        let domain = if is_as_long { slice.ragged } else { slice.parent };
        if is_as_long {
            merged.dims.remove(0);
            merged.labels.remove(0);
        }
        merged.axes[0] = Axis::Domain(domain);
        let rest = self.full_shape(&merged.axes[1..], &merged.dims, Place::Main);
        let nodes: Vec<Node> = results
            .iter_mut()
            .zip(groups)
            .map(|(result, group)| {
                if !is_as_long {
                    return result.node;
                }
                let n_axes = result.axes.len();
                let order: Vec<usize> = [0, n_axes]
                    .into_iter()
                    .chain(1..n_axes)
                    .chain(n_axes + 1..n_axes + result.rank())
                    .collect();
                let node = if n_axes > 1 { self.graph.permute(result.node, &order) } else { result.node };
                let shape = [&[group.passes.len() * group.len], &rest[..]].concat();
                self.graph.reshape(node, &shape)
            })
            .collect();
        let all = if let [one] = nodes[..] { one } else { self.graph.concat(&nodes, 0) };
        let mut first = vec![0u32; slice.lengths.by_row.len()];
        let mut next = 0;
        for group in groups {
            for &pass in &group.passes {
                first[pass as usize] = next;
                next += if is_as_long { group.len as u32 } else { 1 };
            }
        }
        let rows = match is_as_long {
            true => self.ragged_values(slice.ragged, |pass, k| first[pass] + k as u32, 0),
            false => first,
        };
        merged.node = self.take_rows(all, &rows, &rest, Place::Main);
        merged
    }

    /// Around a recursion all passes have rows for the longest already; what is beyond a length gives way to the filler.
    #[allow(clippy::too_many_arguments)]
    fn call_in_width(
        &mut self,
        builtin: &'static dyn Builtin,
        slice: &Slice,
        width: usize,
        (filler, is_as_long): (f64, bool),
        traced: &[Option<Traced>],
        args: &[Option<&Expr>],
        at: Span,
    ) -> Result<Traced> {
        let is_there: Vec<f64> = slice.lengths.is_there().into_iter().map(f64::from).collect();
        let mut arguments = Vec::with_capacity(traced.len());
        for value in traced {
            let Some(value) = value.as_ref().filter(|value| self.ragged_of(value).is_some()) else {
                arguments.push(value.clone());
                continue;
            };
            let block: usize = value.dims.iter().product();
            let mask: Vec<f64> = is_there.iter().flat_map(|&x| std::iter::repeat_n(x, block)).collect();
            let (mask, shape) = (self.graph.vector(&mask), [&[is_there.len()], &value.dims[..]].concat());
            let node = self.graph.reshape(mask, &shape);
            let mut mask = Traced::new(node, value.dims.clone(), ElementType::Bool);
            mask.axes.push(Axis::Domain(slice.ragged));
            let mut other = self.number(filler);
            other.element =
                if value.element == ElementType::Bool { ElementType::Bool } else { other.element };
            let mut value =
                self.call_traced(&builtin::WHERE, &[Some(mask), Some(value.clone()), Some(other)], &[], at)?;
            let mut shape = self.full_shape(&value.axes, &value.dims, value.place);
            let passes = shape[0] / width;
            shape.splice(0..1, [passes, width]);
            let node = self.graph_at(value.place).reshape(value.node, &shape);
            value = self.as_vectors(&value, node, width, Axis::Domain(slice.parent));
            if self.has_no_axis(slice.parent, value.place) {
                let shape = self.graph_at(value.place).shape(value.node)[1..].to_vec();
                value.node = self.graph_at(value.place).reshape(value.node, &shape);
                value.axes.remove(0);
            }
            arguments.push(Some(value));
        }
        let mut result = self.call_traced(builtin, &arguments, args, at)?;
        if !is_as_long {
            return Ok(result);
        }
        if result.is_enumerated() {
            let what = "a discrete latent, with a slice whose length changes, in a recursion";
            return Err(self.varies(slice.ragged, what, at));
        }
        if !self.has_no_axis(slice.parent, result.place) {
            result = self.spread(result, slice.parent);
        }
        result.dims.remove(0);
        result.labels.remove(0);
        result.axes = vec![Axis::Domain(slice.ragged)];
        let shape = self.full_shape(&result.axes, &result.dims, result.place);
        result.node = self.graph_at(result.place).reshape(result.node, &shape);
        Ok(result)
    }

    /// Whether values of one step do not have the axis of a domain: it is that of the steps.
    fn has_no_axis(&self, domain: usize, place: Place) -> bool {
        let is_steps = self.scan.as_ref().is_some_and(|scan| scan.base.is_none() && scan.domain == domain);
        is_steps && place == Place::Step
    }

    /// Arrays of parts of the passes of a loop, as one whose length changes; `passes` are those of each part.
    pub fn merge_ragged(
        &mut self,
        parts: &[Traced],
        passes: &[Vec<u32>],
        at: Span,
    ) -> Result<Option<Traced>> {
        let Some(domain) = self.domain else { return Ok(None) };
        let mut lens = vec![0u32; self.domains[domain].size];
        let mut starts = vec![0u32; lens.len()];
        let mut before = 0;
        let mut nodes = Vec::with_capacity(parts.len());
        let mut dims: Option<Vec<usize>> = None;
        for (part, passes) in parts.iter().zip(passes) {
            let (lengths, rest) = match (self.ragged_of(part), part.dims.split_first()) {
                (Some(own), _) => (self.lengths(own).0, &part.dims[..]),
                (None, Some((&len, rest))) => {
                    let by_row = vec![len as u32; passes.len()].into();
                    (Lengths { by_row, width: None }, rest)
                }
                (None, None) => return Ok(None),
            };
            if dims.get_or_insert_with(|| rest.to_vec()) != rest {
                return Ok(None);
            }
            let mut size = 0;
            for ((&pass, &len), start) in passes.iter().zip(lengths.by_row.iter()).zip(lengths.starts()) {
                lens[pass as usize] = len;
                starts[pass as usize] = before + start;
                size += len;
            }
            before += size;
            nodes.push(self.graph.reshape(part.node, &[&[size as usize], rest].concat()));
        }
        let all = self.graph.concat(&nodes, 0);
        let ragged = self.ragged_domain(domain, &lens, at)?;
        let rows: Arc<[u32]> = self.ragged_values(ragged, |pass, k| starts[pass] + k as u32, 0).into();
        let mut merged = Traced::new(all, dims.unwrap_or_default(), parts[0].element);
        merged.node = self.take_rows(all, &rows, &merged.dims, Place::Main);
        merged.axes.push(Axis::Domain(ragged));
        Ok(Some(merged))
    }
}
