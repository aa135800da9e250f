//! Element types and shapes of results: how arguments combine, and the words when they do not.

use super::CallError;
use crate::types::{Dim, ElementType, Shape, Type, broadcast};

/// Element type of a result, given those of the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    Real,
    Int,
    Bool,
    /// Int if all arguments are int or bool, else real.
    Keep,
}

impl Element {
    pub fn of<'a>(self, args: impl IntoIterator<Item = &'a Type>) -> Option<ElementType> {
        match self {
            Element::Real => Some(ElementType::Real),
            Element::Int => Some(ElementType::Int),
            Element::Bool => Some(ElementType::Bool),
            Element::Keep => match join(args) {
                Some(ElementType::Bool) => Some(ElementType::Int),
                joined => joined,
            },
        }
    }
}

/// The element type that holds all of these: bool in int in real; categories only with categories.
pub fn join<'a>(args: impl IntoIterator<Item = &'a Type>) -> Option<ElementType> {
    let order = |e: ElementType| match e {
        ElementType::Bool => 0,
        ElementType::Int => 1,
        ElementType::Category => 2,
        ElementType::Real => 3,
    };
    let elements: Vec<Option<ElementType>> = args.into_iter().map(|t| t.element).collect();
    if elements.contains(&Some(ElementType::Real)) {
        return Some(ElementType::Real);
    }
    let known: Option<Vec<ElementType>> = elements.into_iter().collect();
    known?.into_iter().max_by_key(|&e| order(e))
}

/// Refuses categories among the arguments.
pub fn numeric(args: &[Option<Type>]) -> Result<(), CallError> {
    match args.iter().position(|t| t.as_ref().is_some_and(is_category)) {
        Some(i) => Err(CallError::new("a category is not a number: use it as an index")
            .help("write a plate over its levels, `alpha[county]`, or give the data a 0/1 column")
            .about(i)),
        None => Ok(()),
    }
}

/// Refuses categories mixed with numbers.
pub fn alike(args: &[Option<Type>]) -> Result<(), CallError> {
    let given = || args.iter().flatten().filter(|t| t.element.is_some());
    if given().all(is_category) { Ok(()) } else { numeric(args) }
}

pub fn is_category(t: &Type) -> bool {
    t.element == Some(ElementType::Category)
}

/// The shape that all arguments broadcast to. `words` tells the mismatch: `cannot add {a} and {b}`.
pub fn broadcast_all<'a>(
    args: impl IntoIterator<Item = (usize, &'a Type)>,
    words: &str,
) -> Result<Shape, CallError> {
    let mut shape = Shape::scalar();
    for (i, t) in args {
        shape = broadcast(&shape, &t.shape)
            .map_err(|(m, n)| mismatch(words, &shape, &t.shape, &m, &n).about(i))?;
    }
    Ok(shape)
}

/// `cannot add [434] and [4]: lengths 434 and 4 differ`.
pub fn mismatch(words: &str, a: &Shape, b: &Shape, m: &Dim, n: &Dim) -> CallError {
    // The lengths come ordered by rank; say them in the order of the shapes.
    let (m, n) = if a.rank() >= b.rank() { (m, n) } else { (n, m) };
    let words = words.replace("{a}", &a.to_string()).replace("{b}", &b.to_string());
    let error = CallError::new(format!("{words}: lengths {m} and {n} differ"));
    if [m, n].contains(&&Dim::Known(1)) {
        error.help("a length of 1 does not stretch; take the scalar, as in `x[1]`")
    } else {
        error
    }
}

/// One length out of two that have to agree; what is unknown is believed.
pub fn same(a: &Dim, b: &Dim) -> Option<Dim> {
    match (a, b) {
        (Dim::Known(m), Dim::Known(n)) if m != n => None,
        (Dim::Known(n), _) | (_, Dim::Known(n)) => Some(Dim::Known(*n)),
        (Dim::Unknown, d) | (d, _) => Some(d.clone()),
    }
}

/// A scalar int as a length.
pub fn length(t: &Type, i: usize, what: &str) -> Result<Dim, CallError> {
    let scalar = t.shape.rank().is_none_or(|r| r == 0);
    let whole = t.element.is_none_or(|e| e == ElementType::Int);
    if !scalar || !whole {
        let found =
            if scalar { t.element.map_or("?".into(), |e| e.to_string()) } else { t.shape.to_string() };
        return Err(CallError::new(format!("{what} must be one whole number, found {found}")).about(i));
    }
    Ok(t.size.clone().unwrap_or(Dim::Unknown))
}

/// A scalar (or a shape that is not known).
pub fn scalar(t: &Type, i: usize, what: &str) -> Result<(), CallError> {
    match t.shape.rank() {
        None | Some(0) => Ok(()),
        Some(_) => Err(CallError::new(format!("{what} must be a scalar, found {}", t.shape)).about(i)),
    }
}

/// The length of a vector.
pub fn vector(t: &Type, i: usize, what: &str) -> Result<Dim, CallError> {
    match t.shape.dims() {
        None => Ok(Dim::Unknown),
        Some([n]) => Ok(n.clone()),
        Some(_) => Err(CallError::new(format!("{what} must be a vector, found {}", t.shape)).about(i)),
    }
}

/// Rows and columns of a matrix.
pub fn matrix(t: &Type, i: usize, what: &str) -> Result<(Dim, Dim), CallError> {
    match t.shape.dims() {
        None => Ok((Dim::Unknown, Dim::Unknown)),
        Some([m, n]) => Ok((m.clone(), n.clone())),
        Some(_) => Err(CallError::new(format!("{what} must be a matrix, found {}", t.shape)).about(i)),
    }
}

/// Rows of a square matrix.
pub fn square(t: &Type, i: usize, what: &str) -> Result<Dim, CallError> {
    let (m, n) = matrix(t, i, what)?;
    same(&m, &n)
        .ok_or_else(|| CallError::new(format!("{what} must be a square matrix, found {}", t.shape)).about(i))
}

/// The dimensions before the last two, and the rows, of square matrices: one, or a stack of them.
pub fn square_stack(t: &Type, i: usize, what: &str) -> Result<(Option<Vec<Dim>>, Dim), CallError> {
    match t.shape.dims() {
        None => Ok((None, Dim::Unknown)),
        Some([stack @ .., m, n]) => match same(m, n) {
            Some(n) => Ok((Some(stack.to_vec()), n)),
            None => {
                let message = format!("{what} must be a square matrix, found {}", t.shape);
                Err(CallError::new(message).about(i))
            }
        },
        Some(_) => Err(CallError::new(format!("{what} must be a matrix, found {}", t.shape)).about(i)),
    }
}

/// The dimensions before those of the matrices of two stacks; one matrix goes with a stack of any length.
pub fn stacks(a: &[Dim], b: &[Dim], words: &str) -> Result<Vec<Dim>, CallError> {
    let both = broadcast(&shape(a), &shape(b));
    match both {
        Ok(both) => Ok(both.dims().map(<[Dim]>::to_vec).unwrap_or_default()),
        Err((m, n)) => {
            let (m, n) = if a.len() >= b.len() { (m, n) } else { (n, m) };
            Err(CallError::new(format!("{words}: stacks of {m} and {n} matrices")).about(1))
        }
    }
}

pub fn shape(dims: impl Into<Vec<Dim>>) -> Shape {
    Shape(Some(dims.into()))
}
