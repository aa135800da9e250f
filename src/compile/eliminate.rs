//! Discrete latents: enumerated along an axis of their own where they are read, summed out exactly at the end.
//!
//! A statement that reads a discrete latent becomes a factor with one axis per element read. Elements that only occur
//! alone are summed out side by side; elements that occur in pairs must form chains, which become one scan
//! (the forward algorithm, in log space): alpha_t = u_t + logsumexp(alpha_{t-1} + pair_t).

use std::collections::HashMap;

use super::CompileError;
use super::states::{Next, Tables};
use super::tracer::{Result, TermNode, Tracer, one_line};
use super::value::{Axis, Place};
use crate::density::{Term, TermKind};
use crate::source::Span;
use crate::tape::{Access, Body, Graph, Mode, Node, Scan, Source, State};

/// A statement's log density over enumerated axes.
pub struct Factor {
    pub axes: Vec<Axis>,
    /// One length per axis; without a domain axis it is the same in all rows of `domain`.
    pub node: Node,
    pub domain: Option<usize>,
    pub kind: TermKind,
    pub span: Span,
}

impl Tracer<'_> {
    /// Sums all discrete latents out of the factors; what remains are terms.
    pub fn eliminate(&mut self) -> Result<()> {
        let factors = std::mem::take(&mut self.factors);
        for discrete in 0..self.discrete.len() {
            let mine: Vec<&Factor> =
                factors.iter().filter(|factor| self.enumerated(factor).any(|d| d == discrete)).collect();
            if let Some(mixed) = mine.iter().find(|factor| self.enumerated(factor).any(|d| d != discrete)) {
                let other = self.enumerated(mixed).find(|&d| d != discrete).unwrap_or(discrete);
                return Err(CompileError::NotSupportedYet {
                    feature: format!(
                        "summing out `{}` and `{}`, which one statement couples",
                        self.discrete[discrete].name, self.discrete[other].name
                    ),
                    help: Some(
                        "discrete latents that occur in separate statements, or in one chain, can be".into(),
                    ),
                    at: mixed.span,
                });
            }
            if !mine.is_empty() {
                self.eliminate_one(discrete, &mine)?;
            }
        }
        Ok(())
    }

    fn enumerated<'t>(&'t self, factor: &'t Factor) -> impl Iterator<Item = usize> + 't {
        factor.axes.iter().filter_map(|axis| match axis {
            Axis::Enumeration(e) => Some(self.enumerations[*e].discrete),
            Axis::Domain(_) => None,
        })
    }

    fn eliminate_one(&mut self, discrete: usize, factors: &[&Factor]) -> Result<()> {
        let n = self.discrete[discrete].slots.rows;
        let k = self.discrete[discrete].values.len();
        let zero = self.graph.scalar(0.0);
        let mut unary = self.graph.broadcast(zero, &[n, k]);
        let mut pairs: Vec<Pair> = Vec::new();
        for factor in factors {
            let axes: Vec<usize> = factor
                .axes
                .iter()
                .filter_map(|axis| match axis {
                    Axis::Enumeration(e) => Some(*e),
                    Axis::Domain(_) => None,
                })
                .collect();
            let rows = factor.domain.map_or(1, |domain| self.domains[domain].size);
            let varies = factor.axes.iter().any(|axis| matches!(axis, Axis::Domain(_)));
            let own_rows = if varies { rows } else { 1 };
            match axes.as_slice() {
                [one] => {
                    let map = self.map_over(*one, factor.domain);
                    let node = self.graph.reshape(factor.node, &[own_rows, k]);
                    let node = self.graph.broadcast(node, &[rows, k]);
                    let added = self.scatter_rows(node, &map, n, k);
                    unary = self.graph.add(unary, added);
                }
                [a, b] => {
                    let (from, to) = (self.map_over(*a, factor.domain), self.map_over(*b, factor.domain));
                    let node = self.graph.reshape(factor.node, &[own_rows, k, k]);
                    pairs.push(self.oriented(discrete, node, from, to, factor.span)?);
                }
                _ => {
                    return Err(CompileError::NotSupportedYet {
                        feature: format!(
                            "a statement that couples {} elements of `{}`",
                            axes.len(),
                            self.discrete[discrete].name
                        ),
                        help: Some(
                            "chains in which each element depends on the one before are summed out".into(),
                        ),
                        at: factor.span,
                    });
                }
            }
        }
        let (pointwise, tables) = if pairs.is_empty() {
            (self.graph.logsumexp(unary, 1), Tables::of_single_elements(discrete, unary, n))
        } else {
            self.forward_chain(discrete, unary, pairs, n, k)?
        };
        self.tables.push(tables);
        let texts: Vec<String> =
            factors.iter().map(|factor| one_line(self.model.source.slice(factor.span))).collect();
        let span = factors[0].span;
        let text = format!("{} ({} summed out)", texts.join("; "), self.discrete[discrete].name);
        let node = self.graph.sum_all(pointwise);
        // The discrete latent's own prior goes with what it is a part of. A continuous latent's prior joined with a
        // likelihood belongs to neither part of the ELBO alone.
        let own = &self.discrete[discrete].statements;
        let others = || factors.iter().filter(|factor| !own.contains(&factor.span));
        let all_prior = others().count() > 0 && others().all(|factor| factor.kind == TermKind::Prior);
        if !all_prior && others().any(|factor| factor.kind == TermKind::Prior) {
            self.normalised = false;
        }
        let kind = if all_prior { TermKind::Prior } else { TermKind::Likelihood };
        self.terms.push(TermNode {
            term: Term { text, kind, span },
            node,
            pointwise: (!all_prior).then_some(pointwise),
            joined: factors.iter().map(|factor| factor.span).collect(),
        });
        Ok(())
    }

    /// Element read in each row of a factor's domain.
    pub fn map_over(&self, enumeration: usize, domain: Option<usize>) -> Vec<u32> {
        let enumeration = &self.enumerations[enumeration];
        match (enumeration.domain, domain) {
            (Some(own), Some(domain)) if own != domain => {
                self.rows_between(own, domain).iter().map(|&row| enumeration.map[row as usize]).collect()
            }
            (None, Some(domain)) => vec![enumeration.map[0]; self.domains[domain].size],
            _ => enumeration.map.to_vec(),
        }
    }

    /// out[map[row], :] += node[row, :], for `n` rows of `k`
    fn scatter_rows(&mut self, node: Node, map: &[u32], n: usize, k: usize) -> Node {
        if map.len() == n && map.iter().zip(0..).all(|(&to, row): (&u32, u32)| to == row) {
            return node;
        }
        let index: Vec<u32> =
            map.iter().flat_map(|&to| (0..k as u32).map(move |j| to * k as u32 + j)).collect();
        self.graph.scatter_add(node, index.into(), &[n, k])
    }

    /// Turns a pair factor so that it goes from an earlier element to a later one.
    fn oriented(
        &mut self,
        discrete: usize,
        node: Node,
        from: Vec<u32>,
        to: Vec<u32>,
        at: Span,
    ) -> Result<Pair> {
        let forward = from.iter().zip(&to).all(|(from, to)| from < to);
        let backward = from.iter().zip(&to).all(|(from, to)| from > to);
        match (forward, backward) {
            (true, _) => Ok(Pair { from, to, node }),
            (_, true) => {
                let node = self.graph.permute(node, &[0, 2, 1]);
                Ok(Pair { from: to, to: from, node })
            }
            _ => Err(CompileError::NotSupportedYet {
                feature: format!("this way of coupling elements of `{}`", self.discrete[discrete].name),
                help: Some("chains in which each element depends on the one before are summed out".into()),
                at,
            }),
        }
    }

    /// The forward algorithm over all chains. Gives one number per chain, `[chains]`, and what states are drawn from.
    fn forward_chain(
        &mut self,
        discrete: usize,
        unary: Node,
        pairs: Vec<Pair>,
        n: usize,
        k: usize,
    ) -> Result<(Node, Tables)> {
        let at = self.discrete[discrete].span;
        let not_a_chain = || CompileError::NotSupportedYet {
            feature: format!(
                "summing out `{}`, whose elements do not form chains",
                self.discrete[discrete].name
            ),
            help: Some("each element may depend on one earlier one, and have one that depends on it".into()),
            at,
        };
        // The edge into each element: statements that couple the same two elements share one.
        let mut edges: HashMap<(u32, u32), u32> = HashMap::new();
        let mut into: Vec<Option<u32>> = vec![None; n];
        let mut parent: Vec<Option<u32>> = vec![None; n];
        let mut has_child = vec![false; n];
        for (&from, &to) in pairs.iter().flat_map(|pair| pair.from.iter().zip(&pair.to)) {
            let next = edges.len() as u32;
            let edge = *edges.entry((from, to)).or_insert(next);
            if edge < next {
                continue;
            }
            if into[to as usize].is_some() || has_child[from as usize] {
                return Err(not_a_chain());
            }
            into[to as usize] = Some(edge);
            parent[to as usize] = Some(from);
            has_child[from as usize] = true;
        }
        // Elements by their place in their chain: all chains advance together where they are equally long.
        let mut depth = vec![0usize; n];
        for to in 0..n {
            if let Some(from) = parent[to] {
                depth[to] = depth[from as usize] + 1;
            }
        }
        let n_steps = depth.iter().copied().max().unwrap_or(0);
        let mut levels: Vec<Vec<usize>> = vec![Vec::new(); n_steps + 1];
        (0..n).for_each(|element| levels[depth[element]].push(element));
        let roots = levels[0].clone();
        let connected = (0..n).filter(|&element| parent[element].is_some()).count();
        let width = if n_steps > 0 && connected % n_steps == 0 { connected / n_steps } else { 1 };
        let even = levels[1..].iter().all(|level| level.len() == width);
        let (width, order): (usize, Vec<usize>) = if even {
            (width, levels[1..].concat())
        } else {
            (1, (0..n).filter(|&element| parent[element].is_some()).collect())
        };
        let steps = order.len() / width;

        // Rows of alpha: the chains' first elements, then the others in the order of the steps.
        let mut slot = vec![0u32; n];
        roots.iter().chain(&order).zip(0..).for_each(|(&element, row)| slot[element] = row);
        let root_rows: Vec<u32> = roots.iter().map(|&element| element as u32).collect();
        let first = self.take_rows(unary, &root_rows, &[k], Place::Main);
        let pad_zero = self.graph.scalar(0.0);
        let padding = self.graph.broadcast(pad_zero, &[order.len(), k]);
        let init = self.graph.concat(&[first, padding], 0);
        let step_rows: Vec<u32> = order.iter().map(|&element| element as u32).collect();
        let step_unary = self.take_rows(unary, &step_rows, &[k], Place::Main);

        let mut body = Graph::new();
        let alpha = body.input(&[width, k]);
        let u = body.input(&[width, k]);
        let mut args = vec![init, step_unary];
        let mut ports = vec![
            (alpha, Source::State(0), {
                let rows = order.iter().map(|&element| parent[element].map_or(0, |from| slot[from as usize]));
                let table: Vec<u32> =
                    rows.flat_map(|row| (0..k as u32).map(move |j| row * k as u32 + j)).collect();
                contiguous(&table, width * k).unwrap_or_else(|| Access::Table(table.into()))
            }),
            (u, Source::Arg(1), Access::Rows { start: 0, step: (width * k) as isize }),
        ];
        let (transition, invariant) = self.step_pairs(&pairs, &edges, &into, &order, k);
        args.push(transition);
        let pair = if invariant {
            let node = body.input(&[1, k, k]);
            ports.push((node, Source::Arg(2), Access::Whole));
            node
        } else {
            let node = body.input(&[width, k, k]);
            ports.push((node, Source::Arg(2), Access::Rows { start: 0, step: (width * k * k) as isize }));
            node
        };
        let alpha = body.reshape(alpha, &[width, k, 1]);
        let joint = body.add(alpha, pair);
        let message = body.logsumexp(joint, 1);
        let next = body.add(message, u);
        let start = roots.len() * k;
        let access = Access::Rows { start: start as isize, step: (width * k) as isize };
        let spec = Scan {
            steps,
            reverse: false,
            body: Body { graph: body, ports, stores: vec![(next, 0, access, Mode::Set)] },
            states: vec![State { shape: vec![n, k], init: Some(0) }],
        };
        let alphas = self.graph.scan(spec, &args);
        let alphas = self.graph.reshape(alphas, &[n, k]);
        let last: Vec<u32> =
            (0..n).filter(|&element| !has_child[element]).map(|element| slot[element]).collect();
        let ends = self.take_rows(alphas, &last, &[k], Place::Main);
        let mut next = vec![None; n];
        for (step, &element) in order.iter().enumerate() {
            if let Some(from) = parent[element] {
                let pair = if invariant { 0 } else { step as u32 };
                next[from as usize] = Some(Next { element: element as u32, pair });
            }
        }
        let tables = Tables { discrete, weights: alphas, rows: slot, pairs: Some(transition), next };
        Ok((self.graph.logsumexp(ends, 1), tables))
    }

    /// The pair factor of each step, `[steps * width, k, k]`, or the one `[1, k, k]` of all.
    fn step_pairs(
        &mut self,
        pairs: &[Pair],
        edges: &HashMap<(u32, u32), u32>,
        into: &[Option<u32>],
        order: &[usize],
        k: usize,
    ) -> (Node, bool) {
        if let [pair] = pairs
            && self.graph.shape(pair.node)[0] == 1
            && pair.from.len() == edges.len()
        {
            return (pair.node, true);
        }
        // Where the step that takes each edge stands.
        let mut step_of = vec![0u32; edges.len()];
        for (step, &element) in order.iter().enumerate() {
            step_of[into[element].map_or(0, |edge| edge as usize)] = step as u32;
        }
        let zero = self.graph.scalar(0.0);
        let mut all = self.graph.broadcast(zero, &[order.len(), k * k]);
        for pair in pairs {
            let rows = pair.from.len();
            let node = self.graph.broadcast(pair.node, &[rows, k, k]);
            let node = self.graph.reshape(node, &[rows, k * k]);
            let steps: Vec<u32> = pair
                .from
                .iter()
                .zip(&pair.to)
                .map(|(&from, &to)| step_of[edges[&(from, to)] as usize])
                .collect();
            let placed = self.scatter_rows(node, &steps, order.len(), k * k);
            all = self.graph.add(all, placed);
        }
        (self.graph.reshape(all, &[order.len(), k, k]), false)
    }
}

/// A factor over pairs of elements: `node[rows, from, to]`, of one row where it is the same for all pairs.
struct Pair {
    from: Vec<u32>,
    to: Vec<u32>,
    node: Node,
}

/// Positions `[steps][block]` as evenly spaced runs, if they are.
fn contiguous(table: &[u32], block: usize) -> Option<Access> {
    let start = i64::from(*table.first()?);
    let stride = table.get(block).map_or(0, |&next| i64::from(next) - start);
    let even = table.chunks(block).enumerate().all(|(step, run)| {
        let first = start + stride * step as i64;
        run.iter().zip(first..).all(|(&position, expected)| i64::from(position) == expected)
    });
    even.then_some(Access::Rows { start: start as isize, step: stride as isize })
}
