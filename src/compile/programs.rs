//! The programs of a log density in one choice of coordinates: value, gradient, Hessian-vector product and the rest.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::workspaces::Workspaces;
use crate::tape::{Columns, Graph, Node, Program, forward, reverse, share_exponentials};

/// Working memory of one run, in bytes: more lanes than fit are run one block after the other.
const MAX_ARENA_BYTES: usize = 64 << 20;
/// The same of up to so many lanes of a program with recursions, which share the cost of their steps.
const MAX_RECURSION_BYTES: usize = 2 << 30;
const LANES_OF_RECURSIONS: usize = 8;

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
    /// What the states of discrete latents are drawn from.
    States,
    /// log p by observed element.
    Pointwise,
    /// Locations and log scales of the coordinates that can be recentred.
    LocationsAndScales,
    /// From these coordinates to those as written.
    ToWritten,
    /// From the coordinates as written to these.
    FromWritten,
}

impl Computed {
    const COUNT: usize = Computed::FromWritten as usize + 1;
}

/// Instructions and memory of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProgramSize {
    pub instructions: usize,
    pub constant_bytes: usize,
    /// Memory of intermediate values, per lane.
    pub arena_bytes_per_lane: usize,
}

/// The nodes that programs compute.
pub struct Nodes {
    /// All coordinates, one input after the other.
    pub inputs: Vec<Node>,
    /// What is the same at all points of a run: the centring, one input after the other.
    pub constants: Vec<Node>,
    /// Coordinates as written, and the inputs that these are.
    pub written: [Vec<Node>; 2],
    /// These coordinates, from those as written.
    pub from_written: Vec<Node>,
    pub log_density: Node,
    pub terms: Vec<Node>,
    pub quantities: Vec<Node>,
    pub states: Vec<Node>,
    pub pointwise: Vec<Node>,
    pub locations: Vec<Node>,
    pub log_scales: Vec<Node>,
}

impl Nodes {
    fn all(&self) -> Vec<Node> {
        let [written, _] = &self.written;
        let lists = [
            written,
            &self.from_written,
            &self.terms,
            &self.quantities,
            &self.states,
            &self.pointwise,
            &self.locations,
            &self.log_scales,
        ];
        lists.into_iter().flatten().copied().chain([self.log_density]).collect()
    }
}

/// Programs over one graph, each made when it is first run.
pub struct Programs {
    graph: Mutex<Graph>,
    nodes: Nodes,
    mode: GradientMode,
    dim: usize,
    /// Sums and products of the value.
    work: f64,
    /// Whether a gradient is less work by forward mode.
    forward_pays: OnceLock<bool>,
    workspaces: Workspaces,
    programs: [OnceLock<Program>; Computed::COUNT],
}

/// Where a program's outputs go: some of them, one after the other.
type Target<'t> = (&'t mut [f64], Range<usize>);

impl Programs {
    /// `others` are nodes that graphs in other coordinates will need.
    pub fn new(mut graph: Graph, nodes: Nodes, others: &[Node], mode: GradientMode) -> Programs {
        graph.keep_only(&[&nodes.all(), others].concat());
        Programs {
            work: graph.work(&[nodes.log_density]),
            forward_pays: OnceLock::new(),
            dim: nodes.inputs.iter().map(|&input| graph.size(input)).sum(),
            graph: Mutex::new(graph),
            nodes,
            mode,
            workspaces: Workspaces::default(),
            programs: Default::default(),
        }
    }

    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    pub fn work(&self) -> f64 {
        self.work
    }

    /// A graph to which other coordinates can be added.
    pub fn copy_of_graph(&self) -> Graph {
        self.graph().clone()
    }

    /// The default mode of gradients.
    pub fn default_mode(&self) -> GradientMode {
        self.mode
    }

    /// The mode that a choice comes to: forward or reverse.
    pub fn mode(&self, mode: GradientMode) -> GradientMode {
        match mode {
            GradientMode::Auto if self.forward_pays() => GradientMode::Forward,
            GradientMode::Auto => GradientMode::Reverse,
            mode => mode,
        }
    }

    pub fn program(&self, what: Computed) -> &Program {
        self.programs[what as usize].get_or_init(|| self.compile(what))
    }

    /// The program is made if it was not before.
    pub fn size(&self, what: Computed) -> ProgramSize {
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

    /// log p and its gradient, by the mode that a choice comes to.
    pub fn gradient(
        &self,
        mode: GradientMode,
        constants: &[f64],
        lanes: usize,
        z: &[f64],
        out: &mut [f64],
        gradient: &mut [f64],
    ) {
        if self.mode(mode) == GradientMode::Forward {
            self.gradient_forward(constants, lanes, z, out, gradient);
        } else {
            let n = self.nodes.inputs.len();
            let targets = &mut [(out, 0..1), (gradient, 1..1 + n)];
            self.run(Computed::Reverse, constants, lanes, z, None, targets);
        }
    }

    /// The gradient, and the Hessian times a direction.
    pub fn hessian_vector(
        &self,
        constants: &[f64],
        lanes: usize,
        z: &[f64],
        v: &[f64],
        gradient: &mut [f64],
        product: &mut [f64],
    ) {
        let n = self.nodes.inputs.len();
        let targets = &mut [(gradient, 0..n), (product, n..2 * n)];
        self.run(Computed::HessianVector, constants, lanes, z, Some(v), targets);
    }

    /// Locations, and log scales, of the coordinates that can be recentred.
    pub fn locations_and_scales(
        &self,
        constants: &[f64],
        lanes: usize,
        z: &[f64],
        location: &mut [f64],
        log_scale: &mut [f64],
    ) {
        let (n, m) = (self.nodes.locations.len(), self.nodes.log_scales.len());
        let targets = &mut [(location, 0..n), (log_scale, n..n + m)];
        self.run(Computed::LocationsAndScales, constants, lanes, z, None, targets);
    }

    /// All outputs of a program at `lanes` points, one after the other.
    pub fn all(&self, what: Computed, constants: &[f64], lanes: usize, z: &[f64], out: &mut [f64]) {
        let n = self.outputs(what).map_or(1, |[first, second]| first.len() + second.len());
        self.run(what, constants, lanes, z, None, &mut [(out, 0..n)]);
    }

    /// Runs a program at `lanes` points, and directions if it takes them, and copies ranges of its outputs, one after the
    /// other, to each target.
    fn run(
        &self,
        what: Computed,
        constants: &[f64],
        lanes: usize,
        z: &[f64],
        directions: Option<&[f64]>,
        targets: &mut [Target<'_>],
    ) {
        let program = self.program(what);
        in_blocks(program, lanes, |Range { start, end }| {
            let own = end - start;
            let mut ws = self.workspaces.take(what, program, own);
            let points = [Columns::new(z, lanes, start), Columns::same(constants)];
            match directions {
                None => program.run_at(&mut ws, &points),
                Some(v) => {
                    program.run_at(&mut ws, &[points[0], points[1], Columns::new(v, lanes, start)]);
                }
            }
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

    fn gradient_forward(
        &self,
        constants: &[f64],
        lanes: usize,
        z: &[f64],
        out: &mut [f64],
        gradient: &mut [f64],
    ) {
        let program = self.program(Computed::Forward);
        in_blocks(program, lanes, |Range { start, end }| {
            let own = end - start;
            let mut ws = self.workspaces.take(Computed::Forward, program, own);
            program.run_at(&mut ws, &[Columns::new(z, lanes, start), Columns::same(constants)]);
            program.output(&ws, 0).copy_to_columns(own, out, lanes, start);
            for (i, derivative) in gradient.chunks_exact_mut(lanes).enumerate() {
                program.run_along_coordinate(&mut ws, i);
                program.output(&ws, 1).copy_to_columns(own, derivative, lanes, start);
            }
            self.workspaces.give_back(Computed::Forward, ws);
        });
    }

    fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `Auto` takes forward mode.
    fn forward_pays(&self) -> bool {
        *self.forward_pays.get_or_init(|| {
            self.dim <= FORWARD_MAX_DIM && {
                let mut graph = self.graph();
                let log_density = self.nodes.log_density;
                let (along, _) = self.derivatives_along(&mut graph, &[log_density]);
                let gradient = reverse(&mut graph, log_density, &self.nodes.inputs);
                let with =
                    |derivatives: &[Node]| graph.work(&[&[log_density], derivatives].concat()) - self.work;
                with(&along) * self.dim as f64 <= with(&gradient)
            }
        })
    }

    /// What a program without derivatives computes.
    fn outputs(&self, what: Computed) -> Option<[&[Node]; 2]> {
        let nodes = &self.nodes;
        let first = match what {
            Computed::Value => std::slice::from_ref(&nodes.log_density),
            Computed::Terms => &nodes.terms,
            Computed::Constrained => &nodes.quantities,
            Computed::States => &nodes.states,
            Computed::Pointwise => &nodes.pointwise,
            Computed::LocationsAndScales => return Some([&nodes.locations, &nodes.log_scales]),
            Computed::ToWritten => &nodes.written[0],
            Computed::FromWritten => &nodes.from_written,
            Computed::Forward | Computed::Reverse | Computed::HessianVector => return None,
        };
        Some([first, &[]])
    }

    fn compile(&self, what: Computed) -> Program {
        let mut graph = self.graph();
        let nodes = &self.nodes;
        let log_density = nodes.log_density;
        let points = if what == Computed::FromWritten { &nodes.written[1] } else { &nodes.inputs };
        let inputs = [&points[..], &nodes.constants].concat();
        if let Some(outputs) = self.outputs(what) {
            return Program::new(&graph, &inputs, &outputs.concat());
        }
        if what == Computed::Forward {
            let (derivatives, directions) = self.derivatives_along(&mut graph, &[log_density]);
            let outputs = [&[log_density], &derivatives[..]].concat();
            let outputs = share_exponentials(&mut graph, &outputs);
            return Program::staged(&graph, &inputs, &directions, &outputs);
        }
        let gradient = reverse(&mut graph, log_density, &nodes.inputs);
        if what == Computed::Reverse {
            let outputs = share_exponentials(&mut graph, &[&[log_density], &gradient[..]].concat());
            return Program::new(&graph, &inputs, &outputs);
        }
        let (products, directions) = self.derivatives_along(&mut graph, &gradient);
        let outputs = share_exponentials(&mut graph, &[gradient, products].concat());
        Program::new(&graph, &[inputs, directions].concat(), &outputs)
    }

    /// Derivatives along directions, and these.
    fn derivatives_along(&self, graph: &mut Graph, of: &[Node]) -> (Vec<Node>, Vec<Node>) {
        let inputs = &self.nodes.inputs;
        let shapes: Vec<Vec<usize>> = inputs.iter().map(|&input| graph.shape(input).to_vec()).collect();
        let directions: Vec<Node> = shapes.iter().map(|shape| graph.input(shape)).collect();
        let pairs: Vec<(Node, Node)> = inputs.iter().copied().zip(directions.iter().copied()).collect();
        (forward(graph, of, &pairs), directions)
    }
}

/// The lanes of one run.
fn lanes_at_once(program: &Program, lanes: usize) -> usize {
    if program.is_of_products() {
        return 1;
    }
    let per_lane = program.arena_size().max(1) * size_of::<f64>();
    let least = match program.has_recursions() {
        true => (MAX_RECURSION_BYTES / per_lane).clamp(1, LANES_OF_RECURSIONS),
        false => 1,
    };
    (MAX_ARENA_BYTES / per_lane).max(least).clamp(1, lanes.max(1))
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
