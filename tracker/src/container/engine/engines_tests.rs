#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// How long anything may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(30);

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("scopetop-engines-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a fake engine misleads the one who asks.
type Lie = fn(UnixStream);

/// What a fake engine does with each request: the number of the list it asks for (from 1; 0 for events).
type Behaviour = dyn Fn(u32, UnixStream) + Send + Sync;

/// An engine that behaves as a test wants. Its threads end with the connections and the program.
struct Fake {
    lists: Arc<AtomicU32>,
    events: Arc<Mutex<Vec<UnixStream>>>,
}

impl Fake {
    fn start(path: &Path, behaviour: impl Fn(u32, UnixStream) + Send + Sync + 'static) -> Self {
        let _ = fs::remove_file(path);
        // Between being there and listening it would refuse, which is a reason of its own.
        let unseen = path.with_extension("unseen");
        let listener = UnixListener::bind(&unseen).unwrap();
        fs::rename(unseen, path).unwrap();
        let fake = Self { lists: Arc::default(), events: Arc::default() };
        let (lists, events) = (fake.lists.clone(), fake.events.clone());
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let target = target(&mut stream);
                if target.starts_with("/events") {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                    events.lock().unwrap().push(stream);
                    continue;
                }
                assert_eq!(target, "/containers/json?all=1");
                let number = lists.fetch_add(1, Ordering::SeqCst) + 1;
                let behaviour = behaviour.clone();
                std::thread::spawn(move || behaviour(number, stream));
            }
        });
        fake
    }

    /// One that lists containers: id and name.
    fn honest(path: &Path, containers: &'static [(&'static str, &'static str)]) -> Self {
        Self::start(path, move |_, stream| say(stream, &list(containers)))
    }

    fn asked(&self) -> u32 {
        self.lists.load(Ordering::SeqCst)
    }
}

/// What a request asks for.
fn target(stream: &mut UnixStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
        request.push(byte[0]);
    }
    String::from_utf8(request).unwrap().split(' ').nth(1).unwrap_or_default().to_owned()
}

fn list(containers: &[(&str, &str)]) -> String {
    let rows: Vec<_> = containers
        .iter()
        .map(|(id, name)| {
            format!(r#"{{"Id":"{id}","Names":["/{name}"],"Image":"img","Labels":{{"k":"v"}}}}"#)
        })
        .collect();
    let body = format!("[{}]", rows.join(","));
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn say(mut stream: UnixStream, text: &str) {
    // Who asked may have gone.
    let _ = stream.write_all(text.as_bytes());
}

fn ids(ids: &[&str]) -> FxHashSet<ContainerId> {
    ids.iter().map(|id| ContainerId(Text::from(*id))).collect()
}

/// The next that is told.
fn told(engines: &mut Engines) -> Told {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(told) = engines.take_told() {
            return told;
        }
        assert!(Instant::now() < deadline, "nothing was told");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The names in what was told.
fn names(told: &Told) -> Vec<(&str, &str)> {
    let mut names: Vec<_> = told
        .containers
        .iter()
        .map(|(id, facts)| (id.0.as_str(), facts.name.as_deref().unwrap_or("-")))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn containers_get_their_names_images_and_labels() {
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let _fake = Fake::honest(&path, &[("a", "web"), ("b", "db"), ("c", "other")]);
    let mut engines = Engines::new(vec![path]);
    engines.want(ids(&["a", "b"]));
    let told = told(&mut engines);
    assert_eq!((names(&told), &told.reasons), (vec![("a", "web"), ("b", "db")], &Vec::new()));
    let (_, facts) = &told.containers[0];
    assert_eq!(facts.image.as_deref(), Some("img"));
    assert_eq!(facts.labels.get(&Text::from("k")), Some(&Text::from("v")));
}

#[test]
fn without_an_engine_or_a_container_nothing_runs() {
    let folder = Folder::new();
    let mut engines = Engines::new(vec![folder.socket("e.sock")]);
    engines.want(FxHashSet::default());
    assert!(engines.running.is_none());
    let mut none = Engines::new(Vec::new());
    none.want(ids(&["a"]));
    assert!(none.running.is_none());
}

#[test]
fn an_engine_that_comes_later_is_found() {
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let mut engines = Engines::new(vec![path.clone()]);
    engines.want(ids(&["a"]));
    let _fake = Fake::honest(&path, &[("a", "web")]);
    let told = told(&mut engines);
    assert_eq!((names(&told), told.reasons.len()), (vec![("a", "web")], 0), "its absence is no reason");
}

#[test]
fn a_container_that_comes_later_and_one_that_was_forgotten_are_told() {
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let _fake = Fake::honest(&path, &[("a", "web"), ("b", "db")]);
    let mut engines = Engines::new(vec![path]);
    engines.want(ids(&["a"]));
    assert_eq!(names(&told(&mut engines)), [("a", "web")]);
    engines.want(ids(&["a", "b"]));
    assert_eq!(names(&told(&mut engines)), [("b", "db")]);
    engines.want(ids(&["b"]));
    engines.want(ids(&["a", "b"]));
    assert_eq!(names(&told(&mut engines)), [("a", "web")]);
}

#[test]
fn an_event_makes_a_new_name_known() {
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let renamed = Arc::new(Mutex::new("web"));
    let name = renamed.clone();
    let fake = Fake::start(&path, move |_, stream| say(stream, &list(&[("a", *name.lock().unwrap())])));
    let mut engines = Engines::new(vec![path]);
    engines.want(ids(&["a"]));
    assert_eq!(names(&told(&mut engines)), [("a", "web")]);
    *renamed.lock().unwrap() = "shop";
    fake.events.lock().unwrap()[0].write_all(b"{\"Action\":\"rename\"}\n").unwrap();
    assert_eq!(names(&told(&mut engines)), [("a", "shop")]);
}

#[test]
fn an_engine_that_restarts_is_asked_again() {
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let first = Fake::honest(&path, &[("a", "web")]);
    let mut engines = Engines::new(vec![path.clone()]);
    engines.want(ids(&["a"]));
    assert_eq!(names(&told(&mut engines)), [("a", "web")]);
    let _second = Fake::honest(&path, &[("a", "shop")]);
    for stream in first.events.lock().unwrap().drain(..) {
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
    assert_eq!(names(&told(&mut engines)), [("a", "shop")]);
}

#[test]
fn an_engine_that_fails_is_a_reason_until_it_answers() {
    let endless = |mut stream: UnixStream| {
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        let mut more = stream.write_all(head);
        while more.is_ok() {
            more = stream.write_all(&[b'['; 1 << 13]);
        }
    };
    let drips = |mut stream: UnixStream| {
        let mut more = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while more.is_ok() {
            more = stream.write_all(b"[");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let silent = |mut stream: UnixStream| {
        // Until the one who asks gives up.
        let _ = stream.read(&mut [0]);
    };
    let cases: [(Lie, &str); 7] = [
        (silent, "no answer within 2 s"),
        (drips, "no answer within 2 s"),
        (endless, "the answer is larger than 16 MiB"),
        (drop, "the answer is cut short"),
        (|stream| say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[]"), "the answer is cut short"),
        (|stream| say(stream, "HTTP/1.1 503 No\r\n\r\nrestarting"), "the answer has the HTTP status 503"),
        (
            |stream| say(stream, "HTTP/1.1 200 OK\r\n\r\n{\"message\":\"hi\"}"),
            "the answer is no list of containers",
        ),
    ];
    std::thread::scope(|scope| {
        for (lie, reason) in cases {
            scope.spawn(move || {
                let folder = Folder::new();
                let path = folder.socket("e.sock");
                let _fake = Fake::start(&path, move |number, stream| match number {
                    1 => lie(stream),
                    _ => say(stream, &list(&[("a", "web")])),
                });
                let mut engines = Engines::new(vec![path.clone()]);
                engines.want(ids(&["a"]));
                let failed = told(&mut engines);
                let expected = format!(
                    "{}: names, images and labels of its containers are missing ({reason})",
                    path.display()
                );
                assert_eq!((names(&failed), &failed.reasons), (vec![], &vec![Text::from(expected.as_str())]));
                let mut healed = told(&mut engines);
                while healed.containers.is_empty() {
                    healed = told(&mut engines);
                }
                assert_eq!((names(&healed), &healed.reasons), (vec![("a", "web")], &vec![]));
            });
        }
    });
}

#[test]
fn one_that_is_refused_does_not_keep_another_from_answering() {
    let folder = Folder::new();
    let (dead, alive) = (folder.socket("dead.sock"), folder.socket("alive.sock"));
    // The file stays when nobody listens any more.
    drop(UnixListener::bind(&dead).unwrap());
    let _fake = Fake::honest(&alive, &[("a", "web")]);
    let mut engines = Engines::new(vec![dead, alive]);
    engines.want(ids(&["a"]));
    let told = told(&mut engines);
    assert_eq!(names(&told), [("a", "web")]);
    assert!(told.reasons[0].contains("refused"), "{told:?}");
}

#[test]
fn the_first_engine_is_believed() {
    let folder = Folder::new();
    let (system, user) = (folder.socket("system.sock"), folder.socket("user.sock"));
    let _system = Fake::honest(&system, &[("a", "web")]);
    let _user = Fake::honest(&user, &[("a", "fooled"), ("b", "mine")]);
    let mut engines = Engines::new(vec![system, user]);
    engines.want(ids(&["a", "b"]));
    assert_eq!(names(&told(&mut engines)), [("a", "web"), ("b", "mine")]);
}

#[test]
fn an_engine_that_hangs_does_not_hold_up_the_end() {
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let (sender, asked) = mpsc::channel();
    let _fake = Fake::start(&path, move |_, mut stream| {
        let _ = sender.send(());
        let _ = stream.read(&mut [0]);
    });
    let mut engines = Engines::new(vec![path]);
    engines.want(ids(&["a"]));
    asked.recv_timeout(LIMIT).unwrap();
    // In the middle of the question: the wait for the answer ends, not its time.
    let thread = engines.running.as_mut().unwrap().thread.take().unwrap();
    drop(engines);
    thread.join().unwrap();
}

#[test]
fn an_engine_that_ends_the_stream_of_its_events_is_not_asked_all_the_time() {
    let mut server = Server::new("/nonexistent".into());
    assert!(!server.hear(), "no stream, no news");
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let fake = Fake::honest(&path, &[]);
    server = Server::new(path);
    let never = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    server.ask(never.as_fd());
    assert!(server.events().is_some());
    fake.events.lock().unwrap().clear();
    let deadline = Instant::now() + LIMIT;
    while server.events().is_some() {
        assert!(Instant::now() < deadline, "the end of the stream is not noticed");
        // What it said before is news; the next question takes the rest.
        server.hear();
        server.ask(never.as_fd());
    }
    assert!(server.is_unwatched());
    assert!(fake.events.lock().unwrap().is_empty() && fake.asked() > 1, "not opened again at once");
}

#[test]
fn news_are_heard_once_until_the_next_question() {
    let folder = Folder::new();
    let path = folder.socket("e.sock");
    let fake = Fake::honest(&path, &[]);
    let mut server = Server::new(path);
    let never = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    server.ask(never.as_fd());
    let deadline = Instant::now() + LIMIT;
    while !server.hear() {
        assert!(Instant::now() < deadline, "the beginning of the stream is not heard");
        std::thread::sleep(Duration::from_millis(2));
    }
    fake.events.lock().unwrap()[0].write_all(b"{}\n").unwrap();
    assert!(server.events().is_none(), "one that talks without end keeps nobody awake");
    server.ask(never.as_fd());
    assert!(server.events().is_some());
}
