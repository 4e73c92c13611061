//! The parameters of a `file` endpoint.

use std::time::Duration;

use fancy_regex::Regex;
use mi_mediation::{Definitions, DeployError, regex};
use mi_payload::java::SimpleDateFormat;

use super::super::parameters::Parameters;
use super::locations::Location;

/// See the module's documentation. Names are those of the parameters without `transport.vfs.`.
#[derive(Debug)]
pub struct FileSettings {
    /// `interval`: from one look to the next.
    pub interval: Duration,
    /// `sequential` (true): the next file waits until this one has been mediated.
    pub sequential: bool,
    /// `coordination` (true): in a cluster one node looks; otherwise every node does.
    pub coordinated: bool,
    /// `FileURI`: a file, or a folder of files.
    pub location: Location,
    /// `ContentType`; by the file's extension when there is none.
    pub content_type: Option<String>,
    /// `FileNamePattern`: which names count; all without one.
    pub pattern: Option<Regex>,
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
    /// `FileSizeLimit`: larger files stay, in bytes.
    pub size_limit: Option<u64>,
    /// `UpdateLastModified` (true): a file that is copied to another file system gets the present as its time.
    pub update_modified: bool,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
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

impl FileSettings {
    pub(in super::super) fn read(
        endpoint: &str,
        parameters: &Parameters<'_>,
        definitions: &Definitions<'_>,
    ) -> Result<Self, DeployError> {
        let interval = parameters.text("interval").unwrap_or_default().trim().parse::<u64>();
        let interval = interval.map_err(|_| {
            let error = parameters.error("interval", "Invalid numeric value for interval.");
            error.hint("the parameter interval is a number of milliseconds")
        })?;
        let Some(location) = read_location(parameters, "transport.vfs.FileURI")? else {
            return Err(parameters.error(
                "transport.vfs.FileURI",
                format!(
                    "Invalid file url. Check the inbound endpoint configuration. Endpoint Name : {endpoint}, File URL : null"
                ),
            ));
        };
        let action = |what: &str, target: &str| -> Result<Action, DeployError> {
            let what = format!("transport.vfs.{what}");
            let target = format!("transport.vfs.{target}");
            if parameters.text(&what) != Some("MOVE") {
                return Ok(Action::Delete);
            }
            // MI says so at its start and deletes the files.
            let message = format!("{target} undefined with {what}=MOVE");
            read_location(parameters, &target)?.map(Action::Move).ok_or_else(|| parameters.error(&what, message))
        };
        let pattern = |text: &str| {
            regex::whole(text).map_err(|reason| {
                let message = format!("The parameter transport.vfs.FileNamePattern: {reason}");
                parameters.error("transport.vfs.FileNamePattern", message)
            })
        };
        let format = |name: &str| -> Result<Option<SimpleDateFormat>, DeployError> {
            let Some(text) = parameters.text(name) else { return Ok(None) };
            let parsed = SimpleDateFormat::parse(text);
            parsed.map(Some).map_err(|error| parameters.error(name, format!("The parameter {name}: {error}")))
        };
        let (order, descending) = order(parameters);
        Ok(Self {
            interval: Duration::from_millis(interval),
            sequential: parameters.flag("sequential", true),
            coordinated: parameters.flag("coordination", true),
            location,
            content_type: parameters.text("transport.vfs.ContentType").map(str::trim).map(str::to_owned),
            pattern: parameters.text("transport.vfs.FileNamePattern").map(pattern).transpose()?,
            after_process: action("ActionAfterProcess", "MoveAfterProcess")?,
            after_failure: action("ActionAfterFailure", "MoveAfterFailure")?,
            move_timestamp: format("transport.vfs.MoveTimestampFormat")?,
            folder_timestamp: format("transport.vfs.SubFolderTimestampFormat")?,
            create_folder: parameters.flag("transport.vfs.CreateFolder", false),
            locking: !parameters.text("transport.vfs.Locking").is_some_and(|text| text.eq_ignore_ascii_case("disable")),
            stale: parameters.flag("transport.vfs.AutoLockRelease", false).then(|| StaleLock {
                age: parameters.millis("transport.vfs.AutoLockReleaseInterval", definitions).unwrap_or_default(),
                own_only: parameters.flag("transport.vfs.LockReleaseSameNode", true),
            }),
            order,
            descending,
            pause: parameters.millis("transport.vfs.FileProcessInterval", definitions),
            most: parameters.lenient("transport.vfs.FileProcessCount", definitions),
            rest: parameters.millis("transport.vfs.waitTimeBeforeRead", definitions),
            size_limit: size_limit(parameters, definitions),
            update_modified: parameters.flag("transport.vfs.UpdateLastModified", true),
        })
    }

    /// Whether a file of this name counts.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| regex::matches(pattern, name))
    }
}

fn read_location(parameters: &Parameters<'_>, name: &str) -> Result<Option<Location>, DeployError> {
    let parse =
        |text| Location::parse(text).map_err(|error| parameters.error(name, format!("The parameter {name}: {error}")));
    parameters.text(name).map(parse).transpose()
}

/// Without an order MI takes what the file system gives; names are as good and the same everywhere.
fn order(parameters: &Parameters<'_>) -> (Order, bool) {
    let order = match parameters.text("transport.vfs.FileSortAttribute") {
        Some("Name") => Order::Name,
        Some("Size") => Order::Size,
        Some("Lastmodifiedtimestamp") => Order::Modified,
        _ => return (Order::Name, false),
    };
    let text = parameters.text("transport.vfs.FileSortAscending");
    (order, text.is_some_and(|text| text.trim().eq_ignore_ascii_case("false")))
}

/// A number, which may have a fraction; below zero there is no limit.
fn size_limit(parameters: &Parameters<'_>, definitions: &Definitions<'_>) -> Option<u64> {
    let limit: f64 = parameters.lenient("transport.vfs.FileSizeLimit", definitions)?;
    // A file has a whole number of bytes; what is too large for the type limits nothing.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (limit >= 0.0).then_some(limit as u64)
}
