//! Statements about discrete latents as tables, one for each set of elements that stand together in some of their rows.

use std::collections::{BTreeMap, HashMap};

use super::Factor;
use super::order::Pool;
use crate::compile::tracer::Tracer;
use crate::compile::value::{Axis, Place};
use crate::tape::Node;
use crate::types::unravel;

/// Single tables beside many others of their kind are kept apart, up to so many: the first element of a chain.
const MAX_APART: usize = 4;
const MANY: usize = 16;

/// The discrete latents that are summed out together, and where their elements are among all variables.
pub struct Group {
    pub discrete: Vec<usize>,
    /// The variable that is the first element of each; then the number of variables.
    pub first: Vec<u32>,
}

impl Group {
    pub fn n_variables(&self) -> usize {
        self.first.last().map_or(0, |&n| n as usize)
    }

    /// The latent that a variable is an element of, by its place in the group, and which element.
    pub fn element(&self, variable: u32) -> (usize, usize) {
        let latent = self.first.partition_point(|&first| first <= variable) - 1;
        (latent, (variable - self.first[latent]) as usize)
    }
}

/// Tables of some scopes: `node[rows, values...]`, of one row where all are the same.
struct Tables {
    scopes: Vec<u32>,
    node: Node,
}

impl Tracer<'_> {
    /// All tables of the factors of a group, and their nodes `[tables, values...]`.
    pub fn pools(&mut self, group: &Group, factors: &[&Factor]) -> (Vec<Pool>, Vec<Node>) {
        let mut kinds: BTreeMap<Vec<usize>, Vec<Tables>> = BTreeMap::new();
        for factor in factors {
            for (kind, tables) in self.tables_of(group, factor) {
                kinds.entry(kind).or_default().push(tables);
            }
        }
        let (mut pools, mut nodes) = (Vec::new(), Vec::new());
        for (kind, all) in kinds {
            let cards: Vec<usize> =
                kind.iter().map(|&latent| self.n_values(group.discrete[latent])).collect();
            for Tables { scopes, node } in self.merged(all, &cards) {
                let n = scopes.len() / cards.len();
                let is_shared = n > 1 && self.graph.shape(node)[0] == 1;
                pools.push(Pool { cards: cards.clone(), scopes, is_shared });
                nodes.push(node);
            }
        }
        (pools, nodes)
    }

    fn n_values(&self, discrete: usize) -> usize {
        self.discrete[discrete].values.len()
    }

    /// The tables of a factor by the latents whose elements they are of. Rows may differ in the order of the elements that
    /// they read, and in which of them are the same.
    fn tables_of(&mut self, group: &Group, factor: &Factor) -> Vec<(Vec<usize>, Tables)> {
        let rows = factor.domain.map_or(1, |domain| self.domains[domain].size);
        let varies = factor.axes.iter().any(|axis| matches!(axis, Axis::Domain(_)));
        let own_rows = if varies { rows } else { 1 };
        let (mut cards, mut read): (Vec<usize>, Vec<Vec<u32>>) = (Vec::new(), Vec::new());
        for axis in &factor.axes {
            let Axis::Enumeration(enumeration) = *axis else { continue };
            let discrete = self.enumerations[enumeration].discrete;
            let first =
                group.discrete.iter().position(|&own| own == discrete).map_or(0, |at| group.first[at]);
            cards.push(self.n_values(discrete));
            read.push(
                self.map_over(enumeration, factor.domain).iter().map(|&element| first + element).collect(),
            );
        }
        let shape = |rows: usize| std::iter::once(rows).chain(cards.iter().copied()).collect::<Vec<usize>>();
        let node = self.graph.reshape(factor.node, &shape(own_rows));
        let mut patterns: BTreeMap<Vec<usize>, Vec<u32>> = BTreeMap::new();
        let mut pattern = Vec::new();
        for row in 0..rows {
            let scope = |axis: usize| read[axis][row];
            pattern.clear();
            // Of each axis the place of its variable among those of the row.
            pattern.extend((0..read.len()).map(|axis| {
                let mut before: Vec<u32> =
                    (0..read.len()).map(scope).filter(|&other| other < scope(axis)).collect();
                before.sort_unstable();
                before.dedup();
                before.len()
            }));
            match patterns.get_mut(&pattern) {
                Some(rows) => rows.push(row as u32),
                None => drop(patterns.insert(pattern.clone(), vec![row as u32])),
            }
        }
        let mut all = Vec::with_capacity(patterns.len());
        for (pattern, of_pattern) in patterns {
            let own = if varies && of_pattern.len() < rows {
                self.take_rows(node, &of_pattern, &cards, Place::Main)
            } else {
                node
            };
            let rank = pattern.iter().max().map_or(0, |most| most + 1);
            let axis_at = |place: usize| pattern.iter().position(|&own| own == place).unwrap_or(0);
            let scopes = of_pattern
                .iter()
                .flat_map(|&row| (0..rank).map(move |place| (row, place)))
                .map(|(row, place)| read[axis_at(place)][row as usize]);
            let scopes: Vec<u32> = scopes.collect();
            let kind = scopes[..rank].iter().map(|&variable| group.element(variable).0).collect();
            all.push((kind, Tables { node: self.in_order(own, &cards, &pattern), scopes }));
        }
        all
    }

    /// A table with its axes in the order of `pattern`, axes of the same place being one.
    fn in_order(&mut self, node: Node, cards: &[usize], pattern: &[usize]) -> Node {
        let rank = pattern.iter().max().map_or(0, |most| most + 1);
        if pattern.iter().enumerate().all(|(axis, &place)| axis == place) {
            return node;
        }
        if rank == pattern.len() {
            let mut order = vec![0; rank + 1];
            pattern.iter().enumerate().for_each(|(axis, &place)| order[place + 1] = axis + 1);
            return self.graph.permute(node, &order);
        }
        let mut own_cards = vec![1; rank];
        pattern.iter().zip(cards).for_each(|(&place, &card)| own_cards[place] = card);
        let rows = self.graph.shape(node)[0];
        let (size, own_size) = (cards.iter().product::<usize>(), own_cards.iter().product::<usize>());
        let position = |row: usize, own: usize| {
            let values = unravel(own, &own_cards);
            let within =
                pattern.iter().zip(cards).fold(0, |flat, (&place, &card)| flat * card + values[place]);
            (row * size + within) as u32
        };
        let index: Vec<u32> = (0..rows)
            .flat_map(|row| (0..own_size).map(move |own| (row, own)))
            .map(|(row, own)| position(row, own))
            .collect();
        let shape: Vec<usize> = std::iter::once(rows).chain(own_cards.iter().copied()).collect();
        self.graph.gather(node, index.into(), &shape)
    }

    /// Tables of one kind with at most one for each scope, but for a few that are kept apart.
    fn merged(&mut self, mut all: Vec<Tables>, cards: &[usize]) -> Vec<Tables> {
        let arity = cards.len();
        if let [one] = all.as_slice()
            && (is_ascending(&one.scopes, arity) || !has_repeats(&one.scopes, arity))
        {
            return all;
        }
        let most = all.iter().map(|tables| tables.scopes.len() / arity).max().unwrap_or(0);
        let mut apart = Vec::new();
        if most > MANY {
            while apart.len() < MAX_APART
                && let Some(single) = all.iter().position(|tables| tables.scopes.len() == arity)
            {
                apart.push(all.remove(single));
            }
        }
        let first = &all[0].scopes;
        let is_same = is_ascending(first, arity) && all.iter().all(|tables| tables.scopes == *first);
        let scopes = if is_same {
            first.clone()
        } else {
            let mut scopes: Vec<&[u32]> =
                all.iter().flat_map(|tables| tables.scopes.chunks_exact(arity)).collect();
            scopes.sort_unstable();
            scopes.dedup();
            scopes.concat()
        };
        let n = scopes.len() / arity;
        let rows_of: HashMap<&[u32], u32> =
            if is_same { HashMap::new() } else { scopes.chunks_exact(arity).zip(0..).collect() };
        let size: usize = cards.iter().product();
        let mut sum: Option<Node> = None;
        for tables in &all {
            let placed = if is_same {
                tables.node
            } else {
                let rows: Vec<u32> = tables.scopes.chunks_exact(arity).map(|scope| rows_of[scope]).collect();
                let shape: Vec<usize> = std::iter::once(rows.len()).chain(cards.iter().copied()).collect();
                let node = self.graph.broadcast(tables.node, &shape);
                let node = self.graph.reshape(node, &[rows.len(), size]);
                scatter_rows(&mut self.graph, node, &rows, n, size)
            };
            let shape: Vec<usize> =
                std::iter::once(self.graph.size(placed) / size).chain(cards.iter().copied()).collect();
            let placed = self.graph.reshape(placed, &shape);
            sum = Some(sum.map_or(placed, |sum| self.graph.add(sum, placed)));
        }
        apart.extend(sum.map(|node| Tables { scopes, node }));
        apart
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
}

/// out[map[row], :] += node[row, :], for `n` rows of `k`
pub fn scatter_rows(graph: &mut crate::tape::Graph, node: Node, map: &[u32], n: usize, k: usize) -> Node {
    if map.len() == n && map.iter().zip(0..).all(|(&to, row): (&u32, u32)| to == row) {
        return node;
    }
    let index: Vec<u32> = map.iter().flat_map(|&to| (0..k as u32).map(move |j| to * k as u32 + j)).collect();
    graph.scatter_add(node, index.into(), &[n, k])
}

fn is_ascending(scopes: &[u32], arity: usize) -> bool {
    scopes.chunks_exact(arity).zip(scopes.chunks_exact(arity).skip(1)).all(|(a, b)| a < b)
}

fn has_repeats(scopes: &[u32], arity: usize) -> bool {
    let mut sorted: Vec<&[u32]> = scopes.chunks_exact(arity).collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}
