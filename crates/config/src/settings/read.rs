//! Reading checked entries as the types of the settings.

use std::time::Duration;

use crate::raw::{Raw, Scalar};

/// Reads entries whose types have been checked against the key table, so that a conversion cannot fail; a key without
/// value and default is `None`, or the type's empty value where the caller asks for a plain one.
pub(super) struct Reader<'a> {
    pub(super) raw: &'a Raw,
}

impl<'a> Reader<'a> {
    pub(super) fn new(raw: &'a Raw) -> Self {
        Self { raw }
    }

    pub(super) fn maybe_text(&self, key: &str) -> Option<String> {
        self.raw.text(key).filter(|text| !text.is_empty())
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.raw.text(key).unwrap_or_default()
    }

    pub(super) fn maybe_flag(&self, key: &str) -> Option<bool> {
        self.raw.text(key).map(|text| text.trim().eq_ignore_ascii_case("true"))
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.maybe_flag(key).unwrap_or_default()
    }

    pub(super) fn maybe_number<N: std::str::FromStr>(&self, key: &str) -> Option<N> {
        self.raw.text(key).and_then(|text| text.trim().parse().ok())
    }

    pub(super) fn number<N: std::str::FromStr + Default>(&self, key: &str) -> N {
        self.maybe_number(key).unwrap_or_default()
    }

    pub(super) fn maybe_millis(&self, key: &str) -> Option<Duration> {
        self.maybe_number(key).map(Duration::from_millis)
    }

    pub(super) fn millis(&self, key: &str) -> Duration {
        self.maybe_millis(key).unwrap_or_default()
    }

    pub(super) fn seconds(&self, key: &str) -> Duration {
        Duration::from_secs(self.number(key))
    }

    /// A list written as an array or as one text with commas; blanks around the items and empty items are dropped.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        let items: Vec<String> = match self.raw.get(key).map(|entry| &entry.value) {
            Some(Scalar::List(items)) => items.iter().map(Scalar::text).collect(),
            Some(other) => other.text().split(',').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }
}
