//! The memory that programs run in, kept from run to run and given from one program to another.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::density::Computed;
use crate::tape::{Program, Workspace};

/// Memory that is kept while nothing runs, in bytes; more only if one run left it.
const MAX_KEPT_BYTES: usize = 128 << 20;

/// Workspaces that are kept: the lane counts of a fit and of its checks, for each of its programs.
const MAX_KEPT: usize = 32;

/// Workspaces of past runs, the last one at the end.
#[derive(Default)]
pub struct Workspaces {
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    /// The program that it was made for.
    program: Computed,
    workspace: Workspace,
}

impl Workspaces {
    /// A workspace for the density's program: of a run like this one, else in the memory of the run longest ago if it is
    /// much that is kept, else a new one.
    pub fn take(&self, what: Computed, program: &Program, lanes: usize) -> Workspace {
        let mut kept = self.kept();
        let is_like = |kept: &Kept| kept.program == what && kept.workspace.lanes() == lanes;
        if let Some(found) = kept.iter().rposition(is_like) {
            return kept.remove(found).workspace;
        }
        let need = program.workspace_bytes(lanes);
        let old = (bytes(&kept) + need > MAX_KEPT_BYTES && !kept.is_empty()).then(|| kept.remove(0));
        drop(kept);
        match old {
            Some(old) => program.workspace_in(old.workspace, lanes),
            None => program.workspace(lanes),
        }
    }

    pub fn give_back(&self, what: Computed, workspace: Workspace) {
        let mut kept = self.kept();
        kept.push(Kept { program: what, workspace });
        while kept.len() > 1 && (kept.len() > MAX_KEPT || bytes(&kept) > MAX_KEPT_BYTES) {
            kept.remove(0);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(kept: &[Kept]) -> usize {
    kept.iter().map(|kept| kept.workspace.bytes()).sum()
}
