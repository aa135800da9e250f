//! What brackets select: numbers, slices, filters and levels as positions along a dimension.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::CompileError;
use super::tracer::{Result, Tracer};
use super::uses::read_in;
use super::value::{Axis, Traced, ValueLevels};
use crate::data::Levels;
use crate::ir::{Expr, ExprKind, Index};
use crate::source::Span;
use crate::types::ElementType;

/// What one bracket entry selects along its dimension.
pub struct Positions {
    /// 0-based, `[axes..., dims...]`.
    pub values: Vec<u32>,
    pub axes: Vec<Axis>,
    /// Empty for a single element, whose dimension goes away.
    pub dims: Vec<usize>,
    pub label: Option<Arc<Levels>>,
}

impl Tracer<'_> {
    /// Positions that one bracket entry names along a dimension of `len` elements; `None` for an array that is being
    /// built up, whose extent is not known yet.
    pub fn positions(
        &mut self,
        index: &Index,
        len: Option<usize>,
        label: Option<&Arc<Levels>>,
    ) -> Result<Positions> {
        let expr = match index {
            Index::Slice { lower, upper, span } => {
                let open = |end: &Option<Expr>| end.is_none();
                return match len {
                    Some(len) if open(lower) && open(upper) => Ok(Positions::whole(len, label.cloned())),
                    None if open(upper) => Err(CompileError::Index {
                        message: "a slice with an open end, of an array that has no size yet".into(),
                        help: Some("write both ends, `x[a:b]`".into()),
                        at: *span,
                    }),
                    len => self.slice(lower, upper, *span, len, label),
                };
            }
            Index::At(expr) => expr,
        };
        if let ExprKind::Str(level) = &expr.kind {
            return Positions::level(level, label, expr.span);
        }
        let value = self.array(expr)?;
        let help = "an index must be an int of the data, or a discrete latent";
        let Some(tensor) = self.constant(&value) else {
            // A latent of discrete data with missing entries is none that can be an index.
            if let Some(variable) = read_in(expr).into_iter().find(|read| self.partly.contains_key(read)) {
                return Err(self.missing_value(variable, expr.span));
            }
            return Err(CompileError::DataOnly { help: help.into(), at: expr.span });
        };
        let known: Arc<[f64]> = tensor.iter().copied().collect();
        match value.element {
            ElementType::Bool if value.rank() == 1 => self.filter(&value, len, expr.span),
            ElementType::Int | ElementType::Category | ElementType::Bool | ElementType::Real => {
                let values = match (&value.levels, label) {
                    (Some(levels), Some(label)) => self.by_level(&known, levels, label, expr.span)?,
                    _ => {
                        let tensor = tensor.clone();
                        let place = |k: usize| self.index_place(&value, &tensor, k, expr);
                        by_number(&known, len, expr.span, &place)?
                    }
                };
                Ok(Positions { values, axes: value.axes, dims: value.dims, label: None })
            }
        }
    }

    fn slice(
        &mut self,
        lower: &Option<Expr>,
        upper: &Option<Expr>,
        at: Span,
        len: Option<usize>,
        label: Option<&Arc<Levels>>,
    ) -> Result<Positions> {
        let len = len.unwrap_or(u32::MAX as usize);
        let mut end = |end: &Option<Expr>, default: usize| match end {
            Some(expr) => self.array(expr),
            None => {
                let node = self.graph.scalar(default as f64);
                Ok(Traced::new(node, Vec::new(), ElementType::Int))
            }
        };
        let ends = [end(lower, 1)?, end(upper, len)?];
        let mut numbers = [0; 2];
        for (number, value) in numbers.iter_mut().zip(&ends) {
            match self.known(value, at, "the ends of a slice must be known from the data")?.as_ref() {
                [one] => *number = *one as i64,
                _ => return self.moving_slice([&ends[0], &ends[1]], len, at),
            }
        }
        let [from, to] = numbers;
        for bound in [from, to] {
            if from <= to && (bound < 1 || bound > len as i64) {
                return Err(CompileError::IndexRange { index: bound, length: len, place: String::new(), at });
            }
        }
        let values: Vec<u32> = (from..=to).map(|k| (k - 1) as u32).collect();
        let label = label.map(|levels| {
            let names = values.iter().map(|&k| levels.names()[k as usize].clone()).collect();
            Arc::new(Levels::new(names))
        });
        Ok(Positions { dims: vec![values.len()], values, axes: Vec::new(), label })
    }

    /// Positions in a labelled dimension of values that have levels of their own: matched by name.
    pub fn by_level(
        &self,
        known: &[f64],
        own: &ValueLevels,
        label: &Arc<Levels>,
        at: Span,
    ) -> Result<Vec<u32>> {
        let missing = |name: &str| CompileError::Level {
            level: name.to_string(),
            help: nearest_levels(name, label),
            at,
        };
        match own {
            ValueLevels::Category(levels) if Arc::ptr_eq(levels, label) || levels == label => {
                Ok(known.iter().map(|&code| code as u32 - 1).collect())
            }
            ValueLevels::Category(levels) => {
                let map: Vec<Option<usize>> =
                    levels.names().iter().map(|name| label.position(name)).collect();
                known
                    .iter()
                    .map(|&code| {
                        let own = code as usize - 1;
                        map[own].map(|k| k as u32).ok_or_else(|| missing(&levels.names()[own]))
                    })
                    .collect()
            }
            ValueLevels::IntColumn(_) => {
                let numbers = label.names().iter().map(|name| name.parse::<i64>().ok());
                let map: HashMap<i64, u32> =
                    numbers.enumerate().filter_map(|(k, n)| Some((n?, k as u32))).collect();
                if map.is_empty() {
                    return by_number(known, Some(label.len()), at, &|_| String::new());
                }
                known
                    .iter()
                    .map(|&value| {
                        map.get(&(value as i64)).copied().ok_or_else(|| missing(&value.to_string()))
                    })
                    .collect()
            }
        }
    }
}

impl Positions {
    pub fn whole(len: usize, label: Option<Arc<Levels>>) -> Positions {
        Positions { values: (0..len as u32).collect(), axes: Vec::new(), dims: vec![len], label }
    }

    /// The positions, where they are neighbours in order and the same for all axes.
    pub fn range(&self) -> Option<Range<usize>> {
        let first = *self.values.first()?;
        let in_order = self.values.iter().zip(first..).all(|(&position, next)| position == next);
        let range = first as usize..first as usize + self.values.len();
        (in_order && self.axes.is_empty()).then_some(range)
    }

    fn level(level: &str, label: Option<&Arc<Levels>>, at: Span) -> Result<Positions> {
        let Some(label) = label else {
            return Err(CompileError::Index {
                message: format!("this dimension has no level {level:?}: it is not labelled"),
                help: Some("only a dimension made from a column, as in `alpha[county]`, has levels".into()),
                at,
            });
        };
        match label.position(level) {
            Some(k) => {
                Ok(Positions { values: vec![k as u32], axes: Vec::new(), dims: Vec::new(), label: None })
            }
            None => Err(CompileError::Level { level: level.into(), help: nearest_levels(level, label), at }),
        }
    }
}

/// 1-based whole numbers to positions, each checked; `place` says which one is wrong.
fn by_number(
    known: &[f64],
    len: Option<usize>,
    at: Span,
    place: &dyn Fn(usize) -> String,
) -> Result<Vec<u32>> {
    let largest = len.unwrap_or(u32::MAX as usize) as f64;
    let position = |(k, &value): (usize, &f64)| {
        if value >= 1.0 && value <= largest && value.fract() == 0.0 {
            return Ok(value as u32 - 1);
        }
        let place = place(k);
        if value.fract() != 0.0 {
            return Err(CompileError::Index {
                message: format!("index {value}{place} is not a whole number"),
                help: Some("`round`, `floor` and `div` give ints".into()),
                at,
            });
        }
        let index = value as i64;
        Err(match len {
            Some(length) => CompileError::IndexRange { index, length, place, at },
            None => CompileError::Index {
                message: format!("index {index}{place} is not a position"),
                help: Some("indices start at 1".into()),
                at,
            },
        })
    };
    known.iter().enumerate().map(position).collect()
}

pub fn nearest_levels(name: &str, label: &Levels) -> String {
    let mut scored: Vec<(f64, &String)> =
        label.names().iter().map(|level| (strsim::jaro_winkler(name, level), level)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown: Vec<String> = scored.iter().take(3).map(|(_, level)| format!("{level:?}")).collect();
    format!("it has {} levels; the nearest are {}", label.len(), shown.join(", "))
}
