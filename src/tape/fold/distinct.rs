//! Sums over the distinct elements of an array, each as often as it is there.
//!
//! Elements are told apart by what they are made of: constants by value, arrays that vary by position, products with known
//! matrices by row, everything else by the classes of its arguments. Each step is evaluated for its own classes only.

use std::collections::HashMap;
use std::sync::Arc;

use super::exact::Exact;
use super::form::{Form, broadcast_positions, form};
use super::intern::{Interned, intern_pairs, intern_rows, intern_tuples};
use super::split::Front;
use super::squares::FoldedSum;
use crate::tape::graph::{Graph, Node, elements, tensor};

/// An array by classes of elements that are always equal.
#[derive(Clone, Debug)]
struct Classes {
    of: Arc<[u32]>,
    /// The values of the classes, flat.
    values: Node,
    count: usize,
}

/// Elements must be at least this many times fewer than before.
const GAIN: usize = 2;

/// The sum of an array's elements, with the known weights in `front`, over its distinct ones.
pub fn sum_of_distinct(g: &mut Graph, front: &Front, x: Node) -> Option<FoldedSum> {
    let rows = g.size(x);
    let classes = Finder::new(rows).classes(g, x)?;
    let mut counts = vec![Exact::default(); classes.count];
    for (i, &class) in classes.of.iter().enumerate() {
        counts[class as usize].add(front.weights.as_ref().map_or(1.0, |weights| weights[i]));
    }
    let counts: Vec<f64> = counts.iter().map(|count| count.value()).collect();
    let weighed = weigh(g, &counts, classes.values)?;
    let node = g.sum_all(weighed);
    Some(FoldedSum { node, note: format!("{rows} rows into {} distinct ones", classes.count) })
}

/// The weighted sum of (c_i + f_i)^2, where c is known, over the distinct elements of f: of each of these the weight W, the
/// weighted mean m of c and the rest, sum_i w_i (c_i + f)^2 = W (m + f)^2 + sum_i w_i (c_i - m)^2.
pub fn squares_of_distinct(g: &mut Graph, front: &Front, x: Node) -> Option<FoldedSum> {
    let rows = g.size(x);
    let mut weights: Vec<f64> =
        front.weights.as_ref().map_or_else(|| vec![1.0; rows], |weights| weights.to_vec());
    let (mut x, mut sign, mut constant) = (x, 1.0, vec![0.0; rows]);
    loop {
        let over_rows = |g: &Graph, n: Node, y: Node| -> Option<Vec<f64>> {
            let values = elements(g.value(n)?);
            let positions = broadcast_positions(g.shape(n), g.shape(y));
            Some(positions.iter().map(|&i| values[i as usize]).collect())
        };
        let whole = |g: &Graph, n: Node| g.size(n) == rows;
        x = match form(g, x) {
            Form::Reshape(rest) => rest,
            Form::Neg(rest) => {
                sign = -sign;
                rest
            }
            // Before anything was taken off: (k r)^2 = k^2 r^2
            Form::Mul(k, rest) | Form::Mul(rest, k)
                if whole(g, rest) && g.value(k).is_some() && constant.iter().all(|&c| c == 0.0) =>
            {
                let factors = over_rows(g, k, x)?;
                weights.iter_mut().zip(&factors).for_each(|(w, k)| *w *= k * k);
                rest
            }
            Form::Add(c, rest) | Form::Add(rest, c) if whole(g, rest) && g.value(c).is_some() => {
                let known = over_rows(g, c, x)?;
                constant.iter_mut().zip(&known).for_each(|(constant, c)| *constant += sign * c);
                rest
            }
            Form::Sub(rest, c) if whole(g, rest) && g.value(c).is_some() => {
                let known = over_rows(g, c, x)?;
                constant.iter_mut().zip(&known).for_each(|(constant, c)| *constant -= sign * c);
                rest
            }
            Form::Sub(c, rest) if whole(g, rest) && g.value(c).is_some() => {
                let known = over_rows(g, c, x)?;
                constant.iter_mut().zip(&known).for_each(|(constant, c)| *constant += sign * c);
                sign = -sign;
                rest
            }
            _ => break,
        };
    }
    let classes = Finder::new(rows).classes(g, x)?;
    let by_class = |term: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        let mut sums = vec![Exact::default(); classes.count];
        classes
            .of
            .iter()
            .enumerate()
            .for_each(|(i, &class)| sums[class as usize].add(term(i, class as usize)));
        sums.iter().map(|sum| sum.value()).collect()
    };
    let totals = by_class(&|i, _| weights[i]);
    if totals.iter().any(|&total| total <= 0.0) {
        return None;
    }
    let means = by_class(&|i, class| weights[i] * constant[i] / totals[class]);
    let rest = by_class(&|i, class| weights[i] * (constant[i] - means[class]).powi(2));
    let rest: Exact = rest.into_iter().collect();
    if means.iter().any(|mean| !mean.is_finite()) || !rest.value().is_finite() {
        return None;
    }
    let signed_means: Vec<f64> = means.iter().map(|mean| sign * mean).collect();
    let means = g.vector(&signed_means);
    let shifted = g.add(classes.values, means);
    let squares = g.square(shifted);
    let weighed = weigh(g, &totals, squares)?;
    let sum = g.sum_all(weighed);
    let node = g.add_scalar(sum, rest.value());
    Some(FoldedSum { node, note: format!("{rows} rows into {} distinct ones", classes.count) })
}

/// An array times weights, all of which are finite.
fn weigh(g: &mut Graph, weights: &[f64], x: Node) -> Option<Node> {
    if weights.iter().any(|weight| !weight.is_finite()) {
        return None;
    }
    let weights = g.vector(weights);
    Some(g.mul(weights, x))
}

/// Finds the classes of nodes, at most so many.
struct Finder {
    most: usize,
    found: HashMap<Node, Option<Classes>>,
}

/// An argument of an elementwise operation.
enum Argument {
    /// The same for all elements.
    Scalar(Node),
    /// Which of the joined arrays.
    Array(usize),
}

impl Finder {
    fn new(rows: usize) -> Finder {
        Finder { most: rows / GAIN, found: HashMap::new() }
    }

    fn classes(&mut self, g: &mut Graph, x: Node) -> Option<Classes> {
        if let Some(found) = self.found.get(&x) {
            return found.clone();
        }
        let found = self.find(g, x);
        self.found.insert(x, found.clone());
        found
    }

    fn find(&mut self, g: &mut Graph, x: Node) -> Option<Classes> {
        let size = g.size(x);
        if let Some(value) = g.value(x) {
            let values = value.clone();
            let values = elements(&values);
            let interned = intern_rows(values, 1, self.most)?;
            let distinct: Vec<f64> = interned.first.iter().map(|&i| values[i as usize]).collect();
            let count = distinct.len();
            return Some(Classes { of: interned.of.into(), values: g.vector(&distinct), count });
        }
        if size <= self.most {
            let values = g.reshape(x, &[size]);
            return Some(Classes { of: (0..size as u32).collect(), values, count: size });
        }
        match form(g, x) {
            Form::Reshape(of) => self.classes(g, of),
            Form::Broadcast(of) => {
                let positions = broadcast_positions(g.shape(of), g.shape(x));
                self.at(g, of, &positions)
            }
            Form::Gather(of, index) => self.at(g, of, &index),
            Form::Slice(of, offset) => {
                let positions: Vec<u32> = (offset as u32..(offset + size) as u32).collect();
                self.at(g, of, &positions)
            }
            Form::Product { a, transpose_a: false, b, transpose_b } => self.product(g, a, b, transpose_b),
            Form::Sum(of, middle) => {
                let shape = [middle.outer, middle.n, middle.inner];
                self.reduction(g, of, shape, |g, x| g.sum(x, &[1]))
            }
            Form::LogSumExp(of, middle) => {
                let shape = [middle.outer, middle.n, middle.inner];
                self.reduction(g, of, shape, |g, x| g.logsumexp(x, 1))
            }
            Form::Other | Form::Constant(_) | Form::Product { .. } => None,
            _ => self.elementwise(g, x),
        }
    }

    /// The elements of an array at these positions.
    fn at(&mut self, g: &mut Graph, x: Node, positions: &[u32]) -> Option<Classes> {
        let classes = self.classes(g, x)?;
        Some(Classes { of: positions.iter().map(|&i| classes.of[i as usize]).collect(), ..classes })
    }

    /// A known matrix times another: by distinct rows.
    fn product(&mut self, g: &mut Graph, a: Node, b: Node, transpose_b: bool) -> Option<Classes> {
        let (&[rows, width], &[_, _]) = (g.shape(a), g.shape(b)) else { return None };
        let value = g.value(a)?.clone();
        let values = elements(&value);
        let interned = intern_rows(values, width, self.most.min(rows / GAIN))?;
        let picked =
            interned.first.iter().flat_map(|&i| &values[i as usize * width..(i as usize + 1) * width]);
        let distinct = tensor(&[interned.first.len(), width], picked.copied().collect());
        let distinct = g.constant(distinct);
        let product = g.matmul_transposed(distinct, false, b, transpose_b);
        let count = g.size(product);
        let columns = count / interned.first.len();
        let of =
            interned.of.iter().flat_map(|&row| (0..columns as u32).map(move |k| row * columns as u32 + k));
        Some(Classes { of: of.collect(), values: g.reshape(product, &[count]), count })
    }

    fn reduction(
        &mut self,
        g: &mut Graph,
        x: Node,
        shape: [usize; 3],
        reduce: impl Fn(&mut Graph, Node) -> Node,
    ) -> Option<Classes> {
        let classes = self.classes(g, x)?;
        let [_, n, inner] = shape;
        let Interned { of, first } = intern_tuples(&classes.of, shape, self.most)?;
        let member =
            |i: u32, k: usize| classes.of[((i as usize / inner) * n + k) * inner + i as usize % inner];
        let index: Arc<[u32]> = first.iter().flat_map(|&i| (0..n).map(move |k| member(i, k))).collect();
        let rows = g.gather(classes.values, index, &[first.len(), n]);
        Some(Classes { of: of.into(), values: reduce(g, rows), count: first.len() })
    }

    /// By the classes of the arguments together.
    fn elementwise(&mut self, g: &mut Graph, x: Node) -> Option<Classes> {
        let (op, args) = g.application(x)?;
        let (op, args) = (op.clone(), args.to_vec());
        let mut arrays: Vec<Classes> = Vec::new();
        let mut places = Vec::with_capacity(args.len());
        for arg in args {
            if g.size(arg) == 1 {
                places.push(Argument::Scalar(g.reshape(arg, &[])));
                continue;
            }
            let classes = if g.size(arg) == g.size(x) {
                self.classes(g, arg)?
            } else {
                let positions = broadcast_positions(g.shape(arg), g.shape(x));
                self.at(g, arg, &positions)?
            };
            places.push(Argument::Array(arrays.len()));
            arrays.push(classes);
        }
        let joined = self.join(&arrays)?;
        let arguments: Vec<Node> = places
            .iter()
            .map(|place| match place {
                Argument::Scalar(scalar) => *scalar,
                Argument::Array(k) => joined.pick(g, &arrays[*k]),
            })
            .collect();
        let (of, count) = (joined.of, joined.first.len());
        let values = g.apply(op, &arguments);
        (g.shape(values) == [count]).then_some(Classes { of, values, count })
    }

    /// Classes of elements that are equal in all of some arrays.
    fn join(&self, arrays: &[Classes]) -> Option<Joined> {
        let (first, others) = arrays.split_first()?;
        let mut of = first.of.clone();
        let mut joined: Option<Interned> = None;
        for other in others {
            if other.of != of {
                let pairs = intern_pairs(&of, &other.of, self.most)?;
                of = pairs.of.clone().into();
                joined = Some(pairs);
            }
        }
        let first = match joined {
            Some(joined) => joined.first,
            None => {
                let mut first_of = vec![u32::MAX; first.count];
                for (i, &class) in of.iter().enumerate() {
                    let known = &mut first_of[class as usize];
                    *known = (*known).min(i as u32);
                }
                // Classes that nothing is in are left out.
                let mut number = vec![0; first_of.len()];
                let mut used = Vec::with_capacity(first_of.len());
                for (class, &first) in first_of.iter().enumerate() {
                    number[class] = used.len() as u32;
                    used.extend((first != u32::MAX).then_some(first));
                }
                if used.len() < first_of.len() {
                    of = of.iter().map(|&class| number[class as usize]).collect();
                }
                used
            }
        };
        Some(Joined { of, first })
    }
}

/// Classes of the elements of several arrays together.
struct Joined {
    of: Arc<[u32]>,
    /// An element of each class.
    first: Vec<u32>,
}

impl Joined {
    /// The values of one of the arrays for each class.
    fn pick(&self, g: &mut Graph, array: &Classes) -> Node {
        let index: Arc<[u32]> = self.first.iter().map(|&i| array.of[i as usize]).collect();
        let in_order = index.len() == array.count && index.iter().zip(0..).all(|(&i, k)| i == k);
        if in_order { array.values } else { g.gather(array.values, index, &[self.first.len()]) }
    }
}
