//! Regular sequences: `range` (written `a:b`), `seq` and `rep`.

use crate::builtin::call::{MAX_LENGTH, take};
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{length, numeric, scalar, shape, vector};
use crate::builtin::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, ElementType, Type};

/// `a:b`
pub const RANGE: &dyn Builtin = &Function {
    name: "range",
    summary: "Whole numbers from one bound to the other, both included; written `a:b`.",
    params: &[Param::required("from"), Param::required("to")],
    example: "2:5",
    facts: Facts::Plain,
    result: |args| {
        let from = length_or_unknown(args, 0)?;
        let to = length_or_unknown(args, 1)?;
        Ok(Type::array(ElementType::Int, shape([span(&from, &to)])))
    },
    build: range,
};

pub const ALL: &[&dyn Builtin] = &[
    RANGE,
    &Function {
        name: "seq",
        summary: "Regular sequence: in steps of 1, or of `by`, or `length` evenly spaced values.",
        params: &[
            Param::required("from"),
            Param::required("to"),
            Param::optional("by"),
            Param::named("length"),
        ],
        example: "seq(0, 1, length = 5)",
        facts: Facts::Plain,
        result: seq_result,
        build: |g, call| {
            let values = seq_values(g, call)?;
            let n = values.len();
            Ok(call.constant(g, values, &[n]))
        },
    },
    &Function {
        name: "rep",
        summary: "x repeated `times` times; with a vector of times, each element as often as it says.",
        params: &[Param::required("x"), Param::required("times")],
        example: "rep([1, 2], times = 2)",
        facts: Facts::Rearranges,
        result: rep_result,
        build: rep,
    },
];

fn length_or_unknown(args: &[Option<Type>], i: usize) -> Result<Dim, CallError> {
    length(typ(args, i)?, i, "a bound of a range")
}

/// Length of from:to.
fn span(from: &Dim, to: &Dim) -> Dim {
    match (from, to) {
        (Dim::Known(a), Dim::Known(b)) => Dim::Known((b + 1).saturating_sub(*a)),
        _ => to.minus(from).map_or(Dim::Unknown, |d| d.plus(&Dim::Known(1))),
    }
}

/// The bounds may move through the passes of a loop as long as the length does not.
fn range(g: &mut Graph, call: &Call) -> Result<Node, CallError> {
    let (from, to) = (call.arg(0)?.node, call.arg(1)?.node);
    let (Some(a), Some(b)) = (g.value(from), g.value(to)) else {
        return Err(CallError::new("the bounds of a range must be known from the data")
            .help("one of them depends on a latent variable here"));
    };
    let (a, b): (Vec<f64>, Vec<f64>) = (a.iter().copied().collect(), b.iter().copied().collect());
    let rows = a.len().max(b.len());
    let lengths = (0..rows).map(|i| (b[i % b.len()] - a[i % a.len()] + 1.0).max(0.0));
    let lengths: Vec<f64> = if a.is_empty() || b.is_empty() { vec![0.0] } else { lengths.collect() };
    let first = lengths[0];
    if let Some((pass, n)) = lengths.iter().enumerate().find(|(_, n)| **n != first) {
        let message = format!(
            "the length of the range changes over the loop: it is {first} in pass 1 and {n} in pass {}",
            pass + 1
        );
        return Err(
            CallError::new(message).help("make it one length, and leave out what is too much by `where`")
        );
    }
    if first.is_nan() || first * rows as f64 > MAX_LENGTH as f64 {
        return Err(CallError::new(format!("a range of {first} numbers is too long")));
    }
    let steps: Vec<f64> = (0..first as usize).map(|i| i as f64).collect();
    let steps = g.vector(&steps);
    let from = call.reshaped(g, call.arg(0)?, &[1]);
    let values = g.add(from, steps);
    if a.len() >= b.len() {
        return Ok(values);
    }
    let shape = [&call.batch_shape(g)[..], &[first as usize]].concat();
    Ok(g.broadcast(values, &shape))
}

fn seq_result(args: &[Option<Type>]) -> Result<Type, CallError> {
    numeric(args)?;
    let (from, to) = (typ(args, 0)?, typ(args, 1)?);
    scalar(from, 0, "the start of `seq`")?;
    scalar(to, 1, "the end of `seq`")?;
    let by = args.get(2).and_then(Option::as_ref);
    let count = args.get(3).and_then(Option::as_ref);
    if let (Some(_), Some(_)) = (by, count) {
        return Err(CallError::new("`seq` takes `by` or `length`, not both").about(3));
    }
    if let Some(count) = count {
        let n = length(count, 3, "the length of `seq`")?;
        return Ok(Type::array(ElementType::Real, shape([n])));
    }
    if let Some(by) = by {
        scalar(by, 2, "the step of `seq`")?;
    }
    let whole = [Some(from), by].into_iter().flatten().all(|t| t.element == Some(ElementType::Int));
    let element = if whole { ElementType::Int } else { ElementType::Real };
    Ok(Type::array(element, shape([Dim::Unknown])))
}

fn seq_values(g: &Graph, call: &Call) -> Result<Vec<f64>, CallError> {
    let number = |i: usize, what: &str| -> Result<f64, CallError> {
        let value = call.known(g, i, what)?;
        value
            .first()
            .copied()
            .filter(|x| x.is_finite())
            .ok_or_else(|| CallError::new(format!("{what} must be a finite number")).about(i))
    };
    let from = number(0, "the start of `seq`")?;
    let to = number(1, "the end of `seq`")?;
    if call.optional(3).is_some() {
        let n = call.known_length(g, 3, "the length of `seq`")?;
        let last = n.saturating_sub(1) as f64;
        let at =
            |i: usize| if i as f64 == last && n > 1 { to } else { from + (to - from) * (i as f64 / last) };
        return Ok(if n == 1 { vec![from] } else { (0..n).map(at).collect() });
    }
    let by = match call.optional(2) {
        Some(_) => number(2, "the step of `seq`")?,
        None => 1.0_f64.copysign(to - from),
    };
    // As in R: the last step may miss the end by a relative 1e-10.
    let steps = (to - from) / by + 1e-10;
    if by == 0.0 && from != to || steps < 0.0 {
        return Err(CallError::new(format!("`seq` cannot go from {from} to {to} in steps of {by}")).about(2));
    }
    if from == to {
        return Ok(vec![from]);
    }
    if steps >= MAX_LENGTH as f64 {
        return Err(
            CallError::new(format!("`seq` from {from} to {to} in steps of {by} is too long")).about(2)
        );
    }
    Ok((0..=steps as usize).map(|i| from + i as f64 * by).collect())
}

fn rep_result(args: &[Option<Type>]) -> Result<Type, CallError> {
    let (x, times) = (typ(args, 0)?, typ(args, 1)?);
    if times.element == Some(ElementType::Real) {
        return Err(CallError::new("`times` of `rep` must be whole numbers, found real").about(1));
    }
    let n = match x.shape.dims() {
        None => Dim::Unknown,
        Some([]) => Dim::Known(1),
        Some(_) => vector(x, 0, "what `rep` repeats")?,
    };
    let total = match times.shape.dims() {
        None => Dim::Unknown,
        Some([]) => n.times(&times.size.clone().unwrap_or(Dim::Unknown)),
        Some([m]) if crate::builtin::typing::same(&n, m).is_some() => Dim::Unknown,
        Some(_) => {
            let message = format!(
                "`times` must be one number or one for each element: {} for {}",
                times.shape, x.shape
            );
            return Err(CallError::new(message).about(1));
        }
    };
    Ok(Type { element: x.element, shape: shape([total]), size: None })
}

fn rep(g: &mut Graph, call: &Call) -> Result<Node, CallError> {
    let x = call.arg(0)?;
    let n = call.event(g, x).first().copied().unwrap_or(1);
    let times = call.known(g, 1, "`times` of `rep`")?;
    if times.iter().any(|t| t.fract() != 0.0 || *t < 0.0) {
        return Err(CallError::new("`times` of `rep` must be whole numbers from 0 on").about(1));
    }
    let each = call.arg(1)?.rank == 1;
    let total = if each { times.iter().sum() } else { times[0] * n as f64 };
    if total > MAX_LENGTH as f64 {
        return Err(CallError::new("`rep` makes too long a vector").about(1));
    }
    let index: Vec<usize> = if each {
        (0..n).flat_map(|i| std::iter::repeat_n(i, times[i] as usize)).collect()
    } else {
        (0..n).cycle().take(total as usize).collect()
    };
    let x = call.reshaped(g, x, &[n]);
    Ok(take(g, x, call.batch, &index))
}
