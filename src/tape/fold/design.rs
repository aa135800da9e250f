//! Known matrices of many columns, read a block of rows at a time and reduced to triangles.

use std::sync::Arc;

use rayon::prelude::*;

use super::affine::{Affine, Matrix, Term};
use super::form::origin;
use super::triangle::Triangle;
use crate::tape::graph::{Graph, Node, elements};

/// Rows of one block: with some columns it stays in the fast caches.
const BLOCK_ROWS: usize = 256;

/// Rows that are reduced one after the other; such parts may be reduced at the same time.
const PART_ROWS: usize = 1 << 15;

/// Rows that suffice to find about how columns depend on each other.
const SAMPLE_ROWS: usize = 2048;

/// One number that varies: this element of the flat array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unknown {
    pub root: Node,
    pub element: usize,
}

/// The rows of a known matrix: first the columns of groups, then those of numbers, then the constant.
pub struct Design {
    sources: Vec<Source>,
    constant: Option<Arc<[f64]>>,
    /// Factors of whole rows.
    row_weights: Option<Arc<[f64]>>,
    /// Columns of groups, which a row has of its own group only.
    pub own: usize,
    /// What the other columns multiply.
    pub unknowns: Vec<Unknown>,
}

struct Source {
    sign: f64,
    weights: Option<Arc<[f64]>>,
    matrix: Matrix,
    /// The columns of the design that each column of the matrix adds to.
    columns: Vec<usize>,
}

impl Design {
    /// Terms by group get a column each, all others a column for each number that varies; at most `most` of them.
    pub fn new(
        g: &Graph,
        form: &Affine,
        by_group: &[Term],
        others: &[Term],
        row_weights: Option<Arc<[f64]>>,
        most: usize,
    ) -> Option<Design> {
        let unknowns_of = |term: &Term| {
            let (root, start) = origin(g, term.variable);
            (start..start + g.size(term.variable)).map(move |element| Unknown { root, element })
        };
        let mut unknowns: Vec<Unknown> = Vec::new();
        for term in others {
            if unknowns.len() + g.size(term.variable) > most.max(1) * 4 {
                return None;
            }
            unknowns.extend(unknowns_of(term));
        }
        unknowns.sort_unstable();
        unknowns.dedup();
        if unknowns.len() > most {
            return None;
        }
        let own = by_group.len();
        let place = |unknown| own + unknowns.binary_search(&unknown).unwrap_or(0);
        let source = |term: &Term, matrix: Matrix, columns: Vec<usize>| Source {
            sign: term.sign,
            weights: term.weights.clone(),
            matrix,
            columns,
        };
        let grouped = by_group.iter().enumerate().map(|(k, term)| source(term, Matrix::Ones, vec![k]));
        let plain = others
            .iter()
            .map(|term| source(term, term.matrix.clone(), unknowns_of(term).map(place).collect()));
        let sources = grouped.chain(plain).collect();
        Some(Design { sources, constant: form.constant.clone(), row_weights, own, unknowns })
    }

    pub fn width(&self) -> usize {
        self.own + self.unknowns.len() + 1
    }

    /// Rows by columns, `[width][rows]`.
    fn read(&self, rows: &[u32], out: &mut [f64]) {
        let n = rows.len();
        out.fill(0.0);
        for source in &self.sources {
            let weight = |i: u32| source.sign * source.weights.as_ref().map_or(1.0, |w| w[i as usize]);
            match &source.matrix {
                Matrix::Ones => {
                    let column = &mut out[source.columns[0] * n..][..n];
                    column.iter_mut().zip(rows).for_each(|(x, &i)| *x += weight(i));
                }
                Matrix::Index(index) => {
                    for (r, &i) in rows.iter().enumerate() {
                        out[source.columns[index[i as usize] as usize] * n + r] += weight(i);
                    }
                }
                Matrix::Dense(matrix) => {
                    let (values, width) = (elements(matrix), source.columns.len());
                    for (r, &i) in rows.iter().enumerate() {
                        let (row, weight) = (&values[i as usize * width..][..width], weight(i));
                        for (&column, x) in source.columns.iter().zip(row) {
                            out[column * n + r] += weight * x;
                        }
                    }
                }
            }
        }
        if let Some(constant) = &self.constant {
            let column = &mut out[(self.width() - 1) * n..];
            column.iter_mut().zip(rows).for_each(|(x, &i)| *x = constant[i as usize]);
        }
        if let Some(weights) = &self.row_weights {
            for column in out.chunks_exact_mut(n) {
                column.iter_mut().zip(rows).for_each(|(x, &i)| *x *= weights[i as usize]);
            }
        }
    }

    fn absorb(&self, rows: impl Iterator<Item = u32>, transform: Option<&Triangle>, into: &mut Triangle) {
        let mut rows = rows.peekable();
        let mut block: Vec<u32> = Vec::with_capacity(BLOCK_ROWS);
        let mut columns = Vec::new();
        while rows.peek().is_some() {
            block.clear();
            block.extend(rows.by_ref().take(BLOCK_ROWS));
            columns.resize(self.width() * block.len(), 0.0);
            self.read(&block, &mut columns);
            if let Some(transform) = transform {
                transform.transform(&mut columns, block.len());
            }
            into.absorb(&mut columns, block.len());
        }
    }

    /// Some rows A in two factors: A T and the triangle of A T, where T makes the first `known` columns of A T nearly
    /// orthogonal to all that follow. What is subtracted before it is squared is not lost.
    pub fn reduce(&self, rows: &Rows<'_>, known: usize) -> [Triangle; 2] {
        let n = rows.len();
        let stride = n.div_ceil(SAMPLE_ROWS).max(1);
        let mut sample = Triangle::new(self.width());
        self.absorb((0..n).step_by(stride).map(|k| rows.at(k)), None, &mut sample);
        let transform = sample.orthogonaliser(known, &sample.lengths());
        let parts = map_all(n.div_ceil(PART_ROWS), n, |part| {
            let mut triangle = Triangle::new(self.width());
            let end = n.min((part + 1) * PART_ROWS);
            self.absorb((part * PART_ROWS..end).map(|k| rows.at(k)), Some(&transform), &mut triangle);
            triangle
        });
        let mut triangle = Triangle::new(self.width());
        for part in &parts {
            triangle.absorb_corner(part, 0);
        }
        [transform, triangle]
    }
}

/// What `f` makes of 0, ..., `count` - 1, at the same time if that is work for more than `PART_ROWS` rows.
pub fn map_all<T: Send>(count: usize, rows: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    if rows > PART_ROWS { (0..count).into_par_iter().map(f).collect() } else { (0..count).map(f).collect() }
}

/// Some rows of a matrix.
pub enum Rows<'a> {
    All(usize),
    These(&'a [u32]),
}

impl Rows<'_> {
    fn len(&self) -> usize {
        match self {
            Rows::All(n) => *n,
            Rows::These(rows) => rows.len(),
        }
    }

    fn at(&self, k: usize) -> u32 {
        match self {
            Rows::All(_) => k as u32,
            Rows::These(rows) => rows[k],
        }
    }
}
