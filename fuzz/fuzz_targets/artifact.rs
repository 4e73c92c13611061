//! Artifacts: whatever the file, an error with a place or a definition, never a panic.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use mi_deployer::{Kind, artifact, load};
use mi_mediation::definition::Element;
use mi_mediation::environment::{Environment, HttpSender, NoResources};
use mi_mediation::mediator::BoxFuture;
use mi_mediation::outgoing::{Answer, Outgoing, SendError};
use mi_mediation::{Definitions, MediationSettings};

struct NoClient;

impl HttpSender for NoClient {
    fn send(&self, _request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>> {
        Box::pin(std::future::pending())
    }
}

static ENVIRONMENT: LazyLock<Arc<Environment>> =
    LazyLock::new(|| Arc::new(Environment::new(Box::new(NoClient), Box::new(NoResources))));
static SETTINGS: LazyLock<Arc<MediationSettings>> = LazyLock::new(Arc::default);

fuzz_target!(|data: &[u8]| {
    let Ok(document) = load::parse(data, "fuzz.xml") else { return };
    let Some(root) = document.root_element() else { return };
    let Some(kind) = Kind::of_element(document.local_name(root)) else { return };
    let definitions = Definitions::new(&ENVIRONMENT, &SETTINGS);
    let element = Element::new(&document, root, "fuzz.xml");
    let _ = artifact::read(kind, element, &definitions, &|_| Err("nothing is loaded".to_owned()));
});
