//! `NaN` and `Infinity` without quotes, which Python and Stan write and JSON does not allow.

/// A text in which bare `NaN` and `Infinity` are quoted.
pub(super) struct Quoted {
    pub text: String,
    /// Offsets in `text` of the quotes put in.
    inserted: Vec<usize>,
}

impl Quoted {
    /// Offset in the text as it was.
    pub fn original(&self, offset: usize) -> usize {
        offset - self.inserted.partition_point(|&inserted| inserted < offset)
    }
}

/// Quotes `NaN`, `Infinity` and `-Infinity` where they stand outside strings; `None` if there are none.
pub(super) fn quote_bare_specials(text: &str) -> Option<Quoted> {
    let (mut quoted, mut inserted) = (String::with_capacity(text.len()), Vec::new());
    let (mut in_string, mut escaped) = (false, false);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let special = ["NaN", "-Infinity", "Infinity"]
            .into_iter()
            .find(|word| !in_string && text[at..].starts_with(word));
        if let Some(word) = special {
            inserted.push(quoted.len());
            quoted.push('"');
            quoted.push_str(word);
            inserted.push(quoted.len());
            quoted.push('"');
            at += word.len();
            continue;
        }
        if c == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && c == '\\' && !escaped;
        quoted.push(c);
        at += c.len_utf8();
    }
    (!inserted.is_empty()).then_some(Quoted { text: quoted, inserted })
}
