//! Fits text into lines: groups stay on one line if they can, and break at all their breaks if they cannot.
//!
//! After Wadler, "A prettier printer" (2003), with comments as text that ends its line.

/// Text that knows where it may be broken.
#[derive(Clone, Debug, PartialEq)]
pub enum Doc {
    Text(String),
    /// A space, or a newline where the group around it is broken.
    Line,
    /// Nothing, or a newline where the group around it is broken.
    Soft,
    /// Only where the group around it is broken.
    IfBroken(&'static str),
    /// Ends its line; the group around it is broken.
    Comment {
        text: String,
        own_line: bool,
    },
    /// Breaks inside are two columns further in.
    Indent(Vec<Doc>),
    Group(Vec<Doc>),
    /// A group that is broken even if it would fit.
    Broken(Vec<Doc>),
}

impl Doc {
    pub fn text(text: impl Into<String>) -> Self {
        Doc::Text(text.into())
    }
}

/// A line of output. A comment without code stands on a line of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutLine {
    pub indent: usize,
    pub code: String,
    pub comment: Option<String>,
}

impl OutLine {
    pub fn is_empty(&self) -> bool {
        self.code.is_empty() && self.comment.is_none()
    }

    /// Columns before the comment.
    pub fn width(&self) -> usize {
        self.indent + self.code.chars().count()
    }
}

/// Columns by which blocks and broken brackets are indented.
pub const INDENT: usize = 2;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Flat,
    Broken,
}

type Item<'d> = (usize, Mode, &'d Doc);

/// Lays the text out from column `indent`, in lines of `width` columns where its breaks allow it.
pub fn render(docs: &[Doc], indent: usize, width: usize) -> Vec<OutLine> {
    let mut lines = vec![OutLine { indent, ..OutLine::default() }];
    let mut column = indent;
    let mut todo: Vec<Item> = docs.iter().rev().map(|doc| (indent, Mode::Broken, doc)).collect();
    while let Some((indent, mode, doc)) = todo.pop() {
        match doc {
            Doc::Text(text) => add_text(&mut lines, &mut column, indent, text),
            Doc::Line if mode == Mode::Flat => add_text(&mut lines, &mut column, indent, " "),
            Doc::Soft if mode == Mode::Flat => {}
            Doc::Line | Doc::Soft => new_line(&mut lines, &mut column, indent),
            Doc::IfBroken(text) if mode == Mode::Broken => add_text(&mut lines, &mut column, indent, text),
            Doc::IfBroken(_) => {}
            Doc::Comment { text, own_line } => {
                let last =
                    lines.last().map_or((false, false), |line| (line.is_empty(), line.comment.is_some()));
                if (*own_line && !last.0) || last.1 {
                    new_line(&mut lines, &mut column, indent);
                }
                if let Some(line) = lines.last_mut() {
                    line.comment = Some(text.clone());
                }
            }
            Doc::Indent(inner) => todo.extend(inner.iter().rev().map(|doc| (indent + INDENT, mode, doc))),
            Doc::Broken(inner) => todo.extend(inner.iter().rev().map(|doc| (indent, Mode::Broken, doc))),
            Doc::Group(inner) => {
                let is_flat = mode == Mode::Flat || fits(inner, &todo, width.saturating_sub(column));
                let mode = if is_flat { Mode::Flat } else { Mode::Broken };
                todo.extend(inner.iter().rev().map(|doc| (indent, mode, doc)));
            }
        }
    }
    for line in &mut lines {
        line.code.truncate(line.code.trim_end().len());
    }
    lines
}

fn add_text(lines: &mut Vec<OutLine>, column: &mut usize, indent: usize, text: &str) {
    if lines.last().is_some_and(|line| line.comment.is_some()) {
        if text.trim().is_empty() {
            return;
        }
        new_line(lines, column, indent);
    }
    let Some(line) = lines.last_mut() else { return };
    let text = if line.code.is_empty() { text.trim_start() } else { text };
    line.code.push_str(text);
    *column += text.chars().count();
}

fn new_line(lines: &mut Vec<OutLine>, column: &mut usize, indent: usize) {
    *column = indent;
    match lines.last_mut() {
        Some(line) if line.is_empty() => line.indent = indent,
        _ => lines.push(OutLine { indent, ..OutLine::default() }),
    }
}

/// Whether `group`, on one line, and what follows it up to the next possible break need no more than `room` columns.
fn fits(group: &[Doc], rest: &[Item], room: usize) -> bool {
    let mut room = room;
    let mut inside: Vec<&Doc> = group.iter().rev().collect();
    while let Some(doc) = inside.pop() {
        match doc {
            Doc::Text(text) => match room.checked_sub(text.chars().count()) {
                Some(left) => room = left,
                None => return false,
            },
            Doc::Line => match room.checked_sub(1) {
                Some(left) => room = left,
                None => return false,
            },
            Doc::Soft | Doc::IfBroken(_) => {}
            Doc::Comment { .. } | Doc::Broken(_) => return false,
            Doc::Indent(inner) | Doc::Group(inner) => inside.extend(inner.iter().rev()),
        }
    }
    let mut after: Vec<(Mode, &Doc)> = Vec::new();
    let mut rest = rest.iter().rev();
    loop {
        let (mode, doc) = match after.pop() {
            Some(next) => next,
            None => match rest.next() {
                Some(&(_, mode, doc)) => (mode, doc),
                None => return true,
            },
        };
        match doc {
            Doc::Text(text) => match room.checked_sub(text.chars().count()) {
                Some(left) => room = left,
                None => return false,
            },
            Doc::Line | Doc::Soft if mode == Mode::Broken => return true,
            Doc::Line => match room.checked_sub(1) {
                Some(left) => room = left,
                None => return false,
            },
            Doc::Soft => {}
            Doc::IfBroken(text) => {
                let columns = if mode == Mode::Broken { text.len() } else { 0 };
                match room.checked_sub(columns) {
                    Some(left) => room = left,
                    None => return false,
                }
            }
            Doc::Comment { .. } => return true,
            Doc::Broken(inner) => after.extend(inner.iter().rev().map(|doc| (Mode::Broken, doc))),
            Doc::Indent(inner) | Doc::Group(inner) => after.extend(inner.iter().rev().map(|doc| (mode, doc))),
        }
    }
}
