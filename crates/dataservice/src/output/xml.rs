//! Answers in XML.

use std::borrow::Cow;

use mi_mediation::data_service::XSI;
use mi_payload::XmlFragment;
use mi_xml::TreeBuilder;

pub(crate) struct XmlWriter(TreeBuilder);

impl Default for XmlWriter {
    fn default() -> Self {
        Self(TreeBuilder::new())
    }
}

impl XmlWriter {
    pub(super) fn begin(&mut self, namespace: &str, name: &str) {
        self.0.start_element("", namespace, name);
    }

    pub(super) fn end(&mut self) {
        self.0.end_element();
    }

    pub(super) fn attribute(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.attribute("", "", name, &allowed(value));
        }
    }

    pub(super) fn element(&mut self, namespace: &str, name: &str, value: Option<&str>) {
        self.begin(namespace, name);
        match value {
            Some(text) => self.0.text(&allowed(text)),
            None => {
                self.0.attribute("xsi", XSI, "nil", "true");
            }
        }
        self.end();
    }

    pub(super) fn finish(self) -> Option<XmlFragment> {
        let document = self.0.finish();
        let root = document.root_element()?;
        Some(XmlFragment::new(document, root))
    }
}

/// A text without what XML cannot hold: no client could read the answer.
fn allowed(text: &str) -> Cow<'_, str> {
    if text.chars().all(mi_xml::chars::is_char) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if mi_xml::chars::is_char(c) { c } else { '?' }).collect())
}
