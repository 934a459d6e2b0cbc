//! Text cut to a width in cells.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of a text in cells.
pub(super) fn width(text: &str) -> i32 {
    i32::try_from(text.width()).unwrap_or(i32::MAX)
}

/// The text, its end cut off with `…` where it is wider.
pub(super) fn cut_end(text: &str, limit: i32) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    if limit < 1 {
        return String::new();
    }
    let mut cut = take(text.chars(), limit - 1);
    cut.push('…');
    cut
}

/// The fewest cells in which something of a Unix socket's name can be read.
const LEAST_NAME: i32 = 6;

/// As many of a list of ports and names of sockets as fit whole, then how many more there are: `:80 +2`. Half a port is
/// another port, so that one that does not fit is not there; but a name is told by its ends where nothing fits whole.
pub(super) fn ports(list: &str, limit: i32) -> String {
    if width(list) <= limit {
        return list.to_owned();
    }
    let entries: Vec<&str> = list.split(' ').filter(|entry| entry.contains([':', '/', '@'])).collect();
    let beyond = list.rsplit_once(" +").and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
    let all = entries.len() + beyond;
    let more = |shown: usize| match all - shown {
        0 => String::new(),
        others => format!(" +{}", count(others)),
    };
    let (mut kept, mut shown) = (String::new(), 0);
    for entry in &entries {
        let gap = if shown > 0 { " " } else { "" };
        let cells = width(&kept) + width(gap) + width(entry);
        if cells + width(&more(shown + 1)) <= limit {
            kept = kept + gap + entry;
            shown += 1;
        }
    }
    if shown > 0 {
        return kept + &more(shown);
    }
    let room = limit - entries.first().map_or(0, |_| width(&more(1)));
    match entries.iter().find(|entry| entry.contains(['/', '@'])) {
        Some(name) if room >= LEAST_NAME => cut_middle(name, room) + &more(1),
        _ => String::new(),
    }
}

/// The text, its middle cut out where it is wider: of `long-name 4121`, the number is what tells it from its like; but
/// where a name of at most 15 characters (as the kernel has them) and the end of the number have room, it stays whole.
pub(super) fn cut_middle(text: &str, limit: i32) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    if let Some((name, number)) = text.rsplit_once(' ')
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && width(name) <= 15
        && width(name) + 4 <= limit
    {
        let end = take(number.chars().rev(), limit - width(name) - 2);
        return format!("{name} …{}", end.chars().rev().collect::<String>());
    }
    let last_word = text.rsplit_once(' ').map_or(0, |(_, word)| width(word) + 1);
    // The last word is kept whole while a few letters of the name remain.
    let tail = if last_word > 0 && last_word + 4 <= limit { last_word } else { (limit - 1) / 2 };
    if limit < 4 {
        return cut_end(text, limit);
    }
    let mut cut = take(text.chars(), limit - 1 - tail);
    cut.push('…');
    let end = take(text.chars().rev(), tail);
    cut.extend(end.chars().rev());
    cut
}

/// As many of the characters as fit.
fn take(characters: impl Iterator<Item = char>, limit: i32) -> String {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += i32::try_from(character.width().unwrap_or(0)).unwrap_or(0);
            used <= limit
        })
        .collect()
}

/// A count in at most four cells: `812`, `12k`.
pub(super) fn count(number: usize) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}k", number / 1_000),
        _ => format!("{}M", number / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_process_survives_the_cut() {
        assert_eq!(cut_middle("nginx 4121", 10), "nginx 4121");
        assert_eq!(cut_middle("NetworkManager 4121", 14), "NetworkM… 4121");
        assert_eq!(cut_middle("postgres 5120", 8), "post…120");
        assert_eq!(cut_middle("NetworkManager 1234567", 18), "NetworkManager …67");
        assert_eq!(cut_middle("NetworkManager 1234567", 17), "NetworkM… 1234567");
        assert_eq!(cut_middle("2001:db8::1:2:3:4", 9), "2001…:3:4");
    }

    #[test]
    fn a_port_is_whole_or_not_there() {
        assert_eq!(ports(":80 :443", 8), ":80 :443");
        assert_eq!(ports(":80 :443", 7), ":80 +1");
        assert_eq!(ports(":80 :443", 5), "");
        assert_eq!(ports(":80 :443 :8080 :9090 +3", 18), ":80 :443 :8080 +4");
        assert_eq!(ports(":15432 :80", 7), ":80 +1", "a shorter one says more than none");
        assert_eq!(ports(":15432", 5), "");
        assert_eq!(ports(":15432", -3), "");
        assert_eq!(ports("idle", 3), "");
    }

    #[test]
    fn of_a_name_the_ends_are_told_where_it_does_not_fit() {
        assert_eq!(ports("…/.s.PGSQL.5432", 12), "…/.s.P….5432");
        assert_eq!(ports("…/docker.sock", 8), "…/do…ock");
        assert_eq!(ports("…/docker.sock", 6), "…/d…ck");
        assert_eq!(ports("…/docker.sock", 5), "");
        assert_eq!(ports("…/docker.sock …/other.sock", 11), "…/do…ock +1");
        assert_eq!(ports("@/containerd-shim +40", 12), "@/co…him +40");
        assert_eq!(ports(":5432 …/.s.PGSQL.5432", 12), ":5432 +1");
        for limit in -2..24 {
            let told = ports("…/.s.PGSQL.5432 :5432 +12", limit);
            assert!(width(&told) <= limit.max(0), "{told} in {limit}");
        }
    }

    #[test]
    fn a_cut_text_fits_also_with_wide_characters() {
        for limit in 0..12 {
            for text in
                ["日本語の名前 77", "a日b本c語", "plain text 12", "e\u{301}e\u{301}e\u{301}e\u{301} 1"]
            {
                assert!(width(&cut_middle(text, limit)) <= limit, "{text} in {limit}");
                assert!(width(&cut_end(text, limit)) <= limit, "{text} in {limit}");
            }
        }
        assert_eq!(cut_end("日本語", 4), "日…");
    }

    #[test]
    fn counts_are_short() {
        assert_eq!([count(7), count(9_999), count(12_345), count(3_400_000)], ["7", "9999", "12k", "3M"]);
    }
}
