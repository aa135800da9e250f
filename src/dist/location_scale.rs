//! Distributions that are moved and stretched by two of their arguments.

use crate::tape::Node;

use super::Instance;

/// Location and scale of a draw on the unconstrained scale of its support, each of a shape that broadcasts against the draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocationScale {
    pub location: Node,
    pub scale: Node,
}

impl Instance {
    /// The location and scale, where it is a location-scale family; wrappers make none of theirs.
    pub fn location_scale(&self) -> Option<LocationScale> {
        let Instance::Plain { dist, form, args } = self else { return None };
        let [location, scale] = dist.location_scale(*form)?;
        Some(LocationScale { location: args[location], scale: args[scale] })
    }

    /// The same family with another location and scale; itself where it has none.
    pub fn moved_to(&self, to: LocationScale) -> Instance {
        let mut moved = self.clone();
        if let Instance::Plain { dist, form, args } = &mut moved
            && let Some([location, scale]) = dist.location_scale(*form)
        {
            args[location] = to.location;
            args[scale] = to.scale;
        }
        moved
    }
}
