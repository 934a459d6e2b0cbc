use scopetop_tracker::act::LogStream;
use scopetop_tracker::text::Text;

use super::*;

fn lines(number: usize, text: &str) -> LogNews {
    let line = LogLine { stream: LogStream::Out, text: Text::from(text) };
    LogNews::Lines(vec![line; number])
}

#[test]
fn memory_is_bounded_by_lines_and_by_bytes() {
    let mut log = Log::new(String::from("web"));
    log.hear(lines(LINES + 10, "x"));
    assert_eq!((log.lines.len(), log.dropped), (LINES, 10));
    let much = "x".repeat(4096);
    for _ in 0..100 {
        log.hear(lines(20, &much));
    }
    assert_eq!(log.lines.iter().map(|line| line.text.len()).sum::<usize>(), log.bytes);
    assert!(log.bytes <= BYTES && log.bytes > BYTES - 2 * 4096);
}

#[test]
fn who_reads_further_up_keeps_the_lines_in_sight() {
    let mut log = Log { page: 10, ..Log::new(String::from("web")) };
    log.hear(lines(30, "x"));
    assert_eq!(log.below, 0);
    log.scroll(5);
    log.hear(lines(3, "y"));
    assert_eq!(log.below, 8);
    log.scroll(isize::MAX);
    assert_eq!(log.below, 23, "the first page");
    log.scroll(-100);
    log.hear(lines(3, "y"));
    assert_eq!(log.below, 0, "the newest stay in sight");
    log.hear(LogNews::Ended(None));
    assert_eq!(log.ended.as_deref(), Some("the container stopped"));
}
