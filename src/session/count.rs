//! Whole numbers as options take them, on the command line and at the prompt: `1000`, `1e3`.

use std::ops::RangeInclusive;

/// Whole numbers beyond are not all floating-point numbers.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A parser of whole numbers of a range, `1000` or `1e3`.
pub fn count<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text: &str| {
        let whole = text.parse::<u64>().ok().or_else(|| {
            let x = text.parse::<f64>().ok()?;
            (x.fract() == 0.0 && (0.0..=WHOLE).contains(&x)).then_some(x as u64)
        });
        let (from, to) = (range.start(), range.end());
        let known = whole.filter(|n| range.contains(n)).and_then(|n| T::try_from(n).ok());
        known.ok_or_else(|| match *to {
            u64::MAX => format!("it is a whole number, {from} or more"),
            _ => format!("it is a whole number from {from} to {to}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_numbers_in_any_notation() {
        let draws = count::<u32>(2..=10_000_000);
        assert_eq!([draws("2"), draws("1e6"), draws("2.5E3")], [Ok(2), Ok(1_000_000), Ok(2_500)]);
        for wrong in ["1", "1e8", "-5", "1.5", "1e-3", "many", "NaN", "inf", ""] {
            assert_eq!(draws(wrong), Err("it is a whole number from 2 to 10000000".to_string()), "{wrong}");
        }
        let seed = count::<u64>(0..=u64::MAX);
        assert_eq!(seed("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(seed("-1"), Err("it is a whole number, 0 or more".to_string()));
    }
}
