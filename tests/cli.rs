//! The program as people run it: exit codes, output, files.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const MODEL: &str = "\
## grand mean
mu ~ Normal(0, 10)
alpha[group] ~ Normal(mu, 2)
sigma ~ HalfNormal(5)
y ~ Normal(alpha[group] + x, sigma)
difference = alpha[\"b\"] - alpha[\"a\"]
";

const DATA: &str = "\
group,x,y
a,0,1.03
b,0,3.38
c,0,1.72
a,1,2.30
b,1,3.92
c,1,2.92
a,0,1.57
b,0,3.05
c,0,1.99
a,1,2.22
b,1,4.34
c,1,2.99
a,0,1.18
b,0,2.71
c,0,1.89
a,1,1.87
b,1,3.60
c,1,2.55
a,0,0.51
b,0,2.93
c,0,1.95
a,1,1.90
b,1,4.02
c,1,2.60
a,0,0.98
b,0,3.07
c,0,2.23
a,1,1.75
b,1,3.88
c,1,2.40
";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("m.vim", MODEL);
        folder.write("d.csv", DATA);
        folder
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Runs `vippl` in the folder.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vippl"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("COLUMNS")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        match child.stdin.take().unwrap().write_all(input.as_bytes()) {
            // It may end before it has read everything.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => panic!("{error}"),
            _ => {}
        }
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        Ran {
            code: status.code(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }
}

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

#[test]
fn fit_prints_variables_summary_and_elbo() {
    let ran = Folder::new().run(&["fit", "m.vim", "--data", "d.csv"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    for part in [
        "mu          latent",
        "group       data",
        "y           observed",
        "difference  deterministic",
        "Normal(alpha[group] + x, sigma)",
        "\nalpha[a]",
        "\nalpha[c]",
        "\ndifference",
        "grand mean",
        "ELBO -",
        "KL to the prior",
        "4000 draws, seed 1",
    ] {
        assert!(ran.out.contains(part), "no `{part}` in\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "colours without a terminal");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
}

#[test]
fn pipes_get_whole_lines() {
    let folder = Folder::new();
    let long = "y ~ Normal(alpha[group] + x * 1.0 + 0.0 * x + 0.0 * x^2 + 0.0 * x^3 + 0.0 * x^4, sigma)";
    folder.write("long.vim", &MODEL.replace("y ~ Normal(alpha[group] + x, sigma)", long));
    let ran = folder.run(&["fit", "long.vim", "--data", "d.csv"]);
    assert!(ran.out.contains(&long[4..]) && !ran.out.contains('…'), "{}", ran.out);
}

#[test]
fn quiet_prints_the_summary_table_only() {
    let ran = Folder::new().run(&["fit", "m.vim", "--data", "d.csv", "--quiet"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    // Header, mu, three alphas, sigma, difference.
    assert_eq!(ran.out.lines().count(), 7, "{}", ran.out);
}

#[test]
fn json_has_every_promised_entry() {
    let fit = Folder::new().run(&["fit", "m.vim", "--data", "d.csv", "--json", "--seed", "3"]).json();
    let keys: Vec<&String> = fit.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "schema",
            "model",
            "family",
            "verdict",
            "basis",
            "why",
            "centring",
            "k_hat",
            "elbo",
            "evidence",
            "warnings",
            "approximation_warnings",
            "seconds",
            "gradient_evaluations",
            "parameters"
        ]
    );
    let documented = include_str!("../docs/json.md");
    assert!(keys.iter().all(|key| documented.contains(&format!("`{key}`"))), "docs/json.md");
    assert_eq!(
        (&fit["schema"], &fit["model"], &fit["family"]),
        (&2.into(), &"m.vim".into(), &"fullrank".into())
    );
    let evidence = &fit["evidence"];
    let keys: Vec<&String> = evidence.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["log_evidence", "kl_to_posterior", "at_least", "bounds", "prior"]);
    let gap = evidence["log_evidence"]["value"].as_f64().unwrap() - fit["elbo"]["value"].as_f64().unwrap();
    assert_eq!(evidence["kl_to_posterior"]["value"].as_f64().unwrap(), gap.max(0.0));
    assert_eq!((&evidence["at_least"], &evidence["bounds"]), (&false.into(), &Value::Array(vec![])));
    let verdicts = ["ok", "corrected", "distrust"];
    assert!(verdicts.iter().any(|verdict| fit["verdict"] == *verdict), "{}", fit["verdict"]);
    assert!(fit["k_hat"].is_number() && fit["why"].is_string());
    let elbo = &fit["elbo"];
    let part = |name: &str| elbo[name].as_f64().unwrap_or_else(|| panic!("{name}"));
    assert!((part("value") - (part("log_likelihood") - part("kl"))).abs() < 1e-9);
    assert!(part("se") > 0.0);
    for phase in ["load", "compile", "fit", "total"] {
        assert!(fit["seconds"][phase].as_f64().unwrap() >= 0.0, "{phase}");
    }
    assert!(fit["gradient_evaluations"].as_u64().unwrap() > 0);
    assert!(fit["warnings"].is_array());
    let parameters = fit["parameters"].as_object().unwrap();
    let names: Vec<&String> = parameters.keys().collect();
    assert_eq!(names, ["mu", "alpha[a]", "alpha[b]", "alpha[c]", "sigma", "difference"]);
    for (name, parameter) in parameters {
        let keys: Vec<&String> = parameter.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["mean", "sd", "q05", "q50", "q95", "mcse", "verdict"], "{name}");
        let number = |key: &str| parameter[key].as_f64().unwrap_or_else(|| panic!("{name}.{key}"));
        assert!(number("q05") < number("q50") && number("q50") < number("q95"), "{name}");
        assert!(number("sd") > 0.0);
        assert!(number("mcse") >= 0.0, "{name}");
        assert!(verdicts.iter().any(|verdict| parameter["verdict"] == *verdict), "{name}");
    }
    let difference = parameters["difference"]["mean"].as_f64().unwrap();
    let [a, b] = ["alpha[a]", "alpha[b]"].map(|name| parameters[name]["mean"].as_f64().unwrap());
    assert!((difference - (b - a)).abs() < 4.0 * parameters["difference"]["mcse"].as_f64().unwrap());
}

#[test]
fn more_on_the_evidence_is_there_when_it_is_asked_for() {
    let folder = Folder::new();
    folder.write("p.vim", "mu ~ Normal(0, 2)\ny ~ Normal(mu, 1)\n");
    let of = |evidence: &str| {
        folder.run(&["fit", "p.vim", "--data", "d.csv", "--json", "--out", "p.json", "--evidence", evidence])
    };
    let fit = of("bounds,prior").json();
    let evidence = &fit["evidence"];
    let sizes: Vec<u64> =
        evidence["bounds"].as_array().unwrap().iter().map(|bound| bound["k"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [1, 10, 100, 1000]);
    let value = |of: &Value| of["value"].as_f64().unwrap();
    let apart = (value(&evidence["prior"]) - value(&evidence["log_evidence"])).abs();
    assert!(apart < 0.2 && evidence["prior"]["draws"] == 100_000, "{evidence}");
    assert!(fit["seconds"]["evidence"].as_f64().unwrap() > 0.0);
    // A fit file keeps it.
    assert_eq!(folder.run(&["summary", "p.json", "--json"]).json()["evidence"], *evidence);
    let unknown = of("bunds");
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.err.contains("there are: bounds, prior"), "{unknown:?}");
}

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let folder = Folder::new();
    let fit = |seed: &str, threads: &str| {
        let arguments = ["fit", "m.vim", "--data", "d.csv", "--json", "--seed", seed, "--threads", threads];
        folder.run(&arguments).json()["parameters"].clone()
    };
    assert_eq!(fit("5", "1"), fit("5", "3"));
    assert_ne!(fit("5", "1"), fit("6", "1"));
}

#[test]
fn a_saved_fit_has_the_summary_of_the_fit() {
    let folder = Folder::new();
    let fitted = folder.run(&["fit", "m.vim", "--data", "d.csv", "--out", "fit.json", "--quiet"]);
    assert_eq!(fitted.code, Some(0), "{fitted:?}");
    let fit_file: Value = serde_json::from_str(&folder.read("fit.json")).unwrap();
    assert_eq!(fit_file["model"]["text"], MODEL);
    assert_eq!(fit_file["data"]["files"], serde_json::json!(["d.csv"]));

    // Everything goes on without the model and the data.
    fs::remove_file(folder.0.path().join("d.csv")).unwrap();
    fs::remove_file(folder.0.path().join("m.vim")).unwrap();
    let summary = folder.run(&["summary", "fit.json", "--quiet"]);
    assert_eq!((summary.code, summary.err.as_str()), (Some(0), ""));
    assert_eq!(summary.out, fitted.out);
    let json = folder.run(&["summary", "fit.json", "--json"]).json();
    assert_eq!(json["parameters"]["difference"]["mean"], fit_file["quantities"][3]["summaries"][0]["mean"]);
    let asked = folder.run_with(&["repl", "fit.json"], "P(difference > 0)\nmean(y)\n");
    // One of the questions has no answer without the data.
    assert_eq!(asked.code, Some(1));
    let probability: f64 = asked.out.split(' ').next().unwrap().parse().unwrap();
    assert!((0.9..=1.0).contains(&probability), "{asked:?}");
    assert!(asked.err.contains("y"), "{asked:?}");
}

#[test]
fn draws_are_as_many_as_asked_for() {
    let folder = Folder::new();
    let ran = folder.run(&["fit", "m.vim", "--data", "d.csv", "--out", "f.json", "--draws", "123"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let fit: Value = serde_json::from_str(&folder.read("f.json")).unwrap();
    assert_eq!(fit["n_draws"], 123);
    assert_eq!(fit["quantities"][1]["draws"][1].as_array().unwrap().len(), 123);
}

#[test]
fn mistakes_of_the_user_end_with_one_and_a_report() {
    let folder = Folder::new();
    folder.write("syntax.vim", "mu ~~ Normal(0, 1)\n");
    folder.write("names.vim", "mu ~ Nromal(0, 1)\n");
    folder.write("rows.csv", "group,x,y\na,1\n");
    folder.write("no_fit.json", "{\"J\": 8}");
    for (arguments, code) in [
        (vec!["fit", "syntax.vim"], "vippl::syntax::"),
        (vec!["fit", "names.vim"], "vippl::check::"),
        (vec!["fit", "absent.vim"], "vippl::model::unreadable"),
        (vec!["fit", "m.vim", "--data", "absent.csv"], "vippl::data::unreadable"),
        (vec!["fit", "m.vim", "--data", "rows.csv"], "vippl::data::ragged"),
        (vec!["fit", "m.vim", "--data", "d.csv", "--drop", "z"], "vippl::data::unknown_drop"),
        (
            vec!["fit", "m.vim", "--data", "d.csv", "--out", "no/such/folder.json"],
            "vippl::fit_file::unwritable",
        ),
        (vec!["check", "syntax.vim"], "vippl::syntax::"),
        (vec!["check", "names.vim"], "vippl::check::"),
        (vec!["summary", "absent.json"], "vippl::fit_file::unreadable"),
        (vec!["summary", "no_fit.json"], "vippl::fit_file::not_a_fit"),
        (vec!["fmt", "syntax.vim"], "vippl::syntax::"),
    ] {
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(code), "{arguments:?}: {}", ran.err);
        assert!(!ran.err.contains('\u{1b}') && !ran.err.contains("panicked"), "{}", ran.err);
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = Folder::new();
    for arguments in [
        vec!["fti"],
        vec!["fit"],
        vec!["fit", "m.vim", "--data"],
        vec!["fit", "m.vim", "--seed", "x"],
        vec!["fit", "m.vim", "--draws", "0"],
        vec!["fit", "m.vim", "--optimizer", "sgd"],
        vec!["fit", "m.vim", "--gradient", "sideways"],
        vec!["fit", "m.vim", "--color", "red"],
        vec!["check", "m.vim", "--dump", "wasm"],
        vec!["fmt"],
        vec!["bench", "m.vim", "--lanes", "0"],
    ] {
        let ran = folder.run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
    }
    let ran = folder.run(&["fit", "m.vim", "--family", "best"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("there is: auto, meanfield"), "{}", ran.err);
}

#[test]
fn errors_are_json_for_programs() {
    let folder = Folder::new();
    folder.write("names.vim", "mu ~ Normal(0, 1)\ny ~ Normal(nu, 1)\n");
    let failed = folder.run(&["fit", "names.vim", "--data", "d.csv", "--json"]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.err.contains("vippl::check::"), "{}", failed.err);
    let error = serde_json::from_str::<Value>(&failed.out).expect("JSON")["error"].clone();
    assert_eq!(error["code"], "vippl::check::unknown_name");
    assert_eq!([&error["line"], &error["column"]], [&Value::from(2), &Value::from(12)], "{error:#}");
    assert!(error["file"].as_str().is_some_and(|file| file.ends_with("names.vim")), "{error:#}");
    assert_eq!(error["labels"][0]["source"], "nu");
    assert!(error["message"].as_str().is_some_and(|words| words.contains("nu")), "{error:#}");
    let wrong = folder.run(&["fit", "m.vim", "--json", "--chains", "4"]);
    assert_eq!(wrong.code, Some(2));
    let error = serde_json::from_str::<Value>(&wrong.out).expect("JSON")["error"].clone();
    assert_eq!((&error["code"], &error["file"]), (&"vippl::usage::other_command".into(), &Value::Null));
}

#[test]
fn wrong_usage_says_what_to_write() {
    let folder = Folder::new();
    for (arguments, said) in [
        ("fit m.vim --draws -5", ["`--draws` cannot be `-5`", "a whole number from 2 to 10000000"]),
        ("fit m.vim --draws 1.5", ["`--draws` cannot be `1.5`", "a whole number"]),
        ("fit m.vim --seed -1", ["`--seed` cannot be `-1`", "0 or more"]),
        ("fit m.vim --draws", ["`--draws` needs a value", "`--draws <N>`"]),
        ("fit m.vim --chains 4", ["`--chains` belongs to `vippl sample`", "`vippl help fit`"]),
        ("sample m.vim --family auto", ["`--family` belongs to `vippl fit`", "`vippl help sample`"]),
        ("fit m.vim --dta d.csv", ["no option `--dta`", "did you mean `--data`?"]),
        ("fit m.vim d.csv", ["`d.csv`", "`--data d.csv`"]),
        ("m.vim", ["no command `m.vim`", "`vippl fit m.vim`"]),
        ("smple m.vim", ["no command `smple`", "did you mean `sample`?"]),
        ("fit", ["`vippl fit` needs MODEL", "`vippl fit radon.vim --data radon.csv`"]),
        ("fit m.vim --seed 1 --seed 2", ["`--seed` is given twice", "once"]),
        ("fit m.vim -q -v", ["`--quiet` does not go with `--verbose`", "leave one"]),
        ("fit m.vim --color red", ["`--color` cannot be `red`", "auto, always, never"]),
        ("fit m.vim --json=yes", ["`--json` takes no value", "alone"]),
        ("compare a.json", ["takes 2 of FIT at least, not 1", "fit.json sample.json"]),
    ] {
        let ran = folder.run(&arguments.split(' ').collect::<Vec<&str>>());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments}: {ran:?}");
        let err = ran.err.split_whitespace().filter(|word| *word != "│").collect::<Vec<&str>>().join(" ");
        assert!(err.starts_with("vippl::usage::"), "{arguments}: {err}");
        for part in said {
            assert!(err.contains(part), "{arguments}: no `{part}` in {err}");
        }
    }
    let counts = ["fit", "m.vim", "--data", "d.csv", "--draws", "1e3", "-q"];
    assert_eq!(folder.run(&counts).code, Some(0));
}

#[test]
fn help_is_there_and_has_examples() {
    let folder = Folder::new();
    let ran = folder.run(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.contains("Usage: vippl") && ran.out.contains("Examples:"), "{}", ran.out);
    for command in ["fit", "check", "summary", "repl", "fmt", "bench"] {
        assert!(ran.out.contains(&format!("\n  {command}")), "{command}");
        let help = folder.run(&[command, "--help"]);
        assert_eq!(help.code, Some(0), "{command}");
        assert!(help.out.contains("Examples:"), "{command}");
    }
}

#[test]
fn check_shows_the_variables_and_the_intermediate_forms() {
    let folder = Folder::new();
    let without = folder.run(&["check", "m.vim"]);
    assert_eq!(without.code, Some(0), "{without:?}");
    assert!(without.out.contains("alpha"), "{}", without.out);
    let with = folder.run(&["check", "m.vim", "--data", "d.csv"]);
    assert_eq!((with.code, with.err.as_str()), (Some(0), ""));
    let alpha = with.out.lines().find(|line| line.starts_with("alpha")).unwrap();
    assert!(alpha.contains("latent") && alpha.contains("[3]") && alpha.contains("Normal(mu, 2)"), "{alpha}");
    let mut dumps = Vec::new();
    for form in ["ast", "ir", "program"] {
        let dump = folder.run(&["check", "m.vim", "--data", "d.csv", "--dump", form]);
        assert_eq!(dump.code, Some(0), "{dump:?}");
        assert!(dump.out.lines().count() > 5, "{form}: {}", dump.out);
        dumps.push(dump.out);
    }
    assert!(dumps[0] != dumps[1] && dumps[1] != dumps[2]);
}

#[test]
fn dropping_a_column_makes_it_latent() {
    let folder = Folder::new();
    folder.write("drop.vim", "x ~ Normal(0, 1)\ny ~ Normal(x, 1)\n");
    let row = |arguments: &[&str]| {
        let ran = folder.run(arguments);
        ran.out
            .lines()
            .find(|line| line.starts_with("x "))
            .map(str::to_string)
            .unwrap_or_else(|| panic!("{ran:?}"))
    };
    assert!(row(&["check", "drop.vim", "--data", "d.csv"]).contains("observed"));
    assert!(row(&["check", "drop.vim", "--data", "d.csv", "--drop", "x"]).contains("latent"));
}

#[test]
fn tables_are_joined_by_a_key() {
    let folder = Folder::new();
    folder.write(
        "j.vim",
        "b ~ Normal(0, 1)\nalpha[group] ~ Normal(b * u, 1)\ny ~ Normal(alpha[group] + u[group], 1)\n",
    );
    folder.write("g.csv", "u,group\n3,c\n1,a\n2,b\n");
    let arguments = ["--data", "d.csv", "--data", "groups=g.csv"];
    let run = |command: &[&str]| folder.run(&[command, &arguments[..]].concat());
    let fit = run(&["fit", "j.vim", "--out", "j.json"]);
    assert!(fit.code == Some(0), "{}", fit.err);
    assert!(fit.out.contains("u         data      [3]"), "{}", fit.out);
    // The fit remembers both files.
    let new = folder.run(&["simulate", "j.json"]);
    assert!(new.code == Some(0) && new.out.lines().count() == 31, "{}", new.err);
    for command in [&["check", "j.vim"][..], &["bench", "j.vim", "--lanes", "1"], &["simulate", "j.vim"]] {
        let output = run(command);
        assert!(output.code == Some(0), "{command:?}: {}", output.err);
    }
    folder.write("s.txt", ":data d.csv groups=g.csv\nsum(u)\n:quit\n");
    folder.write("g.csv", "u,group\n3,c\n1,a\n");
    let missing = run(&["check", "j.vim"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("has no row for 1 of the values of `group`"), "{}", missing.err);
}

#[test]
fn fmt_formats_in_place_and_checks_without_touching() {
    let folder = Folder::new();
    let ugly = "mu~Normal( 0,10 )   # comment\nx ~ Normal(mu,1)\n";
    folder.write("ugly.vim", ugly);
    let check = folder.run(&["fmt", "--check", "ugly.vim"]);
    assert_eq!((check.code, check.out.as_str()), (Some(1), "ugly.vim is not formatted\n"));
    assert_eq!(folder.read("ugly.vim"), ugly);
    let through = folder.run_with(&["fmt", "-"], ugly);
    assert_eq!(through.code, Some(0));
    assert_eq!(folder.run(&["fmt", "ugly.vim"]).code, Some(0));
    let formatted = folder.read("ugly.vim");
    assert_eq!(formatted, through.out);
    assert!(formatted.contains("Normal(0, 10)") && formatted.contains("# comment"), "{formatted}");
    let clean = folder.run(&["fmt", "--check", "ugly.vim"]);
    assert_eq!((clean.code, clean.out.as_str(), clean.err.as_str()), (Some(0), "", ""));
    // A broken file does not keep the others from being formatted.
    folder.write("broken.vim", "mu ~~ 1\n");
    folder.write("ugly.vim", ugly);
    assert_eq!(folder.run(&["fmt", "broken.vim", "ugly.vim"]).code, Some(1));
    assert_eq!(folder.read("ugly.vim"), formatted);
}

/// Files are read as often as it takes; what can be read once only is kept.
#[cfg(unix)]
#[test]
fn data_come_through_pipes_too() {
    let folder = Folder::new();
    let from_file = folder.run(&["check", "m.vim", "--data", "d.csv"]);
    assert_eq!(from_file.code, Some(0));
    let from_stdin = folder.run_with(&["check", "m.vim", "--data", "/dev/stdin"], DATA);
    assert_eq!(from_stdin.out, from_file.out);
    let made = Command::new("mkfifo").arg(folder.0.path().join("pipe")).status().unwrap();
    assert!(made.success());
    let pipe = folder.0.path().join("pipe");
    let writer = std::thread::spawn(move || fs::write(pipe, DATA));
    let from_pipe = folder.run(&["check", "m.vim", "--data", "pipe"]);
    writer.join().unwrap().unwrap();
    assert_eq!(from_pipe.out, from_file.out);
}

#[test]
fn bench_times_gradients() {
    let folder = Folder::new();
    let bench = folder.run(&["bench", "m.vim", "--data", "d.csv", "--lanes", "1,8", "--json"]).json();
    for key in ["ns_per_gradient", "ns_per_gradient_1_lane"] {
        assert!(bench[key].as_f64().unwrap() > 0.0, "{key}");
    }
    assert!(bench["ns_per_gradient"].as_f64() <= bench["ns_per_gradient_1_lane"].as_f64());
    assert_eq!(bench["lanes"].as_array().unwrap().len(), 2);
    for program in ["value", "forward", "reverse", "hessian_vector"] {
        assert!(bench["program"][program]["instructions"].as_u64().unwrap() > 0, "{program}");
        assert!(bench["seconds"]["plan"][program].as_f64().unwrap() > 0.0, "{program}");
    }
    assert!(bench["seconds"]["compile"].as_f64() > bench["seconds"]["bind"].as_f64());
    let text = folder.run(&["bench", "m.vim", "--data", "d.csv", "--lanes", "4", "--threads", "1"]);
    assert_eq!(text.code, Some(0));
    for part in ["Hessian-vector", "reverse *", "arena a lane", "1 thread"] {
        assert!(text.out.contains(part), "{part} in {}", text.out);
    }
    assert!(!text.err.contains("finite"), "{}", text.err);
    // A single point is timed whatever the lanes.
    let bench = folder.run(&["bench", "m.vim", "--data", "d.csv", "--lanes", "4", "--json"]).json();
    assert!(bench["ns_per_gradient_1_lane"].as_f64().unwrap() > 0.0);
    assert!(bench["ns_per_gradient"].as_f64().unwrap() > 0.0);
    assert_eq!(bench["lanes"].as_array().unwrap().len(), 1);
    assert_eq!(bench["finite"], true);
    let twice = folder.run(&["bench", "m.vim", "--data", "d.csv", "--lanes", "2,2", "--json"]).json();
    assert_eq!(twice["lanes"].as_array().unwrap().len(), 1);
}

#[test]
fn bench_says_where_log_p_is_not_finite_and_what_it_does_not_time() {
    let folder = Folder::new();
    folder.write("wide.vim", "b[60] ~ Normal(0, 1)\nfactor(log(sum(b) - 1000))\n");
    let ran = folder.run(&["bench", "wide.vim", "--lanes", "2"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("log p is not finite"), "{}", ran.err);
    assert!(ran.out.contains("- is not timed"), "{}", ran.out);
    let bench = folder.run(&["bench", "wide.vim", "--lanes", "2", "--json"]).json();
    assert_eq!((&bench["finite"], &bench["lanes"][0]["finite"]), (&false.into(), &false.into()));
    assert!(bench["lanes"][0]["ns_per_gradient_forward"].is_null());
}

#[test]
fn colours_come_when_asked_for() {
    let folder = Folder::new();
    let ran = folder.run(&["fit", "m.vim", "--data", "d.csv", "--color", "always"]);
    assert!(ran.out.contains('\u{1b}'), "{}", ran.out);
    let ran = folder.run(&["fit", "absent.vim", "--color=always"]);
    assert!(ran.err.contains('\u{1b}'), "{}", ran.err);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vippl"))
        .args(["fit", "m.vim", "--data", "d.csv", "--json"])
        .current_dir(folder.0.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_prompt_reads_a_script() {
    let folder = Folder::new();
    let script = ":fit --seed 4\nmean(mu)\nnonsense\nP(alpha[\"b\"] > alpha[\"a\"])\n:quit\n1 + 1\n";
    let ran = folder.run_with(&["repl", "m.vim", "--data", "d.csv"], script);
    assert_eq!(ran.code, Some(1));
    let last = ran.out.lines().last().unwrap();
    let probability: f64 = last.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{ran:?}"));
    assert!(probability > 0.9, "{last}");
    assert!(ran.err.contains("unknown name `nonsense`"), "{}", ran.err);
    assert!(!ran.out.contains("vippl>"), "a prompt in a pipe:\n{}", ran.out);
}

#[test]
fn a_script_fails_with_its_questions_and_its_file() {
    let folder = Folder::new();
    let arguments = ["repl", "m.vim", "--data", "d.csv"];
    assert_eq!(folder.run_with(&arguments, ":fit\nmean(mu)\n").code, Some(0));
    let ran = folder.run_with(&["repl", "absent.vim"], "1 + 1\n");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    // Errors show the line that was typed, also where the model defines the name at fault.
    let ran = folder.run_with(&arguments, ":fit\nalpha[0]\nalpha[99]\nalpha + [1, 2]\n");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.err.contains("Failed to read") && !ran.err.contains("m.vim"), "{}", ran.err);
    assert_eq!(ran.err.matches("[prompt:1:").count(), 3, "{}", ran.err);
}

#[test]
fn models_without_continuous_latents_have_an_exact_elbo() {
    let folder = Folder::new();
    for (text, elbo) in [
        ("x ~ Normal(0, 1)\n", -(2.0 * std::f64::consts::PI).ln() - 0.5 * 5.0),
        ("k ~ Bernoulli(0.3)\nx ~ Normal(k, 1)\n", f64::NAN),
    ] {
        folder.write("e.vim", text);
        folder.write("e.csv", "x\n1\n2\n");
        let ran = folder.run(&["fit", "e.vim", "--data", "e.csv", "--json"]);
        let fit = ran.json();
        let expected = if elbo.is_nan() {
            // Both values of k: 0.7 N(x; 0, 1) + 0.3 N(x; 1, 1)
            let log = |mu: f64| {
                -(2.0 * std::f64::consts::PI).ln() - 0.5 * ((1.0 - mu).powi(2) + (2.0 - mu).powi(2))
            };
            (0.7 * log(0.0).exp() + 0.3 * log(1.0).exp()).ln()
        } else {
            elbo
        };
        assert!((fit["elbo"]["value"].as_f64().unwrap() - expected).abs() < 1e-12, "{text}: {fit}");
        assert_eq!(fit["elbo"]["se"], 0.0, "{text}");
        assert_eq!(ran.err, "");
        let shown = folder.run(&["fit", "e.vim", "--data", "e.csv"]);
        assert!(shown.out.contains("exact: the log evidence"), "{}", shown.out);
    }
    for text in ["", "u = 3\nv = u + 1\n"] {
        folder.write("e.vim", text);
        let ran = folder.run(&["fit", "e.vim"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("the model has no `~`: nothing to fit"), "{}", ran.err);
    }
}

#[test]
fn a_fit_overwrites_fits_only() {
    let folder = Folder::new();
    folder.write("notes.txt", "mine");
    let fit = |out: &str| folder.run(&["fit", "m.vim", "--data", "d.csv", "--quiet", "--out", out]);
    for (out, why) in [
        ("m.vim", "is the model or the data of this fit"),
        ("./d.csv", "is the model or the data of this fit"),
        ("notes.txt", "exists and is not a fit"),
    ] {
        let before = folder.read(out);
        let ran = fit(out);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{out}: {ran:?}");
        assert!(ran.err.contains("vippl::fit_file::would_overwrite"), "{}", ran.err);
        assert!(ran.err.split_whitespace().collect::<Vec<_>>().join(" ").contains(why), "{}", ran.err);
        assert_eq!(folder.read(out), before);
    }
    for _ in 0..2 {
        assert_eq!(fit("fit.json").code, Some(0));
    }
    let script = ":fit\n:save d.csv\n:save fit.json\n";
    let ran = folder.run_with(&["repl", "m.vim", "--data", "d.csv"], script);
    assert_eq!((ran.code, folder.read("d.csv").as_str()), (Some(1), DATA), "{ran:?}");
    assert!(ran.out.ends_with("saved to fit.json\n"), "{}", ran.out);
}

#[test]
fn a_fit_to_nothing_says_so() {
    let folder = Folder::new();
    folder.write("prior.vim", "mu ~ Normal(0, 1)\nY ~ Normal(mu, 1)\n");
    let warning = "nothing is observed: these are draws from the prior; unused columns: `group`, `x`, `y`";
    let ran = folder.run(&["fit", "prior.vim", "--data", "d.csv", "--quiet"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains(warning), "{}", ran.err);
    let fit = folder.run(&["fit", "prior.vim", "--data", "d.csv", "--json"]).json();
    assert!(fit["warnings"].as_array().unwrap().contains(&warning.into()), "{}", fit["warnings"]);
    folder.write("factor.vim", "mu ~ Normal(0, 1)\nfactor -mu^2\n");
    let ran = folder.run(&["fit", "factor.vim", "--quiet"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn forgotten_data_and_mistaken_files_are_named() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["fit", "m.vim", "--data", "d.csv", "--out", "fit.json"]).code, Some(0));
    for (arguments, part) in [
        (vec!["fit", "m.vim"], "no data were given: `--data FILE`"),
        (vec!["fit", "d.csv"], "looks like a data file"),
        (vec!["check", "d.csv"], "looks like a data file"),
        (vec!["fit", "fit.json"], "looks like a fit file"),
    ] {
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {ran:?}");
        let words = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words.matches(part).count(), 1, "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn warnings_about_the_data_come_before_errors() {
    let folder = Folder::new();
    folder.write("w.csv", "x,y\n1,1\n2,2\n3?,3\n4,4\n");
    folder.write("w.vim", "b ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\n");
    for command in ["fit", "check"] {
        let ran = folder.run(&[command, "w.vim", "--data", "w.csv"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let at = |part: &str| ran.err.find(part).unwrap_or_else(|| panic!("no {part} in\n{}", ran.err));
        assert!(at("vippl::data::mostly_numbers") < at("vippl::check::type"), "{}", ran.err);
    }
}

#[test]
fn draws_outside_the_model_are_counted() {
    let folder = Folder::new();
    folder.write("edge.vim", "s ~ Normal(0, 1)\ny ~ Normal(0, s)\n");
    folder.write("edge.csv", "y\n0.1\n");
    let ran = folder.run(&["fit", "edge.vim", "--data", "edge.csv", "--quiet"]);
    assert!(ran.err.contains("q reaches beyond where the model is defined"), "{ran:?}");
}

#[test]
fn lines_too_long_to_show_do_no_harm() {
    let folder = Folder::new();
    folder.write("long.vim", &format!("a = {}b\n", "1 + ".repeat(20_000)));
    let ran = folder.run(&["check", "long.vim", "--data", "d.csv"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err.len());
    assert!(ran.err.contains("long.vim, line 1, column ") && ran.err.len() < 1_000, "{}", ran.err.len());
}

#[test]
fn verbose_prints_the_parts_of_the_elbo_as_it_climbs() {
    let ran = Folder::new().run(&["fit", "m.vim", "--data", "d.csv", "--verbose"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("maximising the ELBO")).collect();
    assert!(lines.len() >= 2, "{}", ran.err);
    for line in lines.iter().chain([&ran.err.lines().last().unwrap()]) {
        let numbers: Vec<f64> = line.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
        let [.., value, log_likelihood, kl] = numbers[..] else { panic!("{line}") };
        assert!((value - (log_likelihood - kl)).abs() < 0.011 && kl > 0.0, "{line}");
    }
}

#[test]
fn data_are_simulated_from_a_fit_and_from_a_model() {
    let folder = Folder::new();
    let fitted = folder.run(&["fit", "m.vim", "--data", "d.csv", "--quiet", "--out", "f.json"]);
    assert_eq!(fitted.code, Some(0), "{fitted:?}");
    let one = folder.run(&["simulate", "f.json"]);
    assert_eq!((one.code, one.err.as_str()), (Some(0), ""), "{one:?}");
    let n_rows = DATA.lines().count() - 1;
    assert_eq!(one.out.lines().count(), n_rows + 1);
    assert_eq!(one.out.lines().next(), Some("y"));
    assert_eq!(one.out, folder.run(&["simulate", "f.json", "--seed", "1"]).out);
    assert_ne!(one.out, folder.run(&["simulate", "f.json", "--seed", "2"]).out);
    // like the data: group b lies about 2 above group a
    let y: Vec<f64> = one.out.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    let mean = |group: usize| y.iter().skip(group).step_by(3).sum::<f64>() / (n_rows / 3) as f64;
    assert!((mean(1) - mean(0) - 1.7).abs() < 1.0, "{} {}", mean(0), mean(1));
    let several = folder.run(&["simulate", "f.json", "-n", "3", "-o", "new.csv"]);
    assert_eq!(several.code, Some(0), "{several:?}");
    let table = folder.read("new.csv");
    assert_eq!((table.lines().next(), table.lines().count()), (Some("set,y"), 3 * n_rows + 1));
    let prior = folder.run(&["simulate", "m.vim", "--data", "d.csv", "-o", "prior.json"]);
    assert_eq!(prior.code, Some(0), "{prior:?}");
    let values: Value = serde_json::from_str(&folder.read("prior.json")).unwrap();
    assert_eq!(values["y"].as_array().map(Vec::len), Some(n_rows));
    // the sources stay as they are, and what has moved is named
    let refused = folder.run(&["simulate", "f.json", "-o", "d.csv"]);
    assert!(refused.code == Some(1) && folder.read("d.csv") == DATA, "{refused:?}");
    folder.write("d.csv", "group,x,y\na,0,1\nb,0,2\nc,0,3\n");
    let other = folder.run(&["simulate", "f.json"]);
    assert!(other.code == Some(1) && other.err.contains("not those of the fit"), "{other:?}");
}

#[test]
fn what_is_missing_from_the_table_is_said() {
    let folder = Folder::new();
    folder.write("mean.vim", "x ~ Normal(0, 1)\nm = mean(Cauchy(0, 1))\ny ~ Normal(x, 1)\n");
    let ran = folder.run(&["fit", "mean.vim", "--data", "d.csv"]);
    assert!(ran.err.contains("`m`, `mean(Cauchy(0, 1))`, is not a number"), "{ran:?}");
}

#[test]
fn a_latent_where_data_should_be_tells_of_data() {
    let folder = Folder::new();
    for model in [
        "y ~ Poisson(3)\nb[y] ~ Normal(0, 1)\n",
        "g ~ Normal(0, 1)\nb[3] ~ Normal(0, 1)\nfactor b[g]\n",
        "mu ~ Normal(x, 1)\n",
        "mu ~ Exponential(1)\ny ~ Poisson(mu)\n",
    ] {
        folder.write("none.vim", model);
        let ran = folder.run(&["fit", "none.vim"]);
        assert_eq!(ran.code, Some(1), "{model}{ran:?}");
        assert!(ran.err.contains("no data were given: `--data FILE`"), "{model}{ran:?}");
    }
}
