//! Indexing: brackets to positions, positions to one gather.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::CompileError;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, Place, Traced, Value, ValueLevels};
use crate::data::Levels;
use crate::ir::{Expr, ExprKind, Index};
use crate::source::Span;
use crate::tape::Node;
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
    pub fn index_expr(&mut self, base: &Expr, indices: &[Index], at: Span) -> Result<Traced> {
        if let ExprKind::Variable(variable) = base.kind {
            match self.lookup(variable, base.span)? {
                Binding::Elements(elements) => return self.index_elements(variable, &elements, indices, at),
                Binding::Discrete(discrete) => return self.index_discrete(discrete, indices, at),
                Binding::Value(Value::Array(traced)) => return self.index_traced(&traced, indices, at),
                _ => {}
            }
        }
        let traced = self.array(base)?;
        self.index_traced(&traced, indices, at)
    }

    fn index_traced(&mut self, base: &Traced, indices: &[Index], at: Span) -> Result<Traced> {
        if indices.len() > base.rank() {
            return Err(CompileError::Index {
                message: format!("{} indices for an array of {} dimensions", indices.len(), base.rank()),
                help: (base.rank() == 0).then(|| "a scalar cannot be indexed".into()),
                at,
            });
        }
        let mut positions: Vec<Positions> = Vec::with_capacity(base.rank());
        for (k, index) in indices.iter().enumerate() {
            positions.push(self.positions(index, Some(base.dims[k]), base.labels[k].as_ref())?);
        }
        // Along the elements of a whole discrete latent the result has its first dimension, whatever stands before.
        let whole = |position: &Positions| position.axes.iter().any(|axis| self.is_implicit(axis));
        let first_array = positions.iter().position(|position| whole(position) || !position.dims.is_empty());
        if let Some(k) = positions.iter().rposition(whole)
            && (Some(k) != first_array || base.axes.iter().any(|axis| self.is_implicit(axis)))
        {
            return Err(CompileError::unsupported(
                "a whole discrete latent as an index after another array, or twice; write a loop over its elements",
                at,
            ));
        }
        self.select(base, positions, at)
    }

    /// The elements of `base` at the given positions of its leading dimensions.
    pub fn select(&mut self, base: &Traced, mut positions: Vec<Positions>, at: Span) -> Result<Traced> {
        for k in positions.len()..base.rank() {
            positions.push(Positions::whole(base.dims[k], base.labels[k].clone()));
        }
        if let Some(node) = self.known_block(base, &positions) {
            return Ok(selected(node, base, Vec::new(), &positions));
        }
        if base.place == Place::Step {
            for position in &mut positions {
                self.within_step(position, at)?;
            }
        }
        let mut axes: Vec<Axis> =
            base.axes.iter().chain(positions.iter().flat_map(|position| &position.axes)).copied().collect();
        let domains = std::iter::once(&base.axes).chain(positions.iter().map(|position| &position.axes));
        let domain = self.common_domain(domains, at)?;
        axes.retain(|axis| !matches!(axis, Axis::Domain(_)));
        axes.extend(domain.map(Axis::Domain));
        axes.sort_unstable();
        axes.dedup();

        let inner: usize = base.dims.iter().product();
        let base_rows = self.row_offsets(&base.axes, &axes, base.place);
        let position_rows: Vec<Vec<u32>> =
            positions.iter().map(|position| self.row_offsets(&position.axes, &axes, base.place)).collect();
        let mut strides = vec![1u32; base.rank()];
        for k in (1..base.rank()).rev() {
            strides[k - 1] = strides[k] * base.dims[k] as u32;
        }
        let dims: Vec<usize> = positions.iter().flat_map(|position| position.dims.iter().copied()).collect();
        let combinations: usize = axes.iter().map(|&axis| self.axis_len(axis, base.place)).product();
        let mut index: Vec<u32> = Vec::with_capacity(combinations * dims.iter().product::<usize>());
        let (mut run, mut wider) = (Vec::new(), Vec::new());
        for combination in 0..combinations {
            run.clear();
            run.push(base_rows[combination] * inner as u32);
            for (k, position) in positions.iter().enumerate() {
                let size: usize = position.dims.iter().product();
                let start = position_rows[k][combination] as usize * size;
                let chosen = &position.values[start..start + size];
                let stride = strides[k];
                wider.clear();
                wider.extend(run.iter().flat_map(|&offset| chosen.iter().map(move |&p| offset + p * stride)));
                std::mem::swap(&mut run, &mut wider);
            }
            index.extend_from_slice(&run);
        }
        let shape = self.full_shape(&axes, &dims, base.place);
        let graph = self.graph_at(base.place);
        let contiguous = index.iter().zip(index.first().copied().unwrap_or(0)..).all(|(&i, next)| i == next);
        let node = if contiguous && !index.is_empty() {
            graph.slice(base.node, index[0] as usize, &shape)
        } else {
            graph.gather(base.node, Arc::from(index), &shape)
        };
        Ok(selected(node, base, axes, &positions))
    }

    /// Neighbours along each dimension of an array that is known: no table of positions is needed for them.
    fn known_block(&mut self, base: &Traced, positions: &[Positions]) -> Option<Node> {
        self.constant(base)?;
        let ranges: Option<Vec<Range<usize>>> = positions.iter().map(Positions::range).collect();
        if !base.axes.is_empty() {
            return None;
        }
        let mut node = base.node;
        for (axis, range) in ranges?.into_iter().enumerate() {
            node = self.graph.take_range(node, axis, range);
        }
        let dims: Vec<usize> = positions.iter().flat_map(|position| position.dims.iter().copied()).collect();
        Some(self.graph.reshape(node, &dims))
    }

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
            return Err(CompileError::DataOnly { help: help.into(), at: expr.span });
        };
        let known: Arc<[f64]> = tensor.iter().copied().collect();
        match value.element {
            ElementType::Bool if value.rank() == 1 && value.axes.is_empty() => {
                if let Some(len) = len.filter(|&len| len != known.len()) {
                    return Err(CompileError::Index {
                        message: format!("a filter of {} elements for {len} elements", known.len()),
                        help: None,
                        at: expr.span,
                    });
                }
                let values: Vec<u32> =
                    (0..known.len() as u32).filter(|&k| known[k as usize] != 0.0).collect();
                Ok(Positions { dims: vec![values.len()], values, axes: Vec::new(), label: None })
            }
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
        let mut end = |end: &Option<Expr>, default: usize| -> Result<i64> {
            let Some(expr) = end else { return Ok(default as i64) };
            let value = self.array(expr)?;
            let known = self.known(&value, expr.span, "the ends of a slice must be known from the data")?;
            match known.as_ref() {
                [one] => Ok(*one as i64),
                _ => Err(CompileError::unsupported(
                    "a slice with an open end that changes over a loop; write both ends, `x[a:b]`",
                    expr.span,
                )),
            }
        };
        let (from, to) = (end(lower, 1)?, end(upper, len)?);
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

    /// Within a scan's step a local array can only be indexed the same way in every step.
    fn within_step(&self, position: &mut Positions, at: Span) -> Result<()> {
        let Some(scan) = &self.scan else { return Ok(()) };
        if !position.axes.iter().any(|axis| matches!(axis, Axis::Domain(_))) {
            return Ok(());
        }
        let (own, base, steps) = (scan.domain, scan.base, scan.steps);
        for axis in &mut position.axes {
            let Axis::Domain(domain) = *axis else { continue };
            if domain == own || self.inner_of(domain, own, at)? == domain {
                continue;
            }
            // The index varies along a loop around the recursion only.
            let size: usize = position.dims.iter().product();
            let target = base.unwrap_or(own);
            let rows = self.rows_between(domain, target);
            position.values = rows
                .iter()
                .flat_map(|&row| position.values[row as usize * size..][..size].iter().copied())
                .collect();
            *axis = Axis::Domain(own);
            if base.is_some() {
                return Ok(());
            }
        }
        let per_step = position.values.len() / steps;
        if per_step == 0 {
            return Ok(());
        }
        if position.values.chunks(per_step).any(|step| step != &position.values[..per_step]) {
            return Err(CompileError::unsupported(
                "an index into a local array that changes from step to step of a recursion",
                at,
            ));
        }
        position.values.truncate(per_step);
        if base.is_none() {
            position.axes.retain(|&axis| axis != Axis::Domain(own));
        }
        Ok(())
    }

    pub fn common_domain<'t>(
        &self,
        axes: impl Iterator<Item = &'t Vec<Axis>>,
        at: Span,
    ) -> Result<Option<usize>> {
        let mut common: Option<usize> = None;
        for axis in axes.flatten() {
            let Axis::Domain(domain) = *axis else { continue };
            common = Some(match common {
                None => domain,
                Some(other) => self.inner_of(domain, other, at)?,
            });
        }
        Ok(common)
    }

    /// For every combination of the result's axes, the row of a value that has only some of them.
    fn row_offsets(&self, own: &[Axis], axes: &[Axis], place: Place) -> Vec<u32> {
        let lens: Vec<usize> = axes.iter().map(|&axis| self.axis_len(axis, place)).collect();
        let mut rows = vec![0u32; lens.iter().product()];
        for (k, axis) in axes.iter().enumerate() {
            let found = own.iter().position(|o| match (o, axis) {
                (Axis::Domain(_), Axis::Domain(_)) => true,
                (o, axis) => o == axis,
            });
            let Some(mine) = found else { continue };
            let stride: usize = own[mine + 1..].iter().map(|&axis| self.axis_len(axis, place)).product();
            let map = match (own[mine], *axis) {
                (Axis::Domain(outer), Axis::Domain(inner)) if outer != inner => {
                    Some(self.rows_between(outer, inner))
                }
                _ => None,
            };
            let after: usize = lens[k + 1..].iter().product();
            for (flat, row) in rows.iter_mut().enumerate() {
                let along = flat / after % lens[k];
                let along = map.as_ref().map_or(along, |map| map[along] as usize);
                *row += (along * stride) as u32;
            }
        }
        rows
    }
}

impl Positions {
    pub fn whole(len: usize, label: Option<Arc<Levels>>) -> Positions {
        Positions { values: (0..len as u32).collect(), axes: Vec::new(), dims: vec![len], label }
    }

    /// The positions, where they are neighbours in order and the same for all axes.
    fn range(&self) -> Option<Range<usize>> {
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

/// What a value becomes where elements are selected from it.
fn selected(node: Node, base: &Traced, axes: Vec<Axis>, positions: &[Positions]) -> Traced {
    let labels = positions.iter().flat_map(|position| {
        let label = (position.dims.len() == 1).then(|| position.label.clone()).flatten();
        position.dims.iter().map(move |_| label.clone())
    });
    Traced {
        node,
        place: base.place,
        axes,
        dims: positions.iter().flat_map(|position| position.dims.iter().copied()).collect(),
        element: base.element,
        labels: labels.collect(),
        levels: base.levels.clone(),
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

fn nearest_levels(name: &str, label: &Levels) -> String {
    let mut scored: Vec<(f64, &String)> =
        label.names().iter().map(|level| (strsim::jaro_winkler(name, level), level)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown: Vec<String> = scored.iter().take(3).map(|(_, level)| format!("{level:?}")).collect();
    format!("it has {} levels; the nearest are {}", label.len(), shown.join(", "))
}
