//! Forward mode: tangents as new nodes of the same graph.

use super::graph::{Graph, Node};

/// J v: the tangents of `y` where the nodes of `wrt` have the given tangents (of their shapes).
pub fn forward(g: &mut Graph, y: &[Node], wrt: &[(Node, Node)]) -> Vec<Node> {
    let tangents = pushforward(g, y, wrt);
    tangents
        .into_iter()
        .zip(y)
        .map(|(tangent, &n)| {
            let shape = g.shape(n).to_vec();
            tangent.unwrap_or_else(|| g.full(&shape, 0.0))
        })
        .collect()
}

/// The same, with `None` where the tangent is zero.
pub(super) fn pushforward(g: &mut Graph, y: &[Node], wrt: &[(Node, Node)]) -> Vec<Option<Node>> {
    let on: Vec<Node> = wrt.iter().map(|w| w.0).collect();
    let depends = g.depends(&on);
    let end = y.iter().map(|n| n.index() + 1).max().unwrap_or(0);
    let mut needed = vec![false; end];
    for n in y {
        needed[n.index()] = true;
    }
    for i in (0..end).rev() {
        if let (true, Some((_, args))) = (needed[i] && depends[i], g.application(Node(i as u32))) {
            for a in args {
                needed[a.index()] = true;
            }
        }
    }
    let mut tangents: Vec<Option<Node>> = vec![None; end];
    for &(n, tangent) in wrt {
        if n.index() < end {
            let shape = g.shape(n).to_vec();
            tangents[n.index()] = Some(g.broadcast(tangent, &shape));
        }
    }
    for i in 0..end {
        if !needed[i] || !depends[i] || tangents[i].is_some() {
            continue;
        }
        let y = Node(i as u32);
        let Some((op, args)) = g.application(y) else { continue };
        let (op, args) = (op.clone(), args.to_vec());
        let of_args: Vec<Option<Node>> = args.iter().map(|a| tangents[a.index()]).collect();
        if of_args.iter().any(Option::is_some) {
            tangents[i] = op.tangent(g, &args, y, &of_args);
        }
    }
    y.iter().map(|n| tangents[n.index()]).collect()
}
