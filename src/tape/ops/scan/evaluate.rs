//! Runs the steps of a recursion, reading arguments and history in place.

use super::{Access, Mode, Port, Recursion, Source, Store};
use crate::tape::executor::Ports;
use crate::tape::kernel;
use crate::tape::op::{Operand, size_of};

/// What the body can read at step t.
struct Step<'a> {
    recursion: &'a Recursion,
    args: &'a [Operand<'a>],
    history: &'a [f64],
    tables: &'a [f64],
    t: usize,
    lanes: usize,
}

impl Recursion {
    pub(super) fn run(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let (arena, rest) = scratch.split_at_mut(self.program.arena_size * lanes);
        let (tables, scratch) = rest.split_at_mut(self.table_size * lanes);
        for (state, &offset) in self.spec.states.iter().zip(&self.offsets) {
            let buffer = &mut out[offset * lanes..(offset + size_of(&state.shape)) * lanes];
            match state.init {
                Some(arg) => kernel::copy(&args[arg], buffer, lanes),
                None => buffer.fill(0.0),
            }
        }
        let (once, each) = (0..self.program.second_stage, self.program.second_stage..self.program.len());
        for k in 0..self.spec.steps {
            let t = if self.spec.reverse { self.spec.steps - 1 - k } else { k };
            for port in &self.ports {
                self.fill_table(port, args, out, tables, t, lanes);
            }
            let step = Step { recursion: self, args, history: out, tables, t, lanes };
            if k == 0 {
                self.program.execute(once.clone(), lanes, arena, scratch, &step);
            }
            self.program.execute(each.clone(), lanes, arena, scratch, &step);
            for (k, store) in self.stores.iter().enumerate() {
                let value = self.program.output_in(arena, lanes, k);
                let value = Operand { data: value.data, shape: value.shape, lanes: value.lanes };
                self.write(store, &value, out, t, lanes);
            }
        }
    }

    /// Reads a port whose elements are not contiguous.
    fn fill_table(
        &self,
        port: &Port,
        args: &[Operand<'_>],
        out: &[f64],
        tables: &mut [f64],
        t: usize,
        lanes: usize,
    ) {
        let Access::Table(table) = &port.access else { return };
        let (data, from_lanes) = self.source(port.source, args, out, lanes);
        let start = port.table_offset * lanes;
        let to = &mut tables[start..start + port.size * from_lanes];
        let positions = &table[t * port.size..(t + 1) * port.size];
        if from_lanes == 1 {
            for (to, &i) in to.iter_mut().zip(positions) {
                *to = data[i as usize];
            }
        } else {
            for (to, &i) in to.chunks_exact_mut(from_lanes).zip(positions) {
                to.copy_from_slice(&data[i as usize * from_lanes..(i as usize + 1) * from_lanes]);
            }
        }
    }

    fn source<'a>(
        &self,
        source: Source,
        args: &'a [Operand<'a>],
        out: &'a [f64],
        lanes: usize,
    ) -> (&'a [f64], usize) {
        match source {
            Source::Arg(i) => (args[i].data, args[i].lanes),
            Source::State(s) => {
                let (offset, size) = (self.offsets[s], self.sizes[s]);
                (&out[offset * lanes..(offset + size) * lanes], lanes)
            }
        }
    }

    fn write(&self, store: &Store, value: &Operand<'_>, out: &mut [f64], t: usize, lanes: usize) {
        let state = &mut out[self.offsets[store.state] * lanes..];
        match (&store.access, store.access.start(t)) {
            (Access::Table(table), _) => {
                let positions = &table[t * store.size..(t + 1) * store.size];
                for (k, &i) in positions.iter().enumerate() {
                    let data = &value.data[k * value.lanes..(k + 1) * value.lanes];
                    let to = &mut state[i as usize * lanes..(i as usize + 1) * lanes];
                    put(&Operand { data, ..*value }, to, lanes, store.mode);
                }
            }
            (_, start) => {
                let start = start.unwrap_or(0);
                put(value, &mut state[start * lanes..(start + store.size) * lanes], lanes, store.mode);
            }
        }
    }
}

fn put(value: &Operand<'_>, to: &mut [f64], lanes: usize, mode: Mode) {
    match mode {
        Mode::Set => kernel::copy(value, to, lanes),
        Mode::Add => kernel::accumulate(value, to, lanes),
    }
}

impl Ports for Step<'_> {
    fn port(&self, k: usize) -> (&[f64], usize) {
        let port = &self.recursion.ports[k];
        match port.access.start(self.t) {
            Some(start) => {
                let (data, lanes) = self.recursion.source(port.source, self.args, self.history, self.lanes);
                (&data[start * lanes..(start + port.size) * lanes], lanes)
            }
            None => {
                let lanes = match port.source {
                    Source::Arg(i) => self.args[i].lanes,
                    Source::State(_) => self.lanes,
                };
                let start = port.table_offset * self.lanes;
                (&self.tables[start..start + port.size * lanes], lanes)
            }
        }
    }
}
