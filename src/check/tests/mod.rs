//! Tests of the checker: the program of every case, and a model for every error.

mod errors;
mod models;
mod mutated;
mod programs;

use super::*;
use crate::types::{ElementType, Shape};

/// Checks a text; `data` describes the data, one a line: `N: int = 8`, `y: real[8]`, `county: category[919] 85 levels`,
/// `rows = 919`. An empty description means no data are given.
fn check_text(text: &str, data: &str) -> Result<Checked, CheckErrors> {
    let source = Source::new("model.vim", text);
    let file = crate::syntax::parse(&source).unwrap_or_else(|errors| panic!("{errors}: {text}"));
    let summary = (!data.is_empty()).then(|| summary(data));
    check(&source, &file, summary.as_ref())
}

fn summary(description: &str) -> DataSummary {
    let mut data = DataSummary::default();
    for line in description.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(rows) = line.strip_prefix("rows = ") {
            data.rows = Some(rows.parse().expect("a number of rows"));
            continue;
        }
        let (name, rest) = line.split_once(": ").expect("name: type");
        let (word, rest) = rest.split_at(rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()));
        let element = match word {
            "int" => ElementType::Int,
            "real" => ElementType::Real,
            "bool" => ElementType::Bool,
            "category" => ElementType::Category,
            other => panic!("no type {other}"),
        };
        let mut variable =
            DataVariable { name: name.into(), ty: Type::array(element, Shape::scalar()), n_levels: None };
        if let Some(value) = rest.trim().strip_prefix("= ") {
            variable.ty.size = Some(Dim::Known(value.parse().expect("a value")));
        } else if let Some((dims, levels)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let dims: Vec<usize> = dims.split(", ").map(|n| n.parse().expect("a length")).collect();
            variable.ty.shape = Shape::known(&dims);
            variable.n_levels = levels.trim().strip_suffix(" levels").map(|n| n.parse().expect("a number"));
        }
        data.variables.push(variable);
    }
    data
}

/// The program, or a readable failure.
fn checked(text: &str, data: &str) -> Checked {
    check_text(text, data).unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)))
}

/// Codes and the texts that they point at, in order.
fn complaints(text: &str, data: &str) -> Vec<(String, String)> {
    match check_text(text, data) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.errors().iter().map(|error| complaint(error, text)).collect(),
    }
}

fn complaint(error: &CheckError, text: &str) -> (String, String) {
    use miette::Diagnostic;
    let code = error.code_text();
    let labels: Vec<_> = error.labels().map(Iterator::collect).unwrap_or_default();
    let label = labels.iter().find(|l| l.primary()).or(labels.first()).expect("every error points somewhere");
    let at = &text[label.offset()..label.offset() + label.len()];
    (code.strip_prefix("vippl::check::").unwrap_or(&code).to_string(), at.to_string())
}

/// The type of a variable as `--dump ir` shows it.
fn type_of(checked: &Checked, name: &str) -> String {
    let variable = checked.model.variables.iter().find(|v| v.name == name).expect("the variable is there");
    dump::typed(&variable.ty)
}

fn role_of(checked: &Checked, name: &str) -> ir::Role {
    checked.model.variables.iter().find(|v| v.name == name).expect("the variable is there").role
}
