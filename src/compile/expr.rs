//! Traces expressions: calls of the catalogues, names, literals, distributions.

use std::sync::Arc;

use super::CompileError;
use super::align::Layout;
use super::partly::elements_named;
use super::tracer::{Binding, Result, Tracer};
use super::value::{
    DistributionKind, MAX_ELEMENTS, Traced, TracedDistribution, Value, ValueLevels, fits_in_memory,
};
use crate::builtin::{self, Arg, Builtin, Call};
use crate::data::{Levels, Rows};
use crate::ir::{Expr, ExprKind, Role, Variable};
use crate::source::Span;
use crate::tape::{Node, Tensor};
use crate::types::{Dim, ElementType, Shape, Type};

/// Arguments of a call, in the order of its parameters.
type Arguments = Vec<Option<Traced>>;

impl Tracer<'_> {
    pub fn expr(&mut self, expr: &Expr) -> Result<Value> {
        match &expr.kind {
            ExprKind::Number(value, element) => {
                let node = self.graph.scalar(*value);
                Ok(Value::Array(Traced::new(node, Vec::new(), *element)))
            }
            ExprKind::Str(level) => Err(CompileError::Index {
                message: format!("the string {level:?} names a level, and can only be an index"),
                help: Some(format!("write `x[{level:?}]`")),
                at: expr.span,
            }),
            ExprKind::Variable(variable)
                if let Some(alone) = self.asked.as_ref().and_then(|asked| asked.alone.get(variable)) =>
            {
                Ok(Value::Array(alone.clone()))
            }
            ExprKind::Variable(variable) => match self.lookup(*variable, expr.span)? {
                Binding::Value(Value::Array(value)) => self.within_branch(value, expr.span).map(Value::Array),
                Binding::Value(value) => Ok(value),
                Binding::Elements(elements) => {
                    let whole = self.assemble(*variable, &elements, expr.span);
                    whole.map(Value::Array).map_err(|error| self.for_want_of_data(*variable, error))
                }
                Binding::Discrete(discrete) => self.whole_discrete(discrete, expr.span).map(Value::Array),
                Binding::Poisoned => Err(CompileError::Poisoned),
                Binding::OfStates(error) => Err(*error),
            },
            ExprKind::Rows => self.rows(expr.span).map(Value::Array),
            ExprKind::Array(items) => self.array_literal(items, expr.span).map(Value::Array),
            ExprKind::Call { builtin, args } => {
                let args: Vec<Option<&Expr>> = args.iter().map(Option::as_ref).collect();
                self.call(*builtin, &args, expr.span).map(Value::Array)
            }
            ExprKind::Apply { function, args } => {
                let args = args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>>>()?;
                self.apply_function(*function, args, expr.span)
            }
            ExprKind::ApplyVariable { variable, args } => {
                let Binding::Value(Value::Function(function)) = self.lookup(*variable, expr.span)? else {
                    return Err(CompileError::Call {
                        message: format!(
                            "`{}` is called, but is no function",
                            self.model.variable(*variable).name
                        ),
                        help: Some("give it the name of a function: `twice(f, x)`".into()),
                        at: expr.span,
                    });
                };
                let args = args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>>>()?;
                self.apply_function(function, args, expr.span)
            }
            ExprKind::Function(function) => Ok(Value::Function(*function)),
            ExprKind::Distribution { dist, form, args } => {
                let params = dist.forms()[*form];
                let mut traced = Vec::with_capacity(params.len());
                for (param, arg) in params.iter().zip(args) {
                    traced.push(match (arg, param.default) {
                        (Some(arg), _) => {
                            let value = self.array(arg)?;
                            self.check_argument(dist.name(), param, &value, arg)?;
                            value
                        }
                        (None, default) => self.number(default.unwrap_or(f64::NAN)),
                    });
                }
                let shapes: Vec<&[usize]> = traced.iter().map(|arg| arg.dims.as_slice()).collect();
                if let Some(message) = dist.event_mismatch(*form, &shapes) {
                    return Err(CompileError::Call { message, help: None, at: expr.span });
                }
                let kind = DistributionKind::Plain { dist: *dist, form: *form, args: traced };
                Ok(Value::Distribution(TracedDistribution { kind, span: expr.span }))
            }
            ExprKind::Wrapped { wrapper, inner, args } => {
                let inner = inner.iter().map(|inner| self.distribution(inner)).collect::<Result<Vec<_>>>()?;
                let mut traced = Vec::with_capacity(args.len());
                for (param, arg) in wrapper.params().iter().zip(args) {
                    traced.push(match arg {
                        Some(arg) => {
                            let value = self.array(arg)?;
                            self.check_argument(wrapper.name(), param, &value, arg)?;
                            Some(value)
                        }
                        None => param.default.map(|default| self.number(default)),
                    });
                }
                let kind = DistributionKind::Wrapped { wrapper: *wrapper, inner, args: traced };
                Ok(Value::Distribution(TracedDistribution { kind, span: expr.span }))
            }
            ExprKind::Ask { question, distribution, at } => {
                self.ask_expr(question, distribution, at.as_deref(), expr.span).map(Value::Array)
            }
            ExprKind::AskOrCall { question, builtin, value } => {
                self.ask_or_call(question, *builtin, value, expr.span).map(Value::Array)
            }
            ExprKind::Range { from, to } => {
                let (a, b) = (self.array(from)?, self.array(to)?);
                let ragged = self.ragged_range(&a, &b, expr.span)?;
                let args = [Some(&**from), Some(&**to)];
                let whole = |tracer: &mut Self| {
                    tracer.call_traced(builtin::RANGE, &[Some(a), Some(b)], &args, expr.span)
                };
                ragged.map_or_else(|| whole(self), Ok).map(Value::Array)
            }
            ExprKind::Ode(ode) => self.ode(ode, expr.span).map(Value::Array),
            ExprKind::Index { base, indices } => self.index_expr(base, indices, expr.span).map(Value::Array),
        }
    }

    /// An expression that must be a number or array.
    pub fn array(&mut self, expr: &Expr) -> Result<Traced> {
        match self.expr(expr)? {
            Value::Array(traced) => Ok(traced),
            Value::Distribution(_) => Err(CompileError::Call {
                message: "a number is needed here, but this is a distribution".into(),
                help: Some("`~` gives a distribution to a name; `lpdf(D, x)` asks its log density".into()),
                at: expr.span,
            }),
            Value::Function(_) => Err(CompileError::Call {
                message: "a number is needed here, but this is a function".into(),
                help: Some("call it: `f(...)`".into()),
                at: expr.span,
            }),
        }
    }

    pub fn distribution(&mut self, expr: &Expr) -> Result<TracedDistribution> {
        match self.expr(expr)? {
            Value::Distribution(distribution) => Ok(distribution),
            _ => Err(CompileError::Call {
                message: "a distribution is needed here".into(),
                help: Some("for example `Normal(0, 1)`".into()),
                at: expr.span,
            }),
        }
    }

    pub fn number(&mut self, value: f64) -> Traced {
        Traced::new(self.graph.scalar(value), Vec::new(), ElementType::Real)
    }

    /// A name of the data as a constant.
    pub fn data_value(&mut self, name: &str, at: Span) -> Result<Traced> {
        let given = self.given(name, at)?;
        let is_missing = self.data.get(name).is_some_and(|variable| variable.values.missing.is_some());
        let is_drawn = |variable: &Variable| variable.name == name && variable.role == Role::Observed;
        if is_missing && !(self.makes_new_data() && self.model.variables.iter().any(is_drawn)) {
            let help = format!(
                "without it, `{name} ~ ...` is a latent: leave it out of the data, or `--drop {name}`"
            );
            return Err(CompileError::Data { message: self.has_missing(name), help: Some(help), at });
        }
        Ok(given)
    }

    /// A name of the data as a constant, NaN where entries are missing.
    pub fn given(&mut self, name: &str, at: Span) -> Result<Traced> {
        let Some(variable) = self.data.get(name) else {
            let help = match self.data.nearest(name) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the data must hold it; `vippl check MODEL --data FILE` lists what it holds".into(),
            };
            return Err(CompileError::UnknownName { name: name.into(), help, at });
        };
        let node = self.graph.constant(variable.values.array.clone());
        let mut traced = Traced::new(node, variable.values.shape().to_vec(), variable.values.element);
        if let (Some(levels), Some(first)) = (&variable.origin.levels, traced.labels.first_mut()) {
            *first = Some(levels.clone());
        }
        traced.levels = match (&variable.values.levels, variable.values.element, variable.values.rank()) {
            (Some(levels), _, _) => Some(ValueLevels::Category(levels.clone())),
            (None, ElementType::Int, 1) => Some(ValueLevels::IntColumn(name.into())),
            _ => None,
        };
        Ok(traced)
    }

    pub fn row_count(&self, at: Span) -> Result<usize> {
        match self.data.rows() {
            Rows::Known(rows) => Ok(rows),
            Rows::Ambiguous(lengths) => {
                let shown: Vec<String> =
                    lengths.iter().take(4).map(|(name, rows)| format!("{name} has {rows}")).collect();
                Err(CompileError::Data {
                    message: format!("`rows` is ambiguous: {}", shown.join(", ")),
                    help: Some("name the length instead, e.g. `z[N]` or `z[len(y)]`".into()),
                    at,
                })
            }
            Rows::Absent => Err(CompileError::Data {
                message: "`rows` needs a table, and there is none".into(),
                help: Some("give one with `--data FILE.csv`".into()),
                at,
            }),
        }
    }

    fn rows(&mut self, at: Span) -> Result<Traced> {
        let rows = self.row_count(at)?;
        Ok(Traced::new(self.graph.scalar(rows as f64), Vec::new(), ElementType::Int))
    }

    fn array_literal(&mut self, items: &[Expr], at: Span) -> Result<Traced> {
        if items.is_empty() {
            let node = self.graph.vector(&[]);
            return Ok(Traced::new(node, vec![0], ElementType::Real));
        }
        let traced = items.iter().map(|item| self.array(item)).collect::<Result<Vec<_>>>()?;
        let dims = traced[0].dims.clone();
        for (item, value) in items.iter().zip(&traced) {
            if value.dims != dims {
                return Err(CompileError::Shape {
                    left: Shape::known(&dims).to_string(),
                    right: Shape::known(&value.dims).to_string(),
                    left_at: items[0].span,
                    right_at: item.span,
                });
            }
        }
        let operands: Vec<_> = traced.iter().map(|value| (value, Layout::Batch { event: 0 })).collect();
        let aligned = self.align(&operands, at)?;
        // Peeling may have turned a dimension of every item into an axis.
        let graph_dims = self.full_shape(&aligned.axes, &[], aligned.place);
        let own = self.graph_at(aligned.place).shape(aligned.nodes[0])[aligned.axes.len()..].to_vec();
        let mut whole = graph_dims.clone();
        whole.push(1);
        whole.extend(&own);
        let graph = self.graph_at(aligned.place);
        let parts: Vec<Node> = aligned
            .nodes
            .iter()
            .map(|&node| {
                let mut shape = graph.shape(node).to_vec();
                shape.insert(graph_dims.len(), 1);
                let node = graph.reshape(node, &shape);
                graph.broadcast(node, &whole)
            })
            .collect();
        let node = graph.concat(&parts, graph_dims.len());
        let element =
            traced.iter().map(|value| value.element).reduce(join_elements).unwrap_or(ElementType::Real);
        let mut dims = own;
        dims.insert(0, items.len());
        let mut result = Traced::new(node, dims, element);
        (result.axes, result.place) = (aligned.axes, aligned.place);
        Ok(result)
    }

    fn call(&mut self, builtin: &'static dyn Builtin, args: &[Option<&Expr>], at: Span) -> Result<Traced> {
        let mut traced = Vec::with_capacity(args.len());
        for arg in args {
            traced.push(match arg {
                // A level: its code is known once the other side is.
                Some(Expr { kind: ExprKind::Str(_), .. }) | None => None,
                Some(arg) if builtin::takes_missing(builtin) && elements_named(arg).is_some() => {
                    Some(self.as_given(|tracer| tracer.array(arg))?)
                }
                Some(arg) => Some(self.array(arg)?),
            });
        }
        for (k, arg) in args.iter().enumerate() {
            let Some(Expr { kind: ExprKind::Str(level), span, .. }) = arg else { continue };
            let mut others = args.iter().zip(&traced).filter_map(|(arg, traced)| arg.zip(traced.as_ref()));
            let other = others.next().map(|(arg, traced)| (arg, traced.clone()));
            let code = self.level_code(other.as_ref().map(|(arg, traced)| (*arg, traced)), level, *span)?;
            traced[k] = Some(code);
        }
        self.call_traced(builtin, &traced, args, at)
    }

    /// A call of arguments that are traced already; the expressions say where they stand.
    pub fn call_traced(
        &mut self,
        builtin: &'static dyn Builtin,
        traced: &[Option<Traced>],
        args: &[Option<&Expr>],
        at: Span,
    ) -> Result<Traced> {
        let span_of = |k: usize| args.get(k).and_then(|arg| Some(arg.as_ref()?.span)).unwrap_or(at);
        let (by_levels, label) = self.by_levels(builtin, traced, at)?;
        let traced = by_levels.as_deref().unwrap_or(traced);
        let elements = traced.iter().flatten().filter(|value| value.is_enumerated());
        if let Some(ragged) = elements.filter_map(|value| self.ragged_elements(value)).next()
            && !builtin.elementwise()
        {
            let what = "a function of a slice of a discrete latent whose length changes over the loop";
            return Err(self.varies(ragged, what, at));
        }
        let whole = if builtin.elementwise() { None } else { self.of_whole_latents(builtin, traced, at)? };
        let traced = whole.as_deref().unwrap_or(traced);
        if !builtin.elementwise() && traced.iter().flatten().any(|value| self.ragged_of(value).is_some()) {
            return self.call_ragged(builtin, traced, args, at);
        }
        let types: Vec<Option<Type>> =
            traced.iter().map(|value| value.as_ref().map(|value| self.exact_type(value))).collect();
        let layout = if builtin.elementwise() { Layout::Elementwise } else { Layout::Own };
        let operands: Vec<(&Traced, Layout)> = traced.iter().flatten().map(|value| (value, layout)).collect();
        let ty = match builtin.result(&types) {
            Ok(ty) => ty,
            Err(error) => {
                if !builtin.elementwise() {
                    // A discrete latent that cannot be an argument here has a type of its own: say that instead.
                    self.align(&operands, at)?;
                }
                let at = error.argument.map_or(at, span_of);
                return Err(CompileError::call(error, at));
            }
        };
        let dims: Option<Vec<usize>> = ty.shape.dims().and_then(|dims| dims.iter().map(Dim::known).collect());
        fits_in_memory(&format!("`{}`", builtin.name()), &dims.unwrap_or_default(), MAX_ELEMENTS, at)?;
        let aligned = self.align(&operands, at)?;
        let batch = aligned.axes.len();
        let mut nodes = aligned.nodes.iter();
        let graph = self.graph_at(aligned.place);
        let call_args: Vec<Option<Arg>> = traced
            .iter()
            .map(|value| {
                let value = value.as_ref()?;
                let node = *nodes.next()?;
                let rank = graph.shape(node).len() - batch;
                Some(Arg { node, rank, element: value.element })
            })
            .collect();
        let node = builtin.build(graph, &Call { args: &call_args, batch }).map_err(|error| {
            let at = error.argument.map_or(at, span_of);
            let varying = error.argument.filter(|_| error.varies).and_then(|k| traced.get(k)?.as_ref());
            let error = CompileError::call(error, at);
            match varying {
                Some(varying) => self.varying(varying, error),
                None => error,
            }
        })?;
        let graph = self.graph_at(aligned.place);
        if graph.value(node).is_none() {
            self.check_factors(builtin, traced, args)?;
        }
        let graph = self.graph_at(aligned.place);
        let shape = graph.shape(node).to_vec();
        let element = ty.element.unwrap_or(ElementType::Real);
        let axes_shape = self.full_shape(&aligned.axes, &[], aligned.place);
        let mut result = if shape.starts_with(&axes_shape) {
            let mut result = Traced::new(node, shape[batch..].to_vec(), element);
            result.axes = aligned.axes;
            result
        } else {
            // A result that ignores its arguments' values (`len`) varies along no axis.
            let is_single = shape.len() >= batch && shape[..batch].iter().all(|&len| len == 1);
            let own = if is_single { shape[batch..].to_vec() } else { shape };
            let node = self.graph_at(aligned.place).reshape(node, &own);
            Traced::new(node, own, element)
        };
        result.place = aligned.place;
        if builtin.elementwise() {
            let labelled = traced.iter().flatten().filter(|value| value.labels.iter().any(Option::is_some));
            for value in labelled {
                let lead = result.rank().saturating_sub(value.rank());
                for (label, own) in result.labels[lead..].iter_mut().zip(&value.labels) {
                    if label.is_none() {
                        label.clone_from(own);
                    }
                }
            }
        }
        let dimensions = builtin.dimensions_of();
        if dimensions.len() == result.rank() {
            for (own, &(argument, dim)) in result.labels.iter_mut().zip(dimensions) {
                let value = traced.get(argument).and_then(Option::as_ref);
                *own = value.and_then(|value| value.labels.get(dim)?.clone());
            }
        }
        if let Some(own) = builtin.over_levels_of().and_then(|k| traced.get(k)?.as_ref())
            && let Some(first) = result.labels.first_mut()
        {
            *first = label.filter(|label| label.len() == result.dims[0] && own.axes.is_empty());
        }
        if let (true, Some(Some(first))) = (builtin.keeps_levels(), traced.first()) {
            result.levels.clone_from(&first.levels);
        }
        if builtin.combines_levels() {
            result.levels = self.combined_levels(&result, traced).map(ValueLevels::Category);
        }
        if builtin.training_constant()
            && self.plan.is_none()
            && result.axes.is_empty()
            && let Some(tensor) = self.constant(&result)
        {
            let tensor: Tensor = tensor.clone();
            self.training_constants.push((self.model.source.slice(at).to_string(), tensor));
        }
        Ok(result)
    }

    /// Names of the combinations of levels behind the codes of a category, `a:1`.
    fn combined_levels(&self, codes: &Traced, columns: &[Option<Traced>]) -> Option<Arc<Levels>> {
        let codes: Vec<f64> = self.constant(codes)?.iter().copied().collect();
        let n_levels = codes.iter().fold(0.0, |most: f64, &code| most.max(code)) as usize;
        let mut names = vec![String::new(); n_levels];
        for column in columns.iter().flatten() {
            let values: Vec<f64> = self.constant(column)?.iter().copied().collect();
            let mut named = vec![false; n_levels];
            for (&code, &value) in codes.iter().zip(&values) {
                let k = code as usize - 1;
                if std::mem::replace(&mut named[k], true) {
                    continue;
                }
                let name = match &column.levels {
                    Some(ValueLevels::Category(levels)) => levels.names().get(value as usize - 1)?.clone(),
                    _ => format!("{value}"),
                };
                names[k] = if names[k].is_empty() { name } else { format!("{}:{name}", names[k]) };
            }
        }
        Some(Arc::new(Levels::new(names)))
    }

    /// For a function over the levels of a grouping: the arguments with the grouping as positions among its levels (where
    /// nothing else says how many groups there are), and what labels the result.
    fn by_levels(
        &mut self,
        builtin: &dyn Builtin,
        traced: &[Option<Traced>],
        at: Span,
    ) -> Result<(Option<Arguments>, Option<Arc<Levels>>)> {
        let Some((k, Some(grouping))) = builtin.over_levels_of().and_then(|k| Some((k, traced.get(k)?)))
        else {
            return Ok((None, None));
        };
        let groups = matches!(grouping.element, ElementType::Int | ElementType::Category);
        let (true, true, Some(known)) = (groups, grouping.rank() == 1, self.constant(grouping)) else {
            return Ok((None, None));
        };
        let known: Vec<f64> = known.iter().copied().collect();
        if !grouping.axes.is_empty() {
            return Ok((None, None));
        }
        let plate = self.plate_over(grouping, &known, at)?;
        let Some(n) = traced.get(k + 1) else { return Ok((None, plate.label)) };
        if n.is_some() {
            let category = grouping.element == ElementType::Category;
            return Ok((None, plate.label.filter(|_| category)));
        }
        let mut traced = traced.to_vec();
        if let (ElementType::Int, Some(label)) = (grouping.element, &plate.label) {
            let own = ValueLevels::IntColumn("".into());
            let positions = self.by_level(&known, &own, label, at)?;
            let positions: Vec<f64> = positions.iter().map(|&k| f64::from(k) + 1.0).collect();
            let node = self.graph.vector(&positions);
            traced[k] = Some(Traced::new(node, grouping.dims.clone(), ElementType::Int));
        }
        let n = self.graph.scalar(plate.len as f64);
        traced[k + 1] = Some(Traced::new(n, Vec::new(), ElementType::Int));
        Ok((Some(traced), plate.label))
    }

    /// The exact type of a traced value, for the shape rules of the catalogue.
    pub fn exact_type(&self, value: &Traced) -> Type {
        let size = (value.rank() == 0 && value.axes.is_empty() && value.element == ElementType::Int)
            .then(|| self.constant(value).and_then(|tensor| tensor.first().copied()))
            .flatten()
            .filter(|&size| size >= 0.0)
            .map(|size| Dim::Known(size as usize));
        Type { element: Some(value.element), shape: Shape::known(&value.dims), size }
    }
}

/// The element type of an array of both.
fn join_elements(a: ElementType, b: ElementType) -> ElementType {
    match (a, b) {
        (a, b) if a == b => a,
        (ElementType::Int | ElementType::Bool, ElementType::Int | ElementType::Bool) => ElementType::Int,
        _ => ElementType::Real,
    }
}
