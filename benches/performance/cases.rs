//! The cases with reference answers, against Stan.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::package;
use crate::{digits, geometric_mean, markdown};

/// Microseconds of one gradient at one point by Stan: CmdStan 2.x, g++ -O3 -march=native, propto, with Jacobian, median.
const STAN: [(&str, f64); 16] = [
    ("eight_schools-eight_schools_centered", 0.30),
    ("eight_schools-eight_schools_noncentered", 0.41),
    ("kilpisjarvi_mod-kilpisjarvi", 0.69),
    ("sblri-blr", 0.76),
    ("mesquite-mesquite", 1.9),
    ("gp_pois_regr-gp_regr", 4.0),
    ("kidiq-kidscore_interaction", 9.3),
    ("garch-garch11", 9.3),
    ("earnings-earn_height", 11.0),
    ("arK-arK", 12.0),
    ("diamonds-diamonds", 22.0),
    ("earnings-logearn_interaction", 23.0),
    ("hmm_example-hmm_example", 25.0),
    ("nes1980-nes", 32.0),
    ("hudson_lynx_hare-lotka_volterra", 60.0),
    ("low_dim_gauss_mix-low_dim_gauss_mix", 111.0),
];

/// Recursions that the language had to learn first: their ratios stand apart.
const APART: [&str; 2] = ["hmm_example-hmm_example", "hudson_lynx_hare-lotka_volterra"];

pub fn table(more: &[PathBuf]) -> String {
    let own = package().join("tests/cases");
    let folders: Vec<&Path> =
        std::iter::once(own.as_path()).chain(more.iter().map(PathBuf::as_path)).collect();
    let mut rows = Vec::new();
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for (name, stan) in STAN {
        let Some(folder) =
            folders.iter().map(|all| all.join(name)).find(|case| case.join("data.json").exists())
        else {
            eprintln!("no data of {name}: give the folder that it is in as an argument");
            continue;
        };
        let bench = bench(&folder);
        let number = |path: &str| bench.pointer(path).and_then(Value::as_f64).expect("a number");
        let (one_point, best) = (number("/ns_per_gradient_1_lane") / 1e3, number("/ns_per_gradient") / 1e3);
        let compile = number("/seconds/compile") * 1e3;
        let short = name.rsplit('-').next().unwrap_or(name);
        let title = if APART.contains(&name) { format!("{short} †") } else { short.to_string() };
        rows.push(vec![
            title,
            digits(stan),
            digits(one_point),
            digits(stan / one_point),
            digits(best),
            digits(stan / best),
            digits(compile),
        ]);
        if !APART.contains(&name) {
            one.push(stan / one_point);
            many.push(stan / best);
        }
    }
    let mean = |ratios: &[f64]| format!("**{}**", digits(geometric_mean(ratios)));
    let empty = String::new;
    rows.push(vec![
        "geometric mean without †".into(),
        empty(),
        empty(),
        mean(&one),
        empty(),
        mean(&many),
        empty(),
    ]);
    let header = ["case", "Stan, µs", "1 point, µs", "ratio", "many points, µs", "ratio", "compile, ms"];
    markdown(&header, &rows)
}

/// What `vippl bench` says of a case.
fn bench(folder: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_vippl"))
        .arg("bench")
        .arg(folder.join("model.vim"))
        .arg("--data")
        .arg(folder.join("data.json"))
        .args(["--threads", "1", "--json"])
        .output()
        .expect("vippl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
