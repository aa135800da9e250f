//! Measures what docs/performance.md shows, and writes its tables.
//!
//! `cargo bench --bench performance` prints all tables, `-- sizes bounds` some of them; with `VIPPL_UPDATE` set in the
//! environment they are written to the document. Further arguments with a `/` are folders with more cases.

mod bounds;
mod cases;
mod memory;
mod sizes;
mod softplus;

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../simulated/mod.rs"]
mod simulated;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use common::documents;

const DOCUMENT: &str = "docs/performance.md";

/// What makes a table, given the folders with more cases.
type Make = fn(&[PathBuf]) -> String;

/// The tables by the names that the document has for them.
const TABLES: [(&str, Make); 5] = [
    ("machine", |_| machine()),
    ("cases", cases::table),
    ("sizes", |_| sizes::table()),
    ("bounds", |_| bounds::table()),
    ("memory", |_| memory::table()),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let (folders, names): (Vec<String>, Vec<String>) =
        arguments.into_iter().partition(|word| word.contains('/'));
    let folders: Vec<PathBuf> = folders.into_iter().map(PathBuf::from).collect();
    if let Some(name) = names.iter().find(|name| TABLES.iter().all(|(known, _)| known != name)) {
        eprintln!("there is no table `{name}`");
        std::process::exit(2);
    }
    // Times are those of one processor, unless something else is said.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    pool.expect("nothing has used a thread before");
    let mut tables = BTreeMap::new();
    for (name, make) in TABLES {
        if names.is_empty() || names.iter().any(|asked| asked == name) {
            let table = make(&folders);
            println!("## {name}\n\n{table}");
            tables.insert(name, table);
        }
    }
    if documents::updating() {
        documents::write(DOCUMENT, |_, name, _| tables.get(name).cloned());
    }
}

/// A table of Markdown: numbers to the right.
fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(header.to_vec());
    text += &line(std::iter::once("---").chain(header[1..].iter().map(|_| "---:")).collect());
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

/// Three digits.
fn digits(x: f64) -> String {
    let decimals = (2 - x.abs().max(1e-9).log10().floor() as i32).clamp(0, 3) as usize;
    format!("{x:.decimals$}")
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = name.map_or("a processor without a name", |(_, name)| name.trim());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let vectors = if cfg!(target_arch = "x86_64") {
        let wide = cpuinfo.split_whitespace().any(|flag| flag == "avx512f");
        if wide {
            "AVX-512"
        } else if cpuinfo.contains(" avx2 ") {
            "AVX2"
        } else {
            "SSE2"
        }
    } else {
        std::env::consts::ARCH
    };
    let rustc = said_by("rustc", &["--version"]).unwrap_or_else(|| "an unknown rustc".to_string());
    let rustc = rustc.split(" (").next().unwrap_or_default();
    let date = said_by("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(|| "an unknown day".to_string());
    format!("{name}, {processors} processors, {vectors}, {}; {rustc}; {date}.", std::env::consts::OS)
}

fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
