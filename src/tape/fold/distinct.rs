//! Sums over the distinct elements of an array, each as often as it is there.

use super::classes::{Classes, Finder};
use super::exact::Exact;
use super::form::{Form, broadcast_positions, form};
use super::split::Front;
use super::squares::FoldedSum;
use crate::tape::graph::{Graph, Node, elements};

/// The sum of an array's elements, with the known weights in `front`, over its distinct ones.
pub fn sum_of_distinct(g: &mut Graph, front: &Front, x: Node) -> Option<FoldedSum> {
    let rows = g.size(x);
    let classes = Finder::new(rows).classes(g, x)?;
    let weight = |i: usize, _| front.weights.as_ref().map_or(1.0, |weights| weights[i]);
    let counts = sums_by_class(&classes.of, classes.count, weight);
    let weighed = weigh(g, &counts, classes.values)?;
    let node = g.sum_all(weighed);
    Some(FoldedSum { node, note: note(rows, classes.count) })
}

/// The weighted sum of (h_i (c_i + f_i))^2, where c is known, over the distinct elements of f and h. Of each of these, with
/// the weight W and the weighted mean m of c: sum_i w_i h^2 (c_i + f)^2 = h^2 (W (m + f)^2 + sum_i w_i (c_i - m)^2).
pub fn squares_of_distinct(g: &mut Graph, front: &Front, x: Node) -> Option<FoldedSum> {
    let rows = g.size(x);
    let Residual { prediction, sign, known, weights, factors } = Residual::of(g, front, x)?;
    let mut finder = Finder::new(rows);
    let mut arrays = vec![finder.classes(g, prediction)?];
    for (factor, of) in factors {
        arrays.push(finder.argument(g, factor, of)?);
    }
    let joined = finder.join(&arrays)?;
    let (of, count) = (&joined.of, joined.first.len());
    let totals = sums_by_class(of, count, |i, _| weights[i]);
    if totals.iter().any(|&total| total <= 0.0) {
        return None;
    }
    let means = sums_by_class(of, count, |i, class| weights[i] * known[i] / totals[class]);
    let rests = sums_by_class(of, count, |i, class| weights[i] * (known[i] - means[class]).powi(2));
    if means.iter().chain(&rests).any(|x| !x.is_finite()) {
        return None;
    }
    let prediction = joined.pick(g, &arrays[0]);
    let means = g.vector(&means.iter().map(|mean| sign * mean).collect::<Vec<f64>>());
    let shifted = g.add(prediction, means);
    let squares = g.square(shifted);
    let weighed = weigh(g, &totals, squares)?;
    let node = if arrays.len() == 1 {
        let rest: Exact = rests.into_iter().collect();
        let sum = g.sum_all(weighed);
        g.add_scalar(sum, rest.value())
    } else {
        let rests = g.vector(&rests);
        let mut of_classes = g.add(weighed, rests);
        for array in &arrays[1..] {
            let factor: &Classes = array;
            let factor = joined.pick(g, factor);
            let square = g.square(factor);
            of_classes = g.mul(square, of_classes);
        }
        g.sum_all(of_classes)
    };
    Some(FoldedSum { node, note: note(rows, count) })
}

fn note(rows: usize, count: usize) -> String {
    format!("{rows} rows into {count} distinct ones")
}

fn sums_by_class(of: &[u32], count: usize, term: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut sums = vec![Exact::default(); count];
    of.iter().enumerate().for_each(|(i, &class)| sums[class as usize].add(term(i, class as usize)));
    sums.into_iter().map(Exact::value).collect()
}

/// An array times weights, all of which are finite.
fn weigh(g: &mut Graph, weights: &[f64], x: Node) -> Option<Node> {
    if weights.iter().any(|weight| !weight.is_finite()) {
        return None;
    }
    let weights = g.vector(weights);
    Some(g.mul(weights, x))
}

/// An array that is to be squared, with weights w: h (c + s f).
struct Residual {
    /// f
    prediction: Node,
    /// s
    sign: f64,
    /// c
    known: Vec<f64>,
    /// w
    weights: Vec<f64>,
    /// Arrays that multiply to h, each with the one that it was an argument of.
    factors: Vec<(Node, Node)>,
}

impl Residual {
    fn of(g: &mut Graph, front: &Front, x: Node) -> Option<Residual> {
        let rows = g.size(x);
        let weights = front.weights.as_ref().map_or_else(|| vec![1.0; rows], |weights| weights.to_vec());
        let known = vec![0.0; rows];
        let mut r = Residual { prediction: x, sign: 1.0, known, weights, factors: Vec::new() };
        // Factors are in front of all that is known and added.
        loop {
            let whole = |g: &Graph, n: Node| g.size(n) == rows;
            let x = r.prediction;
            r.prediction = match form(g, x) {
                Form::Reshape(rest) | Form::Neg(rest) => rest,
                Form::Mul(k, rest) | Form::Mul(rest, k) if whole(g, rest) && g.value(k).is_some() => {
                    let factors = over_rows(g, k, x)?;
                    r.weights.iter_mut().zip(&factors).for_each(|(w, k)| *w *= k * k);
                    rest
                }
                Form::Mul(h, rest) | Form::Mul(rest, h) if whole(g, rest) && is_shifted(g, rest) => {
                    r.factors.push((h, x));
                    rest
                }
                Form::Div(rest, h) if whole(g, rest) && is_shifted(g, rest) => {
                    r.factors.push((g.recip(h), x));
                    rest
                }
                _ => break,
            };
        }
        loop {
            let whole = |g: &Graph, n: Node| g.size(n) == rows;
            let x = r.prediction;
            let shift = |r: &mut Residual, c: Node, sign: f64| {
                let known = over_rows(g, c, x)?;
                r.known.iter_mut().zip(&known).for_each(|(own, c)| *own += sign * r.sign * c);
                Some(())
            };
            r.prediction = match form(g, x) {
                Form::Reshape(rest) => rest,
                Form::Neg(rest) => {
                    r.sign = -r.sign;
                    rest
                }
                Form::Add(c, rest) | Form::Add(rest, c) if whole(g, rest) && g.value(c).is_some() => {
                    shift(&mut r, c, 1.0)?;
                    rest
                }
                Form::Sub(rest, c) if whole(g, rest) && g.value(c).is_some() => {
                    shift(&mut r, c, -1.0)?;
                    rest
                }
                Form::Sub(c, rest) if whole(g, rest) && g.value(c).is_some() => {
                    shift(&mut r, c, 1.0)?;
                    r.sign = -r.sign;
                    rest
                }
                _ => return Some(r),
            };
        }
    }
}

/// Whether something known is added to an array.
fn is_shifted(g: &Graph, x: Node) -> bool {
    match form(g, x) {
        Form::Reshape(of) | Form::Neg(of) => is_shifted(g, of),
        Form::Add(a, b) | Form::Sub(a, b) => g.value(a).is_some() || g.value(b).is_some(),
        _ => false,
    }
}

/// The value of a constant argument of an operation whose result is `y`, for the elements of the result.
fn over_rows(g: &Graph, x: Node, y: Node) -> Option<Vec<f64>> {
    let values = elements(g.value(x)?);
    let positions = broadcast_positions(g.shape(x), g.shape(y));
    Some(positions.iter().map(|&i| values[i as usize]).collect())
}
