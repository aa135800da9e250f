//! The memory that programs run in, kept from run to run and given from one program to another.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::programs::Computed;
use crate::tape::{Program, Workspace};

/// Memory that is kept while nothing runs, in bytes; more only if one run left it.
const MAX_KEPT_BYTES: usize = 128 << 20;

/// Workspaces that are kept: the lane counts of a fit and of its checks, for each of its programs.
const MAX_KEPT: usize = 32;

/// Workspaces of past runs.
#[derive(Default)]
pub struct Workspaces {
    store: Mutex<Store>,
}

#[derive(Default)]
struct Store {
    /// The last one that was given back at the end.
    kept: Vec<Kept>,
    /// Of all of them.
    bytes: usize,
}

struct Kept {
    /// The program that it was made for.
    program: Computed,
    workspace: Workspace,
    bytes: usize,
}

impl Workspaces {
    /// A workspace for the density's program: of a run like this one, else in the memory of the run longest ago if it is
    /// much that is kept, else a new one.
    pub fn take(&self, what: Computed, program: &Program, lanes: usize) -> Workspace {
        let is_like = |kept: &Kept| kept.program == what && kept.workspace.lanes() == lanes;
        let remove_like =
            |store: &mut Store| store.kept.iter().rposition(is_like).map(|found| store.remove(found));
        if let Some(like) = remove_like(&mut self.store()) {
            return like;
        }
        let lowered = program.lowered(lanes);
        let remove_old = |store: &mut Store| {
            let is_much = store.bytes + lowered.bytes() > MAX_KEPT_BYTES;
            (is_much && !store.kept.is_empty()).then(|| store.remove(0))
        };
        let old = remove_old(&mut self.store());
        lowered.workspace(old)
    }

    pub fn give_back(&self, what: Computed, workspace: Workspace) {
        let bytes = workspace.bytes();
        let mut store = self.store();
        store.bytes += bytes;
        store.kept.push(Kept { program: what, workspace, bytes });
        while store.kept.len() > 1 && (store.kept.len() > MAX_KEPT || store.bytes > MAX_KEPT_BYTES) {
            store.remove(0);
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn remove(&mut self, k: usize) -> Workspace {
        let Kept { workspace, bytes, .. } = self.kept.remove(k);
        self.bytes -= bytes;
        workspace
    }
}
