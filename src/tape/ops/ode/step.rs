//! One step as a graph, whatever the method: from the state before it, at C of the way and c of it long, h = c (to - from).

use super::Field;
use super::interval::{FIRST, FROM, STATE, TO};
use super::sweep::{Place, Read, Sweep, Write};
use crate::tape::graph::{Graph, Node};

/// A step that is being written down.
pub(super) struct Step<'f> {
    field: &'f Field,
    pub graph: Graph,
    /// y: `[groups..., n]`
    pub state: Node,
    /// h: `[groups..., 1]`
    pub length: Node,
    from: Node,
    to: Node,
    fraction: Node,
    elapsed: Node,
    span: Node,
    args: Vec<Node>,
}

impl<'f> Step<'f> {
    pub fn new(field: &'f Field) -> Step<'f> {
        let groups = field.graph.shape(field.time).to_vec();
        let mut graph = Graph::new();
        let state = graph.input(field.graph.shape(field.state));
        let [from, to, fraction, elapsed] = std::array::from_fn(|_| graph.input(&groups));
        let args = field.args.iter().map(|&arg| graph.input(field.graph.shape(arg))).collect();
        let span = graph.sub(to, from);
        let length = graph.mul(fraction, span);
        let length = graph.reshape(length, &[&groups[..], &[1]].concat());
        Step { field, graph, state, length, from, to, fraction, elapsed, span, args }
    }

    /// t at a part of the step.
    pub fn time(&mut self, node: f64) -> Node {
        let g = &mut self.graph;
        let within = g.mul_scalar(self.fraction, node);
        let way = g.add(self.elapsed, within);
        let passed = g.mul(way, self.span);
        g.add(self.from, passed)
    }

    /// dy/dt
    pub fn slope(&mut self, time: Node, state: Node) -> Node {
        self.field.at(&mut self.graph, time, state, &self.args)
    }

    /// The sweep of such steps, of which each ends at `next`.
    pub fn ending_at(self, next: Node) -> Sweep {
        let own = |ahead: bool| Place { track: 0, ahead };
        let mut reads = vec![
            (self.state, Read::Track(own(false))),
            (self.from, Read::Arg(FROM)),
            (self.to, Read::Arg(TO)),
            (self.fraction, Read::Fraction),
            (self.elapsed, Read::Elapsed),
        ];
        reads.extend(self.args.iter().enumerate().map(|(k, &arg)| (arg, Read::Arg(FIRST + k))));
        let writes = vec![(next, Write::Track(own(true)))];
        Sweep { back: false, graph: self.graph, reads, writes, starts: vec![(0, Some(STATE))] }
    }
}
