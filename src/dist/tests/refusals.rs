//! What is no distribution, or no value of one, is refused with words.

use super::*;

fn instance(g: &mut Graph, name: &str, form: usize, args: &[Tensor]) -> Instance {
    let args = args.iter().map(|arg| g.constant(arg.clone())).collect();
    Instance::Plain { dist: find(name).unwrap(), form, args }
}

fn truncated(g: &mut Graph, inner: Instance, lower: f64, upper: f64) -> Instance {
    let args = vec![Some(g.scalar(lower)), Some(g.scalar(upper))];
    Instance::Wrapped { wrapper: crate::dist::wrappers::find("truncated").unwrap(), inner: vec![inner], args }
}

#[test]
fn bounds_leave_something_between_them() {
    let inf = f64::INFINITY;
    let cases = [
        ("Uniform", 2.0, 1.0, Some("Uniform needs lower < upper, found 2 and 1")),
        ("Uniform", 1.0, 1.0, Some("Uniform needs lower < upper, found 1 and 1")),
        ("Uniform", 1.0, 2.0, None),
        ("DiscreteUniform", 2.0, 1.0, Some("DiscreteUniform needs lower <= upper, found 2 and 1")),
        ("DiscreteUniform", 1.0, 1.0, None),
        ("Flat", 2.0, 1.0, Some("Flat needs lower < upper, found 2 and 1")),
        ("Flat", -inf, inf, None),
        ("Flat", inf, inf, Some("Flat needs lower < upper, found inf and inf")),
    ];
    for (name, lower, upper, words) in cases {
        let mut g = Graph::new();
        let d = instance(&mut g, name, 0, &[number(lower), number(upper)]);
        assert_eq!(d.objection(&mut g).as_deref(), words);
    }
    let mut g = Graph::new();
    let d = instance(&mut g, "Uniform", 0, &[vector(&[0.0, 1.0, 3.0]), number(2.5)]);
    assert_eq!(d.objection(&mut g).as_deref(), Some("Uniform needs lower < upper, found 3 and 2.5"));
}

#[test]
fn truncation_leaves_something() {
    let inf = f64::INFINITY;
    /// Distribution, arguments, bounds, the bounds in the objection.
    type Case<'a> = (&'a str, &'a [f64], [f64; 2], Option<&'a str>);
    let cases: [Case; 6] = [
        ("Normal", &[0.0, 1.0], [2.0, 1.0], Some("2 and 1")),
        ("Normal", &[0.0, 1.0], [inf, inf], Some("inf and inf")),
        ("HalfNormal", &[1.0], [-3.0, -1.0], Some("0 and -1")),
        ("Poisson", &[1.0], [1.2, 1.8], Some("1.2 and 1.8")),
        ("Poisson", &[1.0], [1.0, 1.0], None),
        ("Normal", &[0.0, 1.0], [-inf, 1.0], None),
    ];
    for (name, args, [lower, upper], between) in cases {
        let mut g = Graph::new();
        let args: Vec<Tensor> = args.iter().map(|&a| number(a)).collect();
        let inner = instance(&mut g, name, 0, &args);
        let d = truncated(&mut g, inner, lower, upper);
        let words = between.map(|b| format!("truncated({name}) has nothing left: no value lies between {b}"));
        assert_eq!(d.objection(&mut g), words);
    }
}

#[test]
fn shapes_of_arguments_and_values_go_together() {
    let identity = |n: usize| ndarray::Array2::eye(n).into_dyn().into_shared();
    let mut g = Graph::new();
    let d = instance(&mut g, "MvNormal", 0, &[vector(&[0.0; 5]), identity(4)]);
    let words = "mean of MvNormal has length 5, and its cov is [4, 4]";
    assert_eq!(d.objection(&mut g).as_deref(), Some(words));
    assert_eq!(d.shape_mismatch(&g, &[5]).as_deref(), Some(words));
    let oblong = matrix(&[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0]]);
    let d = instance(&mut g, "MvNormal", 2, &[number(0.0), oblong]);
    let words = "prec of MvNormal must be a square matrix, found [2, 3]";
    assert_eq!(d.objection(&mut g).as_deref(), Some(words));
    let d = instance(&mut g, "MvNormal", 0, &[number(0.0), identity(4)]);
    assert_eq!(d.objection(&mut g), None);
    assert_eq!(d.shape_mismatch(&g, &[4]), None);
    assert_eq!(d.shape_mismatch(&g, &[7, 4]), None);
    for (x, shown) in [(vec![3], "[3]"), (vec![1], "[1]"), (vec![4, 5], "[4, 5]")] {
        let words = format!("a draw of MvNormal has shape [4], found {shown}");
        assert_eq!(d.shape_mismatch(&g, &x), Some(words));
    }
    assert!(d.shape_mismatch(&g, &[]).is_some());
    let d = instance(&mut g, "MvNormal", 0, &[number(0.0), identity(1)]);
    assert!(d.shape_mismatch(&g, &[3]).is_some(), "one variance is no covariance of three");
    let d = instance(&mut g, "Dirichlet", 0, &[vector(&[1.0, 2.0, 3.0])]);
    assert_eq!(d.shape_mismatch(&g, &[2, 3]), None);
    assert!(d.shape_mismatch(&g, &[4]).is_some());
    let d = instance(&mut g, "Dirichlet", 0, &[vector(&[2.0])]);
    assert!(d.shape_mismatch(&g, &[4]).is_some_and(|words| words.contains("at least two")));
}

#[test]
fn batches_of_arguments_and_values_go_together() {
    let mut g = Graph::new();
    let d = instance(&mut g, "Normal", 0, &[vector(&[0.0, 1.0]), number(1.0)]);
    let words = "mean of Normal has shape [2], which does not go with [3]";
    assert_eq!(d.shape_mismatch(&g, &[3]).as_deref(), Some(words));
    for x in [vec![], vec![2], vec![3, 2], vec![3, 1]] {
        assert_eq!(d.shape_mismatch(&g, &x), None, "{x:?}");
    }
    let bounded = truncated(&mut g, d.clone(), 0.0, 2.0);
    assert_eq!(bounded.shape_mismatch(&g, &[3]).as_deref(), Some(words));
    // The two means are two components: a value of any shape goes with them.
    let w = g.vector(&[0.5, 0.5]);
    let wrapper = crate::dist::wrappers::find("mixture").unwrap();
    let d = Instance::Wrapped { wrapper, inner: vec![d], args: vec![Some(w)] };
    assert_eq!(d.shape_mismatch(&g, &[3]), None);
    assert_eq!(d.shape_mismatch(&g, &[]), None);
}
