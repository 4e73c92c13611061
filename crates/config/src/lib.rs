//! deployment.toml as typed settings.
