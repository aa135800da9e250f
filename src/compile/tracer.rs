//! Runs a model symbolically: statements in file order, values as nodes, loops as an extra axis or a scan.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::CompileError;
use super::allocate::BuiltUp;
use super::asked::Asked;
use super::discrete::{Discrete, Enumeration};
use super::elements::Elements;
use super::eliminate::{Eliminated, Factor};
use super::evidence::Evidence;
use super::loops::Domain;
use super::partly::{AllPartly, LeftOut, elements_named};
use super::plan::LoopPlan;
use super::quantity::{Quantity, VariableReport};
use super::recentre::{ReadAhead, Recentrable};
use super::scan::ScanTrace;
use super::simulate::Forwards;
use super::value::{Axis, Place, Traced, Value};
use crate::data::Dataset;
use crate::density::{Coordinate, Term, TermKind};
use crate::ir::{FunctionId, Model, Role, Statement, StatementKind, VariableId};
use crate::source::Span;
use crate::tape::{Graph, Node, Tensor};

/// Calls within calls beyond this are a recursion.
const MAX_CALL_DEPTH: usize = 64;

pub type Result<T> = std::result::Result<T, CompileError>;

/// What a name stands for.
#[derive(Clone)]
pub enum Binding {
    Value(Value),
    /// Built up element by element.
    Elements(Elements),
    /// A discrete latent that is summed out; index into `Tracer::discrete`.
    Discrete(usize),
    /// Something of discrete latents that cannot be part of the density: reported, and an error where it is used.
    OfStates(Box<CompileError>),
    /// Its definition failed and was reported.
    Poisoned,
}

/// An unconstrained block of coordinates and the latent or `param` that it feeds.
pub struct Block {
    pub input: Node,
    pub size: usize,
    /// The statement that made it.
    pub span: Span,
}

/// A statement's contribution to the log density.
pub struct TermNode {
    pub term: Term,
    /// shape []
    pub node: Node,
    /// log p(x_i | z) of the observed elements, flat; only of likelihood terms.
    pub pointwise: Option<Node>,
    /// Other statements that were joined with this one, to sum a discrete latent out of them.
    pub joined: Vec<Span>,
}

impl TermNode {
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        std::iter::once(self.term.span).chain(self.joined.iter().copied())
    }
}

pub struct Tracer<'a> {
    pub model: &'a Model,
    pub data: &'a Dataset,
    pub graph: Graph,
    pub env: Vec<Option<Binding>>,
    pub domains: Vec<Domain>,
    pub enumerations: Vec<Enumeration>,
    pub discrete: Vec<Discrete>,
    pub factors: Vec<Factor>,
    /// Of discrete latents that have been summed out.
    pub eliminated: Vec<Eliminated>,
    pub blocks: Vec<Block>,
    pub coordinates: Vec<Coordinate>,
    pub terms: Vec<TermNode>,
    pub quantities: Vec<(Quantity, Node)>,
    pub variables: Vec<VariableReport>,
    pub training_constants: Vec<(String, Tensor)>,
    /// Every density is normalised, so that KL to the prior and the evidence mean something.
    pub normalised: bool,
    /// The prior of no latent is part of a likelihood: KL to the prior means something.
    pub is_split: bool,
    /// The loop around what is being traced.
    pub domain: Option<usize>,
    pub scan: Option<ScanTrace>,
    /// What a dry run of a loop's body collects.
    pub plan: Option<LoopPlan>,
    /// Latents with elements allocated before the loop that defines them.
    pub ahead: HashSet<VariableId>,
    /// Their log-Jacobians, by statement.
    pub jacobians_ahead: Vec<(Span, Node)>,
    /// Coordinates of these latents.
    pub reads_ahead: Vec<ReadAhead>,
    /// Latents of location-scale families, in the order of their statements.
    pub recentrable: Vec<Recentrable>,
    /// Coordinates of latents that are built up, by name.
    pub built_up: HashMap<String, BuiltUp>,
    /// Set while a model is traced to be run forwards.
    pub forwards: Option<Forwards>,
    /// Data with missing entries.
    pub partly: AllPartly,
    /// Whether data with missing entries are traced as they are, NaN where they are missing.
    pub is_as_given: bool,
    /// Missing entries that nothing but their own statement mentions.
    pub left_out: BTreeMap<VariableId, LeftOut>,
    /// Discrete data with missing entries that are summed out.
    pub evidence: Vec<Evidence>,
    /// Where an expression is asked of a posterior.
    pub asked: Option<Asked>,
    pub function_depth: usize,
    /// Set while the passes of a loop are traced one after the other.
    pub is_one_by_one: bool,
    /// The loop around the call of the function that is being traced.
    pub call_domain: Option<usize>,
}

impl<'a> Tracer<'a> {
    pub fn new(model: &'a Model, data: &'a Dataset) -> Self {
        Tracer {
            model,
            data,
            graph: Graph::new(),
            env: vec![None; model.variables.len()],
            domains: Vec::new(),
            enumerations: Vec::new(),
            discrete: Vec::new(),
            factors: Vec::new(),
            eliminated: Vec::new(),
            blocks: Vec::new(),
            coordinates: Vec::new(),
            terms: Vec::new(),
            quantities: Vec::new(),
            variables: Vec::new(),
            training_constants: Vec::new(),
            normalised: true,
            is_split: true,
            domain: None,
            scan: None,
            plan: None,
            ahead: HashSet::new(),
            jacobians_ahead: Vec::new(),
            reads_ahead: Vec::new(),
            recentrable: Vec::new(),
            built_up: HashMap::new(),
            forwards: None,
            partly: AllPartly::new(),
            is_as_given: false,
            left_out: BTreeMap::new(),
            evidence: Vec::new(),
            asked: None,
            function_depth: 0,
            is_one_by_one: false,
            call_domain: None,
        }
    }

    /// Traces the whole file. Statements that fail poison what they define; all errors come back together.
    pub fn file(&mut self) -> std::result::Result<(), Vec<CompileError>> {
        let mut errors = Vec::new();
        self.bind_partly();
        for statement in &self.model.body {
            if let Err(error) = self.statement(statement) {
                let error = match error {
                    CompileError::Varies(varies) => varies.error,
                    error => error,
                };
                self.forget_loops();
                if self.is_of_states(statement, &error) {
                    self.put_off(statement, &error);
                    continue;
                }
                match error {
                    CompileError::Poisoned if !errors.is_empty() => {}
                    CompileError::Poisoned => errors.push(CompileError::Internal { at: statement.span }),
                    error => errors.push(error),
                }
                self.bind_all(statement, &Binding::Poisoned);
            }
        }
        if errors.is_empty() {
            match self.check_evidence().and_then(|()| self.eliminate()) {
                Ok(()) => {}
                Err(error) => errors.push(error),
            }
        }
        self.settle_coordinates();
        if errors.is_empty() { self.report_built_up().map_err(|error| vec![error]) } else { Err(errors) }
    }

    fn forget_loops(&mut self) {
        self.domain = None;
        self.scan = None;
        self.plan = None;
        self.is_as_given = false;
    }

    /// Binds all that a statement defines.
    pub fn bind_all(&mut self, statement: &Statement, binding: &Binding) {
        match &statement.kind {
            StatementKind::Latent { variable, .. }
            | StatementKind::LatentElements { variable, .. }
            | StatementKind::Define { variable, .. }
            | StatementKind::DefineElements { variable, .. }
            | StatementKind::Param { variable, .. } => self.env[variable.0] = Some(binding.clone()),
            StatementKind::For { body, .. } => body.iter().for_each(|inner| self.bind_all(inner, binding)),
            StatementKind::If { arms, otherwise } => {
                let all = arms.iter().flat_map(|(_, body)| body).chain(otherwise);
                all.for_each(|inner| self.bind_all(inner, binding));
            }
            StatementKind::Observe { value, .. } => {
                if let Some(variable) = elements_named(value).filter(|own| self.partly.contains_key(own)) {
                    self.env[variable.0] = Some(binding.clone());
                }
            }
            StatementKind::Data { .. } | StatementKind::Factor { .. } | StatementKind::Return { .. } => {}
        }
    }

    pub fn block(&mut self, statements: &[Statement]) -> Result<Option<Value>> {
        for statement in statements {
            if let Some(returned) = self.statement(statement)? {
                return Ok(Some(returned));
            }
        }
        Ok(None)
    }

    /// Traces one statement; a value comes back from `return`.
    pub fn statement(&mut self, statement: &Statement) -> Result<Option<Value>> {
        match &statement.kind {
            StatementKind::Latent { variable, plates, distribution } => {
                self.latent(statement, *variable, plates, distribution)?;
            }
            StatementKind::LatentElements { variable, indices, distribution } => {
                self.latent_elements(statement, *variable, indices, distribution)?;
            }
            StatementKind::Observe { value, distribution } => self.observe(statement, value, distribution)?,
            StatementKind::Define { variable, value } => self.define(*variable, value)?,
            StatementKind::DefineElements { variable, indices, value } => {
                let value_traced = self.array(value)?;
                self.define_elements(*variable, indices, value_traced, statement.span)?;
            }
            StatementKind::For { variable, range, body } => self.for_loop(*variable, range, body)?,
            StatementKind::If { arms, otherwise } => return self.branch(arms, otherwise),
            StatementKind::Data { variable, element, dims, range } => {
                self.declared(*variable, *element, dims.as_deref(), range.as_ref())?;
            }
            StatementKind::Param { variable, dims, range, start } => {
                self.param(statement, *variable, dims, range.as_ref(), start.as_ref())?;
            }
            StatementKind::Factor { value } => self.factor(statement, value)?,
            StatementKind::Return { value } => return self.expr(value).map(Some),
        }
        Ok(None)
    }

    fn define(&mut self, variable: VariableId, value: &crate::ir::Expr) -> Result<()> {
        let mut traced = self.expr(value)?;
        if let Value::Array(array) = &mut traced
            && self.is_top_level()
            && self.has_drawn_states()
            && array.is_enumerated()
        {
            *array = self.at_drawn_states(array, value.span)?;
        }
        if let Value::Array(array) = &traced
            && self.is_top_level()
        {
            let text = self.model.source.slice(value.span).to_string();
            self.report_deterministic(variable, array, Some(text));
        }
        self.env[variable.0] = Some(Binding::Value(traced));
        Ok(())
    }

    /// Outside loops and functions.
    pub fn is_top_level(&self) -> bool {
        self.domain.is_none() && self.function_depth == 0
    }

    pub fn graph_at(&mut self, place: Place) -> &mut Graph {
        match (&mut self.scan, place) {
            (Some(scan), Place::Step) => &mut scan.graph,
            _ => &mut self.graph,
        }
    }

    /// The values of a constant of the main graph.
    pub fn constant(&self, traced: &Traced) -> Option<&Tensor> {
        if traced.place == Place::Main { self.graph.value(traced.node) } else { None }
    }

    /// A constant's values in row-major order, or an error that it depends on a latent.
    pub fn known(&self, traced: &Traced, at: Span, help: &str) -> Result<Arc<[f64]>> {
        // The values of a discrete latent are constants too, but which one it takes is not known.
        match self.constant(traced).filter(|_| !traced.is_enumerated()) {
            Some(tensor) => Ok(tensor.iter().copied().collect()),
            None => Err(CompileError::DataOnly { help: help.to_string(), at }),
        }
    }

    /// How long an axis is: over all iterations, or within a step of the scan.
    pub fn axis_len(&self, axis: Axis, place: Place) -> usize {
        match axis {
            Axis::Enumeration(e) => self.discrete[self.enumerations[e].discrete].values.len(),
            Axis::Domain(d) => match (&self.scan, place) {
                (Some(scan), Place::Step) => self.domains[d].size / scan.steps,
                _ => self.domains[d].size,
            },
        }
    }

    /// Full node shape of a value: its axes, then its own dimensions.
    pub fn full_shape(&self, axes: &[Axis], dims: &[usize], place: Place) -> Vec<usize> {
        axes.iter().map(|&axis| self.axis_len(axis, place)).chain(dims.iter().copied()).collect()
    }

    pub fn lookup(&mut self, variable: VariableId, at: Span) -> Result<Binding> {
        if self.is_as_given
            && let Some(given) = self.partly_given(variable)
        {
            return Ok(Binding::Value(Value::Array(given.clone())));
        }
        if let Some(binding) = &self.env[variable.0] {
            return match binding {
                Binding::Poisoned => Err(CompileError::Poisoned),
                Binding::OfStates(error) => Err((**error).clone()),
                other => Ok(other.clone()),
            };
        }
        let known = self.model.variable(variable);
        match known.role {
            Role::Data | Role::Observed => {
                let traced = self.data_value(&known.name.clone(), at)?;
                let traced = self.observed_input(variable, traced);
                let binding = Binding::Value(Value::Array(traced));
                self.env[variable.0] = Some(binding.clone());
                Ok(binding)
            }
            _ => Err(CompileError::UndefinedElement { element: format!("`{}`", known.name), at }),
        }
    }

    /// Adds a statement's log density: `node` of any shape, summed here.
    pub fn add_term(&mut self, span: Span, kind: TermKind, node: Node, pointwise: bool) {
        let text = one_line(self.model.source.slice(span));
        let total = self.graph.sum_all(node);
        let pointwise = pointwise.then(|| {
            let size = self.graph.shape(node).iter().product();
            self.graph.reshape(node, &[size])
        });
        let known = self.terms.iter_mut().find(|known| known.term.span == span && known.term.kind == kind);
        if let Some(known) = known.filter(|_| self.plan.is_none()) {
            known.node = self.graph.add(known.node, total);
            known.pointwise = match (known.pointwise, pointwise) {
                (Some(a), Some(b)) => Some(self.graph.concat(&[a, b], 0)),
                (a, b) => a.or(b),
            };
            return;
        }
        self.terms.push(TermNode {
            term: Term { text, kind, span },
            node: total,
            pointwise,
            joined: Vec::new(),
        });
    }

    pub fn apply_function(&mut self, function: FunctionId, args: Vec<Value>, at: Span) -> Result<Value> {
        let model = self.model;
        let function = model.function(function);
        if self.function_depth >= MAX_CALL_DEPTH {
            return Err(CompileError::Call {
                message: format!("`{}` calls itself, through a function that it is given", function.name),
                help: Some("recursion is not possible; use a `for` loop".into()),
                at,
            });
        }
        // A function that was passed to this one may call it again.
        let mut own = function.parameters.clone();
        defined_names(&function.body, &mut own);
        let outer: Vec<(VariableId, Option<Binding>)> =
            own.into_iter().map(|name| (name, self.env[name.0].take())).collect();
        for (&parameter, value) in function.parameters.iter().zip(args) {
            self.env[parameter.0] = Some(Binding::Value(value));
        }
        self.function_depth += 1;
        let outer_call = std::mem::replace(&mut self.call_domain, self.domain);
        let returned = self.block(&function.body);
        self.call_domain = outer_call;
        self.function_depth -= 1;
        if let Some(scan) = &mut self.scan {
            scan.forget(&outer);
        }
        for (name, binding) in outer.into_iter().rev() {
            self.env[name.0] = binding;
        }
        returned?.ok_or_else(|| CompileError::Call {
            message: format!("`{}` ends without a `return`", function.name),
            help: Some("every path through a function must return a value".into()),
            at,
        })
    }
}

/// Names that statements define.
fn defined_names(body: &[Statement], names: &mut Vec<VariableId>) {
    for statement in body {
        match &statement.kind {
            StatementKind::Define { variable, .. } | StatementKind::DefineElements { variable, .. } => {
                names.push(*variable);
            }
            StatementKind::For { variable, body, .. } => {
                names.push(*variable);
                defined_names(body, names);
            }
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, arm)| defined_names(arm, names));
                defined_names(otherwise, names);
            }
            _ => {}
        }
    }
}

/// White space folded, comments dropped: a statement as one line of a message.
pub fn one_line(text: &str) -> String {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    let joined = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}
