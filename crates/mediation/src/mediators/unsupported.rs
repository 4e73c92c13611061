//! Mediators of MI that do not run here: an artifact with one is refused by a message that says so and what to do,
//! instead of one that takes the name for a slip.

/// A mediator that MI has and this server does not.
#[derive(Debug, Clone, Copy)]
pub struct Unsupported {
    /// Its element.
    pub element: &'static str,
    /// What to use instead.
    pub instead: &'static str,
}

/// The mediators of the specification that are not in [`super::CATALOGUE`].
pub static UNSUPPORTED: &[Unsupported] = &[
    #[cfg(not(feature = "wasm"))]
    instead("wasm", "this build has no WebAssembly engine; `bin/dist.sh --wasm` makes one that has"),
    instead("sampler", "bound the rate with throttle, or store messages and let a sampling processor take them"),
    instead(
        "class",
        "it runs a Java class, and there is no JVM here; write it as a WebAssembly component for `wasm`, or in JavaScript for `script`",
    ),
    instead("bean", "it runs a Java bean, and there is no JVM here; use variable and property"),
    instead("ejb", "it calls a Java bean, and there is no JVM here; call a service instead"),
    instead("pojoCommand", "it runs a Java class, and there is no JVM here; call a service instead"),
    instead("annotatedCommand", "it runs a Java class, and there is no JVM here; call a service instead"),
    instead("spring", "it runs a Java bean, and there is no JVM here; call a service instead"),
    instead("NTLM", "put a proxy that signs in before the back end"),
    instead("oauthService", "let the gateway before this server check tokens"),
    instead("entitlementService", "let the gateway before this server check access"),
    instead("opa", "call the policy server with the call mediator"),
    instead("eventPublisher", "call the service that takes the events"),
    instead("smooks", "use payloadFactory"),
    instead("event", "it belongs to WSO2 EI, MI has none either"),
    instead("publishEvent", "it belongs to WSO2 EI, MI has none either"),
    instead("router", "it belongs to WSO2 EI, MI has none either; use switch or filter"),
    instead("bam", "it belongs to WSO2 EI, MI has none either"),
];

const fn instead(element: &'static str, instead: &'static str) -> Unsupported {
    Unsupported { element, instead }
}

/// The entry of an element name.
pub fn find(local: &str) -> Option<&'static Unsupported> {
    UNSUPPORTED.iter().find(|entry| entry.element == local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_not_called_unsupported() {
        for kind in super::super::CATALOGUE {
            assert!(find(kind.syntax.element).is_none(), "{}", kind.syntax.element);
        }
    }
}
