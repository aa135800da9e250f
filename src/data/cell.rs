//! What the text of one cell is: missing, a bool, a number or a word.

/// Integers up to here are exact in an f64 (2^53).
pub(super) const MAX_EXACT_INT: u64 = 1 << 53;

/// Whether all numbers but the missing ones are whole, and exact as such; some is there.
pub(super) fn all_whole(values: &[f64]) -> bool {
    let whole = |x: &f64| x.is_nan() || x.fract() == 0.0 && x.abs() <= MAX_EXACT_INT as f64;
    values.iter().all(whole) && values.iter().any(|x| !x.is_nan())
}

/// A cell by its text alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Missing,
    Bool(bool),
    /// An integer of magnitude at most 2^53.
    Int(f64),
    /// An integer that an f64 cannot hold exactly, rounded.
    HugeInt(f64),
    /// Any other number; may be infinite where the text says so, is never NaN.
    Real(f64),
    /// The digits of a number beyond the largest that an f64 holds.
    TooLarge,
    Text,
}

impl Cell {
    pub fn is_number(self) -> bool {
        matches!(self, Cell::Int(_) | Cell::HugeInt(_) | Cell::Real(_) | Cell::TooLarge)
    }
}

/// Classifies a cell that has no blanks around it.
///
/// Missing: nothing at all, `NA` (only so: `Na` is sodium), `NaN` and `null` in any case.
/// Bool: `true`, `True`, `TRUE` and the same of `false`; `T` and `F` are words, since a column of sexes may hold only `F`.
/// Numbers: decimal notation with an optional sign and exponent, `inf` and `infinity` in any case.
pub(super) fn classify(text: &str) -> Cell {
    let Some(&first) = text.as_bytes().first() else { return Cell::Missing };
    if first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.') {
        return match parse_int(text.as_bytes()) {
            Some(cell) => cell,
            None => parse_real(text),
        };
    }
    match text {
        "NA" => Cell::Missing,
        "true" | "True" | "TRUE" => Cell::Bool(true),
        "false" | "False" | "FALSE" => Cell::Bool(false),
        _ if text.eq_ignore_ascii_case("null") => Cell::Missing,
        _ if matches!(first, b'i' | b'I' | b'n' | b'N') => parse_real(text),
        _ => Cell::Text,
    }
}

/// `3`, `-12`, `+007`; `None` when the text is not an optional sign and digits.
fn parse_int(text: &[u8]) -> Option<Cell> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut magnitude: u64 = 0;
    let mut huge = false;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        magnitude = magnitude.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
        huge |= magnitude > MAX_EXACT_INT;
    }
    if huge {
        // Beyond u64 the saturated sum is wrong: the general parser rounds correctly.
        let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        return Some(if value.is_finite() { Cell::HugeInt(value) } else { Cell::TooLarge });
    }
    let value = magnitude as f64;
    Some(Cell::Int(if negative && magnitude > 0 { -value } else { value }))
}

fn parse_real(text: &str) -> Cell {
    match text.parse::<f64>() {
        Ok(value) if value.is_nan() => Cell::Missing,
        Ok(value) if value.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) => Cell::TooLarge,
        Ok(value) => Cell::Real(value),
        Err(_) => Cell::Text,
    }
}

/// The number in text with a decimal comma, `3,5`; `None` unless there is exactly one comma between number parts.
pub(super) fn parse_decimal_comma(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once(',')?;
    if whole.contains('.') || fraction.contains(',') || fraction.contains('.') {
        return None;
    }
    match classify(&format!("{whole}.{fraction}")) {
        Cell::Real(value) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_a_cell() {
        for text in ["", "NA", "NaN", "nan", "NAN", "-nan", "null", "NULL", "Null"] {
            assert_eq!(classify(text), Cell::Missing, "{text:?}");
        }
        for text in
            ["T", "F", "Na", "na", "N/A", "12a", "1_000", "0x10", "-", "+", ".", "1,5", "tRUE", "--1", "é"]
        {
            assert_eq!(classify(text), Cell::Text, "{text:?}");
        }
        for (text, value) in
            [("TRUE", true), ("True", true), ("true", true), ("false", false), ("FALSE", false)]
        {
            assert_eq!(classify(text), Cell::Bool(value), "{text:?}");
        }
        for (text, value) in [("0", 0.0), ("-0", 0.0), ("+7", 7.0), ("007", 7.0), ("-12", -12.0)] {
            assert_eq!(classify(text), Cell::Int(value), "{text:?}");
        }
        assert_eq!(classify("9007199254740992"), Cell::Int(9007199254740992.0));
        assert_eq!(classify("9007199254740993"), Cell::HugeInt(9007199254740992.0));
        assert_eq!(classify("-123456789012345678901234567890"), Cell::HugeInt(-1.2345678901234568e29));
        let infinite = f64::INFINITY;
        for (text, value) in [
            ("1.5", 1.5),
            ("1.", 1.0),
            (".5", 0.5),
            ("-1e-3", -1e-3),
            ("1E5", 1e5),
            ("Inf", infinite),
            ("-inf", -infinite),
            ("INFINITY", infinite),
        ] {
            assert_eq!(classify(text), Cell::Real(value), "{text:?}");
        }
        let long = format!("-{}", "9".repeat(400));
        for text in ["1e400", "-1.5E+999", ".1e310", long.as_str()] {
            assert_eq!(classify(text), Cell::TooLarge, "{text:?}");
        }
        assert_eq!(classify("1e-400"), Cell::Real(0.0));
        assert!(classify("-0").is_number() && !classify("").is_number());
    }

    #[test]
    fn decimal_commas() {
        assert_eq!(parse_decimal_comma("3,5"), Some(3.5));
        assert_eq!(parse_decimal_comma("-0,25"), Some(-0.25));
        for text in ["3.5", "1,2,3", "1.000,5", "a,b", ",", "1,000.5"] {
            assert_eq!(parse_decimal_comma(text), None, "{text:?}");
        }
    }
}
