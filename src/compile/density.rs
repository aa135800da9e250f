//! The compiled log density: programs for value, gradient, Hessian-vector product, terms, quantities, pointwise.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::tracer::Block;
use crate::density::{Coordinate, LogDensity, Term};
use crate::tape::{Folded, Graph, Node, Program, Workspace, forward, reverse, simplify};

/// Working memory of one run, in bytes: more lanes than fit are run one block after the other.
const MAX_ARENA_BYTES: usize = 512 << 20;

/// Workspaces that a program keeps for its next runs: the lane counts of a fit and of its checks.
const MAX_POOLED: usize = 4;

/// With at most this many coordinates a gradient by forward mode is the cheaper one.
const FORWARD_MAX_DIM: usize = 2;

/// How gradients are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GradientMode {
    /// Forward for one or two coordinates, reverse otherwise.
    #[default]
    Auto,
    Forward,
    Reverse,
}

/// log p(x, z) of a model and its data.
pub struct Density {
    graph: Mutex<Graph>,
    inputs: Vec<Node>,
    /// Coordinates of each input.
    ranges: Vec<Range<usize>>,
    log_density: Node,
    terms: Vec<Node>,
    /// What was folded in each statement.
    notes: Vec<Vec<String>>,
    pointwise: Vec<Node>,
    quantities: Vec<Node>,
    coordinates: Vec<Coordinate>,
    statements: Vec<Term>,
    n_constrained: usize,
    n_pointwise: usize,
    mode: GradientMode,
    value: OnceLock<Compiled>,
    forward: OnceLock<Compiled>,
    reverse: OnceLock<Compiled>,
    hessian_vector: OnceLock<Compiled>,
    by_term: OnceLock<Compiled>,
    constrained: OnceLock<Compiled>,
    by_element: OnceLock<Compiled>,
}

/// Instructions and memory of a model's programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProgramSize {
    /// Instructions of log p alone.
    pub value: usize,
    /// Instructions of the gradient (reverse mode).
    pub gradient: usize,
    /// Instructions of the Hessian-vector product.
    pub hessian_vector: usize,
    pub constant_bytes: usize,
    /// Working memory of a gradient, per lane.
    pub arena_bytes_per_lane: usize,
}

/// A program with the workspaces that past runs left behind.
struct Compiled {
    program: Program,
    pool: Mutex<Vec<(usize, Workspace)>>,
}

/// What a density is made of.
pub struct Parts {
    pub graph: Graph,
    pub blocks: Vec<Block>,
    pub coordinates: Vec<Coordinate>,
    pub statements: Vec<Term>,
    /// Log density of each statement, shape [].
    pub folded: Folded,
    pub pointwise: Vec<Node>,
    pub quantities: Vec<Node>,
    pub mode: GradientMode,
}

impl Density {
    pub fn new(parts: Parts) -> Density {
        let Parts { mut graph, blocks, coordinates, statements, folded, pointwise, quantities, mode } = parts;
        let Folded { nodes: terms, notes } = folded;
        let zero = graph.scalar(0.0);
        let log_density = terms.iter().fold(zero, |sum, &term| graph.add(sum, term));
        let log_density = simplify(&mut graph, log_density);
        let mut ranges = Vec::with_capacity(blocks.len());
        let mut offset = 0;
        for block in &blocks {
            ranges.push(offset..offset + block.size);
            offset += block.size;
        }
        let count = |graph: &Graph, nodes: &[Node]| -> usize {
            nodes.iter().map(|&node| graph.shape(node).iter().product::<usize>()).sum()
        };
        Density {
            n_constrained: count(&graph, &quantities),
            n_pointwise: count(&graph, &pointwise),
            graph: Mutex::new(graph),
            inputs: blocks.iter().map(|block| block.input).collect(),
            ranges,
            log_density,
            terms,
            notes,
            pointwise,
            quantities,
            coordinates,
            statements,
            mode,
            value: OnceLock::new(),
            forward: OnceLock::new(),
            reverse: OnceLock::new(),
            hessian_vector: OnceLock::new(),
            by_term: OnceLock::new(),
            constrained: OnceLock::new(),
            by_element: OnceLock::new(),
        }
    }

    /// The gradient by a given mode, as [`LogDensity::gradient`].
    pub fn gradient_with(
        &self,
        mode: GradientMode,
        lanes: usize,
        z: &[f64],
        out: &mut [f64],
        gradient: &mut [f64],
    ) {
        let forward = match mode {
            GradientMode::Auto => self.dim() <= FORWARD_MAX_DIM,
            GradientMode::Forward => true,
            GradientMode::Reverse => false,
        };
        if forward {
            self.gradient_forward(lanes, z, out, gradient);
        } else {
            let compiled = self.reverse();
            self.run(compiled, lanes, &[z], &mut [(out, 0..1), (gradient, 1..1 + self.inputs.len())]);
        }
    }

    /// The sums over data that were replaced by cheaper ones, in words: `y ~ Normal(mu, sd): 1192 rows into R of 4 x 4`.
    pub fn folded(&self) -> impl Iterator<Item = String> {
        let of_statement = |(term, notes): (&Term, &Vec<String>)| {
            notes.iter().map(|note| format!("{}: {note}", term.text)).collect::<Vec<String>>()
        };
        self.statements.iter().zip(&self.notes).flat_map(of_statement)
    }

    /// What was folded, and the programs of log p and its gradient as text.
    pub fn dump(&self) -> String {
        let folded: String = self.folded().map(|note| format!("# folded: {note}\n")).collect();
        format!(
            "{folded}# log p\n{}\n# log p and its gradient\n{}",
            self.value().program.dump(),
            self.reverse().program.dump()
        )
    }

    pub fn program_size(&self) -> ProgramSize {
        let gradient = &self.reverse().program;
        ProgramSize {
            value: self.value().program.len(),
            gradient: gradient.len(),
            hessian_vector: self.second_order().program.len(),
            constant_bytes: gradient.constant_bytes(),
            arena_bytes_per_lane: gradient.arena_size() * size_of::<f64>(),
        }
    }

    fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn value(&self) -> &Compiled {
        self.value.get_or_init(|| Compiled::new(&self.graph(), &self.inputs, &[], &[self.log_density]))
    }

    fn reverse(&self) -> &Compiled {
        self.reverse.get_or_init(|| {
            let mut graph = self.graph();
            let mut outputs = vec![self.log_density];
            outputs.extend(reverse(&mut graph, self.log_density, &self.inputs));
            Compiled::new(&graph, &self.inputs, &[], &outputs)
        })
    }

    /// Stage one is log p, stage two its derivative along a direction.
    fn forward(&self) -> &Compiled {
        self.forward.get_or_init(|| {
            let mut graph = self.graph();
            let directions = self.directions(&mut graph);
            let pairs: Vec<(Node, Node)> =
                self.inputs.iter().copied().zip(directions.iter().copied()).collect();
            let mut outputs = vec![self.log_density];
            outputs.extend(forward(&mut graph, &[self.log_density], &pairs));
            Compiled::new(&graph, &self.inputs, &directions, &outputs)
        })
    }

    /// Forward over reverse: the gradient in stage one, Hessian times direction in stage two.
    fn second_order(&self) -> &Compiled {
        self.hessian_vector.get_or_init(|| {
            let mut graph = self.graph();
            let gradient = reverse(&mut graph, self.log_density, &self.inputs);
            let directions = self.directions(&mut graph);
            let pairs: Vec<(Node, Node)> =
                self.inputs.iter().copied().zip(directions.iter().copied()).collect();
            let products = forward(&mut graph, &gradient, &pairs);
            let outputs: Vec<Node> = gradient.into_iter().chain(products).collect();
            Compiled::new(&graph, &self.inputs, &directions, &outputs)
        })
    }

    fn directions(&self, graph: &mut Graph) -> Vec<Node> {
        let shapes: Vec<Vec<usize>> = self.inputs.iter().map(|&input| graph.shape(input).to_vec()).collect();
        shapes.iter().map(|shape| graph.input(shape)).collect()
    }

    fn gradient_forward(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        let compiled = self.forward();
        compiled.in_blocks(lanes, |range| {
            let block = range.len();
            let point = columns(z, lanes, &range);
            let mut ws = compiled.take(block);
            compiled.program.run(&mut ws, &self.split(&point, block));
            let mut value = vec![0.0; block];
            compiled.program.output(&ws, 0).copy_to(&mut value, block);
            out[range.clone()].copy_from_slice(&value);
            let mut direction = vec![0.0; point.len()];
            for i in 0..self.dim() {
                direction[i * block..(i + 1) * block].fill(1.0);
                compiled.program.run_directions(&mut ws, &self.split(&direction, block));
                compiled.program.output(&ws, 1).copy_to(&mut value, block);
                gradient[i * lanes + range.start..i * lanes + range.end].copy_from_slice(&value);
                direction[i * block..(i + 1) * block].fill(0.0);
            }
            compiled.give_back(block, ws);
        });
    }

    /// Runs a program over `lanes` points and copies ranges of its outputs, one after the other, to each target.
    fn run(
        &self,
        compiled: &Compiled,
        lanes: usize,
        points: &[&[f64]],
        targets: &mut [(&mut [f64], Range<usize>)],
    ) {
        compiled.in_blocks(lanes, |range| {
            let block = range.len();
            let whole = block == lanes;
            let own: Vec<Vec<f64>> =
                if whole { Vec::new() } else { points.iter().map(|p| columns(p, lanes, &range)).collect() };
            let point = |k: usize| if whole { points[k] } else { &own[k][..] };
            let mut ws = compiled.take(block);
            compiled.program.run(&mut ws, &self.split(point(0), block));
            if points.len() > 1 {
                compiled.program.run_directions(&mut ws, &self.split(point(1), block));
            }
            let mut buffer = Vec::new();
            for (target, outputs) in targets.iter_mut() {
                let mut row = 0;
                for k in outputs.clone() {
                    let output = compiled.program.output(&ws, k);
                    let size: usize = output.shape.iter().product();
                    if whole {
                        output.copy_to(&mut target[row * lanes..(row + size) * lanes], lanes);
                    } else {
                        buffer.resize(size * block, 0.0);
                        output.copy_to(&mut buffer, block);
                        for i in 0..size {
                            target[(row + i) * lanes + range.start..(row + i) * lanes + range.end]
                                .copy_from_slice(&buffer[i * block..(i + 1) * block]);
                        }
                    }
                    row += size;
                }
            }
            compiled.give_back(block, ws);
        });
    }

    /// The coordinates of each input.
    fn split<'z>(&self, z: &'z [f64], lanes: usize) -> Vec<&'z [f64]> {
        self.ranges.iter().map(|range| &z[range.start * lanes..range.end * lanes]).collect()
    }
}

impl Compiled {
    fn new(graph: &Graph, inputs: &[Node], directions: &[Node], outputs: &[Node]) -> Compiled {
        Compiled { program: Program::staged(graph, inputs, directions, outputs), pool: Mutex::default() }
    }

    /// Calls `f` with blocks of lanes that fit in memory.
    fn in_blocks(&self, lanes: usize, mut f: impl FnMut(Range<usize>)) {
        let per_lane = self.program.arena_size().max(1) * size_of::<f64>();
        let block = (MAX_ARENA_BYTES / per_lane).clamp(1, lanes.max(1));
        let mut start = 0;
        while start < lanes {
            let end = (start + block).min(lanes);
            f(start..end);
            start = end;
        }
    }

    fn take(&self, lanes: usize) -> Workspace {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match pool.iter().position(|(own, _)| *own == lanes) {
            Some(found) => pool.swap_remove(found).1,
            None => self.program.workspace(lanes),
        }
    }

    fn give_back(&self, lanes: usize, ws: Workspace) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() >= MAX_POOLED {
            pool.remove(0);
        }
        pool.push((lanes, ws));
    }
}

/// The columns `range` of `[rows][lanes]`.
fn columns(z: &[f64], lanes: usize, range: &Range<usize>) -> Vec<f64> {
    z.chunks(lanes).flat_map(|row| row[range.clone()].iter().copied()).collect()
}

impl LogDensity for Density {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    fn statements(&self) -> &[Term] {
        &self.statements
    }

    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.run(self.value(), lanes, &[z], &mut [(out, 0..1)]);
    }

    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.gradient_with(self.mode, lanes, z, out, gradient);
    }

    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        let n = self.inputs.len();
        self.run(self.second_order(), lanes, &[z, v], &mut [(gradient, 0..n), (product, n..2 * n)]);
    }

    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        let compiled =
            self.by_term.get_or_init(|| Compiled::new(&self.graph(), &self.inputs, &[], &self.terms));
        self.run(compiled, lanes, &[z], &mut [(out, 0..self.terms.len())]);
    }

    fn n_constrained(&self) -> usize {
        self.n_constrained
    }

    fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        let compiled = self
            .constrained
            .get_or_init(|| Compiled::new(&self.graph(), &self.inputs, &[], &self.quantities));
        self.run(compiled, lanes, &[z], &mut [(out, 0..self.quantities.len())]);
    }

    fn n_pointwise(&self) -> usize {
        self.n_pointwise
    }

    fn pointwise(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        let compiled =
            self.by_element.get_or_init(|| Compiled::new(&self.graph(), &self.inputs, &[], &self.pointwise));
        self.run(compiled, lanes, &[z], &mut [(out, 0..self.pointwise.len())]);
    }
}
