//! The home folder: where things are in it.

use std::path::{Path, PathBuf};

/// The home folder of a server, its own layout or that of a WSO2 product.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// `given`, else the folder above the one that the binary is in.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn find(given: Option<&Path>) -> Result<Self, String> {
        let root = match given {
            Some(given) => given.to_owned(),
            None => {
                let binary = std::env::current_exe().map_err(|error| format!("cannot tell where I am: {error}"))?;
                let above = binary.parent().and_then(Path::parent).map(Path::to_owned);
                above.filter(|folder| folder.join("conf").is_dir()).unwrap_or_else(|| PathBuf::from("."))
            }
        };
        let root = root
            .canonicalize()
            .map_err(|error| format!("the home folder {} cannot be used: {error}", root.display()))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `conf/NAME`
    pub fn conf(&self, name: &str) -> PathBuf {
        self.root.join("conf").join(name)
    }

    /// The folder of artifacts, or the single file that holds them all. `configured` is the setting
    /// `server.synapse_config_file_path`; its default means MI's own place, which may also be without `repository`.
    pub fn artifacts(&self, configured: &Path) -> PathBuf {
        let configs = self.root.join(configured);
        let configs = if configs.exists() { configs } else { self.root.join("deployment/server/synapse-configs") };
        if configs.is_file() { configs } else { configs.join("default") }
    }

    /// The folder of composite applications: `carbonapps`, beside the `synapse-configs` of the artifacts.
    pub fn applications(&self, artifacts: &Path) -> PathBuf {
        self.beside(artifacts, "carbonapps")
    }

    /// The folder of connector libraries: `synapse-libs`, beside the `synapse-configs` of the artifacts.
    pub fn libraries(&self, artifacts: &Path) -> PathBuf {
        self.beside(artifacts, "synapse-libs")
    }

    /// The folder of data services, in the same place.
    pub fn data_services(&self, artifacts: &Path) -> PathBuf {
        self.beside(artifacts, "dataservices")
    }

    fn beside(&self, artifacts: &Path, name: &str) -> PathBuf {
        match artifacts.parent().and_then(Path::parent) {
            Some(server) if artifacts.ends_with("synapse-configs/default") => server.join(name),
            _ => self.root.join("deployment/server").join(name),
        }
    }

    /// The folder of log files.
    pub fn logs(&self) -> PathBuf {
        match std::env::var_os("CARBON_LOGS") {
            Some(folder) => PathBuf::from(folder),
            None if self.root.join("repository").is_dir() => self.root.join("repository/logs"),
            None => self.root.join("logs"),
        }
    }

    /// The file that names the running process.
    pub fn pid_file(&self) -> PathBuf {
        self.root.join("wso2carbon.pid")
    }

    /// The registry's folder.
    pub fn registry(&self) -> PathBuf {
        self.root.join("registry")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_home_is_used_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::find(Some(folder.path())).expect("a home");
        let setting = Path::new("repository/deployment/server/synapse-configs");
        assert!(home.artifacts(setting).ends_with("deployment/server/synapse-configs/default"));
        assert!(!home.artifacts(setting).to_string_lossy().contains("repository"));
        std::fs::create_dir_all(folder.path().join(setting)).expect("a folder");
        assert!(home.artifacts(setting).ends_with("repository/deployment/server/synapse-configs/default"));
        assert!(home.logs().ends_with("repository/logs") || std::env::var_os("CARBON_LOGS").is_some());
        assert!(Home::find(Some(&folder.path().join("none"))).is_err());
    }
}
