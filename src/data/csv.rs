//! Reads a table of separated values: one pass for numbers, a second one over the columns that turn out to be words.

mod trouble;

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::sync::Arc;

use super::Loaded;
use super::cell::classify;
use super::column::{Column, Kind, Words};
use super::error::{DataError, DataWarning};
use super::snippet::{Snippet, line_of};
use super::text::{Text, unreadable};
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

/// Reads a table. The separator is the one of `,` `;` tab that occurs most in the first line. Blanks around names and cells
/// do not count.
pub(super) fn read(
    text: &Text<'_>,
    header: Header,
    warnings: &mut Vec<DataWarning>,
) -> Result<Loaded, DataError> {
    let table = Table { file: text.file, shared_file: text.file.into(), text, separator: separator(text)? };
    let (names, has_header) = table.header(header, warnings)?;
    let mut columns = table.numbers(&names, has_header, warnings)?;
    let n_rows = columns.first().map_or(0, Column::len);
    if n_rows == 0 {
        return Err(DataError::NoRows { file: text.file.into() });
    }
    if table.looks_separated_by_spaces(&names, &columns)? {
        warnings
            .push(DataWarning::SpaceSeparated { file: table.shared_file.clone(), column: names[0].clone() });
    }

    let mut values: Vec<Option<Values>> = columns.iter_mut().map(Column::take_numbers).collect();
    let is_wordy = |&i: &usize| columns[i].kind == Kind::Words && !names[i].is_empty();
    for (values, column) in values.iter_mut().zip(&columns) {
        if let Some(values) = values {
            values.missing_lines = table.lines_at(&column.missing().0)?;
        }
    }
    let wordy: Vec<usize> = (0..columns.len()).filter(is_wordy).collect();
    for (&i, mut words) in wordy.iter().zip(table.words(&wordy, has_header, n_rows)?) {
        let decimal_commas = table.separator == b';';
        let missing = words.missing();
        let (mut words, suspicion) = words.into_values(decimal_commas);
        words.missing_lines = table.lines_at(&missing.0)?;
        values[i] = Some(words);
        if let Some((record, suspicion)) = suspicion {
            let line = line_of(text.whole()?, table.first_byte(record)?);
            warnings.push(suspicion.warning(table.shared_file.clone(), &names[i], line));
        }
    }
    for (i, (name, column)) in
        names.iter().zip(&columns).enumerate().filter(|(_, (name, _))| !name.is_empty())
    {
        if let Some((start, cell)) = column.too_large().and_then(|cells| cells.first.as_ref()) {
            return Err(table.too_large(*start, i, name, cell)?);
        }
        if let Some((cells, (start, cell))) =
            column.infinite().and_then(|cells| Some((cells, cells.first.as_ref()?)))
        {
            let line = line_of(text.whole()?, table.first_byte(*start)?);
            let place = format!("line {line}");
            let file = table.shared_file.clone();
            warnings.push(DataWarning::Infinite {
                file,
                name: name.clone(),
                n: cells.n,
                place,
                cell: cell.clone(),
            });
        }
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
fn separator(text: &Text<'_>) -> Result<u8, DataError> {
    let mut counts = [[0usize; SEPARATORS.len()]; 2];
    let (mut line, mut quoted, mut before) = (0, false, b'\n');
    for byte in text.reader(0)?.bytes() {
        let byte = byte.map_err(|cause| unreadable(text.file, cause))?;
        match byte {
            b'"' => quoted = !quoted,
            // Blank lines and the second half of `\r\n` end no line.
            b'\n' | b'\r' if !quoted && matches!(before, b'\n' | b'\r') => {}
            b'\n' | b'\r' if !quoted && line == 1 => break,
            b'\n' | b'\r' if !quoted => line += 1,
            _ if !quoted => {
                if let Some(i) = SEPARATORS.iter().position(|&separator| separator == byte) {
                    counts[line][i] += 1;
                }
            }
            _ => {}
        }
        before = byte;
    }
    let rank = |&i: &usize| (counts[0][i] > 0 && counts[0][i] == counts[1][i], counts[0][i]);
    Ok(SEPARATORS[(0..SEPARATORS.len()).rev().max_by_key(rank).unwrap_or(0)])
}

struct Table<'a> {
    file: &'a str,
    shared_file: Arc<str>,
    text: &'a Text<'a>,
    separator: u8,
}

/// A row, and what the reader has read to get it.
struct Row<'r> {
    record: &'r csv::StringRecord,
    /// The byte where the reader stands after the row.
    end: usize,
    /// Line feeds that it has read.
    n_line_feeds: u64,
}

impl<'a> Table<'a> {
    fn reader(&self) -> Result<csv::Reader<Box<dyn BufRead + 'a>>, DataError> {
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(self.separator);
        Ok(builder.from_reader(self.text.reader(0)?))
    }

    /// Column names, empty for columns to leave out, and whether the first line held them.
    fn header(
        &self,
        header: Header,
        warnings: &mut Vec<DataWarning>,
    ) -> Result<(Vec<String>, bool), DataError> {
        let mut reader = self.reader()?;
        let mut record = csv::StringRecord::new();
        if !reader.read_record(&mut record).map_err(|error| self.unreadable(error))? {
            return Err(DataError::Empty { file: self.file.into() });
        }
        self.check_closed(&record, reader.position().byte() as usize)?;
        let names: Vec<String> = record.iter().map(|name| name.trim().to_string()).collect();
        if names.iter().all(|name| name.is_empty()) && names.len() == 1 {
            return Err(DataError::Empty { file: self.file.into() });
        }

        if names.iter().all(|name| classify(name).is_number()) {
            if header == Header::Optional {
                return Ok(((1..=names.len()).map(|i| i.to_string()).collect(), false));
            }
            let (snippet, at) = Snippet::new(self.file, self.text.whole()?, self.field(&record, 0)?);
            return Err(DataError::NoHeader { file: self.file.into(), snippet, at });
        }
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (i, name) in names.iter().enumerate() {
            if name.is_empty() {
                let file = self.shared_file.clone();
                warnings.push(DataWarning::UnnamedColumn { file, position: i + 1 });
            } else if let Some(first) = seen.insert(name, i) {
                let (snippet, at) = Snippet::new(self.file, self.text.whole()?, self.field(&record, i)?);
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
        self.for_each_row(has_header, |row| {
            let Row { record, end, .. } = *row;
            if record.len() != columns.len() {
                self.check_closed(record, end)?;
                return Err(self.ragged(record, names)?);
            }
            for (column, cell) in columns.iter_mut().zip(record) {
                column.push(cell.trim(), || record_start(record));
            }
            if columns.len() == 1 && blank.is_none() && self.may_follow_blank_line(row) {
                blank = self.blank_line(end_of_last, self.first_byte(record_start(record))?)?;
            }
            end_of_last = end;
            self.check_closed(record, end)
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
            self.for_each_row(has_header, |Row { record, .. }| {
                for (words, &i) in columns.iter_mut().zip(wordy) {
                    words.push(record.get(i).unwrap_or("").trim(), || record_start(record));
                }
                Ok(())
            })?;
        }
        Ok(columns)
    }

    /// Calls `f` with each row. A line of blanks alone is no row.
    fn for_each_row(
        &self,
        has_header: bool,
        mut f: impl FnMut(&Row<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut reader = self.reader()?;
        let mut record = csv::StringRecord::new();
        let mut n_fields = None;
        while reader.read_record(&mut record).map_err(|error| self.unreadable(error))? {
            let is_header = n_fields.is_none() && has_header;
            let n_fields = *n_fields.get_or_insert(record.len());
            let is_blank = record.len() == 1 && n_fields > 1 && record[0].trim().is_empty();
            if !is_header && !is_blank {
                let end = reader.position();
                let n_line_feeds = end.line() - record.position().map_or(0, csv::Position::line);
                f(&Row { record: &record, end: end.byte() as usize, n_line_feeds })?;
            }
        }
        Ok(())
    }
}

/// Where the reader says that a record begins.
fn record_start(record: &csv::StringRecord) -> usize {
    record.position().map_or(0, |position| position.byte() as usize)
}
