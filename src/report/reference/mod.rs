//! The reference: a page for each name of the language, made from the catalogues, for prompts, programs and documents.

mod distribution;
mod function;
mod markdown;
mod prose;
mod term;
mod text;
mod topic;

#[cfg(test)]
mod tests;

pub use function::evaluate;
pub use markdown::section;
pub use term::Term;
pub use text::{list, page};
pub use topic::Topic;

use std::collections::BTreeSet;

use miette::Report;
use serde::Serialize;

use crate::builtin::{self, Builtin};
use crate::check;
use crate::constraint::{self, Constraint};
use crate::dist::{self, Distribution, Elsewhere, Question, Wrapper};
use crate::family::{self, Family};
use crate::report::Style;

/// What a name of the reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Distribution,
    Wrapper,
    Question,
    Function,
    Operator,
    Constraint,
    Family,
    /// A word of summaries and options.
    Term,
    Topic,
    Command,
    /// A command of the prompt.
    Prompt,
}

impl Kind {
    /// Every kind, in the order of the lists.
    pub const ALL: [Kind; 11] = [
        Kind::Distribution,
        Kind::Wrapper,
        Kind::Question,
        Kind::Function,
        Kind::Operator,
        Kind::Constraint,
        Kind::Family,
        Kind::Term,
        Kind::Topic,
        Kind::Command,
        Kind::Prompt,
    ];

    /// As the argument of `vippl list`.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Distribution => "distributions",
            Kind::Wrapper => "wrappers",
            Kind::Question => "questions",
            Kind::Function => "functions",
            Kind::Operator => "operators",
            Kind::Constraint => "constraints",
            Kind::Family => "families",
            Kind::Term => "terms",
            Kind::Topic => "topics",
            Kind::Command => "commands",
            Kind::Prompt => "prompt",
        }
    }

    /// Over a list.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Distribution => "Distributions",
            Kind::Wrapper => "Distributions of distributions",
            Kind::Question => "Questions to distributions",
            Kind::Function => "Functions",
            Kind::Operator => "Operators",
            Kind::Constraint => "Supports of latents",
            Kind::Family => "Approximating families",
            Kind::Term => "Words of a fit",
            Kind::Topic => "Topics",
            Kind::Command => "Commands",
            Kind::Prompt => "At the prompt",
        }
    }
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    pub kind: Kind,
    /// Heading within the kind; empty where there is none.
    pub group: String,
    pub name: String,
    /// Every way to write it.
    pub signatures: Vec<String>,
    pub summary: String,
}

impl Entry {
    /// All ways to write it in one: `Gamma(shape, rate | mean, sd)`.
    pub fn compact(&self) -> String {
        let [first, .., _] = self.signatures.as_slice() else {
            return self.signatures.first().unwrap_or(&self.name).clone();
        };
        let Some((name, _)) = first.split_once('(') else { return first.clone() };
        let inner = |signature: &String| {
            let arguments = signature.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
            Some(arguments.split(", ").map(|a| a.trim_end_matches(" =")).collect::<Vec<_>>().join(", "))
        };
        let forms: Option<Vec<String>> = self.signatures.iter().map(inner).collect();
        forms.map_or_else(|| first.clone(), |forms| format!("{name}({})", forms.join(" | ")))
    }
}

/// What the reference says about one name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    #[serde(flatten)]
    pub entry: Entry,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Argument>,
    /// Support, density and the like, by their titles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Names>,
    /// Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Argument {
    pub name: String,
    /// What values it takes.
    pub range: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<f64>,
    pub doc: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    pub title: &'static str,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    pub text: String,
    /// What an expression comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// Names in other systems.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Names {
    pub stan: Option<&'static str>,
    pub pymc: Option<&'static str>,
    pub r: Option<&'static str>,
}

impl Names {
    /// `None` where no system has the thing.
    fn of(elsewhere: Elsewhere) -> Option<Names> {
        let Elsewhere { stan, pymc, r } = elsewhere;
        (stan.is_some() || pymc.is_some() || r.is_some()).then_some(Names { stan, pymc, r })
    }

    /// Those that there are, with the names of the systems.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        [("Stan", self.stan), ("PyMC", self.pymc), ("R", self.r)]
            .into_iter()
            .filter_map(|(system, name)| Some((system, name?)))
    }
}

/// A thing that has a page.
#[derive(Clone, Copy)]
pub enum Subject {
    Distribution(&'static dyn Distribution),
    Wrapper(&'static dyn Wrapper),
    Question(&'static Question),
    Function(&'static dyn Builtin),
    Constraint(&'static dyn Constraint),
    Family(&'static dyn Family),
    Term(&'static Term),
    Topic(Topic),
}

impl Subject {
    /// Everything that the catalogues and the language reference hold.
    pub fn all() -> Vec<Subject> {
        let mut all: Vec<Subject> = dist::ALL.iter().copied().map(Subject::Distribution).collect();
        all.sort_by_key(|subject| subject.entry().group);
        all.extend(dist::wrappers::ALL.iter().copied().map(Subject::Wrapper));
        all.extend(dist::question::ALL.iter().copied().map(Subject::Question));
        let (operators, functions): (Vec<_>, Vec<_>) = builtin::ALL
            .iter()
            .copied()
            .map(Subject::Function)
            .partition(|subject| subject.kind() == Kind::Operator);
        all.extend(functions);
        all.extend(operators);
        all.extend(constraint::ALL.iter().copied().map(Subject::Constraint));
        all.extend(family::ALL.iter().copied().map(Subject::Family));
        all.extend(term::ALL.iter().map(Subject::Term));
        all.extend(Topic::all().into_iter().map(Subject::Topic));
        all
    }

    /// Everything that `name` may mean, here or in another system; upper and lower case, `_` and `-` do not matter
    /// where nothing has the name exactly.
    pub fn find(name: &str) -> Vec<Subject> {
        let all = Subject::all();
        let matching = |test: &dyn Fn(&Subject) -> bool| -> Vec<Subject> {
            all.iter().filter(|subject| test(subject)).copied().collect()
        };
        let folded = fold(name);
        let tests: [&dyn Fn(&Subject) -> bool; 3] = [
            &|subject| subject.names().iter().any(|known| known == name),
            // An operator may be nothing but separators.
            &|subject| !folded.is_empty() && subject.names().iter().any(|known| fold(known) == folded),
            &|subject| subject.foreign_names().iter().any(|foreign| fold(foreign) == folded),
        ];
        let found = tests.iter().map(|test| matching(test)).find(|found| !found.is_empty());
        found.unwrap_or_else(|| {
            let here = check::translate(name);
            let word = here.as_deref().map(first_word).filter(|word| !word.is_empty());
            word.map(|word| matching(&|subject| subject.names().iter().any(|known| known == word)))
                .unwrap_or_default()
        })
    }

    pub fn kind(&self) -> Kind {
        match self {
            Subject::Distribution(_) => Kind::Distribution,
            Subject::Wrapper(_) => Kind::Wrapper,
            Subject::Question(_) => Kind::Question,
            Subject::Function(f) if check::is_operator(f.name()) => Kind::Operator,
            Subject::Function(_) => Kind::Function,
            Subject::Constraint(_) => Kind::Constraint,
            Subject::Family(_) => Kind::Family,
            Subject::Term(_) => Kind::Term,
            Subject::Topic(_) => Kind::Topic,
        }
    }

    /// The names under which it is found; the first is the one that lists show.
    fn names(&self) -> Vec<String> {
        let one = match self {
            Subject::Distribution(dist) => dist.name(),
            Subject::Wrapper(wrapper) => wrapper.name(),
            Subject::Question(question) => question.name,
            Subject::Function(f) => function::symbol(*f),
            Subject::Constraint(constraint) => constraint.name(),
            Subject::Family(family) => family.name(),
            Subject::Term(term) => return term.names.iter().map(ToString::to_string).collect(),
            Subject::Topic(topic) => return topic.names(),
        };
        vec![one.to_string()]
    }

    /// The bare names in other systems: `student_t` of `student_t(nu, mu, sigma)`.
    fn foreign_names(&self) -> BTreeSet<&'static str> {
        let elsewhere = match self {
            Subject::Distribution(dist) => dist.elsewhere(),
            Subject::Wrapper(wrapper) => wrapper.elsewhere(),
            _ => Elsewhere::default(),
        };
        let systems = Names::of(elsewhere).map(|names| names.given().collect::<Vec<_>>());
        let parts = systems.into_iter().flatten().flat_map(|(_, text)| text.split(';'));
        // `D` and `x` are placeholders.
        parts.map(|part| first_word(part.trim())).filter(|word| word.len() > 1).collect()
    }

    pub fn entry(&self) -> Entry {
        let (group, signatures, summary) = match self {
            Subject::Distribution(dist) => {
                (distribution::group(*dist).to_string(), check::form_signatures(*dist), dist.summary())
            }
            Subject::Wrapper(wrapper) => {
                (String::new(), distribution::wrapper_signatures(*wrapper), wrapper.summary())
            }
            Subject::Question(question) => (String::new(), vec![question.signature()], question.summary),
            Subject::Function(f) => (function::group(*f), vec![function::signature(*f)], f.summary()),
            Subject::Constraint(constraint) => {
                (String::new(), vec![constraint.name().into()], constraint.summary())
            }
            Subject::Family(family) => (String::new(), vec![family.name().into()], family.summary()),
            Subject::Term(term) => (String::new(), vec![term.names[0].to_string()], term.summary),
            Subject::Topic(topic) => (String::new(), vec![topic.names().join(", ")], topic.title),
        };
        let name = self.names().swap_remove(0);
        Entry { kind: self.kind(), group, name, signatures, summary: summary.to_string() }
    }

    pub fn page(&self) -> Page {
        let mut page = Page {
            entry: self.entry(),
            arguments: Vec::new(),
            facts: Vec::new(),
            example: None,
            elsewhere: None,
            text: None,
        };
        match self {
            Subject::Distribution(dist) => distribution::fill(&mut page, *dist),
            Subject::Wrapper(wrapper) => distribution::fill_wrapper(&mut page, *wrapper),
            Subject::Question(question) => distribution::fill_question(&mut page, question),
            Subject::Function(f) => function::fill(&mut page, *f),
            Subject::Constraint(constraint) => distribution::fill_constraint(&mut page, *constraint),
            Subject::Family(family) => {
                let example = format!("vippl fit MODEL --data FILE --family {}", family.name());
                page.example = Some(Example { text: example, result: None });
                let about = term::FAMILIES.iter().find(|(name, _)| *name == family.name());
                page.facts
                    .extend(about.map(|(_, text)| Fact { title: "what it is", text: text.to_string() }));
            }
            Subject::Term(term) => page.text = Some(term.text.to_string()),
            Subject::Topic(topic) => page.text = Some(topic.prose()),
        }
        page
    }
}

/// Words that people look for, and where what they mean is: spelt in lower case without separators.
const ELSEWHERE: &[(&str, &str)] = &[
    ("predict", SIMULATE),
    ("prediction", SIMULATE),
    ("predictive", SIMULATE),
    ("posteriorpredictive", SIMULATE),
    ("ppc", SIMULATE),
    ("generate", SIMULATE),
    ("priorpredictive", "`vippl simulate MODEL` draws data from the prior: see `vippl help simulate`"),
    ("mcmc", SAMPLE),
    ("nuts", SAMPLE),
    ("hmc", SAMPLE),
    ("loo", COMPARE),
    ("psisloo", COMPARE),
    ("waic", COMPARE),
    ("crossvalidation", COMPARE),
    ("posterior", "`vippl summary FIT` shows it, `vippl repl FIT` answers questions about it"),
    ("credibleinterval", "`vippl summary FIT` has quantiles; `quantile(x, p)` at the prompt"),
];

const SAMPLE: &str = "`vippl sample` draws from the posterior by NUTS: see `vippl help sample`";
const COMPARE: &str = "`vippl compare` sets models side by side by leave-one-out: see `vippl help compare`";
const SIMULATE: &str = "`vippl simulate FIT` draws new data from a fit: see `vippl help simulate`";

/// That `name` is nobody's: with what it is called here, or what it may have been meant for, `others` included; else
/// with `help`.
pub fn unknown(name: &str, others: &[String], help: &str) -> Report {
    let all = Subject::all();
    let words: BTreeSet<String> = all.iter().flat_map(Subject::names).chain(others.iter().cloned()).collect();
    let near = check::nearest(name, words.iter().map(String::as_str));
    let folded = fold(name);
    let elsewhere = ELSEWHERE.iter().find(|(word, _)| *word == folded).map(|(_, words)| words.to_string());
    let help = match (check::translate(name), near.as_slice()) {
        _ if elsewhere.is_some() => elsewhere.unwrap_or_default(),
        (Some(here), _) => format!("write {here}"),
        (None, []) => help.to_string(),
        (None, [one]) => format!("did you mean `{one}`?"),
        (None, many) => format!("did you mean one of `{}`?", many.join("`, `")),
    };
    miette::miette!(code = "vippl::help::unknown_name", help = help, "there is no help on `{name}`")
}

/// Between two pages.
pub fn rule(style: &Style) -> String {
    format!("\n{}\n\n", style.dim(&"─".repeat(style.width.min(40))))
}

/// `gamma` of `gamma(alpha, beta)`, `dlst` of `extraDistr::dlst`.
fn first_word(text: &str) -> &str {
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | ':'))).unwrap_or(text.len());
    text[..end].rsplit("::").next().unwrap_or_default()
}

/// Lower case without separators.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '.' | ' ' | '-')).flat_map(char::to_lowercase).collect()
}
