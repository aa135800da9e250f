//! Steps for stiff systems: the Rosenbrock method RODAS of order 4, L-stable, with one of order 3 in it (Hairer, Wanner, Solving
//! Ordinary Differential Equations II, IV.7; the form without products of the Jacobian with a vector).

use super::Field;
use super::step::Step;
use super::sweep::Sweep;
use crate::tape::forward::pushforward;
use crate::tape::graph::{Graph, Node, tensor};

const STAGES: usize = 6;
const GAMMA: f64 = 0.25;
/// Where in the step each stage is, as a fraction of its length.
const NODES: [f64; STAGES] = [0.0, 0.386, 0.21, 0.63, 1.0, 1.0];
/// Weights of what earlier stages move the state by; the last one goes on from the one before by what that moves.
const MOVES: [&[f64]; STAGES - 1] = [
    &[],
    &[1.544],
    &[0.9466785280815826, 0.2557011698983284],
    &[3.314825187068521, 2.896124015972201, 0.9986419139977817],
    &[1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895],
];
/// Weights of the same among the slopes of a stage.
const COUPLINGS: [&[f64]; STAGES] = [
    &[],
    &[-5.6688],
    &[-2.430093356833875, -0.2063599157091915],
    &[-0.1073529058151375, -9.594562251023355, -20.47028614809616],
    &[7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616],
    &[8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
];
/// Weights of the slope's own change with time.
const BY_TIME: [f64; STAGES] = [0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0];

/// One step: with J = df/dy, each stage solves (I - h gamma J) u_i = h gamma f(t_i, y + sum_j a_ij u_j) + gamma sum_j c_ij u_j
/// + gamma d_i h^2 df/dt. Also gives the error.
pub(super) fn step(field: &Field) -> (Sweep, Node) {
    let state_shape = field.graph.shape(field.state).to_vec();
    let rank = state_shape.len() - 1;
    let column_shape = [&state_shape[..], &[1]].concat();
    let mut step = Step::new(field);
    let start = step.time(NODES[0]);
    let first = step.slope(start, step.state);
    let (length, y) = (step.length, step.state);
    let g = &mut step.graph;
    let jacobian = jacobian(g, first, y);
    let implicit_length = g.mul_scalar(length, GAMMA);
    let scale = g.reshape(implicit_length, &[&state_shape[..rank], &[1, 1]].concat());
    let scaled = g.mul(scale, jacobian);
    let identity = g.identity(state_shape[rank]);
    let matrix = g.sub(identity, scaled);
    let inverse = g.inverse(matrix);
    let one = g.scalar(1.0);
    let by_time = pushforward(g, &[first], &[(start, one)])[0].map(|change| {
        let square = g.mul(implicit_length, length);
        g.mul(square, change)
    });

    let mut moves: Vec<Node> = Vec::with_capacity(STAGES);
    let mut stage = y;
    for s in 0..STAGES {
        if let Some(weights) = MOVES.get(s).filter(|weights| !weights.is_empty()) {
            let moved = step.graph.combination(&weighted(weights, &moves));
            stage = step.graph.add(y, moved);
        } else if s + 1 == STAGES {
            stage = step.graph.add(stage, moves[s - 1]);
        }
        let slope = if s == 0 {
            first
        } else {
            let time = step.time(NODES[s]);
            step.slope(time, stage)
        };
        let g = &mut step.graph;
        let mut right = g.mul(implicit_length, slope);
        let mut terms = weighted(&COUPLINGS[s].iter().map(|c| GAMMA * c).collect::<Vec<f64>>(), &moves);
        terms.extend(by_time.filter(|_| BY_TIME[s] != 0.0).map(|change| (BY_TIME[s], change)));
        if !terms.is_empty() {
            let further = g.combination(&terms);
            right = g.add(right, further);
        }
        let right = g.reshape(right, &column_shape);
        let moved = g.matmul(inverse, right);
        moves.push(g.reshape(moved, &state_shape));
    }
    let error = moves[STAGES - 1];
    let next = step.graph.add(stage, error);
    (step.ending_at(next), error)
}

fn weighted(weights: &[f64], moves: &[Node]) -> Vec<(f64, Node)> {
    weights.iter().copied().zip(moves.iter().copied()).collect()
}

/// df/dy: `[groups..., n, n]`
fn jacobian(g: &mut Graph, slope: Node, state: Node) -> Node {
    let shape = g.shape(state).to_vec();
    let n = shape[shape.len() - 1];
    let mut columns = Vec::with_capacity(n);
    for j in 0..n {
        let unit = g.constant(tensor(&[n], (0..n).map(|i| f64::from(u8::from(i == j))).collect()));
        let column = pushforward(g, &[slope], &[(state, unit)])[0];
        let column = column.unwrap_or_else(|| g.full(&shape, 0.0));
        columns.push(g.reshape(column, &[&shape[..], &[1]].concat()));
    }
    g.concat(&columns, shape.len())
}
