//! A private MariaDB.

use std::io;
use std::path::Path;
use std::process::Child;

use tempfile::TempDir;

use crate::process::{command, end, free_port, run, run_as_nobody_if_root, start};

/// A MariaDB server on a port of its own, with a user `mi`, whose password is `mi`, and a database `mi`.
pub struct MariaDb {
    folder: TempDir,
    user: Option<(u32, u32)>,
    port: u16,
    child: Option<Child>,
}

impl MariaDb {
    /// Makes a new data folder and starts its server.
    ///
    /// # Errors
    /// When MariaDB is not installed or does not start.
    pub fn start() -> io::Result<Self> {
        let folder = TempDir::new()?;
        let user = run_as_nobody_if_root(folder.path())?;
        let mut install = command(Path::new("mariadb-install-db"), user, folder.path());
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        install.arg(format!("--datadir={}", folder.path().join("data").display()));
        run(install)?;
        std::fs::write(
            folder.path().join("init.sql"),
            "CREATE DATABASE IF NOT EXISTS mi;\nCREATE USER IF NOT EXISTS 'mi'@'%' IDENTIFIED BY 'mi';\n\
             GRANT ALL PRIVILEGES ON mi.* TO 'mi'@'%';\n",
        )?;
        let mut server = Self { folder, user, port: free_port()?, child: None };
        server.resume()?;
        Ok(server)
    }

    /// Starts the server again after [`MariaDb::stop`], on the same port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&mut self) -> io::Result<()> {
        let path = self.folder.path();
        let mut serve = command(Path::new("/usr/sbin/mariadbd"), self.user, path);
        serve.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=400"]);
        serve.arg("--innodb-flush-log-at-trx-commit=2");
        serve.arg(format!("--port={}", self.port));
        serve.arg(format!("--datadir={}", path.join("data").display()));
        serve.arg(format!("--socket={}", path.join("socket").display()));
        serve.arg(format!("--pid-file={}", path.join("pid").display()));
        serve.arg(format!("--init-file={}", path.join("init.sql").display()));
        self.child = Some(start(serve, "ready for connections")?);
        Ok(())
    }

    /// Ends the server at once, as a failing machine would; the data stay.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child, "KILL");
        }
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The JDBC URL of the database `mi`, with its user and password.
    pub fn jdbc(&self) -> String {
        format!("jdbc:mariadb://127.0.0.1:{}/mi?user=mi&password=mi&sslMode=disable", self.port)
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.stop();
    }
}
