//! Differential equations: the function becomes the right side of a solve, one system for each pass of the loops around.

use std::collections::HashMap;

use super::CompileError;
use super::align::Layout;
use super::loops::{Domain, DomainKind};
use super::scan::ScanTrace;
use super::tracer::{Result, Tracer};
use super::value::{Axis, MAX_ELEMENTS, Place, Traced, Value, fits_in_memory};
use crate::ir::{Expr, FunctionId, Ode, OdeMethod};
use crate::source::Span;
use crate::tape::{Access, Control, Field, Graph, Method, Node, Source};
use crate::types::{ElementType, Shape};

/// Steps from one time to the next that can be asked for: each is kept for the derivatives.
const MOST_STEPS: f64 = 1e6;

/// The function at t and y, and what it needs of the main graph.
struct RightSide {
    field: Field,
    args: Vec<Node>,
}

impl Tracer<'_> {
    /// `ode(f, y0, t0, ts, args...)`: `[len(ts), len(y0)]`.
    pub fn ode(&mut self, ode: &Ode, at: Span) -> Result<Traced> {
        let Value::Function(function) = self.expr(&ode.function)? else {
            return Err(CompileError::Call {
                message: "the first argument of `ode` must be a function".into(),
                help: Some("define `fn f(t, y) = ...`, which gives dy/dt".into()),
                at: ode.function.span,
            });
        };
        let [start, t0, times] = [self.array(&ode.start)?, self.array(&ode.t0)?, self.array(&ode.times)?];
        let mut args = Vec::with_capacity(ode.args.len());
        for arg in &ode.args {
            args.push(self.expr(arg)?);
            if let Some(Value::Distribution(_)) = args.last() {
                return Err(CompileError::Call {
                    message: "the function is given numbers, arrays or functions, not a distribution".into(),
                    help: None,
                    at: arg.span,
                });
            }
        }
        self.check_solve(ode, function, [&start, &t0, &times])?;
        let control = self.control(ode)?;

        let arrays = args.iter().filter_map(|arg| match arg {
            Value::Array(array) => Some(array),
            _ => None,
        });
        let given: Vec<&Traced> = [&start, &t0, &times].into_iter().chain(arrays).collect();
        if given.iter().any(|value| value.place != Place::Main) {
            let feature = "`ode` of values that a recursion carries from step to step";
            return Err(CompileError::unsupported(feature, at));
        }
        let operands: Vec<(&Traced, Layout)> = given.iter().map(|value| (*value, Layout::Own)).collect();
        // A recursion around has no part in this: nothing here comes from its steps.
        let recursion = self.scan.take();
        let solved = self.aligned_ode(function, &operands, &args, control, ode, at);
        self.scan = recursion;
        solved
    }

    fn aligned_ode(
        &mut self,
        function: FunctionId,
        operands: &[(&Traced, Layout)],
        args: &[Value],
        control: Control,
        ode: &Ode,
        at: Span,
    ) -> Result<Traced> {
        let aligned = self.align(operands, at)?;
        let [start, t0, times] = [aligned.nodes[0], aligned.nodes[1], aligned.nodes[2]];
        let (n, k) = (operands[0].0.dims[0], operands[2].0.dims[0]);
        let groups = self.full_shape(&aligned.axes, &[], Place::Main);
        let whole = [&groups[..], &[k, n]].concat();
        fits_in_memory("this solution", &whole, MAX_ELEMENTS, at)?;
        self.check_order(t0, times, &groups, k, ode)?;
        let node = if self.plan.is_some() {
            // A dry run needs the shape alone.
            self.graph.input(&whole)
        } else {
            let right = self.right_side(function, args, &aligned.axes, &groups, n, ode.function.span)?;
            let start = self.graph.broadcast(start, &[&groups[..], &[n]].concat());
            self.graph.ode(right.field, start, t0, times, &right.args, control)
        };
        let mut result = Traced::new(node, vec![k, n], ElementType::Real);
        result.axes = aligned.axes;
        Ok(result)
    }

    /// Traces the function into a graph of its own, as the body of a recursion of one step; what does not depend on t and y
    /// is computed outside.
    fn right_side(
        &mut self,
        function: FunctionId,
        args: &[Value],
        axes: &[Axis],
        groups: &[usize],
        n: usize,
        at: Span,
    ) -> Result<RightSide> {
        let base = axes.iter().find_map(|axis| match axis {
            Axis::Domain(domain) => Some(*domain),
            Axis::Enumeration(_) => None,
        });
        let size = base.map_or(1, |base| self.domains[base].size);
        let parent_rows = base.map_or_else(Vec::new, |_| (0..size as u32).collect());
        self.domains.push(Domain {
            size,
            parent: base,
            parent_rows,
            kind: DomainKind::Loop,
            lengths: None,
            dims: Vec::new(),
        });
        let domain = self.domains.len() - 1;
        let own_axes: Vec<Axis> = axes
            .iter()
            .map(|axis| if Some(*axis) == base.map(Axis::Domain) { Axis::Domain(domain) } else { *axis })
            .collect();
        let mut graph = Graph::new();
        let time = graph.input(groups);
        let state = graph.input(&[groups, &[n]].concat());
        let step = |node: Node, dims: Vec<usize>| {
            let mut value = Traced::new(node, dims, ElementType::Real);
            (value.axes, value.place) = (own_axes.clone(), Place::Step);
            value
        };
        let (t, y) = (step(time, Vec::new()), step(state, vec![n]));
        self.scan = Some(ScanTrace {
            domain,
            base,
            steps: 1,
            graph,
            ports: Vec::new(),
            args: Vec::new(),
            imported: HashMap::new(),
            states: Vec::new(),
            exports: Vec::new(),
            stores: Vec::new(),
            sections: Vec::new(),
            deferred: Vec::new(),
            extents: HashMap::new(),
        });
        let outer = self.domain.replace(domain);
        let all = [Value::Array(t), Value::Array(y.clone())].into_iter().chain(args.iter().cloned());
        let slope = self.apply_function(function, all.collect(), at);
        let slope = slope.and_then(|slope| self.slope(slope, &y, at));
        self.domain = outer;
        let scan = self.scan.take();
        let slope = slope?;
        let Some(scan) = scan else { return Err(CompileError::Internal { at }) };
        let mut field = Field { graph: scan.graph, time, state, args: Vec::new(), slope };
        let mut nodes = Vec::new();
        for (node, source, access) in scan.ports {
            // Of a single step, the first rows are all there are.
            let (Source::Arg(arg), Access::Whole | Access::Rows { start: 0, .. }) = (source, access) else {
                return Err(CompileError::Internal { at });
            };
            field.args.push(node);
            nodes.push(scan.args[arg]);
        }
        Ok(RightSide { field, args: nodes })
    }

    /// The returned value as a node of the shape of the state.
    fn slope(&mut self, returned: Value, state: &Traced, at: Span) -> Result<Node> {
        let n = state.dims[0];
        let elements = if n == 1 { "element" } else { "elements" };
        let wrong = |found: String| CompileError::Call {
            message: format!("the function of `ode` returns {found}, but the state has {n} {elements}"),
            help: Some("it gives dy/dt: a vector with the length of `y0`".into()),
            at,
        };
        let Value::Array(slope) = returned else { return Err(wrong("no numbers".into())) };
        if slope.dims != state.dims {
            return Err(wrong(Shape::known(&slope.dims).to_string()));
        }
        let aligned = self.align(&[(&slope, Layout::Own), (state, Layout::Own)], at)?;
        if aligned.axes != state.axes {
            let feature =
                "an `ode` whose function depends on a discrete latent that is none of its arguments";
            return Err(CompileError::unsupported(feature, at));
        }
        let graph = self.graph_at(Place::Step);
        let shape = graph.shape(aligned.nodes[1]).to_vec();
        Ok(graph.broadcast(aligned.nodes[0], &shape))
    }

    fn check_solve(&self, ode: &Ode, function: FunctionId, [start, t0, times]: [&Traced; 3]) -> Result<()> {
        let wrong = |what: &str, value: &Traced, at: Span| {
            let found = Shape::known(&value.dims);
            Err(CompileError::Call { message: format!("{what}, found {found}"), help: None, at })
        };
        if start.rank() != 1 || start.dims[0] == 0 {
            return wrong("the state `y0` of `ode` must be a vector", start, ode.start.span);
        }
        if t0.rank() != 0 {
            return wrong("the time `t0` of `ode` must be a scalar", t0, ode.t0.span);
        }
        if times.rank() != 1 {
            return wrong("the times `ts` of `ode` must be a vector", times, ode.times.span);
        }
        let function = self.model.function(function);
        let (wanted, given) = (function.parameters.len(), 2 + ode.args.len());
        if wanted != given {
            return Err(CompileError::Call {
                message: format!(
                    "`ode` calls `{}` with {given} arguments, but it takes {wanted}",
                    function.name
                ),
                help: Some("what comes after `ts` in `ode` comes after t and y in the function".into()),
                at: ode.function.span,
            });
        }
        Ok(())
    }

    /// Times that are known must not fall, and not come before a `t0` that is known.
    fn check_order(&self, t0: Node, times: Node, groups: &[usize], k: usize, ode: &Ode) -> Result<()> {
        let Some(times) = self.graph.value(times) else { return Ok(()) };
        let wrong = |message: String| {
            let help = Some(
                "the solution starts at `t0` and goes on from time to time; several may be equal".into(),
            );
            Err(CompileError::Call { message, help, at: ode.times.span })
        };
        let all: Vec<f64> = times.iter().copied().collect();
        for of_group in all.chunks(k.max(1)) {
            if let Some(i) = of_group.iter().position(|t| !t.is_finite()) {
                return wrong(format!(
                    "the times `ts` of `ode` must be finite: number {} is {}",
                    i + 1,
                    of_group[i]
                ));
            }
            if let Some(i) = of_group.windows(2).position(|pair| pair[1] < pair[0]) {
                let (before, after) = (of_group[i], of_group[i + 1]);
                return wrong(format!(
                    "the times `ts` of `ode` must not fall: number {} is {before}, number {} is {after}",
                    i + 1,
                    i + 2
                ));
            }
        }
        let Some(t0) = self.graph.value(t0) else { return Ok(()) };
        let t0: Vec<f64> = t0.iter().copied().collect();
        let n_groups: usize = groups.iter().product();
        if k == 0 || ![1, n_groups].contains(&t0.len()) || ![1, n_groups].contains(&(all.len() / k)) {
            return Ok(());
        }
        for group in 0..n_groups {
            let first = all[if all.len() == k { 0 } else { group * k }];
            let t0 = t0[if t0.len() == 1 { 0 } else { group }];
            if first < t0 || !t0.is_finite() {
                return wrong(format!("the times `ts` of `ode` start at {first}, before `t0` = {t0}"));
            }
        }
        Ok(())
    }

    fn control(&mut self, ode: &Ode) -> Result<Control> {
        let method = match ode.method {
            OdeMethod::Explicit => Method::DormandPrince,
            OdeMethod::Implicit => Method::Rodas,
        };
        let mut control = Control { method, ..Control::default() };
        let positive = "a positive number, as 1e-6";
        if let Some(rtol) = &ode.rtol {
            control.rtol = self.option("rtol", rtol, positive, |x| x > 0.0 && x < 1.0)?;
        }
        if let Some(atol) = &ode.atol {
            control.atol = self.option("atol", atol, positive, |x| x > 0.0 && x.is_finite())?;
        }
        if let Some(max_steps) = &ode.max_steps {
            let whole = |x: f64| x.fract() == 0.0 && (1.0..=MOST_STEPS).contains(&x);
            control.max_steps =
                self.option("max_steps", max_steps, "a whole number from 1 to 1000000", whole)? as usize;
        }
        Ok(control)
    }

    fn option(&mut self, name: &str, expr: &Expr, wanted: &str, good: impl Fn(f64) -> bool) -> Result<f64> {
        let value = self.array(expr)?;
        let known = self.known(&value, expr.span, &format!("`{name}` must be known from the data"))?;
        match known[..] {
            [x] if value.rank() == 0 && good(x) => Ok(x),
            _ => Err(CompileError::Call {
                message: format!("`{name}` of `ode` must be {wanted}"),
                help: None,
                at: expr.span,
            }),
        }
    }
}
