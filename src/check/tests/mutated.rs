//! No text that parses makes the checker panic.

use proptest::prelude::*;

use super::{DataSummary, summary};
use crate::source::Source;

const TEXTS: &[&str] = &[
    include_str!("cases/arK_arK.vim"),
    include_str!("cases/diamonds_diamonds.vim"),
    include_str!("cases/garch_garch11.vim"),
    include_str!("cases/hmm_example_hmm_example.vim"),
    include_str!("cases/hudson_lynx_hare_lotka_volterra.vim"),
    include_str!("cases/low_dim_gauss_mix_low_dim_gauss_mix.vim"),
    "data N: int\ndata X: real[N, 2] in (0, inf)\nparam w[N] in (0, 1) = 0.5\nif N > 2 { a ~ Normal(0, 1) } else { a = 3 }\nfn f(g, x) { u = g(x); return Normal(u, 1) }\nfor i in 1:N { m = X[i, 1]; x[i] ~ f(exp, m) }\nfactor lpdf(Normal(a, w[1]), x)",
    "z[rows] ~ Categorical([0.2, 0.8])\nmu[2] ~ ordered(Normal(0, 1))\ny ~ truncated(Normal(mu[z], 1), lower = 0)\nX' @ X[1:3, :] ~ MvNormal(0, cov = eye(3))",
];

/// Pieces that change what a text means when they replace others.
const PIECES: &[&str] = &[
    "x",
    "y",
    "mu",
    "z",
    "t",
    "N",
    "K",
    "1",
    "0",
    "-1",
    "2.5",
    "inf",
    "rows",
    "pi",
    "true",
    "\"a\"",
    "Normal(0, 1)",
    "Dirichlet([1, 1])",
    "[1, 2]",
    "[]",
    "[[1], [2]]",
    "exp",
    "f",
    "f(x)",
    "mean(x)",
    "ode(f, x, 0, t)",
    "x[1]",
    "x[:]",
    "x[2:]",
    "x'",
    "1:3",
    "x = 1\n",
    "x ~ Normal(0, 1)\n",
    "x[1] = 2\n",
    "for i in 1:3 { x[i] = i }\n",
    "if N > 1 { x = 1 }\n",
    "fn f(a) = a\n",
    "data x: int\n",
    "param x\n",
    "factor x\n",
    "return x\n",
    "~",
    "=",
    "+",
    "@",
    "^",
    "==",
    "!",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "ordered(Normal(0, 1))",
    "mixture([0.5, 0.5], [Normal(0, 1), Poisson(1)])",
    "lower = 0",
    "Normal",
    "truncated",
];

fn data() -> Vec<Option<DataSummary>> {
    vec![
        None,
        Some(summary(
            "N: int = 5; K: int = 2; y: real[5]; X: real[5, 3]; T: int = 5; z: category[5] 3 levels; rows = 5",
        )),
        Some(summary("x: int = 0; y: int[0]; t: bool[3]; mu: real")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn checking_never_panics(
        which in 0..TEXTS.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, 0..PIECES.len()), 1..6),
    ) {
        let mut text = TEXTS[which].to_string();
        for (at, length, piece) in edits {
            let boundaries: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let from = at.index(boundaries.len());
            let to = (from + length).min(boundaries.len() - 1);
            text.replace_range(boundaries[from]..boundaries[to], PIECES[piece]);
        }
        let source = Source::new("mutated.vim", text);
        if let Ok(file) = crate::syntax::parse(&source) {
            for summary in data() {
                match super::check(&source, &file, summary.as_ref()) {
                    Ok(checked) => drop(super::dump::dump(&checked.model)),
                    Err(errors) => {
                        prop_assert!(!errors.errors().is_empty());
                        for report in errors.into_reports() {
                            let words = format!("{report:?}");
                            prop_assert!(!words.is_empty());
                        }
                    }
                }
            }
        }
    }
}

/// Deep and long expressions do not overflow the stack.
#[test]
fn deep_nests() {
    let chain = |n: usize, op: &str| vec!["a"; n].join(op);
    let texts = [
        format!("x = {}1{}", "(".repeat(190), ")".repeat(190)),
        format!("x = {}1", "-".repeat(400)),
        format!("x = {}", chain(480, " + ")),
        format!("x = {}", chain(480, " ^ ")),
        format!("x = a{}", "[1]".repeat(400)),
        format!("x = a{}", "'".repeat(400)),
        format!("{}x[1] = 1{}", "for i in 1:2 { ".repeat(90), " }".repeat(90)),
        format!("{}x = 1{}", "if true { ".repeat(90), " }".repeat(90)),
    ];
    let check_all = move || {
        for text in texts {
            let source = Source::new("deep.vim", text);
            if let Ok(file) = crate::syntax::parse(&source) {
                let checked = super::check(&source, &file, None);
                drop(checked.map(|checked| super::dump::dump(&checked.model)));
            }
        }
    };
    // As much as the main thread of a process has.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(check_all).expect("a thread");
    thread.join().expect("no overflow, no panic");
}

/// Functions that call functions are looked into once for each sort of arguments, not once a call.
#[test]
fn towers_of_functions_are_quick() {
    let mut text = String::from("fn f0(x) = x + 1\n");
    for i in 1..60 {
        text.push_str(&format!("fn f{i}(x) = f{0}(x) + f{0}(x + 1)\n", i - 1));
    }
    text.push_str("m ~ Normal(0, 1)\ny ~ Normal(f59(m), 1)\nf59(z) ~ Normal(0, 1)");
    super::checked(&text, "y: real[3]; z: real");
}
