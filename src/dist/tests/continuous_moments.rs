//! Means and standard deviations of continuous distributions, infinite ones and limits of shapes included.

use super::*;

#[test]
fn moments_match_quadrature() {
    for &(name, args, mean, sd) in MOMENTS {
        let d = find(name).unwrap();
        for varies in [false, true] {
            let mut g = Graph::new();
            let values: Vec<Tensor> = args.iter().map(|&a| number(a)).collect();
            let (nodes, inputs, given) = nodes(&mut g, &values, &vec![varies; args.len()]);
            let found = [d.mean(&mut g, 0, &nodes).unwrap(), d.sd(&mut g, 0, &nodes).unwrap()];
            let found = run(&g, &inputs, &given, &found).concat();
            assert_close(found[0], mean, 1e-12, &format!("mean of {name} {args:?}"));
            assert_close(found[1], sd, 1e-12, &format!("sd of {name} {args:?}"));
        }
    }
}

/// Name, arguments, mean, standard deviation: from quadrature of the density, or the moments in closed form, with mpmath.
type Moments = (&'static str, &'static [f64], f64, f64);

const MOMENTS: &[Moments] = &[
    ("AsymmetricLaplace", &[0.4, 1.3, 0.6], 1.7866666666666668, 2.30279057763498),
    ("Gumbel", &[0.4, 1.3], 1.1503803643719928, 1.6673147792104235),
    ("SkewNormal", &[0.4, 1.3, 2.5], 1.3630623817394878, 0.8732186718561766),
    ("SkewNormal", &[-1.0, 0.7, -40.0], -1.5583447370860766, 0.4221980039842443),
    ("ExpModNormal", &[0.4, 1.3, 0.6], 2.066666666666667, 2.113711848331692),
    ("ChiSquared", &[5.0], 5.0, 3.1622776601683795),
    ("InverseChiSquared", &[13.0], 0.09090909090909091, 0.04285495643554833),
    ("InverseChiSquared", &[3.0], 1.0, f64::INFINITY),
    ("Frechet", &[5.5, 2.0], 2.2888212748751435, 0.6376936437629588),
    ("Frechet", &[1.5, 2.0], 5.357877069415495, f64::INFINITY),
    ("InverseGaussian", &[1.5, 2.5], 1.5, 1.161895003862225),
    ("Pareto", &[1.5, 5.5], 1.8333333333333333, 0.4178554470186725),
    ("Pareto", &[1.5, 1.0], f64::INFINITY, f64::INFINITY),
    ("Lomax", &[5.5, 2.0], 0.4444444444444444, 0.5571405960248966),
    ("Lomax", &[2.0, 2.0], 2.0, f64::INFINITY),
    ("Kumaraswamy", &[2.5, 0.8], 0.7500283644671475, 0.21034054676144837),
    ("Kumaraswamy", &[40.0, 300.0], 0.8550804233961217, 0.026909251013675445),
    ("Triangular", &[-1.0, 0.5, 3.5], 1.0, 0.9354143466934853),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 0.0], 1.1503803643719928, 1.6673147792104235),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 1e-12], 1.1503803643732786, 1.6673147792126042),
    ("GeneralizedExtremeValue", &[0.4, 1.3, -1e-07], 1.1503802357947253, 1.6673145611292577),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 0.0199], 1.176444686895415, 1.7125616026858321),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 0.0201], 1.1767115939203872, 1.713035765657679),
    ("GeneralizedExtremeValue", &[0.4, 1.3, -0.0199], 1.12525080646147, 1.6256462363643729),
    ("GeneralizedExtremeValue", &[0.4, 1.3, -0.0201], 1.1250027913520368, 1.625244445974528),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 0.15], 1.3748590535533656, 2.1305774112189866),
    ("GeneralizedExtremeValue", &[0.4, 1.3, -0.25], 0.8867071193115192, 1.3222882760933257),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 0.45], 2.1799145541192173, 7.589397600938058),
    ("GeneralizedExtremeValue", &[0.4, 1.3, -3.0], -1.7666666666666666, 11.333137253205752),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 0.7], 4.098628119991239, f64::INFINITY),
    ("GeneralizedExtremeValue", &[0.4, 1.3, 2.0], f64::INFINITY, f64::INFINITY),
];
