//! The same number in fewer operations on numbers: what a model of few data spends its time on.
//!
//! Choices whose outcome is known from the ranges of values are made at once, functions of exponentials are taken into
//! the exponent, and the terms of the whole sum are put together by their known factors. It is done before anything is
//! differentiated, since each operation comes back several times in the derivatives.

use std::collections::HashMap;

use super::graph::{Graph, Node, elements};
use super::op::{Op, is};
use super::ops::arithmetic::{Abs, Add, Mul, Neg, Recip, Sqrt, Square, Sub};
use super::ops::comparison::{And, Less, LessEqual, Or};
use super::ops::elementwise::{Binary, Map1, Map2, Unary};
use super::ops::exponential::{Exp, Log, Log1pExp, Logistic};
use super::ops::select::Select;
use super::plan::live_nodes;

/// A node of shape `[]` of the same value, but for rounding and for NaN where an argument is NaN.
pub fn simplify(g: &mut Graph, total: Node) -> Node {
    let live = live_nodes(g, &[total]);
    let mut replaced: HashMap<Node, Node> = HashMap::new();
    let mut ranges = Ranges::default();
    for i in (0..live.len()).filter(|&i| live[i]) {
        let node = Node(i as u32);
        let mut new = g.with_replaced(node, &replaced);
        while let Some(simpler) = simpler(g, new, &mut ranges) {
            new = simpler;
        }
        if new != node {
            replaced.insert(node, new);
        }
    }
    let total = *replaced.get(&total).unwrap_or(&total);
    Terms::of(g, total).and_then(|terms| terms.sum(g)).unwrap_or(total)
}

/// The values that the elements of an array can take, NaN apart.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: f64,
    high: f64,
    /// Not even `low` is taken. Of exponentials only where they are of coordinates: elsewhere they may underflow.
    is_above: bool,
}

impl Range {
    /// Bounds that are NaN say nothing. Sums and products of bounds hold for rounded ones too, since rounding keeps the order.
    fn between(low: f64, high: f64) -> Range {
        let low = if low.is_nan() { f64::NEG_INFINITY } else { low };
        Range { low, high: if high.is_nan() { f64::INFINITY } else { high }, is_above: false }
    }
}

const ANY: Range = Range { low: f64::NEG_INFINITY, high: f64::INFINITY, is_above: false };
const NOT_NEGATIVE: Range = Range { low: 0.0, ..ANY };

/// What is known of nodes that were looked at.
#[derive(Default)]
struct Ranges(HashMap<Node, Range>);

impl Ranges {
    /// Of nodes whose arguments have been looked at more is known than of others.
    fn of(&mut self, g: &Graph, n: Node) -> Range {
        if let Some(range) = self.0.get(&n) {
            return *range;
        }
        let range = self.find(g, n);
        self.0.insert(n, range);
        range
    }

    fn known(&self, n: Node) -> Range {
        self.0.get(&n).copied().unwrap_or(ANY)
    }

    fn find(&mut self, g: &Graph, n: Node) -> Range {
        if let Some(value) = g.value(n) {
            let values = elements(value);
            if values.iter().any(|x| x.is_nan()) {
                return ANY;
            }
            return Range {
                low: values.iter().copied().fold(f64::INFINITY, f64::min),
                high: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                is_above: false,
            };
        }
        let Some((op, args)) = g.application(n) else { return ANY };
        // constants are looked at once, other arguments have been
        for &arg in args.iter().filter(|&&arg| g.value(arg).is_some()) {
            self.of(g, arg);
        }
        let of = |k: usize| self.known(args[k]);
        let op: &dyn Op = &**op;
        if is1::<Exp>(op) {
            return Range { is_above: is_coordinate(g, args[0]), ..NOT_NEGATIVE };
        }
        if is1::<Square>(op) || is1::<Sqrt>(op) || is1::<Abs>(op) || is1::<Log1pExp>(op) {
            return NOT_NEGATIVE;
        }
        if is1::<Logistic>(op) {
            return Range { low: 0.0, high: 1.0, is_above: false };
        }
        if is1::<Neg>(op) {
            let x = of(0);
            return Range { low: -x.high, high: -x.low, is_above: false };
        }
        if is::<Select>(op) {
            let (a, b) = (of(1), of(2));
            let is_above = a.is_above && b.is_above && a.low == b.low;
            return Range { low: a.low.min(b.low), high: a.high.max(b.high), is_above };
        }
        if is2::<Add>(op) {
            let (a, b) = (of(0), of(1));
            return Range::between(a.low + b.low, a.high + b.high);
        }
        if is2::<Sub>(op) {
            let (a, b) = (of(0), of(1));
            return Range::between(a.low - b.high, a.high - b.low);
        }
        if is2::<Mul>(op) && of(0).low >= 0.0 && of(1).low >= 0.0 {
            let (a, b) = (of(0), of(1));
            // 0 times infinity is NaN, of which nothing is said
            return Range { low: (a.low * b.low).max(0.0), ..Range::between(0.0, a.high * b.high) };
        }
        if op.view().is_some() { Range { is_above: of(0).is_above, ..of(0) } } else { ANY }
    }
}

/// Whether a node is an input, or a part of one.
fn is_coordinate(g: &Graph, mut n: Node) -> bool {
    while let Some((op, args)) = g.application(n) {
        if op.view().is_none() {
            return false;
        }
        n = args[0];
    }
    g.value(n).is_none()
}

fn is1<F: Unary>(op: &dyn Op) -> bool {
    is::<Map1<F>>(op)
}

fn is2<F: Binary>(op: &dyn Op) -> bool {
    is::<Map2<F>>(op)
}

/// x of e^x, in the shape of that, however its elements are shaped before.
pub fn exponent(g: &mut Graph, n: Node) -> Option<Node> {
    let shape = g.shape(n).to_vec();
    let mut power = n;
    loop {
        let (op, args) = g.application(power)?;
        if is1::<Exp>(&**op) {
            let x = args[0];
            return Some(g.reshape(x, &shape));
        }
        power = args[0];
        if op.view().is_none() || g.size(power) != g.size(n) {
            return None;
        }
    }
}

/// One step towards fewer operations.
fn simpler(g: &mut Graph, n: Node, ranges: &mut Ranges) -> Option<Node> {
    ranges.of(g, n);
    let (op, args) = g.application(n)?;
    let (op, args) = (op.clone(), args.to_vec());
    let op: &dyn Op = &*op;
    if is2::<LessEqual>(op) || is2::<Less>(op) {
        let strict = is2::<Less>(op);
        let (a, b) = (ranges.of(g, args[0]), ranges.of(g, args[1]));
        let holds = a.high < b.low || a.high <= b.low && (!strict || b.is_above);
        let shape = g.shape(n).to_vec();
        return holds.then(|| g.full(&shape, 1.0));
    }
    let rebuilt = if is::<Select>(op) {
        g.select(args[0], args[1], args[2])
    } else if is2::<And>(op) {
        g.and(args[0], args[1])
    } else if is2::<Or>(op) {
        g.or(args[0], args[1])
    } else {
        n
    };
    if rebuilt != n {
        return Some(rebuilt);
    }
    if let Some(inner) = args.first().and_then(|&x| exponent(g, x)) {
        if is1::<Log>(op) {
            return Some(inner);
        }
        let factor = [(is1::<Recip>(op), -1.0), (is1::<Square>(op), 2.0), (is1::<Sqrt>(op), 0.5)];
        let (_, factor) = *factor.iter().find(|(is, _)| *is)?;
        let exponent = g.mul_scalar(inner, factor);
        return Some(g.exp(exponent));
    }
    None
}

/// A sum of nodes with known factors, and a number.
#[derive(Default)]
struct Terms {
    number: f64,
    /// In order of first appearance.
    terms: Vec<(Node, f64)>,
    places: HashMap<Node, usize>,
}

/// Most terms that are put together.
const MAX_TERMS: usize = 10_000;

impl Terms {
    /// The terms of a node of shape `[]`; `None` if there are very many.
    fn of(g: &mut Graph, total: Node) -> Option<Terms> {
        let mut terms = Terms::default();
        let mut open = vec![(total, 1.0)];
        for _ in 0..MAX_TERMS {
            let Some((n, factor)) = open.pop() else { return Some(terms) };
            if let Some(number) = g.scalar_value(n) {
                terms.number += factor * number;
                continue;
            }
            if let Some((number, x)) = g.scaled(n) {
                open.push((x, factor * number));
                continue;
            }
            let Some((op, args)) = g.application(n).filter(|(_, args)| args.len() <= 2) else {
                terms.add(n, factor);
                continue;
            };
            let (op, args): (&dyn Op, [Node; 2]) = (&**op, [args[0], args[args.len() - 1]]);
            if is2::<Add>(op) {
                open.extend([(args[1], factor), (args[0], factor)]);
            } else if is2::<Sub>(op) {
                open.extend([(args[1], -factor), (args[0], factor)]);
            } else if is2::<Mul>(op) {
                let [(a, x), (b, y)] = args.map(|arg| g.scaled(arg).unwrap_or((1.0, arg)));
                let product = g.mul(x, y);
                terms.add(product, factor * a * b);
            } else if is1::<Square>(op)
                && let Some((number, x)) = g.scaled(args[0])
            {
                let square = g.square(x);
                terms.add(square, factor * number * number);
            } else {
                terms.add(n, factor);
            }
        }
        None
    }

    fn add(&mut self, n: Node, factor: f64) {
        let place = *self.places.entry(n).or_insert(self.terms.len());
        match self.terms.get_mut(place) {
            Some((_, own)) => *own += factor,
            None => self.terms.push((n, factor)),
        }
    }

    /// Terms of one factor are added up before they are multiplied; `None` where a factor is not finite.
    fn sum(self, g: &mut Graph) -> Option<Node> {
        let mut by_factor: Vec<(f64, Vec<Node>, Vec<Node>)> = Vec::new();
        for (n, factor) in self.terms {
            let size = factor.abs();
            if !size.is_finite() {
                return None;
            }
            let place = by_factor.iter().position(|(own, _, _)| *own == size).unwrap_or_else(|| {
                by_factor.push((size, Vec::new(), Vec::new()));
                by_factor.len() - 1
            });
            let (_, plus, minus) = &mut by_factor[place];
            if factor > 0.0 { plus.push(n) } else { minus.push(n) }
        }
        let mut total = None;
        for (size, plus, minus) in by_factor.into_iter().filter(|(size, _, _)| *size != 0.0) {
            let [plus, minus] = [plus, minus].map(|nodes| nodes.into_iter().reduce(|sum, n| g.add(sum, n)));
            let (sum, factor) = match (plus, minus) {
                (Some(plus), Some(minus)) => (g.sub(plus, minus), size),
                (Some(plus), None) => (plus, size),
                (None, Some(minus)) => (minus, -size),
                (None, None) => continue,
            };
            let part = g.mul_scalar(sum, factor);
            total = Some(total.map_or(part, |total| g.add(total, part)));
        }
        Some(match total {
            Some(total) => g.add_scalar(total, self.number),
            None => g.scalar(self.number),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Program, forward, reverse};
    use super::*;

    /// Value, gradient and second derivative along ones, and how many operations the program has.
    fn evaluate(g: &mut Graph, x: Node, y: Node, at: &[f64]) -> (Vec<f64>, usize) {
        let gradient = reverse(g, y, &[x])[0];
        let ones = g.full(&[at.len()], 1.0);
        let second = forward(g, &[gradient], &[(x, ones)])[0];
        let program = Program::new(g, &[x], &[y, gradient, second]);
        let mut ws = program.workspace(1);
        program.run(&mut ws, &[at]);
        let values = (0..3).flat_map(|k| program.output(&ws, k).data.to_vec()).collect();
        (values, program.dump().lines().count())
    }

    fn element(g: &mut Graph, x: Node, i: usize) -> Node {
        g.slice(x, i, &[])
    }

    /// Builds a number from three coordinates, which must stay the same in fewer operations.
    fn check(build: impl Fn(&mut Graph, [Node; 3]) -> Node) {
        let mut g = Graph::new();
        let x = g.input(&[3]);
        let coordinates = [0, 1, 2].map(|i| element(&mut g, x, i));
        let y = build(&mut g, coordinates);
        let simple = simplify(&mut g, y);
        let at = [0.3, -0.8, 1.2];
        let (expected, before) = evaluate(&mut g, x, y, &at);
        let (found, after) = evaluate(&mut g, x, simple, &at);
        assert!(after < before, "{before} lines, then {after}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-14 * (1.0 + expected.abs()), "{found:?} {expected:?}");
        }
    }

    #[test]
    fn scales_are_functions_of_the_coordinate() {
        check(|g, [x, u, _]| {
            let sd = g.exp(u);
            let (precision, log) = (g.recip(sd), g.log(sd));
            let square = g.square(precision);
            let distance = g.square(x);
            let product = g.mul(square, distance);
            let half = g.mul_scalar(product, -0.5);
            let times = g.mul_scalar(log, 12.0);
            let less = g.sub(half, times);
            g.add(less, u)
        });
    }

    #[test]
    fn known_choices_are_made() {
        check(|g, [x, u, w]| {
            let (sd, part) = (g.exp(u), g.logistic(w));
            let (zero, one, low) = (g.scalar(0.0), g.scalar(1.0), g.scalar(f64::NEG_INFINITY));
            let conditions =
                [g.less(zero, sd), g.less_equal(zero, sd), g.less_equal(part, one), g.less_equal(low, x)];
            let wave = g.sin(x);
            conditions.into_iter().fold(wave, |value, condition| g.select(condition, value, low))
        });
    }

    #[test]
    fn terms_are_put_together() {
        check(|g, [x, y, z]| {
            let squares = [(x, 0.1), (y, 0.2), (z, 0.1)].map(|(x, c)| {
                let scaled = g.mul_scalar(x, c);
                let square = g.square(scaled);
                let half = g.mul_scalar(square, -0.5);
                g.add_scalar(half, -1.7)
            });
            let sum = squares.into_iter().reduce(|sum, square| g.add(sum, square)).unwrap();
            let twice = g.mul_scalar(x, 2.0);
            let more = g.sub(sum, twice);
            g.add(more, x)
        });
    }

    /// A coordinate of an interval is chosen so that it stays inside; then it is known to be there.
    #[test]
    fn choices_among_choices_are_made() {
        check(|g, [x, u, w]| {
            // from 2 to 5, by the distance to the nearer end
            let (zero, outside) = (g.scalar(0.0), g.scalar(f64::NEG_INFINITY));
            let (lower, upper) = (g.scalar(2.0), g.scalar(5.0));
            let mirrored = g.neg(u);
            let [below, above] = [u, mirrored].map(|u| {
                let part = g.logistic(u);
                g.mul_scalar(part, 3.0)
            });
            let (left, right) = (g.add(lower, below), g.sub(upper, above));
            let is_left = g.less(w, zero);
            let chosen = g.select(is_left, left, right);
            let (is_above, is_below) = (g.less_equal(lower, chosen), g.less_equal(chosen, upper));
            let inside = g.and(is_above, is_below);
            let wave = g.sin(x);
            let product = g.mul(wave, chosen);
            g.select(inside, product, outside)
        });
    }

    /// Outcomes that are not certain stay open: powers that may underflow, and NaN.
    #[test]
    fn open_choices_stay() {
        let mut g = Graph::new();
        let x = g.input(&[]);
        let rate = g.mul_scalar(x, 2.0);
        let rate = g.exp(rate);
        let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
        for y in [g.less(zero, rate), g.less(x, one), g.less_equal(one, rate)] {
            let value = g.select(y, x, one);
            assert_eq!(simplify(&mut g, value), value);
        }
    }
}
