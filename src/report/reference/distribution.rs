//! Pages of distributions, of what wraps them, and of the supports that latents have.

use super::{Argument, Example, Fact, Names, Page, evaluate};
use crate::check;
use crate::constraint::Constraint;
use crate::dist::question::{self, Answer, Question};
use crate::dist::{self, Distribution, Extent, Instance, Param, Support, Trial, Wrapper};
use crate::report::number::plain;
use crate::tape::{Graph, Node, Tensor};
use crate::types::ElementType;

/// Heading in lists.
pub fn group(dist: &dyn Distribution) -> &'static str {
    match (dist.event_rank(), dist.element()) {
        (0, ElementType::Real) => "Continuous",
        (0, _) => "Discrete",
        _ => "Multivariate",
    }
}

pub fn fill(page: &mut Page, dist: &'static dyn Distribution) {
    page.arguments = arguments(dist.forms().iter().copied().flatten());
    let mut fact = |title, text: String| page.facts.push(Fact { title, text });
    fact("support", support(dist));
    fact("log density", dist.formula().into());
    let answers = answers(dist);
    fact("answers", answers.join(", "));
    page.example = Some(Example { text: dist.example().into(), result: None });
    page.elsewhere = Names::of(dist.elsewhere());
}

pub fn fill_wrapper(page: &mut Page, wrapper: &dyn Wrapper) {
    page.arguments = arguments(wrapper.params().iter());
    page.facts.push(Fact { title: "log density", text: wrapper.formula().into() });
    page.example = Some(Example { text: wrapper.example().into(), result: None });
    page.elsewhere = Names::of(wrapper.elsewhere());
}

pub fn fill_question(page: &mut Page, question: &Question) {
    page.arguments = arguments(question.argument.iter());
    let result = evaluate(question.example).ok();
    page.example = Some(Example { text: question.example.into(), result });
    page.elsewhere = Names::of(question.elsewhere);
}

pub fn fill_constraint(page: &mut Page, constraint: &dyn Constraint) {
    let has_it = |dist: &&'static dyn Distribution| match symbolic_support(*dist, LENGTHS[0]) {
        Some((_, Support::Continuous { constraint: own, .. }, _)) => own.name() == constraint.name(),
        _ => false,
    };
    let dists: Vec<&str> = dist::ALL.iter().copied().filter(has_it).map(|dist| dist.name()).collect();
    let wraps = dist::wrappers::find(constraint.name()).map(|wrapper| format!("{}(D)", wrapper.name()));
    let users: Vec<&str> = dists.into_iter().chain(wraps.as_deref()).collect();
    if !users.is_empty() {
        page.facts.push(Fact { title: "support of", text: users.join(", ") });
    }
}

/// `mixture(w, D)` and `mixture(w, [D1, D2])`.
pub fn wrapper_signatures(wrapper: &dyn Wrapper) -> Vec<String> {
    let one = check::wrapper_signature(wrapper);
    let several = one.replace("D)", "[D1, D2])");
    if wrapper.takes_list() && several != one { vec![one, several] } else { vec![one] }
}

/// The different arguments of all forms, each once.
fn arguments<'p>(params: impl Iterator<Item = &'p Param>) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    for param in params {
        let argument = Argument {
            name: param.name.into(),
            range: range(param),
            default: param.default,
            doc: param.doc.into(),
        };
        if !arguments.contains(&argument) {
            arguments.push(argument);
        }
    }
    arguments
}

/// `positive`, `vector of real`.
fn range(param: &Param) -> String {
    let words = param.range.words();
    if param.rank == 1 { format!("vector, {words}") } else { words.into() }
}

/// Lengths of vectors with which the support is asked for: a bound that differs between them follows the length.
const LENGTHS: [usize; 2] = [3, 5];

/// Supports that are told by their bounds; the others by what they are.
const PLAIN: [&str; 4] = ["real", "lower", "upper", "interval"];

/// Where a distribution puts its mass, in terms of its arguments.
fn support(dist: &'static dyn Distribution) -> String {
    let [short, long] = LENGTHS.map(|length| symbolic_support(dist, length));
    let (Some((g, short, args)), Some((h, long, _))) = (short, long) else {
        return "set by the arguments".into();
    };
    if let Support::Continuous { constraint, .. } = &short
        && (constraint.event_rank() > 0 || !PLAIN.contains(&constraint.name()))
    {
        return constraint.summary().into();
    }
    let longer = long.bounds().map(|node| node.and_then(|node| number(&h, node)));
    let mut bounds = [None, None];
    for (k, node) in short.bounds().into_iter().enumerate() {
        let Some(node) = node else { continue };
        bounds[k] = match bound(dist, &g, &args, node, longer[k]) {
            Some(words) => Some(words),
            None if matches!(short, Support::Integers { .. }) => {
                return "whole numbers between bounds that the arguments set".into();
            }
            None => return "an interval that the arguments set".into(),
        };
    }
    match &short {
        Support::Continuous { constraint, .. } => match bounds {
            [None, None] if dist.event_rank() > 0 => "vectors of real numbers".into(),
            [None, None] => "real numbers".into(),
            [Some(lower), None] => format!("x > {lower}"),
            [None, Some(upper)] => format!("x < {upper}"),
            // bounds that have no names
            [Some(lower), Some(upper)] if lower == upper => constraint.summary().into(),
            [Some(lower), Some(upper)] => format!("{lower} < x < {upper}"),
        },
        Support::Counts { total } => match bound(dist, &g, &args, *total, None) {
            Some(total) => format!("vectors of counts that sum to {total}"),
            None => "vectors of counts".into(),
        },
        Support::Integers { .. } => match bounds {
            [None, None] => "x = ..., -1, 0, 1, ...".into(),
            [Some(lower), None] if lower == "0" => "x = 0, 1, 2, ...".into(),
            [Some(lower), None] => format!("x = {lower}, {lower} + 1, ..."),
            [None, Some(upper)] => format!("x = ..., {upper}"),
            [Some(lower), Some(upper)] if lower == "0" && upper == "1" => "x = 0, 1".into(),
            [Some(lower), Some(upper)] => format!("x = {lower}, ..., {upper}"),
        },
    }
}

/// The support of the first form, with arguments that are not known but where the shape of a draw needs them.
fn symbolic_support(dist: &'static dyn Distribution, length: usize) -> Option<(Graph, Support, Vec<Node>)> {
    let trial = dist.trials().iter().find(|trial| trial.form == 0)?;
    let needed = |k: usize| {
        dist.event(0).iter().any(|extent| match *extent {
            Extent::Last(_) => false,
            Extent::Value(of) => of == k,
            Extent::Largest(of) => of.contains(&k),
        })
    };
    let mut g = Graph::new();
    let mut args = Vec::new();
    for (k, param) in dist.forms()[0].iter().enumerate() {
        args.push(if needed(k) {
            g.constant(tensor(param.rank, trial.args[k]))
        } else {
            g.input(&vec![length; param.rank])
        });
    }
    let support = dist.support(&mut g, 0, &args);
    Some((g, support, args))
}

/// Whether latents of it that depend on others can be looked at in other coordinates.
pub fn is_recentred(dist: &'static dyn Distribution) -> bool {
    let symbolic = symbolic_support(dist, LENGTHS[0]);
    symbolic.is_some_and(|(mut g, _, args)| dist.location_scale(&mut g, 0, &args).is_some())
}

/// A bound in terms of the arguments, where that is short; `longer` is its value where vectors are longer.
fn bound(
    dist: &dyn Distribution,
    g: &Graph,
    args: &[Node],
    node: Node,
    longer: Option<f64>,
) -> Option<String> {
    let params = dist.forms()[0];
    if let Some(k) = args.iter().position(|&arg| arg == node) {
        return Some(params[k].name.into());
    }
    let value = number(g, node)?;
    if value.abs() == std::f64::consts::PI {
        return Some(if value > 0.0 { "pi" } else { "-pi" }.into());
    }
    if longer.is_none_or(|longer| longer == value) {
        return Some(plain(value));
    }
    let vector = params.iter().find(|param| param.rank == 1)?.name;
    Some(match value - LENGTHS[0] as f64 {
        0.0 => format!("len({vector})"),
        more if more > 0.0 => format!("len({vector}) + {}", plain(more)),
        less => format!("len({vector}) - {}", plain(-less)),
    })
}

fn number(g: &Graph, node: Node) -> Option<f64> {
    g.value(node)?.iter().next().copied()
}

/// The questions that it answers: by formula or by inversion.
fn answers(dist: &'static dyn Distribution) -> Vec<&'static str> {
    let Some(trial) = dist.trials().first() else { return Vec::new() };
    let mut g = Graph::new();
    let instance = instance(&mut g, dist, trial);
    let half = g.scalar(0.5);
    let mut answers = |question: &&'static Question| match question.answer {
        // Every distribution has a density.
        Answer::OfDraw(_) => true,
        Answer::OfNumber(ask) => dist.event_rank() == 0 && ask(&instance, &mut g, half).is_some(),
        Answer::Alone(ask) => ask(&instance, &mut g).is_some(),
    };
    question::ALL.iter().copied().filter(|question| answers(question)).map(|question| question.name).collect()
}

fn instance(g: &mut Graph, dist: &'static dyn Distribution, trial: &Trial) -> Instance {
    let params = dist.forms()[trial.form];
    let args = trial.args.iter().zip(params).map(|(values, param)| g.constant(tensor(param.rank, values)));
    Instance::Plain { dist, form: trial.form, args: args.collect() }
}

/// Row-major values as an argument of one draw; a matrix is square.
fn tensor(rank: usize, values: &[f64]) -> Tensor {
    let n = if rank == 2 { values.len().isqrt() } else { values.len() };
    Tensor::from_shape_vec(vec![n; rank], values.to_vec()).unwrap_or_default()
}
