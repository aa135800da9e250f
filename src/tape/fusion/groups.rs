//! Which operations run as one instruction.
//!
//! Each operation gets a level: operations of one level and one array size run together. What an operation reads of its
//! own size, element by element, may be of its own level; everything else must be of a lower one, so that no value that
//! a group needs from outside depends on the group. Levels are first as low as they can be, then raised to where the
//! first reader is, so that values are made where they are read.

use std::collections::BTreeMap;

use super::{Index, MAX_ARGS, Role};
use crate::tape::graph::{Graph, Node};
use crate::tape::plan::Blocks;

/// What is known of a node before it has a group.
struct Candidate {
    /// Elements of the pass that it can take part in.
    space: Option<usize>,
    role: Role,
}

impl Candidate {
    fn new(g: &Graph, n: Node) -> Candidate {
        let Some((op, args)) = g.application(n) else { return Candidate { space: None, role: Role::Alone } };
        let shapes: Vec<&[usize]> = args.iter().map(|&a| g.shape(a)).collect();
        let role = op.role(&shapes);
        let fits = |from: &&[usize]| Index::of_broadcast(from, g.shape(n)).is_some();
        let can_run = role != Role::Map || args.len() <= MAX_ARGS && shapes.iter().all(fits);
        let space = role.space(g, n, args).filter(|&n| can_run && n > 0);
        Candidate { space, role }
    }
}

/// Nodes in the order that they run in, those of one instruction together. `order` is topological; views are none of it.
pub fn groups(g: &Graph, order: &[Node], blocks: &Blocks) -> Vec<Vec<Node>> {
    let mut position: Vec<Option<usize>> = vec![None; g.len()];
    for (k, n) in order.iter().enumerate() {
        position[n.index()] = Some(k);
    }
    let nodes: Vec<Candidate> = order.iter().map(|&n| Candidate::new(g, n)).collect();
    // For each node: what it reads of this order, and whether that may be of its own level.
    let reads: Vec<Vec<(usize, bool)>> = order
        .iter()
        .enumerate()
        .map(|(k, &n)| {
            let own = &nodes[k];
            let read = |(argument, &arg): (usize, &Node)| {
                let from = position[blocks.root(arg).index()]?;
                let together = own.role.reads_in_step(argument)
                    && own.space.is_some()
                    && own.space == nodes[from].space
                    && nodes[from].role.is_elementwise()
                    && own.space == Some(g.size(arg));
                Some((from, together))
            };
            g.application(n)
                .map_or(Vec::new(), |(_, args)| args.iter().enumerate().filter_map(read).collect())
        })
        .collect();
    let mut levels = vec![0; order.len()];
    for k in 0..order.len() {
        let above = reads[k].iter().map(|&(from, together)| levels[from] + usize::from(!together));
        levels[k] = above.max().unwrap_or(0);
    }
    let mut limits = vec![usize::MAX; order.len()];
    for k in (0..order.len()).rev() {
        if limits[k] != usize::MAX {
            levels[k] = limits[k];
        }
        for &(from, together) in &reads[k] {
            limits[from] = limits[from].min(levels[k] - usize::from(!together));
        }
    }
    // Nodes that stand alone are told apart by their position.
    let mut groups: BTreeMap<(usize, Option<usize>, usize), Vec<Node>> = BTreeMap::new();
    for (k, &n) in order.iter().enumerate() {
        let own = if nodes[k].space.is_some() { 0 } else { k };
        groups.entry((levels[k], nodes[k].space, own)).or_default().push(n);
    }
    groups.into_values().collect()
}
