//! The compiled log density: as written, and in other coordinates of its location-scale latents.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::programs::{Computed, GradientMode, Nodes, ProgramSize, Programs};
use super::recentre::{Recentring, Weights};
use super::tracer::Block;
use crate::density::{Centring, Coordinate, LogDensity, Recentred, Term};
use crate::tape::{Folded, Graph, Node, simplify};

/// log p(x, z) of a model and its data.
pub struct Density {
    programs: Programs,
    /// What was folded in each statement.
    notes: Vec<Vec<String>>,
    coordinates: Vec<Coordinate>,
    statements: Vec<Term>,
    n_constrained: usize,
    n_pointwise: usize,
    n_states: usize,
    recentring: Recentring,
    /// By what they know of the centring, each made when it is first asked for.
    recentred: [OnceLock<Programs>; 2],
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
    /// What the states of discrete latents are drawn from.
    pub states: Vec<Node>,
    pub recentring: Recentring,
    pub mode: GradientMode,
}

impl Density {
    pub fn new(parts: Parts) -> Density {
        let Parts { mut graph, blocks, coordinates, statements, folded, .. } = parts;
        let Parts { pointwise, quantities, states, recentring, mode, .. } = parts;
        let Folded { nodes: terms, notes } = folded;
        let count = |graph: &Graph, nodes: &[Node]| nodes.iter().map(|&node| graph.size(node)).sum();
        let inputs: Vec<Node> = blocks.iter().map(|block| block.input).collect();
        let [locations, log_scales] = recentring.locations_and_scales(&mut graph, &mut HashMap::new());
        let nodes = Nodes {
            log_density: total(&mut graph, &terms),
            constants: Vec::new(),
            written: [inputs.clone(), inputs.clone()],
            from_written: inputs.clone(),
            inputs,
            terms,
            quantities,
            states,
            pointwise,
            locations,
            log_scales,
        };
        Density {
            n_constrained: count(&graph, &nodes.quantities),
            n_pointwise: count(&graph, &nodes.pointwise),
            n_states: count(&graph, &nodes.states),
            programs: Programs::new(graph, nodes, &recentring.nodes(), mode),
            notes,
            coordinates,
            statements,
            recentring,
            recentred: Default::default(),
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
        self.programs.gradient(mode, &[], lanes, z, out, gradient);
    }

    /// How many numbers [`Density::states`] gives for a point.
    pub fn n_states(&self) -> usize {
        self.n_states
    }

    /// `out[n_states][lanes]`: the tables of each [`SummedOut`](super::SummedOut), one after the other, at points as written.
    pub fn states(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::States, &[], lanes, z, out);
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
            self.programs.program(Computed::Value).dump(),
            self.programs.program(Computed::Reverse).dump()
        )
    }

    /// The mode that a choice comes to: forward or reverse.
    pub fn mode(&self, mode: GradientMode) -> GradientMode {
        self.programs.mode(mode)
    }

    /// The program is made if it was not before.
    pub fn program_size(&self, what: Computed) -> ProgramSize {
        self.programs.size(what)
    }

    /// Bytes that a program works in when it is run for so many points: for as many of them as are run at a time.
    pub fn workspace_bytes(&self, what: Computed, lanes: usize) -> usize {
        self.programs.workspace_bytes(what, lanes)
    }

    /// Most tasks that a program shares its long passes out in, run for so many points where there are so many threads.
    pub fn tasks(&self, what: Computed, lanes: usize, threads: usize) -> usize {
        self.programs.tasks(what, lanes, threads)
    }

    /// Programs in other coordinates. What was folded stays folded.
    fn recentred_programs(&self, weights: Weights) -> &Programs {
        self.recentred[weights as usize].get_or_init(|| {
            let mut graph = self.programs.copy_of_graph();
            let written = self.programs.nodes();
            let mut replaced = HashMap::new();
            let others = [&written.quantities[..], &written.pointwise].concat();
            let new = self.recentring.apply(
                &mut graph,
                &written.inputs,
                &written.terms,
                &others,
                weights,
                &mut replaced,
            );
            let [locations, log_scales] = self.recentring.locations_and_scales(&mut graph, &mut replaced);
            let mut quantities = new.others;
            let pointwise = quantities.split_off(written.quantities.len());
            let nodes = Nodes {
                log_density: total(&mut graph, &new.terms),
                inputs: new.inputs,
                constants: new.constants,
                written: [new.written, written.inputs.clone()],
                from_written: new.from_written,
                terms: new.terms,
                quantities,
                // Asked for at points as written only.
                states: Vec::new(),
                pointwise,
                locations,
                log_scales,
            };
            Programs::new(graph, nodes, &[], self.programs.default_mode())
        })
    }
}

/// The sum of all terms, in few operations.
fn total(graph: &mut Graph, terms: &[Node]) -> Node {
    let zero = graph.scalar(0.0);
    let sum = terms.iter().fold(zero, |sum, &term| graph.add(sum, term));
    simplify(graph, sum)
}

impl LogDensity for Density {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    fn statements(&self) -> &[Term] {
        &self.statements
    }

    fn work(&self) -> f64 {
        self.programs.work()
    }

    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Value, &[], lanes, z, out);
    }

    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.programs.gradient(self.programs.default_mode(), &[], lanes, z, out, gradient);
    }

    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        self.programs.hessian_vector(&[], lanes, z, v, gradient, product);
    }

    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Terms, &[], lanes, z, out);
    }

    fn n_constrained(&self) -> usize {
        self.n_constrained
    }

    fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Constrained, &[], lanes, z, out);
    }

    fn n_pointwise(&self) -> usize {
        self.n_pointwise
    }

    fn pointwise(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Pointwise, &[], lanes, z, out);
    }

    fn recentrable(&self) -> &[usize] {
        &self.recentring.coordinates
    }

    fn locations_and_scales(&self, lanes: usize, z: &[f64], location: &mut [f64], log_scale: &mut [f64]) {
        self.programs.locations_and_scales(&[], lanes, z, location, log_scale);
    }

    fn recentred(&self, centring: &Centring) -> Option<Box<dyn Recentred + '_>> {
        let n = self.recentring.coordinates.len();
        let lens = [centring.weights.len(), centring.log_units.len()];
        assert_eq!(lens, [n, n], "a weight and a unit for each coordinate that can be recentred");
        if n == 0 {
            return None;
        }
        let mut constants = [&centring.weights[..], &centring.log_units].concat();
        let is_zero = constants.iter().all(|x| *x == 0.0);
        if is_zero {
            constants.clear();
        }
        let programs = self.recentred_programs(if is_zero { Weights::Zero } else { Weights::Given });
        let centring = centring.clone();
        Some(Box::new(Elsewhere { density: self, programs, centring, constants }))
    }
}

/// A density in other coordinates.
struct Elsewhere<'a> {
    density: &'a Density,
    programs: &'a Programs,
    centring: Centring,
    /// What its programs take besides points: weights, then units; nothing where both are all 0.
    constants: Vec<f64>,
}

impl LogDensity for Elsewhere<'_> {
    fn coordinates(&self) -> &[Coordinate] {
        &self.density.coordinates
    }

    fn statements(&self) -> &[Term] {
        &self.density.statements
    }

    fn work(&self) -> f64 {
        self.programs.work()
    }

    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Value, &self.constants, lanes, z, out);
    }

    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.programs.gradient(self.programs.default_mode(), &self.constants, lanes, z, out, gradient);
    }

    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        self.programs.hessian_vector(&self.constants, lanes, z, v, gradient, product);
    }

    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Terms, &self.constants, lanes, z, out);
    }

    fn n_constrained(&self) -> usize {
        self.density.n_constrained
    }

    fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Constrained, &self.constants, lanes, z, out);
    }

    fn n_pointwise(&self) -> usize {
        self.density.n_pointwise
    }

    fn pointwise(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::Pointwise, &self.constants, lanes, z, out);
    }

    fn recentrable(&self) -> &[usize] {
        &self.density.recentring.coordinates
    }

    fn locations_and_scales(&self, lanes: usize, z: &[f64], location: &mut [f64], log_scale: &mut [f64]) {
        self.programs.locations_and_scales(&self.constants, lanes, z, location, log_scale);
    }

    fn recentred(&self, centring: &Centring) -> Option<Box<dyn Recentred + '_>> {
        self.density.recentred(centring)
    }
}

impl Recentred for Elsewhere<'_> {
    fn centring(&self) -> &Centring {
        &self.centring
    }

    fn to_written(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::ToWritten, &self.constants, lanes, z, out);
    }

    fn of_written(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.programs.all(Computed::FromWritten, &self.constants, lanes, z, out);
    }
}
