//! Data files: from CSV and JSON to named arrays.
//!
//! Several files merge into one [`Dataset`]; a name may occur only once. The rules of a CSV cell stand at `cell::classify`,
//! those of a JSON value at the head of `json.rs`. A file is JSON if it is called `.json`, a table if `.csv` or `.tsv`; any other is JSON if it
//! begins with `{` or `[`.
//!
//! `--data NAME=FILE` binds what is in FILE to one name: the only column of a table, a table of numbers as a matrix
//! [rows, columns] (here a first line of numbers is a row, not names), or a JSON value. A table with a column that another
//! table has too is joined by it (`join`): its other columns are arrays over the levels of that column.

mod cell;
mod column;
mod csv;
mod error;
mod join;
mod json;
mod json_array;
mod json_specials;
mod snippet;
mod source_arg;
mod text;
mod values;

use std::collections::HashMap;
use std::path::Path;

use text::{Text, decode, unreadable};

pub use error::{DataError, DataWarning};
pub use snippet::Snippet;
pub use source_arg::{DataArg, overwrites};
pub use values::{ElementType, Grouping, Levels, Origin, OriginKind, Values, Variable};

/// How alike two names must be, upper and lower case aside, for one to be offered for the other: 1 less the
/// Damerau-Levenshtein distance over the longer length.
const NEAR_NAME: f64 = 0.6;

/// All names of the data, in the order in which the files give them.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    variables: Vec<Variable>,
    index: HashMap<String, usize>,
}

/// What `rows` means for a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// The number of rows that all tables share. Without a table, the first extent that all arrays of the data share.
    Known(usize),
    /// Tables (or, without any, arrays) of different lengths: what is shown for each, with its length.
    Ambiguous(Vec<(String, usize)>),
    /// The data has no table and no array.
    Absent,
}

/// What one file holds.
struct Loaded {
    entries: Vec<(String, Values)>,
    kind: OriginKind,
    /// A table whose first line was a row.
    headerless: bool,
}

impl Dataset {
    /// Reads and merges files, then removes the names `drop`. A name may be in two files if it is dropped.
    pub fn load(sources: &[DataArg], drop: &[String]) -> Result<(Dataset, Vec<DataWarning>), DataError> {
        let (mut variables, mut warnings) = (Vec::new(), Vec::new());
        let mut named = Vec::new();
        for source in sources {
            let path = source.path();
            let file = path.display().to_string();
            match source {
                DataArg::File(_) => {
                    let loaded = read_source(path, &file, None, &mut warnings)?;
                    variables.extend(loaded.into_variables(&file));
                }
                DataArg::Named { name, .. } => {
                    let loaded = read_source(path, &file, Some(name), &mut warnings)?;
                    named.push((name.as_str(), file, loaded));
                }
            }
        }
        // Tables may be joined by columns of tables that are joined themselves.
        while let Some((at, key)) = next_joined(&named, &variables, drop)? {
            let (_, file, loaded) = named.remove(at);
            let joined = join::join(&file, loaded, &key, &variables, drop, &mut warnings)?;
            variables.extend(joined);
        }
        for (name, file, loaded) in named {
            variables.push(loaded.into_named(name, file, &mut warnings)?);
        }
        for name in drop {
            if !variables.iter().any(|variable| variable.name == *name) {
                let known = variables.iter().map(|variable| variable.name.as_str());
                return Err(DataError::UnknownDrop { name: name.clone(), help: drop_help(name, known) });
            }
        }
        variables.retain(|variable| !drop.contains(&variable.name));
        Ok((Dataset::from_variables(variables)?, warnings))
    }

    /// Variables in the given order; an error if two have the same name.
    pub fn from_variables(variables: impl IntoIterator<Item = Variable>) -> Result<Dataset, DataError> {
        let mut dataset = Dataset::default();
        for variable in variables {
            dataset.insert(variable)?;
        }
        Ok(dataset)
    }

    /// A table from the text of a CSV file, under a file name for errors.
    pub fn from_csv(file: &str, text: &str) -> Result<(Dataset, Vec<DataWarning>), DataError> {
        let mut warnings = Vec::new();
        let loaded = csv::read(&Text::held(file, text), csv::Header::Required, &mut warnings)?;
        Ok((Dataset::from_variables(loaded.into_variables(file))?, warnings))
    }

    /// The entries of a JSON object, or the columns of an array of records, under a file name for errors.
    pub fn from_json(file: &str, text: &str) -> Result<(Dataset, Vec<DataWarning>), DataError> {
        let mut warnings = Vec::new();
        let loaded = json::read(&Text::held(file, text), None, &mut warnings)?;
        Ok((Dataset::from_variables(loaded.into_variables(file))?, warnings))
    }

    /// Adds a variable; an error if its name is taken.
    pub fn insert(&mut self, variable: Variable) -> Result<(), DataError> {
        if let Some(&taken) = self.index.get(&variable.name) {
            let (first, second) = (self.variables[taken].origin.file.clone(), variable.origin.file);
            return Err(DataError::Duplicate { name: variable.name, first, second });
        }
        self.index.insert(variable.name.clone(), self.variables.len());
        self.variables.push(variable);
        Ok(())
    }

    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.index.get(name).map(|&i| &self.variables[i])
    }

    /// All variables, in the order of the files.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }

    pub fn len(&self) -> usize {
        self.variables.len()
    }

    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// The meaning of `rows`. An ambiguity matters only to a model that says `rows`.
    pub fn rows(&self) -> Rows {
        let mut lengths: Vec<(String, usize)> = Vec::new();
        for variable in self.variables.iter().filter(|variable| variable.origin.kind == OriginKind::Column) {
            let file = variable.origin.file.to_string();
            let n_rows = variable.values.shape().first().copied().unwrap_or(0);
            if !lengths.iter().any(|(seen, _)| *seen == file) {
                lengths.push((file, n_rows));
            }
        }
        if lengths.is_empty() {
            let extent =
                |variable: &Variable| Some((variable.name.clone(), *variable.values.shape().first()?));
            lengths = self.variables.iter().filter_map(extent).collect();
        }
        match lengths.first() {
            None => Rows::Absent,
            Some(&(_, n_rows)) if lengths.iter().all(|&(_, other)| other == n_rows) => Rows::Known(n_rows),
            Some(_) => Rows::Ambiguous(lengths),
        }
    }

    /// The name of the data most like `name`, if any is like it: the same but for case, or close in spelling.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names())
    }
}

impl Loaded {
    fn into_variables(self, file: &str) -> Vec<Variable> {
        let origin = Origin { file: file.into(), kind: self.kind, levels: None };
        let variable = |(name, values)| Variable::new(name, values, origin.clone());
        self.entries.into_iter().map(variable).collect()
    }

    /// The one value of `--data NAME=FILE`.
    fn into_named(
        self,
        name: &str,
        file: String,
        warnings: &mut Vec<DataWarning>,
    ) -> Result<Variable, DataError> {
        if self.headerless {
            warnings.push(DataWarning::Headerless { file: file.as_str().into(), name: name.to_string() });
        }
        match self.into_one_value() {
            Ok(values) => {
                let origin = Origin { file: file.into(), kind: OriginKind::Entry, levels: None };
                Ok(Variable::new(name, values, origin))
            }
            Err(found) => Err(DataError::NotOneValue { name: name.to_string(), file, found }),
        }
    }

    /// The one value that the file holds, if it does; otherwise what it holds, for a person.
    fn into_one_value(mut self) -> Result<Values, String> {
        if self.entries.len() == 1 {
            return Ok(self.entries.remove(0).1);
        }
        if self.kind == OriginKind::Entry {
            return Err(format!("{} entries", self.entries.len()));
        }
        columns_to_matrix(&self.entries).ok_or_else(|| {
            match self.entries.iter().find(|(_, v)| !is_numeric_column(v)) {
                Some((name, values)) if values.element == ElementType::Category => {
                    format!("{} columns, and `{name}` is not numeric", self.entries.len())
                }
                Some((name, _)) => format!("{} columns, and `{name}` holds arrays", self.entries.len()),
                None => "no columns".to_string(),
            }
        })
    }
}

/// The next file of `--data NAME=FILE` that is a table with a key, and its key.
fn next_joined(
    named: &[(&str, String, Loaded)],
    known: &[Variable],
    drop: &[String],
) -> Result<Option<(usize, join::Key)>, DataError> {
    for (at, (_, file, loaded)) in named.iter().enumerate() {
        if let Some(key) = join::key(file, loaded, known, drop)? {
            return Ok(Some((at, key)));
        }
    }
    Ok(None)
}

fn read_source(
    path: &Path,
    file: &str,
    name: Option<&str>,
    warnings: &mut Vec<DataWarning>,
) -> Result<Loaded, DataError> {
    let held;
    let text = match Text::on_disk(file, path)? {
        Some(text) => text,
        None => {
            let bytes = std::fs::read(path).map_err(|cause| unreadable(file, cause))?;
            held = decode(file, bytes)?;
            Text::held(file, &held)
        }
    };
    let header = if name.is_some() { csv::Header::Optional } else { csv::Header::Required };
    if is_json(path, &text)? { json::read(&text, name, warnings) } else { csv::read(&text, header, warnings) }
}

fn is_json(path: &Path, text: &Text<'_>) -> Result<bool, DataError> {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    match extension.as_ref().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(true),
        Some("csv" | "tsv") => Ok(false),
        _ => Ok(matches!(text.beginning()?, [Some(b'{' | b'['), _])),
    }
}

fn is_numeric_column(values: &Values) -> bool {
    values.element.is_numeric() && values.rank() == 1
}

/// The columns of a table of numbers side by side: [rows, columns]. `None` if some column is not numeric and of rank 1.
fn columns_to_matrix(columns: &[(String, Values)]) -> Option<Values> {
    let n_rows = columns.first()?.1.shape().first().copied()?;
    if !columns.iter().all(|(_, values)| is_numeric_column(values)) {
        return None;
    }
    let all = |element| columns.iter().all(|(_, values)| values.element == element);
    let element = [ElementType::Bool, ElementType::Int].into_iter().find(|&element| all(element));
    let mut matrix = Vec::with_capacity(n_rows * columns.len());
    for row in 0..n_rows {
        matrix.extend(columns.iter().map(|(_, values)| values.flat()[row]));
    }
    Some(Values::new(element.unwrap_or(ElementType::Real), &[n_rows, columns.len()], matrix, None))
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let similarity = |other: &str| strsim::normalized_damerau_levenshtein(&name, &other.to_lowercase());
    let scored = known.map(|other| (similarity(other), other)).filter(|(score, _)| *score >= NEAR_NAME);
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, other)| other)
}

fn drop_help<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    if known.is_empty() {
        "there is no data: add `--data FILE`".into()
    } else {
        format!("the data has {}", known.join(", "))
    }
}

#[cfg(test)]
mod tests;
