//! Builds one array from JSON values as they are read, and says at once what does not fit.

use super::cell::{Cell, MAX_EXACT_INT, all_whole, classify};
use super::error::DataWarning;
use super::values::{ElementType, Interner, Values};

/// What is wrong with a value, and what to do.
pub(super) struct Problem {
    pub message: String,
    pub help: &'static str,
}

/// An array (or scalar) that grows in row-major order.
pub(super) struct ArrayBuilder {
    name: String,
    values: Vec<f64>,
    /// Texts that are levels, or infinities if the array proves numeric, with their flat positions.
    texts: Vec<(usize, String)>,
    /// The first text that is no number.
    has_words: bool,
    has_numbers: bool,
    has_reals: bool,
    has_bools: bool,
    huge: Option<i128>,
    /// Extents known so far, by depth.
    extents: Vec<Option<usize>>,
    /// Depth of the elements, once one was seen.
    element_depth: Option<usize>,
    /// Number of elements read so far of each array that is open.
    open: Vec<usize>,
}

impl ArrayBuilder {
    pub fn new(name: &str) -> Self {
        ArrayBuilder {
            name: name.to_string(),
            values: Vec::new(),
            texts: Vec::new(),
            has_words: false,
            has_numbers: false,
            has_reals: false,
            has_bools: false,
            huge: None,
            extents: Vec::new(),
            element_depth: None,
            open: Vec::new(),
        }
    }

    pub fn begin_array(&mut self) -> Result<(), Problem> {
        let depth = self.open.len();
        if self.element_depth.is_some_and(|element_depth| element_depth <= depth) {
            return Err(self.unequal_depth("an array", "a single value"));
        }
        if self.extents.len() == depth {
            self.extents.push(None);
        }
        self.open.push(0);
        Ok(())
    }

    pub fn end_array(&mut self) -> Result<(), Problem> {
        let found = self.open.pop().unwrap_or(0);
        let depth = self.open.len();
        match self.extents[depth] {
            Some(expected) if expected != found => {
                let first = format!("{}[{}]", self.name, vec!["1"; depth].join(","));
                let message =
                    format!("{} has length {found}, but {first} has length {expected}", self.path());
                return Err(Problem {
                    message,
                    help: "all arrays at one depth have the same length; use `null` for missing values",
                });
            }
            _ => self.extents[depth] = Some(found),
        }
        self.count();
        Ok(())
    }

    /// Number of elements read of the innermost open array.
    pub fn elements_here(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    /// Fills the innermost open array up to `n` elements.
    pub fn push_missing_until(&mut self, n: usize) -> Result<(), Problem> {
        while self.elements_here() < n {
            self.push_missing()?;
        }
        Ok(())
    }

    pub fn push_missing(&mut self) -> Result<(), Problem> {
        self.push(f64::NAN)
    }

    pub fn push_int(&mut self, value: i128) -> Result<(), Problem> {
        if value.unsigned_abs() > u128::from(MAX_EXACT_INT) {
            self.huge.get_or_insert(value);
        }
        self.push_number(value as f64)
    }

    pub fn push_real(&mut self, value: f64) -> Result<(), Problem> {
        self.has_reals = true;
        self.push_number(value)
    }

    pub fn push_bool(&mut self, value: bool) -> Result<(), Problem> {
        if self.has_numbers || !self.texts.is_empty() {
            return Err(self.mixed("a bool", if self.has_words { "texts" } else { "numbers" }));
        }
        self.has_bools = true;
        self.push(f64::from(u8::from(value)))
    }

    pub fn push_text(&mut self, text: &str) -> Result<(), Problem> {
        let value = match classify(text) {
            Cell::Missing => return self.push_missing(),
            Cell::Real(value) if value.is_infinite() && !self.has_bools => value,
            _ => {
                if self.has_numbers || self.has_bools {
                    let what = format!("the text \"{}\"", shortened(text));
                    return Err(self.mixed(&what, if self.has_bools { "bools" } else { "numbers" }));
                }
                self.has_words = true;
                f64::NAN
            }
        };
        self.texts.push((self.values.len(), text.to_string()));
        self.push(value)
    }

    /// For an object where a value is expected.
    pub fn object_problem(&self) -> Problem {
        Problem {
            message: format!("{} is an object, not a number, a text or an array", self.path()),
            help: "write a table as {\"column\": [...], ...} (in pandas: `df.to_json(orient=\"records\")`)",
        }
    }

    /// The finished array under its name.
    pub fn finish(self, file: &str, warnings: &mut Vec<DataWarning>) -> (String, Values) {
        let shape: Vec<usize> = self.extents.iter().map(|extent| extent.unwrap_or(0)).collect();
        if self.has_words {
            let mut interner = Interner::default();
            let mut codes = vec![0; self.values.len()];
            for (position, text) in &self.texts {
                codes[*position] = interner.intern(text);
            }
            return (self.name, interner.into_values(&shape, codes));
        }
        let n_elements = self.values.len();
        let has_infinities = !self.texts.is_empty();
        let element = if self.has_bools {
            ElementType::Bool
        } else if self.has_reals && !all_whole(&self.values)
            || self.huge.is_some()
            || has_infinities
            || (n_elements > 0 && !self.has_numbers)
        {
            ElementType::Real
        } else {
            ElementType::Int
        };
        if let Some(&(position, ref cell)) = self.texts.first() {
            let (file, name, n) = (file.into(), self.name.clone(), self.texts.len());
            let place = element_name(&self.name, &shape, position);
            warnings.push(DataWarning::Infinite { file, name, n, place, cell: cell.clone() });
        }
        let values = Values::new(element, &shape, self.values, None);
        if n_elements > 0 && values.n_missing() == n_elements {
            warnings.push(DataWarning::AllMissing { file: file.into(), name: self.name.clone() });
        }
        if let (Some(huge), false) = (self.huge, self.has_reals) {
            let (name, value) = (self.name.clone(), huge.to_string());
            warnings.push(DataWarning::HugeIntegers { file: file.into(), name, value });
        }
        (self.name, values)
    }

    fn push_number(&mut self, value: f64) -> Result<(), Problem> {
        if self.has_bools || self.has_words {
            return Err(self.mixed("a number", if self.has_words { "texts" } else { "bools" }));
        }
        self.has_numbers = true;
        self.push(value)
    }

    fn push(&mut self, value: f64) -> Result<(), Problem> {
        let depth = self.open.len();
        if self.extents.len() > depth
            || self.element_depth.is_some_and(|element_depth| element_depth != depth)
        {
            return Err(self.unequal_depth("a single value", "an array"));
        }
        self.element_depth = Some(depth);
        self.values.push(value);
        self.count();
        Ok(())
    }

    fn count(&mut self) {
        if let Some(count) = self.open.last_mut() {
            *count += 1;
        }
    }

    fn unequal_depth(&self, found: &str, earlier: &str) -> Problem {
        Problem {
            message: format!("{} is {found}, but {earlier} came before it at the same depth", self.path()),
            help: "a value is a single one or nested arrays of one depth",
        }
    }

    fn mixed(&self, found: &str, earlier: &str) -> Problem {
        Problem {
            message: format!("{} is {found} among {earlier}", self.path()),
            help: "all elements have one type; `null` stands for missing ones",
        }
    }

    /// `X[3,1]`: the element that comes next, counted from 1.
    fn path(&self) -> String {
        if self.open.is_empty() {
            return self.name.clone();
        }
        let indices: Vec<String> = self.open.iter().map(|count| (count + 1).to_string()).collect();
        format!("{}[{}]", self.name, indices.join(","))
    }
}

/// `X[3,1]`: the element at a flat position, counted from 1.
fn element_name(name: &str, shape: &[usize], position: usize) -> String {
    if shape.is_empty() {
        return name.to_string();
    }
    let mut rest = position;
    let mut indices: Vec<String> = Vec::with_capacity(shape.len());
    for &extent in shape.iter().rev() {
        indices.push((rest % extent.max(1) + 1).to_string());
        rest /= extent.max(1);
    }
    indices.reverse();
    format!("{name}[{}]", indices.join(","))
}

/// A text short enough for a message.
fn shortened(text: &str) -> String {
    const MAX_CHARS: usize = 40;
    if text.chars().count() <= MAX_CHARS {
        text.to_string()
    } else {
        text.chars().take(MAX_CHARS).chain(['…']).collect()
    }
}
