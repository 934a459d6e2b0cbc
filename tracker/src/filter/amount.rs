//! Amounts: bytes and lengths of time, as people write them.

/// A unit's name and how many of the smallest unit it is.
type Unit = (&'static str, u64);

/// Bytes: decimal, as network rates are.
pub(super) const BYTES: &[Unit] =
    &[("", 1), ("k", 1_000), ("m", 1_000_000), ("g", 1_000_000_000), ("t", 1_000_000_000_000)];

/// Nanoseconds. A number without a unit would be a guess, so there is none, except for 0.
pub(super) const NANOSECONDS: &[Unit] = &[
    ("ns", 1),
    // The last of equal ones is the one that is written.
    ("µs", 1_000),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Why something is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It does not look like one.
    Form,
    /// It is more than can be counted.
    TooLarge,
    /// It has a fraction of the smallest unit.
    TooFine,
}

/// Reads an amount such as `1.5k` or `200ms`, exactly.
pub(super) fn parse(text: &str, units: &[Unit]) -> Result<u64, Wrong> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at(digits(text));
    let (fraction, name) = match rest.strip_prefix('.') {
        None => ("", rest),
        Some(rest) => match rest.split_at(digits(rest)) {
            ("", _) => return Err(Wrong::Form),
            (fraction, name) => (fraction.trim_end_matches('0'), name),
        },
    };
    if whole.is_empty() {
        return Err(Wrong::Form);
    }
    let is_zero = fraction.is_empty() && whole.bytes().all(|digit| digit == b'0');
    let unit = match units.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(name)) {
        Some(&(_, unit)) => u128::from(unit),
        None if is_zero && name.is_empty() => 1,
        None => return Err(Wrong::Form),
    };
    // No unit has so many tens in it that a longer fraction could come out whole.
    if fraction.len() > 18 {
        return Err(Wrong::TooFine);
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let whole: u64 = whole.parse().map_err(|_| Wrong::TooLarge)?;
    let fraction: u64 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| Wrong::TooFine)? };
    let scaled =
        (u128::from(whole) * scale + u128::from(fraction)).checked_mul(unit).ok_or(Wrong::TooLarge)?;
    if !scaled.is_multiple_of(scale) {
        return Err(Wrong::TooFine);
    }
    u64::try_from(scaled / scale).map_err(|_| Wrong::TooLarge)
}

/// Writes an amount in the largest unit in which it is whole.
pub(super) fn written(amount: u64, units: &[Unit]) -> String {
    let whole_in = |&(_, unit): &Unit| amount != 0 && amount.is_multiple_of(unit);
    match units.iter().copied().filter(whole_in).max_by_key(|&(_, unit)| unit) {
        Some((name, unit)) => format!("{}{name}", amount / unit),
        None => String::from("0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decimal_and_exact() {
        for (text, amount) in [
            ("0", 0),
            ("80", 80),
            ("1k", 1_000),
            ("1.5K", 1_500),
            ("0.001k", 1),
            ("2m", 2_000_000),
            ("3.000000001g", 3_000_000_001),
            ("1t", 1_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text, BYTES), Ok(amount), "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        for (text, amount) in [
            ("0", Ok(0)),
            ("0.0", Ok(0)),
            ("5", Err(Wrong::Form)),
            ("1ns", Ok(1)),
            ("200us", Ok(200_000)),
            ("200µs", Ok(200_000)),
            ("1.5ms", Ok(1_500_000)),
            ("90s", Ok(90_000_000_000)),
            ("0.5m", Ok(30_000_000_000)),
            ("2h", Ok(7_200_000_000_000)),
            ("1d", Ok(86_400_000_000_000)),
        ] {
            assert_eq!(parse(text, NANOSECONDS), amount, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (text, wrong) in [
            ("", Wrong::Form),
            ("k", Wrong::Form),
            ("-1", Wrong::Form),
            ("+1", Wrong::Form),
            (".5k", Wrong::Form),
            ("1.k", Wrong::Form),
            ("1x", Wrong::Form),
            ("1e9", Wrong::Form),
            ("١", Wrong::Form),
            ("1.5", Wrong::TooFine),
            ("0.0000000000000000001k", Wrong::TooFine),
            ("18446744073709551616", Wrong::TooLarge),
            ("99999999999g", Wrong::TooLarge),
            ("18446744073709551615.999999999999999999t", Wrong::TooLarge),
        ] {
            assert_eq!(parse(text, BYTES), Err(wrong), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_short_and_reads_the_same() {
        for (amount, units, text) in [
            (0, BYTES, "0"),
            (1_500, BYTES, "1500"),
            (2_000_000, BYTES, "2m"),
            (0, NANOSECONDS, "0"),
            (1_000, NANOSECONDS, "1us"),
            (90_000_000_000, NANOSECONDS, "90s"),
            (3_600_000_000_000, NANOSECONDS, "1h"),
        ] {
            assert_eq!(written(amount, units), text);
            assert_eq!(parse(text, units), Ok(amount));
        }
    }
}
