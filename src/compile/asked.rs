//! What questions to a posterior can do that models cannot: columns of which only imputed entries are at hand, and indices that
//! differ from draw to draw. And levels in quotes, in both.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::CompileError;
use super::partly::elements_named;
use super::positions::nearest_levels;
use super::quantity::Quantity;
use super::selection::Selection;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Place, Traced, Tuple, ValueLevels};
use crate::data::Levels;
use crate::ir::{Expr, ExprKind, Index, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::ElementType;

/// Numbers of the table by which draws of an index choose.
const MAX_CHOICES: usize = 1 << 20;

/// What a question knows beyond the model.
#[derive(Default)]
pub struct Asked {
    /// Imputed entries of columns that are not at hand: all that the name of the column can stand for.
    pub alone: BTreeMap<VariableId, Traced>,
    /// What the codes of a column stand for.
    pub levels: BTreeMap<VariableId, Arc<Levels>>,
}

impl Tracer<'_> {
    /// Binds imputed entries of a posterior beside what was observed, where there are data.
    pub fn bind_imputed(&mut self, variable: VariableId, quantity: &Quantity, node: Node) -> Result<()> {
        let span = self.model.variable(variable).span;
        let Some((tuples, rank)) = quantity.entries() else {
            let message = format!("the entries of `{}` have no places in the data", quantity.name);
            return Err(CompileError::Data { message, help: None, at: span });
        };
        // An entry that is in the data at hand stays what it is there.
        let is_new = |tuple: &Tuple| match &self.env[variable.0] {
            Some(Binding::Elements(elements)) => elements.slots.get(tuple, rank).is_none(),
            _ => true,
        };
        let new: Vec<usize> = (0..tuples.len()).filter(|&k| is_new(&tuples[k])).collect();
        let rows: Vec<u32> = new.iter().map(|&k| k as u32).collect();
        let dims = vec![new.len()];
        let selection =
            Selection { tuples: new.iter().map(|&k| tuples[k]).collect(), axes: Vec::new(), dims, rank };
        let own = if new.len() < tuples.len() { self.take_rows(node, &rows, &[], Place::Main) } else { node };
        if !self.partly.contains_key(&variable) && self.env[variable.0].is_none() {
            let mut alone = Traced::new(node, vec![quantity.len()], quantity.element);
            alone.labels.clone_from(&quantity.labels);
            self.asked.get_or_insert_default().alone.insert(variable, alone);
        }
        self.add_rows(variable, &selection, own, Vec::new(), quantity.element, span)
    }

    /// The level in `x == "level"` as a code of x.
    pub fn level_code(&mut self, of: Option<(&Expr, &Traced)>, level: &str, at: Span) -> Result<Traced> {
        let (levels, element) = match of {
            Some((_, Traced { levels: Some(ValueLevels::Category(levels)), element, .. })) => {
                (Some(levels.clone()), *element)
            }
            Some((expr, traced)) => (self.levels_of(expr), traced.element),
            None => (None, ElementType::Category),
        };
        let Some(levels) = levels else {
            return Err(CompileError::Index {
                message: format!("{level:?} is compared with something that has no levels"),
                help: Some(
                    "write a column of words on the other side, such as `county == \"HENNEPIN\"`".into(),
                ),
                at,
            });
        };
        let Some(position) = levels.position(level) else {
            return Err(CompileError::Level {
                level: level.into(),
                help: nearest_levels(level, &levels),
                at,
            });
        };
        Ok(Traced::new(self.graph.scalar(position as f64 + 1.0), Vec::new(), element))
    }

    fn levels_of(&self, expr: &Expr) -> Option<Arc<Levels>> {
        let variable = elements_named(expr)?;
        let asked = self.asked.as_ref().and_then(|asked| asked.levels.get(&variable));
        let data = || self.data.get(&self.model.variable(variable).name)?.values.levels.clone();
        asked.cloned().or_else(data)
    }

    /// `mu[z[4]]`: the first index differs from draw to draw. `None` where it does not, or in a model.
    pub fn chosen_by_draws(&mut self, base: &Traced, indices: &[Index], at: Span) -> Result<Option<Traced>> {
        let (Some(Index::At(expr)), true) = (indices.first(), self.asked.is_some()) else { return Ok(None) };
        if matches!(expr.kind, ExprKind::Str(_)) {
            return Ok(None);
        }
        let index = self.array(expr)?;
        let is_whole = matches!(index.element, ElementType::Int | ElementType::Category | ElementType::Bool);
        if self.constant(&index).is_some() || !is_whole || base.rank() == 0 {
            return Ok(None);
        }
        if index.rank() + base.rank() > 1 + indices.len() && index.rank() > 1 {
            return Err(CompileError::unsupported("an array of indices that differ from draw to draw", at));
        }
        let whole = Index::Slice { lower: None, upper: None, span: expr.span };
        let rest: Vec<Index> = std::iter::once(whole).chain(indices[1..].iter().cloned()).collect();
        let base = self.index_traced(base, &rest, at)?;
        let (k, inner) = (base.dims[0], base.dims[1..].to_vec());
        let (n, width): (usize, usize) = (index.dims.iter().product(), inner.iter().product());
        if n.saturating_mul(k).saturating_mul(width) > MAX_CHOICES {
            return Err(CompileError::unsupported(
                format!(
                    "{n} indices that differ from draw to draw, into {k} elements; ask for fewer of them"
                ),
                at,
            ));
        }
        let shape = [n, k, width];
        let graph = &mut self.graph;
        let chosen = graph.reshape(index.node, &[n, 1, 1]);
        let chosen = graph.broadcast(chosen, &shape);
        let places: Vec<f64> = (1..=k).map(|place| place as f64).collect();
        let places = graph.vector(&places);
        let places = graph.reshape(places, &[1, k, 1]);
        let places = graph.broadcast(places, &shape);
        let is_chosen = graph.equal(chosen, places);
        let values = graph.reshape(base.node, &[1, k, width]);
        let values = graph.broadcast(values, &shape);
        let (zero, none) = (graph.scalar(0.0), graph.scalar(f64::NAN));
        let own = graph.select(is_chosen, values, zero);
        let sum = graph.sum(own, &[1]);
        let n_chosen = graph.sum(is_chosen, &[1]);
        // A draw beyond the ends has no value.
        let sum = graph.select(n_chosen, sum, none);
        let dims = [&index.dims[..], &inner].concat();
        let node = graph.reshape(sum, &dims);
        let mut traced = Traced::new(node, dims, base.element);
        traced.labels[index.rank()..].clone_from_slice(&base.labels[1..]);
        Ok(Some(traced))
    }
}
