//! The tree as indented text, for `vippl check --dump ast`.

use std::fmt::Write;

use super::ast::*;
use super::printer::{print_expr, print_name, symbol, unary_symbol};
use crate::source::Span;

/// One node a line, children indented, byte offsets behind statements and leaves.
pub fn dump(file: &File) -> String {
    let mut dump = Dump { text: String::new(), depth: 0 };
    dump.node("file", None, |dump| dump.statements(&file.statements));
    dump.text
}

struct Dump {
    text: String,
    depth: usize,
}

impl Dump {
    fn line(&mut self, label: &str, span: Option<Span>) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
        self.text.push_str(label);
        if let Some(span) = span {
            // Writing to a string cannot fail.
            let _ = write!(self.text, " @{}..{}", span.start, span.end);
        }
        self.text.push('\n');
    }

    fn node(&mut self, label: &str, span: Option<Span>, children: impl FnOnce(&mut Self)) {
        self.line(label, span);
        self.depth += 1;
        children(self);
        self.depth -= 1;
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        for line in statement.doc.iter().flat_map(|doc| doc.split('\n')) {
            self.line(format!("## {line}").trim_end(), None);
        }
        let span = Some(statement.span);
        match &statement.kind {
            StatementKind::Sample { target, distribution } => self.node("sample", span, |dump| {
                dump.expr(target);
                dump.expr(distribution);
            }),
            StatementKind::Define { target, value } => self.node("define", span, |dump| {
                dump.expr(target);
                dump.expr(value);
            }),
            StatementKind::For { variable, range, body } => {
                self.node(&format!("for {}", print_name(&variable.text)), span, |dump| {
                    dump.node("range", None, |dump| dump.expr(range));
                    dump.block("body", body);
                });
            }
            StatementKind::If { arms, otherwise } => self.node("if", span, |dump| {
                for (condition, body) in arms {
                    dump.node("condition", None, |dump| dump.expr(condition));
                    dump.block("then", body);
                }
                if let Some(body) = otherwise {
                    dump.block("else", body);
                }
            }),
            StatementKind::Data { name, element, dims, range } => {
                let label = format!("data {}: {}", print_name(&name.text), print_name(&element.text));
                self.node(&label, span, |dump| dump.declared(dims.as_deref(), range.as_ref()));
            }
            StatementKind::Param { name, dims, range, start } => {
                self.node(&format!("param {}", print_name(&name.text)), span, |dump| {
                    dump.declared(dims.as_deref(), range.as_ref());
                    if let Some(start) = start {
                        dump.node("start", None, |dump| dump.expr(start));
                    }
                });
            }
            StatementKind::Function { name, parameters, body } => {
                let parameters: Vec<_> = parameters.iter().map(|name| print_name(&name.text)).collect();
                let label = format!("function {}({})", print_name(&name.text), parameters.join(", "));
                self.node(&label, span, |dump| match body {
                    FunctionBody::Expr(value) => dump.expr(value),
                    FunctionBody::Block(body) => dump.block("body", body),
                });
            }
            StatementKind::Factor { value } => self.node("factor", span, |dump| dump.expr(value)),
            StatementKind::Return { value } => self.node("return", span, |dump| dump.expr(value)),
        }
    }

    fn block(&mut self, label: &str, block: &Block) {
        self.node(label, None, |dump| dump.statements(&block.statements));
    }

    fn declared(&mut self, dims: Option<&[Expr]>, range: Option<&Interval>) {
        if let Some(dims) = dims {
            self.node("dims", None, |dump| dims.iter().for_each(|size| dump.expr(size)));
        }
        if let Some(range) = range {
            self.node("in", None, |dump| {
                dump.expr(&range.lower);
                dump.expr(&range.upper);
            });
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int(_) => self.leaf("int", expr),
            ExprKind::Real(_) => self.leaf("real", expr),
            ExprKind::Bool(_) => self.leaf("bool", expr),
            ExprKind::Str(_) => self.leaf("string", expr),
            ExprKind::Name(_) => self.leaf("name", expr),
            ExprKind::Array(elements) => {
                self.node("array", None, |dump| elements.iter().for_each(|element| dump.expr(element)));
            }
            ExprKind::Group(inner) => self.node("group", None, |dump| dump.expr(inner)),
            ExprKind::Unary { op, operand } => {
                self.node(&format!("unary {}", unary_symbol(*op)), None, |dump| dump.expr(operand));
            }
            ExprKind::Binary { op, left, right, .. } => {
                self.node(&format!("binary {}", symbol(*op)), None, |dump| {
                    dump.expr(left);
                    dump.expr(right);
                });
            }
            ExprKind::Transpose(operand) => self.node("transpose", None, |dump| dump.expr(operand)),
            ExprKind::Call { function, arguments } => {
                self.node(&format!("call {}", print_name(&function.text)), Some(expr.span), |dump| {
                    for argument in arguments {
                        match &argument.name {
                            None => dump.expr(&argument.value),
                            Some(name) => {
                                let label = format!("{} =", print_name(&name.text));
                                dump.node(&label, None, |dump| dump.expr(&argument.value));
                            }
                        }
                    }
                });
            }
            ExprKind::Index { base, indices } => self.node("index", Some(expr.span), |dump| {
                dump.expr(base);
                indices.iter().for_each(|index| dump.index(index));
            }),
            ExprKind::Lm(model) => self.node("lm", Some(expr.span), |dump| {
                dump.term(&model.formula);
                for option in &model.options {
                    let label = option.name.as_ref().map_or_else(String::new, |name| print_name(&name.text));
                    dump.node(&format!("{label} ="), None, |dump| dump.expr(&option.value));
                }
            }),
        }
    }

    fn term(&mut self, term: &Term) {
        match &term.kind {
            TermKind::Number(value) => self.line(&format!("term {value}"), Some(term.span)),
            TermKind::Column(column) => self.node("column", None, |dump| dump.expr(column)),
            TermKind::Group(inner) => self.node("group", None, |dump| dump.term(inner)),
            TermKind::Minus(inner) => self.node("without", None, |dump| dump.term(inner)),
            TermKind::Binary { op, left, right, .. } => {
                self.node(&format!("term {}", op.symbol()), None, |dump| {
                    dump.term(left);
                    dump.term(right);
                });
            }
            TermKind::Effects { terms, correlated, groups, .. } => {
                let bar = if *correlated { "|" } else { "||" };
                self.node(&format!("effects {bar}"), Some(term.span), |dump| {
                    dump.term(terms);
                    dump.term(groups);
                });
            }
        }
    }

    fn index(&mut self, index: &Index) {
        match index {
            Index::At(at) => self.node("at", None, |dump| dump.expr(at)),
            Index::Slice { lower, upper, .. } => self.node("slice", None, |dump| {
                for (label, end) in [("from", lower), ("to", upper)] {
                    if let Some(end) = end {
                        dump.node(label, None, |dump| dump.expr(end));
                    }
                }
            }),
        }
    }

    fn leaf(&mut self, label: &str, expr: &Expr) {
        self.line(&format!("{label} {}", print_expr(expr)), Some(expr.span));
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Source;
    use crate::syntax::{dump, parse};

    #[test]
    fn a_dump_shows_the_tree() {
        let source = Source::new("test", "## Mean.\ny[:, 2] ~ Normal(a + -1, sd = s')\n");
        let file = parse(&source).expect("parses");
        let expected = "\
file
  ## Mean.
  sample @9..42
    index @9..16
      name y @9..10
      slice
      at
        int 2 @14..15
    call Normal @19..42
      binary +
        name a @26..27
        unary -
          int 1 @31..32
      sd =
        transpose
          name s @39..40
";
        assert_eq!(dump(&file), expected);
    }
}
