//! Questions to distributions with traced arguments: densities, distribution functions, quantiles, moments.

use super::CompileError;
use super::distribution::skeleton;
use super::tracer::{Result, Tracer};
use super::value::{Traced, TracedDistribution, Value};
use crate::builtin::Builtin;
use crate::dist::question::{Answer, LPDF};
use crate::dist::{Instance, Question};
use crate::ir::Expr;
use crate::source::Span;
use crate::tape::{Graph, Node};
use crate::types::{Shape, broadcast};

impl Tracer<'_> {
    /// `cdf(D, x)`, `mean(D)`
    pub fn ask_expr(
        &mut self,
        question: &'static Question,
        distribution: &Expr,
        at: Option<&Expr>,
        span: Span,
    ) -> Result<Traced> {
        let distribution = self.distribution(distribution)?;
        let Some(at) = at else { return self.ask(question, &distribution, None, span) };
        let x = self.array(at)?;
        if let (Answer::OfNumber(_), Some(param)) = (question.answer, &question.argument) {
            self.check_argument(question.name, param, &x, at)?;
        }
        self.check_asked_shape(&distribution, &x, at.span)?;
        self.ask(question, &distribution, Some(&x), span)
    }

    /// `mean(v)` where `v` may be either.
    pub fn ask_or_call(
        &mut self,
        question: &'static Question,
        builtin: &'static dyn Builtin,
        value: &Expr,
        span: Span,
    ) -> Result<Traced> {
        match self.expr(value)? {
            Value::Distribution(distribution) => self.ask(question, &distribution, None, span),
            Value::Array(traced) => self.call_traced(builtin, &[Some(traced), None], &[Some(value)], span),
            Value::Function(_) => self.array(value),
        }
    }

    /// log D(x), elementwise over the batch.
    pub fn log_density(&mut self, distribution: &TracedDistribution, x: &Traced, at: Span) -> Result<Traced> {
        self.ask(&LPDF, distribution, Some(x), at)
    }

    /// The answer to a question, elementwise over the batch.
    fn ask(
        &mut self,
        question: &'static Question,
        distribution: &TracedDistribution,
        x: Option<&Traced>,
        at: Span,
    ) -> Result<Traced> {
        let placed = self.place(distribution, x, at)?;
        let axes_shape = self.full_shape(&placed.axes, &[], placed.place);
        let dims = match question.answer {
            Answer::Alone(_) => {
                let mut dims = self.value_dims(distribution)?;
                // The elements of a whole discrete latent are an axis.
                let along = placed.axes.iter().find(|axis| self.is_implicit(axis));
                if let Some(domain) = along.and_then(|axis| self.domain_along(axis)) {
                    dims.drain(..self.domains[domain].dims.len());
                }
                Some(dims)
            }
            Answer::OfDraw(_) | Answer::OfNumber(_) => None,
        };
        let graph = self.graph_at(placed.place);
        let mismatch = placed.x.and_then(|x| {
            let shape = graph.shape(x).to_vec();
            placed.instance.shape_mismatch(graph, &shape)
        });
        if let Some(message) = mismatch {
            return Err(CompileError::Call { message, help: None, at: distribution.span });
        }
        if let Some(message) = placed.instance.objection(graph) {
            let help = placed.instance.remedy(graph).map(str::to_string);
            return Err(CompileError::Call { message, help, at: distribution.span });
        }
        let refused = silence(question, &placed.instance, distribution.span);
        let answer = match (question.answer, placed.x) {
            (Answer::OfDraw(answer), Some(x)) => answer(&placed.instance, graph, x),
            (Answer::OfNumber(_), _) if placed.instance.event_rank() > 0 => None,
            (Answer::OfNumber(answer), Some(x)) => answer(&placed.instance, graph, x),
            (Answer::Alone(answer), _) => answer(&placed.instance, graph),
            (_, None) => return Err(CompileError::Poisoned),
        };
        let mut node = answer.ok_or(refused)?;
        let mut shape = graph.shape(node).to_vec();
        let n_axes = axes_shape.len();
        if let Some(dims) = dims {
            // A moment has the shape of a draw, whichever arguments it depends on.
            shape = [&axes_shape[..], &dims].concat();
            node = spread(graph, node, &shape, n_axes);
        } else if !shape.starts_with(&axes_shape) {
            // An answer that does not vary along some of its axes.
            let missing = n_axes.saturating_sub(shape.len());
            shape.splice(0..0, std::iter::repeat_n(1, missing));
            node = graph.reshape(node, &shape);
            shape.splice(..n_axes, axes_shape);
            node = graph.broadcast(node, &shape);
        }
        if std::ptr::eq(question, &LPDF) {
            let graph = self.graph_at(placed.place);
            self.normalised &= placed.instance.normalized(graph);
        }
        let element = question.element(skeleton(distribution).element());
        let mut traced = Traced::new(node, shape[n_axes..].to_vec(), element);
        (traced.axes, traced.place) = (placed.axes, placed.place);
        Ok(traced)
    }

    /// In `lpdf(D, x)` arguments and value broadcast against each other, both ways.
    fn check_asked_shape(&self, distribution: &TracedDistribution, x: &Traced, at: Span) -> Result<()> {
        let dims = self.value_dims(distribution)?;
        let event = skeleton(distribution).event_rank();
        let fits = broadcast(&Shape::known(&dims), &Shape::known(&x.dims)).is_ok() && x.rank() >= event;
        if fits {
            return Ok(());
        }
        Err(CompileError::Shape {
            left: Shape::known(&dims).to_string(),
            right: Shape::known(&x.dims).to_string(),
            left_at: distribution.span,
            right_at: at,
        })
    }
}

/// Why there is no answer, where there is none.
fn silence(question: &Question, instance: &Instance, at: Span) -> CompileError {
    let name = instance.describe();
    let what = question.name;
    let of_number = matches!(question.answer, Answer::OfNumber(_));
    let (message, help) = if of_number && instance.event_rank() > 0 {
        let message =
            format!("`{what}` asks a distribution of single numbers, and a draw of {name} is an array");
        (message, "the log density of a whole draw is `lpdf(D, x)`")
    } else if instance.improper() {
        let message = format!("{name} has no {what}: its density does not integrate to 1");
        (message, "between two bounds `Uniform(lower, upper)` is its proper relative")
    } else if of_number {
        let message = format!("no formula is known for the {what} of {name}");
        (message, "its log density is `lpdf(D, x)`")
    } else {
        let message = format!("no formula is known for the {what} of {name}");
        (message, "a latent `x ~ D` that nothing observes shows it in the summary of the fit")
    };
    CompileError::Call { message, help: Some(help.into()), at }
}

/// `node` over `shape`, of which its own leading dimensions are axes where it has any.
fn spread(graph: &mut Graph, node: Node, shape: &[usize], n_axes: usize) -> Node {
    let own = graph.shape(node).to_vec();
    if own.len() >= n_axes && own.len() < shape.len() {
        let padding = vec![1; shape.len() - own.len()];
        let padded = [&own[..n_axes], &padding, &own[n_axes..]].concat();
        let node = graph.reshape(node, &padded);
        return graph.broadcast(node, shape);
    }
    graph.broadcast(node, shape)
}
