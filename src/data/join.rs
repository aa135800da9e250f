//! Joins tables by a key: a table with one row for each level of a column of another one becomes arrays over these levels.

use std::collections::HashMap;
use std::sync::Arc;

use super::Loaded;
use super::error::{DataError, DataWarning};
use super::values::{Grouping, Levels, Origin, OriginKind, Values, Variable};

/// Names that a message lists.
const MOST_NAMED: usize = 5;

/// What a file of `--data NAME=FILE` is joined by.
pub(super) struct Key {
    /// Position of the column in the file.
    column: usize,
    grouping: Arc<Grouping>,
    /// The file of the column whose levels the rows belong to.
    of: Arc<str>,
}

/// The key of a table among the names of the data: the column that a variable of groups has the name of; `None` where it has
/// none, and so is one value.
pub(super) fn key(
    file: &str,
    table: &Loaded,
    known: &[Variable],
    drop: &[String],
) -> Result<Option<Key>, DataError> {
    let n_rows = table.entries.first().and_then(|(_, values)| values.shape().first());
    let is_table = table.entries.len() > 1
        && n_rows.is_some()
        && table.entries.iter().all(|(_, values)| values.shape().first() == n_rows);
    if !is_table {
        return Ok(None);
    }
    let mut shared = Vec::new();
    for (column, (name, values)) in table.entries.iter().enumerate() {
        let is_taken = drop.contains(name);
        let own = || Variable::in_memory(name.as_str(), values.clone()).grouping();
        let other = known.iter().find(|variable| variable.name == *name).filter(|_| !is_taken);
        let Some(other) = other else { continue };
        if let (Some(grouping), Some(_)) = (other.grouping(), own()) {
            shared.push(Key { column, grouping, of: other.origin.file.clone() });
        }
    }
    if shared.len() > 1 {
        let names = shared.iter().map(|key| format!("`{}`", table.entries[key.column].0));
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(DataError::SeveralKeys { file: file.into(), names });
    }
    Ok(shared.pop())
}

/// The columns of a table as arrays over the levels of its key, in their order.
pub(super) fn join(
    file: &str,
    table: Loaded,
    key: &Key,
    known: &[Variable],
    drop: &[String],
    warnings: &mut Vec<DataWarning>,
) -> Result<Vec<Variable>, DataError> {
    let (name, own) = &table.entries[key.column];
    let name = name.clone();
    let Some(own) = Variable::in_memory(name.as_str(), own.clone()).grouping() else { return Ok(Vec::new()) };
    let mut rows: HashMap<&str, usize> = HashMap::new();
    for (row, &code) in own.codes.iter().enumerate() {
        let Some(level) = (code as usize).checked_sub(1).map(|k| own.levels.names()[k].as_str()) else {
            return Err(DataError::KeyMissing { file: file.into(), key: name, row: row + 1 });
        };
        if let Some(&first) = rows.get(level) {
            let (level, rows) = (level.to_string(), [first + 1, row + 1]);
            return Err(DataError::KeyTwice {
                file: file.into(),
                key: name,
                level,
                first: rows[0],
                second: rows[1],
            });
        }
        rows.insert(level, row);
    }
    let levels = key.grouping.levels.names();
    let order: Vec<Option<usize>> = levels.iter().map(|level| rows.get(level.as_str()).copied()).collect();
    let missing: Vec<&String> =
        levels.iter().zip(&order).filter(|(_, row)| row.is_none()).map(|(level, _)| level).collect();
    if !missing.is_empty() {
        return Err(DataError::KeyAbsent {
            file: file.into(),
            key: name,
            n: missing.len(),
            levels: listed(&missing),
            of: key.of.to_string(),
        });
    }
    let extra: Vec<&String> =
        own.levels.names().iter().filter(|level| key.grouping.levels.position(level).is_none()).collect();
    if !extra.is_empty() {
        warnings.push(DataWarning::KeyUnused {
            file: file.into(),
            key: name.clone(),
            n: extra.len(),
            levels: listed(&extra),
            of: key.of.clone(),
        });
    }
    let order: Vec<usize> = order.into_iter().flatten().collect();
    let levels = (!key.grouping.is_positional).then(|| key.grouping.levels.clone());
    let origin = Origin { file: file.into(), kind: OriginKind::Entry, levels };
    let mut joined = Vec::with_capacity(table.entries.len() - 1);
    for (column, (name, values)) in table.entries.into_iter().enumerate() {
        if column == key.column || drop.contains(&name) {
            continue;
        }
        if let Some(taken) = known.iter().find(|variable| variable.name == name) {
            let first = taken.origin.file.to_string();
            return Err(DataError::JoinedTwice { name, first, second: file.into() });
        }
        joined.push(Variable::new(name, in_order(&values, &order), origin.clone()));
    }
    Ok(joined)
}

/// Rows of an array in another order.
fn in_order(values: &Values, order: &[usize]) -> Values {
    let shape: Vec<usize> = std::iter::once(order.len()).chain(values.shape()[1..].iter().copied()).collect();
    let block: usize = shape[1..].iter().product();
    let flat = values.flat();
    let rows: Vec<f64> = order.iter().flat_map(|&row| flat[row * block..][..block].iter().copied()).collect();
    let Some(levels) = &values.levels else { return Values::new(values.element, &shape, rows, None) };
    // Levels of rows that are left out are no groups of the data.
    let mut is_used = vec![false; levels.len()];
    rows.iter().filter(|code| !code.is_nan()).for_each(|&code| is_used[code as usize - 1] = true);
    let names = levels.names().iter().zip(&is_used).filter(|(_, used)| **used).map(|(name, _)| name.clone());
    let names = Levels::new(names.collect());
    let codes: Vec<f64> = (0..levels.len())
        .map(|k| names.position(&levels.names()[k]).map_or(f64::NAN, |at| at as f64 + 1.0))
        .collect();
    let rows = rows.into_iter().map(|code| if code.is_nan() { code } else { codes[code as usize - 1] });
    Values::new(values.element, &shape, rows.collect(), Some(Arc::new(names)))
}

/// `AITKIN, ANOKA, ...`
fn listed(names: &[&String]) -> String {
    let mut shown: Vec<&str> = names.iter().take(MOST_NAMED).map(|name| name.as_str()).collect();
    if names.len() > MOST_NAMED {
        shown.push("...");
    }
    shown.join(", ")
}
