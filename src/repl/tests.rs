//! Scripts at the prompt.

use std::fs;
use std::path::Path;

use super::{Console, Repl, prompt};
use crate::data::DataArg;
use crate::report::Style;

const MODEL: &str = "mu ~ Normal(0, 10)\nsigma ~ HalfNormal(5)\nx ~ Normal(mu, sigma)\n";
const DATA: &str = "x\n1.50\n-0.20\n0.58\n3.10\n-0.20\n2.80\n2.33\n1.69\n2.46\n2.53\n3.05\n1.77\n1.41\n1.40\n1.01\n1.96\n1.21\n3.07\n0.13\n0.91\n1.05\n-0.09\n3.90\n-0.41\n1.72\n1.47\n3.66\n0.01\n3.07\n1.27\n";

/// What a script prints: results, errors.
fn transcript(script: &str, model: Option<&Path>, data: Vec<DataArg>) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        out_style: Style::default(),
        err_style: Style::default(),
        progress: &|| Box::new(|_| {}),
        chain_progress: &|_| Box::new(|_| {}),
    };
    let mut repl = Repl::default();
    repl.open(model, data, vec![], &mut console).unwrap();
    prompt::piped(&mut repl, script.as_bytes(), &mut console).unwrap();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("m.vim"), MODEL).unwrap();
        fs::write(folder.path().join("d.csv"), DATA).unwrap();
        Folder(folder)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn load_fit_ask_save_and_load_again() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    let script = format!(
        ":load \"{}\"\n:data \"{}\"\n:fit --seed 2 --draws 2000\nmean(mu)\nP(mu > 0)\n:save \"{}\"\n",
        path("m.vim"),
        path("d.csv"),
        path("fit.json")
    );
    let (out, err) = transcript(&script, None, vec![]);
    assert_eq!(err, "");
    for part in ["mu        latent", "x         observed", "ELBO", "2000 draws, seed 2", "saved to"] {
        assert!(out.contains(part), "no `{part}` in\n{out}");
    }
    let answers: Vec<&str> = out.lines().rev().skip(1).take(2).collect();

    // The same answers without the data.
    let script = "mean(mu)\nP(mu > 0)\n:summary\n";
    let (again, err) = transcript(script, Some(&folder.path("fit.json")), vec![]);
    assert_eq!(err, "");
    let first: Vec<&str> = again.lines().take(2).collect();
    assert_eq!(first, [answers[1], answers[0]]);
    let table: Vec<&str> = again.lines().skip(2).collect();
    assert!(out.contains(&table.join("\n")), "{table:?} is not in\n{out}");
}

#[test]
fn every_error_is_shown_and_the_prompt_comes_back() {
    let folder = Folder::new();
    let script = "\
mu
:nonsense
:fit --seed
:fit --seed 1.5
:fit --draws 1
:fit --colour red
:fit --family best
:load
:load /nonexistent.vim
:load a b
:data
:data /nonexistent.csv
:save
:summary
:vars extra
:load \"unclosed
mu ~ Normal(0, 1)
mu +* 2
1 + 1
:fit
nu
alpha[1]
2 + 2
:quit
5 + 5
";
    let data = vec![DataArg::File(folder.path("d.csv"))];
    let (out, err) = transcript(script, Some(&folder.path("m.vim")), data);
    let lines: Vec<&str> = out.lines().collect();
    // Questions need a fit, even `1 + 1`; after it they are answered, up to `:quit`.
    assert_eq!(lines.last(), Some(&"4"), "{out}");
    assert_eq!(lines.iter().filter(|line| **line == "2" || **line == "10").count(), 0, "{out}");
    assert_eq!(err.matches("  × ").count(), 21, "{err}");
    for code in [
        "vippl::repl::no_fit",
        "vippl::repl::unknown_command",
        "vippl::repl::usage",
        "vippl::model::unreadable",
        "vippl::data::unreadable",
        "vippl::repl::unclosed_quote",
        "vippl::repl::not_supported_yet",
        "vippl::check::unknown_name",
    ] {
        assert!(err.contains(code), "no {code} in\n{err}");
    }
}

#[test]
fn questions_go_on_while_brackets_are_open() {
    let folder = Folder::new();
    let script = ":fit\nmean(\n  mu\n) - mean(mu)\n";
    let data = vec![DataArg::File(folder.path("d.csv"))];
    let (out, err) = transcript(script, Some(&folder.path("m.vim")), data);
    assert_eq!((out.lines().last(), err.as_str()), (Some("0"), ""));
}

#[test]
fn commands_may_be_shortened_and_words_quoted() {
    use super::commands::{find, words};
    assert_eq!(find("sum").unwrap().name(), "summary");
    // Both `save` and `summary`.
    assert!(find("s").is_err());
    assert!(find("").is_err());
    let help = find("smmary").err().unwrap().help().unwrap().to_string();
    assert_eq!(help, "did you mean `:summary`?");
    assert_eq!(words(" load  \"a b\".vim c ").unwrap(), ["load", "a b.vim", "c"]);
}

#[test]
fn a_sample_takes_the_place_of_a_fit() {
    let folder = Folder::new();
    let data = vec![DataArg::File(folder.path("d.csv"))];
    let script = ":fit\n:sample --chains 2 --draws=200 --seed 3\ncor(mu, sigma)\nmean(mu)\n:sample --chains 0\n:sample --best\n";
    let (out, err) = transcript(script, Some(&folder.path("m.vim")), data);
    assert!(out.contains("nuts, 2 chains of 200 draws") && out.contains("ESS bulk"), "{out}");
    let answers: Vec<&str> = out.lines().rev().take(2).collect();
    assert!(answers.iter().all(|answer| answer.contains('±')), "{answers:?}");
    assert_eq!(err.matches("vippl::repl::usage").count(), 2, "{err}");
}

#[test]
fn a_saved_fit_meets_its_data() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    fs::write(folder.path("gaps.csv"), "x\n1.5\nNA\n0.5\n").unwrap();
    fs::write(folder.path("other.csv"), "x\n1.5\nNA\n").unwrap();
    let data = |name: &str| vec![DataArg::parse(&path(name)).unwrap()];
    let script = format!(":fit --draws 1e2\n:save \"{}\"\n", path("fit.json"));
    let (_, err) = transcript(&script, Some(&folder.path("m.vim")), data("gaps.csv"));
    assert!(!err.contains("takes a number"), "{err}");
    let fit = folder.path("fit.json");
    let (out, err) = transcript("mean(x)\n", Some(&fit), vec![]);
    assert!(out.contains("x[2]") && !out.contains("[3]"), "{out}{err}");
    let (out, err) = transcript("x[3]\n", Some(&fit), data("gaps.csv"));
    assert_eq!((out.as_str(), err.as_str()), ("0.5\n", ""));
    let (out, _) = transcript(&format!(":data \"{}\"\nx[1]\n", path("gaps.csv")), Some(&fit), vec![]);
    assert_eq!(out, "1.5\n");
    let (_, err) = transcript("mean(mu)\n", Some(&fit), data("other.csv"));
    assert!(err.contains("the data are not those of the fit: `x` had the"), "{err}");
}
