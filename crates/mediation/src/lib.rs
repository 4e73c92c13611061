//! The message context, the mediators, sequences, services and endpoints.
