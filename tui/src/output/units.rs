//! Numbers and addresses as people read them.

use scopetop_tracker::connection::Address;

/// An address and a port; a port that is not known (yet) is a question mark.
pub(super) fn address(address: &Address) -> String {
    let mut text = address.to_string();
    if address.inet().is_some_and(|address| address.port() == 0) {
        text.truncate(text.len() - 1);
        text.push('?');
    }
    text
}

/// Bytes in at most four characters: `0`, `999`, `1.2k`, `340M`. Powers of 1,000, as in filters.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let mut value = number as f64;
    let mut unit = 0;
    // What would round up to a thousand gets the next unit.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit > 0 && value < 9.95 {
        format!("{value:.1}{}", UNITS[unit])
    } else {
        format!("{value:.0}{}", UNITS[unit])
    }
}

/// A time in microseconds in at most five characters: `80µs`, `1.2ms`, `12s`, `3m`, `2.0h`, `12d`.
pub(super) fn microseconds(number: u64) -> String {
    const UNITS: [(&str, f64); 6] =
        [("µs", 1.0), ("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3600e6), ("d", 86_400e6)];
    let fits = |&&(unit, size): &&(&str, f64)| {
        let value = number as f64 / size;
        match unit {
            "µs" | "ms" => value < 999.5,
            "s" | "m" => value < 99.5,
            "h" => value < 47.5,
            _ => true,
        }
    };
    let (unit, size) = UNITS.iter().find(fits).copied().unwrap_or(("d", 86_400e6));
    let value = number as f64 / size;
    if unit != "µs" && value < 9.95 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    #[test]
    fn a_port_that_is_not_known_is_a_question_mark() {
        let told = ["10.0.0.1:0", "[::1]:0", "10.0.0.1:80"].map(|text| address(&text.parse().unwrap()));
        assert_eq!(told, ["10.0.0.1:?", "[::1]:?", "10.0.0.1:80"]);
    }

    #[test]
    fn bytes_stay_short() {
        let told = [0, 999, 1000, 1049, 9_949, 9_950, 999_499, 999_500, 5_000_000_000, u64::MAX].map(bytes);
        assert_eq!(told, ["0", "999", "1.0k", "1.0k", "9.9k", "10k", "999k", "1.0M", "5.0G", "18E"]);
    }

    #[test]
    fn times_stay_short() {
        let told = [0, 999, 1000, 12_345, 999_600, 59_000_000, 120_000_000, 7_200_000_000, 1_000_000_000_000];
        assert_eq!(
            told.map(microseconds),
            ["0µs", "999µs", "1.0ms", "12ms", "1.0s", "59s", "2.0m", "2.0h", "12d"]
        );
    }
}
