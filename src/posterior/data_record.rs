//! What a fit remembers of its data: names and types, not values.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::check::{self, DataSummary};
use crate::data::{Dataset, Rows};
use crate::types::{Dim, ElementType, Shape, Type};

/// The data of a fit: enough to check expressions and to recognise other data of the same form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// `--data` arguments, as given.
    pub files: Vec<String>,
    pub dropped: Vec<String>,
    pub rows: Option<usize>,
    pub variables: Vec<DataVariable>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataVariable {
    pub name: String,
    pub element: String,
    pub dims: Vec<usize>,
    /// The value of a scalar int, which may be a size.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<i64>,
    /// The levels of a category.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub levels: Option<Vec<String>>,
    /// How many distinct values a vector of ints or categories has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub n_levels: Option<usize>,
}

/// The distinct values of longer vectors of ints are not counted.
const MAX_COUNTED: usize = 100_000;

impl DataRecord {
    pub fn new(dataset: &Dataset, files: Vec<String>, dropped: Vec<String>) -> DataRecord {
        let variables = dataset
            .variables()
            .map(|variable| {
                let values = &variable.values;
                let value = match (values.element, values.scalar()) {
                    (ElementType::Int, Some(x)) if x.is_finite() => Some(x as i64),
                    _ => None,
                };
                let counted = values.element == ElementType::Category || values.flat().len() <= MAX_COUNTED;
                let grouping = if counted { variable.grouping() } else { None };
                DataVariable {
                    n_levels: grouping.map(|grouping| grouping.levels.len()),
                    name: variable.name.clone(),
                    element: values.element.to_string(),
                    dims: values.shape().to_vec(),
                    value,
                    levels: values.levels.as_ref().map(|levels| levels.names().to_vec()),
                }
            })
            .collect();
        let rows = match dataset.rows() {
            Rows::Known(n) => Some(n),
            Rows::Ambiguous(_) | Rows::Absent => None,
        };
        DataRecord { files, dropped, rows, variables }
    }

    /// How data differ in form from these, if they do: a name that is missing, or of another shape or with other levels.
    pub fn difference(&self, dataset: &Dataset) -> Option<String> {
        self.variables.iter().find_map(|known| {
            let name = &known.name;
            let Some(found) = dataset.get(name).map(|variable| &variable.values) else {
                return Some(format!("`{name}` is missing"));
            };
            let levels = found.levels.as_ref().map(|levels| levels.names());
            match found.shape() {
                shape if shape != known.dims => {
                    Some(format!("`{name}` had the shape {:?} and has {shape:?}", known.dims))
                }
                _ if levels != known.levels.as_deref() => Some(format!("`{name}` has other levels")),
                _ => None,
            }
        })
    }

    /// Names and types as the checker takes them.
    pub fn summary(&self) -> DataSummary {
        let of = |variable: &DataVariable| check::DataVariable {
            name: variable.name.clone(),
            ty: variable.ty(),
            n_levels: variable.n_levels,
        };
        DataSummary { variables: self.variables.iter().map(of).collect(), rows: self.rows }
    }
}

impl DataVariable {
    fn ty(&self) -> Type {
        let element = element_type(&self.element);
        let size = self.value.map(|value| match usize::try_from(value) {
            Ok(n) => Dim::Known(n),
            Err(_) => Dim::Named(Arc::from(self.name.as_str())),
        });
        Type { element, shape: Shape::known(&self.dims), size }
    }
}

/// The type that [`ElementType`]'s `Display` writes.
pub(super) fn element_type(word: &str) -> Option<ElementType> {
    let all = [ElementType::Int, ElementType::Real, ElementType::Bool, ElementType::Category];
    all.into_iter().find(|element| element.to_string() == word)
}
