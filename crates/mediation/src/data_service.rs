//! Data services, as requests and flows see them (spec: runtime part 8). This crate knows no SQL: what a data service is
//! stands in the crate that implements [`DataService`].

mod description;
mod fault;

use std::fmt;
use std::sync::Arc;

use mi_payload::XmlFragment;
use mi_xml::{Document, NodeId};

use crate::definition::{Definitions, DeployError, Element};
use crate::mediator::BoxFuture;

pub use description::{Description, ParamDescription, QueryDescription, RequestDescription, SourceDescription};
pub use fault::{DataServiceFault, Detail, FaultCode, FaultSource, Phase};

/// The namespace of what data services say by themselves: faults, request status, request boxes.
pub const NAMESPACE: &str = "http://ws.wso2.org/dataservice";

/// The namespace of `xsi:nil`, which NULL is.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The request that is a box of requests.
pub const REQUEST_BOX: &str = "request_box";

/// Reads the definitions of data services.
pub trait DataServices: Send + Sync {
    /// The data service that a `data` element defines.
    ///
    /// # Errors
    /// What is wrong with it, what it asks for that is not here, or a database that cannot be used.
    fn read(&self, element: Element<'_>, definitions: &Definitions<'_>) -> Result<Arc<dyn DataService>, DeployError>;
}

/// A server without data services.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDataServices;

impl DataServices for NoDataServices {
    fn read(&self, element: Element<'_>, _definitions: &Definitions<'_>) -> Result<Arc<dyn DataService>, DeployError> {
        Err(element.error("there are no data services here"))
    }
}

/// A data service that is deployed.
pub trait DataService: Send + Sync + fmt::Debug {
    /// Its name, which is its path below `/services`.
    fn name(&self) -> &str;

    /// Whether it takes requests over HTTP or, when `secure`, over HTTPS.
    fn is_reachable(&self, secure: bool) -> bool;

    /// The request of a method and a path below the service, and the values in the path. `path` has no query and no
    /// slash at its beginning; it is as it came, and so are the values.
    fn resource(&self, method: &str, path: &str) -> Option<(&str, Vec<(String, String)>)>;

    /// Whether there is a request of this name.
    fn has(&self, request: &str) -> bool;

    /// Its WSDL 1.1, for clients that reach it at `address`.
    fn wsdl(&self, address: &str) -> String;

    /// What it consists of.
    fn describe(&self) -> Description;

    /// Executes a request.
    fn call<'a>(&'a self, request: DataRequest<'a>) -> BoxFuture<'a, Result<DataAnswer, DataServiceFault>>;
}

/// A request to a data service.
#[derive(Debug, Clone, Default)]
pub struct DataRequest<'a> {
    /// Its name: an operation's, or a resource's such as `_getstudent_id`.
    pub name: &'a str,
    /// The element whose children are parameters, rows of a batch, or requests of a box.
    pub input: Option<(&'a Document, NodeId)>,
    /// Parameters that came in the path and the query; those of `input` count before them.
    pub parameters: Vec<(String, String)>,
    /// Parameters that nobody gave and that have no default are NULL: so it is for requests without a body.
    pub missing_is_null: bool,
    /// Whether the answer is to be JSON.
    pub json: bool,
}

/// What a data service answers.
#[derive(Debug)]
pub enum DataAnswer {
    /// The request has no result.
    Nothing,
    /// An element.
    Xml(Box<XmlFragment>),
    /// JSON text.
    Json(String),
}
