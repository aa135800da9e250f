//! Steps by the Dormand-Prince pair of orders 5 and 4: Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, table 5.2.

use super::Field;
use super::step::Step;
use super::sweep::Sweep;
use crate::tape::graph::Node;

/// Stages of a step; the last one is the first of the next step.
pub(super) const STAGES: usize = 7;

/// Where in the step each stage is, as a fraction of its length.
pub(super) const NODES: [f64; STAGES] = [0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];

/// Weights of the slopes before a stage; the last row is the step itself, of order 5.
pub(super) const WEIGHTS: [&[f64]; STAGES] = [
    &[],
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];

/// Weights of the slopes in the difference between orders 5 and 4.
pub(super) const ERROR: [f64; STAGES] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];

/// One step: y + h sum_i b_i k_i.
pub(super) fn step(field: &Field) -> Sweep {
    let mut step = Step::new(field);
    let mut slopes: Vec<Node> = Vec::new();
    let mut stage = step.state;
    for s in 0..STAGES {
        let terms: Vec<(f64, Node)> =
            WEIGHTS[s].iter().copied().zip(slopes.iter().copied()).filter(|(w, _)| *w != 0.0).collect();
        if !terms.is_empty() {
            let slope = step.graph.combination(&terms);
            let moved = step.graph.mul(step.length, slope);
            stage = step.graph.add(step.state, moved);
        }
        if s + 1 < STAGES {
            let time = step.time(NODES[s]);
            slopes.push(step.slope(time, stage));
        }
    }
    step.ending_at(stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_the_nodes_and_the_errors_to_zero() {
        for (node, weights) in NODES.iter().zip(WEIGHTS) {
            assert!((weights.iter().sum::<f64>() - node).abs() < 1e-14);
        }
        assert!(ERROR.iter().sum::<f64>().abs() < 1e-16);
    }
}
