//! Arrays by classes of elements that are always equal.
//!
//! Elements are told apart by what they are made of: constants by value, arrays that vary by position, products with known
//! matrices by row, everything else by the classes of its arguments. Each step is evaluated for its own classes only.

use std::collections::HashMap;
use std::sync::Arc;

use super::form::{Form, broadcast_positions, form};
use super::intern::{Interned, intern_pairs, intern_rows, intern_tuples};
use crate::tape::graph::{Graph, Node, elements, tensor};

/// Elements must be at least this many times fewer than before.
const GAIN: usize = 2;

/// Arrays that are looked at: looking goes as deep at most, on a small stack.
const MOST_NODES: usize = 2000;

/// An array by classes of elements that are always equal.
#[derive(Clone, Debug)]
pub struct Classes {
    /// The class of each element.
    pub of: Arc<[u32]>,
    /// The values of the classes, flat.
    pub values: Node,
    pub count: usize,
}

/// Finds the classes of nodes, at most so many.
pub struct Finder {
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
    /// For an array of so many rows, of which at most a part may be distinct.
    pub fn new(rows: usize) -> Finder {
        Finder { most: rows / GAIN, found: HashMap::new() }
    }

    /// Of the elements of an array; `None` where too few are equal, or cannot be told to be.
    pub fn classes(&mut self, g: &mut Graph, x: Node) -> Option<Classes> {
        if let Some(found) = self.found.get(&x) {
            return found.clone();
        }
        if self.found.len() > MOST_NODES {
            return None;
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

    /// Of an argument of an elementwise operation whose result is `y`, for the elements of the result.
    pub fn argument(&mut self, g: &mut Graph, x: Node, y: Node) -> Option<Classes> {
        if g.size(x) == g.size(y) {
            return self.classes(g, x);
        }
        let positions = broadcast_positions(g.shape(x), g.shape(y));
        self.at(g, x, &positions)
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
            places.push(Argument::Array(arrays.len()));
            arrays.push(self.argument(g, arg, x)?);
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

    /// Classes of elements that are equal in all of some arrays of one size.
    pub fn join(&self, arrays: &[Classes]) -> Option<Joined> {
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
pub struct Joined {
    pub of: Arc<[u32]>,
    /// An element of each class.
    pub first: Vec<u32>,
}

impl Joined {
    /// The values of one of the arrays for each class.
    pub fn pick(&self, g: &mut Graph, array: &Classes) -> Node {
        let index: Arc<[u32]> = self.first.iter().map(|&i| array.of[i as usize]).collect();
        let in_order = index.len() == array.count && index.iter().zip(0..).all(|(&i, k)| i == k);
        if in_order { array.values } else { g.gather(array.values, index, &[self.first.len()]) }
    }
}
