//! Observed vectors of counts against the total that each must have.

use super::CompileError;
use super::quantity::element_name;
use super::support::Origin;
use super::tracer::{Result, Tracer};
use crate::source::Span;
use crate::tape::{Node, Tensor};

impl Tracer<'_> {
    /// Every vector along the last axis holds whole numbers, 0 or more, and sums to its total, as far as that is known.
    pub fn check_counts(
        &mut self,
        values: &Tensor,
        total: Node,
        distribution: String,
        name: &str,
        at: Span,
        origin: Option<&Origin<'_>>,
    ) -> Result<()> {
        let shape = values.shape();
        let Some((&n, batch)) = shape.split_last() else { return Ok(()) };
        let flat: Vec<f64> = values.iter().copied().collect();
        let outside = |value: String, found: f64, violation: String| {
            let (distribution, violation) = (distribution.as_str().into(), violation.into());
            let (place, help) = ("".into(), "check the data: each vector of counts sums to its n".into());
            Err(CompileError::Support { value, place, found, distribution, violation, help, at })
        };
        // Of rows of others, the dimensions and the positions there.
        let whole = origin.map_or(shape, |origin| &origin.x.dims);
        let position = |k: usize| origin.map_or(k, |origin| origin.position(k));
        for (k, &count) in flat.iter().enumerate() {
            let violation = match count {
                _ if count.fract() != 0.0 => "is made of whole numbers",
                _ if count < 0.0 => "has no negative counts",
                _ => continue,
            };
            return outside(element_name(name, whole, &[], position(k)), count, violation.into());
        }
        let Some(totals) = self.broadcast_value(total, batch) else { return Ok(()) };
        for (row, (counts, total)) in flat.chunks_exact(n.max(1)).zip(totals).enumerate() {
            let sum: f64 = counts.iter().sum();
            if sum != total {
                let outer = &whole[..whole.len().saturating_sub(1)];
                let place = element_name("", outer, &[], position(row * n) / n.max(1));
                let violation = format!("sums to its n, here {total}");
                return outside(format!("sum({name}{place})"), sum, violation);
            }
        }
        Ok(())
    }
}
