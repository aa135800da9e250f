//! Numbers as people read them: as many digits as their uncertainty leaves, decimal points in line.

/// Significant digits of a standard deviation, and so of what stands beside it.
const SD_DIGITS: i32 = 3;
/// Significant digits of a number without uncertainty.
const PLAIN_DIGITS: i32 = 5;
/// Beyond these magnitudes numbers are written as 1.23e-7.
const LARGE: f64 = 1e7;
const MOST_DECIMALS: i32 = 6;
/// Stands for what is not computed or not finite.
pub const ABSENT: &str = "-";

/// Numbers that share an uncertainty, with the digits that it leaves: three of the standard deviation.
/// Without one (or with 0), each number has five significant digits.
pub fn with_uncertainty(numbers: &[Option<f64>], sd: Option<f64>) -> Vec<String> {
    with_digits(numbers, sd, SD_DIGITS)
}

/// As [`with_uncertainty`], for so many digits of the uncertainty.
pub fn with_digits(numbers: &[Option<f64>], uncertainty: Option<f64>, digits: i32) -> Vec<String> {
    let Some(unit) = uncertainty.filter(|sd| sd.is_finite() && *sd > 0.0) else {
        return numbers.iter().map(|x| x.map_or_else(|| ABSENT.to_string(), plain)).collect();
    };
    let decimals = digits - 1 - magnitude(unit);
    let largest = numbers.iter().flatten().filter(|x| x.is_finite()).fold(0.0f64, |m, x| m.max(x.abs()));
    let scientific = decimals > MOST_DECIMALS || largest >= LARGE;
    let one = |x: &Option<f64>| match x {
        None => ABSENT.to_string(),
        Some(x) if !x.is_finite() => x.to_string(),
        Some(x) if scientific => {
            // As precise as the uncertainty: its last digit is this far below the number's first.
            let below = (magnitude(*x) + decimals).clamp(digits - 1, 8) as usize;
            format!("{x:.below$e}")
        }
        Some(x) => format!("{x:.0$}", decimals.max(0) as usize).replace_negative_zero(),
    };
    numbers.iter().map(one).collect()
}

/// A number with five significant digits, without trailing zeros.
pub fn plain(x: f64) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    if x == 0.0 || (x == x.round() && x.abs() < LARGE) {
        return format!("{x:.0}").replace_negative_zero();
    }
    let decimals = PLAIN_DIGITS - 1 - magnitude(x);
    if decimals > MOST_DECIMALS + 2 || x.abs() >= LARGE {
        return format!("{x:.0$e}", (PLAIN_DIGITS - 1) as usize);
    }
    let text = format!("{x:.0$}", decimals.max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

/// Seconds to three digits with a unit: `12.3 ms`.
pub fn seconds(s: f64) -> String {
    let (value, unit) = match s {
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s if s < 120.0 => (s, "s"),
        s => (s / 60.0, "min"),
    };
    let decimals = (2 - magnitude(value)).clamp(0, 2) as usize;
    format!("{value:.decimals$} {unit}")
}

/// Bytes to three digits with a decimal unit: `1.34 MB`.
pub fn bytes(n: usize) -> String {
    let (value, unit) = match n as f64 {
        n if n < 1e3 => return format!("{n} B"),
        n if n < 1e6 => (n / 1e3, "kB"),
        n if n < 1e9 => (n / 1e6, "MB"),
        n => (n / 1e9, "GB"),
    };
    let decimals = (2 - magnitude(value)).clamp(0, 2) as usize;
    format!("{value:.decimals$} {unit}")
}

/// Pads the numbers of a column on the right so that their decimal points come to stand in line when they are
/// aligned to the right.
pub fn align_points(column: &mut [String]) {
    let after_point = |text: &str| match text.find('.') {
        Some(point) if !text.contains('e') => text.len() - point,
        _ => 0,
    };
    let widest = column.iter().map(|text| after_point(text)).max().unwrap_or(0);
    for text in column {
        let pad = if text.contains('e') { 0 } else { widest - after_point(text) };
        text.extend(std::iter::repeat_n(' ', pad));
    }
}

/// The power of ten of the first significant digit, as rounding to three digits leaves it.
fn magnitude(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() {
        return 0;
    }
    let exponent = x.abs().log10().floor() as i32;
    // 0.9996 rounds to 1.00: one power more.
    if x.abs() / 10f64.powi(exponent) >= 9.995 { exponent + 1 } else { exponent }
}

trait NegativeZero {
    fn replace_negative_zero(self) -> String;
}

impl NegativeZero for String {
    /// `-0.00` is written `0.00`.
    fn replace_negative_zero(self) -> String {
        match self.strip_prefix('-') {
            Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_string(),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(numbers: &[f64], sd: f64) -> Vec<String> {
        let numbers: Vec<Option<f64>> = numbers.iter().copied().map(Some).collect();
        with_uncertainty(&numbers, Some(sd))
    }

    #[test]
    fn the_sd_decides_the_digits() {
        assert_eq!(row(&[4.412345, 3.312, -0.0001], 3.312), ["4.41", "3.31", "0.00"]);
        assert_eq!(row(&[0.98765, 0.01234], 0.01234), ["0.9877", "0.0123"]);
        assert_eq!(row(&[56789.1, 1234.5], 1234.5), ["56789", "1234"]);
        assert_eq!(row(&[0.5, 0.09996], 0.09996), ["0.500", "0.100"]);
        assert_eq!(row(&[12.0, 99.96], 99.96), ["12", "100"]);
    }

    #[test]
    fn tiny_and_huge_numbers_are_scientific() {
        assert_eq!(row(&[1.5e-7, 2.0e-8], 2.0e-8), ["1.500e-7", "2.00e-8"]);
        assert_eq!(row(&[3.21e9, 1.0e7], 1.0e7), ["3.2100e9", "1.00e7"]);
    }

    #[test]
    fn numbers_without_uncertainty() {
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (434.0, "434"),
            (0.5, "0.5"),
            (123.456789, "123.46"),
            (1.0e-12, "1.0000e-12"),
            (12345678.9, "1.2346e7"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(plain(x), text);
        }
        assert_eq!(with_uncertainty(&[None, Some(2.5)], None), [ABSENT, "2.5"]);
    }

    #[test]
    fn decimal_points_stand_in_line() {
        let mut column = ["4.41", "12", "-0.123", "1.0e9"].map(String::from);
        align_points(&mut column);
        assert_eq!(column, ["4.41 ", "12    ", "-0.123", "1.0e9"]);
    }

    #[test]
    fn times_have_units() {
        for (s, text) in [
            (1.234e-8, "12.3 ns"),
            (0.0123, "12.3 ms"),
            (2.0, "2.00 s"),
            (360.0, "6.00 min"),
            (0.0, "0.00 ns"),
        ] {
            assert_eq!(seconds(s), text);
        }
    }
}
