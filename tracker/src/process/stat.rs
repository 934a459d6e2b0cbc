//! The few facts that are needed of `/proc/PID/stat` and `/proc/PID/status`.
//!
//! Read by hand: a command name is bytes of anybody's choice (with blanks and brackets in it, and not always
//! UTF-8), three of 52 fields are needed, and this is read for every process that holds a socket.

/// What `/proc/PID/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// The command name: 15 bytes at most, zeros behind.
    pub(crate) comm: [u8; 16],
    /// Whether it is a thread of the kernel's own.
    pub(crate) kernel_thread: bool,
    /// When it started, in hundredths of a second since boot.
    pub(crate) started: u64,
}

/// `PF_KTHREAD` in the flags field.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Parses `/proc/PID/stat`; `None` where it is cut short or is something else.
pub(crate) fn parse_stat(text: &[u8]) -> Option<Stat> {
    // The name ends at the last bracket: it may have brackets itself, the numbers behind it have none.
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    let name = text.get(open + 1..close)?;
    let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
    // The first field behind the name is field 3, the state; flags are field 9, the start is field 22. The start
    // counts only if something follows it: a number cut short is another number.
    let mut fields = rest.split_ascii_whitespace();
    let flags: u64 = fields.nth(9 - 3)?.parse().ok()?;
    let started = fields.nth(22 - 10)?.parse().ok()?;
    fields.next()?;
    Some(Stat { comm: comm_field(name), kernel_thread: flags & KERNEL_THREAD != 0, started })
}

/// A command name as the kernel keeps it: at most 15 bytes up to the first NUL, zeros behind. Events of some
/// kernels have the rest of an older, longer name behind the NUL; so cleaned, equal names are equal bytes.
pub(crate) fn comm_field(name: &[u8]) -> [u8; 16] {
    let mut comm = [0; 16];
    for (to, &from) in comm[..15].iter_mut().zip(name.iter().take_while(|&&byte| byte != 0)) {
        *to = from;
    }
    comm
}

/// The real user id in `/proc/PID/status`.
pub(crate) fn parse_uid(text: &[u8]) -> Option<u32> {
    let line = text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"Uid:"))?;
    // Real, effective, saved, file system. With only one number the line may have been cut within it.
    let mut numbers = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let real = numbers.next()?.parse().ok()?;
    numbers.next()?;
    Some(real)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use proptest::prelude::*;

    use super::*;

    const STAT: &[u8] =
        b"4242 (a) R (b) S 1 4242 4242 0 -1 4194560 1113 0 0 0 7 3 0 0 20 0 1 0 98765 9023488 870 \
        18446744073709551615 1 1 0 0 0 0 0 0 65536 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

    #[test]
    fn a_name_may_have_brackets_and_blanks() {
        let stat = parse_stat(STAT).unwrap();
        assert_eq!(&stat.comm[..7], b"a) R (b");
        assert_eq!((stat.started, stat.kernel_thread), (98765, false));
    }

    #[test]
    fn a_kernel_thread_is_one_by_its_flag_and_its_name_is_cut() {
        let text = String::from_utf8(STAT.to_vec()).unwrap();
        let text = text.replace("a) R (b", "kworker/u8:1+events_unbound").replace("4194560", "69238880");
        let stat = parse_stat(text.as_bytes()).unwrap();
        assert!(stat.kernel_thread);
        assert_eq!(&stat.comm, b"kworker/u8:1+ev\0");
    }

    #[test]
    fn a_stat_cut_anywhere_gives_the_same_start_or_nothing() {
        for end in 0..STAT.len() {
            if let Some(stat) = parse_stat(&STAT[..end]) {
                assert_eq!(stat.started, 98765, "cut at {end}");
            }
        }
    }

    #[test]
    fn a_name_is_clean_behind_its_end() {
        assert_eq!(comm_field(b"sh\0rest of old\0"), comm_field(b"sh"));
        assert_eq!(&comm_field(b"sixteen bytes !!"), b"sixteen bytes !\0");
    }

    #[test]
    fn the_real_uid_is_the_first() {
        assert_eq!(parse_uid(b"Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n"), Some(1000));
        assert_eq!(parse_uid(b"Name:\tUid:\t7\nUid:\t10"), None);
        assert_eq!(parse_uid(b""), None);
    }

    #[test]
    fn changed_stats_do_no_harm() {
        crate::fuzz::run("stat", 8, |text| {
            let Some(stat) = parse_stat(text) else { return };
            assert_eq!(stat.comm[15], 0);
            assert_eq!(comm_field(&stat.comm), stat.comm, "nothing is behind its end");
            let started = stat.started.to_string();
            let all = text.windows(started.len()).any(|part| part == started.as_bytes());
            // Zeros and a sign may stand before it.
            assert!(all, "{started} is not in it");
        });
    }

    #[test]
    fn changed_statuses_do_no_harm() {
        crate::fuzz::run("status", 8, |text| {
            let Some(uid) = parse_uid(text) else { return };
            assert!(text.windows(4).any(|part| part == b"Uid:"));
            let uid = uid.to_string();
            assert!(text.windows(uid.len()).any(|part| part == uid.as_bytes()), "{uid} is not in it");
        });
    }

    proptest! {
        #[test]
        fn no_bytes_end_the_program(bytes: Vec<u8>) {
            let _ = (parse_stat(&bytes), parse_uid(&bytes));
        }
    }
}
