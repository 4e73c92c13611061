//! Constructors: new trees, copies of what goes into them.

use mi_xml::chars::is_ncname;
use mi_xml::xpath::{NodePart, NodeRef};
use mi_xml::{NodeKind, TreeBuilder};

use super::{Evaluated, Focus, Item, Items, Machine, Scope, atomized, single};
use crate::ast::{ElementConstructor, Expr, Name, Part};
use crate::{Atomic, RunError};

impl<'a> Machine<'a> {
    pub(super) fn construct(&self, expr: &'a Expr, focus: &Focus<'a>, scope: &mut Scope<'a>) -> Evaluated<'a> {
        let mut builder = TreeBuilder::new();
        match expr {
            Expr::Document(content) => {
                let items = self.eval(content, focus, scope)?;
                fill(&mut builder, items)?;
                return Ok(vec![Item::Node(self.keep(builder.finish()))]);
            }
            Expr::Text(content) => {
                let items = self.eval(content, focus, scope)?;
                if items.is_empty() {
                    return Ok(Vec::new());
                }
                builder.separate_text(&joined(&items), false);
            }
            Expr::Comment(content) => {
                let text = joined(&self.eval(content, focus, scope)?);
                if text.contains("--") || text.ends_with('-') {
                    return Err(RunError("a comment cannot hold --".to_owned()));
                }
                builder.comment(&text);
            }
            Expr::ComputedAttribute { name, fixed, content } => {
                let name = self.name(name, fixed.as_ref(), focus, scope)?;
                let value = joined(&self.eval(content, focus, scope)?);
                // An attribute needs an element to live on.
                builder.start_element("", "", "attribute");
                builder.attribute(&name.prefix, &name.namespace, &name.local, &value);
                let holder = self.keep(builder.finish());
                let element = holder.document.first_child_element(holder.node).unwrap_or(holder.node);
                let attribute = holder.document.attributes(element).next();
                let attribute = attribute.map(|one| NodeRef::attribute(holder.document, element, one.id));
                return Ok(attribute.map(Item::Node).into_iter().collect());
            }
            _ => self.build(expr, &mut builder, focus, scope)?,
        }
        let root = self.keep(builder.finish());
        Ok(root
            .document
            .first_child(root.node)
            .map(|node| Item::Node(NodeRef::new(root.document, node)))
            .into_iter()
            .collect())
    }

    /// Builds an element in place.
    fn build(
        &self,
        expr: &'a Expr,
        builder: &mut TreeBuilder,
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<(), RunError> {
        match expr {
            Expr::Element(element) => self.element(element, builder, focus, scope),
            Expr::ComputedElement { name, fixed, content } => {
                let name = self.name(name, fixed.as_ref(), focus, scope)?;
                builder.start_element(&name.prefix, &name.namespace, &name.local);
                let items = self.eval(content, focus, scope)?;
                fill(builder, items)?;
                builder.end_element();
                Ok(())
            }
            other => {
                let items = self.eval(other, focus, scope)?;
                fill(builder, items)
            }
        }
    }

    fn element(
        &self,
        element: &'a ElementConstructor,
        builder: &mut TreeBuilder,
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<(), RunError> {
        let name = &element.name;
        builder.start_element(&name.prefix, &name.namespace, &name.local);
        for (prefix, uri) in &element.namespaces {
            builder.namespace(prefix, uri);
        }
        for (name, parts) in &element.attributes {
            let mut value = String::new();
            for part in parts {
                match part {
                    Part::Text(text) => value.push_str(text),
                    Part::Enclosed(expr) => value.push_str(&joined(&self.eval(expr, focus, scope)?)),
                    Part::Comment(_) | Part::Instruction(..) => {}
                }
            }
            builder.attribute(&name.prefix, &name.namespace, &name.local, &value);
        }
        for part in &element.content {
            match part {
                Part::Text(text) => builder.text(text),
                Part::Comment(text) => builder.comment(text),
                Part::Instruction(target, data) => builder.instruction(target, data),
                Part::Enclosed(expr) => self.build(expr, builder, focus, scope)?,
            }
        }
        builder.end_element();
        Ok(())
    }

    fn name(
        &self,
        expr: &'a Expr,
        fixed: Option<&Name>,
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<Name, RunError> {
        if let Some(name) = fixed {
            return Ok(name.clone());
        }
        let text = single(&self.eval(expr, focus, scope)?, "a name")?.map(|value| value.to_text()).unwrap_or_default();
        if is_ncname(&text) {
            return Ok(Name { local: text, ..Name::default() });
        }
        Err(RunError(format!("'{text}' is not a name without prefix, as a computed name has to be")))
    }
}

/// Adds the content of a constructor: copies of nodes, and values with blanks between them.
fn fill(builder: &mut TreeBuilder, items: Items<'_>) -> Result<(), RunError> {
    let mut after_value = false;
    for item in items {
        match item {
            Item::Atomic(value) => {
                if after_value {
                    builder.text(" ");
                }
                builder.text(&value.to_text());
                after_value = true;
            }
            Item::Node(node) => {
                after_value = false;
                if matches!(node.part, NodePart::Attribute(_)) && !builder.takes_attributes() {
                    return Err(RunError("an attribute has to come before other content of its element".to_owned()));
                }
                match node.kind() {
                    // A text joins what stands before it.
                    Some(NodeKind::Text) => builder.text(&node.string_value()),
                    _ => builder.copy(node),
                }
            }
        }
    }
    Ok(())
}

/// The values with blanks between them.
fn joined(items: &[Item<'_>]) -> String {
    let texts: Vec<String> = items.iter().map(|item| atomized(item)).map(|value: Atomic| value.to_text()).collect();
    texts.join(" ")
}
