//! A private PostgreSQL.

use std::io;
use std::path::PathBuf;
use std::process::Child;

use tempfile::TempDir;

use crate::process::{command, end, free_port, run, run_as_nobody_if_root, start};

/// A PostgreSQL server on a port of its own, with a user `mi` and a database `mi`.
pub struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    child: Option<Child>,
    settings: Vec<String>,
}

impl Postgres {
    /// Makes a new cluster of databases and starts its server.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// As [`Postgres::start`], with further settings, `name=value` each.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start_with(settings: &[&str]) -> io::Result<Self> {
        let folder = TempDir::new()?;
        let user = run_as_nobody_if_root(folder.path())?;
        let bin = installed()?;
        let mut init = command(&bin.join("initdb"), user, folder.path());
        init.args(["-A", "trust", "-U", "mi", "-E", "UTF8", "--no-sync", "-D"]).arg(folder.path().join("data"));
        run(init)?;
        let mut server = Self {
            folder,
            bin,
            user,
            port: free_port()?,
            child: None,
            settings: settings.iter().map(|s| (*s).to_owned()).collect(),
        };
        server.resume()?;
        let mut create = command(&server.bin.join("createdb"), server.user, server.folder.path());
        create.args(["-h", "127.0.0.1", "-U", "mi", "-p", &server.port.to_string(), "mi"]);
        run(create)?;
        Ok(server)
    }

    /// Starts the server again after [`Postgres::stop`], on the same port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&mut self) -> io::Result<()> {
        let mut serve = command(&self.bin.join("postgres"), self.user, self.folder.path());
        serve.arg("-D").arg(self.folder.path().join("data")).args(["-p", &self.port.to_string()]);
        let own = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=400",
            "fsync=off",
            "log_destination=stderr",
        ];
        for setting in own.into_iter().chain(self.settings.iter().map(String::as_str)) {
            serve.args(["-c", setting]);
        }
        self.child = Some(start(serve, "database system is ready to accept connections")?);
        Ok(())
    }

    /// Ends the server at once, as a failing machine would; the data stay.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child, "QUIT");
        }
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The JDBC URL of the database `mi`; the user is `mi`, without password.
    pub fn jdbc(&self) -> String {
        format!("jdbc:postgresql://127.0.0.1:{}/mi?user=mi&sslmode=disable", self.port)
    }

    /// Executes SQL with psql and returns what it prints, unaligned.
    ///
    /// # Errors
    /// When psql or the statement fails.
    pub fn sql(&self, text: &str) -> io::Result<String> {
        let mut psql = command(&self.bin.join("psql"), self.user, self.folder.path());
        psql.args(["-h", "127.0.0.1", "-U", "mi", "-d", "mi", "-p", &self.port.to_string(), "-qAt", "-c", text]);
        let output = psql.output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The newest installed version's programs.
fn installed() -> io::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .map_err(|error| io::Error::new(error.kind(), "PostgreSQL is not installed (apt-get install postgresql)"))?;
    let mut found: Vec<PathBuf> = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().ok_or_else(|| io::Error::other("PostgreSQL is not installed (apt-get install postgresql)"))
}
