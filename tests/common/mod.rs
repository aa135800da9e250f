//! What several tests do: fit the model of a folder, look at its parameters.

// Each test file uses its own part of this.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::Report;
use vippl::compile::GradientMode;
use vippl::data::DataArg;
use vippl::posterior::{Posterior, Summary};
use vippl::session::{self, FitRequest, Prepared, Request};

/// The root of the package.
pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder, sorted, whose names have one of these extensions.
pub fn files_with(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x)))
        .collect();
    files.sort();
    files
}

/// The examples: folders with a `model.vim` and data.
pub fn examples() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(package().join("examples"))
        .expect("examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("model.vim").exists())
        .collect();
    folders.sort();
    folders
}

/// `data.csv` or `data.json` of a folder.
pub fn data_of(folder: &Path) -> PathBuf {
    ["data.csv", "data.json"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{} has no data", folder.display()))
}

/// Reads, checks and compiles `model.vim` with the data beside it.
pub fn prepare(folder: &Path) -> Result<Prepared, Report> {
    session::prepare(&Request {
        model: session::read_model(&folder.join("model.vim"))?,
        data: vec![DataArg::File(data_of(folder))],
        drop: Vec::new(),
        gradient: GradientMode::default(),
    })
}

/// Fits `model.vim` to the data beside it, with the options that `vippl fit` has by itself.
pub fn fit(folder: &Path) -> Result<Posterior, Report> {
    prepare(folder)?.fit(&FitRequest::default(), &mut |_| {})
}

/// Summaries by the names of the elements: `tau`, `alpha[HENNEPIN]`.
pub fn elements(posterior: &Posterior) -> BTreeMap<String, Summary> {
    posterior
        .quantities
        .iter()
        .flat_map(|quantity| {
            let summaries = posterior.summaries_of(quantity).iter().enumerate();
            summaries.map(|(i, summary)| (quantity.element_name(i), *summary))
        })
        .collect()
}
