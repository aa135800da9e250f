//! Sums over data that need not be run through at every evaluation: sufficient statistics and distinct rows.
//!
//! Every sum to a number is taken apart into terms (`split`). Those that are affine in what varies (`affine`) become inner
//! products with column sums, squares of such become squares of a triangle (`squares`), and of any others only the distinct
//! rows are evaluated (`distinct`). Nothing of this knows distributions: a sum is its graph.

// What is looked at
mod affine;
mod form;
mod restrict;
mod split;

// What is known of it
mod classes;
mod design;
mod exact;
mod intern;
mod triangle;

// What takes its place
mod distinct;
mod grouped;
mod linear;
mod squares;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use self::affine::affine;
use self::distinct::{squares_of_distinct, sum_of_distinct};
use self::linear::LinearSums;
use self::split::{Body, Front, Piece, split};
use self::squares::sum_of_squares;
use super::graph::{Graph, Node};
use super::ops::sum::Sum;
use super::plan::live_nodes;

/// Nodes of the same values at less cost.
#[derive(Clone, Debug)]
pub struct Folded {
    pub nodes: Vec<Node>,
    /// What was folded within each node, in words.
    pub notes: Vec<Vec<String>>,
}

/// The elements of an array at these flat positions, `[positions]`: computed without the others where they can be.
pub fn pick(g: &mut Graph, x: Node, positions: &[u32]) -> Node {
    let mut budget = form::Budget::of(g, x);
    let picked = restrict::restrict(g, x, positions, &mut budget);
    match picked {
        Some(one) if g.shape(one).is_empty() => g.broadcast(one, &[positions.len()]),
        Some(picked) => picked,
        None => g.gather(x, positions.into(), &[positions.len()]),
    }
}

/// Folds the sums to single numbers within each of some nodes. Values and derivatives stay as they are but for rounding.
pub fn fold(g: &mut Graph, nodes: &[Node]) -> Folded {
    let live = live_nodes(g, nodes);
    let end = live.len();
    let mut replaced: HashMap<Node, Node> = HashMap::new();
    let mut notes_of: HashMap<Node, Vec<String>> = HashMap::new();
    for i in (0..end).filter(|&i| live[i]) {
        let node = Node(i as u32);
        let mut new = g.with_replaced(node, &replaced);
        if let Some(terms) = summed(g, new) {
            let mut notes = Vec::new();
            if let Some(folded) = fold_sum(g, terms, Front::ONE, &mut notes) {
                new = folded;
                notes_of.insert(node, notes);
            }
        }
        if new != node {
            replaced.insert(node, new);
        }
    }
    let notes = nodes.iter().map(|&node| {
        if notes_of.is_empty() {
            return Vec::new();
        }
        let live = live_nodes(g, &[node]);
        let mut own: Vec<&Node> = notes_of.keys().filter(|sum| live[sum.index()]).collect();
        own.sort_unstable();
        own.into_iter().flat_map(|sum| notes_of[sum].iter().cloned()).collect()
    });
    let notes = notes.collect();
    Folded { nodes: nodes.iter().map(|node| *replaced.get(node).unwrap_or(node)).collect(), notes }
}

/// What a sum to a number adds up.
fn summed(g: &Graph, n: Node) -> Option<Node> {
    let (op, args) = g.application(n)?;
    let any: &dyn std::any::Any = &**op;
    (any.is::<Sum>() && g.shape(n).is_empty()).then(|| args[0])
}

/// `front` times the sum of the elements of `e` at less cost; `None` where there is no such.
fn fold_sum(g: &mut Graph, e: Node, front: Front, notes: &mut Vec<String>) -> Option<Node> {
    if g.size(e) == 0 {
        return None;
    }
    let pieces = split(g, e, front)?;
    let mut linear = LinearSums::default();
    let mut terms: Vec<Node> = Vec::new();
    let (mut folded, mut left) = (false, 0);
    for piece in &pieces {
        let mut said = Vec::new();
        match fold_piece(g, piece, &mut linear, &mut said) {
            Some(Done::Linear) => {}
            Some(Done::Node(node)) => {
                folded |= !said.is_empty();
                terms.push(node);
            }
            None => {
                left += 1;
                terms.push(as_it_is(g, piece));
            }
        }
        notes.extend(said);
    }
    // Terms that are not folded share what they are made of: apart they cost more than together. An inner product that is
    // taken out of them saves a pass over the rows and costs a few instructions.
    let apart = if left == 0 { 0 } else { ROWS_OF_INSTRUCTIONS };
    folded |= linear.rows() > apart;
    if !folded && left > 1 || !folded && left > 0 && linear.rows() > 0 {
        return None;
    }
    notes.extend(linear.note());
    terms.extend(linear.nodes(g)?);
    let (&first, others) = terms.split_first()?;
    Some(others.iter().fold(first, |sum, &term| g.add(sum, term)))
}

/// So many rows cost one operation as much as the few instructions of an inner product do.
const ROWS_OF_INSTRUCTIONS: usize = 1000;

enum Done {
    /// Taken up by the linear sums.
    Linear,
    Node(Node),
}

fn fold_piece(
    g: &mut Graph,
    piece: &Piece,
    linear: &mut LinearSums,
    notes: &mut Vec<String>,
) -> Option<Done> {
    let Piece { front, body } = piece;
    match *body {
        Body::One => {
            linear.add_number(front.scalar, front.number);
            Some(Done::Linear)
        }
        Body::Scalar(x) => Some(Done::Node(front.times(g, x))),
        Body::Choice { condition, a, b } => {
            let [a, b] = [a, b].map(|side| {
                if let Some(folded) = fold_sum(g, side, front.clone(), notes) {
                    return folded;
                }
                let weighed = front.weigh(g, side);
                let sum = g.sum_all(weighed);
                front.times(g, sum)
            });
            Some(Done::Node(g.select(condition, a, b)))
        }
        Body::Elements(x) => {
            if let Some(form) = affine(g, x) {
                linear.add(g, front, &form)?;
                return Some(Done::Linear);
            }
            let folded = sum_of_distinct(g, front, x)?;
            notes.push(folded.note);
            Some(Done::Node(front.times(g, folded.node)))
        }
        Body::Squares(x) => {
            let weights: Option<&Arc<[f64]>> = front.weights.as_ref();
            if weights.is_some_and(|weights| weights.iter().any(|&weight| weight < 0.0)) {
                return None;
            }
            let by_triangle = affine(g, x).and_then(|form| sum_of_squares(g, &form, weights));
            let folded = by_triangle.or_else(|| squares_of_distinct(g, front, x))?;
            notes.push(folded.note);
            Some(Done::Node(front.times(g, folded.node)))
        }
    }
}

/// A piece as a sum over all rows.
fn as_it_is(g: &mut Graph, piece: &Piece) -> Node {
    let x = match piece.body {
        Body::Elements(x) => x,
        Body::Squares(x) => g.square(x),
        Body::One | Body::Scalar(_) | Body::Choice { .. } => unreachable!("folded in any case"),
    };
    let weighed = piece.front.weigh(g, x);
    let sum = g.sum_all(weighed);
    piece.front.times(g, sum)
}
