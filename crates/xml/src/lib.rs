//! The XML tree, its reader and writer, and XPath 1.0.
