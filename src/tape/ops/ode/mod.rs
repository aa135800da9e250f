//! Ordinary differential equations: adaptive steps from each time to the next.
//!
//! A scan over the times carries the state; each of its steps is one [`interval::Interval`], whose values fix the steps that
//! it takes and whose derivatives are those of these very steps. Derivatives with respect to states, times and arguments
//! are again intervals, which find the same steps from the same values: memory does not grow with the number of times.

mod derivatives;
mod equation;
mod interval;
mod pace;
mod rosenbrock;
mod runge_kutta;
mod step;
mod sweep;

use std::sync::Arc;

use crate::tape::graph::{Graph, Kind, Node};
use crate::tape::op::size_of;
use crate::tape::ops::scan::{Access, Body, Mode, Scan, Source, State};
use crate::tape::plan::live_nodes;

use interval::Interval;

/// The right side of dy/dt = f(t, y, args), as a graph of its own.
#[derive(Clone, Debug)]
pub struct Field {
    pub graph: Graph,
    /// t: `[groups...]`; systems of different groups take steps of their own.
    pub time: Node,
    /// y: `[groups..., n]`
    pub state: Node,
    /// Inputs for the arguments of the solve, in their order.
    pub args: Vec<Node>,
    /// dy/dt: `[groups..., n]`
    pub slope: Node,
}

impl Field {
    /// The right side at a stage.
    fn at(&self, g: &mut Graph, time: Node, state: Node, args: &[Node]) -> Node {
        let mut copies: Vec<Option<Node>> = vec![None; self.graph.len()];
        copies[self.time.index()] = Some(time);
        copies[self.state.index()] = Some(state);
        for (input, &arg) in self.args.iter().zip(args) {
            copies[input.index()] = Some(arg);
        }
        let live = live_nodes(&self.graph, &[self.slope]);
        for (k, entry) in self.graph.entries.iter().enumerate() {
            if copies[k].is_some() || !live[k] {
                continue;
            }
            copies[k] = match &entry.kind {
                Kind::Input => panic!("the right side depends on an input that is none of its arguments"),
                Kind::Constant(value) => Some(g.constant(value.clone())),
                Kind::Apply { op, args } => {
                    let args: Vec<Node> = args.iter().filter_map(|a| copies[a.index()]).collect();
                    Some(g.apply(op.clone(), &args))
                }
            };
        }
        copies[self.slope.index()].expect("the slope is live")
    }
}

/// Steps that a solve takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Explicit ones of order 5.
    #[default]
    DormandPrince,
    /// Linearly implicit ones of order 4, for stiff systems.
    Rodas,
}

/// When a step is good enough, and when a solve has failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Control {
    pub method: Method,
    /// A step's error in each component of the state is at most `atol + rtol |y|`.
    pub rtol: f64,
    pub atol: f64,
    /// Steps tried from one time to the next; where more were needed the state is NaN.
    pub max_steps: usize,
}

impl Default for Control {
    fn default() -> Control {
        Control { method: Method::default(), rtol: 1e-6, atol: 1e-8, max_steps: 1000 }
    }
}

impl Graph {
    /// The solution of dy/dt = f(t, y, args), y(t0) = start at each of `times`, by steps that end at each of them; NaN from where the solver fails on. `start` is `[groups..., n]`, `t0` broadcasts to `[groups...]` and `times` to
    /// `[groups..., k]`; gives `[groups..., k, n]`. Times in falling order are integrated backwards.
    pub fn ode(
        &mut self,
        field: Field,
        start: Node,
        t0: Node,
        times: Node,
        args: &[Node],
        control: Control,
    ) -> Node {
        let groups = field.graph.shape(field.time).to_vec();
        let state_shape = field.graph.shape(field.state).to_vec();
        assert_eq!(self.shape(start), state_shape, "the start has the shape of the state");
        assert_eq!(field.args.len(), args.len(), "as many arguments as the right side has");
        let rank = groups.len();
        let (n_groups, size) = (size_of(&groups), size_of(&state_shape));
        let n_times = *self.shape(times).last().expect("times are an array");

        // All times, t0 first: [1 + k, groups...]
        let by_group = [&groups[..], &[n_times]].concat();
        let times = self.broadcast(times, &by_group);
        let order: Vec<usize> = std::iter::once(rank).chain(0..rank).collect();
        let times = self.permute(times, &order);
        let first = self.broadcast(t0, &groups);
        let first = self.reshape(first, &[&[1], &groups[..]].concat());
        let times = self.concat(&[first, times], 0);

        let mut graph = Graph::new();
        let state = graph.input(&state_shape);
        let [guess, from, to] = std::array::from_fn(|_| graph.input(&groups));
        let mut ports = vec![
            (state, Source::State(0), Access::Rows { start: 0, step: size as isize }),
            (guess, Source::State(1), Access::Rows { start: 0, step: n_groups as isize }),
            (from, Source::Arg(0), Access::Rows { start: 0, step: n_groups as isize }),
            (to, Source::Arg(0), Access::Rows { start: n_groups as isize, step: n_groups as isize }),
        ];
        let mut inputs = vec![state, guess, from, to];
        let mut scan_args = vec![times];
        for &arg in args {
            let input = graph.input(self.shape(arg));
            ports.push((input, Source::Arg(scan_args.len()), Access::Whole));
            scan_args.push(arg);
            inputs.push(input);
        }
        let end = graph.apply(Arc::new(Interval::new(field, control)), &inputs);
        let (state, guess) = (graph.slice(end, 0, &[size]), graph.slice(end, size, &[n_groups]));
        let stores = vec![
            (state, 0, Access::Rows { start: size as isize, step: size as isize }, Mode::Set),
            (guess, 1, Access::Rows { start: n_groups as isize, step: n_groups as isize }, Mode::Set),
        ];
        let start = self.reshape(start, &[size]);
        let rest = self.full(&[n_times * size], 0.0);
        scan_args.push(self.concat(&[start, rest], 0));
        let states = vec![
            State { shape: vec![1 + n_times, size], init: Some(scan_args.len() - 1) },
            State { shape: vec![1 + n_times, n_groups], init: None },
        ];
        let body = Body { graph, ports, stores };
        let solved = self.scan(Scan { steps: n_times, reverse: false, body, states }, &scan_args);
        let solved = self.slice(solved, size, &[&[n_times], &state_shape[..]].concat());
        let order: Vec<usize> = (1..=rank).chain([0, rank + 1]).collect();
        self.permute(solved, &order)
    }
}
