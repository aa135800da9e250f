//! The text of a data file: in memory, or on disk, where it is read as often as it is needed and never held whole
//! unless there is something to say about it.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::DataError;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Bytes that are read from a file at once.
const BUFFER_BYTES: usize = 1 << 18;

/// UTF-8 text without its byte order mark; places in it are counted in bytes.
pub(super) struct Text<'a> {
    /// The file, as errors name it.
    pub file: &'a str,
    source: Source<'a>,
}

enum Source<'a> {
    Held(&'a str),
    OnDisk {
        path: &'a Path,
        /// Bytes of the byte order mark.
        start: usize,
        len: usize,
        /// The whole text, once something about it is told.
        whole: OnceCell<String>,
    },
}

impl<'a> Text<'a> {
    pub fn held(file: &'a str, text: &'a str) -> Text<'a> {
        Text { file, source: Source::Held(without_mark(text)) }
    }

    /// The text of a file that can be read several times; `None` for pipes and the like.
    pub fn on_disk(file: &'a str, path: &'a Path) -> Result<Option<Text<'a>>, DataError> {
        let open = || -> std::io::Result<Option<Source<'a>>> {
            // A pipe is not to be opened here: whoever writes to it would see it closed.
            let metadata = std::fs::metadata(path)?;
            if !metadata.is_file() {
                return Ok(None);
            }
            let mut first = Vec::new();
            File::open(path)?.take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut first)?;
            let start = if first == BYTE_ORDER_MARK.as_bytes() { first.len() } else { 0 };
            let len = (metadata.len() as usize).saturating_sub(start);
            Ok(Some(Source::OnDisk { path, start, len, whole: OnceCell::new() }))
        };
        let source = open().map_err(|cause| unreadable(file, cause))?;
        Ok(source.map(|source| Text { file, source }))
    }

    /// Bytes of the text.
    pub fn len(&self) -> usize {
        match &self.source {
            Source::Held(text) => text.len(),
            Source::OnDisk { len, .. } => *len,
        }
    }

    /// Reads the text from a place on.
    pub fn reader(&self, from: usize) -> Result<Box<dyn BufRead + 'a>, DataError> {
        match &self.source {
            Source::Held(text) => Ok(Box::new(text.as_bytes().get(from..).unwrap_or_default())),
            Source::OnDisk { path, start, .. } => {
                let open = || {
                    let mut handle = File::open(path)?;
                    handle.seek(SeekFrom::Start((start + from) as u64))?;
                    Ok(handle)
                };
                let handle = open().map_err(|cause| unreadable(self.file, cause))?;
                Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, handle)))
            }
        }
    }

    /// The bytes from a place on.
    pub fn rest(&self, from: usize) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        let read = self.reader(from)?.read_to_end(&mut bytes);
        read.map_err(|cause| unreadable(self.file, cause))?;
        Ok(bytes)
    }

    /// The first two bytes that are no white space.
    pub fn beginning(&self) -> Result<[Option<u8>; 2], DataError> {
        let mut found = [None, None];
        let bytes = self.reader(0)?.bytes();
        let is_space = |byte: &std::io::Result<u8>| matches!(byte, Ok(byte) if byte.is_ascii_whitespace());
        for (slot, byte) in found.iter_mut().zip(bytes.filter(|byte| !is_space(byte))) {
            *slot = Some(byte.map_err(|cause| unreadable(self.file, cause))?);
        }
        Ok(found)
    }

    /// All of it, kept from then on.
    pub fn whole(&self) -> Result<&str, DataError> {
        let whole = match &self.source {
            Source::Held(text) => return Ok(text),
            Source::OnDisk { whole, .. } => whole,
        };
        if whole.get().is_none() {
            let text = decode(self.file, self.rest(0)?)?;
            // Set just now, if not before.
            let _ = whole.set(text);
        }
        Ok(whole.get().map_or("", String::as_str))
    }
}

/// The bytes of a file as UTF-8 text, its byte order mark included.
pub(super) fn decode(file: &str, bytes: Vec<u8>) -> Result<String, DataError> {
    String::from_utf8(bytes).map_err(|error| {
        let bytes = error.as_bytes();
        let help = match bytes {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "it is UTF-16: save it as UTF-8 (in Excel: \"CSV UTF-8\")",
            [b'P', b'K', 3, 4, ..] => "it is a spreadsheet or a zip archive: export the sheet as CSV",
            [0x1F, 0x8B, ..] => "it is compressed: unpack it first",
            _ => "save it as UTF-8 (for example: iconv -f LATIN1 -t UTF-8 FILE)",
        };
        let valid = &bytes[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        DataError::NotUtf8 { file: file.to_string(), line, help }
    })
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

pub(super) fn unreadable(file: &str, cause: std::io::Error) -> DataError {
    let help = match cause.kind() {
        std::io::ErrorKind::NotFound => {
            "check the spelling of the path; it is relative to the current directory"
        }
        std::io::ErrorKind::IsADirectory => "name the file in that directory",
        _ => "check that you may read it",
    };
    DataError::Unreadable { file: file.to_string(), cause, help }
}
