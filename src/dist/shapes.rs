//! Shapes of draws, and whether a value has one that a distribution with these arguments can give it.

use crate::tape::{Graph, Tensor};
use crate::types::{Shape, broadcast_dims};

use super::{Distribution, Instance, Param, Range};

/// How long one dimension of a draw is.
#[derive(Clone, Copy, Debug)]
pub enum Extent {
    /// As the last dimension of this argument.
    Last(usize),
    /// The value of this argument: one number, known before fitting.
    Value(usize),
    /// The largest value in these arguments, known before fitting.
    Largest(&'static [usize]),
}

impl Extent {
    /// The arguments whose values, not shapes alone, must be known.
    pub fn arguments(&self) -> &[usize] {
        match self {
            Extent::Last(_) => &[],
            Extent::Value(k) => std::slice::from_ref(k),
            Extent::Largest(of) => of,
        }
    }
}

/// What the shape of a draw depends on in an argument.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// Batch dimensions included.
    pub shape: &'a [usize],
    /// Its values where they are known.
    pub value: Option<&'a Tensor>,
}

impl dyn Distribution {
    /// Shape of one draw; words for the user where the arguments do not settle it.
    pub fn event_shape(&self, form: usize, args: &[Argument<'_>]) -> Result<Vec<usize>, String> {
        let name = |k: usize| self.forms()[form][k].name;
        let values = |k: usize| {
            args[k].value.ok_or_else(|| {
                format!(
                    "{} of {} must be known from the data: it says how long a draw is",
                    name(k),
                    self.name()
                )
            })
        };
        let extent = |extent: &Extent| match *extent {
            Extent::Last(k) => Ok(args[k].shape.last().copied().unwrap_or(1)),
            Extent::Value(k) => {
                let value = values(k)?;
                let first = value.iter().next().copied().unwrap_or(0.0);
                if value.iter().any(|&v| v != first) {
                    let (what, who) = (name(k), self.name());
                    return Err(format!("{what} of {who} must be one number, the same for every draw"));
                }
                Ok(first as usize)
            }
            Extent::Largest(of) => of.iter().try_fold(0, |largest, &k| {
                Ok(values(k)?.iter().fold(largest, |largest, &v| largest.max(v as usize)))
            }),
        };
        self.event(form).iter().map(extent).collect()
    }
}

impl Instance {
    /// Why this distribution has no log density at an array of shape `x` (batch and event dimensions), in words for the
    /// user. [`Instance::log_density`] is called only where there is none.
    pub fn shape_mismatch(&self, g: &Graph, x: &[usize]) -> Option<String> {
        let (dist, form, args) = match self {
            Instance::Plain { dist, form, args } => (dist, *form, args),
            Instance::Wrapped { wrapper, inner, .. } if wrapper.inner_rank(inner.len()) > 0 => {
                let mut with_component = x.to_vec();
                with_component.insert(x.len().checked_sub(inner[0].event_rank())?, 1);
                return inner[0].shape_mismatch(g, &with_component);
            }
            Instance::Wrapped { inner, .. } => return inner.iter().find_map(|d| d.shape_mismatch(g, x)),
        };
        let shapes: Vec<&[usize]> = args.iter().map(|&arg| g.shape(arg)).collect();
        if let Some(words) = dist.event_mismatch(form, &shapes) {
            return Some(words);
        }
        let (name, found) = (dist.name(), Shape::known(x));
        let known = args.iter().zip(&shapes).map(|(&arg, &shape)| Argument { shape, value: g.value(arg) });
        let event = match dist.event_shape(form, &known.collect::<Vec<_>>()) {
            Ok(event) => event,
            Err(words) => return Some(words),
        };
        let Some(n_batch) = x.len().checked_sub(event.len()) else {
            return Some(format!("a draw of {name} has shape {}, found {found}", Shape::known(&event)));
        };
        let (mut batch, own) = (x[..n_batch].to_vec(), &x[n_batch..]);
        // A single number for a vector of arguments serves every element; a matrix or a probability does not.
        let serves_all = |param: &Param| param.rank < 2 && param.range != Range::Simplex;
        let spreads = event.iter().all(|&n| n == 1) && dist.forms()[form].iter().all(serves_all);
        if own != event && !spreads {
            return Some(format!("a draw of {name} has shape {}, found {found}", Shape::known(&event)));
        }
        for (param, shape) in dist.forms()[form].iter().zip(shapes) {
            let of_argument = &shape[..shape.len().saturating_sub(param.rank)];
            let Some(both) = broadcast_dims(&batch, of_argument) else {
                let shape = Shape::known(shape);
                return Some(format!(
                    "{} of {name} has shape {shape}, which does not go with {found}",
                    param.name
                ));
            };
            batch = both;
        }
        None
    }
}
