//! The table of variables: what came from the data, what is latent.

use super::cut;
use super::table::{Align, table};
use crate::compile::VariableReport;
use crate::ir::{self, Role, StatementKind};
use crate::report::Style;
use crate::types::Shape;

/// A line of the table of variables.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableRow {
    pub name: String,
    pub role: String,
    pub shape: String,
    pub support: String,
    /// Text of its distribution.
    pub distribution: String,
}

impl VariableRow {
    /// Rows of a compiled model: shapes are exact.
    pub fn of_compiled(model: &ir::Model, variables: &[VariableReport]) -> Vec<VariableRow> {
        let mut distributions = vec![String::new(); model.variables.len()];
        collect_distributions(model, &model.body, &mut distributions);
        let written = |name: &str| {
            let at = model.variables.iter().position(|variable| variable.name == name);
            at.map(|at| distributions[at].clone()).unwrap_or_default()
        };
        variables
            .iter()
            .filter(|variable| is_shown(variable.role))
            .map(|variable| {
                let mut role = role_word(variable.role).to_string();
                role += &missing_words(variable);
                if variable.discrete {
                    role += ", summed out";
                }
                VariableRow {
                    name: variable.name.clone(),
                    role,
                    shape: Shape::known(&variable.dims).to_string(),
                    support: variable.support.clone().unwrap_or_default(),
                    // Of a latent that is summed out the model's text says more than the compiler's.
                    distribution: match &variable.distribution {
                        Some(distribution) if !variable.discrete => distribution.clone(),
                        _ => written(&variable.name),
                    },
                }
            })
            .collect()
    }

    /// Rows of a checked model: shapes as far as they are known.
    pub fn of_model(model: &ir::Model) -> Vec<VariableRow> {
        let mut distributions = vec![String::new(); model.variables.len()];
        collect_distributions(model, &model.body, &mut distributions);
        let rows = model.variables.iter().zip(distributions);
        rows.filter(|(variable, _)| is_shown(variable.role))
            .map(|(variable, distribution)| VariableRow {
                name: variable.name.clone(),
                role: role_word(variable.role).to_string(),
                shape: variable.ty.shape.to_string(),
                support: String::new(),
                distribution,
            })
            .collect()
    }
}

/// The table; the text of distributions is cut to the width of a terminal.
pub fn variables(rows: &[VariableRow], style: &Style) -> String {
    let has_support = rows.iter().any(|row| !row.support.is_empty());
    let mut header = vec![
        ("variable", Align::Left),
        ("role", Align::Left),
        ("shape", Align::Left),
        ("support", Align::Left),
    ];
    if !has_support {
        header.pop();
    }
    let mut cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.name.clone(), row.role.clone(), row.shape.clone()];
            if has_support {
                cells.push(row.support.clone());
            }
            cells
        })
        .collect();
    let width_of = |column: usize, title: &str| {
        cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(title.chars().count())
    };
    let taken: usize = header.iter().enumerate().map(|(k, (title, _))| width_of(k, title) + 2).sum();
    let room = style.width.saturating_sub(taken).max("distribution".len());
    for (cells, row) in cells.iter_mut().zip(rows) {
        let text = row.distribution.split_whitespace().collect::<Vec<_>>().join(" ");
        cells.push(if style.is_whole { text } else { cut(&text, room) });
    }
    header.push(("distribution", Align::Left));
    table(&header, &cells, style)
}

/// `, 13 missing, imputed`
fn missing_words(variable: &VariableReport) -> String {
    let VariableReport { missing, imputed, left_out, is_drawn, .. } = *variable;
    let (imputed, left_out) = if is_drawn { (imputed + left_out, 0) } else { (imputed, left_out) };
    match (missing, imputed, left_out) {
        (0, ..) => String::new(),
        (n, imputed, 0) if n == imputed => format!(", {n} missing, imputed"),
        (n, 0, left_out) if n == left_out => format!(", {n} missing, left out"),
        (n, 0, 0) => format!(", {n} missing"),
        (n, imputed, 0) => format!(", {n} missing, {imputed} imputed"),
        (n, 0, left_out) => format!(", {n} missing, {left_out} left out"),
        (n, imputed, left_out) => format!(", {n} missing, {imputed} imputed, {left_out} left out"),
    }
}

fn is_shown(role: Role) -> bool {
    !matches!(role, Role::Loop | Role::Local)
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Data => "data",
        Role::Observed => "observed",
        Role::Latent => "latent",
        Role::Deterministic => "deterministic",
        Role::PointEstimate => "point estimate",
        Role::Loop => "loop",
        Role::Local => "local",
    }
}

/// The text of the distribution in the first statement of each variable.
fn collect_distributions(model: &ir::Model, body: &[ir::Statement], out: &mut [String]) {
    let set = |out: &mut [String], variable: ir::VariableId, distribution: &ir::Expr| {
        if out[variable.0].is_empty() {
            out[variable.0] = model.source.slice(distribution.span).to_string();
        }
    };
    for statement in body {
        match &statement.kind {
            StatementKind::Latent { variable, distribution, .. }
            | StatementKind::LatentElements { variable, distribution, .. } => {
                set(out, *variable, distribution)
            }
            StatementKind::Observe { value, distribution } => {
                let base = match &value.kind {
                    ir::ExprKind::Index { base, .. } => base,
                    _ => value,
                };
                if let ir::ExprKind::Variable(variable) = base.kind {
                    set(out, variable, distribution);
                }
            }
            StatementKind::For { body, .. } => collect_distributions(model, body, out),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, arm)| collect_distributions(model, arm, out));
                collect_distributions(model, otherwise, out);
            }
            _ => {}
        }
    }
}
