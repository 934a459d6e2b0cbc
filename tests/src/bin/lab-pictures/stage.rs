//! The host that is shown: a shop in containers (a web server with workers, an application, a database that is reached
//! by its Unix socket, a cache, name service, metrics, a job that fails), and a desk with a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use scopetop_lab::binary::{companion, mortal};
use scopetop_lab::docker::{Daemon, IMAGE, Network};
use scopetop_lab::world::Namespace;

use crate::Failure;

/// What all containers of the shop have: the filter that leaves the rest of the machine out of the picture.
pub(crate) const LABEL: &str = "stage=live";

/// The host; gone when this is dropped.
pub(crate) struct Stage {
    desk: Vec<Child>,
    pub(crate) daemon: Daemon,
    namespace: Namespace,
    part: PathBuf,
    folder: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.desk {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Stage {
    /// Sets it up in a folder that is there.
    pub(crate) fn set_up(folder: &Path) -> Result<Self, Failure> {
        let daemon = Daemon::start(Network::Bridge);
        let desk = Namespace::called("desk")?;
        daemon.namespace.wire(&["10.8.0.1/24"], &desk, &["10.8.0.2/24"])?;
        daemon.namespace.set("ipv4/ip_forward", "1")?;
        desk.ip("route add default via 10.8.0.1")?;
        let mut stage = Self {
            desk: Vec::new(),
            daemon,
            namespace: desk,
            part: companion("lab-part"),
            folder: folder.to_path_buf(),
        };
        stage.play()?;
        Ok(stage)
    }

    fn play(&mut self) -> Result<(), Failure> {
        let database = self.folder.join("postgresql");
        fs::create_dir_all(&database)?;
        let socket = "/run/postgresql/.s.PGSQL.5432";
        let volume = format!("{}:/run/postgresql", database.display());

        let dns = self.container("dns", "coredns:1.12", "coredns", &[], "answer 53", "");
        let cache = self.container("cache", "redis:7", "redis-server", &[], "listen 6379", "");
        let db = self.container(
            "db",
            "postgres:17",
            "postgres",
            &["--volume", &volume],
            &format!("listen 5432; listen-unix {socket}"),
            "",
        );
        let app = self.container(
            "app",
            "shop/app:4.2",
            "gunicorn",
            &["--volume", &volume],
            &format!("workers 3; far 203.0.113.9:443; ask {dns}:53 900"),
            &format!("listen 8000; call {socket} 2 400 300 6000; call {cache}:6379 2 150 80 900"),
        );
        let web = self.container(
            "web",
            "nginx:1.27",
            "nginx",
            &[],
            // One socket can have these addresses, so not the workers, which all do the same.
            "workers 2; caller 198.51.100.23:51522 443; caller 203.0.113.77:40112 443",
            &format!("listen 443; call {app}:8000 3 120 700 24000"),
        );
        self.container(
            "jobs",
            "shop/jobs:4.2",
            "celery",
            &[],
            &format!("call {cache}:6379 2 300 60 400; call {db}:5432 2 500 900 3000; knock {db}:5433 1000"),
            "",
        );
        self.container(
            "metrics",
            "prometheus:3",
            "prometheus",
            &[],
            &format!("visit {app}:8000 1500 200 9000; visit {web}:443 1500 200 9000; ask {dns}:53 1500"),
            "",
        );
        self.at_the_desk("firefox", &format!("call {web}:443 6 250 500 90000"))?;
        self.at_the_desk("curl", &format!("visit {web}:443 600 100 3000"))
    }

    /// Starts a container; its address.
    fn container(
        &self,
        name: &str,
        image: &str,
        program: &str,
        more: &[&str],
        part: &str,
        worker: &str,
    ) -> String {
        self.daemon.docker(&["tag", IMAGE, image]);
        let path = format!("/usr/sbin/{program}");
        let own = format!("{}:{path}:ro", self.part.display());
        let (part, worker) = (format!("LAB_PART={part}"), format!("LAB_WORKER={worker}"));
        let mut arguments =
            vec!["run", "--detach", "--name", name, "--label", LABEL, "--cap-add", "NET_ADMIN"];
        // The program is linked dynamically, with this machine's libraries.
        arguments.extend(["--volume", &own, "--volume", "/lib:/lib:ro", "--volume", "/lib64:/lib64:ro"]);
        arguments.extend(["--env", &part, "--env", &worker]);
        arguments.extend(more);
        arguments.extend([image, &path]);
        self.daemon.docker(&arguments);
        self.daemon.address_of(name)
    }

    fn at_the_desk(&mut self, program: &str, part: &str) -> Result<(), Failure> {
        let path = self.folder.join(program);
        fs::copy(&self.part, &path)?;
        let mut command = mortal(self.namespace.command(&path), &[]);
        self.desk.push(command.env("LAB_PART", part).spawn()?);
        Ok(())
    }
}
