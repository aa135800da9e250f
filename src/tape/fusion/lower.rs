//! A pass over arrays that are small: all of it is one block, and each step calls of its own.

use super::{BLOCK, Fused, Place, Step, Target};
use crate::tape::code::{Arg, Destination, Home, Lowering, Row, Span};

impl Fused {
    /// Adds the calls of the steps; `false` if the pass has more than one block.
    pub(super) fn lower_steps(&self, code: &mut Lowering, args: &[Arg<'_>], to: &Destination) -> bool {
        if self.n * code.lanes > BLOCK {
            return false;
        }
        let registers: Vec<Span> = (0..self.n_registers).map(|_| code.reserve_span(self.n)).collect();
        let target = |target: Target| match target {
            Target::Register(register) => registers[register],
            Target::Value(k) => to.part(k * self.n, self.n),
        };
        let in_memory = |span: Span| Row { start: span.start, by: span.by, is_one: false };
        let mut spread: Vec<Option<Row>> = vec![None; args.len()];
        for step in &self.steps {
            let row = |place: Place| match place {
                Place::Register(register) => Some(in_memory(target(Target::Register(register)))),
                Place::Value(k) => Some(in_memory(target(Target::Value(k)))),
                Place::Argument { argument, .. } => spread[argument],
            };
            match step {
                Step::Load { argument, index, to, .. } => {
                    if code.span(&args[*argument].home).is_none() {
                        return false;
                    }
                    code.load(&args[*argument].home, index, &target(*to));
                }
                Step::Spread { argument, .. } => {
                    let Arg { home, shape } = &args[*argument];
                    let size: usize = shape.iter().product();
                    let flat = Arg { home: home.clone(), shape: &[size] };
                    let Some(row) = code.row(&flat, &[self.n]) else { return false };
                    spread[*argument] = Some(row);
                }
                Step::Map { op, args, to } => {
                    let Some(rows) = args.iter().map(|&place| row(place)).collect::<Option<Vec<Row>>>()
                    else {
                        return false;
                    };
                    code.map(op, &rows, &target(*to));
                }
                Step::Add { from, index, to: sums, .. } => {
                    let Some(row) = row(*from).filter(|row| !row.is_one || self.n * code.lanes == 1) else {
                        return false;
                    };
                    let offset = self.n_values * self.n + sums.offset;
                    code.add(row, self.n, index, &to.part(offset, sums.size));
                }
                Step::Product { matrix, factor, shape, to } => {
                    let factors = [*matrix, *factor].map(|argument| args[argument].home.clone());
                    if !code.product(factors, false, *shape, &target(*to)) {
                        return false;
                    }
                }
                Step::AddProduct { matrix, from, shape: [rows, terms, columns], to: sums, .. } => {
                    let Some(row) = row(*from).filter(|row| !row.is_one) else { return false };
                    let from = Span { start: row.start, by: row.by, size: self.n, lanes: code.lanes };
                    let factors = [args[*matrix].home.clone(), Home::Memory(from)];
                    let offset = self.n_values * self.n + sums.offset;
                    let shape = [*terms, *rows, *columns];
                    if !code.product(factors, true, shape, &to.part(offset, sums.size)) {
                        return false;
                    }
                }
            }
        }
        true
    }
}
