//! The file registry as mediation sees it.

use mi_mediation::environment::{Resource, Resources};
use mi_registry::FileRegistry;

/// See the module's documentation.
pub struct Registry(pub FileRegistry);

impl Resources for Registry {
    fn read(&self, key: &str) -> Option<Resource> {
        let found = self.0.read(key)?;
        Some(Resource { content: found.content, media_type: found.media_type, version: found.version })
    }

    fn property(&self, key: &str, name: &str) -> Option<String> {
        self.0.property(key, name)
    }

    fn write_property(&self, name: &str, value: &str) {
        let written = match name.split_once('@') {
            Some((path, property)) => self.0.set_property(path, property, value),
            None => self.0.write(name, value.as_bytes(), "text/plain"),
        };
        if let Err(error) = written {
            tracing::error!(
                target: "org.wso2.micro.integrator.registry.MicroIntegratorRegistry",
                "Cannot write the registry resource {name}: {error}"
            );
        }
    }

    fn store(&self, key: &str, content: &[u8], media_type: &str) -> Result<(), String> {
        self.0.write(key, content, media_type).map_err(|error| error.to_string())
    }
}
