//! Comparisons and logic: values 0 and 1, slopes 0.

use super::arithmetic::{binary, unary};
use super::elementwise::Slope;
use crate::tape::graph::{Graph, Node};

binary!(/** a < b */ Less, "less", |a, b| (a < b) as u8 as f64, |g, a, b, y| Slope::Zero, Slope::Zero);
binary!(/** a <= b */ LessEqual, "less_equal", |a, b| (a <= b) as u8 as f64, |g, a, b, y| Slope::Zero, Slope::Zero);
binary!(/** a = b */ Equal, "equal", |a, b| (a == b) as u8 as f64, |g, a, b, y| Slope::Zero, Slope::Zero);
binary!(/** a and b differ */ NotEqual, "not_equal", |a, b| (a != b) as u8 as f64, |g, a, b, y| Slope::Zero, Slope::Zero);
binary!(/** Neither is 0 */ And, "and", |a, b| (a != 0.0 && b != 0.0) as u8 as f64, |g, a, b, y| Slope::Zero, Slope::Zero);
binary!(/** Not both are 0 */ Or, "or", |a, b| (a != 0.0 || b != 0.0) as u8 as f64, |g, a, b, y| Slope::Zero, Slope::Zero);
unary!(/** 1 where x is 0, else 0 */ Not, not, |x| (x == 0.0) as u8 as f64, |g, x, y| Slope::Zero);
unary!(/** 1 where x is NaN, else 0 */ IsNan, is_nan, |x| x.is_nan() as u8 as f64, |g, x, y| Slope::Zero);

impl Graph {
    pub fn less(&mut self, a: Node, b: Node) -> Node {
        self.map2(Less, a, b)
    }

    pub fn less_equal(&mut self, a: Node, b: Node) -> Node {
        self.map2(LessEqual, a, b)
    }

    pub fn equal(&mut self, a: Node, b: Node) -> Node {
        self.map2(Equal, a, b)
    }

    pub fn not_equal(&mut self, a: Node, b: Node) -> Node {
        self.map2(NotEqual, a, b)
    }

    pub fn and(&mut self, a: Node, b: Node) -> Node {
        self.map2(And, a, b)
    }

    pub fn or(&mut self, a: Node, b: Node) -> Node {
        self.map2(Or, a, b)
    }
}
