//! Sums over axes.

use std::sync::Arc;

use crate::tape::fusion::{Index, Role};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of, size_of};

/// An axis, or adjacent axes, in the middle of an array seen as `[outer][n][inner]`.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(in crate::tape) struct Middle {
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
}

impl Middle {
    /// Axes `from..to` of `shape`.
    pub fn new(shape: &[usize], from: usize, to: usize) -> Middle {
        Middle { outer: size_of(&shape[..from]), n: size_of(&shape[from..to]), inner: size_of(&shape[to..]) }
    }
}

/// Removes adjacent axes by summing over them.
#[derive(Clone, Debug)]
pub struct Sum {
    from: usize,
    to: usize,
}

impl Sum {
    /// What is summed over in an array of this shape.
    pub(in crate::tape) fn middle(&self, shape: &[usize]) -> Middle {
        Middle::new(shape, self.from, self.to)
    }
}

impl Graph {
    /// The sum over `axes`, which are removed.
    pub fn sum(&mut self, x: Node, axes: &[usize]) -> Node {
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        axes.dedup();
        let mut y = x;
        while let Some(last) = axes.pop() {
            let mut first = last;
            while axes.last().is_some_and(|&a| a + 1 == first) {
                axes.pop();
                first -= 1;
            }
            y = self.sum_adjacent(y, first, last + 1);
        }
        y
    }

    /// The sum of all elements, of shape `[]`.
    pub fn sum_all(&mut self, x: Node) -> Node {
        let rank = self.shape(x).len();
        if rank == 0 { x } else { self.sum_adjacent(x, 0, rank) }
    }

    fn sum_adjacent(&mut self, x: Node, from: usize, to: usize) -> Node {
        let shape = self.shape(x);
        if size_of(&shape[from..to]) == 1 {
            let kept: Vec<usize> = shape[..from].iter().chain(&shape[to..]).copied().collect();
            return self.reshape(x, &kept);
        }
        self.apply(Arc::new(Sum { from, to }), &[x])
    }
}

impl Op for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        args[0][..self.from].iter().chain(&args[0][self.to..]).copied().collect()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let Middle { outer, n, inner } = Middle::new(args[0].shape, self.from, self.to);
        let width = inner * lanes;
        for group in 0..outer {
            let rows = &args[0].data[group * n * width..(group + 1) * n * width];
            sum_rows(rows, n, width, &mut out[group * width..(group + 1) * width]);
        }
    }

    fn role(&self, args: &[&[usize]]) -> Role {
        // Of an array of few rows or columns; else a pass of its own is as good.
        const MAX_SUMMED: usize = 32;
        match Middle::new(args[0], self.from, self.to) {
            Middle { outer: 1, n, inner: 1 } => Role::Add(Index::Cycle { inner: n, size: 1 }),
            Middle { outer: 1, inner, .. } if inner <= MAX_SUMMED => {
                Role::Add(Index::Cycle { inner: 1, size: inner })
            }
            Middle { outer, n, inner: 1 } if n <= MAX_SUMMED => {
                Role::Add(Index::Cycle { inner: n, size: outer })
            }
            _ => Role::Alone,
        }
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.sum_adjacent(tangents[0]?, self.from, self.to))
    }

    /// Takes and gives adjoints that have yet to be broadcast.
    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let mut shape = g.shape(args[0]).to_vec();
        let scalar = g.shape(dy).is_empty();
        shape[self.from..self.to].fill(1);
        vec![Some(if scalar { dy } else { g.reshape(dy, &shape) })]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of((self.from, self.to))
    }
}

/// Independent partial sums: an order of summation that is the same for any number of lanes, and accurate.
pub(in crate::tape) const PARTIAL_SUMS: usize = 8;

/// Rows between two collections of the partial sums.
pub(in crate::tape) const BLOCK_ROWS: usize = 1024;

/// Columns at a time when there are many.
const BLOCK_COLUMNS: usize = 32;

/// The sum of `n` rows of `width` numbers.
pub(super) fn sum_rows(rows: &[f64], n: usize, width: usize, out: &mut [f64]) {
    if width == 1 {
        out[0] = rows.chunks(BLOCK_ROWS).map(sum_block).fold(0.0, |sum, block| sum + block);
        return;
    }
    let mut start = 0;
    while start < width {
        let columns = BLOCK_COLUMNS.min(width - start);
        let out = &mut out[start..start + columns];
        out.fill(0.0);
        let mut row = 0;
        while row < n {
            let block = BLOCK_ROWS.min(n - row);
            let mut partial = [[0.0; BLOCK_COLUMNS]; PARTIAL_SUMS];
            for r in 0..block {
                let from = (row + r) * width + start;
                for (sum, x) in
                    partial[r % PARTIAL_SUMS][..columns].iter_mut().zip(&rows[from..from + columns])
                {
                    *sum += x;
                }
            }
            for (c, y) in out.iter_mut().enumerate() {
                *y += collect(&std::array::from_fn(|k| partial[k][c]));
            }
            row += block;
        }
        start += columns;
    }
}

fn sum_block(block: &[f64]) -> f64 {
    let mut partial = [0.0; PARTIAL_SUMS];
    let (chunks, rest) = block.as_chunks::<PARTIAL_SUMS>();
    for chunk in chunks {
        for (sum, x) in partial.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    for (sum, x) in partial.iter_mut().zip(rest) {
        *sum += x;
    }
    collect(&partial)
}

fn collect(s: &[f64; PARTIAL_SUMS]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// The partial sums of rows that come a few at a time; the sum is that of [`sum_rows`].
pub(in crate::tape) struct Partial<'a> {
    /// `[PARTIAL_SUMS][width]`
    sums: &'a mut [f64],
    width: usize,
}

impl Partial<'_> {
    pub fn new(memory: &mut [f64], width: usize) -> Partial<'_> {
        Partial { sums: &mut memory[..PARTIAL_SUMS * width], width }
    }

    /// Adds rows, the first of which is row `start` of all.
    pub fn add(&mut self, start: usize, rows: &[f64]) {
        let width = self.width;
        if width == 1 && start.is_multiple_of(PARTIAL_SUMS) {
            for chunk in rows.chunks(PARTIAL_SUMS) {
                for (sum, x) in self.sums.iter_mut().zip(chunk) {
                    *sum += x;
                }
            }
            return;
        }
        for (r, row) in (start..).zip(rows.chunks_exact(width)) {
            let k = r % PARTIAL_SUMS * width;
            for (sum, x) in self.sums[k..k + width].iter_mut().zip(row) {
                *sum += x;
            }
        }
    }

    /// Adds all to `out[width]` and begins anew.
    pub fn collect(&mut self, out: &mut [f64]) {
        for (c, y) in out.iter_mut().enumerate() {
            *y += collect(&std::array::from_fn(|k| self.sums[k * self.width + c]));
        }
        self.sums.fill(0.0);
    }
}
