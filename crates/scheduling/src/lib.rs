//! Triggers and the task runner.
