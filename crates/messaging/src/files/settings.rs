//! The parameters of whoever looks for files.

use std::time::Duration;

use mi_payload::java::{JavaRegex, SimpleDateFormat};

use super::locations::Location;

/// How often a proxy service looks that does not say.
const POLL_INTERVAL: Duration = Duration::from_secs(300);

/// See the module's documentation. Names are those of the parameters without `transport.vfs.`.
#[derive(Debug)]
pub struct FileSettings {
    /// From one look to the next: `interval`, of a proxy service `transport.PollInterval`.
    pub interval: Duration,
    /// `FileURI`: a file, or a folder of files.
    pub location: Location,
    /// `ContentType`; by the file's extension when there is none.
    pub content_type: Option<String>,
    /// `FileNamePattern`: which files of a folder count.
    pub names: Names,
    /// What becomes of a file that was processed.
    pub after_process: Action,
    /// What becomes of one that failed.
    pub after_failure: Action,
    /// `MoveTimestampFormat`: stands before the names of files that are moved.
    pub move_timestamp: Option<SimpleDateFormat>,
    /// `SubFolderTimestampFormat`: stands behind the folder that files are moved to.
    pub folder_timestamp: Option<SimpleDateFormat>,
    /// `CreateFolder` (false): folders that files are moved to are made.
    pub create_folder: bool,
    /// `Locking` (enable): a file is locked while it is handled.
    pub locking: bool,
    /// When a lock that somebody left behind is broken.
    pub stale: Option<StaleLock>,
    /// `FileSortAttribute` and `FileSortAscending`.
    pub order: Order,
    /// The other direction of `order`.
    pub descending: bool,
    /// `FileProcessInterval`: the pause from one file to the next.
    pub pause: Option<Duration>,
    /// `FileProcessCount`: the most files of one folder that a look takes; without effect when there is a pause.
    pub most: Option<usize>,
    /// `waitTimeBeforeRead`: how long a file must not have changed.
    pub rest: Option<Duration>,
    /// `MinimumAge` and `MaximumAge` of a proxy service: how long ago a file changed last.
    pub age: (Option<Duration>, Option<Duration>),
    /// `FileSizeLimit`: larger files stay, in bytes.
    pub size_limit: Option<u64>,
    /// `UpdateLastModified` (true): a file that is copied to another file system gets the present as its time.
    pub update_modified: bool,
}

/// Which names count. A location that is a file counts whatever its name is.
#[derive(Debug)]
pub enum Names {
    /// All: an inbound endpoint without a pattern.
    All,
    /// None: a proxy service without one.
    None,
    /// Those that match as a whole.
    Matching(Box<JavaRegex>),
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It stays, and is found again: `NONE` of a proxy service.
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved to this folder; below it to where it stood, when the location says so.
    Move(Location),
}

/// In which order files are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Name,
    /// By size.
    Size,
    /// By the time of their last change.
    Modified,
}

/// `AutoLockRelease` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleLock {
    /// `AutoLockReleaseInterval`: how old it must be.
    pub age: Duration,
    /// `LockReleaseSameNode` (true): this machine must have made it.
    pub own_only: bool,
}

/// What is wrong with a parameter.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Its name.
    pub(crate) parameter: String,
    /// What, in the words of MI where it has some.
    pub(crate) message: String,
    /// What is meant.
    pub(crate) hint: Option<String>,
}

impl Wrong {
    fn new(parameter: &str, message: impl Into<String>) -> Self {
        Self { parameter: parameter.to_owned(), message: message.into(), hint: None }
    }
}

/// Parameters by name, and numbers that are none, which are warned of.
struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<&'a str>,
    warnings: Vec<Wrong>,
}

impl FileSettings {
    /// The settings of an inbound endpoint, and what to warn of.
    pub(crate) fn of_inbound<'a>(
        endpoint: &str,
        get: &'a dyn Fn(&str) -> Option<&'a str>,
    ) -> Result<(Self, Vec<Wrong>), Wrong> {
        let millis = get("interval").unwrap_or_default().trim().parse();
        let millis = millis.map_err(|_| Wrong {
            hint: Some("the parameter interval is a number of milliseconds".to_owned()),
            ..Wrong::new("interval", "Invalid numeric value for interval.")
        })?;
        let missing = format!(
            "Invalid file url. Check the inbound endpoint configuration. Endpoint Name : {endpoint}, File URL : null"
        );
        let reader = Reader { get, warnings: Vec::new() };
        reader.settings(Duration::from_millis(millis), &missing, Names::All, Action::Delete)
    }

    /// The settings of a proxy service, and what to warn of.
    pub(crate) fn of_proxy<'a>(
        service: &str,
        get: &'a dyn Fn(&str) -> Option<&'a str>,
    ) -> Result<(Self, Vec<Wrong>), Wrong> {
        const INTERVAL: &str = "transport.PollInterval";
        let interval = match get(INTERVAL).map(str::trim).filter(|text| !text.is_empty()) {
            None => POLL_INTERVAL,
            Some(text) => interval(text).ok_or_else(|| {
                Wrong::new(INTERVAL, format!("{text} is no number of seconds, nor of milliseconds as 500ms"))
            })?,
        };
        let missing = format!("the service {service} has no transport.vfs.FileURI");
        let reader = Reader { get, warnings: Vec::new() };
        let (mut settings, warnings) = reader.settings(interval, &missing, Names::None, Action::Keep)?;
        if settings.content_type.is_none() {
            return Err(Wrong::new("transport.vfs.ContentType", "the parameter transport.vfs.ContentType is missing"));
        }
        // There are no folders below folders for services.
        settings.location.with_folders = false;
        Ok((settings, warnings))
    }

    /// Whether a file of this name counts.
    pub(super) fn wants(&self, name: &str) -> bool {
        match &self.names {
            Names::All => true,
            Names::None => false,
            Names::Matching(pattern) => pattern.matches(name),
        }
    }
}

/// Whole seconds, or milliseconds with `ms` behind them.
fn interval(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => millis.trim().parse().ok().map(Duration::from_millis),
        None => text.parse().ok().map(Duration::from_secs),
    }
}

impl<'a> Reader<'a> {
    /// `none` is what becomes of a file with `NONE`.
    fn settings(
        mut self,
        interval: Duration,
        missing: &str,
        without_pattern: Names,
        none: Action,
    ) -> Result<(FileSettings, Vec<Wrong>), Wrong> {
        let location = self.location("transport.vfs.FileURI")?;
        let location = location.ok_or_else(|| Wrong::new("transport.vfs.FileURI", missing))?;
        let (order, descending) = self.order();
        let settings = FileSettings {
            interval,
            location,
            content_type: self.text("transport.vfs.ContentType").map(str::trim).map(str::to_owned),
            names: self.names(without_pattern)?,
            after_process: self.action("ActionAfterProcess", "MoveAfterProcess", &none)?,
            after_failure: self.action("ActionAfterFailure", "MoveAfterFailure", &none)?,
            move_timestamp: self.format("transport.vfs.MoveTimestampFormat")?,
            folder_timestamp: self.format("transport.vfs.SubFolderTimestampFormat")?,
            create_folder: self.flag("transport.vfs.CreateFolder", false),
            locking: !self.text("transport.vfs.Locking").is_some_and(|text| text.eq_ignore_ascii_case("disable")),
            stale: self.stale(),
            order,
            descending,
            pause: self.duration("transport.vfs.FileProcessInterval", Duration::from_millis),
            most: self.number("transport.vfs.FileProcessCount"),
            rest: self.duration("transport.vfs.waitTimeBeforeRead", Duration::from_millis),
            age: (
                self.duration("transport.vfs.MinimumAge", Duration::from_secs),
                self.duration("transport.vfs.MaximumAge", Duration::from_secs),
            ),
            size_limit: self.size_limit(),
            update_modified: self.flag("transport.vfs.UpdateLastModified", true),
        };
        Ok((settings, self.warnings))
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        (self.get)(name).filter(|text| !text.is_empty())
    }

    /// `true` and `false` as Java reads them: anything but `true` is false.
    fn flag(&self, name: &str, default: bool) -> bool {
        self.text(name).map_or(default, |text| text.trim().eq_ignore_ascii_case("true"))
    }

    /// A number that MI warns of and does without when it is none.
    fn number<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?.trim();
        let number = text.parse().ok();
        if number.is_none() {
            let message = format!("Invalid param value for {name} : {text}. Expected numeric value.");
            self.warnings.push(Wrong::new(name, message));
        }
        number
    }

    /// The same as a time; none for what is not positive.
    fn duration(&mut self, name: &str, unit: fn(u64) -> Duration) -> Option<Duration> {
        let number: i64 = self.number(name)?;
        u64::try_from(number).ok().filter(|number| *number > 0).map(unit)
    }

    fn location(&self, name: &str) -> Result<Option<Location>, Wrong> {
        let parse =
            |text| Location::parse(text).map_err(|error| Wrong::new(name, format!("The parameter {name}: {error}")));
        self.text(name).map(parse).transpose()
    }

    fn names(&self, without: Names) -> Result<Names, Wrong> {
        const NAME: &str = "transport.vfs.FileNamePattern";
        let Some(text) = self.text(NAME) else { return Ok(without) };
        let compiled = JavaRegex::new(text);
        let wrong = |message: String| Wrong::new(NAME, format!("The parameter {NAME}: {message}"));
        compiled.map(|pattern| Names::Matching(Box::new(pattern))).map_err(|error| wrong(error.message))
    }

    fn action(&self, what: &str, target: &str, none: &Action) -> Result<Action, Wrong> {
        let (what, target) = (format!("transport.vfs.{what}"), format!("transport.vfs.{target}"));
        match self.text(&what) {
            Some("MOVE") => {}
            Some("NONE") => return Ok(none.clone()),
            _ => return Ok(Action::Delete),
        }
        // MI says so at its start and deletes the files.
        let message = format!("{target} undefined with {what}=MOVE");
        self.location(&target)?.map(Action::Move).ok_or_else(|| Wrong::new(&what, message))
    }

    fn format(&self, name: &str) -> Result<Option<SimpleDateFormat>, Wrong> {
        let parse = |text| {
            SimpleDateFormat::parse(text).map_err(|error| Wrong::new(name, format!("The parameter {name}: {error}")))
        };
        self.text(name).map(parse).transpose()
    }

    fn stale(&mut self) -> Option<StaleLock> {
        if !self.flag("transport.vfs.AutoLockRelease", false) {
            return None;
        }
        let age = self.duration("transport.vfs.AutoLockReleaseInterval", Duration::from_millis).unwrap_or_default();
        Some(StaleLock { age, own_only: self.flag("transport.vfs.LockReleaseSameNode", true) })
    }

    /// Without an order MI takes what the file system gives; names are as good and the same everywhere.
    fn order(&self) -> (Order, bool) {
        let order = match self.text("transport.vfs.FileSortAttribute") {
            Some("Name") => Order::Name,
            Some("Size") => Order::Size,
            Some("Lastmodifiedtimestamp") => Order::Modified,
            _ => return (Order::Name, false),
        };
        let text = self.text("transport.vfs.FileSortAscending");
        (order, text.is_some_and(|text| text.trim().eq_ignore_ascii_case("false")))
    }

    /// A number, which may have a fraction; below zero there is no limit.
    fn size_limit(&mut self) -> Option<u64> {
        let limit: f64 = self.number("transport.vfs.FileSizeLimit")?;
        // A file has a whole number of bytes; what is too large for the type limits nothing.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        (limit >= 0.0).then_some(limit as u64)
    }
}
