//! Every name has a page that fits and an example that works; names are found as people write them.

use super::*;
use crate::posterior::Verdict;

fn names(found: &[Subject]) -> Vec<String> {
    found.iter().map(|subject| subject.entry().name).collect()
}

#[test]
fn every_name_finds_its_page() {
    for subject in Subject::all() {
        let entry = subject.entry();
        assert!(!entry.summary.is_empty(), "{}", entry.name);
        let found = Subject::find(&entry.name);
        assert!(
            found.iter().any(|other| other.kind() == subject.kind() && other.entry() == entry),
            "{} finds {:?}",
            entry.name,
            names(&found)
        );
    }
}

#[test]
fn names_are_found_as_they_are_written_elsewhere() {
    for (written, name) in [
        ("normal", "Normal"),
        ("half_normal", "HalfNormal"),
        ("Half Normal", "HalfNormal"),
        ("dnorm", "Normal"),
        ("multi_normal_cholesky", "MvNormal"),
        ("plogis", "inv_logit"),
        ("zip", "zero_inflated"),
        ("plates", "plates"),
        ("factor", "statements"),
        ("shapes", "types"),
        ("ode", "differential"),
    ] {
        assert_eq!(names(&Subject::find(written)), [name], "{written}");
    }
    assert_eq!(names(&Subject::find("ordered")), ["ordered", "ordered"], "the wrapper and the support");
    assert!(Subject::find("qwerty").is_empty() && Subject::find("").is_empty());
}

#[test]
fn words_of_a_fit_have_pages() {
    let of_summaries = ["ok", "corrected", "distrust", "k-hat", "R-hat", "ELBO", "log p(x)", "ESS", "mcse"];
    let of_options = ["auto", "centring"];
    for word in of_summaries.into_iter().chain(of_options) {
        assert_eq!(names(&Subject::find(word)), [word], "{word}");
    }
    for (written, name) in [
        ("khat", "k-hat"),
        ("k_hat", "k-hat"),
        ("rhat", "R-hat"),
        ("elbo", "ELBO"),
        ("evidence", "log p(x)"),
        ("Centering", "centring"),
        ("divergences", "divergence"),
    ] {
        assert_eq!(names(&Subject::find(written)), [name], "{written}");
    }
    let verdicts = [Verdict::Ok, Verdict::Corrected, Verdict::Distrust];
    assert!(verdicts.iter().all(|verdict| of_summaries.contains(&verdict.name())));
    let families: Vec<&str> = family::ALL.iter().map(|family| family.name()).collect();
    let told: Vec<&str> = term::FAMILIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(told, families);
}

#[test]
fn summaries_of_a_list_stand_below_each_other() {
    let entries: Vec<Entry> = Subject::all().iter().map(Subject::entry).collect();
    for group in entries.chunk_by(|a, b| (a.kind, &a.group) == (b.kind, &b.group)) {
        for width in [60, 80, 120, usize::MAX] {
            let list = super::list(group, &Style { width, ..Style::default() });
            assert!(list.lines().all(|line| line.chars().count() <= width));
            let column = |entry: &Entry| {
                let words: String = entry.summary.trim_end_matches('.').chars().take(12).collect();
                let before = list.lines().skip(1).filter_map(|line| line.rsplit_once(&format!("  {words}")));
                // Beside the name, or on a line below it.
                before
                    .map(|(before, _)| before)
                    .find(|before| before.trim() == entry.compact() || before.trim().is_empty())
                    .map(|before| before.chars().count())
            };
            let columns: BTreeSet<Option<usize>> = group.iter().map(column).collect();
            assert!(columns.len() == 1 && !columns.contains(&None), "{width}: {columns:?}\n{list}");
        }
    }
}

#[test]
fn arguments_of_reductions_are_explained() {
    for name in ["mean", "sum", "sd", "max"] {
        let pages = Subject::find(name).into_iter().filter(|s| s.kind() == Kind::Function).map(|s| s.page());
        let arguments: Vec<Argument> = pages.flat_map(|page| page.arguments).collect();
        assert!(arguments.len() >= 2 && arguments.iter().all(|a| !a.doc.is_empty()), "{name}");
    }
}

#[test]
fn unknown_names_get_suggestions() {
    let help = |name: &str| unknown(name, &["fit".to_string()], "else").help().map(|help| help.to_string());
    assert_eq!(help("Nromal").as_deref(), Some("did you mean `Normal`?"));
    assert_eq!(help("fitt").as_deref(), Some("did you mean `fit`?"));
    assert_eq!(help("deterministic").as_deref(), Some("write a plain definition, `x = ...`"));
    for word in ["predict", "posterior predictive", "posterior_predictive"] {
        assert!(help(word).is_some_and(|help| help.contains("vippl simulate FIT")), "{word}");
    }
    assert_eq!(help("qwertyuiop").as_deref(), Some("else"));
}

#[test]
fn pages_fit_the_width() {
    for width in [80, 100] {
        let style = Style { width, ..Style::default() };
        for subject in Subject::all() {
            let page = subject.page();
            let shown = super::page(&page, &style);
            // Code and links are not broken.
            let is_free = |line: &&str| {
                let words = line.trim_start().split(' ').count();
                !line.starts_with("    ") && words > 1
            };
            let widest = shown.lines().filter(is_free).map(|line| line.chars().count()).max().unwrap_or(0);
            let breakable = page.example.as_ref().is_none_or(|example| example.text.len() < width - 20);
            assert!(widest <= width || !breakable, "{}: {widest} columns\n{shown}", page.entry.name);
        }
        let entries: Vec<Entry> = Subject::all().iter().map(Subject::entry).collect();
        assert!(list(&entries, &style).lines().all(|line| line.chars().count() <= width));
    }
}

#[test]
fn examples_of_functions_and_questions_have_results() {
    for f in builtin::ALL {
        let result = evaluate(f.example()).unwrap_or_else(|error| panic!("{}: {error:?}", f.name()));
        assert!(!result.contains("NaN"), "{}: {} is {result}", f.name(), f.example());
    }
    for question in dist::question::ALL {
        let result =
            evaluate(question.example).unwrap_or_else(|error| panic!("{}: {error:?}", question.name));
        assert!(!result.contains("NaN"), "{} is {result}", question.example);
    }
    assert_eq!(evaluate("[[1, 2.5], [1/0, -0.0]]").unwrap(), "[[1, 2.5], [inf, 0]]");
    assert_eq!(evaluate("!(1 < 2)").unwrap(), "false");
    assert!(evaluate("1 +").is_err() && evaluate("x").is_err() && evaluate("[1, 2] + [1, 2, 3]").is_err());
}

#[test]
fn supports_are_told_in_terms_of_the_arguments() {
    for (name, expected) in [
        ("Normal", "real numbers"),
        ("HalfNormal", "x > 0"),
        ("Beta", "0 < x < 1"),
        ("Uniform", "lower < x < upper"),
        ("Bernoulli", "x = 0, 1"),
        ("Binomial", "x = 0, ..., n"),
        ("Poisson", "x = 0, 1, 2, ..."),
        ("Categorical", "x = 1, ..., len(p)"),
        ("DiscreteUniform", "x = lower, ..., upper"),
        ("MvNormal", "vectors of real numbers"),
        ("VonMises", "angles, within one turn"),
        ("Pareto", "x > min"),
        ("OrderedLogistic", "x = 1, ..., len(cutpoints) + 1"),
        ("Hypergeometric", "whole numbers between bounds that the arguments set"),
        ("Multinomial", "vectors of counts that sum to n"),
        ("Dirichlet", "vectors of probabilities that sum to one"),
    ] {
        let page = Subject::Distribution(dist::find(name).unwrap()).page();
        let support = page.facts.iter().find(|fact| fact.title == "support").unwrap();
        assert_eq!(support.text, expected, "{name}");
    }
}

#[test]
fn parameterisations_are_joined_in_lists() {
    let compact = |name: &str| Subject::find(name)[0].entry().compact();
    assert_eq!(compact("Gamma"), "Gamma(shape, rate | mean, sd)");
    assert_eq!(compact("Normal"), "Normal(mean, sd)");
    assert_eq!(compact("mixture"), "mixture(w, D | w, [D1, D2])");
    assert_eq!(compact("sum"), "sum(x, axis =)");
}

#[test]
fn markdown_becomes_text() {
    let markdown = "\
A [link](#there) and **bold** words that go on over the line, `x[i](y)` left alone.
Same paragraph.

- an item
  that goes on
- another

| form | meaning |
|---|---|
| `a \\| b` | either |
| `c` | a text of a cell that is too long for its line |

### Heading
```
code   stays
```
";
    let style = Style { width: 40, ..Style::default() };
    let expected = "\
A link and bold words that go on over
the line, `x[i](y)` left alone. Same
paragraph.

- an item that goes on
- another

`a | b`  either
`c`      a text of a cell that is too
         long for its line

Heading
    code   stays
";
    assert_eq!(prose::render(markdown, &style), expected);
}

#[test]
fn topics_are_the_sections_with_text() {
    let topics = Topic::all();
    let titles: Vec<&str> = topics.iter().map(|topic| topic.title).collect();
    assert!(titles.contains(&"Plates") && titles.contains(&"Statements"), "{titles:?}");
    for topic in topics {
        assert!(!topic.prose().contains("<!--"), "{}", topic.title);
        assert!(topic.prose().lines().any(|line| !line.starts_with('#')), "{}", topic.title);
    }
}
