//! Sums taken apart into terms, with what does not depend on the axis of the sum in front of each.

use std::sync::Arc;

use super::exact::Exact;
use super::form::{Budget, Form, broadcast_positions, form};
use super::restrict::restrict;
use crate::tape::graph::{Graph, Node, elements, tensor};

/// What is in front of a sum, and the known weights within it: number * scalar * sum_i weights_i ...
#[derive(Clone, Debug)]
pub struct Front {
    pub number: f64,
    /// Of shape `[]`; `None` is 1.
    pub scalar: Option<Node>,
    /// Of each element; `None` is 1.
    pub weights: Option<Arc<[f64]>>,
}

/// One term of a sum.
#[derive(Clone, Debug)]
pub struct Piece {
    pub front: Front,
    pub body: Body,
}

#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Nothing else.
    One,
    /// A number that varies.
    Scalar(Node),
    /// The sum of an array's elements.
    Elements(Node),
    /// The sum of the squares of an array's elements.
    Squares(Node),
    /// Two sums over the elements of arrays of one size, where a number that varies chooses.
    Choice { condition: Node, a: Node, b: Node },
}

impl Front {
    pub const ONE: Front = Front { number: 1.0, scalar: None, weights: None };

    fn times_number(&self, number: f64) -> Front {
        Front { number: self.number * number, ..self.clone() }
    }

    fn times_scalar(&self, g: &mut Graph, scalar: Node) -> Front {
        let scalar = g.reshape(scalar, &[]);
        let scalar = self.scalar.map_or(scalar, |own| g.mul(own, scalar));
        Front { scalar: Some(scalar), ..self.clone() }
    }

    fn times_weights(&self, weights: Vec<f64>) -> Front {
        let weights = match &self.weights {
            Some(own) => own.iter().zip(weights).map(|(a, b)| a * b).collect(),
            None => weights.into(),
        };
        Front { weights: Some(weights), ..self.clone() }
    }

    /// In front of an argument of an elementwise operation whose result is `y`: elements that are repeated count as often.
    fn of_argument(&self, g: &Graph, x: Node, y: Node) -> Front {
        let (own, all) = (g.size(x), g.size(y));
        if own == all {
            return self.clone();
        }
        match &self.weights {
            None => self.times_number(all as f64 / own as f64),
            Some(weights) => {
                let mut sums = vec![Exact::default(); own];
                for (&at, &weight) in broadcast_positions(g.shape(x), g.shape(y)).iter().zip(&**weights) {
                    sums[at as usize].add(weight);
                }
                Front { weights: Some(sums.iter().map(|sum| sum.value()).collect()), ..self.clone() }
            }
        }
    }

    /// The weights of all elements together, times the number.
    fn total(&self, size: usize) -> f64 {
        let weights = match &self.weights {
            Some(weights) => weights.iter().copied().collect::<Exact>().value(),
            None => size as f64,
        };
        self.number * weights
    }

    /// A node times number and scalar.
    pub fn times(&self, g: &mut Graph, x: Node) -> Node {
        let x = g.mul_scalar(x, self.number);
        match self.scalar {
            Some(scalar) => g.mul(scalar, x),
            None => x,
        }
    }

    /// An array times the weights.
    pub fn weigh(&self, g: &mut Graph, x: Node) -> Node {
        match &self.weights {
            Some(weights) => {
                let shape = g.shape(x).to_vec();
                let weights = g.constant(tensor(&shape, weights.to_vec()));
                g.mul(weights, x)
            }
            None => x,
        }
    }

    /// Whether each element counts, and none of them with a minus.
    fn is_positive(&self) -> bool {
        self.weights.as_ref().is_none_or(|weights| weights.iter().all(|&weight| weight > 0.0))
    }
}

/// The terms of `front` times the sum of all elements of `e`; `None` where something known is not finite.
pub fn split(g: &mut Graph, e: Node, front: Front) -> Option<Vec<Piece>> {
    let (mut pieces, mut budget) = (Vec::new(), Budget::of(g, e));
    split_into(g, e, front, &mut pieces, &mut budget)?;
    Some(pieces)
}

fn split_into(
    g: &mut Graph,
    e: Node,
    front: Front,
    pieces: &mut Vec<Piece>,
    budget: &mut Budget,
) -> Option<()> {
    budget.spend()?;
    let size = g.size(e);
    if let Some(value) = g.value(e) {
        let values = elements(value);
        let mut sum = Exact::default();
        match &front.weights {
            Some(weights) => values.iter().zip(&**weights).for_each(|(x, w)| sum.add_product(*x, *w)),
            None => values.iter().for_each(|x| sum.add(*x)),
        }
        let number = front.number * sum.value();
        pieces.push(Piece { front: Front { number, weights: None, ..front }, body: Body::One });
        return number.is_finite().then_some(());
    }
    if size == 1 {
        let number = front.total(1);
        let scalar = g.reshape(e, &[]);
        pieces.push(Piece { front: Front { number, weights: None, ..front }, body: Body::Scalar(scalar) });
        return number.is_finite().then_some(());
    }
    let is_scalar = |g: &Graph, x: Node| g.size(x) == 1 && g.value(x).is_none();
    match form(g, e) {
        Form::Add(a, b) => {
            split_into(g, a, front.of_argument(g, a, e), pieces, budget)?;
            split_into(g, b, front.of_argument(g, b, e), pieces, budget)
        }
        Form::Sub(a, b) => {
            split_into(g, a, front.of_argument(g, a, e), pieces, budget)?;
            split_into(g, b, front.of_argument(g, b, e).times_number(-1.0), pieces, budget)
        }
        Form::Neg(x) => split_into(g, x, front.times_number(-1.0), pieces, budget),
        Form::Mul(a, b) | Form::Mul(b, a) if g.value(a).is_some() => {
            let front = times_known(g, &front, a, e, |x| x)?;
            split_into(g, b, front.of_argument(g, b, e), pieces, budget)
        }
        Form::Mul(a, b) | Form::Mul(b, a) if is_scalar(g, a) => {
            let front = front.times_scalar(g, a);
            split_into(g, b, front.of_argument(g, b, e), pieces, budget)
        }
        Form::Div(a, b) if g.value(b).is_some() => {
            let front = times_known(g, &front, b, e, |x| 1.0 / x)?;
            split_into(g, a, front.of_argument(g, a, e), pieces, budget)
        }
        Form::Div(a, b) if is_scalar(g, b) => {
            let inverse = g.recip(b);
            let front = front.times_scalar(g, inverse);
            split_into(g, a, front, pieces, budget)
        }
        Form::Reshape(x) => split_into(g, x, front, pieces, budget),
        Form::Broadcast(x) => split_into(g, x, front.of_argument(g, x, e), pieces, budget),
        Form::Sum(x, middle) => {
            let weights = front.weights.as_ref().map(|weights| {
                let groups = weights.chunks_exact(middle.inner.max(1));
                groups.flat_map(|group| std::iter::repeat_n(group, middle.n).flatten().copied()).collect()
            });
            split_into(g, x, Front { weights, ..front }, pieces, budget)
        }
        Form::Select(condition, a, b) if is_scalar(g, condition) && front.is_positive() => {
            let shape = g.shape(e).to_vec();
            let (a, b) = (g.broadcast(a, &shape), g.broadcast(b, &shape));
            let condition = g.reshape(condition, &[]);
            pieces.push(Piece { front, body: Body::Choice { condition, a, b } });
            Some(())
        }
        Form::Select(condition, a, b) if g.value(condition).is_some() => {
            split_choice(g, e, [condition, a, b], front, pieces, budget)
        }
        Form::Square(x) => {
            let (front, x) = without_scalars(g, front, x);
            if g.value(x).is_some() {
                let squares = g.square(x);
                return split_into(g, squares, front, pieces, budget);
            }
            pieces.push(Piece { front, body: Body::Squares(x) });
            Some(())
        }
        _ => {
            pieces.push(Piece { front, body: Body::Elements(e) });
            Some(())
        }
    }
}

/// Where it is known which elements come from which side: a sum over some elements of each.
fn split_choice(
    g: &mut Graph,
    e: Node,
    [condition, a, b]: [Node; 3],
    front: Front,
    pieces: &mut Vec<Piece>,
    budget: &mut Budget,
) -> Option<()> {
    let chosen: Vec<bool> = {
        let known = elements(g.value(condition)?);
        let positions = broadcast_positions(g.shape(condition), g.shape(e));
        positions.iter().map(|&i| known[i as usize] != 0.0).collect()
    };
    let shape = g.shape(e).to_vec();
    for (side, taken) in [(a, true), (b, false)] {
        let positions: Vec<u32> =
            chosen.iter().zip(0..).filter(|(chosen, _)| **chosen == taken).map(|(_, i)| i).collect();
        if positions.is_empty() {
            continue;
        }
        let side = g.broadcast(side, &shape);
        let side = restrict(g, side, &positions, budget)?;
        let side = g.broadcast(side, &[positions.len()]);
        let weights =
            front.weights.as_ref().map(|weights| positions.iter().map(|&i| weights[i as usize]).collect());
        split_into(g, side, Front { weights, ..front.clone() }, pieces, budget)?;
    }
    Some(())
}

/// Weights by a known factor of an array `e`.
fn times_known(g: &Graph, front: &Front, known: Node, e: Node, f: impl Fn(f64) -> f64) -> Option<Front> {
    let values = elements(g.value(known)?);
    let front = match values {
        [x] => front.times_number(f(*x)),
        _ if values.len() == g.size(e) => front.times_weights(values.iter().map(|x| f(*x)).collect()),
        _ => {
            let positions = broadcast_positions(g.shape(known), g.shape(e));
            front.times_weights(positions.iter().map(|&i| f(values[i as usize])).collect())
        }
    };
    let finite = front.number.is_finite() && front.weights.iter().all(|w| w.iter().all(|w| w.is_finite()));
    finite.then_some(front)
}

/// The factors of an array that is squared which do not depend on the element, squared, and the rest of it.
fn without_scalars(g: &mut Graph, mut front: Front, mut x: Node) -> (Front, Node) {
    loop {
        let size = g.size(x);
        let single = |g: &Graph, n: Node| g.size(n) == 1;
        let (scalar, rest) = match form(g, x) {
            Form::Neg(rest) | Form::Reshape(rest) => {
                x = rest;
                continue;
            }
            Form::Mul(a, b) if single(g, a) && g.size(b) == size => (a, b),
            Form::Mul(a, b) if single(g, b) && g.size(a) == size => (b, a),
            Form::Div(a, b) if single(g, b) && g.size(a) == size => (g.recip(b), a),
            _ => return (front, x),
        };
        front = match g.scalar_value(scalar) {
            Some(number) => front.times_number(number * number),
            None => {
                let square = g.square(scalar);
                front.times_scalar(g, square)
            }
        };
        x = rest;
    }
}
