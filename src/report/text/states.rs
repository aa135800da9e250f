//! Tables of discrete latents: probabilities of their values, or where most of these lie.

use std::sync::Arc;

use super::table::{Align, table};
use super::{LEAST_DOC, cut, shown};
use crate::compile::{Quantity, QuantityKind};
use crate::data::Levels;
use crate::posterior::{Posterior, StatePath, States, Summary, Verdict};
use crate::report::Style;
use crate::report::number::{ABSENT, align_points, with_uncertainty};
use crate::report::style::Elements;

/// Values up to which each has a column.
const MAX_COLUMNS: usize = 8;

/// A discrete latent, and what is known of its values.
type Latent<'p> = (&'p Quantity, &'p States);

/// Values that have columns, or none where there are too many, and what they stand for.
type Head<'p> = (&'p [f64], Option<Arc<Levels>>);

/// Tables of all discrete latents, each after an empty line but for the first; latents with the same values share one.
pub(super) fn states(posterior: &Posterior, style: &Style) -> String {
    let mut groups: Vec<(Head, Vec<Latent>)> = Vec::new();
    for quantity in &posterior.quantities {
        let Some(states) = posterior.states_of(quantity) else { continue };
        let head = (with_columns(states), posterior.levels_of(&quantity.name));
        match groups.iter_mut().find(|(known, _)| *known == head) {
            Some((_, group)) => group.push((quantity, states)),
            None => groups.push((head, vec![(quantity, states)])),
        }
    }
    let tables = groups.iter().map(|(head, group)| {
        let paths =
            group.iter().filter_map(|(quantity, states)| path(quantity, states.path.as_ref()?, style));
        group_table(posterior, head, group, style) + &paths.collect::<String>()
    });
    tables.collect::<Vec<String>>().join("\n")
}

/// The most likely values of a sequence together, as runs: `z, most likely path (P 0.120): 1 (1-23), 2 (24-46)`.
fn path(quantity: &Quantity, path: &StatePath, style: &Style) -> Option<String> {
    let [n] = *quantity.dims.as_slice() else { return None };
    if n < 2 || quantity.kind == QuantityKind::Imputed || quantity.labels.iter().any(Option::is_some) {
        return None;
    }
    let mut runs: Vec<String> = Vec::new();
    let mut first = 0;
    for run in path.values.chunk_by(|a, b| a == b) {
        let last = first + run.len();
        runs.push(match run.len() {
            1 => format!("{} ({last})", run[0]),
            _ => format!("{} ({}-{last})", run[0], first + 1),
        });
        first = last;
    }
    let head = format!("{}, most likely path (P {}): ", quantity.name, probability(path.probability));
    let room = style.width.saturating_sub(head.chars().count());
    let mut shown = String::new();
    for (i, run) in runs.iter().enumerate() {
        let more = format!(", … {} more runs", runs.len() - i);
        let own = if i == 0 { run.clone() } else { format!(", {run}") };
        let is_last = i + 1 == runs.len();
        let needed = own.chars().count() + if is_last { 0 } else { more.chars().count() };
        if i > 0 && !style.is_whole && shown.chars().count() + needed > room {
            shown += &more;
            break;
        }
        shown += &own;
    }
    Some(format!("{head}{shown}\n"))
}

/// The values that have a column each. Of many values none has one, so that it does not matter which they are.
fn with_columns(states: &States) -> &[f64] {
    if states.values.len() > MAX_COLUMNS { &[] } else { &states.values }
}

/// What a value stands for, cut where it is long.
fn word(value: f64, levels: Option<&Arc<Levels>>) -> String {
    /// Letters of a level that a head has room for.
    const MOST: usize = 12;
    match levels.and_then(|levels| levels.names().get((value as usize).checked_sub(1)?)) {
        Some(level) => cut(level, MOST),
        None => value.to_string(),
    }
}

fn titles((values, levels): &Head<'_>) -> Vec<String> {
    match (values, levels) {
        ([], Some(_)) => ["mode", "P(mode)"].map(str::to_string).to_vec(),
        ([], None) => ["mean", "sd", "5%", "50%", "95%", "mode"].map(str::to_string).to_vec(),
        (values, levels) => {
            values.iter().map(|value| format!("P({})", word(*value, levels.as_ref()))).collect()
        }
    }
}

fn cells(
    (values, levels): &Head<'_>,
    states: &States,
    element: usize,
    summary: Option<&Summary>,
) -> Vec<String> {
    match (values, levels) {
        ([], Some(levels)) => match states.mode(element) {
            Some((mode, p)) => vec![word(mode, Some(levels)), probability(p)],
            None => vec![ABSENT.to_string(); 2],
        },
        ([], None) => of_many(states, element, summary.unwrap_or(&Summary::default())),
        _ => states.of_element(element).iter().map(|p| probability(*p)).collect(),
    }
}

/// The table of elements of a column of words.
pub(super) fn words(names: &[String], states: &[States], levels: &Arc<Levels>, style: &Style) -> String {
    let Some(first) = states.first() else { return String::new() };
    let head = (with_columns(first), Some(levels.clone()));
    let titles = titles(&head);
    let n_shown = shown(states.len(), style);
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); titles.len()];
    for states in &states[..n_shown] {
        columns.iter_mut().zip(cells(&head, states, 0, None)).for_each(|(column, cell)| column.push(cell));
    }
    columns.iter_mut().for_each(|column| align_points(column));
    let mut header = vec![("", Align::Left)];
    header.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
    let mut rows: Vec<Vec<String>> = (0..n_shown)
        .map(|i| {
            std::iter::once(names[i].clone()).chain(columns.iter().map(|column| column[i].clone())).collect()
        })
        .collect();
    if n_shown < states.len() {
        rows.push(vec![format!("  … {} more", states.len() - n_shown)]);
    }
    table(&header, &rows, style)
}

fn group_table(posterior: &Posterior, head: &Head<'_>, group: &[Latent<'_>], style: &Style) -> String {
    let titles = titles(head);
    let mut names = Vec::new();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); titles.len()];
    let mut notes: Vec<String> = Vec::new();
    let mut docs: Vec<String> = Vec::new();
    let mut add = |name: String, cells: Vec<String>, note: &str, doc: &str| {
        names.push(name);
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        notes.push(note.to_string());
        docs.push(doc.replace('\n', " "));
    };
    for (quantity, states) in group {
        let (n, verdicts) = (quantity.len(), posterior.verdicts_of(quantity));
        let n_shown = shown(n, style);
        for (element, summary) in posterior.summaries_of(quantity)[..n_shown].iter().enumerate() {
            let cells = cells(head, states, element, Some(summary));
            let note = if verdicts.get(element) == Some(&Verdict::Distrust) { "distrust" } else { "" };
            let doc = quantity.doc.as_deref().filter(|_| element == 0).unwrap_or_default();
            add(quantity.element_name(element), cells, note, doc);
        }
        if n_shown < n {
            add(format!("  … {} more", n - n_shown), vec![String::new(); titles.len()], "", "");
        }
    }
    columns.iter_mut().for_each(|column| align_points(column));
    let mut header = vec![("", Align::Left)];
    header.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
    if style.elements == Elements::Few && !style.is_whole {
        let widest = |cells: &[String]| cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
        let of_columns =
            columns.iter().zip(&titles).map(|(column, title)| 2 + widest(column).max(title.len()));
        let room =
            style.width.saturating_sub(widest(&names) + of_columns.sum::<usize>() + widest(&notes) + 4);
        docs.iter_mut().for_each(|doc| *doc = if room < LEAST_DOC { String::new() } else { cut(doc, room) });
    }
    let extra: Vec<Vec<String>> =
        [notes, docs].into_iter().filter(|column| column.iter().any(|cell| !cell.is_empty())).collect();
    header.extend(extra.iter().map(|_| ("", Align::Left)));
    let rows: Vec<Vec<String>> = (0..names.len())
        .map(|i| {
            let cells = columns.iter().chain(&extra).map(|column| column[i].clone());
            std::iter::once(names[i].clone()).chain(cells).collect()
        })
        .collect();
    table(&header, &rows, style)
}

/// Where most of many values lie.
fn of_many(states: &States, element: usize, summary: &Summary) -> Vec<String> {
    let Summary { mean, sd, q05, q50, q95, .. } = *summary;
    let mut cells = with_uncertainty(&[mean, sd], sd);
    let mode = states.mode(element).map(|(value, _)| value);
    let whole = |x: Option<f64>| x.map_or_else(|| ABSENT.to_string(), |x| x.to_string());
    cells.extend([q05, q50, q95, mode].map(whole));
    cells
}

/// Three decimals, and a word where they would hide that something is possible, or not certain.
fn probability(p: f64) -> String {
    match p {
        p if p.is_nan() => ABSENT.to_string(),
        p if p > 0.0 && p < 0.0005 => "<0.001".to_string(),
        p if (0.9995..1.0 - 1e-12).contains(&p) => ">0.999".to_string(),
        p => format!("{p:.3}"),
    }
}
