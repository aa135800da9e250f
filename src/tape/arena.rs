//! Where values live in the arena: buffers are reused as soon as the last reader has run.

/// Free blocks of an arena, and how far it has grown.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// Offset and size, by offset, never adjacent.
    free: Vec<(usize, usize)>,
    size: usize,
}

impl Arena {
    /// The smallest free block that fits, else more arena.
    pub fn take(&mut self, size: usize) -> usize {
        if size == 0 {
            return 0;
        }
        let fitting = self.free.iter().enumerate().filter(|(_, block)| block.1 >= size);
        if let Some((k, &(offset, have))) = fitting.min_by_key(|(_, block)| block.1) {
            if have == size {
                self.free.remove(k);
            } else {
                self.free[k] = (offset + size, have - size);
            }
            return offset;
        }
        // grow, using a free block at the very end if there is one
        let start = match self.free.last() {
            Some(&(offset, have)) if offset + have == self.size => {
                self.free.pop();
                offset
            }
            _ => self.size,
        };
        self.size = start + size;
        start
    }

    /// Gives a block back.
    pub fn release(&mut self, offset: usize, size: usize) {
        if size == 0 {
            return;
        }
        let k = self.free.partition_point(|block| block.0 < offset);
        self.free.insert(k, (offset, size));
        if k + 1 < self.free.len() && offset + size == self.free[k + 1].0 {
            self.free[k].1 += self.free[k + 1].1;
            self.free.remove(k + 1);
        }
        if k > 0 && self.free[k - 1].0 + self.free[k - 1].1 == offset {
            self.free[k - 1].1 += self.free[k].1;
            self.free.remove(k);
        }
    }

    /// The most that was in use at any time.
    pub fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;

    #[test]
    fn blocks_are_reused_and_merged() {
        let mut arena = Arena::default();
        let (a, b, c) = (arena.take(4), arena.take(4), arena.take(4));
        assert_eq!((a, b, c), (0, 4, 8));
        arena.release(a, 4);
        arena.release(b, 4);
        assert_eq!(arena.take(8), 0);
        arena.release(c, 4);
        assert_eq!(arena.take(6), 8);
        assert_eq!(arena.size(), 14);
    }
}
