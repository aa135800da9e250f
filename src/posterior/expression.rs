//! Questions to a posterior: any expression of the language over the draws, and summaries of such expressions.
//!
//! `mean sd var median quantile mode cor P` of something that has a posterior are taken over draws, element by element.
//! Of data alone, or with a named argument (`mean(x, axis = 1)`), the words keep their meaning in models.

mod correlate;
mod levels;
mod states;

use self::states::Images;
use std::collections::HashSet;
use std::sync::Arc;

use miette::{NamedSource, Report};

use super::Posterior;
use super::draws::LANES;
use super::error::QuestionError;
use super::reduction::Reduction;
use super::rewrite::{constant, index_parts, push_indices_in, try_map_children, ungroup, visit};
use super::states::States;
use super::summarise::MAX_DRAWN_NUMBERS;
use super::summary::Summary;
use super::trust::Verdict;
use crate::check::check_expression;
use crate::compile::{ExpressionProgram, Quantity, QuantityKind, compile_expression};
use crate::data::{Dataset, Levels};
use crate::ir;
use crate::source::{Source, Span};
use crate::syntax::ast::{Expr, ExprKind};
use crate::types::ElementType;

/// The names that a question may use: those of the model, and the data where they are at hand.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub model: &'a ir::Model,
    pub dataset: Option<&'a Dataset>,
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question, on one line.
    pub question: String,
    /// Extents of the result, outermost first.
    pub dims: Vec<usize>,
    pub element: ElementType,
    /// Names of the elements: `theta[2]` where the question selects from a quantity, otherwise `[2]`.
    pub names: Vec<String>,
    /// What it is made of that is not to be trusted: elements, where the question is a quantity's own, or quantities.
    pub distrusted: Vec<String>,
    /// What values stand for, of a column of words.
    pub levels: Option<Arc<Levels>>,
    pub kind: AnswerKind,
}

/// Values by element, in row-major order.
#[derive(Clone, Debug)]
pub enum AnswerKind {
    /// Something that varies over draws.
    Random(Vec<Summary>),
    /// A summary with its Monte Carlo standard errors (0: exact), or something that does not vary (`None`).
    Fixed { values: Vec<f64>, errors: Option<Vec<f64>> },
    /// Probabilities of the levels of words, one object for each element.
    Levels(Vec<States>),
    /// Several quantiles of each element, `[elements][probabilities]`, with Monte Carlo standard errors.
    Quantiles { probabilities: Vec<f64>, values: Vec<f64>, errors: Vec<f64> },
}

/// Answers the question `expr`, parsed from `source`.
///
/// # Errors
/// A diagnostic on `source`: unknown names, shapes that do not match, a summary of the wrong thing.
pub fn ask(posterior: &Posterior, scope: Scope<'_>, source: &Source, expr: &Expr) -> Result<Answer, Report> {
    let asker = Asker { posterior, scope, source };
    if let Some(error) = asker.unquoted_level(expr) {
        return Err(error.into());
    }
    let expr = push_indices_in(ungroup(expr));
    let question = source.slice(expr.span).split_whitespace().collect::<Vec<_>>().join(" ");
    let (shape, names, kind) = if let Some(fixed) = asker.reduction(&expr)? {
        let Fixed { values, errors, shape, names, probabilities } = fixed;
        let kind = match probabilities {
            Some(probabilities) => AnswerKind::Quantiles { probabilities, values, errors },
            None => AnswerKind::Fixed { values, errors: Some(errors) },
        };
        (shape, names, kind)
    } else {
        let expr = asker.with_summaries_filled_in(&expr)?;
        let (shape, kind) = asker.value(&expr)?;
        let names = asker.names(&expr, &shape);
        (shape, names, kind)
    };
    let distrusted = distrusted(posterior, &expr, &names);
    let levels = asker.levels(&expr);
    Ok(Answer { levels, question, dims: shape.dims, element: shape.element, names, distrusted, kind })
}

fn distrusted(posterior: &Posterior, expr: &Expr, names: &[String]) -> Vec<String> {
    let mut quantities: Vec<&Quantity> = Vec::new();
    visit(expr, &mut |part| {
        if let ExprKind::Name(name) = &part.kind
            && let Some(quantity) = posterior.quantity(name)
            && !quantities.iter().any(|known| known.name == quantity.name)
        {
            quantities.push(quantity);
        }
    });
    let of = |quantity: &Quantity| -> Vec<String> {
        let is_distrusted = |verdict: &Verdict| *verdict == Verdict::Distrust;
        let verdicts = posterior.verdicts_of(quantity);
        let elements: Vec<usize> = (0..verdicts.len()).filter(|&k| is_distrusted(&verdicts[k])).collect();
        let is_named = |k: usize| names.contains(&quantity.element_name(k));
        if (0..verdicts.len()).any(is_named) {
            elements.into_iter().filter(|&k| is_named(k)).map(|k| quantity.element_name(k)).collect()
        } else {
            elements.first().map(|_| quantity.name.clone()).into_iter().collect()
        }
    };
    quantities.into_iter().flat_map(of).collect()
}

struct Asker<'a> {
    posterior: &'a Posterior,
    scope: Scope<'a>,
    source: &'a Source,
}

/// An expression's value in each draw, `[elements][n]`; n = 1 if it is not random.
struct Value {
    shape: Quantity,
    values: Vec<f64>,
    n: usize,
    random: bool,
}

/// An expression that can be evaluated.
struct Question {
    program: ExpressionProgram,
    /// What `inputs` of the program counts.
    quantities: Vec<Quantity>,
    at: Span,
}

/// What a summary is taken of.
enum Of {
    Draws(Value),
    States(Images),
}

/// Summaries by element, with Monte Carlo standard errors.
struct Fixed {
    shape: Quantity,
    names: Vec<String>,
    /// Given as a vector: then `values` and `errors` are `[elements][probabilities]`.
    probabilities: Option<Vec<f64>>,
    values: Vec<f64>,
    errors: Vec<f64>,
}

impl Fixed {
    /// As a number in the place of `expr`, or an array of numbers.
    fn constant(&self, expr: &Expr) -> Expr {
        let mut dims = self.shape.dims.clone();
        dims.extend(self.probabilities.as_ref().map(Vec::len));
        constant(expr, &dims, &self.values)
    }
}

impl Of {
    fn shape(&self) -> &Quantity {
        match self {
            Of::Draws(value) => &value.shape,
            Of::States(images) => &images.shape,
        }
    }
}

impl Question {
    /// The quantities that the program reads.
    fn inputs(&self) -> impl Iterator<Item = &Quantity> {
        self.program.inputs.iter().map(|&k| &self.quantities[k])
    }
}

impl Value {
    fn element(&self, element: usize) -> &[f64] {
        &self.values[element * self.n..(element + 1) * self.n]
    }
}

impl Asker<'_> {
    /// What is said of an expression that is no summary.
    fn value(&self, expr: &Expr) -> Result<(Quantity, AnswerKind), Report> {
        if self.levels(expr).is_some() {
            return self.levels_drawn(expr);
        }
        if let Some((shape, rows)) = self.selection(expr) {
            let summaries = rows.iter().map(|&row| self.posterior.summaries[row]).collect();
            return Ok((shape, AnswerKind::Random(summaries)));
        }
        if let Some(Images { shape, states, .. }) = self.images(expr) {
            let summary = |states: &States| states.summary(0, states.error(0, |value| value));
            return Ok((shape, AnswerKind::Random(states.iter().map(summary).collect())));
        }
        let value = self.evaluate(expr)?;
        if !value.random {
            return Ok((value.shape, AnswerKind::Fixed { values: value.values, errors: None }));
        }
        let summary = |element: usize| match self.posterior.draws.by_chain(value.element(element)) {
            Some(chains) => Summary::of_chains(chains),
            None => Summary::of_draws(value.element(element)),
        };
        let summaries = (0..value.shape.len()).map(summary).collect();
        Ok((value.shape, AnswerKind::Random(summaries)))
    }

    /// The value of `expr` over all draws.
    fn evaluate(&self, expr: &Expr) -> Result<Value, Report> {
        let question = self.question(expr)?;
        let draws = &self.posterior.draws;
        let without = question.inputs().find(|quantity| !self.posterior.has_draws(quantity));
        if let Some(quantity) = without {
            return Err(self.without_draws(quantity, expr).into());
        }
        self.run(&question, draws.n_draws(), |quantity, first, lanes, port| {
            for (element, lane_values) in port.chunks_exact_mut(LANES).enumerate() {
                let row = &draws.row(quantity.offset + element)[first..first + lanes];
                lane_values[..lanes].copy_from_slice(row);
                lane_values[lanes..].fill(row[lanes - 1]);
            }
        })
    }

    /// The program of `expr`.
    fn question(&self, expr: &Expr) -> Result<Question, Report> {
        // Errors point into the question, never to where the model defines a name.
        let mut model = ir::Model { source: self.source.clone(), ..self.scope.model.clone() };
        model.variables.iter_mut().for_each(|variable| variable.span = Span::default());
        let typed = check_expression(&model, self.source, expr)?;
        let quantities = self.quantities_in(expr);
        let levels: Vec<Option<Arc<Levels>>> =
            quantities.iter().map(|quantity| self.posterior.levels_of(&quantity.name)).collect();
        let program = compile_expression(&model, &typed, &quantities, &levels, self.scope.dataset)?;
        Ok(Question { program, quantities, at: expr.span })
    }

    /// Runs a program on `n` points, whose values of a quantity `fill(quantity, first, lanes, port)` gives.
    fn run(
        &self,
        question: &Question,
        n: usize,
        fill: impl Fn(&Quantity, usize, usize, &mut [f64]),
    ) -> Result<Value, Report> {
        let Question { program: compiled, at, .. } = question;
        let shape = shape_of(compiled.dims.clone(), compiled.labels.clone(), compiled.element);
        let elements = shape.len();
        let random = !compiled.inputs.is_empty();
        let n = if random { n } else { 1 };
        if elements.saturating_mul(n) > MAX_DRAWN_NUMBERS {
            let (source_code, at) = (self.named(), (*at).into());
            return Err(QuestionError::TooLarge { elements, draws: n, source_code, at }.into());
        }
        let lanes = if random { LANES } else { 1 };
        let mut ports: Vec<Vec<f64>> =
            question.inputs().map(|quantity| vec![0.0; quantity.len() * lanes]).collect();
        let mut workspace = compiled.program.workspace(lanes);
        let mut batch = vec![0.0; elements * lanes];
        let mut values = vec![0.0; elements * n];
        for first in (0..n).step_by(lanes) {
            let used = lanes.min(n - first);
            for (port, quantity) in ports.iter_mut().zip(question.inputs()) {
                fill(quantity, first, used, port);
            }
            let inputs: Vec<&[f64]> = ports.iter().map(Vec::as_slice).collect();
            compiled.program.run(&mut workspace, &inputs);
            compiled.program.output(&workspace, 0).copy_to(&mut batch, lanes);
            for (row, lane_values) in values.chunks_exact_mut(n).zip(batch.chunks_exact(lanes)) {
                row[first..first + used].copy_from_slice(&lane_values[..used]);
            }
        }
        Ok(Value { shape, values, n, random })
    }

    /// The quantities that an expression depends on: those it names, and all if it calls a function of the model,
    /// which may name any.
    fn quantities_in(&self, expr: &Expr) -> Vec<Quantity> {
        let mut names: HashSet<&str> = HashSet::new();
        let mut all = false;
        let functions = &self.scope.model.functions;
        visit(expr, &mut |e| match &e.kind {
            ExprKind::Name(name) => {
                all |= functions.iter().any(|function| function.name == *name);
                names.insert(name);
            }
            ExprKind::Call { function, .. } => {
                all |= functions.iter().any(|own| own.name == function.text);
            }
            _ => {}
        });
        let used = |quantity: &&Quantity| {
            all && self.posterior.has_draws(quantity) || names.contains(quantity.name.as_str())
        };
        self.posterior.quantities.iter().filter(used).cloned().collect()
    }

    /// If `expr` is a call like `mean(x)` of something random (or `P`, `median` of anything): its value.
    fn reduction(&self, expr: &Expr) -> Result<Option<Fixed>, Report> {
        let ExprKind::Call { function, arguments } = &expr.kind else { return Ok(None) };
        let Some(reduction) = Reduction::find(&function.text) else { return Ok(None) };
        let own_function = self.scope.model.functions.iter().any(|own| own.name == function.text);
        if let ([argument], Reduction::Probability, false) = (arguments.as_slice(), reduction, own_function)
            && let Some(name) = &argument.name
        {
            let right = self.source.slice(argument.value.span);
            let equal = format!("{} == {right}", name.text);
            let near = format!("abs({} - {right}) < 0.1", name.text);
            let (source_code, at) = (self.named(), name.span.into());
            return Err(QuestionError::SingleEquals { equal, near, source_code, at }.into());
        }
        if own_function || arguments.iter().any(|argument| argument.name.is_some()) {
            return Ok(None);
        }
        if arguments.len() != reduction.n_arguments() {
            if reduction.is_function_of_the_language() && reduction != Reduction::Quantile {
                return Ok(None);
            }
            return Err(self.wrong_arity(reduction, arguments.len(), expr).into());
        }
        if reduction == Reduction::Correlation {
            return self.correlation([&arguments[0].value, &arguments[1].value], expr).map(Some);
        }
        if reduction == Reduction::Path {
            return self.path(&arguments[0].value).map(Some);
        }
        let argument = self.with_summaries_filled_in(&arguments[0].value)?;
        let of = match self.images(&argument).map(Of::States) {
            Some(of) => of,
            None => match self.evaluate(&argument) {
                Ok(value) if !value.random && reduction.is_function_of_the_language() => return Ok(None),
                Ok(value) => Of::Draws(value),
                // `quantile(Normal(0, 1), 0.9)` asks a distribution; other errors are found again in the whole.
                Err(error) if !reduction.is_function_of_the_language() || is_about_draws(&error) => {
                    return Err(error);
                }
                Err(_) => return Ok(None),
            },
        };
        let shape = of.shape();
        if reduction == Reduction::Probability && shape.element != ElementType::Bool {
            let (source_code, at) = (self.named(), arguments[0].value.span.into());
            return Err(QuestionError::NotACondition { source_code, at }.into());
        }
        if reduction == Reduction::Mode && shape.element == ElementType::Real {
            return Err(self.not_discrete(&arguments[0].value).into());
        }
        if reduction != Reduction::Mode && self.levels(&argument).is_some() {
            return Err(self.no_number(reduction.name(), &argument).into());
        }
        let (probabilities, many) = match arguments.get(1) {
            Some(second) => self.probabilities(&second.value)?,
            None => (vec![f64::NAN], false),
        };
        let rows = self.rows_of(&argument);
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for element in 0..shape.len() {
            let summary = rows.as_ref().map(|rows| &self.posterior.summaries[rows[element]]);
            for &p in &probabilities {
                let (value, error) = self.reduced(reduction, &of, element, summary, p);
                values.push(value);
                errors.push(error);
            }
        }
        let names = self.names(&argument, shape);
        let element = if reduction == Reduction::Mode { shape.element } else { ElementType::Real };
        let shape = Quantity { element, ..shape.clone() };
        Ok(Some(Fixed { shape, names, probabilities: many.then_some(probabilities), values, errors }))
    }

    /// A summary of one element, of which the table may hold one, with its Monte Carlo standard error.
    fn reduced(
        &self,
        reduction: Reduction,
        of: &Of,
        element: usize,
        summary: Option<&Summary>,
        p: f64,
    ) -> (f64, f64) {
        if let Some(exact) = summary.and_then(|summary| reduction.of_summary(summary, p)) {
            return (exact, 0.0);
        }
        match of {
            Of::States(Images { states, .. }) => {
                let (value, error) = reduction.of_states(&states[element], p);
                // The table knows the error of a mean, not just a bound of it.
                let known = summary.filter(|_| reduction == Reduction::Mean);
                (value, known.and_then(|summary| summary.mcse).unwrap_or(error))
            }
            // What does not vary has no error.
            Of::Draws(value) if !value.random => (reduction.of_draws(value.element(element), p).0, 0.0),
            Of::Draws(value) => match self.posterior.draws.by_chain(value.element(element)) {
                Some(chains) => reduction.of_chains(chains, p),
                None => reduction.of_draws(value.element(element), p),
            },
        }
    }

    /// Names of the elements of `expr`.
    fn names(&self, expr: &Expr, shape: &Quantity) -> Vec<String> {
        let Some(rows) = self.rows_of(expr) else {
            return (0..shape.len()).map(|element| shape.element_name(element)).collect();
        };
        let quantities = &self.posterior.quantities;
        let name = |row: usize| {
            let k = quantities.partition_point(|quantity| quantity.offset <= row) - 1;
            quantities[k].element_name(row - quantities[k].offset)
        };
        rows.into_iter().map(name).collect()
    }

    /// Rows of the summaries that `expr` selects, if it is a quantity or an index of one.
    fn rows_of(&self, expr: &Expr) -> Option<Vec<usize>> {
        self.selection(expr).map(|(_, rows)| rows)
    }

    /// Shape and rows of what `expr` selects: the same program that selects values selects row numbers.
    fn selection(&self, expr: &Expr) -> Option<(Quantity, Vec<usize>)> {
        let expr = ungroup(expr);
        let is_quantity = |name: &str| self.posterior.quantity(name).is_some();
        let selects = match &expr.kind {
            ExprKind::Name(name) => is_quantity(name),
            ExprKind::Index { base, indices } => {
                let quantity = matches!(&ungroup(base).kind, ExprKind::Name(name) if is_quantity(name));
                let mut random_index = false;
                for part in indices.iter().flat_map(index_parts) {
                    visit(part, &mut |e| {
                        random_index |= match &e.kind {
                            ExprKind::Name(name) => is_quantity(name),
                            // A function of the model may read a quantity.
                            ExprKind::Call { .. } => true,
                            _ => false,
                        };
                    });
                }
                quantity && !random_index
            }
            _ => false,
        };
        if !selects {
            return None;
        }
        let question = self.question(expr).ok()?;
        let filled_with = |of_row: &dyn Fn(f64) -> f64| {
            self.run(&question, 1, |quantity, _, _, port| {
                for (element, lane_values) in port.chunks_exact_mut(LANES).enumerate() {
                    lane_values.fill(of_row((quantity.offset + element) as f64));
                }
            })
        };
        let Value { shape, values: rows, random, .. } = filled_with(&|row| row).ok()?;
        // What was observed of a column with imputed entries is no row.
        let others = filled_with(&|row| -1.0 - row).ok()?.values;
        let is_row = |(row, other): (&f64, &f64)| *row >= 0.0 && *other == -1.0 - row;
        let all_rows = random && rows.iter().zip(&others).all(is_row);
        all_rows.then(|| (shape, rows.iter().map(|&row| row as usize).collect()))
    }

    /// The second argument of `quantile`, and whether it is a vector.
    fn probabilities(&self, expr: &Expr) -> Result<(Vec<f64>, bool), Report> {
        let not_one = |found: String| QuestionError::NotAProbability {
            found,
            source_code: self.named(),
            at: expr.span.into(),
        };
        let value = self.evaluate(&self.with_summaries_filled_in(expr)?)?;
        if value.random {
            return Err(not_one("it has a posterior".to_string()).into());
        }
        if value.shape.dims.len() > 1 {
            return Err(not_one(format!("an array of rank {}", value.shape.dims.len())).into());
        }
        match value.values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            Some(p) => Err(not_one(p.to_string()).into()),
            None => Ok((value.values, !value.shape.dims.is_empty())),
        }
    }

    /// `expr` with every inner summary replaced by its value.
    fn with_summaries_filled_in(&self, expr: &Expr) -> Result<Expr, Report> {
        let expr = push_indices_in(expr);
        match self.reduction(&expr)? {
            Some(fixed) => Ok(fixed.constant(&expr)),
            None => try_map_children(&expr, &mut |child| self.with_summaries_filled_in(child)),
        }
    }

    fn wrong_arity(&self, reduction: Reduction, found: usize, expr: &Expr) -> QuestionError {
        let (expected, example) = match reduction {
            Reduction::Quantile => ("an expression and probabilities", "quantile(tau, 0.9)"),
            Reduction::Probability => ("one condition", "P(beta[2] > 0)"),
            Reduction::Correlation => ("two quantities", "cor(mu, tau)"),
            _ => ("one expression", "median(tau)"),
        };
        let found = match found {
            0 => "nothing".to_string(),
            1 => "one argument".to_string(),
            n => format!("{n} arguments"),
        };
        let (source_code, at) = (self.named(), expr.span.into());
        QuestionError::Arity { function: reduction.name(), expected, found, example, source_code, at }
    }

    fn named(&self) -> NamedSource<Arc<str>> {
        self.source.named()
    }
}

/// Whether a question is right, but asks for draws that there are not.
fn is_about_draws(error: &Report) -> bool {
    matches!(error.downcast_ref(), Some(QuestionError::WithoutDraws { .. }))
}

/// A quantity without a name: its elements are called `[2]`.
fn shape_of(dims: Vec<usize>, labels: Vec<Option<Arc<Levels>>>, element: ElementType) -> Quantity {
    let kind = QuantityKind::Deterministic;
    let marginals = vec![None; dims.iter().product()];
    Quantity { name: String::new(), kind, dims, labels, element, doc: None, offset: 0, marginals }
}
