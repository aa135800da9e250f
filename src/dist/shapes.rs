//! Whether a value has a shape that a distribution with these arguments can give it.

use crate::tape::Graph;
use crate::types::{Shape, broadcast_dims};

use super::Instance;

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
        let event = dist.event_shape(form, &shapes);
        let Some(n_batch) = x.len().checked_sub(event.len()) else {
            return Some(format!("a draw of {name} has shape {}, found {found}", Shape::known(&event)));
        };
        let (mut batch, own) = (x[..n_batch].to_vec(), &x[n_batch..]);
        // A single number for a vector of arguments serves every element; a matrix of one element does not.
        let spreads = event.iter().all(|&n| n == 1) && dist.forms()[form].iter().all(|param| param.rank < 2);
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
