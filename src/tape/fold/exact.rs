//! Sums that lose nothing worth mentioning to rounding: what is computed once may be computed well.

/// A running sum with its rounding errors (Knuth's two-sum).
#[derive(Clone, Copy, Debug, Default)]
pub struct Exact {
    sum: f64,
    error: f64,
}

impl Exact {
    pub fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        let added = sum - self.sum;
        self.error += (self.sum - (sum - added)) + (x - added);
        self.sum = sum;
    }

    /// Adds a b.
    pub fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        self.add(product);
        self.error += product_error(a, b, product);
    }

    pub fn value(self) -> f64 {
        self.sum + self.error
    }

    /// The value in two numbers, the second far smaller than the first.
    #[cfg(test)]
    pub fn parts(self) -> (f64, f64) {
        let value = self.value();
        (value, (self.sum - value) + self.error)
    }
}

impl FromIterator<f64> for Exact {
    fn from_iter<T: IntoIterator<Item = f64>>(terms: T) -> Exact {
        let mut sum = Exact::default();
        terms.into_iter().for_each(|x| sum.add(x));
        sum
    }
}

/// a b - product, where product is a b rounded (Dekker 1971); 0 where the numbers are too large to be split.
fn product_error(a: f64, b: f64, product: f64) -> f64 {
    /// 2^27 + 1
    const SPLITTER: f64 = 134_217_729.0;
    let split = |x: f64| {
        let scaled = SPLITTER * x;
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    let error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    if error.is_finite() { error } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_large_terms() {
        assert_eq!(Exact::from_iter([1.0, 1e100, 1.0, -1e100]).value(), 2.0);
        let mut sum = Exact::default();
        sum.add_product(1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
        sum.add(-1.0);
        assert_eq!(sum.value(), -f64::EPSILON * f64::EPSILON);
    }
}
