//! Polynomials in four interleaved chains, which have a fraction of the latency of Horner's rule, by fused multiply-add.

/// sum_k c_k x^k of at least 5 coefficients.
#[inline(always)]
pub(super) fn polynomial<const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    from(0, x, c)
}

/// The same of at least 7, the first two terms by Horner's rule: more accurate where they are the largest.
#[inline(always)]
pub(super) fn polynomial_with_head<const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    x.mul_add(x.mul_add(from(2, x, c), c[1]), c[0])
}

/// The same of at least 6, as the sum of two numbers of which the second is small.
#[inline(always)]
pub(super) fn polynomial_in_two<const N: usize>(x: f64, c: &[f64; N]) -> [f64; 2] {
    let rest = x * from(1, x, c);
    let high = c[0] + rest;
    [high, (c[0] - high) + rest]
}

/// sum_k c_(first + k) x^k
#[inline(always)]
fn from<const N: usize>(first: usize, x: f64, c: &[f64; N]) -> f64 {
    let square = x * x;
    let fourth = square * square;
    let top = N - 1 - (N - 1 - first) % 4;
    let start = |j: usize| {
        let below = c[top - 4 + j];
        if top + j < N { fourth.mul_add(c[top + j], below) } else { below }
    };
    let mut chains = [start(0), start(1), start(2), start(3)];
    let mut k = top - 4;
    while k > first {
        k -= 4;
        let step = |j: usize| fourth.mul_add(chains[j], c[k + j]);
        chains = [step(0), step(1), step(2), step(3)];
    }
    square.mul_add(x.mul_add(chains[3], chains[2]), x.mul_add(chains[1], chains[0]))
}
