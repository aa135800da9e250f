//! Random compositions of elementwise operations.

use proptest::prelude::*;

use super::*;

/// Smooth operations that keep their results of moderate size.
fn apply(g: &mut Graph, which: u8, a: Node, b: Node) -> Node {
    match which {
        0 => g.sin(a),
        1 => g.tanh(a),
        2 => g.logistic(a),
        3 => g.log1p_exp(a),
        4 => g.normal_cdf(a),
        5 => {
            let s = g.square(a);
            g.log1p(s)
        }
        6 => g.add(a, b),
        7 => g.sub(a, b),
        8 => {
            let (a, b) = (g.tanh(a), g.sin(b));
            g.mul(a, b)
        }
        9 => {
            let s = g.square(b);
            let d = g.add_scalar(s, 1.0);
            g.div(a, d)
        }
        _ => {
            let (a, b) = (g.sin(a), g.cos(b));
            g.mul(a, b)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn derivatives_of_random_graphs(
        steps in prop::collection::vec((0u8..11, 0usize..100, 0usize..100), 1..12),
        shapes in prop::sample::select(vec![([3usize, 1], [1usize, 2]), ([2, 2], [1, 1]), ([1, 3], [1, 3])]),
        seed in 0u64..1000,
    ) {
        let (a, b) = shapes;
        let size = a.iter().product::<usize>() + b.iter().product::<usize>();
        let points = (0..2).map(|k| numbers(size, seed * 2 + k)).collect();
        check(&case("a random graph", &[&a, &b], points, move |g, x| {
            let mut nodes = x.to_vec();
            for &(which, i, j) in &steps {
                let (a, b) = (nodes[nodes.len() - 1 - i % nodes.len().min(3)], nodes[j % nodes.len()]);
                let node = apply(g, which, a, b);
                nodes.push(node);
            }
            nodes[nodes.len() - 1]
        }));
    }
}
