//! Distributions that some of their arguments move and stretch.

use crate::tape::{Graph, Node};

use super::Instance;
use super::matrices::column;

/// Where a distribution is, and how wide, on the unconstrained scale of its support: the real line, log x, logit x.
/// There a draw is `location` plus a draw of the same distribution at location 0.
#[derive(Clone, Debug)]
pub struct LocationScale<D> {
    /// Broadcasts against the unconstrained coordinates of a draw.
    pub location: Node,
    /// As wide as a draw, more or less; exactly proportional to its distance from `location` where the distribution has no
    /// other arguments. Broadcasts as `location`.
    pub scale: Node,
    /// The distribution at location 0.
    pub centred: D,
    /// The distribution at location 0 and scale 1, where `scale` is an argument: `scale` times a draw of it is one of `centred`.
    pub standard: Option<D>,
}

impl LocationScale<Vec<Node>> {
    /// A draw on the real line, or whose log or logit has these arguments as location and scale.
    pub(super) fn of(g: &mut Graph, args: &[Node], location: usize, scale: usize) -> Self {
        let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
        let centred = replaced(args, location, zero);
        let standard = Some(replaced(&centred, scale, one));
        LocationScale { location: args[location], scale: args[scale], centred, standard }
    }

    /// A positive draw that is proportional to an argument; `scale`^-2 is about the Fisher information of that in its log.
    pub(super) fn of_log(g: &mut Graph, args: &[Node], size: usize, scale: Node) -> Self {
        let one = g.scalar(1.0);
        let centred = replaced(args, size, one);
        LocationScale { location: g.log(args[size]), scale, centred, standard: None }
    }

    /// A vector around 0 that is proportional to an argument.
    pub(super) fn of_vector(g: &mut Graph, args: &[Node], scale: usize) -> Self {
        let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
        let standard = Some(replaced(args, scale, one));
        LocationScale { location: zero, scale: column(g, args[scale]), centred: args.to_vec(), standard }
    }
}

/// The arguments with another one at a place.
fn replaced(args: &[Node], at: usize, by: Node) -> Vec<Node> {
    args.iter().enumerate().map(|(k, &arg)| if k == at { by } else { arg }).collect()
}

impl Instance {
    /// Its location and scale, where it can be moved.
    pub fn location_scale(&self, g: &mut Graph) -> Option<LocationScale<Instance>> {
        match self {
            Instance::Plain { dist, form, args } => {
                let own = dist.location_scale(g, *form, args)?;
                let LocationScale { location, scale, centred, standard } = own;
                let of = |args| Instance::Plain { dist: *dist, form: *form, args };
                Some(LocationScale { location, scale, centred: of(centred), standard: standard.map(of) })
            }
            Instance::Wrapped { wrapper, inner, .. } => {
                let scale = wrapper.proportional_to(g, inner)?;
                let location = g.scalar(0.0);
                Some(LocationScale { location, scale, centred: self.clone(), standard: None })
            }
        }
    }
}
