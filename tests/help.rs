//! Help, lists, completions and manual pages, as people and programs read them.

mod common;

use std::process::{Command, Output, Stdio};

use common::package;
use serde_json::Value;

fn vippl(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vippl"))
        .args(arguments)
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
        .output()
        .expect("vippl runs")
}

fn stdout(arguments: &[&str]) -> String {
    let output = vippl(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(arguments: &[&str]) -> Vec<Value> {
    let value: Value = serde_json::from_str(&stdout(arguments)).expect("JSON");
    value.as_array().expect("a list").clone()
}

#[test]
fn a_distribution_has_a_page() {
    let page = stdout(&["help", "Gamma"]);
    for line in [
        "Gamma(shape, rate)",
        "Gamma(mean =, sd =)",
        "  gamma distribution on the positive reals",
        "  support      x > 0",
        "  example      tau ~ Gamma(2, 0.1)",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\nis not in\n{page}");
    }
    assert_eq!(page, stdout(&["help", "gamma"]));
}

#[test]
fn functions_topics_and_commands_have_pages() {
    assert!(stdout(&["help", "cholesky"]).contains("  result   [[2, 0], [1, 1.4142]]\n"));
    assert!(stdout(&["help", "truncated"]).starts_with("truncated(D, lower =, upper =)\n"));
    assert!(stdout(&["help", "plates"]).starts_with("Plates\n"));
    assert!(stdout(&["help", "+"]).starts_with("a + b\n"));
    let fit = stdout(&["help", "fit"]);
    assert!(fit.contains("Usage: vippl fit [OPTIONS] <MODEL>"), "{fit}");
    assert_eq!(fit, stdout(&["fit", "--help"]));
    assert_eq!(stdout(&["help"]), stdout(&["-h"]));
}

#[test]
fn pages_are_json_too() {
    let pages = json(&["help", "Gamma", "--json"]);
    assert_eq!(pages.len(), 1);
    let page = &pages[0];
    assert_eq!(page["kind"], "distribution");
    assert_eq!(page["signatures"], serde_json::json!(["Gamma(shape, rate)", "Gamma(mean =, sd =)"]));
    assert_eq!(page["arguments"][0]["name"], "shape");
    assert_eq!(json(&["help", "sum", "--json"])[0]["example"]["result"], "6");
    assert_eq!(json(&["help", "fit", "--json"])[0]["kind"], "command");
}

#[test]
fn unknown_names_end_with_one_and_a_suggestion() {
    let output = vippl(&["help", "Nromal"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("did you mean `Normal`?"), "{error}");
}

#[test]
fn lists_hold_every_name_once() {
    let all = json(&["list", "--json"]);
    let of = |kind: &str| -> Vec<&str> {
        all.iter()
            .filter(|entry| entry["kind"] == kind)
            .map(|entry| entry["name"].as_str().unwrap())
            .collect()
    };
    let mut distributions = of("distribution");
    let mut known: Vec<&str> = vippl::dist::ALL.iter().map(|dist| dist.name()).collect();
    distributions.sort_unstable();
    known.sort_unstable();
    assert_eq!(distributions, known);
    assert_eq!(of("wrapper").len(), vippl::dist::wrappers::ALL.len());
    assert_eq!(of("function").len() + of("operator").len(), vippl::builtin::ALL.len());
    assert!(of("command").contains(&"completions") && of("prompt").contains(&":fit"));
    let functions = stdout(&["list", "functions"]);
    assert!(functions.contains("  cholesky(A) ") && !functions.contains("Normal("), "{functions}");
    // Pipes get whole lines, with the summaries below each other under each heading.
    let all = stdout(&["list"]);
    assert!(!all.contains('…') && all.lines().any(|line| line.chars().count() > 80));
    let shown = all.lines().find(|line| line.starts_with("  Gamma(")).expect("a line on Gamma");
    let gamma = vippl::dist::find("Gamma").expect("Gamma").summary();
    assert!(shown.ends_with(gamma.trim_end_matches('.')), "{shown}");
    assert_eq!(vippl(&["list", "nothing"]).status.code(), Some(2));
}

#[test]
fn completions_are_scripts_of_their_shells() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&["completions", shell]);
        for word in ["summary", "mc-draws"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // The others complete no values of positional arguments.
        assert_eq!(script.contains("NegBinomial"), ["bash", "zsh"].contains(&shell), "{shell}");
    }
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().expect("bash runs");
    let script = stdout(&["completions", "bash"]);
    std::io::Write::write_all(&mut bash.stdin.take().unwrap(), script.as_bytes()).expect("bash reads");
    assert!(bash.wait().expect("bash ends").success());
}

/// What bash offers after `words`.
#[test]
fn bash_completes_names_after_help() {
    let script = "source <(vippl completions bash); COMP_WORDS=(vippl help Cauc); COMP_CWORD=2; \
                  _vippl vippl Cauc help; echo \"${COMPREPLY[@]}\"";
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_vippl")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash").args(["-c", script]).env("PATH", path).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "Cauchy");
}

#[test]
fn manual_pages_cover_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("man1");
    stdout(&["man", "--out", out.to_str().unwrap()]);
    let main = std::fs::read_to_string(out.join("vippl.1")).expect("vippl.1");
    let commands = json(&["list", "commands", "--json"]);
    assert!(commands.len() >= 10);
    for command in commands {
        let name = command["name"].as_str().unwrap();
        assert!(main.contains(&format!("vippl\\-{name}(1)")), "{name} is not in vippl.1");
        let page = std::fs::read_to_string(out.join(format!("vippl-{name}.1")))
            .unwrap_or_else(|error| panic!("vippl-{name}.1: {error}"));
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{name}");
        assert_eq!(page, stdout(&["man", name]));
    }
    assert_eq!(main, stdout(&["man"]));
    assert_eq!(vippl(&["man", "nothing"]).status.code(), Some(1));
}

#[test]
fn the_readme_names_the_commands() {
    let readme = std::fs::read_to_string(package().join("README.md")).expect("README.md");
    for command in json(&["list", "commands", "--json"]) {
        let name = command["name"].as_str().unwrap();
        assert!(readme.contains(&format!("`vippl {name}")), "README.md does not name `vippl {name}`");
    }
}
