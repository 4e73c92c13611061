//! Documents that a transformation or query makes or loads. They live as long as it runs, so that values can refer to
//! them.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use crate::document::Document;

/// Owns the documents: a list that grows at its end while what it holds is borrowed.
#[derive(Default)]
pub struct Trees {
    first: OnceCell<Box<Link>>,
}

struct Link {
    document: Arc<Document>,
    next: OnceCell<Box<Link>>,
}

/// Adds documents to [`Trees`].
pub struct Grower<'a> {
    end: Cell<&'a OnceCell<Box<Link>>>,
}

impl Trees {
    /// Something to add documents with. There should be one for all of a run: each begins where nothing has been added.
    pub fn grower(&self) -> Grower<'_> {
        Grower { end: Cell::new(&self.first) }
    }
}

impl<'a> Grower<'a> {
    /// Keeps a document and lends it for as long as the list lives.
    pub fn keep(&self, document: Arc<Document>) -> &'a Document {
        let link = self.end.get().get_or_init(|| Box::new(Link { document, next: OnceCell::new() }));
        self.end.set(&link.next);
        &link.document
    }
}

impl Drop for Trees {
    /// Link by link, because dropping a long list in one go would need as many stack frames.
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut link) = next {
            next = link.next.take();
        }
    }
}
