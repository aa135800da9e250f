//! TO BE REPLACED by the tape branch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Node(u32);
pub struct Graph;
