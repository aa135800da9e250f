//! Models that are right, and what is known of them.

use super::{check_text, checked, role_of, type_of};
use crate::check::{CheckErrors, Lint, check_expression};
use crate::ir::{Role, StatementKind};
use crate::source::Source;

const RADON: &str =
    "rows = 919; county: category[919] 85 levels; floor: int[919]; log_radon: real[919]; u: real[85]";

#[test]
fn plates_make_shapes() {
    let text = "
        mu ~ Normal(0, 10)
        tau ~ HalfNormal(1)
        alpha[county] ~ Normal(mu + u, tau)
        z[rows, 2] ~ Normal(0, 1)
        theta[county] ~ Dirichlet([1, 1, 1])
        e ~ Normal([1, 2, 3], 1)
        c[4] ~ ordered(Normal(0, 1))
        m ~ MvNormal([0, 0], cov = eye(2))
        k[rows] ~ Categorical(theta[county])
        a = alpha[county]
        one = alpha[\"HENNEPIN\"]
        log_radon ~ Normal(a + floor + z[:, 1], 1)";
    let with = checked(text, RADON);
    let expected = [
        ("alpha", "real[85]"),
        ("z", "real[919, 2]"),
        ("theta", "real[85, 3]"),
        ("e", "real[3]"),
        ("c", "real[4]"),
        ("m", "real[2]"),
        ("k", "int[919]"),
        ("a", "real[919]"),
        ("one", "real"),
    ];
    for (name, ty) in expected {
        assert_eq!(type_of(&with, name), ty, "{name}");
    }
    assert_eq!(role_of(&with, "log_radon"), Role::Observed);
    assert_eq!(role_of(&with, "county"), Role::Data);
    let without = checked(text, "");
    for (name, ty) in [("alpha", "real[county]"), ("z", "real[rows, 2]"), ("theta", "real[county, 3]")] {
        assert_eq!(type_of(&without, name), ty, "{name}");
    }
}

#[test]
fn declared_data_have_symbolic_shapes() {
    let text = "
        data N: int
        data K: int
        data X: real[N, K]
        data y: real[N]
        data g: category[N]
        b[K - 1] ~ Normal(0, 1)
        a[g] ~ Normal(0, 1)
        y ~ Normal(X[:, 2:K] @ b + a[g], 1)";
    let checked = checked(text, "");
    assert_eq!(type_of(&checked, "X"), "real[N, K]");
    assert_eq!(type_of(&checked, "b"), "real[K - 1]");
    assert_eq!(type_of(&checked, "a"), "real[levels(g)]");
    assert_eq!(role_of(&checked, "y"), Role::Observed);
    assert!(checked.assumed_data.is_empty());
}

#[test]
fn roles() {
    let data = "y: real[8]; T: int = 8; w: real[8]";
    let text = "
        s = sum(y)
        s ~ Normal(0, 1)
        exp(w) ~ LogNormal(0, 1)
        param p in (0, inf) = 1
        m ~ Normal(p, 1)
        for t in 2:T { d = y[t] - y[t - 1]; d ~ Normal(m, 1) }";
    let checked = checked(text, data);
    let expected = [
        ("y", Role::Data),
        ("s", Role::Deterministic),
        ("w", Role::Observed),
        ("p", Role::PointEstimate),
        ("m", Role::Latent),
        ("t", Role::Loop),
        ("d", Role::Local),
    ];
    for (name, role) in expected {
        assert_eq!(role_of(&checked, name), role, "{name}");
    }
    assert!(matches!(checked.model.body[1].kind, StatementKind::Observe { .. }));
}

/// Names of the data may be those of built-in functions; calls still reach the functions.
#[test]
fn data_called_like_functions() {
    let checked = checked(
        "mu ~ Normal(mean(log), 1)\nmean ~ Normal(mu + log(exp(log)), 1)",
        "mean: real[5]; log: real[5]",
    );
    assert_eq!(role_of(&checked, "mean"), Role::Observed);
    let shadowing: Vec<_> = checked.lints.iter().filter(|l| matches!(l, Lint::Shadowing { .. })).collect();
    assert_eq!(shadowing.len(), 2, "{:?}", checked.lints);
}

#[test]
fn branches_define_the_same_name() {
    let text = "
        if K > 2 { a ~ Normal(0, 1); b = 2 * a } else if K == 2 { a ~ Cauchy(0, 1); b = a } else { a = 3; b = 1 }
        y ~ Normal(a + b, 1)";
    let checked = checked(text, "K: int = 2; y: real[3]");
    assert_eq!(checked.model.variables.iter().filter(|v| v.name == "a").count(), 1);
    assert_eq!(role_of(&checked, "a"), Role::Latent);
    let StatementKind::If { arms, otherwise } = &checked.model.body[0].kind else { panic!("an if") };
    assert_eq!((arms.len(), otherwise.len()), (2, 2));
    assert!(matches!(arms[0].1[0].kind, StatementKind::Latent { .. }));
}

#[test]
fn functions_take_functions_and_give_distributions() {
    let text = "
        fn twice(g, x) = g(g(x))
        fn plus(x) = x + shift
        fn noise(m, s) { u = m * 2; return Normal(u, s) }
        fn pick(c) { if c > 0 { return 1 } else { return 2 } }
        mu ~ Normal(0, 1)
        z = twice(plus, mu)
        w ~ noise(z, s = 1)
        y ~ noise(w + pick(3), 2)";
    let checked = checked(text, "shift: real; y: real[4]");
    assert_eq!(checked.model.functions.len(), 4);
    assert_eq!(role_of(&checked, "u"), Role::Local);
    assert_eq!(role_of(&checked, "w"), Role::Latent);
}

/// Whether a call depends on a latent is known from its arguments, through functions held by parameters too.
#[test]
fn data_only_calls_are_data_only() {
    let text = "
        fn twice(g, x) = g(g(x))
        fn plus(x) = x + 1
        fn upto(n) { for i in 1:n { s[i] = i }; return sum(s) }
        for i in 1:twice(plus, 3) { a[i] = upto(i) }
        twice(plus, y) ~ Normal(sum(a), 1)";
    checked(text, "y: real[4]");
    let latent = "
        fn twice(g, x) = g(g(x))
        fn plus(x) = x + m
        m ~ Normal(0, 1)
        y ~ Normal(twice(plus, 1), 1)";
    // `m` comes after the function that reads it.
    let errors = check_text(latent, "y: real[4]").expect_err("order");
    assert_eq!(errors.errors()[0].code_text(), "vippl::check::order");
    let through = "
        m ~ Normal(0, 1)
        fn plus(x) = x + m
        fn twice(g, x) = g(g(x))
        twice(plus, y) ~ Normal(0, 1)";
    let errors: CheckErrors = check_text(through, "y: real[4]").expect_err("a latent on the left");
    assert_eq!(errors.errors()[0].code_text(), "vippl::check::data_only");
}

#[test]
fn discrete_latents_index() {
    let text = "
        w ~ Dirichlet([1, 1, 1])
        mu[3] ~ Normal(0, 10)
        z[N] ~ Categorical(w)
        s ~ Bernoulli(0.5)
        y ~ Normal(mu[z] + mu[s + 1], 1)";
    let checked = checked(text, "N: int = 7; y: real[7]");
    assert_eq!(type_of(&checked, "z"), "int[7]");
    assert_eq!(type_of(&checked, "w"), "real[3]");
}

#[test]
fn elements_have_extents() {
    let text = "
        x[1] ~ Normal(0, 1)
        for t in 2:T { x[t] ~ Normal(x[t - 1], 1) }
        for i in 1:T { for j in 1:2 { m[i, j] = i * j + x[i] } }
        r[1] = [1.0, 2.0]
        r[2] = [3.0, 4.0]
        y ~ Normal(x + m[:, 1], 1)";
    let known = checked(text, "T: int = 9; y: real[9]");
    assert_eq!(type_of(&known, "x"), "real[9]");
    assert_eq!(type_of(&known, "m"), "real[9, 2]");
    assert_eq!(type_of(&known, "r"), "real[2, 2]");
    let symbolic = checked(text, "");
    assert_eq!(type_of(&symbolic, "x"), "real[T]");
    assert_eq!(role_of(&symbolic, "x"), Role::Latent);
}

#[test]
fn alternative_forms() {
    let text = "
        m ~ Gamma(mean = 2, sd = 1)
        S = eye(3)
        v ~ MvNormal([1, 2, 3], chol = S)
        k ~ Bernoulli(logit = m)
        t ~ truncated(Normal(0, 1), lower = 0)
        f ~ Flat(0)
        q ~ mixture([0.5, 0.5], [Normal(0, 1), Cauchy(0, 1)])
        factor lpdf(Normal(f, 1), [1, 2, 3])";
    let checked = checked(text, "a: int = 1");
    for (i, (name, form)) in
        [(0, ("Gamma", 1)), (2, ("MvNormal", 1)), (3, ("Bernoulli", 1)), (5, ("Flat", 0))]
    {
        let StatementKind::Latent { distribution, .. } = &checked.model.body[i].kind else { continue };
        let crate::ir::ExprKind::Distribution { dist, form: chosen, .. } = &distribution.kind else {
            panic!("a distribution")
        };
        assert_eq!((dist.name(), *chosen), (name, form));
    }
}

#[test]
fn lints() {
    let kinds = |text: &str, data: &str| -> Vec<String> {
        let lints = checked(text, data).lints;
        lints.iter().map(|lint| miette::Diagnostic::code(lint).expect("a code").to_string()).collect()
    };
    assert_eq!(kinds("earnings ~ Normal(0, 1)", "earnngs: real[3]"), ["vippl::check::misspelt_column"]);
    assert_eq!(kinds("x1 ~ Normal(0, 1)", "x2: real[3]"), [""; 0]);
    assert_eq!(kinds("data z: real\nx ~ Normal(0, 1)", ""), ["vippl::check::unused_data"]);
    assert_eq!(kinds("fn f(a) = a\nx ~ Normal(0, 1)", ""), ["vippl::check::unused_function"]);
    assert_eq!(kinds("sd ~ HalfNormal(1)", ""), ["vippl::check::shadowing"]);
    assert_eq!(kinds("y ~ Normal(0, 1)\ny ~ Cauchy(0, 1)", "y: real[3]"), ["vippl::check::observed_twice"]);
    assert_eq!(kinds("sigma ~ HalfNormal(1)\ny ~ Normal(0, sigmma)", ""), ["vippl::check::misspelt_name"]);
    assert_eq!(kinds("mu ~ Normal(m, 1)\nm ~ Normal(0, 1)", ""), ["vippl::check::assumed_data"]);
    assert_eq!(kinds("fn f(a) { return a; b = 1 }\nx = f(1)", ""), ["vippl::check::unreachable"]);
}

/// `rows`, `pi` and the like are names that data and model may take.
#[test]
fn constants_may_be_shadowed() {
    let text = "pi ~ Dirichlet([1, 1])\nx ~ Normal(pi, rows)\nz = inf";
    let checked = checked(text, "rows: real");
    assert_eq!(role_of(&checked, "pi"), Role::Latent);
    assert_eq!(role_of(&checked, "rows"), Role::Data);
}

/// Locals of functions and variables of loops reuse names.
#[test]
fn scopes_reuse_names() {
    let text = "
        x = 2
        fn f(x) { y = x + 1; for i in 1:2 { y2[i] = y }; return sum(y2) }
        for i in 1:3 { t = i * x; u[i] = t }
        for i in 1:3 { t = i; v[i] = t }
        for x in 1:3 { w[x] = x }
        z = f(x) + f(3)";
    checked(text, "q: int = 1");
}

#[test]
fn expressions_over_a_model() {
    let checked = checked("mu ~ Normal(0, 1)\nfn f(a) = a ^ 2\ntheta[J] ~ Normal(mu, 1)", "J: int = 8");
    let eval = |text: &str| {
        let source = Source::new("repl", text);
        let expr = crate::syntax::parse_expression(&source).expect("it parses");
        check_expression(&checked.model, &source, &expr)
    };
    let good = eval("f(mu) + theta[3] * J").expect("all names are known");
    assert_eq!(good.ty.shape.rank(), None);
    assert_eq!(eval("theta - mean(theta)").expect("a vector").ty.shape.to_string(), "[8]");
    for (text, code) in [("tehta + 1", "unknown_name"), ("theta[9]", "index"), ("theta[mu]", "index")] {
        let errors = eval(text).expect_err(text);
        assert_eq!(errors.errors()[0].code_text(), format!("vippl::check::{code}"), "{text}");
    }
}
