//! Which of many things are the same: classes of equal ones, in the order in which they first come up.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// Classes of equal things.
#[derive(Clone, Debug)]
pub struct Interned {
    /// The class of each thing.
    pub of: Vec<u32>,
    /// A thing of each class.
    pub first: Vec<u32>,
}

/// Tells `n` things apart by a hash and a comparison of two; `None` once there are more than `most` classes.
pub fn intern(
    n: usize,
    most: usize,
    hash: impl Fn(usize) -> u64,
    same: impl Fn(usize, usize) -> bool,
) -> Option<Interned> {
    let mut known: HashMap<u64, u32, Hashed> = HashMap::with_hasher(Hashed);
    let mut of = Vec::with_capacity(n);
    let mut first: Vec<u32> = Vec::new();
    for i in 0..n {
        let class = *known.entry(hash(i)).or_insert_with(|| {
            first.push(i as u32);
            first.len() as u32 - 1
        });
        // Two things of one hash that differ: there is no need to be clever about what never happens.
        if first.len() > most || !same(first[class as usize] as usize, i) {
            return None;
        }
        of.push(class);
    }
    Some(Interned { of, first })
}

/// Classes of pairs of classes.
pub fn intern_pairs(a: &[u32], b: &[u32], most: usize) -> Option<Interned> {
    let pair = |i: usize| u64::from(a[i]) << 32 | u64::from(b[i]);
    intern(a.len(), most, |i| mix(MIX, pair(i)), |i, j| pair(i) == pair(j))
}

/// Classes of rows of numbers, equal bit by bit.
pub fn intern_rows(values: &[f64], width: usize, most: usize) -> Option<Interned> {
    let row = |i: usize| &values[i * width..(i + 1) * width];
    let hash = |i: usize| row(i).iter().fold(MIX, |hash, x| mix(hash, x.to_bits()));
    let same = |i: usize, j: usize| row(i).iter().zip(row(j)).all(|(x, y)| x.to_bits() == y.to_bits());
    intern(values.len().checked_div(width)?, most, hash, same)
}

/// Classes of rows of classes, `[outer, n, inner]` with rows along the middle axis.
pub fn intern_tuples(classes: &[u32], [outer, n, inner]: [usize; 3], most: usize) -> Option<Interned> {
    let tuple = |i: usize| (0..n).map(move |k| classes[((i / inner) * n + k) * inner + i % inner]);
    let hash = |i: usize| tuple(i).fold(MIX, |hash, class| mix(hash, u64::from(class)));
    intern(outer * inner, most, hash, |i, j| tuple(i).eq(tuple(j)))
}

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(hash: u64, x: u64) -> u64 {
    let product = u128::from(hash ^ x.wrapping_add(MIX)) * u128::from(MIX);
    (product as u64 ^ (product >> 64) as u64).wrapping_add(MIX)
}

/// Keys that are hashes already.
#[derive(Clone, Copy, Default)]
struct Hashed;

impl BuildHasher for Hashed {
    type Hasher = Kept;

    fn build_hasher(&self) -> Kept {
        Kept(0)
    }
}

struct Kept(u64);

impl Hasher for Kept {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| mix(hash, u64::from(byte)));
    }

    fn write_u64(&mut self, x: u64) {
        self.0 = x;
    }
}
