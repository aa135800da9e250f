//! What the data give a distribution, against its support and the ranges of its arguments: what is wrong, and where.

use super::CompileError;
use super::advice::{Outside, on_outside, words_as_numbers};
use super::quantity::element_name;
use super::tracer::{Result, Tracer};
use super::value::{Axis, Place, Traced, TracedDistribution};
use crate::builtin::{self, Builtin};
use crate::constraint::Constraint;
use crate::dist::{Instance, Param, Support, fitting};
use crate::ir::{Expr, ExprKind};
use crate::source::Span;
use crate::tape::{Node, Tensor};
use crate::types::ElementType;

/// Elements of an argument's expression that are shown beside an offending value.
const MOST_SHOWN: usize = 3;

/// What some rows of values are taken from.
pub struct Origin<'o> {
    pub x: &'o Traced,
    pub values: &'o [f64],
    pub rows: &'o [u32],
    /// Elements of a row.
    pub block: usize,
}

impl Tracer<'_> {
    /// Every observed value must lie in the distribution's support, as far as that is known. Where values are rows of others,
    /// errors name them as they are called there.
    pub fn check_observed(
        &mut self,
        distribution: &TracedDistribution,
        x: &Traced,
        name: &str,
        at: Span,
        origin: Option<&Origin<'_>>,
    ) -> Result<()> {
        let placed = self.place(distribution, Some(x), at)?;
        if placed.place != Place::Main || placed.axes.iter().any(|axis| matches!(axis, Axis::Enumeration(_)))
        {
            return Ok(());
        }
        let Some(x_node) = placed.x else { return Ok(()) };
        let Some(values) = self.graph.value(x_node).cloned() else { return Ok(()) };
        if placed.instance.objection(&mut self.graph).is_some() {
            // Reported where the density is built.
            return Ok(());
        }
        if let Some(error) = words_as_numbers(&placed.instance, x, name, at) {
            return Err(error);
        }
        let text = placed.instance.describe();
        let found = match placed.instance.support(&mut self.graph) {
            Support::Continuous { constraint, bounds } => {
                match self.outside_of(&placed.instance, constraint, &bounds, &values) {
                    Some(found) => Some(found),
                    None => self.on_an_open_edge(&placed.instance, constraint, &bounds, &values),
                }
            }
            Support::Integers { lower, upper } => self.not_whole_between(lower, upper, &values),
            Support::Counts { total } => return self.check_counts(&values, total, text, name, at, origin),
        };
        let impossible = found.is_none();
        let Some(outside) = found.or_else(|| self.impossible(&placed.instance, x_node)) else {
            return Ok(());
        };
        let help = match impossible {
            true => "check the data and the arguments, which are all data here".to_string(),
            false => on_outside(&mut self.graph, &placed.instance, &values, name, &outside),
        };
        let Outside { flat, violation, .. } = outside;
        let found = values.iter().nth(flat).copied().unwrap_or(f64::NAN);
        let (x, n, flat) = match origin {
            None => (x, values.len(), flat),
            Some(origin) => (origin.x, origin.values.len(), origin.position(flat)),
        };
        Err(CompileError::Support {
            value: format!("{name}{}", element_place(x, n, flat)),
            place: self.iteration(x, n, flat).into(),
            found,
            distribution: text.into(),
            violation: violation.into(),
            help: help.into(),
            at,
        })
    }

    /// Outside the closed support of a continuous distribution.
    fn outside_of(
        &mut self,
        instance: &Instance,
        constraint: &dyn Constraint,
        bounds: &[Node],
        values: &Tensor,
    ) -> Option<Outside> {
        let (batch, event) =
            values.shape().split_at(values.ndim() - constraint.event_rank().min(values.ndim()));
        let event: usize = event.iter().product();
        let known: Vec<Vec<f64>> =
            bounds.iter().map(|&bound| self.broadcast_value(bound, batch)).collect::<Option<_>>()?;
        let atoms = instance.atoms(&mut self.graph);
        let atoms: Vec<Vec<f64>> =
            atoms.into_iter().map(|atom| self.broadcast_value(atom, batch)).collect::<Option<_>>()?;
        let flat: Vec<f64> = values.iter().copied().collect();
        let n_events = flat.len().checked_div(event).unwrap_or(0);
        (0..n_events).find_map(|k| {
            let own: Vec<f64> = known.iter().map(|bound| bound[k]).collect();
            let event_values = &flat[k * event..(k + 1) * event];
            if atoms.iter().any(|atom| atom[k] == event_values[0]) {
                return None;
            }
            if let Some(k_event) = event_values.iter().position(|x| x.is_infinite()) {
                return Some(Outside {
                    flat: k * event + k_event,
                    violation: "is finite".into(),
                    bound: None,
                });
            }
            let violation = constraint.violation(event_values, &own)?;
            let broken = |k: usize| match constraint.bounds()[k] {
                "lower" => event_values[0] < own[k],
                _ => event_values[0] > own[k],
            };
            let bound = (0..own.len()).find(|&k| event == 1 && broken(k)).map(|k| bounds[k]);
            Some(Outside { flat: k * event, violation, bound })
        })
    }

    /// On an edge of the support where the density is never finite: 0 under a LogNormal.
    fn on_an_open_edge(
        &mut self,
        instance: &Instance,
        constraint: &dyn Constraint,
        bounds: &[Node],
        values: &Tensor,
    ) -> Option<Outside> {
        let Instance::Plain { dist, form, args } = instance else { return None };
        if dist.event_rank() > 0 {
            return None;
        }
        for (side, which, words) in [(0, "lower", "is above"), (1, "upper", "is below")] {
            let Some(k) = constraint.bounds().iter().position(|name| *name == which) else { continue };
            let Some(bound) = self.broadcast_value(bounds[k], values.shape()) else { continue };
            let edges = values.iter().zip(&bound).enumerate().filter(|(_, (x, bound))| x == bound);
            for (flat, (_, bound)) in edges {
                let known: Vec<Option<f64>> =
                    args.iter().map(|&arg| Some(self.broadcast_value(arg, values.shape())?[flat])).collect();
                if fitting::is_open(*dist, *form, side, &known) {
                    let violation = format!("{words} {bound}");
                    return Some(Outside { flat, violation, bound: Some(bounds[k]) });
                }
                if known.iter().all(Option::is_none) {
                    break;
                }
            }
        }
        None
    }

    fn not_whole_between(
        &mut self,
        lower: Option<Node>,
        upper: Option<Node>,
        values: &Tensor,
    ) -> Option<Outside> {
        let lowest = lower.and_then(|node| self.broadcast_value(node, values.shape()));
        let highest = upper.and_then(|node| self.broadcast_value(node, values.shape()));
        values.iter().enumerate().find_map(|(flat, &value)| {
            let (violation, bound) = if value.fract() != 0.0 {
                ("is a whole number".to_string(), None)
            } else if let Some(lowest) = lowest.as_ref().filter(|lowest| value < lowest[flat]) {
                (format!("is at least {}", lowest[flat]), lower)
            } else if let Some(highest) = highest.as_ref().filter(|highest| value > highest[flat]) {
                (format!("is at most {}", highest[flat]), upper)
            } else {
                return None;
            };
            Some(Outside { flat, violation, bound })
        })
    }

    /// Of density 0 (or infinite) under arguments that are all known.
    fn impossible(&mut self, instance: &Instance, x: Node) -> Option<Outside> {
        if instance.event_rank() > 0
            || instance.arguments().iter().any(|&arg| self.graph.value(arg).is_none())
        {
            return None;
        }
        let shape = self.graph.shape(x).to_vec();
        if instance.shape_mismatch(&self.graph, &shape).is_some() {
            return None;
        }
        let density = instance.log_density(&mut self.graph, x);
        let density = self.broadcast_value(density, &shape)?;
        let flat = density.iter().position(|x| !x.is_finite())?;
        let words = if density[flat] > 0.0 { "a finite density" } else { "a density above 0" };
        Some(Outside { flat, violation: format!("with these arguments has {words}"), bound: None })
    }

    /// A constant's values over a shape that it broadcasts to.
    pub fn broadcast_value(&mut self, node: Node, shape: &[usize]) -> Option<Vec<f64>> {
        let tensor: Tensor = self.graph.value(node)?.clone();
        Some(tensor.broadcast(shape)?.iter().copied().collect())
    }

    /// An argument of the data must lie in its range.
    pub fn check_argument(&mut self, owner: &str, param: &Param, value: &Traced, expr: &Expr) -> Result<()> {
        let at = expr.span;
        if value.element == ElementType::Category {
            return Err(CompileError::Call {
                message: format!("{owner}'s {} is a category, not a number", param.name),
                help: Some("use it as an index: `alpha[county]`".into()),
                at,
            });
        }
        let Some(tensor) = self.constant(value).cloned() else { return Ok(()) };
        let values: Vec<f64> = tensor.iter().copied().collect();
        let Some((position, violation)) = param.range.violation(tensor.shape(), &values) else {
            return Ok(());
        };
        let place = self.argument_place(value, &tensor, position, expr);
        let help = param.help(owner);
        let distribution = owner.into();
        Err(CompileError::ArgumentRange { distribution, argument: param.name, violation, place, help, at })
    }

    /// What multiplies latents must be finite: an infinite number would make the log density so, or leave it without a value.
    pub fn check_factors(
        &mut self,
        builtin: &'static dyn Builtin,
        factors: &[Option<Traced>],
        args: &[Option<&Expr>],
    ) -> Result<()> {
        if !builtin::PRODUCTS.iter().any(|known| std::ptr::addr_eq(*known, builtin)) {
            return Ok(());
        }
        for (factor, expr) in factors.iter().zip(args).filter_map(|(f, e)| Some((f.as_ref()?, (*e)?))) {
            let Some(tensor) = self.constant(factor).filter(|_| !factor.is_enumerated()) else { continue };
            let is_infinite = |x: &f64| x.is_infinite();
            let position = match tensor.as_slice() {
                Some(flat) => flat.iter().position(is_infinite),
                None => tensor.iter().position(is_infinite),
            };
            let Some(position) = position else { continue };
            let tensor = tensor.clone();
            let found = tensor.iter().nth(position).copied().unwrap_or(f64::NAN);
            let place = self.argument_place(factor, &tensor, position, expr);
            return Err(CompileError::Data {
                message: format!("what multiplies a latent must be finite, but is {found}{place}"),
                help: Some("remove such rows, or correct the data".into()),
                at: expr.span,
            });
        }
        Ok(())
    }

    /// Where an argument is wrong: ` in `s[3]``, or ` in element 3 of `x - 5`, where `x` is 4`.
    fn argument_place(&mut self, value: &Traced, tensor: &Tensor, position: usize, expr: &Expr) -> String {
        let text = self.model.source.slice(expr.span).to_string();
        if matches!(expr.kind, ExprKind::Number(..)) {
            return String::new();
        }
        let element = element_place(value, tensor.len(), position);
        let iteration = self.iteration(value, tensor.len(), position);
        if matches!(expr.kind, ExprKind::Variable(_)) || element.is_empty() {
            return format!(" in `{text}{element}`{iteration}{}", self.parts(value, tensor, position, expr));
        }
        let element = element.trim_matches(['[', ']']).to_string();
        let parts = self.parts(value, tensor, position, expr);
        format!(" in element {element} of `{text}`{iteration}{parts}")
    }

    /// An index among several: ` (`group[3]`)`, ` (`group[i]` in iteration 3)`.
    pub fn index_place(&self, value: &Traced, tensor: &Tensor, position: usize, expr: &Expr) -> String {
        if tensor.len() < 2 {
            return String::new();
        }
        let text = self.model.source.slice(expr.span);
        let element = element_place(value, tensor.len(), position);
        let iteration = self.iteration(value, tensor.len(), position);
        if element.is_empty() || matches!(expr.kind, ExprKind::Variable(_)) {
            return format!(" (`{text}{element}`{iteration})");
        }
        format!(" (element {} of `{text}`{iteration})", element.trim_matches(['[', ']']))
    }

    /// `, where `x` is 4`: the data of an expression at one of its elements.
    fn parts(&mut self, value: &Traced, tensor: &Tensor, position: usize, expr: &Expr) -> String {
        if matches!(expr.kind, ExprKind::Variable(_)) {
            return String::new();
        }
        let mut shown = Vec::new();
        let mut below = Vec::new();
        named_parts(expr, &mut below);
        for part in below {
            let text = self.model.source.slice(part.span).to_string();
            let Ok(own) = self.array(part) else { continue };
            let Some(numbers) = self.constant(&own).cloned().filter(|_| own.element != ElementType::Category)
            else {
                continue;
            };
            let found = match numbers.len() {
                1 => numbers.first().copied(),
                n if n == tensor.len() && own.axes == value.axes => numbers.iter().nth(position).copied(),
                _ => None,
            };
            let words = found.map(|x| format!("`{text}` is {x}"));
            shown.extend(words.filter(|words| !shown.contains(words)));
        }
        shown.truncate(MOST_SHOWN);
        if shown.is_empty() { String::new() } else { format!(", where {}", shown.join(" and ")) }
    }

    /// ` in iteration 3` of the loop around a value.
    fn iteration(&self, value: &Traced, n: usize, flat: usize) -> String {
        if value.domain().is_none() {
            return String::new();
        }
        let inner: usize = value.dims.iter().product::<usize>().max(1);
        let rows = n / inner;
        if rows < 2 { String::new() } else { format!(" in iteration {}", flat / inner % rows + 1) }
    }
}

impl Origin<'_> {
    /// Where an element of the rows comes from.
    pub fn position(&self, flat: usize) -> usize {
        let block = self.block.max(1);
        self.rows.get(flat / block).map_or(flat, |&row| row as usize * block + flat % block)
    }
}

/// `[3]`, by the value's own dimensions and their levels.
fn element_place(value: &Traced, n: usize, flat: usize) -> String {
    let inner: usize = value.dims.iter().product();
    if value.dims.is_empty() || n == 0 || inner == 0 {
        return String::new();
    }
    element_name("", &value.dims, &value.labels, flat % inner)
}

/// Names of data, and elements of them, in an expression.
fn named_parts<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Variable(_) | ExprKind::Index { .. } => found.push(expr),
        ExprKind::Call { args, .. } => args.iter().flatten().for_each(|arg| named_parts(arg, found)),
        ExprKind::Array(items) | ExprKind::Apply { args: items, .. } => {
            items.iter().for_each(|item| named_parts(item, found));
        }
        _ => {}
    }
}
