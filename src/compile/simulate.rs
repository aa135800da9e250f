//! The model run forwards: each statement a draw, given what was drawn before it.
//!
//! Latents, `param`s and what is observed are inputs of one graph, on their own scales. Each statement has a distribution,
//! whose arguments are a program over these inputs, and the elements that it draws. Every element has random numbers of its
//! own, so that a recursion (`y[t] ~ Normal(y[t - 1], s)`) is settled by passes that change less and less.

use std::sync::Arc;

use super::CompileError;
use super::error::CompileErrors;
use super::quantity::{Quantity, QuantityKind};
use super::simulator::{Simulator, Step, inputs_of, output_of};
use super::tracer::{Binding, Result, Tracer, one_line};
use super::value::{Axis, Place, Traced, TracedDistribution, Tuple, Value};
use crate::data::{Dataset, Levels};
use crate::dist::Instance;
use crate::ir::{Model, Role, VariableId};
use crate::source::Span;
use crate::tape::{Graph, Node, Program};
use crate::types::ElementType;

/// An array of a model run forwards.
pub struct Simulated {
    pub name: String,
    /// Latent, `param` or observed.
    pub role: Role,
    pub dims: Vec<usize>,
    pub element: ElementType,
    /// Of a category: what its codes stand for.
    pub levels: Option<Arc<Levels>>,
    /// Where its elements begin in the state.
    pub offset: usize,
    /// Elements of a latent that is built up: their 1-based indices, and how many of these there are.
    pub tuples: Option<(Vec<Tuple>, usize)>,
    /// Of a latent: its first plate is `rows`.
    pub by_row: bool,
    pub(super) input: Node,
}

impl Simulated {
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The position of each element in an array of these dimensions, row-major; `None` where it is none of the array's.
    pub fn positions_in(&self, dims: &[usize]) -> Option<Vec<usize>> {
        let Some((tuples, rank)) = &self.tuples else {
            return (dims == self.dims).then(|| (0..self.len()).collect());
        };
        let lens = dims.get(..*rank)?;
        let block = self.len().checked_div(tuples.len()).unwrap_or(0);
        let mut positions = Vec::with_capacity(self.len());
        for tuple in tuples {
            let first = tuple.iter().zip(lens).try_fold(0, |flat, (&i, &len)| {
                let at = (i as usize).checked_sub(1).filter(|at| *at < len)?;
                Some(flat * len + at)
            })?;
            positions.extend(first * block..(first + 1) * block);
        }
        Some(positions)
    }
}

/// What a model is run forwards for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Everything is drawn, what is observed included.
    NewData,
    /// Continuous latents are drawn; what is observed keeps its density, and discrete latents are summed out of it.
    Prior,
    /// Missing entries that are left out of the density are drawn; latents are what a fit says.
    Imputation,
}

/// What the tracer collects while a model is traced to be run forwards.
pub struct Forwards {
    purpose: Purpose,
    arrays: Vec<Simulated>,
    observed: Vec<(VariableId, Node)>,
    draws: Vec<(Span, Instance, Node, Vec<usize>)>,
}

impl Forwards {
    /// How much has been collected.
    pub fn counts(&self) -> [usize; 3] {
        [self.arrays.len(), self.observed.len(), self.draws.len()]
    }

    /// Takes back what has been collected since.
    pub fn truncate(&mut self, [arrays, observed, draws]: [usize; 3]) {
        self.arrays.truncate(arrays);
        self.observed.truncate(observed);
        self.draws.truncate(draws);
    }
}

/// Traces a checked model to be run forwards, with its data for shapes and for what is conditioned on.
///
/// # Errors
/// `factor`, and statements whose left side is a function of the data (`log(y) ~ ...`) are refused.
pub fn simulator(model: &Model, data: &Dataset) -> std::result::Result<Simulator, CompileErrors> {
    let mut tracer = Tracer::new(model, data);
    tracer.run_forwards(Purpose::NewData);
    let failed = |errors| CompileErrors::new(&model.source, errors);
    tracer.file().map_err(failed)?;
    tracer.simulator().map_err(|error| failed(vec![error]))
}

/// Traces a checked model to draw the missing entries that are left out of its density, and to compute what depends on discrete
/// latents, given latents, their states and point estimates.
///
/// # Errors
/// Where the model does not compile.
pub fn imputer(model: &Model, data: &Dataset) -> std::result::Result<Simulator, CompileErrors> {
    let mut tracer = Tracer::new(model, data);
    tracer.run_forwards(Purpose::Imputation);
    let failed = |errors| CompileErrors::new(&model.source, errors);
    tracer.file().map_err(failed)?;
    tracer.simulator().map_err(|error| failed(vec![error]))
}

impl Tracer<'_> {
    /// From here on statements are traced to be run forwards.
    pub fn run_forwards(&mut self, purpose: Purpose) {
        self.forwards =
            Some(Forwards { purpose, arrays: Vec::new(), observed: Vec::new(), draws: Vec::new() });
    }

    /// The statements that draw, out of a model that has been traced.
    pub fn simulator(&mut self) -> Result<Simulator> {
        let Some(Forwards { purpose, mut arrays, draws, .. }) = self.forwards.take() else {
            return Err(CompileError::Poisoned);
        };
        let inputs: Vec<Node> = arrays.iter().map(|array| array.input).collect();
        let size = arrays.iter().map(Simulated::len).sum();
        let mut steps: Vec<Step> = Vec::with_capacity(draws.len());
        for (span, instance, x, shape) in draws {
            let positions = positions(&self.graph, &arrays, x, size).ok_or_else(|| CompileError::Call {
                message: "the left side of `~` is computed from the data, so that it cannot be drawn".into(),
                help: Some("put the variable itself on the left, for example `y ~ LogNormal(m, s)`".into()),
                at: span,
            })?;
            if instance.element() == ElementType::Real {
                // Whole numbers in the data are an accident.
                for &position in &positions {
                    let at = array_at(&arrays, position);
                    arrays[at].element = ElementType::Real;
                }
            }
            let arguments = instance.arguments();
            steps.push(Step {
                text: one_line(self.model.source.slice(span)),
                shapes: arguments.iter().map(|&node| self.graph.shape(node).to_vec()).collect(),
                program: Program::new(&self.graph, &inputs, &arguments),
                instance,
                arguments,
                shape,
                positions,
                recursive: false,
            });
        }
        let reported = match purpose {
            Purpose::NewData => std::mem::take(&mut self.quantities),
            Purpose::Prior => Vec::new(),
            Purpose::Imputation => self.of_states(),
        };
        let (quantities, nodes): (Vec<Quantity>, Vec<Node>) = reported.into_iter().unzip();
        let values = Program::new(&self.graph, &inputs, &nodes);
        // From the last statement to the first: which arrays are drawn from there on.
        let mut later = vec![false; arrays.len()];
        for step in steps.iter_mut().rev() {
            for &position in &step.positions {
                later[array_at(&arrays, position)] = true;
            }
            let drawn: Vec<Node> =
                inputs.iter().zip(&later).filter(|(_, later)| **later).map(|(input, _)| *input).collect();
            step.recursive = step.arguments.iter().any(|&node| self.graph.depends_on_any(node, &drawn));
        }
        Ok(Simulator { arrays, steps, size, quantities, values })
    }

    /// The deterministic quantities that depend on discrete latents.
    fn of_states(&mut self) -> Vec<(Quantity, Node)> {
        let drawn: Vec<Node> = self.discrete.iter().flat_map(|discrete| discrete.drawn.clone()).collect();
        let mut own = std::mem::take(&mut self.quantities);
        own.retain(|(quantity, node)| {
            quantity.kind == QuantityKind::Deterministic && self.graph.depends_on_any(*node, &drawn)
        });
        own
    }

    pub fn is_forwards(&self) -> bool {
        self.forwards.is_some()
    }

    /// Whether what is observed is drawn, too.
    pub fn makes_new_data(&self) -> bool {
        self.forwards.as_ref().is_some_and(|forwards| forwards.purpose == Purpose::NewData)
    }

    /// Whether discrete latents are read at values that were drawn.
    pub fn has_drawn_states(&self) -> bool {
        self.makes_new_data() || self.is_imputing()
    }

    /// Whether what is left out of the density is to be drawn.
    pub fn is_imputing(&self) -> bool {
        self.forwards.as_ref().is_some_and(|forwards| forwards.purpose == Purpose::Imputation)
    }

    /// What is refused when new data are made.
    pub fn refuse_new_data(&self, feature: &str, at: Span) -> Result<()> {
        if self.makes_new_data() { self.refuse_forwards(feature, at) } else { Ok(()) }
    }

    /// What is refused when a model is run forwards.
    pub fn refuse_forwards(&self, feature: &str, at: Span) -> Result<()> {
        let Some(Forwards { purpose, .. }) = &self.forwards else { return Ok(()) };
        let (message, help) = match purpose {
            Purpose::NewData => {
                (format!("{feature} cannot be simulated"), "only `~` and definitions can be run forwards")
            }
            Purpose::Imputation => (format!("{feature} cannot be drawn"), "leave it out of the model"),
            Purpose::Prior => (
                format!("{feature} cannot be drawn from the prior"),
                "`--evidence bounds` needs no draws from the prior",
            ),
        };
        Err(CompileError::Call { message, help: Some(help.into()), at })
    }

    /// A new array of the state. In a dry run of a loop it is taken back with it.
    pub fn forwards_input(
        &mut self,
        name: &str,
        role: Role,
        dims: &[usize],
        tuples: Option<(Vec<Tuple>, usize)>,
    ) -> Node {
        let input = self.graph.input(dims);
        let is_dry = self.plan.is_some();
        if let Some(forwards) = self.forwards.as_mut().filter(|_| !is_dry) {
            let offset = forwards.arrays.last().map_or(0, |last| last.offset + last.len());
            forwards.arrays.push(Simulated {
                name: name.to_string(),
                role,
                dims: dims.to_vec(),
                element: ElementType::Real,
                levels: None,
                offset,
                tuples,
                by_row: false,
                input,
            });
        }
        input
    }

    /// The latent that was allocated last has a plate of `rows`.
    pub fn note_by_row(&mut self) {
        if let Some(array) = self.forwards.as_mut().and_then(|forwards| forwards.arrays.last_mut()) {
            array.by_row = true;
        }
    }

    /// A variable that some statement observes, as an array of the state instead of its data.
    pub fn observed_input(&mut self, variable: VariableId, mut traced: Traced) -> Traced {
        let known = self.model.variable(variable);
        let is_drawn = known.role == Role::Observed && self.makes_new_data();
        let Some(forwards) = self.forwards.as_mut().filter(|_| is_drawn) else {
            return traced;
        };
        if let Some((_, node)) = forwards.observed.iter().find(|(own, _)| *own == variable) {
            traced.node = *node;
            return traced;
        }
        let levels = self.data.get(&known.name).and_then(|data| data.values.levels.clone());
        let input = self.graph.input(&traced.dims);
        let offset = forwards.arrays.last().map_or(0, |last| last.offset + last.len());
        forwards.arrays.push(Simulated {
            name: known.name.clone(),
            role: Role::Observed,
            dims: traced.dims.clone(),
            element: traced.element,
            levels,
            offset,
            tuples: None,
            by_row: false,
            input,
        });
        forwards.observed.push((variable, input));
        traced.node = input;
        self.env[variable.0] = Some(Binding::Value(Value::Array(traced.clone())));
        traced
    }

    /// Notes a draw instead of a density.
    pub fn note_draw(&mut self, span: Span, distribution: &TracedDistribution, x: &Traced) -> Result<()> {
        if self.plan.is_some() {
            return Ok(());
        }
        let placed = if self.has_drawn_states() {
            self.place_chosen(distribution, x, span)?
        } else {
            self.place(distribution, Some(x), span)?
        };
        if placed.place != Place::Main || placed.axes.iter().any(|axis| matches!(axis, Axis::Enumeration(_)))
        {
            return self.refuse_forwards("what depends on a discrete latent", span);
        }
        let Some(x_node) = placed.x else { return Err(CompileError::Poisoned) };
        let shape = self.graph.shape(x_node).to_vec();
        if let Some(forwards) = &mut self.forwards {
            forwards.draws.push((span, placed.instance, x_node, shape));
        }
        Ok(())
    }
}

/// The array that an element of the state belongs to.
fn array_at(arrays: &[Simulated], position: usize) -> usize {
    arrays.partition_point(|array| array.offset <= position) - 1
}

/// The elements of the state that a value consists of; `None` where it is not a rearrangement of them.
fn positions(graph: &Graph, arrays: &[Simulated], x: Node, size: usize) -> Option<Vec<usize>> {
    let inputs: Vec<Node> = arrays.iter().map(|array| array.input).collect();
    let program = Program::new(graph, &inputs, &[x]);
    let at = |scale: f64, shift: f64| {
        let state: Vec<f64> = (0..size).map(|k| scale * k as f64 + shift).collect();
        let mut ws = program.workspace(1);
        program.run(&mut ws, &inputs_of(arrays, &state, 1));
        output_of(&program, &ws, 0, 1)
    };
    let (first, second) = (at(1.0, 0.0), at(3.0, 7.0));
    let is_position = |(a, b): (&f64, &f64)| {
        (a.fract() == 0.0 && (0.0..size as f64).contains(a) && 3.0 * a + 7.0 == *b).then_some(*a as usize)
    };
    first.iter().zip(&second).map(is_position).collect()
}
