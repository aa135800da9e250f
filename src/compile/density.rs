//! The compiled log density: programs for value, gradient, Hessian-vector product, terms, quantities, pointwise.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::tracer::Block;
use super::workspaces::Workspaces;
use crate::density::{Coordinate, LogDensity, Term};
use crate::tape::{Columns, Folded, Graph, Node, Program, forward, reverse, share_exponentials, simplify};

/// Working memory of one run, in bytes: more lanes than fit are run one block after the other.
const MAX_ARENA_BYTES: usize = 64 << 20;

/// With more coordinates than this a gradient by forward mode is never the cheaper one.
const FORWARD_MAX_DIM: usize = 4;

/// How gradients are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GradientMode {
    /// The one that is less work.
    #[default]
    Auto,
    Forward,
    Reverse,
}

/// log p(x, z) of a model and its data.
pub struct Density {
    graph: Mutex<Graph>,
    /// All coordinates, one input after the other.
    inputs: Vec<Node>,
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
    /// Sums and products of the value.
    work: f64,
    /// Whether a gradient is less work by forward mode.
    forward_pays: OnceLock<bool>,
    workspaces: Workspaces,
    /// Each is made when it is first run.
    programs: [OnceLock<Program>; Computed::COUNT],
}

/// What a program computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computed {
    /// log p
    Value,
    /// log p in stage one, its derivative along a direction in stage two.
    Forward,
    /// log p and its gradient.
    Reverse,
    /// Forward over reverse: the gradient, and the Hessian times a direction, in one stage, so that nothing as long as the
    /// data is kept between two.
    HessianVector,
    /// log p by statement.
    Terms,
    /// Latents and quantities on their own scales.
    Constrained,
    /// log p by observed element.
    Pointwise,
}

impl Computed {
    const COUNT: usize = Computed::Pointwise as usize + 1;
}

/// Instructions and memory of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProgramSize {
    pub instructions: usize,
    pub constant_bytes: usize,
    /// Memory of intermediate values, per lane.
    pub arena_bytes_per_lane: usize,
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
        let results = [&[log_density], &terms[..], &pointwise, &quantities].concat();
        graph.keep_only(&results);
        let count = |graph: &Graph, nodes: &[Node]| -> usize {
            nodes.iter().map(|&node| graph.shape(node).iter().product::<usize>()).sum()
        };
        Density {
            work: graph.work(&[log_density]),
            forward_pays: OnceLock::new(),
            n_constrained: count(&graph, &quantities),
            n_pointwise: count(&graph, &pointwise),
            graph: Mutex::new(graph),
            inputs: blocks.iter().map(|block| block.input).collect(),
            log_density,
            terms,
            notes,
            pointwise,
            quantities,
            coordinates,
            statements,
            mode,
            workspaces: Workspaces::default(),
            programs: Default::default(),
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
        if self.mode(mode) == GradientMode::Forward {
            self.gradient_forward(lanes, z, out, gradient);
        } else {
            self.run(Computed::Reverse, lanes, [z], &mut [(out, 0..1), (gradient, 1..1 + self.inputs.len())]);
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
            self.program(Computed::Value).dump(),
            self.program(Computed::Reverse).dump()
        )
    }

    /// The mode that a choice comes to: forward or reverse.
    pub fn mode(&self, mode: GradientMode) -> GradientMode {
        match mode {
            GradientMode::Auto if self.forward_pays() => GradientMode::Forward,
            GradientMode::Auto => GradientMode::Reverse,
            mode => mode,
        }
    }

    /// The program is made if it was not before.
    pub fn program_size(&self, what: Computed) -> ProgramSize {
        let program = self.program(what);
        ProgramSize {
            instructions: program.len(),
            constant_bytes: program.constant_bytes(),
            arena_bytes_per_lane: program.arena_size() * size_of::<f64>(),
        }
    }

    /// Bytes that a program works in when it is run for so many points: for as many of them as are run at a time.
    pub fn workspace_bytes(&self, what: Computed, lanes: usize) -> usize {
        let program = self.program(what);
        program.lowered(lanes_at_once(program, lanes)).bytes()
    }

    /// Most tasks that a program shares its long passes out in, run for so many points where there are so many threads.
    pub fn tasks(&self, what: Computed, lanes: usize, threads: usize) -> usize {
        let program = self.program(what);
        program.tasks(lanes_at_once(program, lanes), threads)
    }

    fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `Auto` takes forward mode.
    fn forward_pays(&self) -> bool {
        *self.forward_pays.get_or_init(|| {
            self.dim() <= FORWARD_MAX_DIM && {
                let mut graph = self.graph();
                let (along, _) = self.derivatives_along(&mut graph, &[self.log_density]);
                let gradient = reverse(&mut graph, self.log_density, &self.inputs);
                let with = |derivatives: &[Node]| {
                    graph.work(&[&[self.log_density], derivatives].concat()) - self.work
                };
                with(&along) * self.dim() as f64 <= with(&gradient)
            }
        })
    }

    fn program(&self, what: Computed) -> &Program {
        self.programs[what as usize].get_or_init(|| self.compile(what))
    }

    fn compile(&self, what: Computed) -> Program {
        let mut graph = self.graph();
        let log_density = self.log_density;
        let (outputs, directions) = match what {
            Computed::Value => (vec![log_density], Vec::new()),
            Computed::Forward => {
                let (derivatives, directions) = self.derivatives_along(&mut graph, &[log_density]);
                ([&[log_density], &derivatives[..]].concat(), directions)
            }
            Computed::Reverse => {
                let gradient = reverse(&mut graph, log_density, &self.inputs);
                ([&[log_density], &gradient[..]].concat(), Vec::new())
            }
            Computed::HessianVector => {
                let gradient = reverse(&mut graph, log_density, &self.inputs);
                let (products, directions) = self.derivatives_along(&mut graph, &gradient);
                let inputs = [&self.inputs[..], &directions].concat();
                let outputs = share_exponentials(&mut graph, &[gradient, products].concat());
                return Program::new(&graph, &inputs, &outputs);
            }
            Computed::Terms => (self.terms.clone(), Vec::new()),
            Computed::Constrained => (self.quantities.clone(), Vec::new()),
            Computed::Pointwise => (self.pointwise.clone(), Vec::new()),
        };
        let outputs = share_exponentials(&mut graph, &outputs);
        Program::staged(&graph, &self.inputs, &directions, &outputs)
    }

    /// Derivatives along directions, and these.
    fn derivatives_along(&self, graph: &mut Graph, of: &[Node]) -> (Vec<Node>, Vec<Node>) {
        let shapes: Vec<Vec<usize>> = self.inputs.iter().map(|&input| graph.shape(input).to_vec()).collect();
        let directions: Vec<Node> = shapes.iter().map(|shape| graph.input(shape)).collect();
        let pairs: Vec<(Node, Node)> = self.inputs.iter().copied().zip(directions.iter().copied()).collect();
        (forward(graph, of, &pairs), directions)
    }

    fn gradient_forward(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        let program = self.program(Computed::Forward);
        in_blocks(program, lanes, |Range { start, end }| {
            let own = end - start;
            let mut ws = self.workspaces.take(Computed::Forward, program, own);
            program.run_at(&mut ws, &[Columns::new(z, lanes, start)]);
            program.output(&ws, 0).copy_to_columns(own, out, lanes, start);
            for (i, derivative) in gradient.chunks_exact_mut(lanes).enumerate() {
                program.run_along_coordinate(&mut ws, i);
                program.output(&ws, 1).copy_to_columns(own, derivative, lanes, start);
            }
            self.workspaces.give_back(Computed::Forward, ws);
        });
    }

    /// Runs a program at `lanes` points, given in parts one after the other, and copies ranges of its outputs, one after the
    /// other, to each target.
    fn run<const N: usize>(
        &self,
        what: Computed,
        lanes: usize,
        points: [&[f64]; N],
        targets: &mut [(&mut [f64], Range<usize>)],
    ) {
        let program = self.program(what);
        in_blocks(program, lanes, |Range { start, end }| {
            let own = end - start;
            let mut ws = self.workspaces.take(what, program, own);
            program.run_at(&mut ws, &points.map(|part| Columns::new(part, lanes, start)));
            for (target, outputs) in targets.iter_mut() {
                let mut row = 0;
                for k in outputs.clone() {
                    let output = program.output(&ws, k);
                    let size: usize = output.shape.iter().product();
                    let rows = &mut target[row * lanes..(row + size) * lanes];
                    output.copy_to_columns(own, rows, lanes, start);
                    row += size;
                }
            }
            self.workspaces.give_back(what, ws);
        });
    }
}

/// The lanes of one run.
fn lanes_at_once(program: &Program, lanes: usize) -> usize {
    let per_lane = program.arena_size().max(1) * size_of::<f64>();
    (MAX_ARENA_BYTES / per_lane).clamp(1, lanes.max(1))
}

/// Calls `f` with blocks of lanes that fit in memory.
fn in_blocks(program: &Program, lanes: usize, mut f: impl FnMut(Range<usize>)) {
    let block = lanes_at_once(program, lanes);
    let mut start = 0;
    while start < lanes {
        let end = (start + block).min(lanes);
        f(start..end);
        start = end;
    }
}

impl LogDensity for Density {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    fn statements(&self) -> &[Term] {
        &self.statements
    }

    fn work(&self) -> f64 {
        self.work
    }

    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.run(Computed::Value, lanes, [z], &mut [(out, 0..1)]);
    }

    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.gradient_with(self.mode, lanes, z, out, gradient);
    }

    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        let n = self.inputs.len();
        self.run(Computed::HessianVector, lanes, [z, v], &mut [(gradient, 0..n), (product, n..2 * n)]);
    }

    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.run(Computed::Terms, lanes, [z], &mut [(out, 0..self.terms.len())]);
    }

    fn n_constrained(&self) -> usize {
        self.n_constrained
    }

    fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.run(Computed::Constrained, lanes, [z], &mut [(out, 0..self.quantities.len())]);
    }

    fn n_pointwise(&self) -> usize {
        self.n_pointwise
    }

    fn pointwise(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.run(Computed::Pointwise, lanes, [z], &mut [(out, 0..self.pointwise.len())]);
    }
}
