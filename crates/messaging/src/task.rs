//! `<task>`: its reading (spec: tasks 1.1 and 1.2).

use mi_mediation::{Definitions, DeployError, Element};
use mi_scheduling::{TaskDefinition, Trigger};

use crate::injector::MessageInjector;

/// The class that is built in, and the only one that can run here.
const INJECTOR: &str = "org.apache.synapse.startup.tasks.MessageInjector";

/// A scheduled task.
#[derive(Debug)]
pub struct TaskArtifact {
    /// Name, group, trigger, pinned servers.
    pub definition: TaskDefinition,
    /// What it does.
    pub injector: MessageInjector,
}

impl TaskArtifact {
    /// Reads a task.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "Name for a task is required, missing name in the task")?;
        if let Some(class) = element.non_empty("class").filter(|class| *class != INJECTOR) {
            let error = element.attribute_error("class", format!("Failed to load task class {class}"));
            return Err(error.hint(format!("Java classes cannot run here; {INJECTOR} is built in")));
        }
        let attribute = |name: &str| -> Result<Option<String>, DeployError> {
            let Some(trigger) = element.child("trigger") else { return Ok(None) };
            trigger.attribute(name).map(|value| definitions.resolve(trigger, value)).transpose()
        };
        let (count, once) = (attribute("count")?, attribute("once")?);
        let (interval, cron) = (attribute("interval")?, attribute("cron")?);
        let trigger = Trigger::from_attributes(count.as_deref(), once.as_deref(), interval.as_deref(), cron.as_deref());
        let trigger = trigger.map_err(|error| element.child("trigger").unwrap_or(element).error(error.to_string()))?;
        let mut definition = TaskDefinition::new(name, trigger);
        definition.group = element.attribute("group").map(str::to_owned);
        if let Some(pinned) = element.non_empty("pinnedServers") {
            definition.pinned_servers = TaskDefinition::pinned(&definitions.resolve(element, pinned)?);
        }
        Ok(Self { definition, injector: MessageInjector::parse(element, definitions)? })
    }
}
