//! Means and standard deviations of truncated continuous distributions, far tails, narrow ranges and kinks included.

use super::*;

const INF: f64 = f64::INFINITY;

/// Name, arguments, bounds, mean, standard deviation: from `tests/tables/truncated.py`.
type Row = (&'static str, &'static [f64], [f64; 2], f64, f64);

fn truncated(g: &mut Graph, name: &str, args: Vec<Node>, bounds: [f64; 2]) -> Instance {
    let inner = vec![Instance::Plain { dist: find(name).unwrap(), form: 0, args }];
    let args = bounds.map(|bound| bound.is_finite().then(|| g.scalar(bound))).to_vec();
    Instance::Wrapped { wrapper: crate::dist::wrappers::find("truncated").unwrap(), inner, args }
}

#[test]
fn moments_match_references() {
    let mut failures = Vec::new();
    for &(name, args, bounds, mean, sd) in ROWS {
        let values: Vec<Tensor> = args.iter().map(|&a| number(a)).collect();
        let mut g = Graph::new();
        let (nodes, inputs, given) = nodes(&mut g, &values, &vec![true; args.len()]);
        let d = truncated(&mut g, name, nodes, bounds);
        let found = [d.mean(&mut g).unwrap(), d.sd(&mut g).unwrap()];
        let found = run(&g, &inputs, &given, &found).concat();
        for (found, expected) in found.into_iter().zip([mean, sd]) {
            if (found - expected).abs() > 1e-9 * expected.abs() || found.is_nan() {
                failures.push(format!("{name} {args:?} {bounds:?}: {found} is not {expected}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// In the arguments, and in a corner between the bounds.
#[test]
fn derivatives_match_finite_differences() {
    let cases: [(&str, &[f64], [f64; 2]); 5] = [
        ("Normal", &[0.7, 1.3], [0.0, INF]),
        ("Normal", &[0.7, 1.3], [2.0, 3.0]),
        ("Gamma", &[2.5, 0.4], [1.0, 9.0]),
        ("Laplace", &[0.5, 2.0], [-1.0, 9.0]),
        ("StudentT", &[4.5, 0.3, 1.0], [-1.0, 2.0]),
    ];
    for (name, args, bounds) in cases {
        let values: Vec<Tensor> = args.iter().map(|&a| number(a)).collect();
        for k in 0..2 {
            let mut g = Graph::new();
            let (nodes, inputs, given) = nodes(&mut g, &values, &vec![true; args.len()]);
            let d = truncated(&mut g, name, nodes, bounds);
            let y = if k == 0 { d.mean(&mut g).unwrap() } else { d.sd(&mut g).unwrap() };
            check_derivatives(&mut g, y, &inputs, &given, &format!("moment {k} of {name} {bounds:?}"));
        }
    }
}

const ROWS: &[Row] = &[
    ("Normal", &[0.0, 1.0], [40.0, 41.0], 40.02496884720623, 0.024953324000042097),
    ("Normal", &[0.0, 1.0], [40.0, INF], 40.02496884720551, 0.02495332400472578),
    ("Normal", &[-50.0, 2.0], [0.0, INF], 0.07974602411341306, 0.07962013486713673),
    ("Normal", &[3.0, 0.5], [0.0, INF], 3.0000000030379415, 0.49999999088617564),
    ("Normal", &[3.0, 0.5], [-1000000.0, 3.25], 2.7454197830814833, 0.3486314084016123),
    ("Normal", &[0.0, 1000.0], [0.5, 0.5009765625], 0.5004882812499603, 0.0002819093111277425),
    ("Gamma", &[2.5, 0.4], [1.0, 30.0], 6.37469317928084, 3.885282797009421),
    ("Gamma", &[2.5, 0.4], [100.0, INF], 102.5925387872445, 2.5902853704897453),
    ("Gamma", &[0.3, 1.0], [-1.0, 2.0], 0.24305000438503774, 0.3781424464921357),
    ("Gamma", &[1000.0, 1.0], [2000.0, INF], 2001.9940493956656, 1.9920895823009086),
    ("StudentT", &[4.5, 0.0, 1.0], [1.0, INF], 1.8568578449196618, 0.9755408380215745),
    ("StudentT", &[4.5, 0.0, 1.0], [-3.0, 1.5], -0.19006900440957905, 0.9263428072656045),
    ("Laplace", &[0.5, 2.0], [-1.0, 9.0], 1.4934842504301384, 1.85377092156981),
    ("Laplace", &[0.5, 2.0], [0.25, INF], 2.276834476260279, 2.0009494044258527),
];
