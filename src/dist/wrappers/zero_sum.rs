//! Vectors of draws that sum to zero.

use rand::Rng;

use crate::constraint;
use crate::dist::formula::{HALF_LN_2PI, like, standard_normal, sum_last};
use crate::dist::{Elsewhere, Instance, Param, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};

use super::ordered::length;

/// K draws of D, given that they sum to zero: the last dimension is the vector. Of Normal elements the density is divided by
/// that of the sum, and integrates to 1 over the hyperplane; otherwise it is the density of the elements as it is, not
/// normalised, and the arguments must be constants: what depends on them would be missing.
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
        let Some(moments) = normal(&inner[0]) else { return value };
        // Along the unit normal of the hyperplane, sum(x) / sqrt(K) is normal: its log density at 0 is taken off.
        let [mean, sd] = moments.map(|moment| like(g, moment, x));
        let (total, variance) = (sum_last(g, mean), g.square(sd));
        let variance = sum_last(g, variance);
        let square = g.square(total);
        let exponent = g.div(square, variance);
        let exponent = g.mul_scalar(exponent, 0.5);
        let log_variance = g.log(variance);
        let log_sd = g.mul_scalar(log_variance, 0.5);
        let log_normalizer = g.add_scalar(log_sd, HALF_LN_2PI - 0.5 * (length(g, x) as f64).ln());
        let of_sum = g.add(exponent, log_normalizer);
        g.add(value, of_sum)
    }

    /// The sd of normal elements around 0.
    fn proportional_to(&self, g: &mut Graph, inner: &[Instance]) -> Option<Node> {
        let [mean, sd] = normal(&inner[0])?;
        let is_one = g.shape(sd).last().is_none_or(|&len| len == 1);
        let is_zero = g.value(mean).is_some_and(|mean| mean.iter().all(|&mean| mean == 0.0));
        (is_one && is_zero).then_some(sd)
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Option<String> {
        let who = inner[0].describe();
        if inner[0].event_rank() > 0 {
            return Some(format!("zero_sum takes distributions of numbers, and a draw of {who} is an array"));
        }
        let latent = inner[0].arguments().iter().any(|&arg| g.value(arg).is_none());
        if latent && normal(&inner[0]).is_none() {
            return Some(format!(
                "zero_sum({who}) is not supported with arguments that depend on latents: its density is normalised for Normal \
                 elements only"
            ));
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

    fn normalized(&self, _g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> bool {
        normal(&inner[0]).is_some()
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
        let [mean, sd] = normal(&inner[0])?;
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
        "sum log D(x[k]) for sum(x) = 0, less log Normal(0; sum(mean) / sqrt(K), sqrt(sum(sd^2) / K)) for Normal(mean, sd) elements"
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

/// Means and sds of Normal elements.
fn normal(inner: &Instance) -> Option<[Node; 2]> {
    match inner {
        Instance::Plain { dist, form, args } => dist.as_normal(*form, args),
        Instance::Wrapped { .. } => None,
    }
}
