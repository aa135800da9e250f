//! Intrinsic conditional autoregression: smooth maps.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};
use crate::types::broadcast_dims;

use super::formula::{HALF_LN_2PI, standard_normal, sum_last};
use super::matrices::identity;
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// N values that sum to zero, one for each node of a connected graph: each is normal about the mean of its neighbours, with
/// variance 1 / (number of neighbours). Besag (1974); Morris et al. (2019), "Bayesian hierarchical spatial models:
/// Implementing the Besag York Mollié model in Stan". Multiplied by an sd it has that scale.
pub struct Icar;

const FORMS: &[&[Param]] = &[&[
    Param::vector("node1", Range::Ordinal, "first node of each edge: a position from 1 to N"),
    Param::vector("node2", Range::Ordinal, "second node of each edge"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[1.0, 2.0, 2.0, 3.0], &[2.0, 3.0, 4.0, 4.0]], points: &[0.5, -1.0, 0.7, -0.2] },
    Trial { form: 0, args: &[&[2.0], &[1.0]], points: &[0.4, -0.4] },
];

impl Distribution for Icar {
    fn name(&self) -> &'static str {
        "Icar"
    }

    fn summary(&self) -> &'static str {
        "intrinsic conditional autoregression on a graph: values that sum to zero"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Largest(&[0, 1])]
    }

    fn event_mismatch(&self, _form: usize, args: &[&[usize]]) -> Option<String> {
        let [m, n] = [0, 1].map(|k: usize| args[k].last().copied().unwrap_or(1));
        (m != n).then(|| {
            format!("node1 of Icar has length {m}, and node2 has {n}: they are the two ends of each edge")
        })
    }

    fn objection(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<String> {
        let Some(edges) = Edges::known(g, args) else {
            return Some(
                "node1 and node2 of Icar must be known from the data, and the same for every draw".into(),
            );
        };
        edges.objection()
    }

    fn remedy(&self) -> Option<&'static str> {
        Some(
            "number the nodes 1 to N and list each pair of neighbours once; islands get an edge to a place nearby, or each part of the map an `Icar` of its own",
        )
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Continuous { constraint: &constraint::ZeroSum, bounds: vec![] }
    }

    /// Relative to lengths and areas on the hyperplane of vectors that sum to zero, where it is a normal distribution whose
    /// precision is the Laplacian of the graph.
    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let edges = Edges::known(g, args).unwrap_or_default();
        let shape = g.shape(x).to_vec();
        let (batch, n) = (&shape[..shape.len() - 1], shape[shape.len() - 1]);
        let rows: usize = batch.iter().product();
        let ends = [batch, &[edges.ends.len()]].concat();
        let gather = |g: &mut Graph, end: usize| {
            let index = (0..rows).flat_map(|b| edges.ends.iter().map(move |e| (b * n + e[end]) as u32));
            g.gather(x, index.collect(), &ends)
        };
        let (from, to) = (gather(g, 0), gather(g, 1));
        let differences = g.sub(from, to);
        let squares = g.square(differences);
        let sum = sum_last(g, squares);
        let exponent = g.mul_scalar(sum, -0.5);
        let constant = 0.5 * edges.log_pseudo_determinant() - (edges.n.max(1) - 1) as f64 * HALF_LN_2PI;
        let value = g.add_scalar(exponent, constant);
        let of_args = &g.shape(args[0])[..g.shape(args[0]).len() - 1];
        match broadcast_dims(g.shape(value), of_args) {
            Some(shape) => g.broadcast(value, &shape),
            None => value,
        }
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let n = Edges::known(g, args)?.n;
        Some(g.full(&[n], 0.0))
    }

    /// From the diagonal of the Laplacian's pseudo-inverse, (Q + 11' / N)^-1 - 11' / N.
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let edges = Edges::known(g, args)?;
        let n = edges.n;
        let share = 1.0 / n as f64;
        let mut values = vec![share; n * n];
        for &[i, j] in &edges.ends {
            values[i * n + i] += 1.0;
            values[j * n + j] += 1.0;
            values[i * n + j] -= 1.0;
            values[j * n + i] -= 1.0;
        }
        let laplacian = g.vector(&values);
        let laplacian = g.reshape(laplacian, &[n, n]);
        let factor = g.cholesky(laplacian);
        let identity = identity(g, n);
        let root = g.solve_triangular(factor, identity, false);
        let squares = g.square(root);
        let diagonal = g.sum(squares, &[0]);
        let variance = g.add_scalar(diagonal, -share);
        Some(g.sqrt(variance))
    }

    /// Values relative to the node that is eliminated last, each given those that were eliminated after it; then centred.
    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let edges = Edges::new(args[0], args[1]);
        out.fill(0.0);
        for step in edges.elimination().iter().rev() {
            let sum: f64 = step.neighbours.iter().map(|&(j, w)| w * out[j]).sum();
            out[step.node] = sum / step.total + standard_normal(rng) / step.total.sqrt();
        }
        let mean = out.iter().sum::<f64>() / out.len() as f64;
        out.iter_mut().for_each(|x| *x -= mean);
    }

    fn formula(&self) -> &'static str {
        "-sum((x[node1] - x[node2])^2) / 2 + log(pseudo-determinant of the graph's Laplacian) / 2 - (N - 1) log(2 pi) / 2, over the hyperplane sum(x) = 0"
    }

    fn example(&self) -> &'static str {
        "phi ~ Icar([1, 2, 3], [2, 3, 4])"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: None, pymc: Some("ICAR(W)"), r: Some("brms::car(W, type = \"icar\")") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// The edges of a graph, by positions counted from 0.
#[derive(Default)]
struct Edges {
    n: usize,
    ends: Vec<[usize; 2]>,
}

/// A node that is taken out of the graph: its neighbours then, with weights, and the sum of these.
struct Elimination {
    node: usize,
    neighbours: Vec<(usize, f64)>,
    total: f64,
}

/// Nodes that are looked through for those without a neighbour: more, with fewer edges, are identifiers and not positions.
const MAX_SEARCHED: usize = 100_000;

/// Most nodes that a message lists.
const MAX_LISTED: usize = 6;

impl Edges {
    fn new(node1: &[f64], node2: &[f64]) -> Edges {
        let ends: Vec<[usize; 2]> = node1
            .iter()
            .zip(node2)
            .map(|(&i, &j)| [(i as usize).max(1) - 1, (j as usize).max(1) - 1])
            .collect();
        let n = ends.iter().flatten().max().map_or(0, |&last| last + 1);
        Edges { n, ends }
    }

    /// `None` where they are not constants, or differ along a batch.
    fn known(g: &Graph, args: &[Node]) -> Option<Edges> {
        let [node1, node2] = [0, 1].map(|k: usize| {
            let value = g.value(args[k])?;
            let length = value.shape().last().copied()?;
            let flat: Vec<f64> = value.iter().copied().collect();
            let first = flat[..length.min(flat.len())].to_vec();
            flat.chunks(length.max(1)).all(|row| row == first).then_some(first)
        });
        Some(Edges::new(&node1?, &node2?))
    }

    fn objection(&self) -> Option<String> {
        if self.ends.is_empty() {
            return Some("Icar needs at least one edge".into());
        }
        let mut seen = BTreeSet::new();
        for &[i, j] in &self.ends {
            let (a, b) = (i + 1, j + 1);
            if i == j {
                return Some(format!("Icar: node {a} is listed as its own neighbour"));
            }
            if !seen.insert((i.min(j), i.max(j))) {
                return Some(format!(
                    "Icar: the edge between {a} and {b} is given twice; each pair of neighbours is listed once"
                ));
            }
        }
        let most = self.ends.len() + 1;
        if self.n > most.max(MAX_SEARCHED) {
            return Some(format!(
                "Icar has a node {}, and {} edges connect at most {most} nodes: number the nodes 1, 2, ... and list every \
                 node with a neighbour",
                self.n,
                self.ends.len()
            ));
        }
        let apart = self.apart();
        if apart.is_empty() {
            return None;
        }
        let listed: Vec<String> = apart.iter().take(MAX_LISTED).map(|i| (i + 1).to_string()).collect();
        let rest = apart.len() - listed.len();
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let (nodes, are) = if apart.len() == 1 { ("node", "is") } else { ("nodes", "are") };
        Some(format!(
            "Icar needs a connected graph, and {nodes} {}{more} {are} not connected with node 1",
            listed.join(", ")
        ))
    }

    /// Nodes that no path leads to from the first.
    fn apart(&self) -> Vec<usize> {
        let neighbours = self.neighbours();
        let mut reached = vec![false; self.n];
        let mut open = vec![0];
        while let Some(i) = open.pop() {
            if !std::mem::replace(&mut reached[i], true) {
                open.extend(neighbours[i].keys());
            }
        }
        (0..self.n).filter(|&i| !reached[i]).collect()
    }

    fn neighbours(&self) -> Vec<BTreeMap<usize, f64>> {
        let mut neighbours = vec![BTreeMap::new(); self.n];
        for &[i, j] in self.ends.iter().filter(|[i, j]| i != j) {
            *neighbours[i].entry(j).or_insert(0.0) += 1.0;
            *neighbours[j].entry(i).or_insert(0.0) += 1.0;
        }
        neighbours
    }

    /// Gaussian elimination of the Laplacian, the node with the fewest neighbours first, all but the last node. What is left
    /// of a Laplacian is one again, so that only positive numbers are added.
    fn elimination(&self) -> Vec<Elimination> {
        let mut neighbours = self.neighbours();
        let mut queue: BTreeSet<(usize, usize)> =
            neighbours.iter().enumerate().map(|(i, of)| (of.len(), i)).collect();
        let mut steps = Vec::with_capacity(self.n);
        while queue.len() > 1 {
            let Some((_, node)) = queue.pop_first() else { break };
            let around: Vec<(usize, f64)> = std::mem::take(&mut neighbours[node]).into_iter().collect();
            let total: f64 = around.iter().map(|(_, w)| w).sum();
            for &(i, w) in &around {
                queue.remove(&(neighbours[i].len(), i));
                neighbours[i].remove(&node);
                for &(j, v) in around.iter().filter(|(j, _)| *j != i) {
                    *neighbours[i].entry(j).or_insert(0.0) += w * v / total;
                }
                queue.insert((neighbours[i].len(), i));
            }
            steps.push(Elimination { node, neighbours: around, total });
        }
        steps
    }

    /// Product of the Laplacian's eigenvalues but for 0: N times its determinant without one row and column.
    fn log_pseudo_determinant(&self) -> f64 {
        let log_minor: f64 = self.elimination().iter().map(|step| step.total.ln()).sum();
        (self.n.max(1) as f64).ln() + log_minor
    }
}
