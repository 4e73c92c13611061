//! `data`: a data service as its file defines it (spec: runtime 8.1).

use mi_mediation::data_service::NAMESPACE;
use mi_mediation::{Definitions, DeployError, Element};

use super::{CallQuery, Config, Generated, Query, Request, child, children, is_true};

/// A data service, read and checked, without its databases.
#[derive(Debug, Clone)]
pub struct Definition {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) group: String,
    /// The namespace of its operations.
    pub(crate) service_namespace: String,
    /// The namespace of its results.
    pub(crate) default_namespace: String,
    /// Where faults say that it is.
    pub(crate) location: String,
    pub(crate) http: bool,
    pub(crate) https: bool,
    pub(crate) is_active: bool,
    /// It has requests that are boxes of others.
    pub(crate) boxes: bool,
    pub(crate) configs: Vec<Config>,
    pub(crate) queries: Vec<Query>,
    pub(crate) requests: Vec<Request>,
    /// Faults do not show what came with the request.
    pub(crate) hides_parameters: bool,
}

impl Definition {
    /// Reads a `data` element.
    ///
    /// # Errors
    /// What is wrong with it, or what it asks for that is not here.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name =
            element.required("name", "Service group cannot be determined for the data service: it has no name")?;
        let service_namespace = element.non_empty("serviceNamespace").unwrap_or(NAMESPACE);
        let default_namespace = element.non_empty("baseURI").unwrap_or(service_namespace);
        look_at_the_rest(element, definitions)?;
        let transports: Vec<_> = element.attribute("transports").unwrap_or_default().split_whitespace().collect();
        let open = |transport: &str| transports.is_empty() || transports.contains(&transport);
        let mut definition = Self {
            name: name.to_owned(),
            description: child(element, "description").map(Element::text),
            group: element.non_empty("serviceGroup").unwrap_or(name).to_owned(),
            service_namespace: service_namespace.to_owned(),
            default_namespace: default_namespace.to_owned(),
            location: format!("/{}", element.file().rsplit('/').next().unwrap_or_default()),
            http: open("http"),
            https: open("https"),
            is_active: element.attribute("serviceStatus") != Some("inactive"),
            boxes: is_true(element, "enableBoxcarring"),
            configs: Vec::new(),
            queries: Vec::new(),
            requests: Vec::new(),
            hides_parameters: definitions
                .environment
                .system_property("dss.disable.current.params")
                .is_some_and(|value| value.eq_ignore_ascii_case("true")),
        };
        for config in children(element, "config") {
            definition.configs.push(Config::parse(config, definitions)?);
        }
        for query in children(element, "query") {
            definition.add_query(query, definitions)?;
        }
        for request in element.children() {
            let request = match request.local() {
                "operation" => Request::operation(request)?,
                "resource" => Request::resource(request)?,
                _ => continue,
            };
            definition.add_request(request)?;
        }
        if element.non_empty("publishSwagger").is_some()
            && definition.requests.iter().all(|request| request.resource.is_none())
        {
            let message = "Cannot expose a swagger from a data-service which does not have any resources defined";
            return Err(element.attribute_error("publishSwagger", message));
        }
        definition.link()?;
        if is_true(element, "enableBatchRequests") {
            definition.add_batches();
        }
        Ok(definition)
    }

    fn add_query(&mut self, element: Element<'_>, definitions: &Definitions<'_>) -> Result<(), DeployError> {
        let id = element.attribute("useConfig").unwrap_or("default");
        let Some(config) = self.configs.iter().position(|config| config.id == id) else {
            let known: Vec<_> = self.configs.iter().map(|config| config.id.as_str()).collect();
            let error = element.attribute_error("useConfig", format!("Invalid configId: {id}"));
            return Err(error.hint(format!("there is a config for {}", known.join(", "))));
        };
        let query = Query::parse(element, config, &self.default_namespace, definitions)?;
        // The last of one id counts, as in MI.
        self.queries.retain(|known| known.id != query.id);
        self.queries.push(query);
        Ok(())
    }

    fn add_request(&mut self, request: Request) -> Result<(), DeployError> {
        self.requests.retain(|known| known.name != request.name);
        self.requests.push(request);
        Ok(())
    }

    /// Finds the queries that are called, and checks the calls.
    fn link(&mut self) -> Result<(), DeployError> {
        let ids: Vec<_> = self.queries.iter().map(|query| query.id.clone()).collect();
        let found = |call: &CallQuery| {
            let found = ids.iter().position(|id| *id == call.href);
            found.ok_or_else(|| {
                let message = format!("Query with the query id: '{}' cannot be found", call.href);
                call.place.error(message).hint(format!("there is {}", ids.join(", ")))
            })
        };
        for query in &mut self.queries {
            for call in query.result.iter_mut().flat_map(|result| result.calls_mut()) {
                call.query = found(call)?;
            }
        }
        for request in &mut self.requests {
            request.call.query = found(&request.call)?;
        }
        for request in &self.requests {
            self.check(request)?;
        }
        self.refuse_circles()
    }

    fn check(&self, request: &Request) -> Result<(), DeployError> {
        let Some(query) = self.queries.get(request.call.query) else { return Ok(()) };
        for with in &request.call.with {
            if !query.params.iter().any(|param| *param.name == *with.name) {
                let message = format!(
                    "with-param with name: {} doesn't exist in query with id: {} as referenced by the \
                     operation/resource: {}",
                    with.name, query.id, request.name
                );
                return Err(request.call.place.error(message));
            }
        }
        if query.result.as_ref().is_some_and(|result| result.element.is_none()) {
            let message = format!(
                "The request '{}' contains the query with id '{}' contains an XML result with no element wrapper.",
                request.name, query.id
            );
            return Err(query.place.error(message));
        }
        Ok(())
    }

    /// A query whose result calls itself, by whatever way, would never end.
    fn refuse_circles(&mut self) -> Result<(), DeployError> {
        let calls: Vec<Vec<usize>> = self
            .queries
            .iter_mut()
            .map(|query| query.result.iter_mut().flat_map(|result| result.calls_mut()).map(|call| call.query).collect())
            .collect();
        for (start, query) in self.queries.iter().enumerate() {
            let mut seen = vec![false; calls.len()];
            let mut open = calls.get(start).cloned().unwrap_or_default();
            while let Some(next) = open.pop() {
                if next == start {
                    return Err(query.place.error(format!("The query '{}' calls itself", query.id)));
                }
                if let Some(seen) = seen.get_mut(next).filter(|seen| !**seen) {
                    *seen = true;
                    open.extend(calls.get(next).into_iter().flatten());
                }
            }
        }
        Ok(())
    }

    /// Adds the requests that are batches of others: of those with parameters and without result, or with generated keys.
    fn add_batches(&mut self) {
        let fits = |request: &&Request| {
            let query = self.queries.get(request.call.query);
            !request.call.with.is_empty()
                && query.is_some_and(|query| query.result.is_none() || matches!(query.generated, Generated::Keys(_)))
        };
        let batches: Vec<_> = self.requests.iter().filter(fits).map(Request::batch).collect();
        self.requests.extend(batches);
    }
}

/// Refuses or warns of what a data service can ask for and is not here.
fn look_at_the_rest(element: Element<'_>, definitions: &Definitions<'_>) -> Result<(), DeployError> {
    for child in element.children() {
        let (what, instead) = match child.local() {
            "event-trigger" => ("event triggers", "send the event from a flow that calls the data service"),
            "policy" | "enableSec" => ("WS-Security", "put a proxy service or API in front that checks who asks"),
            "authorization_provider" => {
                definitions
                    .warn(child, "nobody signs in to data services here: the authorization provider is not asked");
                continue;
            }
            "config" | "query" | "operation" | "resource" | "description" => continue,
            _ => {
                definitions.warn(child, format!("<{}> changes nothing here", child.local()));
                continue;
            }
        };
        let message = format!("<{}> asks for {what}, which this server does not have", child.local());
        return Err(child.error(message).hint(instead));
    }
    if element.non_empty("publishSwagger").is_some() {
        definitions
            .warn(element, "publishSwagger changes nothing here: ?swagger.json of data services is not in this server");
    }
    if element.non_empty("txManagerJNDIName").is_some() {
        definitions.warn(element, "txManagerJNDIName changes nothing: transactions are those of the databases");
    }
    if is_true(element, "enableBoxcarring") && !is_true(element, "disableLegacyBoxcarringMode") {
        definitions.warn(
            element,
            "begin_boxcar, end_boxcar and abort_boxcar are not in this server; request_box does the same in one request",
        );
    }
    Ok(())
}
