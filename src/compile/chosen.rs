//! Discrete latents where new data are made: they are drawn, and what depends on them is read at the values that were drawn.

use super::align::Layout;
use super::discrete::Discrete;
use super::distribution::{Placed, collect, rebuild, skeleton};
use super::selection::Selection;
use super::tracer::{Result, Tracer};
use super::value::{Axis, Place, Traced, TracedDistribution, Tuple};
use crate::ir::{Role, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::ElementType;

impl Tracer<'_> {
    /// New elements of a discrete latent as an array that is drawn.
    pub fn draw_elements(&mut self, discrete: usize, tuples: &[Tuple], rank: usize) {
        if !self.has_drawn_states() {
            return;
        }
        let Discrete { name, variable, .. } = self.discrete[discrete].clone();
        if let Some(given) = self.partly_given(variable).cloned() {
            let rows = self.drawn_or_known(&name, variable, &given, rank);
            self.discrete[discrete].drawn.push(rows);
            return;
        }
        let dims: &[usize] = if rank == 0 { &[] } else { &[tuples.len()] };
        let input = self.forwards_input(&name, Role::Latent, dims, Some((tuples.to_vec(), rank)));
        let rows = self.graph.reshape(input, &[tuples.len()]);
        self.discrete[discrete].drawn.push(rows);
    }

    /// All elements of discrete data, what is missing as an array that is drawn.
    fn drawn_or_known(&mut self, name: &str, variable: VariableId, given: &Traced, rank: usize) -> Node {
        let missing = self.partly_missing(variable).unwrap_or_default();
        let tuples = self.partly_tuples(variable, &missing);
        let drawn = self.forwards_input(name, Role::Latent, &[missing.len()], Some((tuples, rank)));
        let n: usize = given.dims.iter().product();
        let known = self.graph.reshape(given.node, &[n]);
        let all = self.graph.concat(&[known, drawn], 0);
        let mut index: Vec<u32> = (0..n as u32).collect();
        missing.iter().zip(n as u32..).for_each(|(&position, row)| index[position] = row);
        self.graph.gather(all, index.into(), &[n])
    }

    /// The elements `map` of a discrete latent, as they are drawn.
    pub fn drawn_elements(&mut self, discrete: usize, map: &[u32], selection: &Selection) -> Traced {
        let node = self.drawn_rows(discrete, map);
        let shape = self.full_shape(&selection.axes, &selection.dims, Place::Main);
        let node = self.graph.reshape(node, &shape);
        let mut x = Traced::new(node, selection.dims.clone(), ElementType::Int);
        x.axes.clone_from(&selection.axes);
        x
    }

    pub fn drawn_rows(&mut self, discrete: usize, map: &[u32]) -> Node {
        let drawn = self.discrete[discrete].drawn.clone();
        let all = match drawn.as_slice() {
            [all] => *all,
            parts => self.graph.concat(parts, 0),
        };
        self.take_rows(all, map, &[], Place::Main)
    }

    /// [`Tracer::place`] of a distribution and what it draws, at the drawn values of the discrete latents that it depends on.
    pub fn place_chosen(
        &mut self,
        distribution: &TracedDistribution,
        x: &Traced,
        at: Span,
    ) -> Result<Placed> {
        let (axes, nodes, place) = self.chosen_nodes(distribution, x, at)?;
        let mut nodes = nodes.into_iter();
        let instance = rebuild(distribution, &mut nodes);
        Ok(Placed { instance, x: nodes.next(), axes, place })
    }

    /// A distribution at the drawn values of the discrete latents that it depends on, with the axes of what it draws.
    pub fn chosen_distribution(
        &mut self,
        distribution: &TracedDistribution,
        x: &Traced,
        at: Span,
    ) -> Result<TracedDistribution> {
        let (axes, nodes, place) = self.chosen_nodes(distribution, x, at)?;
        let mut own = Vec::with_capacity(nodes.len());
        for node in nodes {
            let shape = self.graph_at(place).shape(node).to_vec();
            let varies = |k: usize| shape[k] == self.axis_len(axes[k], place);
            let own_axes: Vec<Axis> = (0..axes.len()).filter(|&k| varies(k)).map(|k| axes[k]).collect();
            let dims = shape[axes.len()..].to_vec();
            let full = self.full_shape(&own_axes, &dims, place);
            let node = self.graph_at(place).reshape(node, &full);
            let mut value = Traced::new(node, dims, ElementType::Real);
            (value.axes, value.place) = (own_axes, place);
            own.push(value);
        }
        let mut own = own.into_iter();
        Ok(distribution.map(&mut |leaf| own.next().unwrap_or_else(|| leaf.clone())))
    }

    /// The arguments of a distribution and what it draws, without axes of discrete latents' values.
    fn chosen_nodes(
        &mut self,
        distribution: &TracedDistribution,
        x: &Traced,
        at: Span,
    ) -> Result<(Vec<Axis>, Vec<Node>, Place)> {
        let mut leaves: Vec<(&Traced, usize)> = Vec::new();
        collect(distribution, 0, &mut leaves);
        let event = skeleton(distribution).event_rank();
        let mut operands: Vec<(&Traced, Layout)> =
            leaves.iter().map(|(leaf, event)| (*leaf, Layout::Batch { event: *event })).collect();
        operands.push((x, Layout::Batch { event }));
        let aligned = self.align(&operands, at)?;
        let (mut axes, mut nodes, place) = (aligned.axes, aligned.nodes, aligned.place);
        while let Some(position) = axes.iter().rposition(|axis| matches!(axis, Axis::Enumeration(_))) {
            if place != Place::Main {
                self.refuse_forwards("what depends on a discrete latent within a recursion", at)?;
            }
            for node in &mut nodes {
                *node = self.chosen(*node, &axes, position, at)?;
            }
            axes.remove(position);
        }
        Ok((axes, nodes, place))
    }

    /// A node without the axis at `position`, which is that of a discrete latent's values.
    pub fn chosen(&mut self, node: Node, axes: &[Axis], position: usize, at: Span) -> Result<Node> {
        let mut shape = self.graph.shape(node).to_vec();
        let Axis::Enumeration(enumeration) = axes[position] else { return Ok(node) };
        if shape[position] == 1 {
            shape.remove(position);
            return Ok(self.graph.reshape(node, &shape));
        }
        let domain = axes.iter().enumerate().find_map(|(k, axis)| match axis {
            Axis::Domain(domain) => Some((k, *domain)),
            Axis::Enumeration(_) => None,
        });
        let map = self.map_over(enumeration, domain.map(|(_, domain)| domain));
        let (mut over_rows, mut over_values) = (vec![1; shape.len()], vec![1; shape.len()]);
        match domain {
            Some((axis, _)) => over_rows[axis] = map.len(),
            None if map.len() == 1 => {}
            None => self.refuse_forwards("several elements of a discrete latent in one draw", at)?,
        }
        over_values[position] = shape[position];
        let discrete = self.enumerations[enumeration].discrete;
        let drawn = self.drawn_rows(discrete, &map);
        let drawn = self.graph.reshape(drawn, &over_rows);
        let values = self.discrete[discrete].values.clone();
        let values = self.graph.vector(&values);
        let values = self.graph.reshape(values, &over_values);
        let is_drawn = self.graph.equal(drawn, values);
        let zero = self.graph.scalar(0.0);
        let only = self.graph.select(is_drawn, node, zero);
        Ok(self.graph.sum(only, &[position]))
    }
}
