//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Name and version as `version` prints them.
pub const VERSION_TEXT: &str = concat!("Micro Integrator (Rust) ", env!("CARGO_PKG_VERSION"));

/// The version of MI whose behaviour this server has, for clients that ask.
pub const MI_VERSION: &str = "4.4.0";

/// Runs the artifacts of WSO2 Micro Integrator and Apache Synapse: REST APIs, proxy services, sequences, endpoints.
///
/// Artifacts are read from deployment/server/synapse-configs/default below the home folder (or from
/// repository/deployment/server of a WSO2 home), settings from conf/deployment.toml. Both may change while the server
/// runs: artifacts are deployed again within a second.
#[derive(Debug, Parser)]
#[command(name = "micro-integrator", version, about, long_about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: RunOptions,
}

impl Cli {
    /// What to do; `run` when nothing is said.
    pub fn command(self) -> Command {
        self.command.unwrap_or(Command::Run(self.options))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server in the foreground until it is told to stop (SIGTERM or SIGINT).
    Run(RunOptions),
    /// Check artifacts without running them; ends with 1 when one is faulty.
    Lint(LintOptions),
    /// Print the configuration in effect, with defaults filled in and secrets masked.
    Config(RunOptions),
    /// Ask after the cluster.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Print the version.
    Version,
}

/// What to ask.
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Print members, leader, and which node runs which task, as the coordination database says.
    Status(RunOptions),
}

/// Where the server lives and what it is told.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// The home folder: holds conf, deployment (or repository), registry [default: the folder above the binary's]
    #[arg(long, value_name = "DIR", env = "CARBON_HOME")]
    pub home: Option<PathBuf>,
    /// Set a system property, for example -DportOffset=1; may be given more than once
    #[arg(short = 'D', value_name = "NAME=VALUE")]
    pub properties: Vec<String>,
    /// Words that MI's start script passes on; they have no effect
    #[arg(hide = true)]
    pub ignored: Vec<String>,
}

/// What to check.
#[derive(Debug, Clone, Args)]
pub struct LintOptions {
    /// Artifact files, or folders that are laid out like synapse-configs/default
    #[arg(required = true, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn run_is_what_is_meant_without_a_word() {
        let cli = Cli::parse_from(["micro-integrator", "-DportOffset=5", "-Da=b=c"]);
        let Command::Run(options) = cli.command() else { panic!("not run") };
        assert_eq!(options.properties, ["portOffset=5", "a=b=c"]);
    }
}
