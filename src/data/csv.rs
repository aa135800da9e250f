//! Reads a table of separated values: one pass for numbers, a second one over the columns that turn out to be words.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::Loaded;
use super::cell::classify;
use super::column::{Column, Kind, Words};
use super::error::{DataError, DataWarning};
use super::snippet::{Snippet, line_of};
use super::values::{OriginKind, Values};

/// Separators that are recognised, the most usual first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// What the first line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// Column names.
    Required,
    /// Column names, unless it holds numbers only: then it is the first row.
    Optional,
}

/// Reads UTF-8 `text` (without byte order mark). The separator is the one of `,` `;` tab that occurs most in the first line.
/// Blanks around names and cells do not count.
pub(super) fn read(
    file: &str,
    text: &str,
    header: Header,
    warnings: &mut Vec<DataWarning>,
) -> Result<Loaded, DataError> {
    let table = Table { file, shared_file: file.into(), text, separator: separator(text) };
    let (names, has_header) = table.header(header, warnings)?;
    let mut columns = table.numbers(&names, has_header, warnings)?;
    let n_rows = columns.first().map_or(0, Column::len);
    if n_rows == 0 {
        return Err(DataError::NoRows { file: file.into() });
    }
    if table.looks_separated_by_spaces(&names, &columns) {
        warnings
            .push(DataWarning::SpaceSeparated { file: table.shared_file.clone(), column: names[0].clone() });
    }

    let mut values: Vec<Option<Values>> = columns.iter_mut().map(Column::take_numbers).collect();
    let is_wordy = |&i: &usize| columns[i].kind == Kind::Words && !names[i].is_empty();
    let wordy: Vec<usize> = (0..columns.len()).filter(is_wordy).collect();
    for (&i, words) in wordy.iter().zip(table.words(&wordy, has_header, n_rows)?) {
        let decimal_commas = table.separator == b';';
        let (words, warning) = words.into_values(decimal_commas, |start, suspicion| {
            suspicion.warning(table.shared_file.clone(), &names[i], line_of(text, start))
        });
        values[i] = Some(words);
        warnings.extend(warning);
    }
    for (name, column) in names.iter().zip(&columns).filter(|(name, _)| !name.is_empty()) {
        warnings.extend(column.warning(&table.shared_file, name));
    }
    let entries = names.into_iter().zip(values).filter(|(name, _)| !name.is_empty());
    Ok(Loaded {
        entries: entries.filter_map(|(name, values)| Some((name, values?))).collect(),
        kind: OriginKind::Column,
        headerless: !has_header,
    })
}

/// The separator that occurs most outside quotes in the first line, where one that occurs as often in the second line goes
/// before all others; a comma if none does.
fn separator(text: &str) -> u8 {
    let mut counts = [[0usize; SEPARATORS.len()]; 2];
    let (mut line, mut quoted) = (0, false);
    let text = text.trim_start_matches(['\r', '\n']);
    for (i, &byte) in text.as_bytes().iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            // Blank lines and the second half of `\r\n` end no line.
            b'\n' | b'\r' if !quoted && matches!(text.as_bytes()[i - 1], b'\n' | b'\r') => {}
            b'\n' | b'\r' if !quoted && line == 1 => break,
            b'\n' | b'\r' if !quoted => line += 1,
            _ if !quoted => {
                if let Some(i) = SEPARATORS.iter().position(|&separator| separator == byte) {
                    counts[line][i] += 1;
                }
            }
            _ => {}
        }
    }
    let rank = |&i: &usize| (counts[0][i] > 0 && counts[0][i] == counts[1][i], counts[0][i]);
    SEPARATORS[(0..SEPARATORS.len()).rev().max_by_key(rank).unwrap_or(0)]
}

struct Table<'a> {
    file: &'a str,
    shared_file: Arc<str>,
    text: &'a str,
    separator: u8,
}

impl Table<'_> {
    fn reader(&self) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.separator)
            .from_reader(self.text.as_bytes())
    }

    /// Column names, empty for columns to leave out, and whether the first line held them.
    fn header(
        &self,
        header: Header,
        warnings: &mut Vec<DataWarning>,
    ) -> Result<(Vec<String>, bool), DataError> {
        let mut reader = self.reader();
        let mut record = csv::StringRecord::new();
        if !reader.read_record(&mut record).map_err(|error| self.unreadable(error))? {
            return Err(DataError::Empty { file: self.file.into() });
        }
        let start = self.record_start(&record);
        self.check_closed(&record, reader.position().byte() as usize)?;
        let names: Vec<String> = record.iter().map(|name| name.trim().to_string()).collect();
        if names.iter().all(|name| name.is_empty()) && names.len() == 1 {
            return Err(DataError::Empty { file: self.file.into() });
        }

        if names.iter().all(|name| classify(name).is_number()) {
            if header == Header::Optional {
                return Ok(((1..=names.len()).map(|i| i.to_string()).collect(), false));
            }
            let (snippet, at) = Snippet::new(self.file, self.text, self.field(start, 0));
            return Err(DataError::NoHeader { file: self.file.into(), snippet, at });
        }
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (i, name) in names.iter().enumerate() {
            if name.is_empty() {
                let file = self.shared_file.clone();
                warnings.push(DataWarning::UnnamedColumn { file, position: i + 1 });
            } else if let Some(first) = seen.insert(name, i) {
                let (snippet, at) = Snippet::new(self.file, self.text, self.field(start, i));
                return Err(DataError::DuplicateColumn {
                    file: self.shared_file.clone(),
                    name: name.clone(),
                    first: first + 1,
                    second: i + 1,
                    snippet,
                    at,
                });
            }
        }
        Ok((names, true))
    }

    /// The first pass: every cell as a number, until a column proves to hold words.
    fn numbers(
        &self,
        names: &[String],
        has_header: bool,
        warnings: &mut Vec<DataWarning>,
    ) -> Result<Vec<Column>, DataError> {
        let mut columns: Vec<Column> = names.iter().map(|_| Column::default()).collect();
        let mut end_of_last = 0;
        let mut blank = None;
        self.for_each_row(has_header, |record, end| {
            if record.len() != columns.len() {
                self.check_closed(record, end)?;
                return Err(self.ragged(record, names));
            }
            for (column, cell) in columns.iter_mut().zip(record) {
                column.push(cell.trim());
            }
            if columns.len() == 1 && blank.is_none() {
                blank = self.blank_line(end_of_last, self.record_start(record));
            }
            end_of_last = end;
            if end >= self.text.len() { self.check_closed(record, end) } else { Ok(()) }
        })?;
        if let Some(line) = blank {
            warnings.push(DataWarning::BlankLine { file: self.shared_file.clone(), line });
        }
        Ok(columns)
    }

    /// The second pass: the labels of the columns `wordy`.
    fn words(&self, wordy: &[usize], has_header: bool, n_rows: usize) -> Result<Vec<Words>, DataError> {
        let mut columns: Vec<Words> = wordy.iter().map(|_| Words::new(n_rows)).collect();
        if !wordy.is_empty() {
            self.for_each_row(has_header, |record, _| {
                for (words, &i) in columns.iter_mut().zip(wordy) {
                    words.push(record.get(i).unwrap_or("").trim(), || self.record_start(record));
                }
                Ok(())
            })?;
        }
        Ok(columns)
    }

    /// Calls `f` with each row and the byte where the reader stands after it. A line of blanks alone is no row.
    fn for_each_row(
        &self,
        has_header: bool,
        mut f: impl FnMut(&csv::StringRecord, usize) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut reader = self.reader();
        let mut record = csv::StringRecord::new();
        let mut n_fields = None;
        while reader.read_record(&mut record).map_err(|error| self.unreadable(error))? {
            let is_header = n_fields.is_none() && has_header;
            let n_fields = *n_fields.get_or_insert(record.len());
            let is_blank = record.len() == 1 && n_fields > 1 && record[0].trim().is_empty();
            if !is_header && !is_blank {
                f(&record, reader.position().byte() as usize)?;
            }
        }
        Ok(())
    }

    /// One column, whose name and first cell both fall apart at blanks, may be a table that another program separated so.
    fn looks_separated_by_spaces(&self, names: &[String], columns: &[Column]) -> bool {
        let ([name], [column]) = (names, columns) else { return false };
        let n_names = name.split_whitespace().count();
        let mut lines = self.text.lines().filter(|line| !line.trim().is_empty());
        let cells: Vec<&str> = lines.nth(1).unwrap_or("").split_whitespace().collect();
        // R's write.table puts row names first and leaves them out of the header.
        let fits = cells.len() == n_names || cells.len() == n_names + 1;
        let is_number = |cell: &&str| classify(cell).is_number();
        column.kind == Kind::Words && n_names > 1 && fits && cells.iter().any(is_number)
    }

    fn ragged(&self, record: &csv::StringRecord, names: &[String]) -> DataError {
        let (found, expected) = (record.len(), names.len());
        let start = self.record_start(record);
        let (at, label) = if found > expected {
            (self.field(start, expected), format!("field {} has no column", expected + 1))
        } else {
            let last = self.field(start, found - 1);
            (last.end.saturating_sub(1).max(last.start)..last.end, format!("no value for `{}`", names[found]))
        };
        let (snippet, at) = Snippet::new(self.file, self.text, at);
        let help = if found > expected && self.separator == b',' {
            "a text with a comma is written in quotes, and a number with a decimal point"
        } else if found > expected {
            "a text with the separator in it is written in quotes"
        } else {
            "a missing value is an empty field or `NA` between separators"
        };
        let file = self.shared_file.clone();
        DataError::Ragged { file, line: line_of(self.text, start), found, expected, help, snippet, at, label }
    }

    /// An error if the record, which ends at byte `end`, does so inside quotes.
    fn check_closed(&self, record: &csv::StringRecord, end: usize) -> Result<(), DataError> {
        if end < self.text.len() {
            return Ok(());
        }
        let start = self.record_start(record);
        let Some(open) = scan_fields(&self.text.as_bytes()[start..], self.separator, usize::MAX).unclosed
        else {
            return Ok(());
        };
        let (snippet, at) = Snippet::new(self.file, self.text, start + open..start + open + 1);
        let (line, column) = (snippet.line, snippet.column);
        Err(DataError::UnclosedQuote { file: self.file.into(), line, column, snippet, at })
    }

    /// First byte of a record; the reader counts blank lines before it as its own.
    fn record_start(&self, record: &csv::StringRecord) -> usize {
        let mut start = record.position().map_or(0, |position| position.byte() as usize).min(self.text.len());
        while matches!(self.text.as_bytes().get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        start
    }

    /// The line of a blank line between the end of one record and the start of the next, if there is one.
    fn blank_line(&self, end: usize, start: usize) -> Option<usize> {
        if end == 0 {
            return None;
        }
        // The reader may stand before or after the `\n` of the record's own `\r\n`.
        let between = self.text.as_bytes().get(end..start)?;
        let between = if self.text.as_bytes()[end - 1] == b'\r' {
            between.strip_prefix(b"\n").unwrap_or(between)
        } else {
            between
        };
        (!between.is_empty()).then(|| line_of(self.text, start - between.len()))
    }

    /// Bytes of a field (0-based) of the record that starts at `start`.
    fn field(&self, start: usize, field: usize) -> Range<usize> {
        let found = scan_fields(&self.text.as_bytes()[start..], self.separator, field).last;
        start + found.start..start + found.end
    }

    fn unreadable(&self, error: csv::Error) -> DataError {
        let cause = std::io::Error::other(error);
        DataError::Unreadable { file: self.file.into(), cause, help: "check that it is a CSV file" }
    }
}

struct Scan {
    /// The field asked for, quotes included, or the last one there is.
    last: Range<usize>,
    /// The opening quote of a field that ends with the text.
    unclosed: Option<usize>,
}

/// Walks through the fields of the record at the start of `bytes` up to field number `field`.
fn scan_fields(bytes: &[u8], separator: u8, field: usize) -> Scan {
    let (mut start, mut at, mut index) = (0, 0, 0);
    loop {
        if bytes.get(start) == Some(&b'"') {
            at = start + 1;
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (None, _) => return Scan { last: start..at, unclosed: Some(start) },
                    (Some(b'"'), Some(b'"')) => at += 2,
                    (Some(b'"'), _) => break,
                    _ => at += 1,
                }
            }
            at += 1;
        }
        while bytes.get(at).is_some_and(|&byte| byte != separator && !matches!(byte, b'\r' | b'\n')) {
            at += 1;
        }
        if index == field || bytes.get(at) != Some(&separator) {
            return Scan { last: start..at, unclosed: None };
        }
        at += 1;
        start = at;
        index += 1;
    }
}
