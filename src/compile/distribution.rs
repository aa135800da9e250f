//! Distributions with traced arguments: shapes, log densities, and the checks of what the data give them.

use super::CompileError;
use super::align::Layout;
use super::eliminate::Factor;
use super::partly::elements_named;
use super::scan::Deferred;
use super::tracer::{Result, Tracer};
use super::value::{Axis, DistributionKind, Place, Traced, TracedDistribution};
use crate::density::TermKind;
use crate::dist::{Argument, Instance};
use crate::ir::{Expr, Statement};
use crate::source::Span;
use crate::tape::{Node, Tensor};
use crate::types::{Shape, broadcast};

/// A distribution and a value brought to common axes.
pub struct Placed {
    pub instance: Instance,
    pub x: Option<Node>,
    pub axes: Vec<Axis>,
    pub place: Place,
}

impl Tracer<'_> {
    /// `value ~ D` where the value depends on data alone.
    pub fn observe(&mut self, statement: &Statement, value: &Expr, distribution: &Expr) -> Result<()> {
        if let Some(variable) = elements_named(value).filter(|variable| self.partly.contains_key(variable)) {
            return self.observe_partly(statement, variable, value, distribution);
        }
        self.refuse_computed_missing(value)?;
        let mut x = self.array(value)?;
        if self.makes_new_data() {
            let distribution = self.distribution(distribution)?;
            let ragged = self.ragged_statement(&distribution, &mut x, statement.span)?;
            return self.along(ragged, |tracer| {
                tracer.density_statement(statement.span, TermKind::Likelihood, &distribution, &x)
            });
        }
        self.known(
            &x,
            value.span,
            "what is observed must come from the data; `factor lpdf(D, x)` adds any density",
        )?;
        let distribution = self.distribution(distribution)?;
        let name = self.model.source.slice(value.span).to_string();
        let ragged = self.ragged_statement(&distribution, &mut x, statement.span)?;
        self.along(ragged, |tracer| {
            tracer.check_shape(&distribution, &x, &name, value.span)?;
            tracer.check_observed(&distribution, &x, &name, value.span, None)?;
            tracer.density_statement(statement.span, TermKind::Likelihood, &distribution, &x)
        })
    }

    /// `factor e`
    pub fn factor(&mut self, statement: &Statement, value: &Expr) -> Result<()> {
        self.refuse_new_data("`factor`, which is no distribution,", statement.span)?;
        let value = self.array(value)?;
        self.normalised = false;
        if let (Some(ragged), Some(domain)) = (self.ragged_of(&value), self.domain) {
            if self.scan.is_some() {
                let what =
                    "a slice whose length changes, under `factor` in a recursion; `sum` makes it a number";
                return Err(self.varies(ragged, what, statement.span));
            }
            let value = self.ragged_within(&value, domain, statement.span)?;
            let ragged = self.ragged_of(&value);
            return self.along(ragged, |tracer| {
                tracer.add_value(statement.span, TermKind::Factor, value, false);
                Ok(())
            });
        }
        if value.place == Place::Step {
            let value = self.export(&value);
            self.defer(Deferred::Factor { span: statement.span, domain: self.domain, value });
            return Ok(());
        }
        self.add_value(statement.span, TermKind::Factor, value, false);
        Ok(())
    }

    /// Adds log D(x) to the log density, now or when the scan around it is done.
    pub fn density_statement(
        &mut self,
        span: Span,
        kind: TermKind,
        distribution: &TracedDistribution,
        x: &Traced,
    ) -> Result<()> {
        let mut leaves = Vec::new();
        collect(distribution, 0, &mut leaves);
        let in_step = x.place == Place::Step || leaves.iter().any(|(leaf, _)| leaf.place == Place::Step);
        if in_step {
            let distribution = self.export_distribution(distribution);
            let x = self.export(x);
            self.defer(Deferred::Density { span, kind, domain: self.domain, distribution, x });
            return Ok(());
        }
        self.add_density(span, kind, distribution, x)
    }

    pub fn add_density(
        &mut self,
        span: Span,
        kind: TermKind,
        distribution: &TracedDistribution,
        x: &Traced,
    ) -> Result<()> {
        if self.is_imputing() {
            return Ok(());
        }
        let is_drawn = self.makes_new_data() || kind == TermKind::Prior && !x.is_enumerated();
        if self.is_forwards() && is_drawn {
            return self.note_draw(span, distribution, x);
        }
        let density = self.log_density(distribution, x, span)?;
        self.add_value(span, kind, density, kind == TermKind::Likelihood);
        Ok(())
    }

    /// Adds a value, once per iteration of the loops around it, to the log density.
    pub fn add_value(&mut self, span: Span, kind: TermKind, value: Traced, pointwise: bool) {
        if value.is_enumerated() {
            let n_axes = value.axes.len();
            let own: Vec<usize> = (n_axes..n_axes + value.rank()).collect();
            let node = self.graph.sum(value.node, &own);
            let mut domain = self.domain;
            for axis in &value.axes {
                let along = match axis {
                    Axis::Domain(own) => Some(*own),
                    Axis::Enumeration(e) => self.enumerations[*e].domain,
                };
                // Domains of one statement are nested: the inner one has the most ancestors.
                if along.map_or(0, |d| self.depth(d)) > domain.map_or(0, |d| self.depth(d)) {
                    domain = along;
                }
            }
            let mut lifted = Traced { node, dims: Vec::new(), labels: Vec::new(), ..value };
            if let (Some(_), Some(domain)) = (lifted.domain(), domain) {
                self.lift(&mut lifted, domain);
            }
            self.factors.push(Factor { axes: lifted.axes, node: lifted.node, domain, kind, span });
            return;
        }
        let value = match self.domain {
            Some(domain) => self.spread(value, domain),
            None => value,
        };
        self.add_term(span, kind, value.node, pointwise);
    }

    fn depth(&self, domain: usize) -> usize {
        1 + self.domains[domain].parent.map_or(0, |parent| self.depth(parent))
    }

    /// Brings the arguments of a distribution, and a value, to common axes.
    pub fn place(
        &mut self,
        distribution: &TracedDistribution,
        x: Option<&Traced>,
        at: Span,
    ) -> Result<Placed> {
        let mut leaves: Vec<(&Traced, usize)> = Vec::new();
        collect(distribution, 0, &mut leaves);
        let event = skeleton(distribution).event_rank();
        let mut operands: Vec<(&Traced, Layout)> =
            leaves.iter().map(|(leaf, event)| (*leaf, Layout::Batch { event: *event })).collect();
        operands.extend(x.map(|x| (x, Layout::Batch { event })));
        let aligned = self.align(&operands, at)?;
        let mut nodes = aligned.nodes.iter().copied();
        let instance = rebuild(distribution, &mut nodes);
        Ok(Placed { instance, x: nodes.next(), axes: aligned.axes, place: aligned.place })
    }

    /// Shape of one value of the distribution: batch and event dimensions.
    pub fn value_dims(&self, distribution: &TracedDistribution) -> Result<Vec<usize>> {
        let join = |a: Vec<usize>, b: &[usize], a_at: Span, b_at: Span| -> Result<Vec<usize>> {
            match broadcast(&Shape::known(&a), &Shape::known(b)) {
                Ok(_) if a.len() >= b.len() => Ok(a),
                Ok(_) => Ok(b.to_vec()),
                Err(_) => Err(CompileError::Shape {
                    left: Shape::known(&a).to_string(),
                    right: Shape::known(b).to_string(),
                    left_at: a_at,
                    right_at: b_at,
                }),
            }
        };
        match &distribution.kind {
            DistributionKind::Plain { dist, form, args } => {
                let mut batch: Vec<usize> = Vec::new();
                for (param, arg) in dist.forms()[*form].iter().zip(args) {
                    let own = self.batch_dims(arg, param.rank);
                    batch = join(batch, &own, distribution.span, distribution.span)?;
                }
                let values: Vec<Option<&Tensor>> = args.iter().map(|arg| self.constant(arg)).collect();
                let known = args.iter().zip(values).map(|(arg, value)| Argument { shape: &arg.dims, value });
                let event = dist
                    .event_shape(*form, &known.collect::<Vec<_>>())
                    .map_err(|message| CompileError::Call { message, help: None, at: distribution.span })?;
                batch.extend(event);
                Ok(batch)
            }
            DistributionKind::Wrapped { wrapper, inner, args } => {
                let used = wrapper.inner_rank(inner.len());
                let mut dims: Vec<usize> = Vec::new();
                for inner in inner {
                    let event = skeleton(inner).event_rank();
                    let mut own = self.value_dims(inner)?;
                    let batch = own.len().saturating_sub(event);
                    own.drain(batch.saturating_sub(used)..batch);
                    dims = join(dims, &own, distribution.span, inner.span)?;
                }
                for (param, arg) in wrapper.params().iter().zip(args) {
                    let Some(arg) = arg else { continue };
                    let own = self.batch_dims(arg, param.rank);
                    if inner.iter().all(|inner| skeleton(inner).event_rank() == 0) {
                        dims = join(dims, &own, distribution.span, distribution.span)?;
                    }
                }
                Ok(dims)
            }
        }
    }

    /// Dimensions of an argument that make more draws; a whole discrete latent counts with its elements.
    fn batch_dims(&self, arg: &Traced, event: usize) -> Vec<usize> {
        let along = self.implicit_of(arg).map_or(&[][..], |domain| &self.domains[domain].dims);
        along.iter().copied().chain(arg.dims[..arg.rank().saturating_sub(event)].iter().copied()).collect()
    }

    /// Arguments broadcast to the value, never beyond it.
    pub fn check_shape(
        &mut self,
        distribution: &TracedDistribution,
        x: &Traced,
        name: &str,
        at: Span,
    ) -> Result<()> {
        let dims = self.value_dims(distribution)?;
        let event = skeleton(distribution).event_rank();
        let misfit = match broadcast(&Shape::known(&dims), &Shape::known(&x.dims)) {
            Ok(_) => dims.len() > x.dims.len() || event > x.dims.len(),
            Err(_) => true,
        };
        if misfit {
            return Err(CompileError::DistributionShape {
                value: name.to_string(),
                found: Shape::known(&x.dims).to_string(),
                distribution: Shape::known(&dims).to_string(),
                value_at: at,
                distribution_at: distribution.span,
            });
        }
        Ok(())
    }
}

/// The arguments in order, each with its number of event dimensions.
pub fn collect<'t>(distribution: &'t TracedDistribution, extra: usize, out: &mut Vec<(&'t Traced, usize)>) {
    match &distribution.kind {
        DistributionKind::Plain { dist, form, args } => {
            out.extend(args.iter().zip(dist.forms()[*form]).map(|(arg, param)| (arg, param.rank + extra)));
        }
        DistributionKind::Wrapped { wrapper, inner, args } => {
            let own = wrapper.inner_rank(inner.len());
            inner.iter().for_each(|inner| collect(inner, extra + own, out));
            let params = wrapper.params();
            out.extend(
                args.iter().zip(params).filter_map(|(arg, param)| Some((arg.as_ref()?, param.rank + extra))),
            );
        }
    }
}

/// The distribution of nodes, taken in the order of [`collect`].
pub fn rebuild(distribution: &TracedDistribution, nodes: &mut impl Iterator<Item = Node>) -> Instance {
    match &distribution.kind {
        DistributionKind::Plain { dist, form, args } => {
            Instance::Plain { dist: *dist, form: *form, args: nodes.take(args.len()).collect() }
        }
        DistributionKind::Wrapped { wrapper, inner, args } => {
            let inner = inner.iter().map(|inner| rebuild_dyn(inner, nodes)).collect();
            let args = args.iter().map(|arg| arg.as_ref().and_then(|_| nodes.next())).collect();
            Instance::Wrapped { wrapper: *wrapper, inner, args }
        }
    }
}

/// Breaks the recursion over iterator types.
pub fn rebuild_dyn(distribution: &TracedDistribution, nodes: &mut dyn Iterator<Item = Node>) -> Instance {
    let mut nodes = nodes;
    rebuild(distribution, &mut nodes)
}

/// The distribution without arguments, for what does not depend on them.
pub fn skeleton(distribution: &TracedDistribution) -> Instance {
    match &distribution.kind {
        DistributionKind::Plain { dist, form, .. } => {
            Instance::Plain { dist: *dist, form: *form, args: Vec::new() }
        }
        DistributionKind::Wrapped { wrapper, inner, args } => Instance::Wrapped {
            wrapper: *wrapper,
            inner: inner.iter().map(skeleton).collect(),
            args: vec![None; args.len()],
        },
    }
}
