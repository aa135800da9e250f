//! Types and shapes that the layers share: what the checker knows of a value before there is data.

use std::fmt;
use std::sync::Arc;

/// What one element of an array is. Every element is held as an f64: bools as 0/1, categories as 1-based codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    Int,
    Real,
    Bool,
    /// One of a set of levels, held as a 1-based code.
    Category,
}

impl ElementType {
    /// The name that a `data` declaration uses.
    pub fn name(self) -> &'static str {
        match self {
            ElementType::Int => "int",
            ElementType::Real => "real",
            ElementType::Bool => "bool",
            ElementType::Category => "category",
        }
    }

    /// Whether the values are numbers (or 0/1), not codes of levels.
    pub fn is_numeric(self) -> bool {
        self != ElementType::Category
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The length of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    Known(usize),
    /// A length that only the data tell: `N`, `K - 1`, `levels(county)`, `rows`.
    Named(Arc<str>),
    Unknown,
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Known(n) => write!(f, "{n}"),
            Dim::Named(name) => f.write_str(name),
            Dim::Unknown => f.write_str("?"),
        }
    }
}

/// Dimensions, outermost first; `None` when not even the rank is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(pub Option<Vec<Dim>>);

impl Shape {
    pub const UNKNOWN: Shape = Shape(None);

    pub fn scalar() -> Shape {
        Shape(Some(Vec::new()))
    }

    pub fn known(dims: &[usize]) -> Shape {
        Shape(Some(dims.iter().map(|&n| Dim::Known(n)).collect()))
    }

    pub fn dims(&self) -> Option<&[Dim]> {
        self.0.as_deref()
    }

    pub fn rank(&self) -> Option<usize> {
        self.0.as_ref().map(Vec::len)
    }
}

impl fmt::Display for Shape {
    /// `scalar`, `[N]`, `[434, 4]`, or `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dims() {
            None => f.write_str("?"),
            Some([]) => f.write_str("scalar"),
            Some(dims) => {
                let dims: Vec<String> = dims.iter().map(Dim::to_string).collect();
                write!(f, "[{}]", dims.join(", "))
            }
        }
    }
}

/// The type of a numeric expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// `None` when the data decide.
    pub element: Option<ElementType>,
    pub shape: Shape,
    /// For a scalar int: its value as a length, so that `beta[K - 1]` has a shape before there is data.
    pub size: Option<Dim>,
}

impl Type {
    pub fn unknown() -> Type {
        Type { element: None, shape: Shape::UNKNOWN, size: None }
    }

    pub fn real(shape: Shape) -> Type {
        Type { element: Some(ElementType::Real), shape, size: None }
    }

    pub fn int(size: Dim) -> Type {
        Type { element: Some(ElementType::Int), shape: Shape::scalar(), size: Some(size) }
    }

    pub fn array(element: ElementType, shape: Shape) -> Type {
        Type { element: Some(element), shape, size: None }
    }
}

/// Two shapes broadcast against each other: trailing dimensions aligned, as in NumPy, except that two different
/// lengths never broadcast, not even 1 against n. A mismatch gives the two lengths; what is unknown is believed.
pub fn broadcast(a: &Shape, b: &Shape) -> Result<Shape, (Dim, Dim)> {
    let (Some(a), Some(b)) = (a.dims(), b.dims()) else { return Ok(Shape::UNKNOWN) };
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let lead = long.len() - short.len();
    let mut dims = long[..lead].to_vec();
    for (x, y) in long[lead..].iter().zip(short) {
        dims.push(match (x, y) {
            (Dim::Known(m), Dim::Known(n)) if m != n => return Err((x.clone(), y.clone())),
            (Dim::Known(n), _) | (_, Dim::Known(n)) => Dim::Known(*n),
            (Dim::Unknown, d) | (d, _) => d.clone(),
        });
    }
    Ok(Shape(Some(dims)))
}

/// Exact lengths broadcast as the engine does it: as in NumPy, 1 against n included.
pub fn broadcast_dims(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |dims: &[usize], i: usize| (i + dims.len()).checked_sub(rank).map_or(1, |k| dims[k]);
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (1, n) | (n, 1) => Some(n),
            (m, n) if m == n => Some(n),
            _ => None,
        })
        .collect()
}
