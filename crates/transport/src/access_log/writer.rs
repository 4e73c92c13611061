//! The file behind an access log: written by a thread of its own, a new file when the date in its name changes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use chrono::{DateTime, Local};

use super::AccessLogConfig;

/// Lines that wait for the disk. When they are that many, whoever logs waits too: no line is lost.
const QUEUE: usize = 16 * 1024;

/// Hands lines to the thread that writes them. Dropping it writes what is left.
#[derive(Debug)]
pub(super) struct Writer {
    lines: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(config: AccessLogConfig) -> io::Result<Self> {
        std::fs::create_dir_all(&config.directory)?;
        let files = Files::open(config, Local::now())?;
        let (lines, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("access-log".to_owned()).spawn(move || run(files, &queue))?;
        Ok(Self { lines: Some(lines), thread: Some(thread) })
    }

    pub(super) fn write(&self, line: Vec<u8>) {
        if let Some(lines) = &self.lines {
            // The thread ends only after the sender is gone.
            let _ = lines.send(line);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut files: Files, queue: &Receiver<Vec<u8>>) {
    while let Ok(line) = queue.recv() {
        let mut result = files.write(&line);
        // Whatever else is there goes into the same write to the disk.
        while let Ok(line) = queue.try_recv() {
            result = result.and(files.write(&line));
        }
        if let Err(error) = result.and_then(|()| files.file.flush()) {
            tracing::error!(%error, "cannot write the access log");
        }
    }
}

struct Files {
    config: AccessLogConfig,
    /// The date format in chrono's notation.
    format: Option<String>,
    date: String,
    file: BufWriter<File>,
}

impl Files {
    fn open(config: AccessLogConfig, now: DateTime<Local>) -> io::Result<Self> {
        let format = config.date_format.as_deref().map(chrono_format);
        let date = format_date(format.as_deref(), now);
        let file = open(&config, &date)?;
        Ok(Self { config, format, date, file })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.rotate(Local::now())?;
        self.file.write_all(line)
    }

    fn rotate(&mut self, now: DateTime<Local>) -> io::Result<()> {
        let date = format_date(self.format.as_deref(), now);
        if date != self.date {
            self.file.flush()?;
            self.file = open(&self.config, &date)?;
            self.date = date;
        }
        Ok(())
    }
}

fn open(config: &AccessLogConfig, date: &str) -> io::Result<BufWriter<File>> {
    let path = config.directory.join(format!("{}{date}{}", config.prefix, config.suffix));
    OpenOptions::new().create(true).append(true).open(path).map(BufWriter::new)
}

fn format_date(format: Option<&str>, now: DateTime<Local>) -> String {
    format.map(|format| now.format(format).to_string()).unwrap_or_default()
}

/// Java's date letters in chrono's notation. Letters that have no counterpart stay as they are.
fn chrono_format(java: &str) -> String {
    let mut out = String::new();
    let mut rest = java;
    'next: while let Some(first) = rest.chars().next() {
        for (letters, specifier) in
            [("yyyy", "%Y"), ("yy", "%y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")]
        {
            if let Some(left) = rest.strip_prefix(letters) {
                out.push_str(specifier);
                rest = left;
                continue 'next;
            }
        }
        match first {
            '%' => out.push_str("%%"),
            // Quotes mark text in Java's notation.
            '\'' => {}
            // It becomes part of a file's name.
            '/' => out.push('-'),
            other => out.push(other),
        }
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn java_dates() {
        assert_eq!(chrono_format("yyyy-MM-dd"), "%Y-%m-%d");
        assert_eq!(chrono_format("yy'T'HH.mm%/x"), "%yT%H.%M%%-x");
    }

    #[test]
    fn a_new_date_begins_a_new_file() {
        let directory = tempfile::tempdir().unwrap();
        let now = Local::now();
        let mut files = Files::open(AccessLogConfig::new(directory.path()), now).unwrap();
        files.file.write_all(b"one\n").unwrap();
        files.rotate(now).unwrap();
        files.file.write_all(b"two\n").unwrap();
        files.rotate(now + TimeDelta::days(1)).unwrap();
        files.file.write_all(b"three\n").unwrap();
        drop(files);
        let read = |date: DateTime<Local>| {
            let name = format!("http_access_{}.log", date.format("%Y-%m-%d"));
            std::fs::read_to_string(directory.path().join(name)).unwrap()
        };
        assert_eq!((read(now).as_str(), read(now + TimeDelta::days(1)).as_str()), ("one\ntwo\n", "three\n"));
    }

    #[test]
    fn all_lines_are_there_when_the_writer_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let config = AccessLogConfig { date_format: None, ..AccessLogConfig::new(directory.path().join("logs")) };
        let writer = Writer::start(config).unwrap();
        for number in 0..1000 {
            writer.write(format!("{number}\n").into_bytes());
        }
        drop(writer);
        let text = std::fs::read_to_string(directory.path().join("logs/http_access_.log")).unwrap();
        assert_eq!(text.lines().count(), 1000);
        assert!(text.ends_with("999\n"));
    }
}
