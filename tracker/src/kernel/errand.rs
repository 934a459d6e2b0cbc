//! A thread that does one kind of work, one request after the other, so that whoever asks never waits for the kernel.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Instant;

/// A thread that answers each question it is asked, in their order.
#[derive(Debug)]
pub(crate) struct Errand<Q, A> {
    /// Dropped first: that ends the thread.
    questions: Option<Sender<Q>>,
    answers: Receiver<A>,
    /// Questions that are not answered yet.
    open: usize,
    thread: Option<JoinHandle<()>>,
}

impl<Q: Send + 'static, A: Send + 'static> Errand<Q, A> {
    /// Starts the thread.
    pub(crate) fn start(name: &str, mut answer: impl FnMut(Q) -> A + Send + 'static) -> io::Result<Self> {
        let (questions, asked) = mpsc::channel();
        let (teller, answers) = mpsc::channel();
        let work = move || {
            while let Ok(question) = asked.recv() {
                if teller.send(answer(question)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { questions: Some(questions), answers, open: 0, thread: Some(thread) })
    }

    /// Asks. The answer comes when it comes.
    pub(crate) fn ask(&mut self, question: Q) {
        // It fails only if the thread panicked, which has told so: then there are no answers.
        if self.questions.as_ref().is_some_and(|questions| questions.send(question).is_ok()) {
            self.open += 1;
        }
    }

    /// How many questions are not answered yet.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// The next answer, if one is to come and does until then.
    pub(crate) fn take_until(&mut self, until: Instant) -> Option<A> {
        if self.open == 0 {
            return None;
        }
        match self.answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(answer) => {
                self.open -= 1;
                Some(answer)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.open = 0;
                None
            }
        }
    }
}

impl<Q, A> Drop for Errand<Q, A> {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            // One that panicked has told so on standard error already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    #[test]
    fn answers_come_in_order_and_nobody_waits_for_none() {
        let mut errand = Errand::start("double", |number: u32| 2 * number).unwrap();
        let long = Instant::now() + LONG;
        assert_eq!(errand.take_until(long), None);
        errand.ask(1);
        errand.ask(2);
        assert_eq!(errand.open(), 2);
        assert_eq!([errand.take_until(long), errand.take_until(long)], [Some(2), Some(4)]);
        assert_eq!((errand.take_until(long), errand.open()), (None, 0));
    }

    #[test]
    fn one_that_is_slow_is_not_waited_for_longer_than_asked() {
        let (let_go, held) = sync_channel::<()>(0);
        let mut errand = Errand::start("slow", move |(): ()| held.recv().unwrap()).unwrap();
        errand.ask(());
        assert_eq!(errand.take_until(Instant::now()), None);
        assert_eq!(errand.open(), 1);
        let_go.send(()).unwrap();
        assert_eq!(errand.take_until(Instant::now() + LONG), Some(()));
    }

    #[test]
    fn one_that_panicked_is_asked_in_vain() {
        let mut errand = Errand::start("broken", |(): ()| -> () { panic!("as it should") }).unwrap();
        errand.ask(());
        assert_eq!((errand.take_until(Instant::now() + LONG), errand.open()), (None, 0));
    }
}
