//! Processes: who they run as, when they are ready, how they end.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// The ports that [`free_port`] gives: below those that systems take for outgoing connections, so that none of these
/// can take one before the server that it is for has opened it.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// How many ports this process has been given, and asked for in vain.
static GIVEN: AtomicU16 = AtomicU16::new(0);

/// A port that is free, and that this process gets only once: the system may give one twice when nobody has opened it in
/// between. Processes begin at different places.
///
/// # Errors
/// When none is free.
pub fn free_port() -> io::Result<u16> {
    let count = PORTS.end - PORTS.start;
    let first = (std::process::id().wrapping_mul(997) % u32::from(count)) as u16;
    for _ in 0..count {
        let offset = (first + GIVEN.fetch_add(1, Ordering::Relaxed) % count) % count;
        let port = PORTS.start + offset;
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::other("no port is free"))
}

/// Sends a signal (`TERM`, `KILL`, `STOP`, `CONT`, …) to a process.
///
/// # Errors
/// When there is no such process.
pub fn signal(pid: u32, name: &str) -> io::Result<()> {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("no process {pid}"))) }
}

/// Database servers refuse to run as root: then they run as `nobody`, who is given the folder.
pub(crate) fn run_as_nobody_if_root(folder: &Path) -> io::Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd")?;
    let ids = passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            ["nobody", _, uid, gid, ..] => Some((uid.parse().ok()?, gid.parse().ok()?)),
            _ => None,
        }
    });
    let (uid, gid) = ids.ok_or_else(|| io::Error::other("there is no user nobody"))?;
    chown(folder, Some(uid), Some(gid))?;
    Ok(Some((uid, gid)))
}

pub(crate) fn command(program: &Path, user: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a program to its end.
pub(crate) fn run(mut command: Command) -> io::Result<()> {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))))
}

/// Starts a server and waits until it says that it is ready.
pub(crate) fn start(mut command: Command, ready: &str) -> io::Result<Child> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let stderr = child.stderr.take().ok_or_else(|| io::Error::other("no standard error"))?;
    let mut lines = BufReader::new(stderr).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line?;
        if line.contains(ready) {
            // The pipe is read on, lest the server block on it.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(child);
        }
        said.push_str(&line);
        said.push('\n');
    }
    let _ = child.wait();
    Err(io::Error::other(format!("{command:?} ended: {said}")))
}

/// Ends a server with a signal and waits for it.
pub(crate) fn end(child: &mut Child, name: &str) {
    if signal(child.id(), name).is_ok() {
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports: Vec<u16> = (0..200).map(|_| free_port().expect("a port")).collect();
        let different: std::collections::HashSet<_> = ports.iter().collect();
        assert_eq!(different.len(), ports.len());
        assert!(ports.iter().all(|port| PORTS.contains(port)));
    }
}
