//! Numbers that begin at the start of a cache line, so that the widest vectors never lie across two.

use std::ops::{Deref, DerefMut};

/// Numbers of a cache line.
pub(in crate::tape) const LINE: usize = 8;

/// A zeroed array that begins at the start of a cache line.
#[derive(Debug)]
pub(in crate::tape) struct Memory {
    numbers: Vec<f64>,
    start: usize,
    size: usize,
}

impl Memory {
    pub fn new(size: usize) -> Memory {
        let mut memory = Memory { numbers: Vec::new(), start: 0, size: 0 };
        memory.resize(size);
        memory
    }

    /// Bytes, those of an unused end among them.
    pub fn bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<f64>()
    }

    /// Bytes of so many numbers.
    pub fn bytes_of(size: usize) -> usize {
        (size + LINE - 1) * size_of::<f64>()
    }

    /// Makes it as long as it must be; what is in it does not matter.
    pub fn resize(&mut self, size: usize) {
        let len = size + LINE - 1;
        if self.numbers.capacity() < len {
            // Given back first, and nothing of it copied.
            self.numbers = Vec::new();
            self.numbers = vec![0.0; len];
        } else {
            self.numbers.resize(len, 0.0);
        }
        let start = self.numbers.as_ptr().align_offset(LINE * size_of::<f64>());
        // where the alignment cannot be known, any start will do
        self.start = if start < LINE { start } else { 0 };
        self.size = size;
    }
}

impl Clone for Memory {
    fn clone(&self) -> Memory {
        let mut copy = Memory::new(self.size);
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for Memory {
    type Target = [f64];

    #[inline(always)]
    fn deref(&self) -> &[f64] {
        &self.numbers[self.start..self.start + self.size]
    }
}

impl DerefMut for Memory {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.numbers[self.start..self.start + self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, Memory};

    #[test]
    fn copies_are_aligned_too() {
        let mut memory = Memory::new(3);
        memory[2] = 7.0;
        let copies: Vec<Memory> = (0..5).map(|_| memory.clone()).collect();
        for memory in &copies {
            assert_eq!(memory[..], [0.0, 0.0, 7.0]);
            assert_eq!(memory.as_ptr().align_offset(LINE * size_of::<f64>()), 0);
        }
    }
}
