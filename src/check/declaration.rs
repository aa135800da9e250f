//! `data` and `param`: declared types, lengths, ranges.

use super::aliases::{did_you_mean, nearest};
use super::dump::typed;
use super::error::{CheckError, primary};
use super::expression::describe;
use super::scope::Binding;
use super::{Checker, Kind};
use crate::ir::{self, Role, StatementKind};
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Shape, Type};

impl Checker<'_> {
    pub(super) fn data_declaration(
        &mut self,
        name: &ast::Name,
        element: &ast::Name,
        dims: Option<&[ast::Expr]>,
        range: Option<&ast::Interval>,
        doc: Option<&str>,
    ) -> Option<StatementKind> {
        let dims = dims.map(|dims| self.lengths(dims));
        let range = range.map(|range| self.interval(range));
        let declared = self.element_type(element);
        let free = self.free_name(&name.text, name.span, self.scopes.innermost(), None);
        let given = self.data_variable(&name.text);
        if self.data.is_some() && given.is_none() {
            let near: Vec<&str> = nearest(&name.text, self.data_index.keys().copied());
            self.error(CheckError::Data {
                message: format!("`{}` is not in the data", name.text),
                at: name.span.into(),
                label: "declared to come from the data".into(),
                help: did_you_mean(&near).or(Some("add it to the data, or remove the declaration".into())),
            });
        }
        let declared_shape = match &dims {
            None => Shape::scalar(),
            Some(dims) => Shape(dims.as_ref().map(|dims| dims.iter().map(length_of).collect())),
        };
        let ty = match given {
            Some(given) => {
                self.declaration_holds(name, declared, &declared_shape, &given.ty);
                Type { element: declared.or(given.ty.element), ..given.ty.clone() }
            }
            None => {
                let scalar_int = declared == Some(ElementType::Int) && declared_shape.rank() == Some(0);
                let size = scalar_int.then(|| Dim::Named(name.text.as_str().into()));
                Type { element: declared, shape: declared_shape, size }
            }
        };
        let observed = self.outlines.get(&name.text).is_some_and(|outline| !outline.samples.is_empty());
        let variable = ir::Variable {
            name: name.text.clone(),
            span: name.span,
            role: if observed { Role::Observed } else { Role::Data },
            doc: doc.map(str::to_string),
            ty,
        };
        let id = self.new_variable(variable, Kind::Value);
        self.declared.push(id);
        if free {
            self.scopes.bind(0, &name.text, Binding { id, span: name.span, by_element: false });
            self.lint_shadowing(&name.text, name.span);
        }
        if matches!(dims, Some(None)) || matches!(range, Some(None)) {
            return None;
        }
        let (dims, range) = (dims.flatten(), range.flatten());
        Some(StatementKind::Data { variable: id, element: declared?, dims, range })
    }

    fn element_type(&mut self, word: &ast::Name) -> Option<ElementType> {
        let element = match word.text.as_str() {
            "real" => ElementType::Real,
            "int" => ElementType::Int,
            "bool" => ElementType::Bool,
            "category" => ElementType::Category,
            other => {
                let meant = match other {
                    "float" | "double" | "number" | "numeric" | "vector" | "matrix" => Some("real"),
                    "integer" | "count" | "array" => Some("int"),
                    "boolean" | "logical" => Some("bool"),
                    "factor" | "string" | "str" | "character" | "levels" => Some("category"),
                    _ => nearest(other, ["real", "int", "bool", "category"].into_iter()).first().copied(),
                };
                self.error(CheckError::Type {
                    message: format!("there is no type `{other}`"),
                    at: word.span.into(),
                    label: "real, int, bool or category".into(),
                    help: meant.map(|meant| match other {
                        "vector" => "write real[N]".to_string(),
                        "matrix" => "write real[N, K]".to_string(),
                        _ => format!("write {meant}"),
                    }),
                });
                return None;
            }
        };
        Some(element)
    }

    /// The declared type against the one that the data have.
    fn declaration_holds(
        &mut self,
        name: &ast::Name,
        element: Option<ElementType>,
        shape: &Shape,
        given: &Type,
    ) {
        use ElementType::{Bool, Category, Int, Real};
        let fits = match (element, given.element) {
            (Some(Real), Some(Int | Bool)) | (Some(Int), Some(Bool)) | (None, _) | (_, None) => true,
            // An int column can hold 0 and 1 or the codes of levels: the data decide.
            (Some(Bool | Category), Some(Int)) => true,
            (declared, found) => declared == found,
        };
        let same = |(a, b): (&Dim, &Dim)| a.known().is_none() || b.known().is_none() || a == b;
        let shapes = match (shape.dims(), given.shape.dims()) {
            (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(same),
            _ => true,
        };
        if fits && shapes {
            return;
        }
        let declared = Type::array_of(element, shape.clone());
        self.error(CheckError::Data {
            message: format!(
                "`{}` is declared as {}, but the data have {}",
                name.text,
                typed(&declared),
                typed(given)
            ),
            at: name.span.into(),
            label: format!("declared as {}", typed(&declared)),
            help: Some("change the declaration, or the data".into()),
        });
    }

    pub(super) fn param(
        &mut self,
        name: &ast::Name,
        dims: Option<&[ast::Expr]>,
        range: Option<&ast::Interval>,
        start: Option<&ast::Expr>,
        doc: Option<&str>,
    ) -> Option<StatementKind> {
        let dims = dims.map_or(Some(Vec::new()), |dims| self.lengths(dims));
        let range = range.map(|range| self.interval(range));
        let start = start.map(|start| self.value(start));
        let shape = Shape(dims.as_ref().map(|dims| dims.iter().map(length_of).collect()));
        let ty = Type::real(shape.clone());
        let id = self.define_name(name, Role::PointEstimate, Kind::Value, ty, doc);
        if let Some(Some(start)) = &start {
            let fits = crate::types::broadcast(&shape, &start.ty.shape);
            let longer = start.ty.shape.rank() > shape.rank() && shape.rank().is_some();
            if fits.is_err() || longer {
                let message = format!("the start of `{}` has another shape", name.text);
                let labels = vec![
                    primary(start.span, describe(&start.ty)),
                    super::error::secondary(name.span, format!("`{}` is {shape}", name.text)),
                ];
                self.error(CheckError::Shape { message, labels, help: None });
            }
        }
        if matches!(range, Some(None)) || matches!(start, Some(None)) {
            return None;
        }
        let (range, start) = (range.flatten(), start.flatten());
        Some(StatementKind::Param { variable: id?, dims: dims?, range, start })
    }

    fn interval(&mut self, range: &ast::Interval) -> Option<(ir::Expr, ir::Expr)> {
        let (lower, upper) = (self.value(&range.lower), self.value(&range.upper));
        let (lower, upper) = (lower?, upper?);
        let ends = super::distribution::constant(&lower).zip(super::distribution::constant(&upper));
        if let Some((a, b)) = ends
            && a.partial_cmp(&b) != Some(std::cmp::Ordering::Less)
        {
            self.error(CheckError::ArgumentRange {
                message: "this range is empty".into(),
                at: range.span.into(),
                label: format!("nothing is above {a} and below {b}"),
                help: Some("write it as (lower, upper)".into()),
            });
            return None;
        }
        Some((lower, upper))
    }

    /// Lengths in a declaration: scalar ints.
    fn lengths(&mut self, dims: &[ast::Expr]) -> Option<Vec<ir::Expr>> {
        let mut checked = Vec::with_capacity(dims.len());
        for dim in dims {
            let length = self.value(dim);
            checked.push(length.filter(|length| {
                let whole = matches!(length.ty.element, None | Some(ElementType::Int));
                let good = whole && length.ty.shape.rank().is_none_or(|rank| rank == 0);
                if !good {
                    self.error(CheckError::Type {
                        message: "a length is one int".into(),
                        at: length.span.into(),
                        label: describe(&length.ty),
                        help: None,
                    });
                }
                good
            }));
        }
        checked.into_iter().collect()
    }
}

fn length_of(length: &ir::Expr) -> Dim {
    length.ty.size.clone().unwrap_or(Dim::Unknown)
}
