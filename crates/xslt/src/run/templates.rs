//! Choosing and calling templates.

use mi_xml::NodeKind;
use mi_xml::xpath::{Focus, NodePart, NodeRef};

use super::Machine;
use super::frame::{Frame, Params};
use super::sink::Sink;
use crate::error::Failure;
use crate::sheet::Template;

/// A call that is the last thing of its template and takes its place.
pub(super) struct Tail<'a> {
    pub(super) template: &'a Template,
    pub(super) params: Params<'a>,
}

impl<'a> Machine<'a> {
    /// Applies the best rule of the mode to a node, or what is built in.
    pub(super) fn apply(
        &self,
        focus: Focus<'a>,
        mode: usize,
        params: &Params<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        match self.rule_for(focus.node, mode, None, frame)? {
            Some(template) => self.call(template, params.clone(), Some((mode, template)), focus, frame, out),
            None => self.built_in(focus.node, mode, frame, out),
        }
    }

    /// Applies the best rule among those that the current rule's module imports.
    pub(super) fn apply_imports(
        &self,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let Some((mode, current)) = frame.rule else {
            return Err(crate::TransformError::failed("xsl:apply-imports has no template rule to override here"));
        };
        match self.rule_for(focus.node, mode, Some(current), frame)? {
            Some(template) => self.call(template, Params::new(), Some((mode, template)), focus, frame, out),
            None => self.built_in(focus.node, mode, frame, out),
        }
    }

    fn rule_for(
        &self,
        node: NodeRef<'a>,
        mode: usize,
        below: Option<&'a Template>,
        frame: &Frame<'a>,
    ) -> Result<Option<&'a Template>, Failure> {
        let Some(mode) = self.sheet.modes.get(mode) else { return Ok(None) };
        let local = node.is_element().then(|| node.document.local_name(node.node));
        let scope = self.scope(frame, Focus::alone(node));
        for rule in mode.candidates(local) {
            let imported = |by: &Template| rule.precedence < by.precedence && rule.precedence >= by.lowest;
            if below.is_some_and(|by| !imported(by)) {
                continue;
            }
            if let Some(path) = rule.path()
                && path.matches(node, &scope)?
            {
                return Ok(self.sheet.templates.get(rule.template));
            }
        }
        Ok(None)
    }

    /// Runs a template, and whatever it ends in.
    pub(super) fn call(
        &self,
        template: &'a Template,
        params: Params<'a>,
        rule: Option<(usize, &'a Template)>,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let saved = frame.enter(params, rule);
        let mut template = template;
        while let Some(tail) = self.run(&template.body, focus, frame, out)? {
            template = tail.template;
            frame.params = tail.params;
        }
        frame.leave(saved);
        Ok(())
    }

    /// The built-in rules of XSLT 1.0 §5.8.
    fn built_in(
        &self,
        node: NodeRef<'a>,
        mode: usize,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let kind = node.kind();
        match (node.part, kind) {
            (NodePart::Whole, Some(NodeKind::Document | NodeKind::Element)) => {
                let (document, none) = (node.document, Params::new());
                let size = document.children(node.node).count();
                self.deeper()?;
                for (position, child) in (1..).zip(document.children(node.node)) {
                    self.step()?;
                    let focus = Focus { node: NodeRef::new(document, child), position, size };
                    self.apply(focus, mode, &none, frame, out)?;
                }
                self.shallower();
            }
            (NodePart::Attribute(_), _) | (_, Some(NodeKind::Text)) => out.text(&node.string_value(), false),
            _ => {}
        }
        Ok(())
    }
}
