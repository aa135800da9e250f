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
#[path = "../tables/mod.rs"]
mod tables;

use std::collections::BTreeMap;
use std::path::PathBuf;

use common::documents;
use tables::{digits, machine, markdown};

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

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}
