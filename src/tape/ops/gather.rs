//! Reading and summing into flat positions, by a constant table of indices.

use std::sync::Arc;

use crate::tape::fusion::{Index, Role};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of, hash_of_table, size_of};

/// out.flat[i] = x.flat[index[i]]
#[derive(Clone)]
pub struct Gather {
    index: Arc<[u32]>,
    shape: Vec<usize>,
}

/// out = 0; out.flat[index[i]] += x.flat[i]
#[derive(Clone)]
pub struct ScatterAdd {
    index: Arc<[u32]>,
    shape: Vec<usize>,
}

impl Gather {
    pub(in crate::tape) fn index(&self) -> &Arc<[u32]> {
        &self.index
    }
}

impl Graph {
    /// `out.flat[i] = x.flat[index[i]]`; `index` has as many elements as `shape`.
    pub fn gather(&mut self, x: Node, index: Arc<[u32]>, shape: &[usize]) -> Node {
        assert_eq!(index.len(), size_of(shape), "as many indices as elements");
        let size = self.size(x);
        assert!(index.iter().all(|&i| (i as usize) < size), "an index beyond {size} elements");
        self.apply(Arc::new(Gather { index, shape: shape.to_vec() }), &[x])
    }

    /// `out = zeros(shape); out.flat[index[i]] += x.flat[i]`; `index` has as many elements as `x`.
    pub fn scatter_add(&mut self, x: Node, index: Arc<[u32]>, shape: &[usize]) -> Node {
        assert_eq!(index.len(), self.size(x), "as many indices as elements");
        let size = size_of(shape);
        assert!(index.iter().all(|&i| (i as usize) < size), "an index beyond {size} elements");
        self.apply(Arc::new(ScatterAdd { index, shape: shape.to_vec() }), &[x])
    }
}

impl Op for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        self.shape.clone()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let x = args[0].data;
        if lanes == 1 {
            for (y, &i) in out.iter_mut().zip(&*self.index) {
                *y = x[i as usize];
            }
        } else {
            for (row, &i) in out.chunks_exact_mut(lanes).zip(&*self.index) {
                let from = i as usize * lanes;
                row.copy_from_slice(&x[from..from + lanes]);
            }
        }
    }

    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Read(Index::Table(self.index.clone()))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.apply(Arc::new(self.clone()), &[tangents[0]?]))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let adjoint = ScatterAdd { index: self.index.clone(), shape: g.shape(args[0]).to_vec() };
        vec![Some(g.apply(Arc::new(adjoint), &[dy]))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of((hash_of_table(&self.index), &self.shape))
    }
}

impl Op for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        self.shape.clone()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(args[0]) as f64
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let x = args[0].data;
        out.fill(0.0);
        if lanes == 1 {
            for (&x, &i) in x.iter().zip(&*self.index) {
                out[i as usize] += x;
            }
        } else {
            for (row, &i) in x.chunks_exact(lanes).zip(&*self.index) {
                let to = i as usize * lanes;
                for (y, x) in out[to..to + lanes].iter_mut().zip(row) {
                    *y += x;
                }
            }
        }
    }

    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Add(Index::Table(self.index.clone()))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.apply(Arc::new(self.clone()), &[tangents[0]?]))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let adjoint = Gather { index: self.index.clone(), shape: g.shape(args[0]).to_vec() };
        vec![Some(g.apply(Arc::new(adjoint), &[dy]))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of((hash_of_table(&self.index), &self.shape))
    }
}

impl std::fmt::Debug for Gather {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gather {{ {} indices }}", self.index.len())
    }
}

impl std::fmt::Debug for ScatterAdd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScatterAdd {{ {} indices }}", self.index.len())
    }
}
