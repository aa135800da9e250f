//! Reverse mode: adjoints as new nodes of the same graph.

use super::graph::{Graph, Node};

/// dy/dwrt for a `y` of shape `[]`: nodes of the shapes of `wrt`, zeros where y does not depend on them.
pub fn reverse(g: &mut Graph, y: Node, wrt: &[Node]) -> Vec<Node> {
    assert!(g.shape(y).is_empty(), "the gradient of an array of shape {:?}", g.shape(y));
    let one = g.scalar(1.0);
    let adjoints = pullback(g, &[(y, one)], wrt);
    adjoints
        .into_iter()
        .zip(wrt)
        .map(|(adjoint, &n)| {
            let shape = g.shape(n).to_vec();
            adjoint.unwrap_or_else(|| g.full(&shape, 0.0))
        })
        .collect()
}

/// sum_k seed_k dy_k/dwrt, where (y_k, seed_k) are `seeds`; `None` where nothing depends on the node.
pub(super) fn pullback(g: &mut Graph, seeds: &[(Node, Node)], wrt: &[Node]) -> Vec<Option<Node>> {
    let depends = g.depends(wrt);
    let end = seeds.iter().map(|(y, _)| y.index() + 1).max().unwrap_or(0);
    let mut terms: Vec<Vec<Node>> = vec![Vec::new(); end];
    for &(y, seed) in seeds {
        if depends[y.index()] {
            terms[y.index()].push(seed);
        }
    }
    let mut is_wanted = vec![false; g.len()];
    for n in wrt {
        is_wanted[n.index()] = true;
    }
    let mut totals: Vec<Option<Node>> = vec![None; g.len()];
    for i in (0..end).rev() {
        let y = Node(i as u32);
        let Some(mut dy) = g.sum_of_terms(&std::mem::take(&mut terms[i])) else { continue };
        let shape = g.shape(y).to_vec();
        if is_wanted[i] {
            dy = g.broadcast(dy, &shape);
            totals[i] = Some(dy);
        }
        let Some((op, args)) = g.application(y) else { continue };
        let (op, args) = (op.clone(), args.to_vec());
        let wanted: Vec<bool> = args.iter().map(|a| depends[a.index()]).collect();
        if !wanted.contains(&true) {
            continue;
        }
        if !op.takes_unbroadcast() {
            dy = g.broadcast(dy, &shape);
        }
        for (arg, term) in args.iter().zip(op.adjoint(g, &args, y, dy, &wanted)) {
            if let (true, Some(term)) = (depends[arg.index()], term) {
                terms[arg.index()].push(term);
            }
        }
    }
    wrt.iter().map(|n| totals.get(n.index()).copied().flatten()).collect()
}
