//! Topics: the sections of the language reference that are written by hand.

use crate::syntax::token::KEYWORDS;

const LANGUAGE: &str = include_str!("../../../docs/language.md");

/// Words that no topic goes by.
const SMALL_WORDS: [&str; 7] = ["at", "the", "not", "yet", "and", "in", "of"];

/// A section of docs/language.md.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    pub title: &'static str,
    /// Markdown, with what is generated.
    pub text: &'static str,
}

impl Topic {
    /// The sections that say something of their own.
    pub fn all() -> Vec<Topic> {
        let sections = LANGUAGE.split("\n## ").skip(1);
        sections
            .filter_map(|section| section.split_once('\n'))
            .map(|(title, text)| Topic { title: title.trim(), text })
            .filter(|topic| topic.prose().lines().any(|line| !line.is_empty() && !line.starts_with('#')))
            .collect()
    }

    /// The words of its title, the keywords whose statements it tells of, and the function that it begins with.
    pub fn names(&self) -> Vec<String> {
        let words = self.title.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        let words = words.filter(|word| !word.is_empty() && !SMALL_WORDS.contains(&word.as_str()));
        let rows = self.text.lines().filter_map(|line| line.strip_prefix("| `"));
        let keywords = rows.filter_map(|row| row.split(' ').next()).filter(|word| KEYWORDS.contains(word));
        let mut names: Vec<String> = words.collect();
        names.extend(keywords.map(str::to_string));
        let call = self.text.trim_start().strip_prefix('`').and_then(|text| text.split_once('('));
        let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        names.extend(call.map(|(name, _)| name.to_string()).filter(|name| is_name(name)));
        names
    }

    /// The text without what is generated into it.
    pub fn prose(&self) -> String {
        let mut generated = false;
        let mut lines = Vec::new();
        for line in self.text.lines() {
            match line.trim() {
                comment if comment.starts_with("<!-- end") => generated = false,
                comment if comment.starts_with("<!-- ") => generated = true,
                _ if generated => {}
                _ => lines.push(line),
            }
        }
        lines.join("\n").trim().to_string()
    }
}
