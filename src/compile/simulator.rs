//! A model that has been traced to be run forwards: draws of its statements, many states at a time.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;

use super::quantity::Quantity;
use super::simulate::Simulated;
use crate::data::Dataset;
use crate::dist::Instance;
use crate::ir::Role;
use crate::tape::{Node, Program, Tensor, Workspace};

/// A model that can be run forwards.
pub struct Simulator {
    pub(super) arrays: Vec<Simulated>,
    pub(super) steps: Vec<Step>,
    pub(super) size: usize,
    /// Of a model that makes new data; of others those that depend on discrete latents.
    pub(super) quantities: Vec<Quantity>,
    /// Of the state: what the quantities are.
    pub(super) values: Program,
}

/// A statement that draws.
pub struct Step {
    pub text: String,
    pub instance: Instance,
    pub arguments: Vec<Node>,
    pub shapes: Vec<Vec<usize>>,
    pub program: Program,
    /// Of its value: batch and event dimensions.
    pub shape: Vec<usize>,
    /// Elements of the state, in the order of the value.
    pub positions: Vec<usize>,
    /// Its arguments depend on what it or a later statement draws.
    pub recursive: bool,
}

/// A statement without a way to draw from its distribution.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SimulateError {
    #[error("`{statement}`: there is no way to draw from {distribution}")]
    #[diagnostic(
        code(vippl::simulate::no_draws),
        help(
            "improper distributions cannot be drawn from; give the latent a proper prior, or simulate from a fit"
        )
    )]
    NoDraws { statement: String, distribution: String },
    #[error("the recursion in `{statement}` does not come to an end")]
    #[diagnostic(code(vippl::simulate::recursion), help("does an element depend on itself?"))]
    Endless { statement: String },
}

impl Simulator {
    /// The arrays that make up the state, in its order.
    pub fn arrays(&self) -> &[Simulated] {
        &self.arrays
    }

    /// Numbers of the state.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Which elements of the state some statement draws.
    pub fn drawn(&self) -> Vec<bool> {
        let mut drawn = vec![false; self.size];
        self.steps.iter().flat_map(|step| &step.positions).for_each(|&position| drawn[position] = true);
        drawn
    }

    /// The data of which some statement draws elements.
    pub fn observed(&self) -> impl Iterator<Item = &Simulated> {
        let drawn = self.drawn();
        self.arrays.iter().filter(move |array| {
            array.role == Role::Observed && drawn[array.offset..array.offset + array.len()].contains(&true)
        })
    }

    /// A state that holds the data, and which of its elements are fixed before anything is drawn: data that no statement draws.
    pub fn start(&self, data: &Dataset) -> (Vec<f64>, Vec<bool>) {
        let mut state = vec![0.0; self.size];
        let mut fixed: Vec<bool> = self.drawn().into_iter().map(|drawn| !drawn).collect();
        for array in &self.arrays {
            let own = array.offset..array.offset + array.len();
            match data.get(&array.name).filter(|_| array.role == Role::Observed) {
                Some(data) => state[own].copy_from_slice(data.values.flat()),
                None => fixed[own].fill(false),
            }
        }
        (state, fixed)
    }

    /// Latents and definitions, as a fit would report them, with their positions in [`Simulator::values`].
    pub fn quantities(&self) -> &[Quantity] {
        &self.quantities
    }

    /// What the quantities are in `state[size][lanes]`: `[elements][lanes]`.
    pub fn values(&self, state: &[f64], lanes: usize) -> Vec<f64> {
        let mut ws = self.values.workspace(lanes);
        self.values.run(&mut ws, &inputs_of(&self.arrays, state, lanes));
        (0..self.quantities.len()).flat_map(|k| output_of(&self.values, &ws, k, lanes)).collect()
    }

    /// The arrays of `state[size][lanes]`, as inputs of programs over them.
    pub fn inputs<'s>(&self, state: &'s [f64], lanes: usize) -> Vec<&'s [f64]> {
        inputs_of(&self.arrays, state, lanes)
    }

    /// The nodes that the arrays are in the graph of the model.
    pub fn nodes(&self) -> Vec<Node> {
        self.arrays.iter().map(|array| array.input).collect()
    }

    /// How often statements are gone through, at most: each pass settles at least one more element of a recursion.
    pub fn n_passes(&self) -> usize {
        if self.steps.iter().any(|step| step.recursive) { self.size + 2 } else { 1 }
    }

    /// Draws every element of `state[size][seeds]` that is not `fixed`, for each of the seeds. The same seed gives the same
    /// draws.
    pub fn draw(
        &self,
        state: &mut [f64],
        fixed: &[bool],
        seeds: &[u64],
    ) -> std::result::Result<(), SimulateError> {
        let free = |step: &Step| step.positions.iter().any(|&position| !fixed[position]);
        let steps: Vec<(usize, &Step)> =
            self.steps.iter().enumerate().filter(|(_, step)| free(step)).collect();
        let recursion = steps.iter().find(|(_, step)| step.recursive);
        let most = if recursion.is_some() { self.n_passes() } else { 1 };
        for _ in 0..most {
            let mut changed = false;
            for (k, step) in &steps {
                changed |= self.step(*k, step, state, fixed, seeds)?;
            }
            if recursion.is_none() || !changed {
                return Ok(());
            }
        }
        let statement = recursion.map_or_else(String::new, |(_, step)| step.text.clone());
        Err(SimulateError::Endless { statement })
    }

    /// Draws one statement; whether anything is other than it was.
    fn step(
        &self,
        k: usize,
        step: &Step,
        state: &mut [f64],
        fixed: &[bool],
        seeds: &[u64],
    ) -> std::result::Result<bool, SimulateError> {
        let lanes = seeds.len();
        let mut ws = step.program.workspace(lanes);
        step.program.run(&mut ws, &inputs_of(&self.arrays, state, lanes));
        let arguments: Vec<Vec<f64>> =
            (0..step.arguments.len()).map(|i| output_of(&step.program, &ws, i, lanes)).collect();
        let mut changed = false;
        for (lane, &seed) in seeds.iter().enumerate() {
            let of_lane = |(argument, shape): (&Vec<f64>, &Vec<usize>)| -> Tensor {
                let values = argument.iter().skip(lane).step_by(lanes).copied().collect();
                let array = ndarray::ArrayD::from_shape_vec(shape.clone(), values);
                array.expect("the program computes the node of this shape").into()
            };
            let values: Vec<Tensor> = arguments.iter().zip(&step.shapes).map(of_lane).collect();
            let value = |node: Node| {
                let at = step.arguments.iter().position(|own| *own == node);
                values[at.expect("a distribution asks for its own arguments")].clone()
            };
            let rng = |element: usize| ChaCha12Rng::seed_from_u64(mix(mix(seed, k as u64), element as u64));
            let drawn = step.instance.sample_each(&value, &step.shape, rng).ok_or_else(|| {
                SimulateError::NoDraws {
                    statement: step.text.clone(),
                    distribution: step.instance.describe(),
                }
            })?;
            for (&position, value) in
                step.positions.iter().zip(drawn).filter(|(position, _)| !fixed[**position])
            {
                let own = &mut state[position * lanes + lane];
                changed |= own.to_bits() != value.to_bits();
                *own = value;
            }
        }
        Ok(changed)
    }
}

/// A seed from two numbers (the finaliser of SplitMix64).
fn mix(a: u64, b: u64) -> u64 {
    let mut x = a ^ b.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// `[elements][lanes]`: output `k` of a program that has been run.
pub fn output_of(program: &Program, ws: &Workspace, k: usize, lanes: usize) -> Vec<f64> {
    let output = program.output(ws, k);
    let mut values = vec![0.0; output.shape.iter().product::<usize>() * lanes];
    output.copy_to(&mut values, lanes);
    values
}

/// The arrays that `state[size][lanes]` consists of.
pub fn inputs_of<'s>(arrays: &[Simulated], state: &'s [f64], lanes: usize) -> Vec<&'s [f64]> {
    arrays.iter().map(|array| &state[array.offset * lanes..(array.offset + array.len()) * lanes]).collect()
}
