//! What is wrong with a table, and where: rows of other lengths, open quotes, numbers too large, blank lines.

use std::io::BufRead;
use std::ops::Range;
use std::sync::Arc;

use super::{Row, Table, record_start};
use crate::data::cell::classify;
use crate::data::column::{Column, Kind};
use crate::data::error::DataError;
use crate::data::snippet::{Snippet, line_of};
use crate::data::text::unreadable;

impl Table<'_> {
    /// One column, whose name and first cell both fall apart at blanks, may be a table that another program separated so.
    pub(super) fn looks_separated_by_spaces(
        &self,
        names: &[String],
        columns: &[Column],
    ) -> Result<bool, DataError> {
        let ([name], [column]) = (names, columns) else { return Ok(false) };
        let n_names = name.split_whitespace().count();
        if column.kind != Kind::Words || n_names < 2 {
            return Ok(false);
        }
        let mut second = String::new();
        let mut n_lines = 0;
        for line in self.text.reader(0)?.lines() {
            let line = line.map_err(|cause| unreadable(self.file, cause))?;
            n_lines += usize::from(!line.trim().is_empty());
            if n_lines == 2 {
                second = line;
                break;
            }
        }
        let cells: Vec<&str> = second.split_whitespace().collect();
        // R's write.table puts row names first and leaves them out of the header.
        let fits = cells.len() == n_names || cells.len() == n_names + 1;
        Ok(fits && cells.iter().any(|cell| classify(cell).is_number()))
    }

    pub(super) fn ragged(
        &self,
        record: &csv::StringRecord,
        names: &[String],
    ) -> Result<DataError, DataError> {
        let (found, expected) = (record.len(), names.len());
        let text = self.text.whole()?;
        let (at, label) = if found > expected {
            (self.field(record, expected)?, format!("field {} has no column", expected + 1))
        } else {
            let last = self.field(record, found - 1)?;
            (last.end.saturating_sub(1).max(last.start)..last.end, format!("no value for `{}`", names[found]))
        };
        let (snippet, at) = Snippet::new(self.file, text, at);
        let help = if found > expected && self.separator == b',' {
            "a text with a comma is written in quotes, and a number with a decimal point"
        } else if found > expected {
            "a text with the separator in it is written in quotes"
        } else {
            "a missing value is an empty field or `NA` between separators"
        };
        let line = line_of(text, self.first_byte(record_start(record))?);
        let file = self.shared_file.clone();
        Ok(DataError::Ragged { file, line, found, expected, help, snippet, at, label })
    }

    /// A number beyond the largest, in a column (0-based) of the record that starts at `start`.
    pub(super) fn too_large(
        &self,
        start: usize,
        column: usize,
        name: &str,
        cell: &str,
    ) -> Result<DataError, DataError> {
        let text = self.text.whole()?;
        let start = self.first_byte(start)?;
        let found = scan_fields(&text.as_bytes()[start..], self.separator, column).last;
        let (snippet, at) = Snippet::new(self.file, text, start + found.start..start + found.end);
        let (line, column) = (line_of(text, start), name.to_string());
        Ok(DataError::TooLarge {
            file: self.shared_file.clone(),
            column,
            line,
            cell: cell.into(),
            snippet,
            at,
        })
    }

    /// An error if the record, which ends at byte `end`, does so inside quotes.
    pub(super) fn check_closed(&self, record: &csv::StringRecord, end: usize) -> Result<(), DataError> {
        if end < self.text.len() {
            return Ok(());
        }
        let start = record_start(record);
        let last = self.text.rest(start)?;
        let n_blank = last.iter().take_while(|byte| is_line_end(byte)).count();
        let Some(open) = scan_fields(&last[n_blank..], self.separator, usize::MAX).unclosed else {
            return Ok(());
        };
        let open = start + n_blank + open;
        let (snippet, at) = Snippet::new(self.file, self.text.whole()?, open..open + 1);
        let (line, column) = (snippet.line, snippet.column);
        Err(DataError::UnclosedQuote { file: self.file.into(), line, column, snippet, at })
    }

    /// First byte of a record that the reader says begins at `start`: it counts blank lines before it as its own.
    pub(super) fn first_byte(&self, start: usize) -> Result<usize, DataError> {
        let rest = self.text.whole()?.as_bytes().get(start..).unwrap_or_default();
        Ok(start + rest.iter().take_while(|byte| is_line_end(byte)).count())
    }

    /// The lines of the records that start at these bytes, which ascend, as the reader says it: blank lines before them are not
    /// theirs.
    pub(super) fn lines_at(&self, starts: &[usize]) -> Result<Arc<[usize]>, DataError> {
        let mut lines = Vec::with_capacity(starts.len());
        if starts.is_empty() {
            return Ok(lines.into());
        }
        let mut reader = self.text.reader(0)?;
        let (mut line, mut offset, mut before) = (1, 0, b' ');
        loop {
            let chunk = reader.fill_buf().map_err(|cause| unreadable(self.file, cause))?;
            if chunk.is_empty() {
                return Ok(lines.into());
            }
            for &byte in chunk {
                line += usize::from(before == b'\n' || before == b'\r' && byte != b'\n');
                while !is_line_end(&byte) && starts.get(lines.len()).is_some_and(|start| *start <= offset) {
                    lines.push(line);
                }
                (before, offset) = (byte, offset + 1);
            }
            if lines.len() == starts.len() {
                return Ok(lines.into());
            }
            let read = chunk.len();
            reader.consume(read);
        }
    }

    /// False where a row has one line of its own and no other, as nearly all have: that is known without the text.
    pub(super) fn may_follow_blank_line(&self, row: &Row<'_>) -> bool {
        let is_last = row.end >= self.text.len();
        row.n_line_feeds > 1 || row.n_line_feeds == 0 && !is_last
    }

    /// The line of a blank line between the end of one record and the start of the next, if there is one.
    pub(super) fn blank_line(&self, end: usize, start: usize) -> Result<Option<usize>, DataError> {
        let text = self.text.whole()?;
        let Some(between) = text.as_bytes().get(end..start).filter(|_| end > 0) else { return Ok(None) };
        // The reader may stand before or after the `\n` of the record's own `\r\n`.
        let between = if text.as_bytes()[end - 1] == b'\r' {
            between.strip_prefix(b"\n").unwrap_or(between)
        } else {
            between
        };
        Ok((!between.is_empty()).then(|| line_of(text, start - between.len())))
    }

    /// Bytes of a field (0-based) of a record.
    pub(super) fn field(&self, record: &csv::StringRecord, field: usize) -> Result<Range<usize>, DataError> {
        let start = self.first_byte(record_start(record))?;
        let bytes = self.text.whole()?.as_bytes().get(start..).unwrap_or_default();
        let found = scan_fields(bytes, self.separator, field).last;
        Ok(start + found.start..start + found.end)
    }

    /// Text that is not UTF-8, or a file that cannot be read any more.
    pub(super) fn unreadable(&self, error: csv::Error) -> DataError {
        if let Err(error) = self.text.whole() {
            return error;
        }
        let cause = std::io::Error::other(error);
        DataError::Unreadable { file: self.file.into(), cause, help: "check that it is a CSV file" }
    }
}

fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
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
