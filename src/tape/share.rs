//! One exponential for log(1 + e^x), its slope and that of its slope, which all have e^-|x| in them.
//!
//! Derivatives bring these functions, so it is done after them: values and bytes stay what they are.

use std::collections::HashMap;

use super::graph::{Graph, Node};
use super::op::is;
use super::ops::arithmetic::Neg;
use super::ops::elementwise::Map1;
use super::ops::exponential::{Log1pExp, Logistic};
use super::plan::live_nodes;

/// The same values, where functions of the same exponential are computed from it.
pub fn share_exponentials(g: &mut Graph, outputs: &[Node]) -> Vec<Node> {
    let live = live_nodes(g, outputs);
    let nodes = || (0..live.len() as u32).map(Node).filter(|n| live[n.index()]);
    let mut n_users: HashMap<Node, usize> = HashMap::new();
    for x in nodes().filter_map(|n| argument(g, n)) {
        *n_users.entry(without_sign(g, x)).or_default() += 1;
    }
    if n_users.values().all(|&n| n < 2) {
        return outputs.to_vec();
    }
    let mut replaced: HashMap<Node, Node> = HashMap::new();
    for n in nodes().collect::<Vec<Node>>() {
        let is_shared = argument(g, n).is_some_and(|x| n_users[&without_sign(g, x)] > 1);
        let same = g.with_replaced(n, &replaced);
        let new = if is_shared { by_odds(g, same) } else { same };
        if new != n {
            replaced.insert(n, new);
        }
    }
    outputs.iter().map(|n| *replaced.get(n).unwrap_or(n)).collect()
}

/// x of log(1 + e^x) and 1 / (1 + e^-x).
fn argument(g: &Graph, n: Node) -> Option<Node> {
    let (op, args) = g.application(n)?;
    let has_odds = is::<Map1<Log1pExp>>(&**op) || is::<Map1<Logistic>>(&**op);
    has_odds.then(|| args[0])
}

/// x of x and -x.
fn without_sign(g: &Graph, x: Node) -> Node {
    match g.application(x) {
        Some((op, args)) if is::<Map1<Neg>>(&**op) => args[0],
        _ => x,
    }
}

fn by_odds(g: &mut Graph, n: Node) -> Node {
    let Some(x) = argument(g, n) else { return n };
    let is_logistic = g.application(n).is_some_and(|(op, _)| is::<Map1<Logistic>>(&**op));
    let size = without_sign(g, x);
    let odds = g.small_odds(size);
    if is_logistic { g.logistic_by_odds(x, odds) } else { g.log1p_exp_by_odds(x, odds) }
}

#[cfg(test)]
mod tests {
    use super::super::{Program, forward, reverse};
    use super::*;

    fn run(g: &Graph, x: Node, outputs: &[Node], at: &[f64]) -> (Vec<u64>, String) {
        let program = Program::new(g, &[x], outputs);
        let mut ws = program.workspace(1);
        program.run(&mut ws, &[at]);
        let values = (0..outputs.len()).flat_map(|k| program.output(&ws, k).data.to_vec());
        (values.map(f64::to_bits).collect(), program.dump())
    }

    #[test]
    fn values_and_slopes_keep_their_bytes_with_one_exponential() {
        let at = [
            0.0,
            -0.0,
            1e-300,
            0.3,
            -0.3,
            17.0,
            -17.0,
            36.9,
            -36.9,
            709.0,
            -709.0,
            745.5,
            -745.5,
            1e300,
            -1e300,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let mut g = Graph::new();
        let x = g.input(&[at.len()]);
        let y = g.log1p_exp(x);
        let total = g.sum_all(y);
        let slope = reverse(&mut g, total, &[x])[0];
        let ones = g.full(&[at.len()], 1.0);
        let curvature = forward(&mut g, &[slope], &[(x, ones)])[0];
        let outputs = [y, slope, curvature];
        let shared = share_exponentials(&mut g, &outputs);
        let (before, direct) = run(&g, x, &outputs, &at);
        let (after, text) = run(&g, x, &shared, &at);
        assert_eq!(before, after);
        assert!(!direct.contains("by_odds"), "{direct}");
        assert_eq!(text.matches("= small_odds").count(), 1, "{text}");
        assert_eq!(text.matches("_by_odds").count(), 3, "{text}");
    }

    #[test]
    fn one_function_of_an_exponential_stays() {
        let mut g = Graph::new();
        let (x, z) = (g.input(&[3]), g.input(&[3]));
        let outputs = [g.log1p_exp(x), g.logistic(z)];
        assert_eq!(share_exponentials(&mut g, &outputs), outputs);
    }

    #[test]
    fn functions_of_such_functions_are_shared_too() {
        let mut g = Graph::new();
        let x = g.input(&[2]);
        let (inner, part) = (g.log1p_exp(x), g.logistic(x));
        let (outer, slope) = (g.log1p_exp(inner), g.logistic(inner));
        let outputs = [outer, slope, part];
        let shared = share_exponentials(&mut g, &outputs);
        let at = [0.7, -1.9];
        let (before, _) = run(&g, x, &outputs, &at);
        let (after, text) = run(&g, x, &shared, &at);
        assert_eq!(before, after);
        assert_eq!(text.matches("= small_odds").count(), 2, "{text}");
    }
}
