//! Some values in place of others.

use std::collections::HashMap;

use super::graph::{Graph, Node};
use super::plan::live_nodes;

/// The nodes that compute what `nodes` do, but from the values that `replaced` puts in place of others. What is found on
/// the way is noted there too, so that several calls share it; a replacement must not need what it replaces.
pub fn substitute(g: &mut Graph, nodes: &[Node], replaced: &mut HashMap<Node, Node>) -> Vec<Node> {
    let live = live_nodes(g, nodes);
    for i in (0..live.len()).filter(|&i| live[i]) {
        let node = Node(i as u32);
        if replaced.contains_key(&node) {
            continue;
        }
        let new = g.with_replaced(node, replaced);
        if new != node {
            replaced.insert(node, new);
        }
    }
    nodes.iter().map(|node| *replaced.get(node).unwrap_or(node)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Program;
    use super::*;

    #[test]
    fn replaced_values_reach_what_depends_on_them() {
        let mut g = Graph::new();
        let (x, y, t) = (g.input(&[2]), g.input(&[]), g.input(&[2]));
        let (shifted, wave) = (g.add(x, y), g.sin(y));
        let total = g.sum_all(shifted);
        let scaled = g.mul(t, y);
        let mut replaced = HashMap::from([(x, scaled)]);
        let new = substitute(&mut g, &[total, wave], &mut replaced);
        assert_eq!(new[1], wave);
        assert_eq!(substitute(&mut g, &[shifted], &mut replaced), [replaced[&shifted]]);
        let program = Program::new(&g, &[y, t], &new[..1]);
        let mut ws = program.workspace(1);
        program.run(&mut ws, &[&[3.0], &[0.5, 1.0]]);
        assert_eq!(program.output(&ws, 0).data, [10.5]);
    }
}
