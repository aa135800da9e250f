//! Draws with weights in order, as far as anybody asks: quantiles and tails need few of them sorted.

/// Bins that draws are put into before any are sorted, and sds from the mean that they reach to either side; the outer ones
/// go on.
const BINS: usize = 1024;
const REACH: f64 = 4.0;

/// Draws with weights that sum to 1, as if they were sorted.
pub struct Ordered {
    /// In bins that ascend; sorted within those that have been looked into.
    pairs: Vec<(f64, f64)>,
    /// Where each bin begins, and the last ends.
    ends: Vec<usize>,
    /// Weight of all bins before each, and before none.
    below: Vec<f64>,
    is_sorted: Vec<bool>,
}

impl Ordered {
    /// Draws of which mean and sd are known.
    pub fn new(pairs: &[(f64, f64)], mean: f64, sd: f64) -> Ordered {
        let scale = BINS as f64 / (2.0 * REACH * sd);
        let half = BINS as f64 / 2.0;
        let bin = |x: f64| (((x - mean) * scale).clamp(-half, half - 1.0) + half) as usize;
        let (mut ends, mut below) = (vec![0; BINS + 1], vec![0.0; BINS + 1]);
        for (x, w) in pairs {
            let own = bin(*x) + 1;
            ends[own] += 1;
            below[own] += w;
        }
        for b in 0..BINS {
            ends[b + 1] += ends[b];
            below[b + 1] += below[b];
        }
        let mut next = ends.clone();
        let mut binned = vec![(0.0, 0.0); pairs.len()];
        for pair in pairs {
            let place = &mut next[bin(pair.0)];
            binned[*place] = *pair;
            *place += 1;
        }
        Ordered { pairs: binned, ends, below, is_sorted: vec![false; BINS] }
    }

    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The k-th draw and its weight.
    pub fn at(&mut self, k: usize) -> (f64, f64) {
        self.sort(self.ends.partition_point(|end| *end <= k) - 1);
        self.pairs[k]
    }

    fn sort(&mut self, bin: usize) {
        if !std::mem::replace(&mut self.is_sorted[bin], true) {
            self.pairs[self.ends[bin]..self.ends[bin + 1]].sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
    }

    /// Between neighbours linear in the weight that is below them, half of their own included; NaN of none.
    pub fn quantile(&mut self, level: f64) -> f64 {
        let Some(last) = self.len().checked_sub(1) else { return f64::NAN };
        // The first bin with an end above the level: in front of it all middles are below.
        let bin = self.below[1..].partition_point(|end| *end < level).min(BINS - 1);
        self.sort(bin);
        let (mut k, mut end) = (self.ends[bin], self.ends[bin + 1]);
        let (mut below, mut before) = (self.below[bin], None);
        loop {
            if k == end {
                // The next draw is in a later bin.
                if k > last {
                    return self.at(last).0;
                }
                let next = self.ends.partition_point(|end| *end <= k) - 1;
                self.sort(next);
                end = self.ends[next + 1];
            }
            let (x, w) = self.pairs[k];
            let middle = below + 0.5 * w;
            if middle >= level {
                let (low, low_middle) = match before {
                    Some(found) => found,
                    None if k == 0 => return x,
                    None => {
                        let (low, w) = self.at(k - 1);
                        (low, below - 0.5 * w)
                    }
                };
                return low + (level - low_middle) / (middle - low_middle) * (x - low);
            }
            before = Some((x, middle));
            below += w;
            k += 1;
        }
    }

    /// Squared distances from a point, the largest first, with their weights.
    pub fn farthest_first(&mut self, from: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (mut low, mut high) = (0, self.len());
        let distance = move |(x, w): (f64, f64)| ((x - from).powi(2), w);
        std::iter::from_fn(move || {
            if low == high {
                return None;
            }
            let (first, last) = (distance(self.at(low)), distance(self.at(high - 1)));
            if first.0 > last.0 {
                low += 1;
                Some(first)
            } else {
                high -= 1;
                Some(last)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws with ties, gaps of many bins and far ones, and their weights.
    fn pairs() -> (Vec<(f64, f64)>, f64, f64) {
        let x = |i: usize| match i % 7 {
            0 => 3.0,
            1 => 1e4 * (i as f64).sin(),
            _ => (i as f64 * 0.37).sin() + if i.is_multiple_of(3) { 40.0 } else { 0.0 },
        };
        let w = |i: usize| 1.0 + (i as f64 * 0.11).cos();
        let total: f64 = (0..500).map(w).sum();
        let pairs: Vec<(f64, f64)> = (0..500).map(|i| (x(i), w(i) / total)).collect();
        let mean: f64 = pairs.iter().map(|(x, w)| x * w).sum();
        let sd = pairs.iter().map(|(x, w)| w * (x - mean).powi(2)).sum::<f64>().sqrt();
        (pairs, mean, sd)
    }

    #[test]
    fn it_is_as_if_all_were_sorted() {
        let (mut pairs, mean, sd) = pairs();
        let mut ordered = Ordered::new(&pairs, mean, sd);
        let quantiles: Vec<f64> = (0..=200).map(|i| ordered.quantile(f64::from(i) / 200.0)).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut below = 0.0;
        let middles: Vec<f64> = pairs
            .iter()
            .map(|(_, w)| {
                below += w;
                below - 0.5 * w
            })
            .collect();
        for (i, quantile) in quantiles.iter().enumerate() {
            let level = i as f64 / 200.0;
            let k = middles.partition_point(|middle| *middle < level);
            let expected = match k {
                0 => pairs[0].0,
                500 => pairs[499].0,
                k => {
                    let share = (level - middles[k - 1]) / (middles[k] - middles[k - 1]);
                    pairs[k - 1].0 + share * (pairs[k].0 - pairs[k - 1].0)
                }
            };
            // a gap between two draws is crossed within a rounding of the level
            let slack = 1e-9 * (1.0 + sd);
            assert!((quantile - expected).abs() <= slack, "{level}: {quantile} {expected}");
        }
        let mut distances: Vec<f64> = pairs.iter().map(|(x, _)| (x - mean).powi(2)).collect();
        distances.sort_by(|a, b| b.total_cmp(a));
        let found: Vec<f64> = ordered.farthest_first(mean).map(|(distance, _)| distance).collect();
        assert_eq!(found, distances);
        assert_eq!(
            (0..500).map(|k| ordered.at(k).0).collect::<Vec<_>>(),
            pairs.iter().map(|p| p.0).collect::<Vec<_>>()
        );
    }

    #[test]
    fn few_draws_and_none() {
        assert!(Ordered::new(&[], 0.0, 1.0).quantile(0.5).is_nan());
        let mut one = Ordered::new(&[(2.0, 1.0)], 2.0, 0.0);
        assert_eq!([0.0, 0.5, 1.0].map(|level| one.quantile(level)), [2.0; 3]);
        assert_eq!(one.farthest_first(2.0).count(), 1);
    }
}
