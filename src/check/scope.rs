//! Which names are visible where: the file, functions, bodies of loops, and the arms of an `if`.

use std::collections::HashMap;

use crate::ir::VariableId;
use crate::source::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    File,
    Function,
    /// The variable of a loop and the plain names of its body.
    Loop,
}

/// A visible name.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub id: VariableId,
    pub span: Span,
    /// Filled by element, so that more statements may follow.
    pub by_element: bool,
}

#[derive(Debug)]
struct Scope {
    kind: ScopeKind,
    names: HashMap<String, Binding>,
    /// Length of the log when the scope was opened.
    log_start: usize,
}

type Definitions = HashMap<(usize, String), Binding>;

/// The stack of scopes, with what the arms of open `if`s have defined so far.
#[derive(Debug)]
pub(super) struct Scopes {
    stack: Vec<Scope>,
    /// Definitions in order, so that the end of an arm can take its own back.
    log: Vec<(usize, String)>,
    /// For each open `if`: what its finished arms define.
    finished_arms: Vec<Definitions>,
    arm_starts: Vec<usize>,
    /// Names of bodies of loops that have ended, for a hint when they are used outside.
    ended: HashMap<String, Span>,
}

impl Scopes {
    pub fn new() -> Scopes {
        let file = Scope { kind: ScopeKind::File, names: HashMap::new(), log_start: 0 };
        Scopes {
            stack: vec![file],
            log: Vec::new(),
            finished_arms: Vec::new(),
            arm_starts: Vec::new(),
            ended: HashMap::new(),
        }
    }

    pub fn open(&mut self, kind: ScopeKind) {
        self.stack.push(Scope { kind, names: HashMap::new(), log_start: self.log.len() });
    }

    pub fn close(&mut self) {
        let Some(scope) = self.stack.pop() else { return };
        let level = self.stack.len();
        let tail = self.log.split_off(scope.log_start.min(self.log.len()));
        self.log.extend(tail.into_iter().filter(|(at, _)| *at != level));
        if scope.kind == ScopeKind::Loop {
            self.ended.extend(scope.names.into_iter().map(|(name, binding)| (name, binding.span)));
        }
    }

    /// Innermost first.
    pub fn lookup(&self, name: &str) -> Option<&Binding> {
        self.stack.iter().rev().find_map(|scope| scope.names.get(name))
    }

    /// As `lookup`, but not beyond the function that is being defined.
    pub fn lookup_here(&self, name: &str) -> Option<&Binding> {
        for scope in self.stack.iter().rev() {
            if let Some(binding) = scope.names.get(name) {
                return Some(binding);
            }
            if scope.kind == ScopeKind::Function {
                break;
            }
        }
        None
    }

    /// Where a plain definition goes: the innermost scope.
    pub fn innermost(&self) -> usize {
        self.stack.len() - 1
    }

    /// Where a name filled by element goes: the file or the function, outside all loops.
    pub fn outside_loops(&self) -> usize {
        self.stack.iter().rposition(|scope| scope.kind != ScopeKind::Loop).unwrap_or(0)
    }

    pub fn in_function(&self) -> bool {
        self.stack.iter().any(|scope| scope.kind == ScopeKind::Function)
    }

    pub fn in_loop(&self) -> bool {
        self.stack.iter().any(|scope| scope.kind == ScopeKind::Loop)
    }

    pub fn in_if(&self) -> bool {
        !self.arm_starts.is_empty()
    }

    pub fn bind(&mut self, level: usize, name: &str, binding: Binding) {
        self.log.push((level, name.to_string()));
        self.stack[level].names.insert(name.to_string(), binding);
    }

    /// Data that nothing declares: visible from now on, whatever `if` it was first used in.
    pub fn bind_data(&mut self, name: &str, binding: Binding) {
        self.stack[0].names.insert(name.to_string(), binding);
    }

    /// The variable that another arm of an open `if` defines by this name.
    pub fn in_other_arm(&self, level: usize, name: &str) -> Option<&Binding> {
        let key = (level, name.to_string());
        self.finished_arms.iter().rev().find_map(|arms| arms.get(&key))
    }

    pub fn open_if(&mut self) {
        self.finished_arms.push(HashMap::new());
    }

    pub fn open_arm(&mut self) {
        self.arm_starts.push(self.log.len());
    }

    /// Hides what the arm defined from the arms after it.
    pub fn close_arm(&mut self) {
        let Some(start) = self.arm_starts.pop() else { return };
        for (level, name) in self.log.split_off(start) {
            if let Some(binding) = self.stack[level].names.remove(&name)
                && let Some(arms) = self.finished_arms.last_mut()
            {
                arms.insert((level, name), binding);
            }
        }
    }

    /// Shows what any arm defined to what follows.
    pub fn close_if(&mut self) {
        for ((level, name), binding) in self.finished_arms.pop().unwrap_or_default() {
            self.bind(level, &name, binding);
        }
    }

    /// All visible names, for suggestions.
    pub fn visible(&self) -> impl Iterator<Item = &str> {
        self.stack.iter().flat_map(|scope| scope.names.keys().map(String::as_str))
    }

    /// Where the body of a loop, now ended, defined this name.
    pub fn ended(&self, name: &str) -> Option<Span> {
        self.ended.get(name).copied()
    }
}
