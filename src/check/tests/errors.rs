//! One model for every way to be wrong: the code of the error and the text that it points at.

use super::complaints;

/// Data of the examples.
const SCHOOLS: &str = "J: int = 8; y: real[8]; sigma: real[8]";
const RADON: &str = "rows = 919; county: category[919] 85 levels; floor: int[919]; log_radon: real[919]; u: real[85]; X: real[919, 4]; n: int[919]";

struct Case {
    text: &'static str,
    data: &'static str,
    /// Codes without `vippl::check::`, and the texts at the primary labels.
    expected: &'static [(&'static str, &'static str)],
}

const fn case(
    text: &'static str,
    data: &'static str,
    expected: &'static [(&'static str, &'static str)],
) -> Case {
    Case { text, data, expected }
}

const CASES: &[Case] = &[
    // Names
    case("y ~ Normal(mu, sigma)", SCHOOLS, &[("unknown_name", "mu")]),
    case("mu ~ Normal(0, 5)\ny ~ Normal(mu, sgima)", SCHOOLS, &[("unknown_name", "sgima")]),
    case("log(yy) ~ Normal(0, 1)", SCHOOLS, &[("unknown_name", "yy")]),
    case("data y: real[8]\ny ~ Normal(0, sigma)", SCHOOLS, &[("unknown_name", "sigma")]),
    case("a = b + 1\nb = 2", "", &[("order", "b")]),
    case("mu ~ Normal(m, 1)\nm ~ Normal(0, 1)\ny ~ Normal(mu, sigma)", SCHOOLS, &[("order", "m")]),
    case("x = f(2)\nfn f(a) = a + 1", "", &[("order", "f")]),
    case("a = b + 1\nb = 2 * a", "", &[("cycle", "b")]),
    case("x = x + 1", "", &[("self_reference", "x")]),
    case("mu ~ Normal(mu, 1)", SCHOOLS, &[("self_reference", "mu")]),
    case("h[1] = h[2]", "", &[("self_reference", "h")]),
    case("mu ~ Normal(0, 1)\nmu ~ Normal(0, 2)", SCHOOLS, &[("redefinition", "mu")]),
    case("mu ~ Normal(0, 1)\nmu = 3", "", &[("redefinition", "mu")]),
    case("y = 3", SCHOOLS, &[("redefinition", "y")]),
    case("x = y + 1\ny = 3", SCHOOLS, &[("redefinition", "y")]),
    case("param J", SCHOOLS, &[("redefinition", "J")]),
    case("fn f(a) = a\nf = 3", "", &[("redefinition", "f")]),
    case("fn f(a, a) = a\nx = f(1, 2)", "", &[("redefinition", "a")]),
    case("a = 1\nfor i in 1:3 { a = i }", "", &[("redefinition", "a")]),
    case("for i in 1:3 { i = 2 }", "", &[("redefinition", "i")]),
    case("x = [1, 2]\nx[1] = 3", "", &[("redefinition", "x")]),
    case("x[1] = 3\nx = [1, 2]", "", &[("redefinition", "x")]),
    case("for i in 1:8 { m = y[i] }\nz = m", SCHOOLS, &[("unknown_name", "m")]),
    case("if J > 3 { a = 1; b = a } else { c = a; a = 2 }\nd = a", SCHOOLS, &[("order", "a")]),
    case("if J > 3 { a = 1 } else { a = 2 }\na = 3", SCHOOLS, &[("redefinition", "a")]),
    case("x = Normal", SCHOOLS, &[("type", "Normal")]),
    case("x = exp + 1", SCHOOLS, &[("type", "exp")]),
    case("x = rows", SCHOOLS, &[("data", "rows")]),
    case("data z: real\nx ~ Normal(z, 1)", SCHOOLS, &[("data", "z")]),
    // Plates
    case("z ~ Normal(0, 1)\nz[2] ~ Normal(0, 1)", SCHOOLS, &[("plates", "z[2]")]),
    case("for i in 1:8 { u ~ Normal(0, 1) }", SCHOOLS, &[("latent_in_loop", "u")]),
    case("theta[1.5] ~ Normal(0, 1)", SCHOOLS, &[("plates", "1.5")]),
    case("theta[2 * y] ~ Normal(0, 1)", SCHOOLS, &[("plates", "2 * y")]),
    case("theta[2:] ~ Normal(0, 1)", SCHOOLS, &[("plates", "2:")]),
    case("theta[\"a\"] ~ Normal(0, 1)", SCHOOLS, &[("plates", "\"a\"")]),
    case("theta[-2] ~ Normal(0, 1)", SCHOOLS, &[("plates", "-2")]),
    case("mu ~ ordered(Normal(0, 1))\ny ~ Normal(mu[1], 1)", SCHOOLS, &[("plates", "mu")]),
    case("a[county] ~ Normal(0, 1)\na[1] ~ Normal(0, 1)", RADON, &[("plates", "a[county]")]),
    case("a[county] ~ Normal(floor, 1)", RADON, &[("shape", "county")]),
    case("a[county] ~ Normal(X, 1)", RADON, &[("shape", "county")]),
    // Statements in the wrong place
    case("fn f(a) { x ~ Normal(a, 1); return a }\nz = f(1)", "", &[("statement", "x ~ Normal(a, 1)")]),
    case("fn f(a) { factor a; return a }\nz = f(1)", "", &[("statement", "factor a")]),
    case("for i in 1:3 { fn f(a) = a }", "", &[("statement", "fn f(a) = a")]),
    case("for i in 1:3 { param w }", "", &[("statement", "param w")]),
    case("if 3 > 2 { data z: real }", "", &[("statement", "data z: real")]),
    case("fn f(a) { for i in 1:3 { return i }; return a }\nz = f(1)", "", &[("statement", "return i")]),
    // Functions
    case("fn f(a) = f(a - 1)\nz = f(2)", "", &[("recursion", "f")]),
    case("fn f(a) { b = a }\nz = f(2)", "", &[("missing_return", "f")]),
    case("fn f(a) { if J > 2 { return a } }\nz = f(2)", SCHOOLS, &[("missing_return", "f")]),
    case("fn f(a, b) = a + b\nz = f(1)", "", &[("arity", "f(1)")]),
    case("fn f(a, b) = a + b\nz = f(1, 2, 3)", "", &[("arity", "3")]),
    case("fn f(a) = a\nz = f(b = 2)", "", &[("unknown_argument", "b")]),
    case("fn f(a) = a\nz = f + 1", "", &[("type", "f")]),
    // Calls
    case("x = sqrt(1, 2)", "", &[("arity", "2")]),
    case("x = sqrt()", "", &[("arity", "sqrt()")]),
    case("x = sum(y, axes = 1)", SCHOOLS, &[("unknown_argument", "axes")]),
    case("x = squareroot(2)", "", &[("unknown_function", "squareroot")]),
    case("x = pow(2, 3)", "", &[("unknown_function", "pow")]),
    case("y ~ normal(0, 1)", SCHOOLS, &[("unknown_function", "normal")]),
    case("y ~ dnorm(0, 1)", SCHOOLS, &[("unknown_function", "dnorm")]),
    case("s ~ HalfNorm(1)", SCHOOLS, &[("unknown_function", "HalfNorm")]),
    case("factor normal_lpdf(y, 0, 1)", SCHOOLS, &[("unknown_function", "normal_lpdf")]),
    case("x = y(3)", SCHOOLS, &[("type", "y")]),
    case("y ~ Normal(0)", SCHOOLS, &[("arity", "Normal")]),
    case("y ~ Normal(0, 1, 2)", SCHOOLS, &[("arity", "2")]),
    case("y ~ Normal(0, std = 1)", SCHOOLS, &[("unknown_argument", "std")]),
    case("y ~ Normal(0, sd = 1, sd = 2)", SCHOOLS, &[("duplicate_argument", "sd")]),
    case("y ~ Normal(0, mean = 1, sd = 2)", SCHOOLS, &[("duplicate_argument", "mean")]),
    case("n ~ Bernoulli(p = 0.5, logit = 0)", RADON, &[("alternative_arguments", "0.5")]),
    case("y ~ Normal(0, -1)", SCHOOLS, &[("argument_range", "-1")]),
    case("n ~ Bernoulli(1.5)", RADON, &[("argument_range", "1.5")]),
    case("s ~ truncated(lower = 0)", SCHOOLS, &[("arity", "truncated")]),
    case("factor lpdf(Normal(0, 1))", SCHOOLS, &[("arity", "lpdf(Normal(0, 1))")]),
    case("x = quantile(Normal(0, 1), -0.5)", SCHOOLS, &[("argument_range", "-0.5")]),
    // Types
    case("x = 9007199254740993", SCHOOLS, &[("type", "9007199254740993")]),
    case("y ~ 3", SCHOOLS, &[("type", "3")]),
    case("y ~ sqrt(4)", SCHOOLS, &[("type", "sqrt(4)")]),
    case("x = Normal(0, 1) + 1", SCHOOLS, &[("type", "Normal(0, 1)")]),
    case("x = quantile(y, 0.5)", SCHOOLS, &[("type", "y")]),
    case("x = cdf(MvNormal(0, cov = eye(2)), y)", SCHOOLS, &[("type", "MvNormal(0, cov = eye(2))")]),
    case("x = [Normal(0, 1), Normal(2, 1)]", SCHOOLS, &[("type", "[Normal(0, 1), Normal(2, 1)]")]),
    case("x = \"a\"", SCHOOLS, &[("type", "\"a\"")]),
    case("x = county + \"HENNEPIN\"", RADON, &[("type", "\"HENNEPIN\"")]),
    case("for i in J { x[i] = 1 }", SCHOOLS, &[("type", "J")]),
    case("if y > 0 { a = 1 }", SCHOOLS, &[("type", "y > 0")]),
    case("log_radon ~ Normal(county, 1)", RADON, &[("type", "county")]),
    case("data x: float\nz = x", "", &[("type", "float")]),
    case("data y: int[8]\ny ~ Poisson(1)", SCHOOLS, &[("data", "y")]),
    case("data y: real[9]\ny ~ Normal(0, 1)", SCHOOLS, &[("data", "y")]),
    // Shapes
    case("x = y + [1, 2, 3]", SCHOOLS, &[("shape", "[1, 2, 3]")]),
    case("b[3] ~ Normal(0, 1)\nlog_radon ~ Normal(X @ b, 1)", RADON, &[("shape", "b")]),
    case("mu[5] ~ Normal(0, 1)\ny ~ Normal(mu, sigma)", SCHOOLS, &[("shape", "mu")]),
    case("y ~ Normal([1, 2, 3], 1)", SCHOOLS, &[("shape", "y")]),
    case("J ~ Poisson(exp(y))", SCHOOLS, &[("shape", "J")]),
    case("y ~ mixture([0.2, 0.3, 0.5], Normal([0, 1], 1))", SCHOOLS, &[("shape", "[0.2, 0.3, 0.5]")]),
    case("factor log_cdf(Normal(y, 1), [1, 2, 3])", SCHOOLS, &[("shape", "[1, 2, 3]")]),
    case("t ~ MvNormal([1, 2, 3], cov = eye(4))", SCHOOLS, &[("shape", "[1, 2, 3]")]),
    case("x = [[1, 2], [3]]", SCHOOLS, &[("shape", "[3]")]),
    // Indexing
    case("x = J[1]", SCHOOLS, &[("index", "J")]),
    case("x = y[1, 2]", SCHOOLS, &[("index", "y")]),
    case("x = y[9]", SCHOOLS, &[("index", "9")]),
    case("x = y[0]", SCHOOLS, &[("index", "0")]),
    case("x = y[2:9]", SCHOOLS, &[("index", "9")]),
    case("x = y[1.5]", SCHOOLS, &[("index", "1.5")]),
    case("b ~ Bernoulli(0.5)\nx = y[b == 1]", SCHOOLS, &[("index", "b == 1")]),
    case("x = y[-1]", SCHOOLS, &[("index", "-1")]),
    case("x[0] = 1", "", &[("index", "0")]),
    // What has to be known from the data
    case("tau ~ HalfNormal(1)\nx = y[tau]", SCHOOLS, &[("index", "tau")]),
    case("k ~ Poisson(3)\nfor i in 1:k { x[i] = 1 }", SCHOOLS, &[("data_only", "k")]),
    case("tau ~ HalfNormal(1)\nif tau > 1 { a = 1 }", SCHOOLS, &[("data_only", "tau > 1")]),
    case("k ~ Poisson(3)\nz[k] ~ Normal(0, 1)", SCHOOLS, &[("data_only", "k")]),
    case("tau ~ HalfNormal(1)\ns = tau * 2\ns ~ Normal(0, 1)", SCHOOLS, &[("data_only", "s")]),
    case("tau ~ HalfNormal(1)\ny * tau ~ Normal(0, 1)", SCHOOLS, &[("data_only", "y * tau")]),
    case(
        "fn f(n) { for i in 1:n { x[i] = i }; return sum(x) }\nk ~ Poisson(3)\nz = f(k)",
        SCHOOLS,
        &[("data_only", "n")],
    ),
    case(
        "h[1] = 1\nb ~ Normal(0, 1)\nfor t in 2:8 { if h[t - 1] > 0 { a = 1 }; h[t] = b * h[t - 1] }",
        SCHOOLS,
        &[("data_only", "h[t - 1] > 0")],
    ),
    case("param s\nx = zeros(3)\nz = x[s]", SCHOOLS, &[("index", "s")]),
    // Nothing observes it
    case("b ~ Flat()\nc ~ Normal(0, 1)\ny ~ Normal(c, sigma)", SCHOOLS, &[("improper", "Flat()")]),
    case("param w\ny ~ Normal(0, sigma)", SCHOOLS, &[("unobserved", "w")]),
    case("b ~ Flat()", "", &[("improper", "Flat()")]),
    // Not yet
    case("z[1] = 0\nfor t in 2:8 { z[t] ~ Normal(z[t - 1], 1) }", SCHOOLS, &[("not_supported_yet", "z[t]")]),
    // All at once
    case(
        "y ~ Normal(mu, 1)\nx = y[9]\nz = sqrt()",
        SCHOOLS,
        &[("unknown_name", "mu"), ("index", "9"), ("arity", "sqrt()")],
    ),
    case(
        "x = nope\nz = x + 1\nw = [x, nope2]",
        SCHOOLS,
        &[("unknown_name", "nope"), ("unknown_name", "nope2")],
    ),
];

#[test]
fn errors_have_their_codes_and_places() {
    let mut wrong = Vec::new();
    for case in CASES {
        let found = complaints(case.text, case.data);
        let found: Vec<(&str, &str)> = found.iter().map(|(code, at)| (code.as_str(), at.as_str())).collect();
        if found != case.expected {
            wrong.push(format!("{:?}\n  expected {:?}\n  found    {found:?}", case.text, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every error points at its source, has a stable code, and most say what to do.
#[test]
fn errors_render() {
    for case in CASES {
        let Err(errors) = super::check_text(case.text, case.data) else {
            panic!("{:?} is accepted", case.text)
        };
        for report in errors.into_reports() {
            let text = format!("{report:?}");
            assert!(text.contains("vippl::check::"), "{text}");
            assert!(text.contains("model.vim") || text.contains('│') || text.contains("|"), "{text}");
        }
    }
}

/// A long chain of functions is refused once, and nothing follows it down.
#[test]
fn chains_of_functions_have_an_end() {
    let mut text = String::from("fn f0(x) = x\n");
    for i in 1..3000 {
        text.push_str(&format!("fn f{i}(x) = f{}(x)\n", i - 1));
    }
    text.push_str("y ~ Normal(f2999(1), 1)");
    assert_eq!(complaints(&text, SCHOOLS), [("statement".to_string(), "f100".to_string())]);
}

/// What a person reads, for a few.
#[test]
fn words() {
    let say = |text: &str, data: &str| {
        let Err(errors) = super::check_text(text, data) else { panic!("{text:?} is accepted") };
        let mut out = String::new();
        let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
        handler.render_report(&mut out, &errors).expect("it renders");
        out
    };
    insta::assert_snapshot!("unknown_name", say("mu ~ Normal(0, 5)\ny ~ Normal(mu, sgima)", SCHOOLS));
    insta::assert_snapshot!(
        "shape",
        say("mu[5] ~ Normal(0, 1)\ny ~ Normal(mu, sigma)\nx = y + [1, 2, 3]", SCHOOLS)
    );
    insta::assert_snapshot!("wrong_case", say("y ~ normal(0, 1)", SCHOOLS));
    insta::assert_snapshot!("several", say("y ~ Normal(mu, 1)\nx = y[9]\nz = sqrt()", SCHOOLS));
    insta::assert_snapshot!("plates_mixed", say("z ~ Normal(0, 1)\nz[2] ~ Normal(0, 1)", SCHOOLS));
    insta::assert_snapshot!("data_only", say("tau ~ HalfNormal(1)\nif tau > 1 { a = 1 }", SCHOOLS));
}
