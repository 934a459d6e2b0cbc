//! Numbers as people read them: `12k`, `1.2M/s`, `180µs`, `2h14m`. Never wider than seven cells.

/// A number of things: exact up to 9999, then `12k`, `1.2M`.
pub fn count(number: usize) -> String {
    if number < 10_000 { number.to_string() } else { scaled(number as f64) }
}

/// A number of bytes: `0`, `812`, `9.1k`, `220M`, `1.1G`. A thousand is a `k`.
pub fn bytes(number: u64) -> String {
    scaled(number as f64)
}

/// Bytes a second: `340k/s`. Less than one byte a second is `0/s`.
pub fn rate(bytes_per_second: f64) -> String {
    format!("{}/s", scaled(bytes_per_second))
}

/// How often a second something happens: `0/s`, `0.3/s`, `12/s`, `1.2k/s`. `nanoseconds` is the time that it happened in.
pub fn per_second(times: usize, nanoseconds: u64) -> String {
    if times == 0 || nanoseconds == 0 {
        return String::from("0/s");
    }
    let number = times as f64 * 1e9 / nanoseconds as f64;
    if number < 9.95 && (number - number.round()).abs() > 0.05 {
        format!("{number:.1}/s")
    } else {
        format!("{}/s", scaled(number))
    }
}

/// Microseconds: `180µs`, `1.2ms`, `31ms`, `1.4s`.
pub fn micros(microseconds: u32) -> String {
    let number = f64::from(microseconds);
    match microseconds {
        0..1_000 => format!("{microseconds}µs"),
        1_000..9_950 => format!("{:.1}ms", number / 1e3),
        9_950..999_500 => format!("{:.0}ms", number / 1e3),
        999_500..9_950_000 => format!("{:.1}s", number / 1e6),
        _ => format!("{:.0}s", number / 1e6),
    }
}

/// A length of time in nanoseconds: `<1s`, `42s`, `4m05s`, `2h14m`, `3d04h`, `412d`.
pub fn age(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0 => String::from("<1s"),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m{:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        86_400..8_640_000 => format!("{days}d{:02}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// A stretch of time as a clock tells it: `0:07`, `3:20`, `1:02:03`. Parts of a second are left out.
pub fn clock(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A tick's length in nanoseconds: `250ms`, `1s`, `1.5s`, `1m`.
pub fn tick(nanoseconds: u64) -> String {
    let milliseconds = nanoseconds.saturating_add(500_000) / 1_000_000;
    match milliseconds {
        0..1_000 => format!("{milliseconds}ms"),
        1_000..60_000 => {
            let tenths = (milliseconds + 50) / 100;
            if tenths.is_multiple_of(10) {
                format!("{}s", tenths / 10)
            } else {
                format!("{}.{}s", tenths / 10, tenths % 10)
            }
        }
        _ => age(nanoseconds),
    }
}

/// A share of one processor: `0%`, `0.4%`, `12%`, `210%`.
pub fn percent(number: f32) -> String {
    let number = if number.is_finite() && number > 0.0 { number } else { 0.0 };
    match number {
        0.05..9.95 => format!("{number:.1}%"),
        _ => format!("{number:.0}%"),
    }
}

/// Why a connection failed or was cut, by its errno on Linux, in a word or two.
pub fn errno(number: u32) -> String {
    String::from(match number {
        13 => "not permitted",
        32 => "broken pipe",
        99 => "no address",
        101 => "no route",
        103 => "aborted",
        104 => "reset",
        110 => "timed out",
        111 => "refused",
        112 => "host down",
        113 => "unreachable",
        _ => return format!("errno {number}"),
    })
}

fn scaled(number: f64) -> String {
    const UNITS: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    let mut number = if number.is_finite() && number > 0.0 { number } else { 0.0 };
    let mut unit = 0;
    // 999.5 would be rounded to 1000: it belongs to the next unit already.
    while number >= 999.5 && unit + 1 < UNITS.len() {
        number /= 1e3;
        unit += 1;
    }
    if unit > 0 && number < 9.95 {
        format!("{number:.1}{}", UNITS[unit])
    } else {
        format!("{number:.0}{}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stay_exact_while_they_are_short() {
        let told: Vec<_> = [0, 812, 9_999, 10_000, 12_400, 999_499, 999_500, 1_240_000].map(count).into();
        assert_eq!(told, ["0", "812", "9999", "10k", "12k", "999k", "1.0M", "1.2M"]);
    }

    #[test]
    fn bytes_and_rates_have_two_or_three_digits() {
        let told: Vec<_> =
            [0, 999, 1_000, 9_949, 9_960, 220_000_000, 1_100_000_000, u64::MAX].map(bytes).into();
        assert_eq!(told, ["0", "999", "1.0k", "9.9k", "10k", "220M", "1.1G", "18447P"]);
        assert_eq!(rate(0.2), "0/s");
        assert_eq!(rate(1_240_000.0), "1.2M/s");
        assert_eq!(rate(f64::NAN), "0/s");
        assert_eq!(rate(-5.0), "0/s");
    }

    #[test]
    fn frequencies_keep_a_decimal_where_it_tells_something() {
        assert_eq!(per_second(12, 1_000_000_000), "12/s");
        assert_eq!(per_second(1, 3_000_000_000), "0.3/s");
        assert_eq!(per_second(3, 250_000_000), "12/s");
        assert_eq!(per_second(3, 0), "0/s");
        assert_eq!(per_second(2, 1_000_400_000), "2/s");
    }

    #[test]
    fn times_are_told_in_two_units_at_most() {
        let told: Vec<_> = [0, 180, 999, 1_240, 31_400, 999_600, 1_400_000, u32::MAX].map(micros).into();
        assert_eq!(told, ["0µs", "180µs", "999µs", "1.2ms", "31ms", "1.0s", "1.4s", "4295s"]);
        let told: Vec<_> = [0, 42, 245, 8_040, 86_400 * 3 + 15_000, 86_400 * 412]
            .map(|seconds: u64| age(seconds * 1_000_000_000))
            .into();
        assert_eq!(told, ["<1s", "42s", "4m05s", "2h14m", "3d04h", "412d"]);
        let told: Vec<_> =
            [250, 1_000, 1_001, 1_500, 60_000, 90_000].map(|ms: u64| tick(ms * 1_000_000)).into();
        assert_eq!(told, ["250ms", "1s", "1s", "1.5s", "1m00s", "1m30s"]);
    }

    #[test]
    fn shares_have_a_decimal_while_they_are_small() {
        let told: Vec<_> = [0.0, 0.04, 0.05, 3.24, 9.95, 99.6, 1_600.0, -1.0, f32::NAN].map(percent).into();
        assert_eq!(told, ["0%", "0%", "0.1%", "3.2%", "10%", "100%", "1600%", "0%", "0%"]);
    }

    #[test]
    fn an_unknown_errno_is_told_by_its_number() {
        assert_eq!(errno(111), "refused");
        assert_eq!(errno(4095), "errno 4095");
    }
}
