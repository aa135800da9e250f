//! Squares of affine forms with known coefficients: |R (v - c) + q|^2, R upper triangular, of a few numbers v.
//!
//! What a Gaussian regression comes to when its rows are folded: one operation for the value and one for its slopes.

use std::ops::Range;
use std::sync::Arc;

use crate::tape::dense::{self, Lanewise};
use crate::tape::graph::{Graph, Node, tensor};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};

/// R `[n, n]`, c `[n]`, q `[n]`, then v in any number of parts, n numbers in all: the value, of shape `[]`.
#[derive(Clone, Debug)]
struct AffineSquare;

/// The same, and a number s before the parts: s R^T (R (v - c) + q), `[n]`. It is linear in s, and affine in v.
#[derive(Clone, Debug)]
struct AffineSlope;

/// What is known of an affine form.
#[derive(Clone, Copy, Debug)]
struct Known {
    r: Node,
    centre: Node,
    q: Node,
}

impl Graph {
    /// |R (v - centre) + q|^2 of shape `[]`, where R is upper triangular, `[n, n]`, and v are the elements of `parts`.
    pub(in crate::tape) fn affine_square(
        &mut self,
        r: Vec<f64>,
        centre: Vec<f64>,
        q: Vec<f64>,
        parts: &[Node],
    ) -> Node {
        let n = centre.len();
        let r = self.constant(tensor(&[n, n], r));
        let (centre, q) = (self.vector(&centre), self.vector(&q));
        self.square_of(Known { r, centre, q }, parts)
    }

    fn square_of(&mut self, known: Known, parts: &[Node]) -> Node {
        let args = [&[known.r, known.centre, known.q], parts].concat();
        self.apply(Arc::new(AffineSquare), &args)
    }

    fn slope_of(&mut self, known: Known, scale: Node, parts: &[Node]) -> Node {
        let args = [&[known.r, known.centre, known.q, scale], parts].concat();
        self.apply(Arc::new(AffineSlope), &args)
    }

    /// s R^T R v, where parts of v that are `None` are 0.
    fn linear_slope_of(&mut self, r: Node, scale: Node, like: &[Node], parts: &[Option<Node>]) -> Node {
        let zero = self.full(&[self.shape(r)[0]], 0.0);
        let parts: Vec<Node> = parts
            .iter()
            .zip(like)
            .map(|(part, &like)| {
                let shape = self.shape(like).to_vec();
                part.unwrap_or_else(|| self.full(&shape, 0.0))
            })
            .collect();
        self.slope_of(Known { r, centre: zero, q: zero }, scale, &parts)
    }

    /// An array of n numbers in parts of the shapes of others.
    fn in_parts(&mut self, x: Node, like: &[Node]) -> Vec<Node> {
        let mut offset = 0;
        like.iter()
            .map(|&part| {
                let shape = self.shape(part).to_vec();
                offset += size_of(&shape);
                self.slice(x, offset - size_of(&shape), &shape)
            })
            .collect()
    }

    /// The sum of products of elements, of shape `[]`.
    fn inner_product(&mut self, a: Node, b: Node) -> Node {
        let product = self.mul(a, b);
        self.sum_all(product)
    }
}

impl Op for AffineSquare {
    fn name(&self) -> &'static str {
        "affine_square"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        check_parts(args[1], &args[3..]);
        vec![]
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(args[0]) as f64 / 2.0
    }

    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        scratch(args[1].shape[0], lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let mut work = Evaluation { form: &args[..3], scale: None, parts: &args[3..], out, lanes, scratch };
        dense::for_each_lane(args[1].shape[0], lanes, &mut work);
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let (known, parts) = split(args);
        let two = g.scalar(2.0);
        let slope = g.slope_of(known, two, parts);
        let slopes = g.in_parts(slope, parts);
        let terms: Vec<Node> = slopes
            .into_iter()
            .zip(&tangents[3..])
            .filter_map(|(slope, tangent)| tangent.map(|tangent| g.inner_product(slope, tangent)))
            .collect();
        g.sum_of_terms(&terms)
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let (known, parts) = split(args);
        let scale = g.mul_scalar(dy, 2.0);
        let slope = g.slope_of(known, scale, parts);
        let slopes = g.in_parts(slope, parts);
        [None; 3].into_iter().chain(slopes.into_iter().map(Some)).collect()
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

impl Op for AffineSlope {
    fn name(&self) -> &'static str {
        "affine_slope"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        check_parts(args[1], &args[4..]);
        assert!(args[3].is_empty(), "a factor of shape {:?}", args[3]);
        args[1].to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(args[0]) as f64
    }

    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        scratch(args[1].shape[0], lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let (form, parts) = (&args[..3], &args[4..]);
        let mut work = Evaluation { form, scale: Some(&args[3]), parts, out, lanes, scratch };
        dense::for_each_lane(args[1].shape[0], lanes, &mut work);
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let (known, parts) = split_scaled(args);
        let along_scale = tangents[3].map(|ds| g.slope_of(known, ds, parts));
        let along_parts = tangents[4..]
            .iter()
            .any(Option::is_some)
            .then(|| g.linear_slope_of(known.r, args[3], parts, &tangents[4..]));
        let terms: Vec<Node> = along_scale.into_iter().chain(along_parts).collect();
        g.sum_of_terms(&terms)
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let (known, parts) = split_scaled(args);
        let to_scale = wanted[3].then(|| {
            let one = g.scalar(1.0);
            let slope = g.slope_of(known, one, parts);
            g.inner_product(slope, dy)
        });
        let mut to_parts = vec![None; parts.len()];
        if wanted[4..].contains(&true) {
            let own: Vec<Option<Node>> = g.in_parts(dy, parts).into_iter().map(Some).collect();
            let slope = g.linear_slope_of(known.r, args[3], parts, &own);
            to_parts = g.in_parts(slope, parts).into_iter().map(Some).collect();
        }
        [None, None, None, to_scale].into_iter().chain(to_parts).collect()
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

fn split(args: &[Node]) -> (Known, &[Node]) {
    (Known { r: args[0], centre: args[1], q: args[2] }, &args[3..])
}

fn split_scaled(args: &[Node]) -> (Known, &[Node]) {
    (Known { r: args[0], centre: args[1], q: args[2] }, &args[4..])
}

fn check_parts(centre: &[usize], parts: &[&[usize]]) {
    let sizes: usize = parts.iter().map(|part| size_of(part)).sum();
    assert_eq!(sizes, size_of(centre), "a form of {centre:?} for {parts:?}");
}

/// The distance from the centre and the affine form.
fn scratch(n: usize, lanes: usize) -> usize {
    2 * n * dense::width(n, lanes)
}

struct Evaluation<'a> {
    form: &'a [Operand<'a>],
    /// Of slopes.
    scale: Option<&'a Operand<'a>>,
    parts: &'a [Operand<'a>],
    out: &'a mut [f64],
    lanes: usize,
    scratch: &'a mut [f64],
}

impl Lanewise for Evaluation<'_> {
    #[inline(always)]
    fn run<const W: usize>(&mut self, lanes: Range<usize>) {
        let [r, centre, q] = [0, 1, 2].map(|k| self.form[k].data);
        let n = centre.len();
        let (distance, rest) = self.scratch.as_chunks_mut::<W>().0.split_at_mut(n);
        let form = &mut rest[..n];
        let mut start = 0;
        for part in self.parts {
            let end = start + part.data.len() / part.lanes;
            dense::take(part, &lanes, &mut distance[start..end]);
            start = end;
        }
        for (d, c) in distance.iter_mut().zip(centre) {
            *d = d.map(|x| x - c);
        }
        for (i, (y, q)) in form.iter_mut().zip(q).enumerate() {
            let mut sum = [*q; W];
            for (r, d) in r[i * n..(i + 1) * n].iter().zip(&*distance).skip(i) {
                (0..W).for_each(|l| sum[l] += r * d[l]);
            }
            *y = sum;
        }
        let Some(scale) = self.scale else {
            let mut sum = [0.0; W];
            for y in form {
                (0..W).for_each(|l| sum[l] += y[l] * y[l]);
            }
            return dense::put(&[sum], self.out, self.lanes, &lanes);
        };
        let mut factor = [[0.0; W]];
        dense::take(scale, &lanes, &mut factor);
        for (j, slope) in distance.iter_mut().enumerate() {
            let mut sum = [0.0; W];
            for (y, r) in form[..=j].iter().zip(r[j..].iter().step_by(n)) {
                (0..W).for_each(|l| sum[l] += r * y[l]);
            }
            (0..W).for_each(|l| slope[l] = factor[0][l] * sum[l]);
        }
        dense::put(distance, self.out, self.lanes, &lanes);
    }
}
