//! Reads what processes use: the end of the program that touches the system for [`UsageHistory`](super::UsageHistory).

use std::future::pending;
use std::time::Instant;

use scopetop_tracker::identity::ProcessId;
use scopetop_tracker::process::LivingProcesses;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::task::JoinHandle;

use super::{PROCESSES, Reading, Samples, Single};
use crate::app::App;

/// Samples what the details show, once a tick, on a thread of its own: the loop never waits for it.
#[derive(Debug)]
pub struct Sampler {
    /// `None` while it is at work.
    reader: Option<Reader>,
    at_work: Option<JoinHandle<(Reader, Samples)>>,
    /// What was asked for last.
    asked: Option<(u64, Vec<ProcessId>)>,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { reader: Some(Reader::new()), at_work: None, asked: None }
    }
}

impl Sampler {
    /// The processes to be sampled: those of the thing whose details are open. None in a picture of the past or of a
    /// recording, which is not of what processes use now.
    pub fn wanted(app: &App) -> &[ProcessId] {
        let is_now = app.newest.is_some() && app.newest == app.view.host.as_ref().map(|host| host.at);
        let details = app.inspection.as_ref().filter(|_| is_now && app.details_open && app.absence.is_none());
        details.map_or(&[], |inspection| &inspection.details.wanted.processes)
    }

    /// Begins to sample what the details show, if that was not done for this tick, and if it is not at it still. Needs a
    /// tokio runtime.
    pub fn ask(&mut self, app: &App) {
        let processes = Self::wanted(app);
        let Some(host) = app.view.host.as_ref().filter(|_| !processes.is_empty()) else { return };
        let is_done = |(sequence, of): &(u64, Vec<ProcessId>)| *sequence == host.sequence && of == processes;
        if self.asked.as_ref().is_some_and(is_done) {
            return;
        }
        let Some(mut reader) = self.reader.take() else { return };
        let (sequence, processes, environment) = (host.sequence, processes.to_vec(), app.environment);
        self.asked = Some((sequence, processes.clone()));
        self.at_work = Some(tokio::task::spawn_blocking(move || {
            let samples = reader.read(sequence, &processes, environment);
            (reader, samples)
        }));
    }

    /// The next samples; waits for ever where none are being read. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Samples {
        let Some(at_work) = &mut self.at_work else { return pending().await };
        let done = at_work.await;
        self.at_work = None;
        match done {
            Ok((reader, samples)) => {
                self.reader = Some(reader);
                samples
            }
            // It panicked, or the program ends: nothing more is read.
            Err(_) => pending().await,
        }
    }
}

/// Reads processes.
#[derive(Debug)]
struct Reader {
    living: LivingProcesses,
    began: Instant,
}

impl Reader {
    fn new() -> Self {
        Self { living: LivingProcesses::open(), began: Instant::now() }
    }

    fn read(&mut self, sequence: u64, processes: &[ProcessId], environment: bool) -> Samples {
        let processes = &processes[..processes.len().min(PROCESSES)];
        let pids: Vec<Pid> = processes.iter().map(|process| Pid::from_u32(process.pid)).collect();
        // A new one each time: what is told counts from a process's start, and nothing is kept of one whose pid another
        // may have now.
        let Ok(mut system) = System::new() else { return Samples { sequence, ..Samples::default() } };
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, kind);
        let at = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut readings = Vec::with_capacity(processes.len());
        for (&process, &pid) in processes.iter().zip(&pids) {
            let Some(found) = system.process(pid) else { continue };
            // Looked at after the reading: if it is there now, it was there then.
            if self.living.is_there(process) {
                let (cpu_ms, memory) = (found.accumulated_cpu_time(), found.memory());
                readings.push(Reading { process, at, cpu_ms, memory });
            }
        }
        let single = match processes {
            &[process] if readings.len() == 1 => {
                let parent = system.process(pids[0]).and_then(sysinfo::Process::parent);
                Some(self.single(process, parent, environment))
            }
            _ => None,
        };
        Samples { sequence, readings, single }
    }

    fn single(&mut self, process: ProcessId, parent: Option<Pid>, environment: bool) -> Single {
        Single {
            process,
            parent: parent.map(Pid::as_u32).map(|pid| (pid, self.living.comm(pid))),
            environment: environment.then(|| self.living.environment(process)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    /// The start of a process, as the kernel tells it.
    fn own() -> ProcessId {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let started = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap();
        ProcessId { pid: std::process::id(), started: started.parse().unwrap() }
    }

    #[test]
    fn a_process_is_read_and_another_with_its_pid_is_not() {
        let mut reader = Reader::new();
        let samples = reader.read(5, &[own()], true);
        let [reading] = samples.readings[..] else { panic!("{samples:?}") };
        assert_eq!((samples.sequence, reading.process), (5, own()));
        assert!(reading.memory > 100_000, "{reading:?}");
        let single = samples.single.unwrap();
        assert_eq!(single.parent.unwrap().0, rustix::process::getppid().unwrap().as_raw_pid() as u32);
        let path = |(name, _): &&scopetop_tracker::process::Variable| name.as_str() == "PATH";
        assert!(single.environment.unwrap().unwrap().iter().find(path).is_some());
        assert_eq!(reader.read(6, &[own()], false).single.unwrap().environment, None, "not asked for");
        let other = ProcessId { started: own().started + 1, ..own() };
        assert_eq!(reader.read(7, &[other], true), Samples { sequence: 7, ..Samples::default() });
    }

    #[test]
    fn processor_time_counts_up() {
        let mut reader = Reader::new();
        let mut used = |sequence| reader.read(sequence, &[own()], false).readings[0].cpu_ms;
        let before = used(1);
        // As long as it takes: the machine may be busy with others.
        while used(2) < before + 50 {}
    }

    #[test]
    fn of_too_many_only_the_first_are_read() {
        // No pid is that high.
        let nobody = |number| ProcessId { pid: (1 << 23) + number, started: 1 };
        let mut many: Vec<ProcessId> = (0..PROCESSES as u32 + 9).map(nobody).collect();
        many[PROCESSES] = own();
        assert_eq!(Reader::new().read(1, &many, true).readings, []);
        many[PROCESSES - 1] = own();
        assert_eq!(Reader::new().read(1, &many, true).readings.len(), 1);
    }
}
