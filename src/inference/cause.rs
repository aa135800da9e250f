//! Why a latent is not known: which of the shapes that are hard to fit the draws of a posterior have, and log p around them.

mod sketch;

use super::coordinates::{Coordinates, base_name};
use super::fit::{Fit, Fitted};
use super::importance::Proposal;
use super::linear::{Matrix, symmetric_eigen};
use super::target::Target;
use crate::density::{LogDensity, TermKind};
use sketch::{correlation, mean, median, ranks, spread};

pub use sketch::Sketch;

/// What stands in the way of knowing a latent; numbers are coordinates.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// log p does not change, however far these move together along a line: it cannot be normalised.
    Improper(Vec<usize>),
    /// The modes differ by an exchange of two elements of a latent.
    Exchange(usize, usize),
    /// The modes differ by the signs of these.
    Sign(Vec<usize>),
    /// So many modes were found, or groups of chains that stay apart.
    Modes(usize),
    /// It goes along with another, so that only one combination of the two is known.
    Ridge { with: usize, correlation: f64, relation: Relation },
    /// The scale of one depends on the other.
    Funnel { scale: usize, of: usize },
    /// It lies on a curve with another.
    Curve { with: usize },
    /// Draws are on the way to where log p is infinite.
    Runaway(Runaway),
    /// Nothing but its own prior speaks of it.
    Prior,
}

/// What two latents on a ridge have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Sum,
    Product,
}

/// Rank correlation from which two latents are one.
const RIDGE: f64 = 0.98;
/// The same between their distances from 0, where only a product is known.
const PRODUCT: f64 = 0.9;
/// Sd of a log scale, and rank correlation of a distance from the median with what it follows, from which there is a funnel.
const NECK: f64 = 0.5;
/// Share of draws within so much of the median distance from the median, of those where a funnel is wide: 13% of a normal.
const NEAR: f64 = 0.25;
const FULL: f64 = 0.05;
/// Distance of two modes, in sds of the first, from which they are two; and up to which a mode is where another's mirror image is.
const APART: f64 = 2.0;
const ALIKE: f64 = 1.0;
/// Gap between the means of groups of chains, in sds within a chain.
const GAP: f64 = 3.0;
/// Nats up to which log p is the same, and what of it may be rounding.
const SAME: f64 = 1e-3;
const ROUNDED: f64 = 1e-10;
/// Nats by which statements other than its own change over four sds of a latent that only its prior speaks of.
const SILENT: f64 = 0.1;
/// Latents up to which lines that log p does not change along are looked for.
const MAX_EIGEN: usize = 100;
/// Sums and products of all second derivatives at one point, up to which they are looked at.
const MAX_WORK: f64 = 1e9;
/// Draws that a line, or a silence, is looked at from.
const WITNESSES: usize = 8;

/// What keeps coordinate `i` from being known; `None` where it has none of the shapes above.
pub fn trace(density: &dyn LogDensity, fitted: &Fitted, sketch: &Sketch, i: usize) -> Option<Cause> {
    if sketch.n == 0 || !sketch.z.iter().all(|z| z.is_finite()) {
        return None;
    }
    let spreads: Vec<f64> = sketch.z.chunks_exact(sketch.n).map(spread).collect();
    let case = Case { density, sketch, spreads, i };
    case.improper()
        .or_else(|| case.runaway())
        .or_else(|| case.ridge())
        .or_else(|| fitted.proposal.as_ref().and_then(|proposal| case.modes(proposal, &fitted.fit.latent)))
        .or_else(|| case.groups())
        .or_else(|| case.scale())
        .or_else(|| case.disguised())
        .or_else(|| case.prior())
}

/// A way along one coordinate on which log p rises without end.
#[derive(Clone, Debug, PartialEq)]
pub struct Runaway {
    pub coordinate: usize,
    pub to_right: bool,
    /// Quantities on their own scales, far on the way: `[n_constrained]`.
    pub values: Vec<f64>,
}

/// The way that a q without width has gone.
pub fn runaway(density: &dyn LogDensity, fit: &Fit) -> Option<Runaway> {
    let coordinates = Coordinates::new(density, fit.centring.as_ref());
    let target = coordinates.target();
    let (mean, _) = fit.marginals()?;
    let mut ways = target.latent.iter().flat_map(|&i| [(i, false), (i, true)]);
    ways.find_map(|(i, to_right)| runs_away(&target, target.join(&mean, &fit.theta), i, to_right))
}

/// Whether log p rises without end along a coordinate, the others being where log p is greatest.
fn runs_away(target: &Target, mut centre: Vec<f64>, i: usize, to_right: bool) -> Option<Runaway> {
    /// The first are far on a log scale; the others are for coordinates that are their value, which a wide prior may hold.
    const STEPS: [f64; 9] = [0.0, 1.0, 5.0, 20.0, 1e2, 1e3, 1e4, 1e6, 1e8];
    const ON_A_LOG_SCALE: usize = 4;
    /// Nats that each of them gains.
    const GAIN: f64 = 0.5;
    const NEWTON_STEPS: usize = 3;
    let lanes = STEPS.len();
    for _ in 0..NEWTON_STEPS {
        let (mut value, mut gradient) = ([0.0], vec![0.0; centre.len()]);
        target.gradient(1, &centre, &mut value, &mut gradient);
        let curvature = target.negative_hessian_diagonal(&centre);
        for (j, z) in centre.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let step = gradient[j] / curvature[j];
            *z += if curvature[j] > 0.0 && step.is_finite() { step } else { 0.0 };
        }
    }
    let mut points = target.repeat(&centre, lanes);
    let own = &mut points[i * lanes..(i + 1) * lanes];
    own.iter_mut().zip(STEPS).for_each(|(x, step)| *x += if to_right { step } else { -step });
    let mut values = vec![0.0; target.density.n_constrained() * lanes];
    target.density.constrain(lanes, &points, &mut values);
    let is_straight =
        |row: &[f64]| (row[3] - row[0] - STEPS[3] * (row[1] - row[0])).abs() <= 1e-6 * row[3].abs();
    let n_steps = if values.chunks_exact(lanes).all(is_straight) { lanes } else { ON_A_LOG_SCALE };
    let heights = &target.values(lanes, &points)[..n_steps];
    if !heights.windows(2).all(|pair| pair[1].is_finite() && pair[1] >= pair[0] + GAIN) {
        return None;
    }
    let values = values.into_iter().skip(ON_A_LOG_SCALE - 1).step_by(lanes).collect();
    Some(Runaway { coordinate: i, to_right, values })
}

/// The look for one coordinate's cause.
struct Case<'c> {
    density: &'c dyn LogDensity,
    sketch: &'c Sketch,
    /// Half of what lies between the quantiles one sd to either side of the centre, `[D]`.
    spreads: Vec<f64>,
    i: usize,
}

impl Case<'_> {
    /// Coordinates that vary, other than the one that is looked at.
    fn others(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.spreads.len()).filter(|&j| j != self.i && self.spreads[j] > 0.0)
    }

    /// Whether second derivatives are soon found.
    fn is_small(&self) -> bool {
        let n = self.spreads.len();
        n <= MAX_EIGEN && self.density.work() * n as f64 <= MAX_WORK
    }

    /// Some draws, spread over all.
    fn witnesses(&self) -> Vec<Vec<f64>> {
        let n = self.sketch.n;
        (0..WITNESSES.min(n)).map(|k| self.sketch.draw(k * n / WITNESSES.min(n))).collect()
    }

    /// A line without curvature, in units of the spreads, along which log p stays the same far away from all witnesses.
    fn improper(&self) -> Option<Cause> {
        const FAR: [f64; 4] = [-1e4, -1e2, 1e2, 1e4];
        /// Curvature of what is known to about its spread is about 1; and of the largest, as far as rounding goes.
        const FLAT: f64 = 1e-3;
        const ROUNDING: f64 = 1e-13;
        const MOST_BENDS: f64 = 1e10;
        /// Share of the largest component from which a coordinate belongs to the line.
        const PART: f64 = 0.1;
        let varying: Vec<usize> = (0..self.spreads.len()).filter(|&j| self.spreads[j] > 0.0).collect();
        if !self.is_small() || self.spreads[self.i] == 0.0 {
            return None;
        }
        let target = Target::new(self.density);
        let witnesses = self.witnesses();
        let height = |z: &Vec<f64>| target.values(1, z)[0];
        let whole = target.negative_hessian(&self.highest(&target)?);
        let mut curvature = Matrix::zeros(varying.len());
        for (a, &i) in varying.iter().enumerate() {
            for (b, &j) in varying.iter().enumerate() {
                *curvature.at_mut(a, b) = whole.at(i, j) * self.spreads[i] * self.spreads[j];
            }
        }
        let (vectors, values) =
            if curvature.is_finite() { symmetric_eigen(&curvature)? } else { return None };
        let largest = values.iter().fold(0.0f64, |m, value| m.max(value.abs()));
        let flat =
            vectors.iter().zip(&values).filter(|(_, value)| value.abs() < FLAT.max(ROUNDING * largest));
        // A move of so many of the lengths over which log p bends leaves digits enough to see it bend.
        let bend = (0..varying.len()).map(|a| curvature.at(a, a).abs().sqrt() / self.spreads[varying[a]]);
        let longest = MOST_BENDS / bend.fold(0.0, f64::max);
        for (vector, _) in flat {
            let largest = vector.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            let along: Vec<usize> =
                (0..varying.len()).filter(|&a| vector[a].abs() > PART * largest).collect();
            let line: Vec<f64> = vector.iter().zip(&varying).map(|(v, &i)| v * self.spreads[i]).collect();
            let length = line.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            let unit = (longest / length / FAR[3]).min(1.0);
            let stays = |z: &Vec<f64>| {
                let at: f64 = varying.iter().zip(vector).map(|(&i, v)| v * z[i] / self.spreads[i]).sum();
                let mut near = z.clone();
                varying.iter().zip(&line).for_each(|(&i, line)| near[i] -= at * line);
                let mut points = target.repeat(&near, FAR.len());
                for (&i, line) in varying.iter().zip(&line) {
                    let own = &mut points[i * FAR.len()..(i + 1) * FAR.len()];
                    own.iter_mut().zip(FAR).for_each(|(x, t)| *x += t * unit * line);
                }
                let here = height(&near);
                target
                    .values(FAR.len(), &points)
                    .iter()
                    .all(|p| (p - here).abs() < SAME + ROUNDED * here.abs())
            };
            let along: Vec<usize> = along.into_iter().map(|a| varying[a]).collect();
            if along.contains(&self.i) && witnesses.iter().all(stays) {
                return Some(Cause::Improper(along));
            }
        }
        None
    }

    /// Draws that have gone so far along a coordinate that log p alone can have taken them there.
    fn runaway(&self) -> Option<Cause> {
        /// A scale of 1e-9, and less.
        const FAR: f64 = 20.0;
        let target = Target::new(self.density);
        let gone = (0..self.spreads.len()).filter(|_| self.is_small()).find_map(|j| {
            let centre = median(&mut self.sketch.row(j).to_vec());
            if centre.abs() < FAR {
                return None;
            }
            // Further out numbers may not go.
            let mut best = self.highest(&target)?;
            best[j] = FAR.copysign(centre);
            runs_away(&target, best, j, centre > 0.0)
        });
        gone.map(Cause::Runaway)
    }

    /// The witness with the greatest log p.
    fn highest(&self, target: &Target) -> Option<Vec<f64>> {
        let height = |z: &Vec<f64>| target.values(1, z)[0];
        self.witnesses().into_iter().max_by(|a, b| height(a).total_cmp(&height(b)))
    }

    /// Modes that were found and at which the latent is different.
    fn modes(&self, proposal: &Proposal, latent: &[usize]) -> Option<Cause> {
        let sd = proposal.components.first()?.1.sds();
        let centres: Vec<Vec<f64>> = proposal.components.iter().map(|(_, q)| q.mean.clone()).collect();
        self.differ(&centres, &sd, latent)
    }

    /// Groups of chains that stay apart.
    fn groups(&self) -> Option<Cause> {
        let (sketch, n_chains) = (self.sketch, self.sketch.n_chains);
        let length = sketch.n / n_chains;
        let chain_means = |i: usize| -> Vec<f64> { sketch.row(i).chunks_exact(length).map(mean).collect() };
        let within = |i: usize| {
            let mut sds: Vec<f64> = sketch.row(i).chunks_exact(length).map(spread).collect();
            median(&mut sds)
        };
        let own = chain_means(self.i);
        let mut order: Vec<usize> = (0..n_chains).collect();
        order.sort_by(|&a, &b| own[a].total_cmp(&own[b]));
        let gap = GAP * within(self.i);
        let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| own[b] - own[a] <= gap).collect();
        // A chain alone is stuck.
        if n_chains < 4 || groups.len() < 2 || groups.iter().any(|group| group.len() < 2) {
            return None;
        }
        let all: Vec<usize> = (0..self.spreads.len()).collect();
        let means: Vec<Vec<f64>> = all.iter().map(|&i| chain_means(i)).collect();
        let sds: Vec<f64> = all.iter().map(|&i| within(i)).collect();
        let centre = |group: &&[usize]| -> Vec<f64> {
            means.iter().map(|own| group.iter().map(|&c| own[c]).sum::<f64>() / group.len() as f64).collect()
        };
        let centres: Vec<Vec<f64>> = groups.iter().map(centre).collect();
        self.differ(&centres, &sds, &all)
    }

    /// In what modes differ, with their sds; `latent` are the coordinates of both.
    fn differ(&self, centres: &[Vec<f64>], sd: &[f64], latent: &[usize]) -> Option<Cause> {
        let own = latent.iter().position(|&i| i == self.i)?;
        let (first, rest) = centres.split_first()?;
        let apart = |a: f64, b: f64, k: usize| (a - b).abs() > APART * sd[k];
        let alike = |a: f64, b: f64, k: usize| (a - b).abs() < ALIKE * sd[k];
        let far: Vec<&Vec<f64>> = rest.iter().filter(|other| apart(first[own], other[own], own)).collect();
        let other = far.first()?;
        let name = |k: usize| base_name(&self.density.coordinates()[latent[k]].name);
        let exchanged = |&k: &usize| {
            name(k) == name(own) && alike(first[k], other[own], k) && alike(first[own], other[k], own)
        };
        if let Some(k) = (0..latent.len()).filter(|&k| k != own).find(exchanged) {
            return Some(Cause::Exchange(self.i.min(latent[k]), self.i.max(latent[k])));
        }
        let is_mirrored = |&k: &usize| apart(first[k], -first[k], k) && alike(first[k], -other[k], k);
        if is_mirrored(&own) {
            let mirrored = (0..latent.len()).filter(|k| is_mirrored(k)).map(|k| latent[k]);
            return Some(Cause::Sign(mirrored.collect()));
        }
        Some(Cause::Modes(1 + far.len()))
    }

    fn ridge(&self) -> Option<Cause> {
        if self.spreads[self.i] == 0.0 {
            return None;
        }
        let best = |of: &dyn Fn(usize) -> f64| {
            self.others().map(|j| (j, of(j))).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
        };
        let own = ranks(self.sketch.row(self.i));
        let sum = best(&|j| correlation(&own, &ranks(self.sketch.row(j))));
        if let Some((with, correlation)) = sum.filter(|(_, r)| r.abs() >= RIDGE) {
            return Some(Cause::Ridge { with, correlation, relation: Relation::Sum });
        }
        let sizes = |i: usize| ranks(&self.sketch.row(i).iter().map(|z| z.abs()).collect::<Vec<f64>>());
        let own = sizes(self.i);
        let product = best(&|j| correlation(&own, &sizes(j)));
        let (with, correlation) = product.filter(|(_, r)| *r <= -PRODUCT)?;
        Some(Cause::Ridge { with, correlation, relation: Relation::Product })
    }

    /// A latent whose scale, as the model has it, varies with another one: `i` is either.
    fn scale(&self) -> Option<Cause> {
        let recentrable = self.density.recentrable();
        if recentrable.is_empty() {
            return None;
        }
        let (z, n) = self.sketch.points();
        let (mut location, mut log_scale) =
            (vec![0.0; recentrable.len() * n], vec![0.0; recentrable.len() * n]);
        self.density.locations_and_scales(n, z, &mut location, &mut log_scale);
        let mut best: Option<(f64, Cause)> = None;
        for (&of, own) in recentrable.iter().zip(log_scale.chunks_exact(n)) {
            if !own.iter().all(|x| x.is_finite()) || spread(own) < NECK {
                continue;
            }
            let ranked = ranks(own);
            let follows = |j: usize| correlation(&ranked, &ranks(self.sketch.row(j))).abs();
            let scale = match of == self.i {
                true => self.others().max_by(|&a, &b| follows(a).total_cmp(&follows(b))),
                false => Some(self.i),
            };
            let Some(scale) = scale else { continue };
            let strength = follows(scale);
            if strength >= NECK && best.as_ref().is_none_or(|(known, _)| strength > *known) {
                best = Some((strength, Cause::Funnel { scale, of }));
            }
        }
        best.map(|(_, cause)| cause)
    }

    /// The same where it cannot be read from the model: how far one is from its median goes with the other.
    fn disguised(&self) -> Option<Cause> {
        let distances = |i: usize| -> Vec<f64> {
            let row = self.sketch.row(i);
            let centre = median(&mut row.to_vec());
            row.iter().map(|z| (z - centre).abs()).collect()
        };
        let (own, own_distance) = (ranks(self.sketch.row(self.i)), ranks(&distances(self.i)));
        let pairs = self.others().flat_map(|j| {
            let narrows = correlation(&own_distance, &ranks(self.sketch.row(j)));
            let widens = correlation(&ranks(&distances(j)), &own);
            [(narrows, j, self.i), (widens, self.i, j)]
        });
        let strongest = pairs.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
        let (strength, scale, of) = strongest.filter(|(strength, ..)| strength.abs() >= NECK)?;
        // Where it is wide a funnel is full, and a curve empty.
        let distances = distances(of);
        let wide = self.sketch.row(scale).iter().map(|z| z * strength.signum());
        let mut order: Vec<(f64, f64)> = wide.zip(distances).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut widest: Vec<f64> = order[..self.sketch.n / 4].iter().map(|(_, distance)| *distance).collect();
        let middle = median(&mut widest);
        let n_near = widest.iter().filter(|distance| **distance < NEAR * middle).count();
        if n_near as f64 >= FULL * widest.len() as f64 {
            return Some(Cause::Funnel { scale, of });
        }
        Some(Cause::Curve { with: if scale == self.i { of } else { scale } })
    }

    /// Whether no statement but its own changes when it moves.
    fn prior(&self) -> Option<Cause> {
        let statement = self.density.coordinates()[self.i].statement;
        let statements = self.density.statements();
        if statements.get(statement).is_none_or(|term| term.kind != TermKind::Prior) {
            return None;
        }
        let width = APART * self.spreads[self.i];
        let is_silent = |z: &Vec<f64>| {
            let mut points = Target::new(self.density).repeat(z, 3);
            points[3 * self.i] -= width;
            points[3 * self.i + 2] += width;
            let mut terms = vec![0.0; statements.len() * 3];
            self.density.terms(3, &points, &mut terms);
            let mut others = [0.0; 3];
            for (_, term) in terms.chunks_exact(3).enumerate().filter(|(k, _)| *k != statement) {
                others.iter_mut().zip(term).for_each(|(sum, x)| *sum += x);
            }
            others.iter().all(|x| (x - others[1]).abs() < SILENT)
        };
        (width > 0.0 && self.witnesses().iter().all(is_silent)).then_some(Cause::Prior)
    }
}
