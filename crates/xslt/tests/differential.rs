//! Each stylesheet of `tests/cases` and of the benchmark, run here and by `xsltproc` (package `xsltproc`), has to give
//! the same tree. Where libxslt and Java's processors differ, Java's is the law and the case stands in `ours.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mi_xml::{Document, NodeKind, ParseOptions};
use mi_xslt::{Limits, Method, Resolver, Stylesheet};

/// Documents beside the stylesheet.
struct Beside(PathBuf);

impl Resolver for Beside {
    fn resolve(&self, location: &str) -> Result<Arc<Document>, String> {
        let bytes = std::fs::read(self.0.join(location)).map_err(|error| error.to_string())?;
        Document::parse(&bytes, &ParseOptions::artifact()).map(Arc::new).map_err(|error| error.to_string())
    }
}

fn ours(stylesheet: &Path, message: &Path) -> Result<(Method, String), String> {
    let beside = Beside(stylesheet.parent().map(Path::to_path_buf).unwrap_or_default());
    let name = stylesheet.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let compiled = Stylesheet::compile(beside.resolve(name)?, &beside).map_err(|error| error.to_string())?;
    let message =
        Document::parse(&std::fs::read(message).map_err(|error| error.to_string())?, &ParseOptions::default());
    let message = message.map_err(|error| error.to_string())?;
    let parameters = [("given".to_owned(), "a value".to_owned())];
    let done = compiled.transform(&message, message.root(), &parameters, &beside, &Limits::default());
    done.map(|done| (done.method(), done.to_text())).map_err(|error| error.to_string())
}

fn theirs(stylesheet: &Path, message: &Path) -> String {
    let done = Command::new("xsltproc")
        .args(["--nonet", "--maxdepth", "100000", "--stringparam", "given", "a value"])
        .args([stylesheet, message])
        .output()
        .expect("xsltproc is needed for this test; its package has the same name");
    assert!(done.status.success(), "{}: {}", stylesheet.display(), String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// A tree as a list of what is in it: names by namespace, attributes in order of their names, text joined. Prefixes and
/// declarations do not count, nor does white space around the root.
fn canonical(text: &str) -> Result<Vec<String>, String> {
    let document =
        Document::parse(text.as_bytes(), &ParseOptions::default()).map_err(|error| format!("{error}: {text}"))?;
    let mut lines: Vec<String> = Vec::new();
    for id in document.descendants(document.root()) {
        let depth = document.ancestors(id).count();
        let value = document.text(id).unwrap_or("");
        match document.kind(id) {
            NodeKind::Element => {
                lines.push(format!("{depth} <{{{}}}{}", document.namespace(id), document.local_name(id)));
                let mut attributes: Vec<String> = document
                    .attributes(id)
                    .map(|one| format!("{depth} @{{{}}}{}={}", one.name.namespace, one.name.local, one.value))
                    .collect();
                attributes.sort();
                lines.append(&mut attributes);
            }
            NodeKind::Text if depth > 1 => match lines.last_mut() {
                Some(last) if last.starts_with(&format!("{depth} '")) => last.push_str(value),
                _ => lines.push(format!("{depth} '{value}")),
            },
            NodeKind::Comment => lines.push(format!("{depth} !{value}")),
            NodeKind::ProcessingInstruction => lines.push(format!("{depth} ?{} {value}", document.local_name(id))),
            _ => {}
        }
    }
    Ok(lines)
}

/// What differs; `None` if nothing does.
fn difference(stylesheet: &Path, message: &Path) -> Option<String> {
    let named = |what: String| Some(format!("{}: {what}", stylesheet.display()));
    let (method, ours) = match ours(stylesheet, message) {
        Ok(ours) => ours,
        Err(error) => return named(error),
    };
    let theirs = theirs(stylesheet, message);
    if method == Method::Xml {
        match (canonical(&ours), canonical(&theirs)) {
            (Ok(ours), Ok(theirs)) => {
                let at = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
                let at = at.or((ours.len() != theirs.len()).then_some(ours.len().min(theirs.len())))?;
                named(format!("line {at}: {:?} and not {:?}", ours.get(at), theirs.get(at)))
            }
            (ours, theirs) => named(format!("not XML: ours {:?}, theirs {:?}", ours.err(), theirs.err())),
        }
    } else {
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace("> <", "><");
        let (ours, theirs) = if method == Method::Html { (squeeze(&ours), squeeze(&theirs)) } else { (ours, theirs) };
        if ours == theirs { None } else { named(format!("{ours:?} and not {theirs:?}")) }
    }
}

fn stylesheets(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of cases");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xsl"))
        .collect();
    found.sort();
    found
}

#[test]
fn the_benchmark_s_stylesheets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/stylesheets");
    let all = stylesheets(&folder);
    assert_eq!(all.len(), 5);
    let found: Vec<_> = all.iter().filter_map(|one| difference(one, &folder.join("order.xml"))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let all = stylesheets(&folder);
    assert!(all.len() >= 20, "only {} cases", all.len());
    let found: Vec<_> = all.iter().filter_map(|one| difference(one, &folder.join("message.xml"))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
