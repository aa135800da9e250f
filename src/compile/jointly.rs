//! Several elements of a discrete latent in one value: each has an axis of its own, over its values.

use std::sync::Arc;

use super::CompileError;
use super::discrete::Enumeration;
use super::selection::Selection;
use super::tracer::{Result, Tracer};
use super::value::{Axis, Place, Traced};
use crate::builtin::Builtin;
use crate::source::Span;
use crate::types::ElementType;

/// Axes and numbers of a value of several elements at most.
const MAX_AXES: usize = 12;
const MAX_NUMBERS: usize = 1 << 20;

impl Tracer<'_> {
    /// Elements of a discrete latent as an array of `selection.dims`, in each row of its loop.
    pub fn elements_jointly(
        &mut self,
        discrete: usize,
        domain: Option<usize>,
        map: &[u32],
        dims: &[usize],
        at: Span,
    ) -> Result<Traced> {
        if self.has_drawn_states() {
            return Ok(self.drawn_jointly(discrete, domain, map, dims));
        }
        let n: usize = dims.iter().product();
        if n == 0 {
            return Ok(Traced::new(self.graph.full(dims, 0.0), dims.to_vec(), ElementType::Int));
        }
        let parts = (0..n).map(|k| {
            let own: Arc<[u32]> = map.iter().skip(k).step_by(n).copied().collect();
            self.enumerate(discrete, domain, own)
        });
        let parts = parts.collect::<Result<Vec<Traced>>>()?;
        let mut all = self.stacked(parts, at)?;
        all.dims = dims.to_vec();
        all.labels = vec![None; dims.len()];
        let shape = self.full_shape(&all.axes, &all.dims, all.place);
        all.node = self.graph_at(all.place).reshape(all.node, &shape);
        Ok(all)
    }

    /// A function of whole arrays, of values that run along the elements of whole discrete latents: reductions of each
    /// element's own dimensions stay what they are, others take all elements at once.
    pub fn of_whole_latents(
        &mut self,
        builtin: &dyn Builtin,
        traced: &[Option<Traced>],
        at: Span,
    ) -> Result<Option<Vec<Option<Traced>>>> {
        let rank_along =
            |tracer: &Self, value: &Traced| Some(tracer.domains[tracer.implicit_of(value)?].dims.len());
        let along: Vec<Option<usize>> =
            traced.iter().map(|value| rank_along(self, value.as_ref()?)).collect();
        let Some(rank) = along.iter().flatten().copied().max() else { return Ok(None) };
        let mut traced = traced.to_vec();
        let axis = builtin.params().iter().position(|param| param.name == "axis");
        if let Some(k) = axis
            && let Some(Some(axis)) = traced.get_mut(k)
            && let Some(value) = self.constant(axis).and_then(|value| value.first().copied())
            && value > rank as f64
        {
            axis.node = self.graph.scalar(value - rank as f64);
            return Ok(Some(traced));
        }
        for value in traced.iter_mut().flatten() {
            if self.implicit_of(value).is_some() {
                *value = match self.has_drawn_states() {
                    true => self.at_drawn_states(value, at)?,
                    false => self.whole_jointly(value, at)?,
                };
            }
        }
        Ok(Some(traced))
    }

    /// A value that runs along the elements of whole discrete latents, as one array of them.
    fn whole_jointly(&mut self, value: &Traced, at: Span) -> Result<Traced> {
        let Some(domain) = self.implicit_of(value) else { return Ok(value.clone()) };
        let lens = self.domains[domain].dims.clone();
        let n = self.domains[domain].size;
        if n == 0 {
            let dims = [&lens[..], &value.dims].concat();
            return Ok(Traced::new(self.graph.full(&dims, 0.0), dims, value.element));
        }
        let along = |e: usize, tracer: &Self| tracer.enumerations[e].domain == Some(domain);
        let enumerated: Vec<usize> = value
            .axes
            .iter()
            .filter_map(|axis| match axis {
                Axis::Enumeration(e) => Some(*e),
                Axis::Domain(_) => None,
            })
            .collect();
        let n_axes = enumerated.iter().map(|&e| if along(e, self) { n } else { 1 }).sum::<usize>();
        if n_axes > MAX_AXES {
            return Err(self.couples(domain, at));
        }
        let rest = self.full_shape(
            &enumerated.iter().map(|&e| Axis::Enumeration(e)).collect::<Vec<Axis>>(),
            &value.dims,
            value.place,
        );
        let mut parts = Vec::with_capacity(n);
        for row in 0..n {
            let mut axes = Vec::with_capacity(enumerated.len());
            for &e in &enumerated {
                axes.push(if along(e, self) {
                    let Enumeration { discrete, map, .. } = &self.enumerations[e];
                    let (discrete, map) = (*discrete, Arc::from([map[row]]));
                    let own = self.enumerate(discrete, None, map)?;
                    own.axes[0]
                } else {
                    Axis::Enumeration(e)
                });
            }
            let node = if value.domain().is_some() {
                let node = self.take_rows(value.node, &[row as u32], &rest, value.place);
                self.graph_at(value.place).reshape(node, &rest)
            } else {
                value.node
            };
            let mut part = value.clone();
            (part.node, part.axes) = (node, axes);
            self.sort_axes(&mut part);
            parts.push(part);
        }
        let mut all = self.stacked(parts, at)?;
        all.dims.splice(..1, lens);
        all.labels = vec![None; all.dims.len()];
        let shape = self.full_shape(&all.axes, &all.dims, all.place);
        all.node = self.graph_at(all.place).reshape(all.node, &shape);
        Ok(all)
    }

    /// Brings a value's axes into their order; one that stands twice is taken where both have the same value.
    fn sort_axes(&mut self, value: &mut Traced) {
        let mut order: Vec<usize> = (0..value.axes.len()).collect();
        order.sort_by_key(|&k| value.axes[k]);
        if !order.is_sorted() {
            let all: Vec<usize> =
                order.iter().copied().chain(order.len()..order.len() + value.rank()).collect();
            value.node = self.graph_at(value.place).permute(value.node, &all);
            value.axes = order.iter().map(|&k| value.axes[k]).collect();
        }
        while let Some(k) = value.axes.windows(2).position(|pair| pair[0] == pair[1]) {
            let shape = self.full_shape(&value.axes, &value.dims, value.place);
            let before: usize = shape[..k].iter().product();
            let (len, after) = (shape[k], shape[k + 2..].iter().product::<usize>());
            let index: Vec<u32> = (0..before)
                .flat_map(|b| (0..len).map(move |i| (b * len + i) * len + i))
                .flat_map(|at| (0..after).map(move |a| (at * after + a) as u32))
                .collect();
            value.axes.remove(k);
            let shape = self.full_shape(&value.axes, &value.dims, value.place);
            value.node = self.graph_at(value.place).gather(value.node, index.into(), &shape);
        }
    }

    /// Values of the same dimensions as one array, with a first dimension of their number.
    fn stacked(&mut self, parts: Vec<Traced>, at: Span) -> Result<Traced> {
        let mut axes: Vec<Axis> = parts.iter().flat_map(|part| part.axes.iter().copied()).collect();
        axes.sort_unstable();
        axes.dedup();
        let place = parts.first().map_or(Place::Main, |part| part.place);
        let dims = parts.first().map_or_else(Vec::new, |part| part.dims.clone());
        let whole = self.full_shape(&axes, &dims, place);
        let numbers = whole.iter().map(|&len| len as f64).product::<f64>() * parts.len() as f64;
        if numbers > MAX_NUMBERS as f64 {
            return Err(self.reads_many(&axes, at));
        }
        self.refuse_many(&axes, at)?;
        let mut nodes = Vec::with_capacity(parts.len());
        for part in &parts {
            let mut shape: Vec<usize> = axes
                .iter()
                .map(|axis| if part.axes.contains(axis) { self.axis_len(*axis, place) } else { 1 })
                .collect();
            shape.extend(&dims);
            let graph = self.graph_at(place);
            let node = graph.reshape(part.node, &shape);
            let node = graph.broadcast(node, &whole);
            let mut with_one = whole.clone();
            with_one.insert(axes.len(), 1);
            nodes.push(graph.reshape(node, &with_one));
        }
        let node = self.graph_at(place).concat(&nodes, axes.len());
        let element = parts.first().map_or(ElementType::Int, |part| part.element);
        let mut all = Traced::new(node, std::iter::once(parts.len()).chain(dims).collect(), element);
        (all.axes, all.place) = (axes, place);
        Ok(all)
    }

    /// An error where a value depends on more elements of discrete latents than an array has room for.
    pub fn refuse_many(&self, axes: &[Axis], at: Span) -> Result<()> {
        let n_read = axes.iter().filter(|axis| matches!(axis, Axis::Enumeration(_))).count();
        let is_much = n_read > MAX_AXES || self.combinations(axes) > MAX_NUMBERS as f64;
        if is_much { Err(self.reads_many(axes, at)) } else { Ok(()) }
    }

    /// Of the values of all discrete latents among some axes.
    fn combinations(&self, axes: &[Axis]) -> f64 {
        let values = axes.iter().filter(|axis| matches!(axis, Axis::Enumeration(_)));
        values.map(|axis| self.axis_len(*axis, Place::Main) as f64).product()
    }

    fn reads_many(&self, axes: &[Axis], at: Span) -> CompileError {
        let read: Vec<usize> = axes
            .iter()
            .filter_map(|axis| match axis {
                Axis::Enumeration(e) => Some(self.enumerations[*e].discrete),
                Axis::Domain(_) => None,
            })
            .collect();
        let numbers = self.combinations(axes);
        CompileError::Elimination {
            name: read.first().map_or_else(String::new, |first| self.discrete[*first].name.clone()),
            reason: format!(
                "{} elements of discrete latents are read at once: {numbers:.0e} combinations of their values",
                read.len()
            ),
            help: format!(
                "up to {MAX_AXES} can be, of few values; read one element at a time, in a loop, where there are more"
            ),
            at,
        }
    }

    /// Whether elements are read within a loop, or while a loop is tried out, so that they cannot run along a domain of their own.
    pub fn reads_jointly(&self, selection: &Selection) -> bool {
        !selection.dims.is_empty() && (self.domain.is_some() || !selection.axes.is_empty())
    }
}
