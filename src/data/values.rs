//! Named arrays of data, their levels, and their use as groupings.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use ndarray::{ArcArray, ArrayD, IxDyn};

pub use crate::types::ElementType;

/// A name of the data with its values and where they came from.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub values: Values,
    pub origin: Origin,
    grouping: OnceLock<Option<Arc<Grouping>>>,
}

/// The file that holds a variable, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file name as given on the command line; `<memory>` for values made by a program.
    pub file: Arc<str>,
    pub kind: OriginKind,
    /// Of a table that is joined by a key: the levels of the key, which the rows belong to.
    pub levels: Option<Arc<Levels>>,
}

/// Whether a variable's length counts for `rows`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// A column of a table (CSV, or a JSON array of records); all columns of one file have the same length, its rows.
    Column,
    /// An entry of a JSON object, or a file bound to one name or joined by `NAME=FILE`.
    Entry,
}

/// An array with its element type.
#[derive(Clone, Debug)]
pub struct Values {
    pub element: ElementType,
    /// Row-major; rank 0 is a scalar. Ints and bools as f64, categories as 1-based codes, NaN where missing.
    pub array: ArcArray<f64, IxDyn>,
    /// The levels behind the codes, for categories only.
    pub levels: Option<Arc<Levels>>,
    /// Flat positions of the missing elements, ascending; `None` when nothing is missing.
    pub missing: Option<Arc<[usize]>>,
    /// Lines of the file where the first of them are, in a table; empty elsewhere.
    pub missing_lines: Arc<[usize]>,
}

/// Missing elements of a table whose lines are known.
pub(super) const MOST_LINES: usize = 5;

/// The distinct values of a categorical or int variable, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    names: Vec<String>,
    /// Positions in `names`, by name.
    by_name: Vec<usize>,
}

/// A variable of rank 1 as a grouping of its rows: what `alpha[county]` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    pub levels: Arc<Levels>,
    /// 1-based position in `levels` for each row; 0 where the row is missing. [rows]
    pub codes: Arc<[u32]>,
    /// An int variable whose values are exactly 1..J: labels and positions are the same.
    pub is_positional: bool,
}

impl Variable {
    pub fn new(name: impl Into<String>, values: Values, origin: Origin) -> Self {
        Variable { name: name.into(), values, origin, grouping: OnceLock::new() }
    }

    /// A variable made by a program rather than read, as an entry.
    pub fn in_memory(name: impl Into<String>, values: Values) -> Self {
        Variable::new(name, values, Origin { file: "<memory>".into(), kind: OriginKind::Entry, levels: None })
    }

    /// The variable as a grouping: an int or categorical variable of rank 1, otherwise `None`. Computed once.
    pub fn grouping(&self) -> Option<Arc<Grouping>> {
        self.grouping.get_or_init(|| self.values.grouping().map(Arc::new)).clone()
    }
}

impl Values {
    /// Values of any shape; NaN elements count as missing. `levels` belong to categories.
    ///
    /// # Panics
    /// If the number of values is not the product of the shape.
    pub fn new(element: ElementType, shape: &[usize], values: Vec<f64>, levels: Option<Arc<Levels>>) -> Self {
        let missing: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_nan()).collect();
        let array =
            ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many values as the shape has elements");
        let missing = (!missing.is_empty()).then(|| missing.into());
        Values { element, array: array.into_shared(), levels, missing, missing_lines: [].into() }
    }

    /// A real array in row-major order.
    pub fn real(shape: &[usize], values: impl Into<Vec<f64>>) -> Self {
        Values::new(ElementType::Real, shape, values.into(), None)
    }

    /// An int array in row-major order.
    pub fn int(shape: &[usize], values: &[i64]) -> Self {
        Values::new(ElementType::Int, shape, values.iter().map(|&v| v as f64).collect(), None)
    }

    /// A bool array in row-major order.
    pub fn bool(shape: &[usize], values: &[bool]) -> Self {
        Values::new(ElementType::Bool, shape, values.iter().map(|&v| f64::from(u8::from(v))).collect(), None)
    }

    /// A categorical vector; its levels are the sorted distinct labels.
    pub fn category<S: AsRef<str>>(labels: &[S]) -> Self {
        let mut interner = Interner::default();
        let codes = labels.iter().map(|label| interner.intern(label.as_ref())).collect();
        interner.into_values(&[labels.len()], codes)
    }

    /// Extents, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    pub fn rank(&self) -> usize {
        self.array.ndim()
    }

    /// Number of missing elements.
    pub fn n_missing(&self) -> usize {
        self.missing.as_ref().map_or(0, |missing| missing.len())
    }

    /// The value of a scalar.
    pub fn scalar(&self) -> Option<f64> {
        if self.rank() == 0 { self.array.first().copied() } else { None }
    }

    /// All elements in row-major order.
    pub fn flat(&self) -> &[f64] {
        self.array.as_slice().expect("data arrays are built row-major and never rearranged")
    }

    fn grouping(&self) -> Option<Grouping> {
        if self.rank() != 1 {
            return None;
        }
        let code = |value: &f64| if value.is_nan() { 0 } else { *value as u32 };
        if let (ElementType::Category, Some(levels)) = (self.element, &self.levels) {
            let codes = self.array.iter().map(code).collect();
            return Some(Grouping { levels: levels.clone(), codes, is_positional: false });
        }
        if self.element != ElementType::Int {
            return None;
        }
        let mut distinct: Vec<f64> = self.array.iter().copied().filter(|value| !value.is_nan()).collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let is_positional =
            !distinct.is_empty() && distinct.iter().zip(1..).all(|(&value, j)| value == f64::from(j));
        let codes = if is_positional {
            self.array.iter().map(code).collect()
        } else {
            let position = |value: &f64| distinct.partition_point(|level| level < value) as u32 + 1;
            self.array.iter().map(|value| if value.is_nan() { 0 } else { position(value) }).collect()
        };
        let names = distinct.iter().map(|&value| format!("{}", value as i64)).collect();
        Some(Grouping { levels: Arc::new(Levels::new(names)), codes, is_positional })
    }
}

impl Levels {
    /// Levels in the given order; the names must be distinct.
    pub fn new(names: Vec<String>) -> Self {
        let mut by_name: Vec<usize> = (0..names.len()).collect();
        by_name.sort_unstable_by(|&a, &b| names[a].cmp(&names[b]));
        debug_assert!(by_name.windows(2).all(|pair| names[pair[0]] != names[pair[1]]));
        Levels { names, by_name }
    }

    /// The levels' names in order: by code point for categories, by value for ints.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// 0-based position of a level (its code less 1).
    pub fn position(&self, name: &str) -> Option<usize> {
        let found = self.by_name.binary_search_by(|&i| self.names[i].as_str().cmp(name));
        found.ok().map(|at| self.by_name[at])
    }
}

/// Numbers distinct labels as they come; sorts them at the end.
#[derive(Default)]
pub(super) struct Interner {
    codes: HashMap<Box<str>, u32>,
}

impl Interner {
    /// A provisional 1-based code.
    pub fn intern(&mut self, label: &str) -> u32 {
        if let Some(&code) = self.codes.get(label) {
            return code;
        }
        let code = self.codes.len() as u32 + 1;
        self.codes.insert(label.into(), code);
        code
    }

    /// What `f` makes of every distinct label, at its provisional code less 1; `None` if it makes nothing of some label.
    pub fn map_labels(&self, f: impl Fn(&str) -> Option<f64>) -> Option<Vec<f64>> {
        let mut mapped = vec![f64::NAN; self.codes.len()];
        for (label, &code) in &self.codes {
            mapped[code as usize - 1] = f(label)?;
        }
        Some(mapped)
    }

    /// The categorical array of provisional codes (0: missing), coded anew by sorted label.
    pub fn into_values(self, shape: &[usize], codes: Vec<u32>) -> Values {
        let sorted: BTreeSet<(Box<str>, u32)> = self.codes.into_iter().collect();
        let mut recoded = vec![f64::NAN; sorted.len() + 1];
        for (position, (_, provisional)) in sorted.iter().enumerate() {
            recoded[*provisional as usize] = (position + 1) as f64;
        }
        let levels = Levels::new(sorted.into_iter().map(|(label, _)| label.into_string()).collect());
        let values = codes.into_iter().map(|code| recoded[code as usize]).collect();
        Values::new(ElementType::Category, shape, values, Some(Arc::new(levels)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouping(values: Values) -> Option<Arc<Grouping>> {
        Variable::in_memory("x", values).grouping()
    }

    #[test]
    fn categories_have_sorted_levels_and_one_based_codes() {
        let values = Values::category(&["b", "a", "é", "b"]);
        let levels = values.levels.clone().unwrap();
        assert_eq!(levels.names(), ["a", "b", "é"]);
        assert_eq!(values.flat(), [2.0, 1.0, 3.0, 2.0]);
        assert_eq!((levels.position("b"), levels.position("c")), (Some(1), None));
        let grouping = grouping(values).unwrap();
        assert_eq!(*grouping.codes, [2, 1, 3, 2]);
        assert!(!grouping.is_positional);
    }

    #[test]
    fn int_levels_sort_by_value_and_keep_their_decimal_text() {
        let grouping = grouping(Values::int(&[4], &[1980, -3, 200, 1980])).unwrap();
        assert_eq!(grouping.levels.names(), ["-3", "200", "1980"]);
        assert_eq!(*grouping.codes, [3, 1, 2, 3]);
        assert_eq!(grouping.levels.position("200"), Some(1));
        assert!(!grouping.is_positional);
    }

    #[test]
    fn one_to_j_is_positional_and_gaps_are_not() {
        assert!(grouping(Values::int(&[4], &[2, 1, 3, 3])).unwrap().is_positional);
        assert!(!grouping(Values::int(&[3], &[1, 2, 4])).unwrap().is_positional);
        assert!(!grouping(Values::int(&[3], &[0, 1, 2])).unwrap().is_positional);
        assert!(!grouping(Values::int(&[0], &[])).unwrap().is_positional);
    }

    #[test]
    fn missing_rows_have_code_zero() {
        let values = Values::new(ElementType::Int, &[3], vec![5.0, f64::NAN, 4.0], None);
        assert_eq!(values.missing.as_deref(), Some(&[1][..]));
        assert_eq!(*grouping(values).unwrap().codes, [2, 0, 1]);
    }

    #[test]
    fn only_vectors_of_ints_and_categories_group() {
        assert!(grouping(Values::real(&[2], [1.0, 2.0])).is_none());
        assert!(grouping(Values::bool(&[2], &[true, false])).is_none());
        assert!(grouping(Values::int(&[], &[3])).is_none());
        assert!(grouping(Values::int(&[1, 2], &[1, 2])).is_none());
    }
}
