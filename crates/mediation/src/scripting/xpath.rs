//! XPath on the XML that a script has (`mc.getXpathResult(…)`).

use mi_script::Value;
use mi_xml::Document;
use mi_xml::xpath::{NoEnvironment, NodePart, NodeRef, Value as XPathValue, XPath};

use super::host::{Answer, MessageHost};

impl MessageHost {
    /// The value of an expression at a node: text, a number, a Boolean, or the numbers of nodes behind the letter `n`.
    /// `namespaces` is a JSON list of pairs.
    pub(super) fn xpath(&mut self, number: Option<&Value>, expression: &str, namespaces: &str) -> Answer {
        let namespaces: Vec<(String, String)> = serde_json::from_str(namespaces).map_err(|error| error.to_string())?;
        let compiled = XPath::compile(expression, &namespaces)
            .map_err(|error| format!("Invalid XPath expression {expression}: {error}"))?;
        let (tree, node) = self.nodes.find(number)?;
        let mut found = Vec::new();
        {
            let document = self.document(tree)?;
            let result = compiled.evaluate(NodeRef::new(document, node), &NoEnvironment);
            match result.map_err(|error| format!("{expression}: {error}"))? {
                XPathValue::NodeSet(nodes) => {
                    for node in nodes.iter() {
                        found.push(match node.part {
                            NodePart::Whole => Found::Node(node.node),
                            _ => Found::Text(node.string_value().into_owned()),
                        });
                    }
                }
                XPathValue::Boolean(value) => return Ok(value.into()),
                XPathValue::Number(number) => return Ok(Value::Number(number)),
                other => return Ok(format!("s{}", other.into_string()).into()),
            }
        }
        let numbers: Vec<String> = found
            .into_iter()
            .map(|found| match found {
                Found::Node(node) => self.nodes.add(tree, node),
                Found::Text(text) => {
                    let mut document = Document::new();
                    let node = document.create_text(&text);
                    self.nodes.add_document(document, node)
                }
            })
            .map(|number| number.to_string())
            .collect();
        Ok(format!("n{}", numbers.join(",")).into())
    }
}

enum Found {
    Node(mi_xml::NodeId),
    /// An attribute or namespace, which scripts get as text.
    Text(String),
}
