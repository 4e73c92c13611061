//! Operations of connector libraries, `<email.send>` and its like (spec: EIP mediators 25): calls of the templates that a
//! library brings. Operations whose steps are Java and that run here all the same are in [`native`].

pub mod native;
mod parameter;
mod refused;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use mi_expression::ValueExpression;
use mi_payload::value::Value;

use super::call::source_target::{Kept, response_map};
use super::call_template::{self, XPathResults};
use crate::configuration::Configuration;
use crate::context::{MessageContext, Properties};
use crate::definition::syntax::nearest;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::import::LibraryOperation;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference, ReferenceKind, Step};
use crate::names::Name;
use crate::template::SequenceTemplate;
use parameter::Parameter;
use refused::{INSTEAD, Refused};

/// The parameter that names the variable for the answer.
const RESPONSE_VARIABLE: &str = "responseVariable";
/// The parameter that leaves the answer as the body.
const OVERWRITE_BODY: &str = "overwriteBody";
/// What the `init` of a connection sees the key of its local entry as.
const ENTRY_KEY: &str = "INIT_CONFIG_KEY";

/// A call of `<package>.<library>.<template>`.
struct ConnectorOperation {
    target: Name,
    library: LibraryOperation,
    connection: Option<Connection>,
    parameters: Vec<Parameter>,
    xpath: XPathResults,
    /// The local entry that it stands in, as the connection of others.
    entry: Option<Arc<str>>,
}

/// `configKey`: the entry with the call that comes before the operation.
enum Connection {
    Named(Name),
    Dynamic(ValueExpression),
}

/// Reads an operation of an imported library.
///
/// # Errors
/// When it needs a Java class, or an expression in it does not compile.
pub(super) fn parse(
    element: Element<'_>,
    library: LibraryOperation,
    definitions: &Definitions<'_>,
) -> Result<Box<dyn Mediator>, DeployError> {
    if let Some(class) = &library.class {
        let (operation, key) = (element.local(), library.key());
        let message = format!("The operation '{operation}' of the connector {key} is the Java class {class}");
        return Err(element.error(message).hint(INSTEAD));
    }
    Ok(Box::new(ConnectorOperation::parse(element, library, None, definitions)?))
}

/// The content of the local entry `key` as what operations run before them, when it is an operation of an imported library.
/// What is wrong with it is noted: the entry is one all the same, and the operations that need it fault.
pub(crate) fn connection(element: Element<'_>, key: &str, definitions: &Definitions<'_>) -> Option<MediatorList> {
    if !element.is_synapse() {
        return None;
    }
    let library = definitions.operation(element.local())?;
    if native::takes_connections_of(&library) {
        return None;
    }
    if let Some(class) = &library.class {
        definitions.warn(element, format!("the connection {key} needs the Java class {class} ({INSTEAD})"));
    }
    match ConnectorOperation::parse(element, library, Some(key.into()), definitions) {
        Ok(operation) => Some(MediatorList::new(vec![step(operation, element.line())])),
        Err(error) => {
            definitions.warn_of(&error, &format!("the connection {key} cannot be used"));
            None
        }
    }
}

/// The `class` mediator of a library's template.
pub(super) fn class_step(class: &str) -> Box<dyn Mediator> {
    Box::new(Refused::class(class))
}

/// A step that faults with this message.
pub(crate) fn fails(message: String, line: u32) -> Step {
    step(Refused::with(message), line)
}

fn step(mediator: impl Mediator, line: u32) -> Step {
    Step { nature: mediator.nature(), mediator: Box::new(mediator), line }
}

impl ConnectorOperation {
    fn parse(
        element: Element<'_>,
        library: LibraryOperation,
        entry: Option<Arc<str>>,
        definitions: &Definitions<'_>,
    ) -> Result<Self, DeployError> {
        let key = element.non_empty("configKey").and(element.value("configKey")?);
        let connection = key.map(|value| match value.literal() {
            Some(key) => Connection::Named(Name::new(key)),
            None => Connection::Dynamic(value),
        });
        Ok(Self {
            target: Name::new(&format!("{}.{}", library.package, element.local())),
            library,
            connection,
            parameters: element.children().map(Parameter::parse).collect::<Result<_, _>>()?,
            xpath: XPathResults::of(definitions),
            entry,
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let template = context.configuration.templates.get(&self.target).cloned();
        let template =
            template.ok_or_else(|| Fault::new(format!("Sequence template {} cannot be found", self.target)))?;
        if self.connect(context).await? == Flow::Stop {
            return Ok(Flow::Stop);
        }
        let bound = self.bind(&template, context)?;
        let response = self.text(RESPONSE_VARIABLE, context)?.filter(|name| !name.is_empty());
        let overwrite = self.text(OVERWRITE_BODY, context)?.is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let kept = match &response {
            Some(_) if !overwrite => Some(Kept::of(context)?),
            _ => None,
        };
        let flow = call_template::run(&template, bound, None, context).await?;
        let Some(name) = response.filter(|_| flow == Flow::Continue) else { return Ok(flow) };
        context.build().await?;
        let map = response_map(context, !overwrite)?;
        context.variables.set(name, map);
        if let Some(kept) = kept {
            kept.put_back(context);
        }
        Ok(flow)
    }

    /// Runs what `configKey` names.
    async fn connect(&self, context: &mut MessageContext) -> Mediation {
        let (key, list) = match &self.connection {
            None => return Ok(Flow::Continue),
            Some(Connection::Named(name)) => {
                let entry = context.configuration.local_entries.get(name);
                let known = entry.and_then(|entry| entry.connection.clone());
                (name.as_str().to_owned(), known.or_else(|| context.configuration.connection(name.as_str())))
            }
            Some(Connection::Dynamic(value)) => {
                let key = value.evaluate(context)?.unwrap_or_default().into_owned();
                let list = context.configuration.connection(&key);
                (key, list)
            }
        };
        let list = list.ok_or_else(|| Fault::new(format!("Sequence named {key} cannot be found")))?;
        list.run_async(context).await
    }

    fn bind(&self, template: &SequenceTemplate, context: &MessageContext) -> Result<Properties, Fault> {
        let mut passed = Properties::default();
        for parameter in &self.parameters {
            if let Some(value) = parameter.evaluate(self.xpath, context)? {
                passed.set(parameter.name.clone(), value);
            }
        }
        let mut bound = template.bind(passed)?;
        if let Some(entry) = self.entry.as_ref().filter(|_| template.name.as_str() == "init") {
            bound.set(ENTRY_KEY, Value::String(entry.clone()));
        }
        Ok(bound)
    }

    /// The text of a parameter.
    fn text(&self, name: &str, context: &MessageContext) -> Result<Option<String>, Fault> {
        let Some(parameter) = self.parameters.iter().rfind(|parameter| *parameter.name == *name) else {
            return Ok(None);
        };
        Ok(parameter.evaluate(self.xpath, context)?.map(|value| value.string_value().into_owned()))
    }

    fn passes(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| *parameter.name == *name && !parameter.is_empty())
    }

    /// What is wrong with the call, as far as the library tells.
    fn problems(&self, configuration: &Configuration) -> Vec<String> {
        let operation = self.target.as_str().strip_prefix(&*self.library.package).unwrap_or_default();
        let operation = operation.trim_start_matches('.');
        let Some(template) = configuration.templates.get(&self.target) else {
            let prefix = format!("{}.{}.", self.library.package, self.library.library);
            let mut known: Vec<_> =
                configuration.templates.iter().filter_map(|(name, _)| name.strip_prefix(&prefix)).collect();
            known.sort_unstable();
            let key = self.library.key();
            if known.is_empty() {
                return vec![format!("{operation}: the library {key} is not deployed, or its import is not enabled")];
            }
            let wanted = operation.strip_prefix(&*self.library.library).unwrap_or_default().trim_start_matches('.');
            let hint = match nearest(wanted, known.iter().copied()) {
                Some(name) => format!("did you mean '{}.{name}'?", self.library.library),
                None => format!("it has {}", known.join(", ")),
            };
            return vec![format!("{operation}: the library {key} has no such operation ({hint})")];
        };
        let missing =
            template.parameters.iter().filter(|parameter| parameter.mandatory && !self.passes(&parameter.name));
        let mut problems: Vec<_> = missing
            .map(|parameter| format!("{operation}: the mandatory parameter '{}' is missing", parameter.name))
            .collect();
        let known = |name: &str| {
            matches!(name, RESPONSE_VARIABLE | OVERWRITE_BODY)
                || template.parameters.iter().any(|parameter| *parameter.name == *name)
        };
        for parameter in self.parameters.iter().filter(|parameter| !known(&parameter.name)) {
            let hint = match nearest(&parameter.name, template.parameters.iter().map(|known| &*known.name)) {
                Some(name) => format!(" (did you mean '{name}'?)"),
                None => String::new(),
            };
            problems.push(format!("{operation} has no parameter '{}'{hint}", parameter.name));
        }
        problems
    }
}

impl Mediator for ConnectorOperation {
    fn name(&self) -> &'static str {
        "connector operation"
    }

    fn nature(&self) -> Nature {
        let answers = [RESPONSE_VARIABLE, OVERWRITE_BODY].iter().any(|name| self.passes(name));
        let key = matches!(&self.connection, Some(Connection::Dynamic(value)) if value.is_content_aware());
        let content_aware = answers || key || self.parameters.iter().any(Parameter::is_content_aware);
        Nature { content_aware, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn prepare(&self, configuration: &Configuration) -> Result<(), String> {
        let problems = self.problems(configuration);
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    }

    fn references(&self) -> Vec<Reference> {
        match &self.connection {
            Some(Connection::Named(name)) => {
                vec![Reference { kind: ReferenceKind::Entry, name: name.as_str().to_owned() }]
            }
            _ => Vec::new(),
        }
    }
}
