//! The plain statements that a formula stands for.

use super::columns::Columns;
use super::design::{self, Column, in_product, quoted};
use super::error::{FormulaAdvice, FormulaError};
use super::find::Found;
use super::names::{Names, identifier};
use super::prior::{self, Correlation, Parts, Prior, Priors};
use super::scale::Scale;
use super::spread::parsed;
use super::terms::{Effects, Terms, terms};
use crate::source::{Source, Span};
use crate::syntax::ast::ExprKind;

/// Text, and the part of the formula that it stands for.
pub type Chunk = (String, Span);

/// What stands in place of a formula.
#[derive(Debug, Default)]
pub struct Plain {
    /// Lines before the statement that holds the formula.
    pub lines: Vec<Vec<Chunk>>,
    /// In place of the formula: a sum.
    pub sum: Vec<Chunk>,
    pub designs: Vec<Design>,
    pub advice: Vec<FormulaAdvice>,
}

/// The columns of a design, to be looked at with their values.
#[derive(Clone, Debug)]
pub struct Design {
    pub columns: Vec<Column>,
    pub has_intercept: bool,
    pub formula: Span,
}

/// The label of the intercept among group effects.
const INTERCEPT: &str = "Intercept";

/// Rewrites a formula. `is_only`: the file has no other; `left`: the name that its statement is about.
pub fn rewrite(
    source: &Source,
    found: &Found,
    columns: &Columns,
    names: &mut Names,
    scale: &dyn Fn(&[String]) -> Scale,
    (is_only, left): (bool, Option<&str>),
) -> Result<Plain, Vec<FormulaError>> {
    let (terms, priors) =
        match (terms(&found.model.formula, columns), Priors::read(source, &found.model.options)) {
            (Ok(terms), Ok(priors)) => (terms, priors),
            (terms, priors) => return Err(terms.err().into_iter().chain(priors.err()).flatten().collect()),
        };
    let offsets: Vec<String> = terms.offsets.iter().map(|(offset, _)| offset.clone()).collect();
    let scale = &scale(&offsets);
    let design = design::columns(&terms);
    let effects: Vec<(&Effects, Vec<Column>)> =
        terms.effects.iter().map(|effects| (effects, design::columns(&effects.terms))).collect();
    let n_effects = |(effects, columns): &(&Effects, Vec<Column>)| {
        columns.len() + usize::from(effects.terms.has_intercept)
    };
    let unused = priors.unused(Parts {
        intercept: terms.has_intercept,
        slopes: !design.is_empty(),
        effects: !effects.is_empty(),
        correlations: effects.iter().any(|own| own.0.correlated && n_effects(own) > 1),
    });
    if !unused.is_empty() {
        return Err(unused);
    }
    if !terms.has_intercept && design.is_empty() && effects.is_empty() {
        return Err(vec![FormulaError::Term {
            message: "a formula without anything to estimate".into(),
            at: found.span.into(),
            label: "no intercept, no terms".into(),
            help: Some("`lm(1)` is an intercept, `lm(1 + x)` a line".into()),
        }]);
    }
    let mut writer = Writer {
        columns,
        names,
        scale,
        priors,
        formula: found.span,
        of: found.model.formula.span,
        plain: Plain::default(),
        text: one_line(source.slice(found.span)),
    };
    let groups = distinct_groups(&effects);
    writer.names.begin(&stems(&terms, &design, &effects, &groups), is_only, left);
    writer.write(&terms, &design, &effects, &groups);
    Ok(writer.plain)
}

struct Writer<'w, 'c> {
    columns: &'w Columns<'c>,
    names: &'w mut Names,
    scale: &'w Scale,
    priors: Priors,
    formula: Span,
    of: Span,
    plain: Plain,
    /// The formula as it is written.
    text: String,
}

impl Writer<'_, '_> {
    fn write(
        &mut self,
        terms: &Terms,
        design: &[Column],
        effects: &[(&Effects, Vec<Column>)],
        groups: &[String],
    ) {
        let asked =
            self.priors.slopes.is_some() || self.priors.intercept.is_some() || self.priors.sd.is_some();
        if !self.scale.is_known && !asked {
            self.plain.advice.push(FormulaAdvice::UnknownScale { at: self.formula.into() });
        }
        self.comment(&self.text.clone());
        let scale_of = if self.scale.is_known { "" } else { "; for a predictor of a scale of about 1" };
        match (terms.has_intercept, design.is_empty()) {
            (true, true) => {
                let intercept = self.names.take("intercept");
                self.intercept(&intercept, "the intercept", scale_of);
            }
            (_, false) => self.slopes(terms.has_intercept, design, scale_of),
            (false, true) => {}
        }
        for ((effects, own), group) in effects.iter().zip(groups) {
            self.effects(effects, own, group, scale_of);
        }
        for (offset, at) in &terms.offsets {
            self.add(vec![(summand(offset), *at)]);
        }
    }

    fn intercept(&mut self, name: &str, what: &str, scale_of: &str) {
        let asked = self.priors.intercept.clone();
        let prior = self.prior(what, asked, prior::default_intercept(self.scale), scale_of);
        let at = self.formula;
        self.line(vec![(format!("{name} ~ "), at), prior]);
        self.add(vec![(name.to_owned(), at)]);
    }

    /// The columns of the design, their coefficients, and the intercept where there is one.
    fn slopes(&mut self, has_intercept: bool, design: &[Column], scale_of: &str) {
        let at = self.formula;
        let b = self.names.take("b");
        // Columns with latents, or drawn ones, are no constants: each is a summand of its own.
        let is_given = design.iter().all(|column| self.columns.is_given(column));
        let matrix = is_given.then(|| self.names.take("X"));
        if let Some(matrix) = &matrix {
            let mut line = vec![(format!("{matrix} = cbind("), at)];
            line.extend(separated(design.iter().map(|column| (column.code.clone(), column.span))));
            line.push((")".into(), at));
            self.line(line);
        }
        let centred = has_intercept.then(|| self.names.take("intercept_at_means"));
        if let Some(centred) = &centred {
            let columns = matrix.as_ref().map_or("term".into(), |matrix| format!("column of {matrix}"));
            self.intercept(centred, &format!("the predictor where each {columns} is at its mean"), scale_of);
        }
        let spread = match &matrix {
            Some(matrix) => format!("sd({matrix}, axis = 1)"),
            None => list(design.iter().map(|column| self.columns.sd_of(column))),
        };
        let labels = list(design.iter().map(|column| quoted(&column.label)));
        let what = if design.len() == 1 { "the slope" } else { "the slopes" };
        let default = prior::default_slopes(self.scale, &spread);
        let prior = self.prior(what, self.priors.slopes.clone(), default, scale_of);
        self.line(vec![(format!("{b}[{labels}] ~ "), at), prior]);
        let at_zero = match &matrix {
            Some(matrix) if has_intercept => {
                self.add(vec![(format!("center({matrix}) @ {b}"), at)]);
                format!(" - col_means({matrix}) @ {b}")
            }
            Some(matrix) => {
                self.add(vec![(format!("{matrix} @ {b}"), at)]);
                String::new()
            }
            None => self.summands(has_intercept, design, &b),
        };
        if let Some(centred) = &centred {
            let intercept = self.names.take("intercept");
            self.comment("the predictor where each term is 0");
            self.line(vec![(format!("{intercept} = {centred}{at_zero}"), at)]);
        }
        let inlined = |column: &Column| Column { code: self.columns.inlined(&column.code), ..column.clone() };
        let columns = design.iter().map(inlined).collect();
        self.plain.designs.push(Design { columns, has_intercept, formula: self.of });
    }

    /// A summand for each column, less its mean where there is an intercept; gives what the means are in all.
    fn summands(&mut self, has_intercept: bool, design: &[Column], b: &str) -> String {
        let mut means = String::new();
        for column in design {
            let coefficient = format!("{b}[{}]", quoted(&column.label));
            let mean = self.columns.mean_of(column).filter(|_| has_intercept);
            let code = in_product(&column.code);
            let code = match &mean {
                Some(mean) => {
                    means.push_str(&format!(" - {mean} * {coefficient}"));
                    format!("({code} - {mean})")
                }
                None => code,
            };
            self.add(vec![(format!("{coefficient} * "), self.formula), (code, column.span)]);
        }
        means
    }

    fn effects(&mut self, effects: &Effects, own: &[Column], group: &str, scale_of: &str) {
        let at = effects.span;
        let r = self.names.take(&format!("r_{group}"));
        let sd = self.names.take(&format!("sd_{group}"));
        let plate = match effects.group.as_slice() {
            [only] => only.code.clone(),
            several => {
                let name = self.names.take(group);
                let codes = list(several.iter().map(|variable| variable.code.clone()));
                let codes = codes.trim_matches(['[', ']']).to_owned();
                self.comment("groups: the combinations that occur");
                self.line(vec![(format!("{name} = interaction({codes})"), at)]);
                name
            }
        };
        let has_intercept = effects.terms.has_intercept;
        let intercept = has_intercept.then_some(INTERCEPT);
        let labels: Vec<&str> =
            intercept.into_iter().chain(own.iter().map(|column| column.label.as_str())).collect();
        let quoted_labels = list(labels.iter().map(|label| quoted(label)));
        if let [label] = labels.as_slice() {
            let spread = own.first().map(|column| self.columns.sd_of(column));
            let default = prior::default_sd(self.scale, spread.as_deref());
            let prior = self.prior("the sd among groups", self.priors.sd.clone(), default, scale_of);
            self.line(vec![(format!("{sd} ~ "), at), prior]);
            let what = if has_intercept {
                "deviations of the groups".into()
            } else {
                format!("deviations of the groups in {label}")
            };
            self.comment(&what);
            self.line(vec![(format!("{r}[{plate}] ~ Normal(0, {sd})"), at)]);
            let mut summand = vec![(format!("{r}[{plate}]"), at)];
            if let Some(column) = own.first() {
                summand.push((format!(" * {}", in_product(&column.code)), column.span));
            }
            return self.add(summand);
        }
        let spread = list(
            intercept
                .map(|_| "1".to_owned())
                .into_iter()
                .chain(own.iter().map(|column| self.columns.sd_of(column))),
        );
        let default = prior::default_sd(self.scale, Some(&spread));
        let prior = self.prior("the sds among groups", self.priors.sd.clone(), default, scale_of);
        self.line(vec![(format!("{sd}[{quoted_labels}] ~ "), at), prior]);
        if effects.correlated {
            let n = labels.len();
            let (kind, shape) = match &self.priors.correlation {
                Some((kind, prior)) => (*kind, (prior.text.clone(), prior.span)),
                None => (Correlation::Matrix, (prior::default_correlation(), at)),
            };
            self.comment("prior of their correlations");
            let chol = match kind {
                Correlation::Matrix => {
                    let cor = self.names.take(&format!("cor_{group}"));
                    self.line(vec![(format!("{cor} ~ LkjCorr({n}, "), at), shape, (")".into(), at)]);
                    format!("cholesky({cor})")
                }
                Correlation::Factor => {
                    let factor = self.names.take(&format!("L_{group}"));
                    self.line(vec![(format!("{factor} ~ LkjCholesky({n}, "), at), shape, (")".into(), at)]);
                    factor
                }
            };
            self.comment("deviations of the groups");
            self.line(vec![(format!("{r}[{plate}] ~ MvNormal(0, chol = diag_matrix({sd}) @ {chol})"), at)]);
        } else {
            self.comment("deviations of the groups");
            self.line(vec![(format!("{r}[{plate}, {quoted_labels}] ~ Normal(0, {sd})"), at)]);
        }
        if has_intercept {
            self.add(vec![(format!("{r}[{plate}, {}]", quoted(INTERCEPT)), at)]);
        }
        for column in own {
            self.add(vec![
                (format!("{r}[{plate}, {}] * ", quoted(&column.label)), at),
                (in_product(&column.code), column.span),
            ]);
        }
    }

    /// What was asked for, or the default; a comment says which.
    fn prior(&mut self, what: &str, asked: Option<Prior>, default: prior::Default, scale_of: &str) -> Chunk {
        match asked {
            Some(asked) => {
                self.comment(&format!("prior of {what}: as given"));
                (asked.text, asked.span)
            }
            None => {
                self.comment(&format!("prior of {what}: {}{scale_of}", default.words));
                (default.text, self.formula)
            }
        }
    }

    fn line(&mut self, chunks: Vec<Chunk>) {
        self.plain.lines.push(chunks);
    }

    fn comment(&mut self, text: &str) {
        self.plain.lines.push(vec![(format!("# {text}"), self.formula)]);
    }

    fn add(&mut self, chunks: Vec<Chunk>) {
        if !self.plain.sum.is_empty() {
            self.plain.sum.push((" + ".into(), self.formula));
        }
        self.plain.sum.extend(chunks);
    }
}

/// Names that a formula needs.
fn stems(
    terms: &Terms,
    design: &[Column],
    effects: &[(&Effects, Vec<Column>)],
    groups: &[String],
) -> Vec<String> {
    let mut stems: Vec<String> = Vec::new();
    if terms.has_intercept {
        stems.push("intercept".into());
    }
    if !design.is_empty() {
        stems.extend(["X", "b", "intercept_at_means"].map(String::from));
    }
    for ((effects, _), group) in effects.iter().zip(groups) {
        stems.extend(["r", "sd", "cor", "L"].map(|part| format!("{part}_{group}")));
        if effects.group.len() > 1 {
            stems.push(group.clone());
        }
    }
    stems
}

/// What groups are called: by their columns, with a number where they come again.
fn distinct_groups(effects: &[(&Effects, Vec<Column>)]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for (effects, _) in effects {
        let parts: Vec<String> = effects.group.iter().map(|variable| identifier(&variable.label)).collect();
        let name = parts.join("_");
        let numbered = (2..).map(|n| format!("{name}_{n}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !groups.contains(name));
        groups.push(free.unwrap_or(name));
    }
    groups
}

/// In a sum.
fn summand(code: &str) -> String {
    match parsed(code).map(|expr| expr.kind) {
        Some(ExprKind::Binary { .. }) => format!("({code})"),
        _ => code.to_owned(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn separated(chunks: impl Iterator<Item = Chunk>) -> Vec<Chunk> {
    let mut all: Vec<Chunk> = Vec::new();
    for chunk in chunks {
        if !all.is_empty() {
            all.push((", ".into(), chunk.1));
        }
        all.push(chunk);
    }
    all
}

fn one_line(text: &str) -> String {
    let uncommented = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    uncommented.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
