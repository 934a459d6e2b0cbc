//! The terminal: taken when the screen opens, and given back whole however the program ends.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write as _};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::app::App;
use crate::screen;
use crate::theme::Theme;

/// Whether the terminal is ours. There is one per process, and a panic hook reaches nothing but statics.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether any thread panicked since the terminal was taken.
static PANICKED: AtomicBool = AtomicBool::new(false);
/// The hook stays for the rest of the process; taking the terminal again must not wrap it in itself.
static HOOK: Once = Once::new();

/// A frame is handed to the terminal in one piece if it fits: over a slow line nobody sees half of one.
const FRAME_BYTES: usize = 64 * 1024;

/// The terminal in raw mode on its alternate screen. Given back when dropped, and before a panic is reported.
pub struct Screen {
    terminal: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal.
    pub fn enter() -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "standard output is not a terminal"));
        }
        HOOK.call_once(|| {
            let previous = panic::take_hook();
            panic::set_hook(Box::new(move |information| {
                // Of any thread: the report would be lost on the alternate screen.
                PANICKED.store(true, Ordering::SeqCst);
                restore();
                previous(information);
            }));
        });
        PANICKED.store(false, Ordering::SeqCst);
        TAKEN.store(true, Ordering::SeqCst);
        // From here on a refusal gives back what was taken until then.
        let screen = Self {
            terminal: ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(
                FRAME_BYTES,
                io::stdout(),
            )))
            .inspect_err(|_| restore())?,
        };
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        Ok(screen)
    }

    /// Draws the application. After a panic the terminal is no longer ours, and nothing is drawn.
    pub fn draw(&mut self, app: &mut App, theme: &Theme) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            self.terminal.draw(|frame| screen::draw(frame, app, theme))?;
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

/// Gives the terminal back, once. There is nobody to tell of a failure: the terminal may be what failed.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut stdout = io::stdout();
        let _ = execute!(stdout, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = stdout.flush();
        let _ = disable_raw_mode();
    }
}
