//! Vectors of draws that sum to zero.

use rand::Rng;

use crate::constraint;
use crate::dist::formula::{HALF_LN_2PI, standard_normal, sum_last};
use crate::dist::{Elsewhere, Instance, Param, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};

use super::ordered::length;

/// K draws of D, given that they sum to zero: the last dimension is the vector. Where D is the same Normal for all elements
/// the density is divided by that of the sum, and integrates to 1 over the hyperplane; otherwise it is the density of the
/// elements as it is, not normalised.
pub struct ZeroSum;

impl Wrapper for ZeroSum {
    fn name(&self) -> &'static str {
        "zero_sum"
    }

    fn summary(&self) -> &'static str {
        "sums to zero along the last dimension"
    }

    fn params(&self) -> &'static [Param] {
        &[]
    }

    fn event_rank(&self, _inner: &[Instance]) -> usize {
        1
    }

    fn support(&self, _g: &mut Graph, _inner: &[Instance], _args: &[Option<Node>]) -> Support {
        Support::Continuous { constraint: &constraint::ZeroSum, bounds: vec![] }
    }

    /// Relative to lengths and areas on the hyperplane.
    fn log_density(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>], x: Node) -> Node {
        let elements = inner[0].log_density(g, x);
        let value = sum_last(g, elements);
        let Some((mean, sd)) = normal(&inner[0]).filter(|_| inner[0].identical_along_last(g)) else {
            return value;
        };
        // Along the unit normal of the hyperplane, sum(x) / sqrt(K) is Normal(sqrt(K) mean, sd).
        let k = length(g, x) as f64;
        let (mean, sd) = (first_of_last(g, mean), first_of_last(g, sd));
        let z = g.div(mean, sd);
        let square = g.square(z);
        let exponent = g.mul_scalar(square, 0.5 * k);
        let log_sd = g.log(sd);
        let log_normalizer = g.add_scalar(log_sd, HALF_LN_2PI);
        let of_sum = g.add(exponent, log_normalizer);
        g.add(value, of_sum)
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Option<String> {
        let who = inner[0].describe();
        if inner[0].event_rank() > 0 {
            return Some(format!("zero_sum takes distributions of numbers, and a draw of {who} is an array"));
        }
        match inner[0].support(g) {
            Support::Integers { .. } => {
                Some(format!("zero_sum takes continuous distributions, and {who} is discrete"))
            }
            support => support.bounds().iter().any(Option::is_some).then(|| {
                format!(
                    "zero_sum({who}) is not supported: its draws must range over all numbers to sum to zero"
                )
            }),
        }
    }

    fn normalized(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> bool {
        normal(&inner[0]).is_some() && inner[0].identical_along_last(g)
    }

    /// Normal elements, whatever their means and sds: what their sum is off is taken off in proportion to the variances.
    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        _args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        let (mean, sd) = normal(&inner[0])?;
        let k = *event.last()?;
        let batch: Vec<usize> = draw.batch.iter().copied().chain([k]).collect();
        let mut x = Vec::with_capacity(k);
        let mut variances = Vec::with_capacity(k);
        for i in 0..k {
            let at: Vec<usize> = draw.at.iter().copied().chain([i]).collect();
            let here = Sampler { value: draw.value, batch: &batch, at: &at };
            let (mean, sd) = (*here.argument(mean, 0).first()?, *here.argument(sd, 0).first()?);
            x.push(mean + sd * standard_normal(rng));
            variances.push(sd * sd);
        }
        let share = x.iter().sum::<f64>() / variances.iter().sum::<f64>();
        x.iter_mut().zip(variances).for_each(|(x, variance)| *x -= variance * share);
        Some(x)
    }

    fn formula(&self) -> &'static str {
        "sum log D(x[k]) for sum(x) = 0, less log Normal(0; sqrt(K) mean, sd) where the elements are independent and identical Normal(mean, sd)"
    }

    fn example(&self) -> &'static str {
        "effect[4] ~ zero_sum(Normal(0, 1))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("sum_to_zero_vector[K] x; x ~ normal(0, sigma)"),
            pymc: Some("ZeroSumNormal(sigma, shape = K)"),
            r: None,
        }
    }
}

/// Mean and sd of a Normal.
fn normal(inner: &Instance) -> Option<(Node, Node)> {
    match inner {
        Instance::Plain { dist, form: 0, args } if dist.name() == "Normal" => Some((args[0], args[1])),
        _ => None,
    }
}

/// The first element along the last axis, which is dropped; a number is itself.
fn first_of_last(g: &mut Graph, x: Node) -> Node {
    let mut shape = g.shape(x).to_vec();
    let Some(n) = shape.pop() else { return x };
    let rows: usize = shape.iter().product();
    let index: Vec<u32> = (0..rows).map(|row| (row * n) as u32).collect();
    g.gather(x, index.into(), &shape)
}
