//! Makes the pictures of the README: from real screens of the real program, on a host of its own making.
//!
//! `cargo build -p scopetop-lab && cargo run -p scopetop-lab --bin lab-pictures -- [FOLDER [RECORDING]]` (`assets/pictures`
//! where none is named; RECORDING is a file for a recording of the same host, which `lab-demo` makes the demo of). Needs root and what the tests with containers need. The program itself writes each picture, as it does for a
//! user who presses `e` and `s`.

mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::Duration;

use rustix::thread::UnshareFlags;
use scopetop_lab::need::Need;
use scopetop_lab::terminal::Terminal;
use scopetop_lab::{binary, docker};

use stage::{LABEL, Stage};

type Failure = Box<dyn std::error::Error>;

/// What the host is called in the pictures.
const HOST: &str = "web-01";

/// How long the program watches before a picture is made: rates are known, and there is something of a history.
const WATCHING: Duration = Duration::from_secs(15);

/// How long the host is recorded, in seconds.
const RECORDED: &str = "75";

/// How long after a key the screen is as it shall be, at ten frames and one tick a second.
const SETTLING: Duration = Duration::from_millis(1500);

/// A picture: its name, the columns and rows, the keys that lead to it, and what must be on it.
struct Picture {
    name: &'static str,
    size: (u16, u16),
    keys: &'static [&'static str],
    shows: &'static [&'static str],
}

const PICTURES: [Picture; 3] = [
    Picture {
        name: "processes",
        size: (120, 28),
        keys: &[],
        shows: &["nginx", "postgres", "firefox", "redis-server"],
    },
    Picture {
        name: "containers",
        size: (120, 36),
        keys: &["3", "\x1b[B", "d"],
        shows: &["app", "cache", "shop/app:4.2"],
    },
    Picture { name: "list", size: (120, 30), keys: &["t", "\x1b[B"], shows: &["gunicorn", ":6379"] },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().unwrap_or_else(own_folder);
    match run(&folder, arguments.next().as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-pictures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/pictures")
}

fn run(folder: &Path, recording: Option<&Path>) -> Result<(), Failure> {
    for need in [Need::Namespaces, Need::Ebpf] {
        if let Some(reason) = need.missing() {
            return Err(reason.into());
        }
    }
    if let Some(reason) = docker::missing() {
        return Err(reason.into());
    }
    #[allow(unsafe_code, reason = "unshare is unsafe for the sake of CLONE_FILES alone")]
    // SAFETY: only the host's name is unshared, no descriptor table.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUTS) }?;
    rustix::system::sethostname(HOST.as_bytes())?;
    fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    let work = Work::new()?;
    let stage = Stage::set_up(&work.0)?;
    for picture in &PICTURES {
        let file = folder.join(format!("{}.svg", picture.name));
        take(picture, &stage, &work.0, &file)?;
        println!("{}", file.display());
    }
    if let Some(recording) = recording {
        record(&stage, recording)?;
        println!("{}", recording.display());
    }
    Ok(())
}

fn record(stage: &Stage, recording: &Path) -> Result<(), Failure> {
    let mut program = Command::new(binary::path());
    program.args(["record", "--for", RECORDED]).arg(recording).env("DOCKER_HOST", stage.daemon.address());
    let status = program.status()?;
    if status.success() { Ok(()) } else { Err(format!("scopetop record: {status}").into()) }
}

/// A folder of its own, gone when this is dropped.
struct Work(PathBuf);

impl Work {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("scopetop-pictures-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn take(picture: &Picture, stage: &Stage, work: &Path, file: &Path) -> Result<(), Failure> {
    let place = work.join(picture.name);
    fs::create_dir_all(&place)?;
    let mut program = Command::new(binary::path());
    program.args(["--filter", &format!("label.{LABEL}")]).current_dir(&place);
    program
        .env("DOCKER_HOST", stage.daemon.address())
        .env("TZ", "UTC")
        .env("COLORTERM", "truecolor")
        .env("LC_ALL", "C.UTF-8");
    // The pictures are dark.
    program.env("COLORFGBG", "15;0");
    // No setting of whoever runs this.
    program.env("HOME", &place).env_remove("XDG_CONFIG_HOME").env_remove("TMUX");
    let (columns, rows) = picture.size;
    let mut terminal = Terminal::start(&program, rows, columns);
    terminal.wait_for_text("LIVE");
    sleep(WATCHING);
    for key in picture.keys {
        terminal.press(key);
        sleep(SETTLING);
    }
    terminal.wait_for(picture.name, |screen| {
        let contents = screen.contents();
        picture.shows.iter().all(|text| contents.contains(text))
    });
    terminal.press("es");
    terminal.wait_for_text("wrote ");
    terminal.press("q");
    terminal.wait_end();
    let written = fs::read_dir(&place)?.flatten().map(|entry| entry.path());
    let written = written.filter(|path| path.extension().is_some_and(|extension| extension == "svg"));
    let written = written.last().ok_or("the program wrote no picture")?;
    // Anybody may read it, unlike what the program writes.
    fs::write(file, fs::read(written)?)?;
    Ok(())
}
