//! The micro-integrator binary: command line, wiring, life cycle, signals, logging.
//!
//! Begin at [`run`] (the life of a server); [`cli`] is the command line, [`wiring`] turns settings into what the other
//! crates take, [`listeners`] connects the transport to mediation, [`logging`] writes the logs.

mod access_log;
mod cli;
mod cluster_status;
mod coordination;
mod correlation;
mod databases;
mod deployment;
mod home;
mod http_client;
mod inbound;
mod lint;
mod listeners;
mod logging;
mod management;
mod registry;
mod run;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

// Chosen by measurement: see docs/benchmarks.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().command() {
        cli::Command::Run(options) => run::run(&options),
        cli::Command::Lint(options) => lint::run(&options),
        cli::Command::Config(options) => run::print_configuration(&options),
        cli::Command::Cluster(cli::ClusterCommand::Status(options)) => cluster_status::print(&options),
        cli::Command::Version => {
            println!("{}", cli::VERSION_TEXT);
            ExitCode::SUCCESS
        }
    }
}
