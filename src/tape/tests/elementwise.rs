//! Elementwise operations: derivatives at points inside their domains, broadcasting, branches.

use super::*;

type UnaryBuilder = fn(&mut Graph, Node) -> Node;
type BinaryBuilder = fn(&mut Graph, Node, Node) -> Node;
type Pair = (f64, f64);

/// Name, builder, three points inside the domain and away from kinks.
const UNARY: &[(&str, UnaryBuilder, [f64; 3])] = &[
    ("neg", Graph::neg, [-1.5, 0.3, 2.0]),
    ("recip", Graph::recip, [-1.5, 0.6, 2.0]),
    ("abs", Graph::abs, [-1.5, 0.3, 2.0]),
    ("sign", Graph::sign, [-1.5, 0.3, 2.0]),
    ("floor", Graph::floor, [-1.5, 0.3, 2.2]),
    ("ceil", Graph::ceil, [-1.5, 0.3, 2.2]),
    ("round", Graph::round, [-1.6, 0.3, 2.2]),
    ("exp", Graph::exp, [-1.5, 0.3, 2.0]),
    ("expm1", Graph::expm1, [-1.5, 1e-3, 2.0]),
    ("log", Graph::log, [0.4, 1.0, 20.0]),
    ("log1p", Graph::log1p, [-0.4, 1e-3, 20.0]),
    ("sqrt", Graph::sqrt, [0.4, 1.0, 20.0]),
    ("square", Graph::square, [-1.5, 0.0, 2.0]),
    ("sin", Graph::sin, [-1.5, 0.3, 2.0]),
    ("cos", Graph::cos, [-1.5, 0.3, 2.0]),
    ("tan", Graph::tan, [-1.1, 0.3, 2.0]),
    ("asin", Graph::asin, [-0.8, 0.3, 0.7]),
    ("acos", Graph::acos, [-0.8, 0.3, 0.7]),
    ("atan", Graph::atan, [-1.5, 0.3, 2.0]),
    ("sinh", Graph::sinh, [-1.5, 0.3, 2.0]),
    ("cosh", Graph::cosh, [-1.5, 0.3, 2.0]),
    ("tanh", Graph::tanh, [-1.5, 0.3, 2.0]),
    ("asinh", Graph::asinh, [-1.5, 0.3, 2.0]),
    ("logistic", Graph::logistic, [-1.5, 0.3, 2.0]),
    ("log1p_exp", Graph::log1p_exp, [-1.5, 0.3, 2.0]),
    ("small_odds", Graph::small_odds, [-1.5, 0.3, 2.0]),
    ("log1m_exp", Graph::log1m_exp, [-3.0, -0.9, -0.3]),
    ("lgamma", Graph::lgamma, [0.6, 1.4, 12.5]),
    ("lgamma, negative", Graph::lgamma, [-0.6, -1.4, -3.5]),
    ("digamma", Graph::digamma, [0.6, 1.4616, 12.5]),
    ("digamma, negative", Graph::digamma, [-0.6, -1.4, -3.5]),
    ("trigamma", |g, x| g.polygamma(1, x), [0.6, 1.4, 12.5]),
    ("tetragamma", |g, x| g.polygamma(2, x), [0.6, 1.4, 12.5]),
    ("erf", Graph::erf, [-1.5, 0.3, 2.0]),
    ("erfc", Graph::erfc, [-1.5, 0.3, 2.0]),
    ("normal_cdf", Graph::normal_cdf, [-1.5, 0.3, 2.0]),
    ("normal_log_cdf", Graph::normal_log_cdf, [-8.0, -5.0, 2.0]),
    ("normal_hazard", Graph::normal_hazard, [-8.0, -1.0, 2.0]),
    ("normal_quantile", Graph::normal_quantile, [0.03, 0.4, 0.95]),
    ("not", Graph::not, [-1.5, 0.3, 2.0]),
    ("is_nan", Graph::is_nan, [-1.5, 0.3, 2.0]),
    ("add_scalar", |g, x| g.add_scalar(x, 2.5), [-1.5, 0.3, 2.0]),
    ("mul_scalar", |g, x| g.mul_scalar(x, 2.5), [-1.5, 0.3, 2.0]),
    ("x^3", |g, x| power(g, x, 3.0), [-1.5, 0.3, 2.0]),
    ("x^2", |g, x| power(g, x, 2.0), [-1.5, 0.0, 2.0]),
    ("x^1", |g, x| power(g, x, 1.0), [-1.5, 0.0, 2.0]),
    ("x^0.5", |g, x| power(g, x, 0.5), [1.5, 0.3, 2.0]),
    ("x^-1", |g, x| power(g, x, -1.0), [1.5, 0.6, 2.0]),
    ("x^2.5", |g, x| power(g, x, 2.5), [1.5, 0.3, 2.0]),
    (
        "2^x",
        |g, x| {
            let two = g.scalar(2.0);
            g.pow(two, x)
        },
        [-1.5, 0.3, 2.0],
    ),
];

/// Name, builder, three pairs.
const BINARY: &[(&str, BinaryBuilder, [Pair; 3])] = &[
    ("add", Graph::add, [(-1.5, 0.3), (2.0, 1.0), (0.0, 4.0)]),
    ("sub", Graph::sub, [(-1.5, 0.3), (2.0, 1.0), (0.0, 4.0)]),
    ("mul", Graph::mul, [(-1.5, 0.3), (2.0, 1.0), (0.0, 4.0)]),
    ("div", Graph::div, [(-1.5, 0.6), (2.0, 1.0), (0.0, 4.0)]),
    ("pow", Graph::pow, [(1.5, 0.3), (2.0, 1.0), (0.4, -2.0)]),
    ("log1p_exp_by_odds", Graph::log1p_exp_by_odds, [(-1.5, 0.3), (2.0, 0.9), (0.3, 0.1)]),
    ("logistic_by_odds", Graph::logistic_by_odds, [(-1.5, 0.3), (2.0, 0.9), (0.3, 0.1)]),
    ("max", Graph::max, [(-1.5, 0.3), (2.0, 1.0), (0.0, 4.0)]),
    ("min", Graph::min, [(-1.5, 0.3), (2.0, 1.0), (0.0, 4.0)]),
    ("less", Graph::less, [(-1.5, 0.3), (2.0, 1.0), (0.0, 4.0)]),
    ("less_equal", Graph::less_equal, [(-1.5, 0.3), (2.0, 1.0), (0.0, 4.0)]),
    ("equal", Graph::equal, [(-1.5, 0.3), (2.0, 1.0), (0.1, 4.0)]),
    ("not_equal", Graph::not_equal, [(-1.5, 0.3), (2.0, 1.0), (0.1, 4.0)]),
    ("and", Graph::and, [(-1.5, 0.3), (2.0, 1.0), (0.1, 4.0)]),
    ("or", Graph::or, [(-1.5, 0.3), (2.0, 1.0), (0.1, 4.0)]),
    ("xlogy", Graph::xlogy, [(-1.5, 0.3), (2.0, 1.0), (0.1, 4.0)]),
    ("xlog1py", Graph::xlog1py, [(-1.5, 0.3), (2.0, -0.5), (0.1, 4.0)]),
    ("gated_mul", Graph::gated_mul, [(-1.5, 0.3), (2.0, 1.0), (0.1, 4.0)]),
];

fn power(g: &mut Graph, x: Node, exponent: f64) -> Node {
    let exponent = g.scalar(exponent);
    g.pow(x, exponent)
}

#[test]
fn unary_derivatives() {
    for (name, build, [a, b, c]) in UNARY {
        let points = vec![vec![*a, *b], vec![*b, *c], vec![*c, *a]];
        check(&case(name, &[&[2]], points, |g, x| build(g, x[0])));
    }
}

#[test]
fn binary_derivatives() {
    for (name, build, [a, b, c]) in BINARY {
        let points = vec![vec![a.0, b.0, a.1, b.1], vec![b.0, c.0, b.1, c.1], vec![c.0, a.0, c.1, a.1]];
        check(&case(name, &[&[2], &[2]], points, |g, x| build(g, x[0], x[1])));
    }
}

#[test]
fn binary_operations_with_a_constant_or_with_themselves() {
    for (name, build, [a, b, c]) in BINARY {
        let firsts = vec![vec![a.0, b.0], vec![b.0, a.0]];
        let second = tensor(&[2], vec![c.1, c.1 + 0.1]);
        check(&case(name, &[&[2]], firsts, move |g, x| {
            let constant = g.constant(second.clone());
            build(g, x[0], constant)
        }));
        let seconds = vec![vec![a.1, b.1], vec![b.1, a.1]];
        let first = tensor(&[2], vec![b.0, b.0 + 0.1]);
        check(&case(name, &[&[2]], seconds, move |g, x| {
            let constant = g.constant(first.clone());
            build(g, constant, x[0])
        }));
    }
    check(&case("x x", &[&[2]], vec![vec![0.5, -2.0]], |g, x| g.mul(x[0], x[0])));
    check(&case("x - x", &[&[2]], vec![vec![0.5, -2.0]], |g, x| g.sub(x[0], x[0])));
    check(&case("x^x", &[&[2]], vec![vec![0.5, 2.0]], |g, x| g.pow(x[0], x[0])));
}

#[test]
fn broadcasting_in_every_pattern() {
    let shapes: [(&[usize], &[usize]); 9] = [
        (&[], &[3]),
        (&[3], &[]),
        (&[2, 3], &[3]),
        (&[2, 1], &[1, 3]),
        (&[2, 1, 3], &[4, 1]),
        (&[1], &[2, 2]),
        (&[2, 3, 2], &[2, 1, 2]),
        (&[2, 1], &[2, 3]),
        (&[1, 3], &[2, 3]),
    ];
    for (a, b) in shapes {
        let (size_a, size_b): (usize, usize) = (a.iter().product(), b.iter().product());
        let points: Vec<Vec<f64>> = (0..3).map(|k| numbers(size_a + size_b, k + 1)).collect();
        check(&case("mul of broadcast", &[a, b], points.clone(), |g, x| g.mul(x[0], x[1])));
        check(&case("sub of broadcast", &[a, b], points.clone(), |g, x| g.sub(x[0], x[1])));
        check(&case("select of broadcast", &[a, b], points.clone(), |g, x| {
            let zero = g.scalar(0.0);
            let c = g.less(x[0], zero);
            g.select(c, x[0], x[1])
        }));
        let constant = tensor(b, numbers(size_b, 9));
        let (ours, theirs) = (constant.clone(), constant);
        let some: Vec<Vec<f64>> = points.iter().map(|p| p[..size_a].to_vec()).collect();
        check(&case("mul with a broadcast constant", &[a], some.clone(), move |g, x| {
            let c = g.constant(ours.clone());
            g.mul(x[0], c)
        }));
        check(&case("sub from a broadcast constant", &[a], some, move |g, x| {
            let c = g.constant(theirs.clone());
            g.sub(c, x[0])
        }));
    }
}

#[test]
fn broadcasting_follows_numpy() {
    let mut g = Graph::new();
    let (a, b) = (g.input(&[2, 1]), g.input(&[3]));
    let y = g.sub(a, b);
    assert_eq!(g.shape(y), [2, 3]);
    let out = run(&g, &[a, b], &[y], &[vec![10.0, 20.0, 1.0, 2.0, 3.0], vec![0.0, 1.0, 5.0, 6.0, 7.0]]);
    assert_eq!(out[0][0], [9.0, 8.0, 7.0, 19.0, 18.0, 17.0]);
    assert_eq!(out[0][1], [-5.0, -6.0, -7.0, -4.0, -5.0, -6.0]);
}

/// A branch that is not taken leaks neither values nor derivatives, by either mode, whatever its slope.
#[test]
fn branches_not_taken_do_not_leak() {
    let builders: &[(&str, UnaryBuilder, f64)] = &[
        ("log", Graph::log, 0.0),
        ("sqrt", Graph::sqrt, 0.0),
        ("sqrt of negative", Graph::sqrt, -1.0),
        ("recip", Graph::recip, 0.0),
        (
            "overflow",
            |g, x| {
                let e = g.mul_scalar(x, 1000.0);
                g.exp(e)
            },
            5.0,
        ),
        (
            "product with infinity",
            |g, x| {
                let e = g.exp(x);
                let e = g.exp(e);
                g.mul(x, e)
            },
            10.0,
        ),
        ("lgamma", Graph::lgamma, 0.0),
        ("pow", |g, x| g.pow(x, x), 0.0),
        ("log1m_exp", Graph::log1m_exp, 0.0),
        ("quantile", Graph::normal_quantile, 0.0),
        (
            "logsumexp of infinities",
            |g, x| {
                let l = g.log(x);
                let both = g.concat(&[l, l], 0);
                g.logsumexp(both, 0)
            },
            0.0,
        ),
    ];
    for (name, build, x0) in builders {
        let mut g = Graph::new();
        let (x, v) = (g.input(&[1]), g.input(&[1]));
        let bad = build(&mut g, x);
        let good = g.mul_scalar(x, 3.0);
        let never = g.is_nan(x);
        let y = g.select(never, bad, good);
        let s = g.sum_all(y);
        let gradient = reverse(&mut g, s, &[x])[0];
        let tangent = forward(&mut g, &[s], &[(x, v)])[0];
        let product = forward(&mut g, &[gradient], &[(x, v)])[0];
        let out = run(&g, &[x, v], &[s, gradient, tangent, product], &[vec![*x0, 1.0]]);
        let found: Vec<f64> = out.iter().map(|o| o[0][0]).collect();
        assert_eq!(found, [3.0 * x0, 3.0, 3.0, 0.0], "{name}");
    }
}

#[test]
fn kinks_and_edges() {
    let derivative = |build: UnaryBuilder, at: f64| {
        let mut g = Graph::new();
        let x = g.input(&[]);
        let y = build(&mut g, x);
        let d = reverse(&mut g, y, &[x])[0];
        let out = run(&g, &[x], &[y, d], &[vec![at]]);
        (out[0][0][0], out[1][0][0])
    };
    assert_eq!(derivative(|g, x| power(g, x, 2.0), 0.0), (0.0, 0.0));
    assert_eq!(derivative(|g, x| power(g, x, 3.0), 0.0), (0.0, 0.0));
    assert_eq!(derivative(|g, x| power(g, x, 3.0), -2.0), (-8.0, 12.0));
    assert_eq!(derivative(|g, x| power(g, x, 0.0), 0.0), (1.0, 0.0));
    assert_eq!(
        derivative(
            |g, x| {
                let b = g.vector(&[0.0, 1.0, 2.0]);
                let p = g.pow(x, b);
                g.sum_all(p)
            },
            0.0
        ),
        (1.0, 1.0)
    );
    assert_eq!(derivative(Graph::abs, 0.0), (0.0, 0.0));
    assert_eq!(
        derivative(
            |g, x| {
                let z = g.scalar(0.0);
                g.xlogy(z, x)
            },
            0.0
        ),
        (0.0, 0.0)
    );
    assert_eq!(
        derivative(
            |g, x| {
                let z = g.scalar(0.0);
                g.xlog1py(z, x)
            },
            -1.0
        ),
        (0.0, 0.0)
    );
    assert_eq!(derivative(|g, x| g.xlogy(x, x), 0.0).0, 0.0);
    assert_eq!(derivative(|g, x| g.max(x, x), 1.0), (1.0, 1.0));
    let nan = derivative(
        |g, x| {
            let one = g.scalar(1.0);
            g.max(one, x)
        },
        f64::NAN,
    )
    .0;
    assert!(nan.is_nan(), "max hides NaN");
    let nan = derivative(
        |g, x| {
            let one = g.scalar(1.0);
            g.min(x, one)
        },
        f64::NAN,
    )
    .0;
    assert!(nan.is_nan(), "min hides NaN");
}
