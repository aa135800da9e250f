//! Groups: the `levels` of a column, and sums by group.

use std::cmp::Ordering;

use crate::builtin::function::{arity, typ};
use crate::builtin::typing::{Element, length, mismatch, numeric, same, shape, vector};
use crate::builtin::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, ElementType, Shape, Type};

pub const ALL: &[&dyn Builtin] = &[&Levels, &SegmentSum, &Interaction];

/// As in R, but of numbers too: in the order of a plate over the column, so that `alpha[year] ~ Normal(b * levels(year), s)`.
struct Levels;

/// Σ of x over the rows of each group.
struct SegmentSum;

/// Groups of groups: `r[interaction(school, class)] ~ Normal(0, s)`.
struct Interaction;

impl Builtin for Levels {
    fn name(&self) -> &'static str {
        "levels"
    }

    fn summary(&self) -> &'static str {
        "Each distinct value of a column of the data once, in increasing order: one for each element of a plate over it."
    }

    fn params(&self) -> &'static [Param] {
        const X: &[Param] = &[Param::required("x")];
        X
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name(), self.params(), args)?;
        let x = typ(args, 0)?;
        vector(x, 0, "what has `levels`")?;
        Ok(Type { element: x.element, shape: shape([Dim::Unknown]), size: None })
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        let mut values = call.known(g, 0, "what has `levels`")?;
        values.sort_by(f64::total_cmp);
        values.dedup();
        let n = values.len();
        Ok(call.constant(g, values, &[n]))
    }

    fn over_levels_of(&self) -> Option<usize> {
        Some(0)
    }

    fn keeps_levels(&self) -> bool {
        true
    }

    fn training_constant(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        "levels([1979, 1974, 1979])"
    }
}

impl Builtin for Interaction {
    fn name(&self) -> &'static str {
        "interaction"
    }

    fn summary(&self) -> &'static str {
        "Category of each row whose levels are the combinations of levels that occur, the first column changing slowest."
    }

    fn params(&self) -> &'static [Param] {
        const COLUMNS: &[Param] = &[Param::variadic("columns")];
        COLUMNS
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name(), self.params(), args)?;
        let mut rows = Dim::Unknown;
        for (i, column) in args.iter().enumerate() {
            let Some(column) = column else { continue };
            let own = vector(column, i, "a column of `interaction`")?;
            if column.element == Some(ElementType::Real) {
                let error = CallError::new("a column of `interaction` has levels: words or whole numbers");
                return Err(error.about(i));
            }
            rows = same(&rows, &own).ok_or_else(|| {
                CallError::new(format!("columns of lengths {rows} and {own} have no rows in common")).about(i)
            })?;
        }
        Ok(Type::array(ElementType::Category, shape([rows])))
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        let columns = (0..call.args.len())
            .map(|i| call.known(g, i, "a column of `interaction`"))
            .collect::<Result<Vec<_>, _>>()?;
        let n_rows = columns.first().map_or(0, Vec::len);
        let row = |i: usize| columns.iter().map(|column| column[i]).collect::<Vec<f64>>();
        let order = |a: &Vec<f64>, b: &Vec<f64>| {
            let pairs = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
            pairs.fold(Ordering::Equal, Ordering::then)
        };
        let mut distinct: Vec<Vec<f64>> = (0..n_rows).map(row).collect();
        distinct.sort_by(order);
        distinct.dedup();
        let code = |i: usize| distinct.partition_point(|other| order(other, &row(i)).is_lt()) as f64 + 1.0;
        let codes: Vec<f64> = (0..n_rows).map(code).collect();
        Ok(call.constant(g, codes, &[n_rows]))
    }

    fn combines_levels(&self) -> bool {
        true
    }

    fn training_constant(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        "interaction([2, 1, 2], [1, 1, 1])"
    }
}

impl Builtin for SegmentSum {
    fn name(&self) -> &'static str {
        "segment_sum"
    }

    fn summary(&self) -> &'static str {
        "Sums of the elements (rows of a matrix) of each group 1, ..., n, or of each level of a column."
    }

    fn params(&self) -> &'static [Param] {
        const PARAMS: &[Param] = &[Param::required("x"), Param::required("group"), Param::optional("n")];
        PARAMS
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name(), self.params(), args)?;
        let (x, group) = (typ(args, 0)?, typ(args, 1)?);
        numeric(&[Some(x.clone())])?;
        let rows = vector(group, 1, "the groups of `segment_sum`")?;
        let n = match args.get(2).and_then(Option::as_ref) {
            Some(n) => length(n, 2, "the number of groups of `segment_sum`")?,
            None => Dim::Unknown,
        };
        let shape = match x.shape.dims() {
            None => Shape::UNKNOWN,
            Some([]) => shape([n]),
            Some([of_x, rest @ ..]) => {
                if same(of_x, &rows).is_none() {
                    let words = "cannot sum {a} by groups {b}";
                    return Err(mismatch(words, &x.shape, &group.shape, of_x, &rows).about(1));
                }
                Shape(Some([&[n], rest].concat()))
            }
        };
        Ok(Type { element: Element::Keep.of([x]), shape, size: None })
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        let (x, group) = (call.arg(0)?, call.arg(1)?);
        let Some(groups) = g.value(group.node) else {
            return Err(CallError::new("the groups of `segment_sum` must be known from the data")
                .help("it depends on a latent variable here")
                .about(1));
        };
        let groups: Vec<f64> = groups.iter().copied().collect();
        let n = match call.optional(2) {
            Some(_) => call.known_length(g, 2, "the number of groups of `segment_sum`")?,
            None => groups.iter().fold(0.0, |most: f64, &k| most.max(k)) as usize,
        };
        let rows = call.event(g, group)[0];
        let outside = |k: f64| k.fract() != 0.0 || !(1.0..=n as f64).contains(&k);
        if let Some(at) = groups.iter().position(|&k| outside(k)) {
            let (k, row) = (groups[at], at % rows.max(1) + 1);
            let message = format!("the groups of `segment_sum` are 1 to {n}, but is {k} in row {row}");
            return Err(CallError::new(message).about(1));
        }
        let of_x = call.event(g, x);
        let rest = of_x.get(1..).unwrap_or_default().to_vec();
        // Batch dimensions of both, broadcast against each other.
        let lead = |arg: Node, g: &Graph| g.shape(arg)[..call.batch].to_vec();
        let (x_batch, group_batch) = (lead(x.node, g), lead(group.node, g));
        let batch: Vec<usize> =
            x_batch.iter().zip(&group_batch).map(|(&a, &b)| if a == 1 { b } else { a }).collect();
        let whole = [&batch[..], &[rows], &rest].concat();
        let x = if of_x.is_empty() { call.reshaped(g, x, &[1]) } else { x.node };
        let x = g.broadcast(x, &whole);
        let width: usize = rest.iter().product();
        let mut index = Vec::with_capacity(whole.iter().product());
        for b in 0..batch.iter().product() {
            let own = &groups[row_of(b, &batch, &group_batch) * rows..][..rows];
            for &k in own {
                let first = ((b * n + k as usize - 1) * width) as u32;
                index.extend(first..first + width as u32);
            }
        }
        Ok(g.scatter_add(x, index.into(), &[&batch[..], &[n], &rest].concat()))
    }

    fn over_levels_of(&self) -> Option<usize> {
        Some(1)
    }

    fn example(&self) -> &'static str {
        "segment_sum([1, 2, 3], [1, 2, 1])"
    }
}

/// Flat position, among dimensions `own` of which some are 1, of the i-th element of `batch`.
fn row_of(i: usize, batch: &[usize], own: &[usize]) -> usize {
    let (mut rest, mut stride, mut row) = (i, 1, 0);
    for (&n, &m) in batch.iter().zip(own).rev() {
        row += if m == 1 { 0 } else { rest % n * stride };
        stride *= m;
        rest /= n;
    }
    row
}
