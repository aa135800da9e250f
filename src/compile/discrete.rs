//! Discrete latents: defined, and read as an axis over their values. `eliminate` sums them out.

use std::sync::Arc;

use super::CompileError;
use super::distribution::skeleton;
use super::elements::{Extents, Slots};
use super::selection::Selection;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, MAX_INDEX_RANK, Traced, TracedDistribution, Tuple};
use crate::data::Levels;
use crate::density::TermKind;
use crate::ir::{Index, Statement, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::ElementType;

/// A discrete latent that is summed out.
#[derive(Clone)]
pub struct Discrete {
    pub variable: VariableId,
    pub name: String,
    /// The values that each element may take.
    pub values: Vec<f64>,
    /// How many indices name an element; 0 for a single one.
    pub rank: usize,
    pub slots: Slots,
    pub span: Span,
    /// The statements that give it its prior.
    pub statements: Vec<Span>,
    /// Where new data are made: arrays of its elements, in the order of their rows.
    pub drawn: Vec<Node>,
}

impl Discrete {
    /// Whether its elements do not fill an array: they are reported one by one, under their own indices.
    pub fn is_listed(&self) -> bool {
        self.slots.extents[..self.rank].iter().map(|&len| len as usize).product::<usize>() != self.slots.rows
    }
}

/// One reading of elements of a discrete latent, as an axis over its values.
pub struct Enumeration {
    pub discrete: usize,
    pub domain: Option<usize>,
    /// The element read in each row of the domain (one entry without a domain).
    pub map: Arc<[u32]>,
}

/// Stands for an element that a dry run has not seen defined.
const UNKNOWN_ELEMENT: u32 = u32::MAX;

impl Tracer<'_> {
    pub fn discrete_latent(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        distribution: &TracedDistribution,
        dims: Vec<usize>,
        labels: Vec<Option<Arc<Levels>>>,
    ) -> Result<()> {
        let values = self.finite_values(distribution, variable)?;
        let rank = dims.len();
        if rank > MAX_INDEX_RANK {
            return Err(CompileError::unsupported(
                format!("a discrete latent of more than {MAX_INDEX_RANK} dimensions"),
                statement.span,
            ));
        }
        let n = dims.iter().product::<usize>();
        let tuples = tuples_of(&dims);
        self.register_discrete(variable, &tuples, rank, values, statement.span)?;
        let Some(Binding::Discrete(discrete)) = self.env[variable.0] else {
            return Err(CompileError::Poisoned);
        };
        let x = if self.makes_new_data() {
            let map: Vec<u32> = (0..n as u32).collect();
            let selection = Selection { tuples, axes: Vec::new(), dims: dims.clone(), rank };
            self.drawn_elements(discrete, &map, &selection)
        } else {
            self.whole_discrete(discrete, statement.span)?
        };
        self.report_discrete(variable, dims, labels, distribution.span);
        self.discrete[discrete].statements.push(statement.span);
        self.density_statement(statement.span, TermKind::Prior, distribution, &x)
    }

    pub fn discrete_elements(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        selection: &Selection,
        distribution: &TracedDistribution,
    ) -> Result<()> {
        if !selection.dims.is_empty() {
            return Err(CompileError::unsupported(
                "defining several discrete latents at once",
                statement.span,
            ));
        }
        let values = self.finite_values(distribution, variable)?;
        let ahead = match self.env[variable.0] {
            Some(Binding::Discrete(discrete)) => {
                let known = &self.discrete[discrete];
                selection.tuples.iter().all(|tuple| known.slots.get(tuple, known.rank).is_some())
            }
            _ => false,
        };
        if !ahead {
            self.register_discrete(
                variable,
                &selection.tuples,
                selection.rank,
                values.clone(),
                statement.span,
            )?;
            self.note_write(variable, selection, &[], ElementType::Int);
            if let Some(plan) = &mut self.plan
                && let Some(writes) = plan.writes.get_mut(&variable)
            {
                writes.discrete = Some(values);
            }
        }
        let Some(Binding::Discrete(discrete)) = self.env[variable.0] else {
            return Err(CompileError::Poisoned);
        };
        let known = &self.discrete[discrete];
        let map: Vec<u32> =
            selection.tuples.iter().filter_map(|tuple| known.slots.get(tuple, known.rank)).collect();
        let domain = selection.axes.iter().find_map(|axis| match axis {
            Axis::Domain(domain) => Some(*domain),
            Axis::Enumeration(_) => None,
        });
        let x = if self.makes_new_data() {
            self.drawn_elements(discrete, &map, selection)
        } else {
            self.enumerate(discrete, domain, map.into())?
        };
        self.discrete[discrete].statements.push(statement.span);
        self.density_statement(statement.span, TermKind::Prior, distribution, &x)
    }

    pub fn register_discrete(
        &mut self,
        variable: VariableId,
        tuples: &[super::value::Tuple],
        rank: usize,
        values: Vec<f64>,
        span: Span,
    ) -> Result<()> {
        let name = self.model.variable(variable).name.clone();
        let discrete = match self.env[variable.0] {
            Some(Binding::Discrete(discrete)) => discrete,
            _ => {
                self.discrete.push(Discrete {
                    variable,
                    name: name.clone(),
                    values: values.clone(),
                    rank,
                    slots: Default::default(),
                    span,
                    statements: Vec::new(),
                    drawn: Vec::new(),
                });
                self.env[variable.0] = Some(Binding::Discrete(self.discrete.len() - 1));
                self.discrete.len() - 1
            }
        };
        let known = &mut self.discrete[discrete];
        if known.values != values || known.rank != rank {
            return Err(CompileError::unsupported(
                format!("`{name}`, whose elements take different values in different statements"),
                span,
            ));
        }
        for tuple in tuples {
            if !known.slots.insert(*tuple, rank) {
                let element = super::elements::element_name(&name, tuple, rank);
                return Err(CompileError::RedefinedElement { element, at: span });
            }
        }
        self.draw_elements(discrete, tuples, rank);
        Ok(())
    }

    pub fn finite_values(
        &mut self,
        distribution: &TracedDistribution,
        variable: VariableId,
    ) -> Result<Vec<f64>> {
        let placed = self.place(distribution, None, distribution.span)?;
        if skeleton(distribution).event_rank() > 0 {
            return Err(CompileError::Elimination {
                name: self.model.variable(variable).name.clone(),
                reason: format!("a draw of {} is a vector of counts", placed.instance.describe()),
                help: "counts like these must be data; give the probabilities behind them the prior".into(),
                at: distribution.span,
            });
        }
        let graph = self.graph_at(placed.place);
        placed.instance.support_values(graph).ok_or_else(|| CompileError::Elimination {
            name: self.model.variable(variable).name.clone(),
            reason: "its support is not finite, or not known from the data".into(),
            help: "latents of finitely many values are summed out: Bernoulli, Categorical, Binomial, DiscreteUniform, \
                   and others that end, as in `truncated(Poisson(5), upper = 50)`"
                .into(),
            at: distribution.span,
        })
    }

    /// `z[i]`, `z[t - 1]`: enumerated, one axis per distinct reading.
    pub fn index_discrete(&mut self, discrete: usize, indices: &[Index], at: Span) -> Result<Traced> {
        let known = &self.discrete[discrete];
        let (variable, name) = (known.variable, known.name.clone());
        if indices.len() != known.rank {
            return Err(CompileError::Elimination {
                name,
                reason: format!("its elements take {} indices, here are {}", known.rank, indices.len()),
                help: "read one element per iteration".into(),
                at,
            });
        }
        let extents = Extents { rank: known.rank, lens: known.slots.extents };
        let selection = self.selection(variable, indices, Some(extents), at)?;
        self.note_read(variable, &selection, at);
        self.read_discrete(discrete, &selection, at)
    }

    /// A vector index (`z[group]`) reads along the implicit domain of its entries; a loop's index along the loop. Several
    /// elements in each iteration of a loop are read jointly.
    fn read_discrete(&mut self, discrete: usize, selection: &Selection, at: Span) -> Result<Traced> {
        let map = self.element_map(discrete, selection, at)?;
        let along = match (selection.axes.first(), selection.dims.as_slice()) {
            (Some(Axis::Domain(domain)), _) => Some(*domain),
            (None, []) => None,
            (None, dims) if !self.reads_jointly(selection) => Some(self.implicit_domain(dims)),
            _ => None,
        };
        if self.reads_jointly(selection) {
            return self.elements_jointly(discrete, along, &map, &selection.dims, at);
        }
        self.enumerate(discrete, along, map)
    }

    fn element_map(&mut self, discrete: usize, selection: &Selection, at: Span) -> Result<Arc<[u32]>> {
        let known = &self.discrete[discrete];
        let in_dry_run = self.plan.is_some();
        let mut map = Vec::with_capacity(selection.tuples.len());
        for tuple in &selection.tuples {
            map.push(match known.slots.get(tuple, known.rank) {
                Some(element) => element,
                None if in_dry_run => UNKNOWN_ELEMENT,
                None => {
                    let element = super::elements::element_name(&known.name, tuple, known.rank);
                    return Err(CompileError::UndefinedElement { element, at });
                }
            });
        }
        Ok(map.into())
    }

    /// `z`: all elements, each along the implicit domain.
    pub fn whole_discrete(&mut self, discrete: usize, at: Span) -> Result<Traced> {
        let known = &self.discrete[discrete];
        let (rank, variable) = (known.rank, known.variable);
        let dims: Vec<usize> = known.slots.extents[..rank].iter().map(|&len| len as usize).collect();
        if dims.iter().product::<usize>() != known.slots.rows {
            let element = format!("an element of `{}`", known.name);
            return Err(CompileError::MissingElement { element, at });
        }
        let selection = Selection { tuples: tuples_of(&dims), axes: Vec::new(), dims, rank };
        self.note_read(variable, &selection, at);
        self.read_discrete(discrete, &selection, at)
    }

    /// The values of a discrete latent along an axis of their own. They are the same in every row of the domain, so
    /// that what is made of them alone (`P[z[t - 1]]`) is too.
    pub fn enumerate(&mut self, discrete: usize, domain: Option<usize>, map: Arc<[u32]>) -> Result<Traced> {
        let same = |e: &Enumeration| e.discrete == discrete && e.domain == domain && e.map == map;
        let found = self.enumerations.iter().position(same);
        let enumeration = found.unwrap_or_else(|| {
            self.enumerations.push(Enumeration { discrete, domain, map });
            self.enumerations.len() - 1
        });
        let values = self.discrete[discrete].values.clone();
        let mut traced = Traced::new(self.graph.vector(&values), Vec::new(), ElementType::Int);
        traced.axes.push(Axis::Enumeration(enumeration));
        Ok(traced)
    }
}

/// The indices of all elements of an array, row-major.
fn tuples_of(dims: &[usize]) -> Vec<Tuple> {
    let n = dims.iter().product();
    let tuple = |mut place: usize| {
        let mut tuple = Tuple::default();
        for (k, &len) in dims.iter().enumerate().rev() {
            tuple[k] = (place % len) as u32 + 1;
            place /= len;
        }
        tuple
    };
    (0..n).map(tuple).collect()
}
