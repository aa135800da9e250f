//! Latents of location-scale families in other coordinates: found while a model is traced, put into its graph when asked for.
//!
//! See [`Centring`](crate::density::Centring).

use std::collections::HashMap;

use super::elements::Selection;
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
    /// Its arguments broadcast to values of `shape`.
    instance: Instance,
    shape: Vec<usize>,
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
        let Some(LocationScale { location, scale }) = instance.location_scale() else { return Ok(()) };
        let varies = |node: Node| self.graph.value(node).is_none();
        let known_bounds = !read.bounds.iter().any(|&bound| varies(bound));
        let shape = self.graph.shape(x).to_vec();
        let fits = |node: &Node| broadcast_dims(self.graph.shape(*node), &shape).as_deref() == Some(&*shape);
        let as_long = self.blocks[read.block].size == self.graph.size(x);
        if placed.axes == own_axes
            && (varies(location) || varies(scale))
            && known_bounds
            && as_long
            && instance.arguments().iter().all(fits)
        {
            let input = self.blocks[read.block].input;
            self.recentrable.push(Recentrable { read, input, span, instance, shape, before, after });
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

/// A graph in other coordinates.
pub struct Recentred {
    /// The new coordinates, one input after the other.
    pub inputs: Vec<Node>,
    /// Weights of the recentrable coordinates, one input after the other, then log units.
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
            let Some(own) = latent.instance.location_scale() else { continue };
            let own = substitute(g, &[own.location, own.scale], replaced);
            let log_scale = g.log(own[1]);
            for (out, node) in out.iter_mut().zip([own[0], log_scale]) {
                let node = g.broadcast(node, &latent.shape);
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
        replaced: &mut HashMap<Node, Node>,
    ) -> Recentred {
        let (mut new_inputs, mut from_written) = (inputs.to_vec(), inputs.to_vec());
        let mut constants = vec![None; self.latents.len()];
        let mut priors: Vec<Option<Node>> = vec![None; terms.len()];
        for (k, (latent, statement)) in self.latents.iter().enumerate() {
            let Some(in_new) = latent.in_new_coordinates(g, replaced) else { continue };
            let block = latent.read.block;
            (new_inputs[block], from_written[block]) = (in_new.input, in_new.from_written);
            constants[k] = Some(in_new.constants);
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
    /// Its weights and its log units.
    constants: [Node; 2],
    written: Node,
    from_written: Node,
    /// Its log density with its log-Jacobian, summed.
    prior: Node,
}

impl Recentrable {
    fn in_new_coordinates(
        &self,
        g: &mut Graph,
        replaced: &mut HashMap<Node, Node>,
    ) -> Option<InNewCoordinates> {
        let arguments = self.instance.arguments();
        let new: HashMap<Node, Node> =
            arguments.iter().copied().zip(substitute(g, &arguments, replaced)).collect();
        let instance = self.instance.with_arguments(&mut |argument| new[&argument]);
        let unconstrained = g.shape(self.input).to_vec();
        let input = g.input(&unconstrained);
        let constants = [0, 1].map(|_| g.input(&unconstrained));

        let moved = self.moved(g, constants, instance.location_scale()?);
        let (x, log_jacobian) = self.read.constraint.constrain(g, input, &self.read.bounds);
        let x = g.reshape(x, &self.shape);
        let log_density = instance.moved_to(moved.to).log_density(g, x);
        let (log_density, log_jacobian) = (g.sum_all(log_density), g.sum_all(log_jacobian));
        let prior = g.add(log_density, log_jacobian);

        let written = self.mapped(g, input, moved.to.location, moved.log_factor, moved.from.location);
        let moved = self.moved(g, constants, self.instance.location_scale()?);
        let log_factor = g.neg(moved.log_factor);
        let from_written = self.mapped(g, self.input, moved.from.location, log_factor, moved.to.location);
        Some(InNewCoordinates { input, constants, written, from_written, prior })
    }

    fn moved(&self, g: &mut Graph, constants: [Node; 2], from: LocationScale) -> Moved {
        let [c, log_unit] = constants.map(|node| g.reshape(node, &self.shape));
        let is_zero = g.value(from.location).is_some_and(|value| value.iter().all(|x| *x == 0.0));
        let location = if is_zero { from.location } else { g.mul(c, from.location) };
        let minus_c = g.neg(c);
        let rest = g.add_scalar(minus_c, 1.0);
        let log_scale = g.log(from.scale);
        let log_ratio = g.sub(log_scale, log_unit);
        let log_factor = g.mul(rest, log_ratio);
        let log_scale = g.sub(log_scale, log_factor);
        let to = LocationScale { location, scale: g.exp(log_scale) };
        Moved { from, to, log_factor }
    }

    /// to + exp(log_factor) (z - from), of the shape of the coordinates z
    fn mapped(&self, g: &mut Graph, z: Node, from: Node, log_factor: Node, to: Node) -> Node {
        let unconstrained = g.shape(z).to_vec();
        let z = g.reshape(z, &self.shape);
        let distance = g.sub(z, from);
        let factor = g.exp(log_factor);
        let distance = g.mul(factor, distance);
        let mapped = g.add(to, distance);
        g.reshape(mapped, &unconstrained)
    }
}

/// Location and scale as written and in new coordinates, and log((s / r)^(1 - c)).
struct Moved {
    from: LocationScale,
    to: LocationScale,
    log_factor: Node,
}
