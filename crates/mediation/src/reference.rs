//! The reference pages of the mediators, printed from their syntax tables.

use std::fmt::Write as _;

use crate::definition::syntax::{AttributeSyntax, COMMON_ATTRIBUTES, ChildSyntax, Content, Occurs, Syntax};
use crate::mediators::CATALOGUE;
use crate::mediators::connector::native::NATIVE;
use crate::mediators::unsupported::UNSUPPORTED;

/// A page: the name of its file, and its text in Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// For example `log.md`.
    pub file: String,
    /// The text.
    pub text: String,
}

/// One page a mediator, and `README.md`, which lists them and has the attributes that all take.
pub fn reference_pages() -> Vec<Page> {
    let native = NATIVE.iter().map(|native| native.kind.syntax);
    let mut kinds: Vec<&Syntax> = CATALOGUE.iter().map(|kind| kind.syntax).chain(native).collect();
    kinds.sort_by_key(|syntax| syntax.element.to_lowercase());
    let mut index = String::from(
        "# Mediators\n\nGenerated from the tables that the server reads artifacts by.\n\n| mediator | what it does |\n\
         |---|---|\n",
    );
    for syntax in &kinds {
        let _ = writeln!(index, "| [{0}]({0}.md) | {1} |", syntax.element, cell(syntax.summary));
    }
    index.push_str("\nEvery mediator takes these attributes:\n\n");
    attributes(&mut index, COMMON_ATTRIBUTES);
    index.push_str("\nThese mediators of MI are not in this server; an artifact with one is refused by name:\n\n");
    for entry in UNSUPPORTED {
        let instead = if entry.instead.is_empty() { String::new() } else { format!(": {}", entry.instead) };
        let _ = writeln!(index, "- `{}`{instead}", entry.element);
    }
    let pages = kinds.iter().map(|syntax| Page { file: format!("{}.md", syntax.element), text: page(syntax) });
    std::iter::once(Page { file: "README.md".to_owned(), text: index }).chain(pages).collect()
}

fn page(syntax: &Syntax) -> String {
    let mut text = format!("# {}\n\n{}\n\n```xml\n{}\n```\n", syntax.element, syntax.summary, syntax.example);
    if !syntax.attributes.is_empty() {
        text.push_str("\n## Attributes\n\n");
        attributes(&mut text, syntax.attributes);
    }
    if !syntax.children.is_empty() {
        text.push_str("\n## Children\n\n");
        for child in syntax.children {
            children(&mut text, child, 0);
        }
    }
    text
}

fn attributes(text: &mut String, attributes: &[AttributeSyntax]) {
    text.push_str("| attribute | holds | default | meaning |\n|---|---|---|---|\n");
    for attribute in attributes {
        let default = match (attribute.required, attribute.default) {
            (true, _) => "required".to_owned(),
            (false, "") => "–".to_owned(),
            (false, default) => format!("`{default}`"),
        };
        let holds = attribute.kind.describe();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            attribute.name,
            cell(&holds),
            cell(&default),
            cell(attribute.doc)
        );
    }
}

fn children(text: &mut String, child: &ChildSyntax, depth: usize) {
    let indent = "  ".repeat(depth);
    let name = if child.element == "*" { "mediators".to_owned() } else { format!("`<{}>`", child.element) };
    let occurs = match child.occurs {
        Occurs::Optional => "at most once",
        Occurs::Once => "once",
        Occurs::Any => "any number",
        Occurs::AtLeastOnce => "at least once",
    };
    let _ = write!(text, "{indent}- {name} ({occurs}): {}", child.doc);
    match child.content {
        Content::Text => text.push_str(" Holds text."),
        Content::Mediators if child.element != "*" => text.push_str(" Holds mediators."),
        Content::Xml => text.push_str(" Holds any XML."),
        Content::Endpoint => text.push_str(" Holds an endpoint."),
        Content::Mediators | Content::Nothing | Content::Children(_) => {}
    }
    text.push('\n');
    for attribute in child.attributes {
        let holds = attribute.kind.describe();
        let required = if attribute.required { "; required" } else { "" };
        let _ = writeln!(text, "{indent}  - `{}` ({holds}{required}): {}", attribute.name, attribute.doc);
    }
    if let Content::Children(inner) = child.content {
        for child in inner {
            children(text, child, depth + 1);
        }
    }
}

/// Text that stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `UPDATE_REFERENCE=1 cargo test -p mi-mediation reference` writes the pages anew.
    #[test]
    fn the_pages_in_docs_are_those_of_the_tables() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/mediators");
        let pages = reference_pages();
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            for page in &pages {
                std::fs::write(folder.join(&page.file), &page.text).unwrap();
            }
        }
        for page in &pages {
            let found = std::fs::read_to_string(folder.join(&page.file)).unwrap_or_default();
            assert_eq!(found, page.text, "{} is stale: run this test with UPDATE_REFERENCE=1", page.file);
        }
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, pages.len(), "a page of a mediator that is no more");
    }
}
