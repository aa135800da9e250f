//! Formulas: the columns that R makes of them, the plain programs that they stand for, and the posteriors of both.

mod common;

use std::collections::BTreeMap;

use common::{package, prepare_csv};
use miette::Report;
use serde_json::Value;
use vippl::check;
use vippl::compile::{CompileOptions, compile_expression};
use vippl::data::{DataArg, Dataset};
use vippl::formula;
use vippl::ir::StatementKind;
use vippl::posterior::{DataRecord, Draws, Posterior};
use vippl::session::{self, FitRequest, Request};
use vippl::source::Source;
use vippl::syntax;

/// Rows for expansions: numbers, whole numbers, words, gaps.
const TABLE: &str = "\
y,count,x,w,year,g,h,k
2.5,3,1.0,0.5,1974,a,u,s1
3.5,1,2.0,,1979,b,v,s1
1.0,0,0.5,1.5,1980,c,u,s2
4.5,7,4.0,2.5,1974,a,v,s2
3.0,2,3.5,2.0,1979,b,v,s3
6.5,9,6.0,4.5,1980,c,u,s3
5.0,4,5.5,3.0,1979,b,u,s4
2.0,2,2.5,1.0,1974,a,v,s4
7.5,8,7.0,5.0,1980,c,v,s5
1.5,1,1.0,0.0,1979,b,u,s5
";

fn request(model: &str, folder: &tempfile::TempDir) -> Request {
    let path = folder.path().join("d.csv");
    std::fs::write(&path, TABLE).expect("written");
    let data = vec![DataArg::File(path)];
    let model = Source::new("model.vim", model);
    Request { model, data, drop: Vec::new(), compile: CompileOptions::default() }
}

/// The plain program of a model with [`TABLE`], and what is said about it.
fn expanded(model: &str) -> (String, Vec<Report>) {
    let folder = tempfile::tempdir().expect("a folder");
    session::expand(&request(model, &folder)).unwrap_or_else(|report| panic!("{model}\n{report:?}"))
}

fn plain(model: &str) -> String {
    expanded(model).0
}

/// Labels and values of the columns of a formula's design, without the intercept.
fn design(formula: &str, data: &Dataset) -> (bool, Vec<(String, Vec<f64>)>) {
    let source = Source::new("m.vim", format!("eta = lm({formula})"));
    let file = syntax::parse(&source).unwrap_or_else(|errors| panic!("{formula}: {:?}", errors.errors()));
    let known = formula::Known { data, evaluate: &|_| None };
    let expansion = formula::expand(&source, &file, Some(&known));
    let expansion = expansion.unwrap_or_else(|errors| panic!("{formula}: {:?}", errors.errors()));
    let [design] = expansion.designs.as_slice() else {
        panic!("{formula}: {} designs", expansion.designs.len())
    };
    let columns =
        design.columns.iter().map(|column| (column.label.clone(), values(&column.code, data))).collect();
    (design.has_intercept, columns)
}

/// The values of an expression of the data.
fn values(code: &str, data: &Dataset) -> Vec<f64> {
    let source = Source::new("column", format!("column_of_the_design = {code}"));
    let file = syntax::parse(&source).expect("an expression");
    let summary = DataRecord::new(data, Vec::new(), Vec::new()).summary();
    let model = check::check(&source, &file, Some(&summary))
        .unwrap_or_else(|errors| panic!("{code}: {errors:?}"))
        .model;
    let StatementKind::Define { value, .. } = &model.body[0].kind else { panic!("{code}") };
    let compiled = compile_expression(&model, value, &[], &[], Some(data)).expect("known from the data");
    let mut values = vec![0.0; compiled.dims.iter().product()];
    let mut workspace = compiled.program.workspace(1);
    compiled.program.run(&mut workspace, &[]);
    compiled.program.output(&workspace, 0).copy_to(&mut values, 1);
    values
}

/// patsy writes the variables of an interaction in another order than R.
fn sorted_parts(label: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = label.split(':').collect();
    parts.sort_unstable();
    parts
}

#[test]
fn designs_are_those_of_patsy() {
    let text = std::fs::read_to_string(package().join("tests/formulas/columns.json")).expect("the table");
    let table: Value = serde_json::from_str(&text).expect("JSON");
    let (data, _) = Dataset::from_json("columns.json", &table["data"].to_string()).expect("data");
    let cases = table["cases"].as_object().expect("cases");
    assert!(cases.len() >= 17);
    for (formula, case) in cases {
        let (has_intercept, columns) = design(formula, &data);
        assert_eq!(has_intercept, case["intercept"], "{formula}");
        let expected = case["columns"].as_object().expect("columns");
        let theirs: BTreeMap<Vec<&str>, Vec<f64>> = expected
            .iter()
            .map(|(label, values)| {
                (sorted_parts(label), serde_json::from_value(values.clone()).expect("numbers"))
            })
            .collect();
        let own: Vec<Vec<&str>> = columns.iter().map(|(label, _)| sorted_parts(label)).collect();
        let mut sorted = own.clone();
        sorted.sort();
        assert_eq!(sorted, theirs.keys().cloned().collect::<Vec<_>>(), "{formula}");
        for ((label, values), parts) in columns.iter().zip(&own) {
            let difference =
                values.iter().zip(&theirs[parts]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(
                difference < 1e-9 && values.len() == theirs[parts].len(),
                "{formula}, {label}: {values:?}"
            );
        }
    }
}

/// By hand, after R's `colnames(model.matrix(formula, data))`.
#[test]
fn names_and_their_order_are_those_of_r() {
    let (data, _) = Dataset::from_csv("d.csv", TABLE).expect("a table");
    for (formula, names) in [
        ("x * g", "x gb gc x:gb x:gc"),
        ("g + x + h", "gb gc x hv"),
        ("x:g + x", "x x:gb x:gc"),
        ("g:h", "ga:hu gb:hu gc:hu ga:hv gb:hv gc:hv"),
        ("g * h", "gb gc hv gb:hv gc:hv"),
        ("0 + g + h", "ga gb gc hv"),
        ("h + g - 1", "hu hv gb gc"),
        ("0 + x:g", "x:ga x:gb x:gc"),
        ("0 + x + x:g", "x x:ga x:gb x:gc"),
        ("g/h", "gb gc ga:hv gb:hv gc:hv"),
        ("(g + h)/x", "gb gc hv ga:hu:x gb:hu:x gc:hu:x ga:hv:x gb:hv:x gc:hv:x"),
        ("x*x + x:x", "x"),
        ("g*x*h - g:x:h", "gb gc x hv gb:x gc:x gb:hv gc:hv x:hv"),
        ("log(x + 1) + I(x - count) + x^2", "log(x + 1) I(x - count) x^2"),
        ("category(year) + year", "year1979 year1980 year"),
    ] {
        let labels: Vec<String> = design(formula, &data).1.into_iter().map(|(label, _)| label).collect();
        let expected = names.replace("log(x + 1) I(x - count)", "log(x+1) I(x-count)");
        let joined = labels.join(" ").replace("log(x + 1)", "log(x+1)").replace("I(x - count)", "I(x-count)");
        assert_eq!(joined, expected, "{formula}");
    }
}

#[test]
fn formulas_stand_for_plain_programs() {
    let all = [
        ("line", "s ~ HalfNormal(5)\n## What is measured.\ny ~ Normal(lm(x), s)"),
        ("intercept", "y ~ Normal(lm(1), 1)"),
        ("interaction", "y ~ Normal(lm(1 + x * g), 1)"),
        ("no_intercept", "y ~ StudentT(4, lm(0 + g + x:g), 1)"),
        ("varying_intercepts", "count ~ Poisson(log = lm(g + (1 | k)) + log(x))"),
        ("varying_slopes", "y ~ Normal(lm(x + (1 + x | k)), 1)"),
        ("uncorrelated", "y ~ Normal(lm(x + (x + g || k)), 1)"),
        ("nested", "y ~ Normal(lm(x + (1 | g/h)), 1)"),
        ("logit", "z = where(y > 3, 1, 0); z ~ Bernoulli(logit = lm(x + (0 + x | g:h)))"),
        (
            "asked",
            "y ~ Normal(lm(x + (x | k), prior = Normal(0, 1), intercept = Normal(3, 10), sd = Exponential(1), cor = LkjCholesky(4)), 1)",
        ),
        ("offset", "mu = exp(lm(log(x) + offset(log(count + 1))))\ny ~ Gamma(mean = mu, sd = 1)"),
        (
            "imputed",
            "w ~ Normal(m, 2)\ny ~ Normal(lm(w * g), 1)\n".replace("w ~", "m ~ Normal(0, 5)\nw ~").leak(),
        ),
        ("several", "y ~ Normal(lm(x), exp(lm(g)))\ncount ~ Poisson(log = 2 * lm(x))\nb = 1"),
        ("taken", "b ~ Normal(0, 1)\ny ~ Normal(lm(x) + b, 1)"),
        ("branch", "if sum(x) > 1 {\n  y ~ Normal(lm(x), 1)\n}"),
    ];
    let mut shown = String::new();
    for (name, model) in all {
        let (text, warnings) = expanded(model);
        shown += &format!("== {name}\n{model}\n-- \n{text}");
        for warning in warnings {
            shown += &format!("-- {warning}\n");
        }
        shown += "\n";
        assert_eq!(plain(&text), text, "{name}: what is expanded is plain, and in canonical layout");
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/formulas");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("expansions", shown));
}

fn fitted(model: &str) -> Posterior {
    let request = FitRequest { n_draws: 200, ..FitRequest::default() };
    prepare_csv(model, TABLE)
        .fit(&request, &mut |_| {})
        .unwrap_or_else(|report| panic!("{model}\n{report:?}"))
}

fn bits(draws: &Draws, n_rows: usize) -> Vec<u64> {
    (0..n_rows).flat_map(|row| draws.row(row)).map(|x| x.to_bits()).collect()
}

#[test]
fn formulas_have_the_posteriors_of_their_plain_programs() {
    for model in [
        "s ~ HalfNormal(5)\ny ~ Normal(lm(x * h), s)",
        "y ~ Normal(lm(x + (1 | k), sd = LogNormal(0, 0.3)), 1)",
        "m ~ Normal(0, 5)\nw ~ Normal(m, 2)\ny ~ Normal(lm(w), 1)",
        "z = where(y > 3, 1, 0)\nz ~ Bernoulli(logit = lm(x - 1, prior = Normal(0, 1)))",
    ] {
        let (own, other) = (fitted(model), fitted(&plain(model)));
        let names = |posterior: &Posterior| -> Vec<String> {
            posterior.quantities.iter().flat_map(|q| (0..q.len()).map(|k| q.element_name(k))).collect()
        };
        assert_eq!(names(&own), names(&other), "{model}");
        assert!(!bits(&own.draws, own.summaries.len()).is_empty(), "{model}");
        assert_eq!(
            bits(&own.draws, own.summaries.len()),
            bits(&other.draws, other.summaries.len()),
            "{model}"
        );
    }
}

/// Least squares by hand: with a prior as wide as this one the posterior mean is that of the line through the points.
#[test]
fn a_line_is_found() {
    let model = "y ~ Normal(lm(x, prior = Normal(0, 1000), intercept = Normal(0, 1000)), 0.1)";
    let posterior = fitted(model);
    let summaries: BTreeMap<String, f64> = posterior
        .quantities
        .iter()
        .flat_map(|quantity| (0..quantity.len()).map(|k| (quantity.element_name(k), quantity.offset + k)))
        .map(|(name, row)| (name, posterior.summaries[row].mean.expect("a mean")))
        .collect();
    let (data, _) = Dataset::from_csv("d.csv", TABLE).expect("a table");
    let column = |name: &str| data.get(name).expect(name).values.flat().to_vec();
    let (x, y) = (column("x"), column("y"));
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(&x), mean(&y));
    let sxy: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum();
    let sxx: f64 = x.iter().map(|x| (x - mx) * (x - mx)).sum();
    let slope = sxy / sxx;
    for (name, expected) in [("b[x]", slope), ("intercept_at_means", my), ("intercept", my - slope * mx)] {
        let found = summaries[name];
        assert!((found - expected).abs() < 0.02, "{name}: {found}, least squares {expected}");
    }
}

#[test]
fn new_data_are_those_of_the_plain_program() {
    let model = "s ~ HalfNormal(5)\ny ~ Normal(lm(x + (1 | g)), s)";
    let simulate = |model: &str| {
        let prepared = prepare_csv(model, TABLE);
        let simulations =
            vippl::simulate::simulate(&prepared.model, &prepared.dataset, None, 3, 7).expect("simulated");
        simulations.sets.concat()
    };
    let (own, other) = (simulate(model), simulate(&plain(model)));
    assert!(own.iter().all(|x| x.is_finite()) && own.len() == 30, "{own:?}");
    assert_eq!(own, other);
}

#[test]
fn lm_is_a_name_like_others_where_no_bracket_follows() {
    assert!(syntax::parse(&Source::new("m", "lm ~ Normal(0, 1)\ny = 2 * lm + `lm`")).is_ok());
    for (text, at) in [("fn lm(a) = a", "lm"), ("y = a | b", "|"), ("y ~ Normal(lm(a |> b), 1)", "|>")] {
        let source = Source::new("m", text);
        let errors = syntax::parse(&source).expect_err(text);
        assert_eq!(source.slice(errors.errors()[0].span()), at, "{text}");
    }
}

#[test]
fn formulas_are_printed_as_in_r() {
    let format =
        |text: &str| syntax::format(&Source::new("m", text)).unwrap_or_else(|e| panic!("{text}: {e}"));
    for (written, printed) in [
        ("y=lm( x+z*g - 1+( 1+x|g / h ) )", "y = lm(x + z * g - 1 + (1 + x | g/h))\n"),
        ("y=lm(-1+a : b+log( x )+x ^2,prior=D(0,1),)", "y = lm(-1 + a:b + log(x) + x^2, prior = D(0, 1))\n"),
        ("y=lm((a+b):c + (0+x||g:h))", "y = lm((a + b):c + (0 + x || g:h))\n"),
    ] {
        assert_eq!(format(written), printed);
        assert_eq!(format(printed), printed);
    }
    let long = format(
        "reaction ~ Normal(lm(1 + night * coffee * temperature + humidity + (1 + night | person) # who\n + (1 | place), prior = Normal(0, 1)), s)",
    );
    assert!(long.contains("# who") && long.lines().all(|line| line.len() <= 100), "{long}");
    assert_eq!(format(&long), long);
}

/// A term is named by the variables, operators and brackets of R: as tight as there.
#[test]
fn operators_hold_together_as_in_r() {
    let dump = |text: &str| syntax::dump(&syntax::parse(&Source::new("m", text)).expect(text));
    let shape = |formula: &str| -> Vec<String> {
        let text = dump(&format!("y = lm({formula})"));
        let lines = text.lines().skip(4).map(|line| line.split(" @").next().unwrap_or_default());
        lines.map(|line| line.trim_start().to_string()).collect()
    };
    assert_eq!(shape("a + b:c * d"), shape("a + b:c * d"));
    assert_ne!(shape("a:b + c"), shape("a:(b + c)"));
    assert_eq!(
        shape("a + b:c * d"),
        [
            "term +", "column", "name a", "term *", "term :", "column", "name b", "column", "name c",
            "column", "name d"
        ]
    );
}
