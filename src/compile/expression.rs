//! Expressions over a posterior: the language, evaluated for many draws at once.

use std::sync::Arc;

use super::asked::Asked;
use super::error::{CompileError, CompileErrors};
use super::quantity::{Quantity, QuantityKind};
use super::tracer::{Binding, Tracer};
use super::value::{Traced, Value};
use crate::data::{Dataset, Levels};
use crate::ir::{Expr, Model, Role, VariableId};
use crate::tape::Program;
use crate::types::ElementType;

/// The value of an expression per draw; lanes are draws.
pub struct ExpressionProgram {
    /// One input per quantity in `inputs`.
    pub program: Program,
    /// Indices into the quantities.
    pub inputs: Vec<usize>,
    pub dims: Vec<usize>,
    pub labels: Vec<Option<Arc<Levels>>>,
    pub element: ElementType,
}

/// Compiles an expression over the quantities of a fit, and the data where there are any. `levels`: of each quantity that is coded,
/// what its codes stand for.
pub fn compile_expression(
    model: &Model,
    expr: &Expr,
    quantities: &[Quantity],
    levels: &[Option<Arc<Levels>>],
    data: Option<&Dataset>,
) -> Result<ExpressionProgram, CompileErrors> {
    let empty = Dataset::default();
    let mut tracer = Tracer::new(model, data.unwrap_or(&empty));
    tracer.bind_partly();
    let mut nodes = Vec::with_capacity(quantities.len());
    let mut asked = Asked::default();
    for (quantity, levels) in quantities.iter().zip(levels) {
        let node = tracer.graph.input(&quantity.dims);
        nodes.push(node);
        let Some(id) = model.variables.iter().position(|variable| {
            variable.name == quantity.name && !matches!(variable.role, Role::Local | Role::Loop)
        }) else {
            continue;
        };
        asked.levels.extend(levels.clone().map(|levels| (VariableId(id), levels)));
        if quantity.kind == QuantityKind::Imputed {
            let bound = tracer.bind_imputed(VariableId(id), quantity, node);
            bound.map_err(|error| CompileErrors::new(&model.source, vec![error]))?;
            continue;
        }
        let mut traced = Traced::new(node, quantity.dims.clone(), quantity.element);
        traced.labels.clone_from(&quantity.labels);
        tracer.env[id] = Some(Binding::Value(Value::Array(traced)));
    }
    tracer.asked.get_or_insert_default().levels = asked.levels;
    let is_alone = !tracer.asked.as_ref().is_none_or(|asked| asked.alone.is_empty());
    let value = tracer.array(expr).map_err(|error| {
        let error = match error {
            CompileError::UndefinedElement { element, at } | CompileError::MissingElement { element, at } => {
                CompileError::UnknownName {
                    name: element.trim_matches('`').to_string(),
                    help: match is_alone {
                        true => {
                            "what was observed is in the data: `vippl repl FIT --data FILE` knows both".into()
                        }
                        false => {
                            "it is neither among the quantities of the fit nor in the data at hand".into()
                        }
                    },
                    at,
                }
            }
            other => other,
        };
        CompileErrors::new(&model.source, vec![error])
    })?;
    // Of a column with imputed entries what was observed does not vary.
    let is_known = tracer.constant(&value).is_some();
    if is_known {
        nodes.clear();
    }
    let program = Program::new(&tracer.graph, &nodes, &[value.node]);
    Ok(ExpressionProgram {
        program,
        inputs: (0..nodes.len()).collect(),
        dims: value.dims,
        labels: value.labels,
        element: value.element,
    })
}
