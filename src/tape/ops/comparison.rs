//! Comparisons and logic: values 0 and 1, slopes 0.

use super::arithmetic::{binary, unary};
use super::elementwise::{Map1, Map2, Slope};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, is};

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
        self.known_logic(a, b, true).unwrap_or_else(|| self.map2(And, a, b))
    }

    pub fn or(&mut self, a: Node, b: Node) -> Node {
        self.known_logic(a, b, false).unwrap_or_else(|| self.map2(Or, a, b))
    }

    /// `and` where `neutral` holds, else `or`, of a condition and a known number.
    fn known_logic(&mut self, a: Node, b: Node, neutral: bool) -> Option<Node> {
        [(a, b), (b, a)].into_iter().find_map(|(known, other)| {
            let holds = self.scalar_value(known)? != 0.0;
            if self.shape(known).len() > self.shape(other).len() || self.value(other).is_some() {
                return None;
            }
            if holds == neutral {
                return self.is_condition(other).then_some(other);
            }
            let shape = self.shape(other).to_vec();
            Some(self.full(&shape, f64::from(holds)))
        })
    }

    /// Whether all values of a node are 0 or 1.
    pub(super) fn is_condition(&self, n: Node) -> bool {
        let is_one = |op: &dyn Op| {
            is::<Map2<Less>>(op)
                || is::<Map2<LessEqual>>(op)
                || is::<Map2<Equal>>(op)
                || is::<Map2<NotEqual>>(op)
                || is::<Map2<And>>(op)
                || is::<Map2<Or>>(op)
                || is::<Map1<Not>>(op)
                || is::<Map1<IsNan>>(op)
        };
        self.application(n).is_some_and(|(op, _)| is_one(&**op))
    }
}
