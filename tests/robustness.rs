//! No text of a model and no data file makes vippl panic, however broken.

mod common;

use std::path::PathBuf;
use std::sync::LazyLock;

use common::{data_of, examples, files_with, package};
use proptest::prelude::*;
use proptest::sample::Index;
use vippl::compile::{CompileOptions, compile};
use vippl::data::Dataset;
use vippl::density::LogDensity;
use vippl::posterior::DataRecord;
use vippl::source::Source;
use vippl::{check, syntax};

/// Mutated models, and mutated data files.
const N_MODELS: u32 = 7_000;
const N_DATA: u32 = 3_000;

/// Lines of data that are kept, so that compiling is quick.
const DATA_LINES: usize = 12;

/// A model and its data: file name and text.
struct Seed {
    model: String,
    data_name: String,
    data: String,
}

static SEEDS: LazyLock<Vec<Seed>> = LazyLock::new(|| {
    let cases = package().join("tests/cases");
    let cases: Vec<PathBuf> = std::fs::read_dir(cases)
        .expect("cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    let mut seeds = Vec::new();
    for folder in examples().into_iter().chain(cases) {
        let data = data_of(&folder);
        seeds.push(seed(&folder.join("model.vim"), Some(&data)));
    }
    for phase in ["syntax", "check", "data", "fit"] {
        let folder = package().join("examples/errors").join(phase);
        for model in files_with(&folder, &["vim"]) {
            let data = ["csv", "json"].map(|extension| model.with_extension(extension));
            seeds.push(seed(&model, data.iter().find(|path| path.exists())));
        }
    }
    seeds.sort_by(|a, b| a.model.cmp(&b.model));
    seeds
});

fn seed(model: &std::path::Path, data: Option<&PathBuf>) -> Seed {
    let read =
        |path: &std::path::Path| String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned();
    let data_name =
        data.map_or("data.csv".into(), |path| path.file_name().expect("a name").to_string_lossy().into());
    let mut text = data.map_or("y,x\n1.5,2\n0.5,3\n".into(), |path| read(path));
    if data.is_some_and(|path| path.extension().is_some_and(|extension| extension == "csv")) {
        text = text.split_inclusive('\n').take(DATA_LINES).collect();
    }
    Seed { model: read(model), data_name, data: text }
}

/// One change of a text. Places are fractions of its length.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(Index, usize),
    Repeat(Index, usize),
    Move(Index, usize, Index),
    Insert(Index, &'static str),
    /// The number at a place becomes another.
    Number(Index, &'static str),
    /// The word at a place becomes another word of the text.
    Word(Index, Index),
    Truncate(Index),
    Character(Index, char),
}

const PIECES: &[&str] = &[
    "~",
    "=",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ";",
    "\n",
    ":",
    "'",
    "\"",
    "`",
    "#",
    "##",
    "|",
    "|>",
    "@",
    "^",
    "-",
    "!",
    "*",
    " ~ Normal(0, 1)\n",
    "for i in 1:3 {",
    "if x > 0 {",
    "} else {",
    "fn f(a) = ",
    "return ",
    "factor ",
    "param ",
    "data ",
    "inf",
    "nan",
    "true",
    "rows",
    "[1, 2]",
    "[]",
    "[:]",
    "[2:]",
    "[0]",
    "[-1]",
    "()",
    " in (0, 1)",
    "sum(",
    "Normal(",
    "ordered(",
    "truncated(",
    "mixture(",
    "Categorical(",
    "Dirichlet(",
    "MvNormal(",
    "x[i] = ",
    "z[t - 1]",
    "%",
    "é",
    "\u{feff}",
    "\t",
    "\r\n",
    ",,",
    "NA",
    "null",
    "1e400",
    "-0",
    "{\"a\": 1}",
    "\0",
];

const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "2",
    "3",
    "0.5",
    "1e308",
    "1e-320",
    "7",
    "1000000000000",
    "1000000",
    "99999999999999999999",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        1 => (at(), 1..12usize).prop_map(|(i, n)| Mutation::Delete(i, n)),
        1 => (at(), 1..20usize).prop_map(|(i, n)| Mutation::Repeat(i, n)),
        1 => (at(), 1..20usize, at()).prop_map(|(i, n, j)| Mutation::Move(i, n, j)),
        1 => (at(), prop::sample::select(PIECES)).prop_map(|(i, piece)| Mutation::Insert(i, piece)),
        1 => (at(), prop::sample::select(NUMBERS)).prop_map(|(i, number)| Mutation::Number(i, number)),
        3 => (at(), at()).prop_map(|(i, j)| Mutation::Word(i, j)),
        1 => at().prop_map(Mutation::Truncate),
        1 => (at(), any::<char>()).prop_map(|(i, c)| Mutation::Character(i, c)),
    ]
}

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for mutation in mutations {
        if chars.is_empty() {
            break;
        }
        let len = chars.len();
        match mutation {
            Mutation::Delete(i, n) => {
                let i = i.index(len);
                chars.drain(i..(i + n).min(len));
            }
            Mutation::Repeat(i, n) => {
                let i = i.index(len);
                let piece = chars[i..(i + n).min(len)].to_vec();
                chars.splice(i..i, piece);
            }
            Mutation::Move(i, n, j) => {
                let i = i.index(len);
                let piece: Vec<char> = chars.drain(i..(i + n).min(len)).collect();
                let j = j.index(chars.len() + 1);
                chars.splice(j..j, piece);
            }
            Mutation::Insert(i, piece) => {
                let i = i.index(len + 1);
                chars.splice(i..i, piece.chars());
            }
            Mutation::Number(i, number) => {
                if let Some(range) = run_at(&chars, i.index(len), |c| c.is_ascii_digit() || c == '.') {
                    chars.splice(range, number.chars());
                }
            }
            Mutation::Word(i, j) => {
                let word = |c: char| c.is_alphanumeric() || c == '_';
                let other = run_at(&chars, j.index(len), word).map(|range| chars[range].to_vec());
                if let (Some(range), Some(other)) = (run_at(&chars, i.index(len), word), other) {
                    chars.splice(range, other);
                }
            }
            Mutation::Truncate(i) => chars.truncate(i.index(len)),
            Mutation::Character(i, c) => chars[i.index(len)] = *c,
        }
    }
    chars.into_iter().collect()
}

/// The first run of such characters at or after a place.
fn run_at(chars: &[char], at: usize, belongs: impl Fn(char) -> bool) -> Option<std::ops::Range<usize>> {
    let inside = at + chars[at..].iter().position(|c| belongs(*c))?;
    let start = chars[..inside].iter().rposition(|c| !belongs(*c)).map_or(0, |k| k + 1);
    let end = inside + chars[inside..].iter().position(|c| !belongs(*c)).unwrap_or(chars.len() - inside);
    Some(start..end)
}

/// Reads, checks, compiles and evaluates, as far as it goes; whether that is to the end.
fn run(model: &str, data_name: &str, data: &str) -> bool {
    let source = Source::new("model.vim", model);
    let read = if data_name.ends_with(".json") {
        Dataset::from_json(data_name, data)
    } else {
        Dataset::from_csv(data_name, data)
    };
    let parsed = syntax::parse(&source);
    if let Ok(file) = &parsed {
        let _ = check::check(&source, file, None);
    }
    let (Ok((dataset, _)), Ok(file)) = (read, parsed) else { return false };
    let summary = DataRecord::new(&dataset, vec![data_name.into()], Vec::new()).summary();
    let Ok(checked) = check::check(&source, &file, Some(&summary)) else { return false };
    let Ok(compiled) = compile(&checked.model, &dataset, &CompileOptions::default()) else { return false };
    let density = &compiled.density;
    let lanes = 2;
    let z: Vec<f64> = (0..density.dim() * lanes).map(|i| 0.1 * (i % 7) as f64 - 0.2).collect();
    let (mut value, mut gradient) = (vec![0.0; lanes], vec![0.0; z.len()]);
    density.gradient(lanes, &z, &mut value, &mut gradient);
    let mut constrained = vec![0.0; density.n_constrained() * lanes];
    density.constrain(lanes, &z, &mut constrained);
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: N_MODELS, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_models_do_not_panic(i in any::<Index>(), mutations in prop::collection::vec(mutation(), 1..5)) {
        let seed = &SEEDS[i.index(SEEDS.len())];
        run(&mutate(&seed.model, &mutations), &seed.data_name, &seed.data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: N_DATA, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_data_do_not_panic(i in any::<Index>(), mutations in prop::collection::vec(mutation(), 1..5)) {
        let seed = &SEEDS[i.index(SEEDS.len())];
        run(&seed.model, &seed.data_name, &mutate(&seed.data, &mutations));
    }
}

#[test]
fn the_examples_themselves_reach_the_end() {
    let compiled = SEEDS.iter().filter(|seed| run(&seed.model, &seed.data_name, &seed.data)).count();
    assert!(compiled >= examples().len(), "{compiled} of {} seeds", SEEDS.len());
}
