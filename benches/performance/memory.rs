//! The most memory that `vippl` has at any time, from files of a million rows.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::markdown;
use crate::simulated::{Case, PREDICTORS, gaussian, logistic};

const ROWS: usize = 1_000_000;

pub fn table() -> String {
    let dir = tempfile::tempdir().expect("a folder for files");
    let mut rows = Vec::new();
    for (name, model) in
        [("logistic regression", &logistic::MODEL), ("Gaussian regression", &gaussian::MODEL)]
    {
        let made = Case { model, n: ROWS }.make();
        let column = |name: &str| made.dataset.get(name).expect("a name of the model").values.flat().to_vec();
        write_table(&dir.path().join("table.csv"), &column("X"), &column("y")).expect("a file");
        let columns: Vec<String> = (1..=PREDICTORS).map(|k| format!("x{k}")).collect();
        let text = format!("X = cbind({})\n{}\n", columns.join(", "), model.text);
        std::fs::write(dir.path().join("model.vim"), text).expect("a file");
        drop(made);
        for arguments in [&["check"][..], &["bench", "--lanes", "1"], &["bench", "--lanes", "16"], &["fit"]] {
            let (bytes, seconds) = most_memory(arguments, dir.path());
            let data = (ROWS * PREDICTORS * size_of::<f64>()) as f64;
            rows.push(vec![
                format!("{name}: `vippl {}`", arguments.join(" ")),
                bytes.map_or_else(|| "-".to_string(), |bytes| format!("{:.0}", bytes / 1e6)),
                bytes.map_or_else(|| "-".to_string(), |bytes| format!("{:.2}", bytes / data)),
                format!("{seconds:.1}"),
            ]);
        }
    }
    markdown(&["a table of 10^6 rows, 20 predictors", "most memory, MB", "of X as numbers", "s"], &rows)
}

fn write_table(path: &Path, x: &[f64], y: &[f64]) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    let header: Vec<String> = (1..=PREDICTORS).map(|k| format!("x{k}")).collect();
    writeln!(out, "{},y", header.join(","))?;
    for (row, y) in x.chunks_exact(PREDICTORS).zip(y) {
        for x in row {
            write!(out, "{x},")?;
        }
        writeln!(out, "{y}")?;
    }
    out.flush()
}

/// Bytes that a command had at most, where the system tells, and seconds.
fn most_memory(arguments: &[&str], folder: &Path) -> (Option<f64>, f64) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vippl"))
        .args(arguments)
        .args(["model.vim", "--data", "table.csv"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("vippl runs");
    let status = format!("/proc/{}/status", child.id());
    let mut most = None;
    while child.try_wait().expect("a child").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
        most = kilobytes.map(|kilobytes| kilobytes * 1024.0).or(most);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().expect("a child").success(), "vippl {arguments:?}");
    (most, start.elapsed().as_secs_f64())
}
