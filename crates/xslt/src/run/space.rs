//! The source as XSLT sees it: without the white space that `xsl:strip-space` takes away, and with text and CDATA
//! sections side by side as one text.

use mi_xml::{Document, NodeId, NodeKind, XML_NAMESPACE, chars};

use crate::sheet::{Space, SpaceTest};

/// The document so prepared below `source`; `None` if nothing has to change.
pub(crate) fn prepare(spaces: &[Space], document: &Document, source: NodeId) -> Option<Document> {
    let is_text = |id: NodeId| document.kind(id) == NodeKind::Text;
    let strips_any = spaces.iter().any(|space| space.strip);
    let (mut dropped, mut split) = (Vec::new(), false);
    for id in document.descendants(source).filter(|id| is_text(*id)) {
        let next_is_text = document.next_sibling(id).is_some_and(is_text);
        split |= next_is_text;
        let alone = strips_any && !next_is_text && !document.previous_sibling(id).is_some_and(is_text);
        if alone
            && document.text(id).is_some_and(chars::is_blank)
            && document.parent(id).is_some_and(|parent| strips(spaces, document, parent))
        {
            dropped.push(id);
        }
    }
    if dropped.is_empty() && !split {
        return None;
    }
    let mut prepared = document.clone();
    dropped.into_iter().for_each(|id| prepared.detach(id));
    if split {
        join_texts(&mut prepared, source);
    }
    Some(prepared)
}

fn join_texts(document: &mut Document, source: NodeId) {
    let texts: Vec<NodeId> = document.descendants(source).filter(|id| document.kind(*id) == NodeKind::Text).collect();
    for id in texts {
        let before = document.previous_sibling(id).filter(|before| document.kind(*before) == NodeKind::Text);
        if let Some(before) = before {
            let joined = format!("{}{}", document.text(before).unwrap_or(""), document.text(id).unwrap_or(""));
            document.set_text(before, &joined);
            document.detach(id);
        }
    }
}

fn strips(spaces: &[Space], document: &Document, element: NodeId) -> bool {
    if !document.is_element(element) {
        return false;
    }
    let wins = spaces.iter().find(|space| match &space.test {
        SpaceTest::Any => true,
        SpaceTest::Namespace(namespace) => document.namespace(element) == &**namespace,
        SpaceTest::Name(name) => document.is_named(element, &name.namespace, &name.local),
    });
    if !wins.is_some_and(|space| space.strip) {
        return false;
    }
    let declared = std::iter::once(element)
        .chain(document.ancestors(element))
        .find_map(|id| document.attribute(id, XML_NAMESPACE, "space"));
    declared != Some("preserve")
}
