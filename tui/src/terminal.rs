//! The terminal: taken when the screen opens, and given back whole however the program ends.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};

use crate::app::App;
use crate::screen;
use crate::theme::Theme;

/// Whether the terminal is ours. There is one per process, and a panic hook reaches nothing but statics.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is ours too.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// Whether any thread panicked since the terminal was taken.
static PANICKED: AtomicBool = AtomicBool::new(false);
/// The hook stays for the rest of the process; taking the terminal again must not wrap it in itself.
static HOOK: Once = Once::new();

/// Asks for presses, the wheel, and moves while a button is down, in coordinates without an end: not for every move, which
/// would wake the program up all the time.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// Takes that back.
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// A frame is handed to the terminal in one piece if it fits: over a slow line nobody sees half of one.
const FRAME_BYTES: usize = 64 * 1024;

/// The terminal in raw mode on its alternate screen. Given back when dropped, and before a panic is reported.
pub struct Screen {
    terminal: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// Whether the terminal may show something other than was drawn last.
    is_stale: bool,
}

impl Screen {
    /// Takes the terminal, and the mouse if it is asked for: then text is selected with Shift held.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "standard output is not a terminal"));
        }
        HOOK.call_once(|| {
            let previous = panic::take_hook();
            panic::set_hook(Box::new(move |information| {
                on_panic(&mut io::stdout(), || previous(information));
            }));
        });
        PANICKED.store(false, Ordering::SeqCst);
        MOUSE.store(mouse, Ordering::SeqCst);
        TAKEN.store(true, Ordering::SeqCst);
        // From here on a refusal gives back what was taken until then.
        let screen = Self {
            terminal: ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(
                FRAME_BYTES,
                io::stdout(),
            )))
            .inspect_err(|_| restore())?,
            is_stale: false,
        };
        take()?;
        Ok(screen)
    }

    /// Stops the program as Ctrl-Z does elsewhere (raw mode keeps the terminal from doing it): the terminal is given
    /// back meanwhile, and taken again when the program goes on. Where nobody could make it go on, the system does
    /// not stop it.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        kill_process(getpid(), Signal::TSTP)?;
        self.resume()
    }

    /// Takes the terminal again after the program was stopped, by whomever: others have written on it since.
    pub fn resume(&mut self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        // Raw mode that was never left would not be set again, though a shell may have ended it.
        let _ = disable_raw_mode();
        take()?;
        self.wipe()
    }

    /// Notes that the terminal has another size, or had: also where it is back at the one that was drawn for, what it made
    /// of the picture in between is not what was drawn.
    pub fn resized(&mut self) {
        self.is_stale = true;
    }

    /// Has the next frame drawn whole.
    fn wipe(&mut self) -> io::Result<()> {
        self.is_stale = false;
        // Not `clear`: that asks the terminal where its cursor is, and the answer goes to who waits for keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Draws the application. After a panic the terminal is no longer ours, and nothing is drawn.
    pub fn draw(&mut self, app: &mut App, theme: &Theme) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            if self.is_stale {
                self.wipe()?;
            }
            self.terminal.draw(|frame| screen::draw(frame, app, theme))?;
        }
        Ok(())
    }

    /// How many columns and rows there are.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Sends the terminal a sequence that draws nothing.
    pub fn send(&mut self, sequence: &str) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            let mut out = io::stdout();
            out.write_all(sequence.as_bytes())?;
            out.flush()?;
        }
        Ok(())
    }

    /// Whether a thread panicked since the terminal was taken.
    pub fn panicked() -> bool {
        PANICKED.load(Ordering::SeqCst)
    }

    /// Whether the terminal has hung up: its window is closed, its line is cut.
    pub fn hung_up() -> bool {
        let stdout = io::stdout();
        let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
        poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok()
            && polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Screen").finish_non_exhaustive()
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide, Print(mouse(MOUSE_ON)))
}

/// What is written about the mouse: nothing where it is not ours.
fn mouse(sequence: &'static str) -> &'static str {
    if MOUSE.load(Ordering::SeqCst) { sequence } else { "" }
}

/// Gives the terminal back, once.
fn restore() {
    restore_to(&mut io::stdout());
}

/// There is nobody to tell of a failure: the terminal may be what failed.
fn restore_to(out: &mut impl Write) {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let off = Print(mouse(MOUSE_OFF));
        let _ = execute!(out, off, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = out.flush();
        let _ = disable_raw_mode();
    }
}

/// What is done when any thread panics: first the terminal, since the report would be lost on the alternate screen.
fn on_panic(out: &mut impl Write, report: impl FnOnce()) {
    PANICKED.store(true, Ordering::SeqCst);
    restore_to(out);
    report();
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What was written, and when.
    struct Log<'a>(&'a RefCell<Vec<u8>>);

    impl Write for Log<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The only test that touches the statics.
    #[test]
    fn a_panic_is_reported_after_the_terminal_is_given_back_once() {
        let written = RefCell::new(Vec::new());
        let report = |text: &'static [u8]| {
            let written = &written;
            move || written.borrow_mut().extend_from_slice(text)
        };
        MOUSE.store(true, Ordering::SeqCst);
        TAKEN.store(true, Ordering::SeqCst);
        PANICKED.store(false, Ordering::SeqCst);
        on_panic(&mut Log(&written), report(b"first report"));
        assert!(Screen::panicked());
        // A panic while another one unwinds, or of another thread: only its report.
        on_panic(&mut Log(&written), report(b", second report"));
        restore_to(&mut Log(&written));
        PANICKED.store(false, Ordering::SeqCst);
        let given_back = "\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?1049l\x1b[?25h";
        assert_eq!(
            String::from_utf8_lossy(&written.borrow()),
            format!("{given_back}first report, second report")
        );
    }
}
