//! Reads JSON data: an object of names and values as Stan writes it, or an array of records as a table.
//!
//! - A value is a number, a bool, a text, `null`, or nested arrays of one of these, in which all arrays at one depth have the same length.
//! - An array of numbers is int if all are written as integers, otherwise real; of bools, bool; of texts, a category.
//! - `null` is missing, and so are the texts `""`, `"NA"`, `"NaN"` and `"null"` (by the rules of a CSV cell). Among numbers the texts
//!   `"Inf"`, `"+Inf"`, `"-Inf"` and `"Infinity"` are numbers, as are bare `NaN`, `Infinity` and `-Infinity`, which Python writes.
//! - In an array of records a key that a record lacks is missing there.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Loaded;
use super::error::{DataError, DataWarning};
use super::json_array::{ArrayBuilder, Problem};
use super::json_specials::quote_bare_specials;
use super::snippet::Snippet;
use super::text::Text;
use super::values::{OriginKind, Values};

/// A text of more bytes is read as a stream, which takes longer, and held only if there is something wrong with it.
const MOST_HELD_BYTES: usize = 256 << 20;

/// Reads a text. A top-level value that is no object and no table becomes the one entry `name`.
pub(super) fn read(
    text: &Text<'_>,
    name: Option<&str>,
    warnings: &mut Vec<DataWarning>,
) -> Result<Loaded, DataError> {
    if text.len() > MOST_HELD_BYTES
        && let Some(loaded) = read_stream(text, name, warnings)?
    {
        return Ok(loaded);
    }
    read_held(text.file, text.whole()?, name, warnings)
}

/// `None` where something is wrong: that is told by whoever has all of the text.
pub(super) fn read_stream(
    text: &Text<'_>,
    name: Option<&str>,
    warnings: &mut Vec<DataWarning>,
) -> Result<Option<Loaded>, DataError> {
    let is_records = text.beginning()? == [Some(b'['), Some(b'{')];
    let problem = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_reader(text.reader(0)?);
    match parse(&mut deserializer, TopSeed { name, is_records, problem: &problem }) {
        Ok(top) => top.into_loaded(text.file, warnings).map(Some),
        Err(_) => Ok(None),
    }
}

fn read_held(
    file: &str,
    text: &str,
    name: Option<&str>,
    warnings: &mut Vec<DataWarning>,
) -> Result<Loaded, DataError> {
    if text.trim().is_empty() {
        return Err(DataError::Empty { file: file.into() });
    }
    match parse_text(text, name) {
        Err(failure) if !failure.is_about_values => match quote_bare_specials(text) {
            Some(quoted) => parse_text(&quoted.text, name)
                .map_err(|failure| failure.report(file, text, |at| quoted.original(at))),
            None => Err(failure.report(file, text, |at| at)),
        },
        parsed => parsed.map_err(|failure| failure.report(file, text, |at| at)),
    }
    .and_then(|top| top.into_loaded(file, warnings))
}

/// The top level of a file, read.
enum Top {
    Object(Vec<ArrayBuilder>),
    Records(Vec<ArrayBuilder>),
    Value(ArrayBuilder),
    /// A value without a name to bind it to; what it is.
    Nameless(&'static str),
}

impl Top {
    fn into_loaded(self, file: &str, warnings: &mut Vec<DataWarning>) -> Result<Loaded, DataError> {
        let (builders, kind) = match self {
            Top::Nameless(found) => return Err(DataError::JsonTopLevel { file: file.into(), found }),
            Top::Records(columns) => (columns, OriginKind::Column),
            Top::Object(builders) => (builders, OriginKind::Entry),
            Top::Value(builder) => (vec![builder], OriginKind::Entry),
        };
        let entries: Vec<(String, Values)> =
            builders.into_iter().map(|builder| builder.finish(file, warnings)).collect();
        Ok(Loaded { entries, kind, headerless: false })
    }
}

/// A text that serde_json did not accept, or whose values do not fit together.
struct Failure {
    /// Byte offset in the text parsed.
    offset: usize,
    is_about_values: bool,
    problem: Problem,
}

impl Failure {
    fn report(self, file: &str, text: &str, original: impl Fn(usize) -> usize) -> DataError {
        let offset = original(self.offset);
        let width = text.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let (snippet, at) = Snippet::new(file, text, offset..offset + width);
        let Problem { message, help } = self.problem;
        if self.is_about_values {
            return DataError::JsonValue { message: format!("{file}: {message}"), help, snippet, at };
        }
        let (line, column) = (snippet.line, snippet.column);
        DataError::JsonSyntax { file: file.into(), line, column, message, help, snippet, at }
    }
}

/// One value and nothing after it.
fn parse<'de, R: serde_json::de::Read<'de>>(
    deserializer: &mut serde_json::Deserializer<R>,
    seed: TopSeed<'_>,
) -> serde_json::Result<Top> {
    let top = seed.deserialize(&mut *deserializer)?;
    deserializer.end()?;
    Ok(top)
}

fn parse_text(text: &str, name: Option<&str>) -> Result<Top, Failure> {
    let problem = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let is_records =
        text.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'));
    let seed = TopSeed { name, is_records, problem: &problem };
    parse(&mut deserializer, seed).map_err(|error| {
        let offset = offset_of(text, error.line(), error.column());
        match problem.into_inner() {
            Some(problem) => Failure { offset, is_about_values: true, problem },
            None => Failure { offset, is_about_values: false, problem: syntax_problem(&error) },
        }
    })
}

fn syntax_problem(error: &serde_json::Error) -> Problem {
    let full = error.to_string();
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
    let help = if error.is_eof() {
        "a `}`, `]` or `\"` is missing"
    } else if message.contains("trailing comma") {
        "remove the comma before the closing bracket"
    } else if message.contains("key must be a string") {
        "names stand in double quotes: {\"name\": value}"
    } else if message.contains("trailing characters") {
        "a file holds one JSON value"
    } else if message.starts_with("invalid type") {
        "a table is an array of objects: [{\"a\": 1, \"b\": 2}, ...]"
    } else if message.contains("number out of range") {
        "write \"Inf\" for infinity"
    } else {
        "the file must be valid JSON: {\"name\": value, ...} with texts in double quotes and `null` for missing values"
    };
    Problem { message: message.replace("EOF while parsing", "the file ends inside"), help }
}

/// Byte offset of serde_json's 1-based line and column, which counts bytes.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let line_start = match line {
        0 | 1 => 0,
        _ => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(newline, _)| newline + 1),
    };
    let mut offset = (line_start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

struct TopSeed<'a> {
    name: Option<&'a str>,
    is_records: bool,
    problem: &'a RefCell<Option<Problem>>,
}

impl<'de> DeserializeSeed<'de> for TopSeed<'_> {
    type Value = Top;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Top, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl TopSeed<'_> {
    fn scalar<E>(
        self,
        found: &'static str,
        push: impl FnOnce(&mut ArrayBuilder) -> Result<(), Problem>,
    ) -> Result<Top, E>
    where
        E: serde::de::Error,
    {
        let Some(name) = self.name else { return Ok(Top::Nameless(found)) };
        let mut builder = ArrayBuilder::new(name);
        push(&mut builder).map_err(|problem| raise(self.problem, problem))?;
        Ok(Top::Value(builder))
    }
}

impl<'de> Visitor<'de> for TopSeed<'_> {
    type Value = Top;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top, A::Error> {
        let mut builders: Vec<ArrayBuilder> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(raise(
                    self.problem,
                    Problem {
                        message: format!("`{name}` is there twice"),
                        help: "remove or rename one of the two",
                    },
                ));
            }
            let mut builder = ArrayBuilder::new(&name);
            map.next_value_seed(ElementSeed { builder: &mut builder, problem: self.problem })?;
            builders.push(builder);
        }
        Ok(Top::Object(builders))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Top, A::Error> {
        match self.name {
            _ if self.is_records => {
                let mut records = Records { columns: Vec::new(), index: HashMap::new(), n_rows: 0 };
                while seq
                    .next_element_seed(RecordSeed { records: &mut records, problem: self.problem })?
                    .is_some()
                {}
                for column in &mut records.columns {
                    column.end_array().map_err(|problem| raise(self.problem, problem))?;
                }
                Ok(Top::Records(records.columns))
            }
            None => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Top::Nameless("an array"))
            }
            Some(name) => {
                let mut builder = ArrayBuilder::new(name);
                ElementSeed { builder: &mut builder, problem: self.problem }.visit_seq(seq)?;
                Ok(Top::Value(builder))
            }
        }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Top, E> {
        self.scalar("a number", |builder| builder.push_int(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Top, E> {
        self.scalar("a number", |builder| builder.push_int(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Top, E> {
        self.scalar("a number", |builder| builder.push_real(value))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Top, E> {
        self.scalar("a bool", |builder| builder.push_bool(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Top, E> {
        self.scalar("a text", |builder| builder.push_text(value))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Top, E> {
        self.scalar("null", ArrayBuilder::push_missing)
    }
}

/// The columns of a table while its records are read.
struct Records {
    columns: Vec<ArrayBuilder>,
    index: HashMap<String, usize>,
    n_rows: usize,
}

struct RecordSeed<'a> {
    records: &'a mut Records,
    problem: &'a RefCell<Option<Problem>>,
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a record like the first")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let RecordSeed { records, problem } = self;
        let row = records.n_rows;
        while let Some(name) = map.next_key::<String>()? {
            let column = match records.index.get(&name) {
                Some(&column) => column,
                None => {
                    let mut builder = ArrayBuilder::new(&name);
                    builder.begin_array().map_err(|found| raise(problem, found))?;
                    records.index.insert(name.clone(), records.columns.len());
                    records.columns.push(builder);
                    records.columns.len() - 1
                }
            };
            let builder = &mut records.columns[column];
            if builder.elements_here() > row {
                return Err(raise(
                    problem,
                    Problem {
                        message: format!("record {} has `{name}` twice", row + 1),
                        help: "remove or rename one of the two",
                    },
                ));
            }
            builder.push_missing_until(row).map_err(|found| raise(problem, found))?;
            map.next_value_seed(ElementSeed { builder, problem })?;
        }
        records.n_rows += 1;
        for column in records.columns.iter_mut().filter(|column| column.elements_here() <= row) {
            column.push_missing_until(row + 1).map_err(|found| raise(problem, found))?;
        }
        Ok(())
    }
}

/// Adds one JSON value to an array.
struct ElementSeed<'a> {
    builder: &'a mut ArrayBuilder,
    problem: &'a RefCell<Option<Problem>>,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ElementSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, a bool, a text, null or an array of these")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let ElementSeed { builder, problem } = self;
        builder.begin_array().map_err(|found| raise(problem, found))?;
        while seq.next_element_seed(ElementSeed { builder: &mut *builder, problem })?.is_some() {}
        builder.end_array().map_err(|found| raise(problem, found))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(raise(self.problem, self.builder.object_problem()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.builder.push_int(value.into()).map_err(|found| raise(self.problem, found))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.builder.push_int(value.into()).map_err(|found| raise(self.problem, found))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.builder.push_real(value).map_err(|found| raise(self.problem, found))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.builder.push_bool(value).map_err(|found| raise(self.problem, found))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.builder.push_text(value).map_err(|found| raise(self.problem, found))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.builder.push_missing().map_err(|found| raise(self.problem, found))
    }
}

/// Leaves the problem for [`parse`] to find, and stops serde_json, which adds the place.
fn raise<E: serde::de::Error>(slot: &RefCell<Option<Problem>>, problem: Problem) -> E {
    slot.replace(Some(problem));
    E::custom("value")
}
