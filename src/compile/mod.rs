//! From a checked model and its data to a log density: tracing, loops, elimination, programs.
//!
//! The model is run once on nodes instead of numbers (`tracer`). What depends on data alone is a constant at once.
//! A loop is traced once, with an axis for its iterations (`loops`, `align`); where iterations feed each other the
//! part that carries values becomes a scan (`scan`). Discrete latents get an axis for their values and are summed out
//! at the end (`eliminate`).

// Values
mod advice;
mod align;
mod elements;
mod index;
mod value;

// Statements and expressions
mod allocate;
mod ask;
mod asked;
mod branch;
mod chosen;
mod counts;
mod declare;
mod derived;
mod discrete;
mod distribution;
mod evidence;
mod expr;
mod filled;
mod impute;
mod jointly;
mod latent;
mod loops;
mod ode;
mod part;
mod partly;
mod plan;
mod positions;
mod ragged;
mod ragged_index;
mod saved;
mod scan;
mod step;
mod support;
mod tracer;
mod uses;

// The whole
mod density;
mod eliminate;
mod error;
mod expression;
mod prior;
mod programs;
mod quantity;
mod recentre;
mod report;
mod selection;
mod simulate;
mod simulator;
mod states;
mod workspaces;

pub use density::Density;
pub use eliminate::{Addend, Elimination, Pool};
pub use error::{CompileError, CompileErrors};
pub use expression::{ExpressionProgram, compile_expression};
pub use prior::{PriorDraws, prior};
pub use programs::{Computed, GradientMode, ProgramSize};
pub use quantity::{MAX_REPORTED, Quantity, QuantityKind, VariableReport, element_name};
pub use report::indices_as_labels;
pub use simulate::{Simulated, imputer, simulator};
pub use simulator::{SimulateError, Simulator};
pub use states::{DiscreteLatent, SummedOut, in_file_order};

use crate::data::Dataset;
use crate::ir::{Model, Role, VariableId};
use crate::tape::{Folded, Node, Tensor, fold};
use density::Parts;
use partly::LeftOut;
use recentre::Recentring;
use tracer::{Binding, Tracer};

/// How a model is compiled.
#[derive(Clone, Copy, Debug)]
pub struct CompileOptions {
    pub gradient: GradientMode,
    /// Whether sums over data are replaced by sufficient statistics and distinct rows where that is cheaper.
    pub fold: bool,
}

impl Default for CompileOptions {
    fn default() -> Self {
        CompileOptions { gradient: GradientMode::default(), fold: true }
    }
}

/// A model that has met its data.
pub struct Compiled {
    pub density: Density,
    /// Every variable of the model, in file order.
    pub variables: Vec<VariableReport>,
    /// Latents, `param`s and deterministic quantities, in the order of `LogDensity::constrain`.
    pub quantities: Vec<Quantity>,
    /// Discrete latents, in the order of [`Density::states`].
    pub summed_out: Vec<SummedOut>,
    /// Reductions of data alone, by their text: kept for predictions.
    pub training_constants: Vec<(String, Tensor)>,
    /// All densities are normalised, so that KL to the prior and the evidence mean something.
    pub evidence: bool,
    /// Priors and likelihood are apart, so that KL to the prior means something.
    pub is_split: bool,
}

/// Compiles a checked model with its data. All errors come back together.
pub fn compile(model: &Model, data: &Dataset, options: &CompileOptions) -> Result<Compiled, CompileErrors> {
    let mut tracer = Tracer::new(model, data);
    tracer.file().map_err(|errors| CompileErrors::new(&model.source, errors))?;
    let (summed_out, states) = tracer.summed_out();
    let mut variables = report_variables(model, data, &tracer);
    describe_of_states(model, data, &mut variables)?;
    let (quantities, nodes): (Vec<Quantity>, Vec<_>) = tracer.quantities.into_iter().unzip();
    let pointwise = tracer.terms.iter().filter_map(|term| term.pointwise).collect();
    let mut graph = tracer.graph;
    let terms: Vec<Node> = tracer.terms.iter().map(|term| term.node).collect();
    let unfolded = |nodes: Vec<Node>| Folded { notes: vec![Vec::new(); nodes.len()], nodes };
    let folded = if options.fold { fold(&mut graph, &terms) } else { unfolded(terms) };
    let recentring = Recentring::new(&graph, &tracer.blocks, &tracer.terms, tracer.recentrable);
    let parts = Parts {
        graph,
        blocks: tracer.blocks,
        coordinates: tracer.coordinates,
        statements: tracer.terms.into_iter().map(|term| term.term).collect(),
        folded,
        pointwise,
        quantities: nodes,
        states,
        recentring,
        mode: options.gradient,
    };
    Ok(Compiled {
        density: Density::new(parts),
        variables,
        quantities,
        summed_out,
        training_constants: tracer.training_constants,
        evidence: tracer.normalised,
        is_split: tracer.is_split,
    })
}

/// Shapes of the deterministic variables that depend on discrete latents; errors in their definitions.
fn describe_of_states(
    model: &Model,
    data: &Dataset,
    variables: &mut [VariableReport],
) -> Result<(), CompileErrors> {
    let mut own: Vec<&mut VariableReport> =
        variables.iter_mut().filter(|variable| variable.is_of_states()).collect();
    if own.is_empty() {
        return Ok(());
    }
    let simulator = imputer(model, data)?;
    for quantity in simulator.quantities() {
        if let Some(variable) = own.iter_mut().find(|variable| variable.name == quantity.name) {
            variable.dims.clone_from(&quantity.dims);
            variable.labels.clone_from(&quantity.labels);
            variable.element = quantity.element;
        }
    }
    Ok(())
}

/// The variables in file order, data included.
fn report_variables(model: &Model, data: &Dataset, tracer: &Tracer<'_>) -> Vec<VariableReport> {
    let mut reports = Vec::new();
    for (id, variable) in model.variables.iter().enumerate() {
        if let Some(report) = tracer.variables.iter().find(|report| report.name == variable.name) {
            if !matches!(variable.role, Role::Loop | Role::Local) {
                reports.push(report.clone());
            }
            continue;
        }
        let Some(values) =
            data.get(&variable.name).filter(|_| matches!(variable.role, Role::Data | Role::Observed))
        else {
            continue;
        };
        let left_out = tracer.left_out.get(&VariableId(id));
        reports.push(VariableReport {
            name: variable.name.clone(),
            role: variable.role,
            dims: values.values.shape().to_vec(),
            labels: vec![None; values.values.rank()],
            element: values.values.element,
            support: None,
            distribution: None,
            doc: variable.doc.clone(),
            missing: values.values.n_missing(),
            imputed: tracer.imputed_positions(VariableId(id)).len(),
            left_out: left_out.map_or(0, |left_out| left_out.positions.len()),
            is_drawn: left_out.is_some_and(LeftOut::is_drawn),
            discrete: matches!(tracer.env[id], Some(Binding::Discrete(_))),
            not_finite: None,
        });
    }
    reports
}
