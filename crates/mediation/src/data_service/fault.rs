//! What goes wrong with a request to a data service, as MI says it (spec: runtime 8.3).

use std::fmt;

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
    /// The database refused the statement.
    Database,
    /// A parameter is not what its validator allows.
    Validation,
    /// A parameter is missing, or no value of its type.
    IncompatibleParameters,
    /// Anything else.
    Unknown,
}

impl FaultCode {
    /// The code as MI writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "DATABASE_ERROR",
            Self::Validation => "VALIDATION_ERROR",
            Self::IncompatibleParameters => "INCOMPATIBLE_PARAMETERS_ERROR",
            Self::Unknown => "UNKNOWN_ERROR",
        }
    }
}

/// The data service that a fault comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FaultSource {
    /// Its name.
    pub name: String,
    /// Its file, from the folder `dataservices` on.
    pub location: String,
    /// Its description.
    pub description: Option<String>,
    /// The namespace of its results.
    pub default_namespace: String,
}

/// What went wrong with a request. Its text is MI's message, one item a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataServiceFault {
    /// What kind it is.
    pub code: FaultCode,
    /// What happened.
    pub message: Option<String>,
    /// What came with the request, as `{name=value, …}`; `None` when it is not to be shown.
    pub parameters: Option<String>,
    /// The request.
    pub request: Option<String>,
    /// The reason, as Java shows an exception.
    pub nested: Option<String>,
    /// Where.
    pub source: Option<Box<FaultSource>>,
    /// What the request was for.
    pub phase: Phase,
}

/// How far a request had come. MI's fault has another one around it for each but the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// It was not executed yet.
    #[default]
    Before,
    /// It was executed for its result.
    Result,
    /// It was executed and has no result.
    NoResult,
}

impl DataServiceFault {
    /// A fault that nothing but its message is known of.
    pub fn new(code: FaultCode, message: impl Into<Option<String>>) -> Self {
        Self {
            code,
            message: message.into(),
            parameters: None,
            request: None,
            nested: None,
            source: None,
            phase: Phase::Before,
        }
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, nested: impl Into<String>) -> Self {
        self.nested = Some(nested.into());
        self
    }

    /// The elements of the fault's detail, in MI's order. An inner `None` is an empty element.
    pub fn details(&self) -> Vec<(&'static str, Detail<'_>)> {
        let text = |text: &'_ Option<String>| Detail::Text(text.clone());
        let source = match &self.source {
            Some(source) => Detail::Source(source),
            None => Detail::Text(None),
        };
        vec![
            ("current_params", text(&self.parameters)),
            ("current_request_name", text(&self.request)),
            ("nested_exception", text(&self.nested)),
            ("source_data_service", source),
            ("ds_code", Detail::Text(Some(self.code.as_str().to_owned()))),
        ]
    }
}

/// An element of a fault's detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail<'a> {
    /// With a text.
    Text(Option<String>),
    /// With the parts of the data service.
    Source(&'a FaultSource),
}

impl FaultSource {
    /// Its parts, in MI's order.
    pub fn parts(&self) -> [(&'static str, &str); 4] {
        [
            ("location", &self.location),
            ("default_namespace", &self.default_namespace),
            ("description", self.description.as_deref().unwrap_or("N/A")),
            ("data_service_name", &self.name),
        ]
    }
}

impl DataServiceFault {
    fn write_inner(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(message) = &self.message {
            writeln!(f, "DS Fault Message: {message}")?;
        }
        if let Some(parameters) = &self.parameters {
            writeln!(f, "Current Params: {parameters}")?;
        }
        if let Some(request) = &self.request {
            writeln!(f, "Current Request Name: {request}")?;
        }
        if let Some(nested) = &self.nested {
            writeln!(f, "Nested Exception:-\n{nested}")?;
        }
        if let Some(source) = &self.source {
            writeln!(f, "Source Data Service:-\nName: {}\nLocation: {}", source.name, source.location)?;
            writeln!(f, "Description: {}", source.description.as_deref().unwrap_or("N/A"))?;
            writeln!(f, "Default Namespace: {}", source.default_namespace)?;
        }
        writeln!(f, "DS Code: {}", self.code.as_str())
    }
}

impl fmt::Display for DataServiceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let around = match self.phase {
            Phase::Before => return self.write_inner(f),
            Phase::Result => "",
            Phase::NoResult => "DS Fault Message: Error in DS non result invoke.\n",
        };
        write!(f, "{around}Nested Exception:-\njavax.xml.stream.XMLStreamException: ")?;
        self.write_inner(f)?;
        writeln!(f, "\nDS Code: {}", self.code.as_str())
    }
}

impl std::error::Error for DataServiceFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_one_item_a_line() {
        let mut fault =
            DataServiceFault::new(FaultCode::Database, "it fails".to_owned()).because("java.sql.SQLException: no");
        assert_eq!(
            fault.to_string(),
            "DS Fault Message: it fails\nNested Exception:-\njava.sql.SQLException: no\nDS Code: DATABASE_ERROR\n"
        );
        fault.parameters = Some("{id=1}".to_owned());
        fault.request = Some("get".to_owned());
        fault.source = Some(Box::new(FaultSource {
            name: "S".to_owned(),
            location: "/S.dbs".to_owned(),
            description: None,
            default_namespace: "urn:s".to_owned(),
        }));
        assert_eq!(
            fault.to_string(),
            "DS Fault Message: it fails\nCurrent Params: {id=1}\nCurrent Request Name: get\n\
             Nested Exception:-\njava.sql.SQLException: no\nSource Data Service:-\nName: S\nLocation: /S.dbs\n\
             Description: N/A\nDefault Namespace: urn:s\nDS Code: DATABASE_ERROR\n"
        );
        fault.phase = Phase::NoResult;
        let text = fault.to_string();
        let begin = "DS Fault Message: Error in DS non result invoke.\nNested Exception:-\n\
                     javax.xml.stream.XMLStreamException: DS Fault Message: it fails\n";
        assert!(
            text.starts_with(begin) && text.ends_with("DS Code: DATABASE_ERROR\n\nDS Code: DATABASE_ERROR\n"),
            "{text}"
        );
        let names: Vec<_> = fault.details().into_iter().map(|(name, _)| name).collect();
        let expected = ["current_params", "current_request_name", "nested_exception", "source_data_service", "ds_code"];
        assert_eq!(names, expected);
    }
}
