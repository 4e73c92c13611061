//! Expressions over a message: XPath, JSONPath and Synapse expressions, compiled at deployment.
