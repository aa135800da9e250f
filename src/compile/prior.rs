//! Draws of the prior, and how likely they make the data: log p(x) by what it says.

use super::error::CompileErrors;
use super::simulate::{Purpose, Simulated};
use super::simulator::{SimulateError, Simulator, output_of};
use super::tracer::Tracer;
use crate::data::Dataset;
use crate::density::TermKind;
use crate::ir::Model;
use crate::tape::{Node, Program, fold, simplify};

/// About how many sums and products it takes to draw a number.
const WORK_OF_A_DRAW: f64 = 300.0;

/// The prior of a model's continuous latents, and the likelihood given them, discrete latents summed out.
pub struct PriorDraws {
    simulator: Simulator,
    log_likelihood: Program,
    work: f64,
}

/// Traces a checked model for draws of its prior.
///
/// # Errors
/// Latents whose prior depends on a discrete latent are refused.
pub fn prior(model: &Model, data: &Dataset) -> Result<PriorDraws, CompileErrors> {
    let mut tracer = Tracer::new(model, data);
    tracer.run_forwards(Purpose::Prior);
    let failed = |errors| CompileErrors::new(&model.source, errors);
    tracer.file().map_err(failed)?;
    let simulator = tracer.simulator().map_err(|error| failed(vec![error]))?;
    let given = tracer.terms.iter().filter(|term| term.term.kind != TermKind::Prior);
    let terms: Vec<Node> = given.map(|term| term.node).collect();
    let mut graph = tracer.graph;
    let folded = fold(&mut graph, &terms);
    let zero = graph.scalar(0.0);
    let sum = folded.nodes.iter().fold(zero, |sum, &term| graph.add(sum, term));
    let total = simplify(&mut graph, sum);
    let n_drawn = simulator.drawn().iter().filter(|drawn| **drawn).count();
    Ok(PriorDraws {
        work: graph.work(&[total]) + WORK_OF_A_DRAW * (n_drawn * simulator.n_passes()) as f64,
        log_likelihood: Program::new(&graph, &simulator.nodes(), &[total]),
        simulator,
    })
}

impl PriorDraws {
    /// Latents and `param`s.
    pub fn arrays(&self) -> &[Simulated] {
        self.simulator.arrays()
    }

    /// Numbers of all of them.
    pub fn size(&self) -> usize {
        self.simulator.size()
    }

    /// Roughly how many sums and products a draw and its likelihood take.
    pub fn work(&self) -> f64 {
        self.work
    }

    /// log p(x | z) of a draw for each of the seeds; `state[size]` holds the values of the `param`s.
    ///
    /// # Errors
    /// A prior that cannot be drawn from.
    pub fn log_likelihoods(&self, state: &[f64], seeds: &[u64]) -> Result<Vec<f64>, SimulateError> {
        let lanes = seeds.len();
        let mut states: Vec<f64> = state.iter().flat_map(|x| std::iter::repeat_n(*x, lanes)).collect();
        let fixed: Vec<bool> = self.simulator.drawn().iter().map(|drawn| !drawn).collect();
        self.simulator.draw(&mut states, &fixed, seeds)?;
        let mut ws = self.log_likelihood.workspace(lanes);
        self.log_likelihood.run(&mut ws, &self.simulator.inputs(&states, lanes));
        Ok(output_of(&self.log_likelihood, &ws, 0, lanes))
    }
}
