//! Triangles of matrices as vectors: row after row, `[1, 0], [2, 0], [2, 1], ...` for what is below the diagonal.

use crate::tape::{Graph, Node};

/// Entries below the diagonal of K rows.
pub fn below_diagonal(k: usize) -> usize {
    k * k.saturating_sub(1) / 2
}

/// Rows of the matrix with n entries below its diagonal; 1 for none.
pub fn rows_with_below(n: usize) -> usize {
    (8 * n + 1).isqrt().div_ceil(2)
}

/// Rows and columns of the entries below the diagonal.
pub fn strict(k: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    (1..k).flat_map(|i| (0..i).map(move |j| (i, j)))
}

/// Rows and columns of the entries on and below the diagonal.
pub fn lower(k: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    (0..k).flat_map(|i| (0..=i).map(move |j| (i, j)))
}

/// Row and column of the k-th entry below the diagonal: row i begins at i (i - 1) / 2.
pub fn below_diagonal_place(k: usize) -> Vec<usize> {
    let row = rows_with_below(k);
    vec![row, k - below_diagonal(row)]
}

/// Row and column of the k-th entry on or below the diagonal: those of the strict triangle, a row up.
pub fn lower_place(k: usize) -> Vec<usize> {
    let below = below_diagonal_place(k);
    vec![below[0] - 1, below[1]]
}

/// `[.., n]` into matrices `[.., k, k]`, 0 elsewhere; `places` are the n rows and columns.
pub fn place(
    g: &mut Graph,
    entries: Node,
    k: usize,
    places: impl Iterator<Item = (usize, usize)> + Clone,
) -> Node {
    let mut shape = g.shape(entries).to_vec();
    shape.pop();
    let batch: usize = shape.iter().product();
    let index: Vec<u32> =
        (0..batch).flat_map(|b| places.clone().map(move |(i, j)| ((b * k + i) * k + j) as u32)).collect();
    shape.extend([k, k]);
    g.scatter_add(entries, index.into(), &shape)
}

/// The shape with its last two dimensions, of matrices, replaced by one.
pub fn as_vector(shape: &[usize], length: impl Fn(usize) -> usize) -> Vec<usize> {
    let (batch, event) = shape.split_at(shape.len().saturating_sub(2));
    let mut out = batch.to_vec();
    out.push(length(event.first().copied().unwrap_or(1)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_places() {
        let pairs = |place: fn(usize) -> Vec<usize>, n: usize| {
            (0..n).map(|k| (place(k)[0], place(k)[1])).collect::<Vec<_>>()
        };
        assert_eq!(pairs(below_diagonal_place, 10), strict(5).collect::<Vec<_>>());
        assert_eq!(pairs(lower_place, 15), lower(5).collect::<Vec<_>>());
    }
}
