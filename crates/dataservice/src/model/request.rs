//! Operations and resources, and the calls of queries (spec: runtime 8.1 and 8.2).

use mi_mediation::{DeployError, Element};

use super::{Place, child, children, is_ncname, is_true, refuse};

/// What is appended to a request's name for a batch.
const BATCH: &str = "_batch_req";

/// An operation or a resource.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The operation's name, or what a resource is called: `_getstudent_id`.
    pub(crate) name: String,
    /// Method and path of a resource.
    pub(crate) resource: Option<(String, String)>,
    pub(crate) call: CallQuery,
    pub(crate) returns_status: bool,
}

/// A call of a query.
#[derive(Debug, Clone)]
pub(crate) struct CallQuery {
    /// The query's name.
    pub(crate) href: String,
    /// The query, once all are known.
    pub(crate) query: usize,
    pub(crate) with: Vec<WithParam>,
    pub(crate) place: Place,
}

/// `with-param`: where a parameter of the query gets its value from.
#[derive(Debug, Clone)]
pub(crate) struct WithParam {
    /// The parameter.
    pub(crate) name: String,
    /// The source, as it is written.
    pub(crate) original: String,
    /// The source in lower case, as it is looked up.
    pub(crate) source: String,
    /// It is a column of the row, else a parameter of the request; the other one counts where there is no such.
    pub(crate) from_column: bool,
}

impl Request {
    pub(crate) fn operation(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "An operation needs a name")?;
        if !is_ncname(name) {
            return Err(
                element.attribute_error("name", format!("Invalid operation name: '{name}', must be an NCName."))
            );
        }
        Self::parse(element, name.to_owned(), None)
    }

    pub(crate) fn resource(element: Element<'_>) -> Result<Self, DeployError> {
        let path = element.required("path", "A resource needs a path")?;
        let method = element.required("method", "A resource needs a method")?.to_uppercase();
        Self::parse(element, request_name(&method, path), Some((method, path.to_owned())))
    }

    fn parse(element: Element<'_>, name: String, resource: Option<(String, String)>) -> Result<Self, DeployError> {
        refuse(element, "requiredRoles", "roles of users", "check them before the call, in a flow")?;
        let call = child(element, "call-query")
            .or_else(|| child(element, "call-query-group").and_then(|group| child(group, "call-query")));
        let call = call.ok_or_else(|| element.error(format!("The request '{name}' calls no query")))?;
        Ok(Self {
            call: CallQuery::parse(call)?,
            resource,
            returns_status: is_true(element, "returnRequestStatus"),
            name,
        })
    }

    /// The same for a batch.
    pub(crate) fn batch(&self) -> Self {
        let resource = self.resource.as_ref().map(|(method, path)| {
            let path = match path.strip_suffix('/') {
                Some(path) => format!("{path}{BATCH}/"),
                None => format!("{path}{BATCH}"),
            };
            (method.clone(), path)
        });
        let name = match &resource {
            Some((method, path)) => request_name(method, path),
            None => format!("{}{BATCH}", self.name),
        };
        Self { name, resource, ..self.clone() }
    }

    /// The values in a path that is one of this resource's.
    pub(crate) fn matches(&self, method: &str, path: &str) -> Option<Vec<(String, String)>> {
        let (own_method, own_path) = self.resource.as_ref()?;
        if own_method != method {
            return None;
        }
        let parts = |path: &'_ str| path.trim_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
        let (template, given) = (parts(own_path), parts(path));
        if template.len() != given.len() {
            return None;
        }
        let mut values = Vec::new();
        for (part, given) in template.iter().zip(&given) {
            match part.split_once('{') {
                Some((before, rest)) => {
                    let (name, after) = rest.split_once('}')?;
                    let value = given.strip_prefix(before)?.strip_suffix(after)?;
                    if value.is_empty() {
                        return None;
                    }
                    values.push((name.to_owned(), value.to_owned()));
                }
                None if part == given => {}
                None => return None,
            }
        }
        Some(values)
    }
}

/// What a resource is called as a request.
fn request_name(method: &str, path: &str) -> String {
    format!("_{method}{}", path.replace('/', "_").replace(['{', '}'], "")).to_lowercase()
}

impl CallQuery {
    pub(crate) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        refuse(element, "requiredRoles", "roles of users", "check them before the call, in a flow")?;
        let href = element.required("href", "A call-query needs a href: the id of the query")?.to_owned();
        let mut with: Vec<WithParam> = Vec::new();
        for child in children(element, "with-param") {
            let param = WithParam::parse(child)?;
            // The last of one name counts, as in MI.
            with.retain(|known| known.name != param.name);
            with.push(param);
        }
        Ok(Self { href, query: 0, with, place: Place::of(element) })
    }
}

impl WithParam {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "A with-param needs a name")?.trim();
        let (from_column, original) = match (element.attribute("column"), element.attribute("query-param")) {
            (Some(column), _) => (true, column),
            (None, Some(param)) => (false, param.trim()),
            (None, None) => {
                let error = element.error(format!("Invalid param type in with-param element '{name}'"));
                return Err(error.hint("it needs a query-param or a column"));
            }
        };
        if !from_column && !is_ncname(original) {
            let message = format!("Invalid query param name: '{original}', must be an NCName.");
            return Err(element.attribute_error("query-param", message));
        }
        let source = original.to_lowercase();
        Ok(Self { name: name.to_owned(), original: original.to_owned(), source, from_column })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_have_names_as_requests() {
        for (method, path, name) in [
            ("POST", "product", "_postproduct"),
            ("GET", "product/{productCode}", "_getproduct_productcode"),
            ("DELETE", "/a/b/", "_delete_a_b_"),
        ] {
            assert_eq!(request_name(method, path), name);
        }
    }
}
