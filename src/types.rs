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

    /// As `array`, where the element type may not be known.
    pub fn array_of(element: Option<ElementType>, shape: Shape) -> Type {
        Type { element, shape, size: None }
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

/// Indices, from 0, of element `i` of an array, row-major.
pub fn unravel(mut i: usize, dims: &[usize]) -> Vec<usize> {
    let mut at = vec![0; dims.len()];
    for (k, &n) in at.iter_mut().zip(dims).rev() {
        *k = i % n.max(1);
        i /= n.max(1);
    }
    at
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

impl Dim {
    /// Length of two pieces end to end: `N` and 1 make `N + 1`, `K - 1` and 1 make `K`.
    pub fn plus(&self, other: &Dim) -> Dim {
        match (self, other) {
            (Dim::Unknown, _) | (_, Dim::Unknown) => Dim::Unknown,
            (Dim::Known(a), Dim::Known(b)) => a.checked_add(*b).map_or(Dim::Unknown, Dim::Known),
            (Dim::Named(name), Dim::Known(n)) | (Dim::Known(n), Dim::Named(name)) => shifted(name, *n as i64),
            (Dim::Named(a), Dim::Named(b)) => {
                let ((a, m), (b, n)) = (offset(a), offset(b));
                shifted(&format!("{a} + {b}"), m + n)
            }
        }
    }

    /// What is left after taking `other` away; `None` when that is negative.
    pub fn minus(&self, other: &Dim) -> Option<Dim> {
        Some(match (self, other) {
            (Dim::Known(a), Dim::Known(b)) => Dim::Known(a.checked_sub(*b)?),
            (Dim::Named(name), Dim::Known(n)) => shifted(name, -(*n as i64)),
            (Dim::Named(a), Dim::Named(b)) => {
                let ((a, m), (b, n)) = (offset(a), offset(b));
                if a == b {
                    Dim::Known(usize::try_from(m - n).ok()?)
                } else {
                    shifted(&format!("{a} - {}", factor(b)), m - n)
                }
            }
            (Dim::Known(a), Dim::Named(b)) => Dim::Named(format!("{a} - {}", factor(b)).into()),
            (Dim::Unknown, _) | (_, Dim::Unknown) => Dim::Unknown,
        })
    }

    pub fn times(&self, other: &Dim) -> Dim {
        match (self, other) {
            (Dim::Known(0), _) | (_, Dim::Known(0)) => Dim::Known(0),
            (Dim::Unknown, _) | (_, Dim::Unknown) => Dim::Unknown,
            (Dim::Known(1), d) | (d, Dim::Known(1)) => d.clone(),
            (Dim::Known(a), Dim::Known(b)) => a.checked_mul(*b).map_or(Dim::Unknown, Dim::Known),
            (Dim::Known(n), Dim::Named(name)) | (Dim::Named(name), Dim::Known(n)) => {
                Dim::Named(format!("{n} * {}", factor(name)).into())
            }
            (Dim::Named(a), Dim::Named(b)) => Dim::Named(format!("{} * {}", factor(a), factor(b)).into()),
        }
    }

    /// The length if it is known.
    pub fn known(&self) -> Option<usize> {
        match self {
            Dim::Known(n) => Some(*n),
            _ => None,
        }
    }
}

/// `N - 1` is `N` and -1; `N` is `N` and 0.
fn offset(name: &str) -> (&str, i64) {
    for (sign, separator) in [(1, " + "), (-1, " - ")] {
        if let Some((base, digits)) = name.rsplit_once(separator)
            && let Ok(n) = digits.parse::<i64>()
        {
            return (base, sign * n);
        }
    }
    (name, 0)
}

fn shifted(name: &str, by: i64) -> Dim {
    let (base, own) = offset(name);
    match own + by {
        0 => Dim::Named(base.into()),
        n if n > 0 => Dim::Named(format!("{base} + {n}").into()),
        n => Dim::Named(format!("{base} - {}", -n).into()),
    }
}

/// Bracketed where it would otherwise bind more loosely than a product or a subtraction.
fn factor(name: &str) -> String {
    if name.contains(" + ") || name.contains(" - ") { format!("({name})") } else { name.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_add_and_subtract_by_name() {
        let n = Dim::Named("N".into());
        let k = Dim::Named("K".into());
        let one = Dim::Known(1);
        assert_eq!(n.minus(&one).map(|d| d.plus(&one)), Some(n.clone()));
        assert_eq!(n.plus(&one).minus(&n), Some(one.clone()));
        assert_eq!(n.minus(&k.plus(&one)).map(|d| d.to_string()), Some("N - K - 1".into()));
        assert_eq!(k.minus(&one).map(|d| Dim::Known(2).times(&d).to_string()), Some("2 * (K - 1)".into()));
        assert_eq!(Dim::Known(2).minus(&Dim::Known(3)), None);
        assert_eq!(n.minus(&n.plus(&one)), None);
        assert_eq!(Dim::Unknown.plus(&one), Dim::Unknown);
    }
}
