//! Latents of location-scale families in other coordinates: found while a model is traced, put into its graph when asked for.
//!
//! See [`Centring`](crate::density::Centring).

use std::collections::HashMap;

use super::selection::Selection;
use super::tracer::{Block, Result, TermNode, Tracer};
use super::value::{Axis, Traced, TracedDistribution, Tuple};
use crate::constraint::Constraint;
use crate::density::TermKind;
use crate::dist::{Instance, LocationScale};
use crate::source::Span;
use crate::tape::{Graph, Node, substitute};
use crate::types::broadcast_dims;

/// Coordinates that a latent reads, and how.
#[derive(Clone)]
pub struct Read {
    /// Index into `Tracer::blocks`.
    pub block: usize,
    pub constraint: &'static dyn Constraint,
    pub bounds: Vec<Node>,
}

/// Coordinates that are there before the loop whose iterations define what reads them.
pub struct ReadAhead {
    pub span: Span,
    pub tuples: Vec<Tuple>,
    pub read: Read,
}

/// A latent of a location-scale family, as it stands in the graph.
pub struct Recentrable {
    read: Read,
    input: Node,
    span: Span,
    /// Of values of shape `shape`, whose coordinates are of shape `unconstrained`.
    instance: Instance,
    shape: Vec<usize>,
    unconstrained: Vec<usize>,
    /// The term of its statement without its log density, and with it.
    before: Option<Node>,
    after: Node,
}

impl Tracer<'_> {
    /// The prior term of a statement, as far as it goes.
    pub fn prior_term(&self, span: Span) -> Option<Node> {
        let own =
            self.terms.iter().find(|known| known.term.span == span && known.term.kind == TermKind::Prior);
        own.map(|term| term.node)
    }

    /// Notes a latent whose log density has just been added to what its term was `before`, if it can be recentred: a
    /// location-scale family whose location or scale varies with other coordinates, counted once for each element.
    /// Latents of recursions and those that depend on discrete ones stay as written.
    pub fn note_recentrable(
        &mut self,
        span: Span,
        before: Option<Node>,
        distribution: &TracedDistribution,
        x: &Traced,
        read: Read,
    ) -> Result<()> {
        if self.plan.is_some() || self.scan.is_some() || self.is_forwards() {
            return Ok(());
        }
        let Some(after) = self.prior_term(span).filter(|after| Some(*after) != before) else { return Ok(()) };
        let own_axes: Vec<Axis> = self.domain.map(Axis::Domain).into_iter().collect();
        if x.axes != own_axes {
            return Ok(());
        }
        let placed = self.place(distribution, Some(x), distribution.span)?;
        let (instance, Some(x)) = (placed.instance, placed.x) else { return Ok(()) };
        let Some(own) = instance.location_scale(&mut self.graph) else { return Ok(()) };
        let own = [own.location, own.scale];
        let varies = |node: Node| self.graph.value(node).is_none();
        let known_bounds = !read.bounds.iter().any(|&bound| varies(bound));
        let shape = self.graph.shape(x).to_vec();
        let unconstrained = read.constraint.unconstrained_shape(&shape);
        let fits = |node: Node| {
            broadcast_dims(self.graph.shape(node), &unconstrained).as_ref() == Some(&unconstrained)
        };
        let input = self.blocks[read.block].input;
        let as_long = self.graph.size(input) == unconstrained.iter().product::<usize>();
        let to_be_moved = own.iter().any(|&node| varies(node)) && own.iter().all(|&node| fits(node));
        if placed.axes == own_axes && to_be_moved && known_bounds && as_long {
            let latent = Recentrable { read, input, span, instance, shape, unconstrained, before, after };
            self.recentrable.push(latent);
        }
        Ok(())
    }

    /// How a statement of a loop reads its coordinates, if they were there before the loop and are all of a block.
    pub fn noted_ahead(&self, span: Span, selection: &Selection) -> Option<Read> {
        let own = |ahead: &&ReadAhead| ahead.span == span && ahead.tuples == selection.tuples;
        self.reads_ahead.iter().find(own).map(|ahead| ahead.read.clone())
    }

    /// A log-Jacobian has been added to the term of a statement.
    pub fn note_jacobian(&mut self, span: Span, was: Node, is: Node) {
        for latent in self.recentrable.iter_mut().filter(|latent| latent.span == span) {
            if latent.after == was {
                latent.after = is;
            }
        }
    }
}

/// The latents of a traced model that can be recentred.
#[derive(Default)]
pub struct Recentring {
    /// With the statement of each. No argument depends on the coordinates of the latent itself or of later ones.
    latents: Vec<(Recentrable, usize)>,
    /// Positions of the latents in the order of their coordinates.
    in_order: Vec<usize>,
    /// Their coordinates.
    pub coordinates: Vec<usize>,
}

/// What a graph in other coordinates knows of its centring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Weights and units of each coordinate are inputs.
    Given,
    /// All weights are 0, all units 1: there is less to compute.
    Zero,
}

/// A graph in other coordinates.
pub struct Recentred {
    /// The new coordinates, one input after the other.
    pub inputs: Vec<Node>,
    /// Where they are given, weights of the recentrable coordinates, one input after the other, then log units.
    pub constants: Vec<Node>,
    /// The coordinates as written, from the new ones.
    pub written: Vec<Node>,
    /// The new coordinates, from those as written.
    pub from_written: Vec<Node>,
    /// Log density of each statement, log-Jacobians included.
    pub terms: Vec<Node>,
    /// What else was asked for.
    pub others: Vec<Node>,
}

impl Recentring {
    /// Of the latents that were noted those whose statements' terms are made of nothing else, and which do not depend on
    /// themselves in a circle.
    pub fn new(graph: &Graph, blocks: &[Block], terms: &[TermNode], noted: Vec<Recentrable>) -> Recentring {
        let statement = |span: Span| {
            terms.iter().position(|known| known.term.span == span && known.term.kind == TermKind::Prior)
        };
        let whole = |span: Span| {
            let mut own = noted.iter().filter(|latent| latent.span == span);
            let last = own.try_fold(None, |sum, latent| (latent.before == sum).then_some(Some(latent.after)));
            last.flatten() == statement(span).map(|statement| terms[statement].node)
        };
        let is_whole: Vec<bool> = noted.iter().map(|latent| whole(latent.span)).collect();
        let inputs: Vec<Node> = noted.iter().map(|latent| latent.input).collect();
        let is_free = |k: usize| {
            noted[k].instance.arguments().iter().all(|&arg| !graph.depends_on_any(arg, &inputs[k..]))
        };
        // A statement is recentred as a whole.
        let circular: Vec<Span> = (0..noted.len()).filter(|&k| !is_free(k)).map(|k| noted[k].span).collect();
        let latents: Vec<(Recentrable, usize)> = noted
            .into_iter()
            .zip(is_whole)
            .filter(|(latent, is_whole)| *is_whole && !circular.contains(&latent.span))
            .filter_map(|(latent, _)| statement(latent.span).map(|statement| (latent, statement)))
            .collect();
        let first = |block: usize| -> usize { blocks[..block].iter().map(|block| block.size).sum() };
        let mut in_order: Vec<usize> = (0..latents.len()).collect();
        in_order.sort_unstable_by_key(|&k| latents[k].0.read.block);
        let coordinates = in_order.iter().flat_map(|&k| {
            let block = latents[k].0.read.block;
            let first = first(block);
            first..first + blocks[block].size
        });
        Recentring { coordinates: coordinates.collect(), in_order, latents }
    }

    /// The nodes that recentring needs.
    pub fn nodes(&self) -> Vec<Node> {
        let own =
            |(latent, _): &(Recentrable, usize)| [latent.instance.arguments(), latent.read.bounds.clone()];
        self.latents.iter().flat_map(own).flatten().collect()
    }

    /// Locations and log scales of the coordinates, in their order, one block after the other.
    pub fn locations_and_scales(&self, g: &mut Graph, replaced: &mut HashMap<Node, Node>) -> [Vec<Node>; 2] {
        let mut out = [Vec::new(), Vec::new()];
        for &k in &self.in_order {
            let latent = &self.latents[k].0;
            let Some(own) = latent.location_scale(g, replaced) else { continue };
            let log_scale = g.log(own.scale);
            for (out, node) in out.iter_mut().zip([own.location, log_scale]) {
                let node = g.broadcast(node, &latent.unconstrained);
                out.push(node);
            }
        }
        out
    }

    /// The graph in other coordinates: `terms` are the log densities of the statements as written.
    pub fn apply(
        &self,
        g: &mut Graph,
        inputs: &[Node],
        terms: &[Node],
        others: &[Node],
        weights: Weights,
        replaced: &mut HashMap<Node, Node>,
    ) -> Recentred {
        let (mut new_inputs, mut from_written) = (inputs.to_vec(), inputs.to_vec());
        let mut constants = vec![None; self.latents.len()];
        let mut priors: Vec<Option<Node>> = vec![None; terms.len()];
        for (k, (latent, statement)) in self.latents.iter().enumerate() {
            let Some(in_new) = latent.in_new_coordinates(g, weights, replaced) else { continue };
            let block = latent.read.block;
            (new_inputs[block], from_written[block]) = (in_new.input, in_new.from_written);
            constants[k] = in_new.constants;
            let prior = &mut priors[*statement];
            *prior = Some(prior.map_or(in_new.prior, |sum| g.add(sum, in_new.prior)));
            replaced.insert(latent.input, in_new.written);
        }
        let (weights, log_units): (Vec<Node>, Vec<Node>) =
            self.in_order.iter().filter_map(|&k| constants[k].map(|[weight, unit]| (weight, unit))).unzip();
        let new_terms = terms.iter().zip(priors);
        let new_terms =
            new_terms.map(|(&term, prior)| prior.unwrap_or_else(|| substitute(g, &[term], replaced)[0]));
        Recentred {
            terms: new_terms.collect(),
            others: substitute(g, others, replaced),
            written: substitute(g, inputs, replaced),
            inputs: new_inputs,
            constants: [weights, log_units].concat(),
            from_written,
        }
    }
}

/// A latent in other coordinates.
struct InNewCoordinates {
    input: Node,
    /// Its weights and its log units, where they are inputs.
    constants: Option<[Node; 2]>,
    written: Node,
    from_written: Node,
    /// Its log density with its log-Jacobian, summed.
    prior: Node,
}

impl Recentrable {
    /// Location and scale, of what takes the place of the coordinates that they depend on.
    fn location_scale(
        &self,
        g: &mut Graph,
        replaced: &mut HashMap<Node, Node>,
    ) -> Option<LocationScale<Instance>> {
        let arguments = self.instance.arguments();
        let new: HashMap<Node, Node> =
            arguments.iter().copied().zip(substitute(g, &arguments, replaced)).collect();
        self.instance.with_arguments(&mut |argument| new[&argument]).location_scale(g)
    }

    fn in_new_coordinates(
        &self,
        g: &mut Graph,
        weights: Weights,
        replaced: &mut HashMap<Node, Node>,
    ) -> Option<InNewCoordinates> {
        let of_input = g.shape(self.input).to_vec();
        let input = g.input(&of_input);
        let constants = (weights == Weights::Given).then(|| [0, 1].map(|_| g.input(&of_input)));

        let own = self.location_scale(g, replaced)?;
        let moved = self.moved(g, constants, &own);
        let from_location = self.stretched(g, input, moved.location, moved.factor);
        let prior = match (weights, &own.standard) {
            (Weights::Zero, Some(standard)) => {
                let z = g.reshape(input, &self.unconstrained);
                self.log_density(g, standard, z)
            }
            _ => {
                // At location 0 nothing cancels, however small the scale.
                let log_density = self.log_density(g, &own.centred, from_location);
                let log_factor = g.sum_all(moved.log_factor);
                let n_copies = self.unconstrained.iter().product::<usize>() / g.size(moved.log_factor).max(1);
                let log_factor = g.mul_scalar(log_factor, n_copies as f64);
                g.add(log_density, log_factor)
            }
        };
        let written = g.add(own.location, from_location);

        let own = self.instance.location_scale(g)?;
        let moved = self.moved(g, constants, &own);
        let inverse = g.recip(moved.factor);
        let from_location = self.stretched(g, self.input, own.location, inverse);
        let from_written = g.add(moved.location, from_location);
        let [written, from_written] = [written, from_written].map(|node| g.reshape(node, &of_input));
        Some(InNewCoordinates { input, constants, written, from_written, prior })
    }

    /// The sum of log densities and log-Jacobians at coordinates z.
    fn log_density(&self, g: &mut Graph, instance: &Instance, z: Node) -> Node {
        let (x, log_jacobian) = self.read.constraint.constrain(g, z, &self.read.bounds);
        let x = g.reshape(x, &self.shape);
        let log_density = instance.log_density(g, x);
        let [log_density, log_jacobian] = [log_density, log_jacobian].map(|part| g.sum_all(part));
        g.add(log_density, log_jacobian)
    }

    fn moved(&self, g: &mut Graph, constants: Option<[Node; 2]>, own: &LocationScale<Instance>) -> Moved {
        let log_scale = g.log(own.scale);
        let Some(constants) = constants else {
            return Moved { location: g.scalar(0.0), log_factor: log_scale, factor: own.scale };
        };
        let [c, log_unit] = constants.map(|node| g.reshape(node, &self.unconstrained));
        let is_zero = g.value(own.location).is_some_and(|value| value.iter().all(|x| *x == 0.0));
        let location = if is_zero { own.location } else { g.mul(c, own.location) };
        let minus_c = g.neg(c);
        let rest = g.add_scalar(minus_c, 1.0);
        let log_ratio = g.sub(log_scale, log_unit);
        let log_factor = g.mul(rest, log_ratio);
        Moved { location, log_factor, factor: g.exp(log_factor) }
    }

    /// factor (z - from) of coordinates z.
    fn stretched(&self, g: &mut Graph, z: Node, from: Node, factor: Node) -> Node {
        let z = g.reshape(z, &self.unconstrained);
        let distance = g.sub(z, from);
        g.mul(factor, distance)
    }
}

/// c m and (s / r)^(1 - c), with its log.
struct Moved {
    location: Node,
    log_factor: Node,
    factor: Node,
}
