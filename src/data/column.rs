//! A column of a table while it is read: numbers as long as it can be, words otherwise.

use std::sync::Arc;

use super::cell::{Cell, all_whole, classify, parse_decimal_comma};
use super::error::DataWarning;
use super::values::{ElementType, Interner, MOST_LINES, Values};

/// A column as the first pass sees it.
#[derive(Default)]
pub(super) struct Column {
    pub kind: Kind,
    /// NaN where missing; of no use once `kind` is `Words`, except for its length.
    values: Vec<f64>,
    huge: Option<String>,
    saw_fraction: bool,
    infinite: Cells,
    too_large: Cells,
    missing: Starts,
}

/// Starts of the records of the first missing cells.
#[derive(Default)]
pub(super) struct Starts(pub Vec<usize>);

impl Starts {
    fn push(&mut self, record_start: impl Fn() -> usize) {
        if self.0.len() < MOST_LINES {
            self.0.push(record_start());
        }
    }
}

/// Cells of a kind: how many, and the first of them with the start of its record.
#[derive(Default)]
pub(super) struct Cells {
    pub n: usize,
    pub first: Option<(usize, String)>,
}

impl Cells {
    fn push(&mut self, cell: &str, record_start: impl Fn() -> usize) {
        self.n += 1;
        self.first.get_or_insert_with(|| (record_start(), cell.to_string()));
    }
}

/// What all cells so far can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// All missing.
    #[default]
    Unknown,
    Int,
    Real,
    Bool,
    Words,
}

impl Column {
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Adds a cell of the record that starts at the byte `record_start` tells.
    pub fn push(&mut self, cell: &str, record_start: impl Fn() -> usize) {
        if self.kind == Kind::Words {
            self.values.push(f64::NAN);
            return;
        }
        let (kind, value) = match classify(cell) {
            Cell::Missing => {
                self.missing.push(record_start);
                (Kind::Unknown, f64::NAN)
            }
            Cell::Int(value) => (Kind::Int, value),
            Cell::Real(value) => {
                self.saw_fraction = true;
                if value.is_infinite() {
                    self.infinite.push(cell, record_start);
                }
                (Kind::Real, value)
            }
            Cell::TooLarge => {
                self.too_large.push(cell, record_start);
                (Kind::Real, f64::INFINITY)
            }
            Cell::HugeInt(value) => {
                self.huge.get_or_insert_with(|| cell.to_string());
                (Kind::Real, value)
            }
            Cell::Bool(value) => (Kind::Bool, f64::from(u8::from(value))),
            Cell::Text => (Kind::Words, f64::NAN),
        };
        self.values.push(value);
        self.kind = match (self.kind, kind) {
            (Kind::Unknown, kind) | (kind, Kind::Unknown) => kind,
            (old, new) if old == new => old,
            (Kind::Int | Kind::Real, Kind::Int | Kind::Real) => Kind::Real,
            _ => Kind::Words,
        };
    }

    /// Moves the values out, unless the column holds words. One with no value at all counts as real, and one whose reals
    /// are all whole (3.0) as int: other programs write counts and groups so, above all beside missing values.
    pub fn take_numbers(&mut self) -> Option<Values> {
        let element = match self.kind {
            Kind::Words => return None,
            Kind::Int => ElementType::Int,
            Kind::Bool => ElementType::Bool,
            Kind::Real if self.huge.is_none() && all_whole(&self.values) => ElementType::Int,
            Kind::Real | Kind::Unknown => ElementType::Real,
        };
        let values = std::mem::take(&mut self.values);
        Some(Values::new(element, &[values.len()], values, None))
    }

    /// Of numbers; those of words are found with their labels.
    pub fn missing(&self) -> &Starts {
        &self.missing
    }

    /// Infinite values among numbers.
    pub fn infinite(&self) -> Option<&Cells> {
        Some(&self.infinite).filter(|cells| cells.n > 0 && self.kind == Kind::Real)
    }

    /// Numbers too large to be held among numbers, where `1e400` is not a word.
    pub fn too_large(&self) -> Option<&Cells> {
        Some(&self.too_large).filter(|cells| cells.n > 0 && self.kind == Kind::Real)
    }

    /// What is odd about the numbers as a whole.
    pub fn warning(&self, file: &Arc<str>, name: &str) -> Option<DataWarning> {
        let (file, name) = (file.clone(), name.to_string());
        match (self.kind, &self.huge) {
            (Kind::Unknown, _) => Some(DataWarning::AllMissing { file, name }),
            (Kind::Real, Some(value)) if !self.saw_fraction => {
                Some(DataWarning::HugeIntegers { file, name, value: value.clone() })
            }
            _ => None,
        }
    }
}

/// A column of words as the second pass sees it.
pub(super) struct Words {
    interner: Interner,
    /// Provisional codes, 0 where missing.
    codes: Vec<u32>,
    n_numbers: usize,
    n_words: usize,
    /// Start of the record, as the reader says it, and text of the first cell that is not a number.
    first_word: Option<(usize, String)>,
    /// Every word is a number with a decimal comma.
    all_decimal_commas: bool,
    missing: Starts,
}

/// Why a column of words may have been meant as one of numbers, with its first word.
pub(super) struct Suspicion {
    kind: SuspicionKind,
    cell: String,
}

enum SuspicionKind {
    MostlyNumbers { n_words: usize, n_cells: usize },
    DecimalCommasRead,
    CommasInNumbers,
}

impl Words {
    pub fn new(n_rows: usize) -> Self {
        Words {
            interner: Interner::default(),
            codes: Vec::with_capacity(n_rows),
            n_numbers: 0,
            n_words: 0,
            first_word: None,
            all_decimal_commas: true,
            missing: Starts::default(),
        }
    }

    /// Adds a cell of the record that starts at the byte `record_start` tells.
    pub fn push(&mut self, cell: &str, record_start: impl Fn() -> usize) {
        let class = classify(cell);
        if class == Cell::Missing {
            self.missing.push(record_start);
            self.codes.push(0);
            return;
        }
        self.codes.push(self.interner.intern(cell));
        if class.is_number() {
            self.n_numbers += 1;
            return;
        }
        self.n_words += 1;
        self.first_word.get_or_insert_with(|| (record_start(), cell.to_string()));
        self.all_decimal_commas = self.all_decimal_commas && parse_decimal_comma(cell).is_some();
    }

    pub fn missing(&mut self) -> Starts {
        std::mem::take(&mut self.missing)
    }

    /// The categorical column, or a real one if all words are numbers with decimal commas and those are allowed; and what
    /// is suspicious, with the start of the first such record.
    pub fn into_values(self, decimal_commas: bool) -> (Values, Option<(usize, Suspicion)>) {
        let shape = [self.codes.len()];
        let suspect = |kind| self.first_word.map(|(start, cell)| (start, Suspicion { kind, cell }));
        if self.all_decimal_commas && decimal_commas {
            let number = |label: &str| parse_decimal_comma(label).or_else(|| number(label));
            if let Some(numbers) = self.interner.map_labels(number) {
                let value = |&code: &u32| if code == 0 { f64::NAN } else { numbers[code as usize - 1] };
                let values: Vec<f64> = self.codes.iter().map(value).collect();
                return (Values::real(&shape, values), suspect(SuspicionKind::DecimalCommasRead));
            }
        }
        let suspicion = if self.all_decimal_commas {
            suspect(SuspicionKind::CommasInNumbers)
        } else if self.n_words < self.n_numbers {
            let n_cells = self.n_words + self.n_numbers;
            suspect(SuspicionKind::MostlyNumbers { n_words: self.n_words, n_cells })
        } else {
            None
        };
        (self.interner.into_values(&shape, self.codes), suspicion)
    }
}

impl Suspicion {
    pub fn warning(self, file: Arc<str>, column: &str, line: usize) -> DataWarning {
        let (column, cell) = (column.to_string(), self.cell);
        match self.kind {
            SuspicionKind::MostlyNumbers { n_words, n_cells } => {
                DataWarning::MostlyNumbers { file, column, n_words, n_cells, line, cell }
            }
            SuspicionKind::DecimalCommasRead => DataWarning::DecimalCommas { file, column, line, cell },
            SuspicionKind::CommasInNumbers => DataWarning::CommasInNumbers { file, column, line, cell },
        }
    }
}

fn number(cell: &str) -> Option<f64> {
    match classify(cell) {
        Cell::Int(value) | Cell::HugeInt(value) | Cell::Real(value) => Some(value),
        _ => None,
    }
}
